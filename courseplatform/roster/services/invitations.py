"""Inviting people whose account the course made. The row is the truth; the mail is sent after the commit, by a task."""

import hashlib
import secrets
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.core.mail import EmailMultiAlternatives, get_connection
from django.db import transaction
from django.db.models import F, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

from courseplatform.accounts.models import User
from courseplatform.core.addresses import absolute
from courseplatform.core.errors import Conflict, TooMany
from courseplatform.core.mails import letter
from courseplatform.core.states import move
from courseplatform.courses.access import Visit
from courseplatform.courses.models import Enrolment
from courseplatform.roster.models import GOOD_FOR, INVITATION_MOVES, Invitation, InvitationMove
from courseplatform.roster.services.locks import course_lock

log = structlog.get_logger(__name__)
PAUSE = timedelta(minutes=10)  # between two mails to one person
LOST_AFTER = timedelta(minutes=2)  # a mail not sent by then lost its wake-up
MAILS_A_TASK = 50
Status = Invitation.Status


def needs_invitation(person: User) -> bool:
    """Whether the account has no way in yet. Everybody else is only told."""
    return person.is_active and not person.is_demo and person.last_login is None and not person.has_usable_password()


def token_of(invitation: Invitation) -> str:
    """The secret of the link. Made anew from the salt and the site's key whenever the mail is written, and stored nowhere."""
    return salted_hmac("roster.invitation", invitation.salt, algorithm="sha256").hexdigest()


def hash_of(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _fresh(enrolment: Enrolment, *, by: str, now: datetime) -> Invitation:
    row = Invitation(
        enrolment=enrolment, invited_by=by[:120], salt=secrets.token_urlsafe(32), renewed_at=now,
        expires_at=now + GOOD_FOR,
    )  # fmt: skip
    row.token_hash = hash_of(token_of(row))
    return row


def invitations_create(*, enrolments: Iterable[Enrolment], by: str, now: datetime | None = None) -> list[Invitation]:
    """Invite those who need it and have no open invitation, in the transaction of the caller. The others are left alone."""
    now = now or timezone.now()
    wanted = {found.pk: found for found in enrolments if found.is_active and needs_invitation(found.person)}
    courses = {found.course_id for found in wanted.values()}
    pending = Invitation.objects.filter(enrolment__course__in=courses, status=Status.PENDING)
    for past in pending.filter(expires_at__lte=now):
        _move(past, Status.EXPIRED, by=by)
    invited = set(pending.values_list("enrolment_id", flat=True))
    rows = [_fresh(found, by=by, now=now) for pk, found in wanted.items() if pk not in invited]
    made = Invitation.objects.bulk_create(rows)
    _wake([row.pk for row in made])
    return made


@transaction.atomic
def invitations_send_missing(*, visit: Visit) -> int:
    """Invite everybody of the course who has no way in and no open invitation. Returns how many."""
    course_lock(visit.course)
    everybody = Enrolment.objects.filter(course=visit.course, is_active=True).select_related("person")
    return len(invitations_create(enrolments=everybody, by=visit.by))


def _wake(ids: list[int]) -> None:
    from courseplatform.roster.tasks import mail_invitations

    def send() -> None:
        try:
            for start in range(0, len(ids), MAILS_A_TASK):
                mail_invitations.apply_async((ids[start : start + MAILS_A_TASK],), retry=False)
        except (OperationalError, RedisError, OSError) as error:
            log.warning("invitations_not_queued", why=str(error), hint="the sweep sends them")

    if ids:
        transaction.on_commit(send)


@transaction.atomic
def invitation_renew(*, visit: Visit, enrolment: Enrolment, now: datetime | None = None) -> Invitation:
    """Send a new link; an earlier one is void.

    Raises:
        Conflict: `no_invitation_needed`, the person has signed in, has a password or has left.
        TooMany: `invitation_just_sent`, within PAUSE of the last mail to this person.
    """
    now = now or timezone.now()
    course_lock(visit.course)
    enrolment = Enrolment.objects.select_related("person").get(pk=enrolment.pk)
    if not enrolment.is_active or not needs_invitation(enrolment.person):
        raise Conflict(
            f"{enrolment.person.name} needs no invitation: the account has a password, or left the course.",
            code="no_invitation_needed",
        )
    last = enrolment.invitations.order_by("-renewed_at").first()
    if last and now - last.renewed_at < PAUSE:
        raise TooMany(
            f"The last mail to {enrolment.person.name} is less than 10 minutes old. Wait a little, and look whether it came as unwanted mail.",
            code="invitation_just_sent",
        )
    if last and last.is_open(now):
        new = _fresh(enrolment, by=visit.by, now=now)
        for name in ("salt", "token_hash", "invited_by", "renewed_at", "expires_at"):
            setattr(last, name, getattr(new, name))
        last.mailed_at = None
        last.save()
    else:
        if last and last.status == Status.PENDING:
            _move(last, Status.EXPIRED, by=visit.by)
        last = _fresh(enrolment, by=visit.by, now=now)
        last.save()
    _wake([last.pk])
    return last


def _move(invitation: Invitation, to: str, *, by: str, why: str = "", **changes: Any) -> None:
    move(invitation, moves=INVITATION_MOVES, to=to, by=by, why=why, history=InvitationMove, **changes)


def invitations_withdraw_for(*, enrolment: Enrolment, by: str, why: str) -> None:
    for invitation in enrolment.invitations.filter(status=Status.PENDING):
        _move(invitation, Status.WITHDRAWN, by=by, why=why)


@transaction.atomic
def invitation_accept(*, invitation: Invitation, form: Any, now: datetime | None = None) -> User:
    """Use the link: the form's password becomes the account's. Works once.

    Raises:
        Conflict: `invitation_used`, when it was accepted, withdrawn, renewed or expired in the meantime.
    """
    now = now or timezone.now()
    fresh = Invitation.objects.select_for_update(of=("self",)).select_related("enrolment__person").get(pk=invitation.pk)
    person = fresh.enrolment.person
    if fresh.token_hash != invitation.token_hash or not fresh.is_open(now) or not needs_invitation(person):
        raise Conflict("This link was used or replaced in the meantime.", code="invitation_used")
    _move(fresh, Status.ACCEPTED, by=person.email, accepted_at=now)
    form.save()
    person.refresh_from_db()
    return person


def invitations_end_for(*, person: User, now: datetime | None = None) -> None:
    """Whoever signs in by any way needs no link any more."""
    for invitation in Invitation.objects.filter(enrolment__person=person, status=Status.PENDING):
        _move(invitation, Status.ACCEPTED, by=person.email, why="signed in", accepted_at=now or timezone.now())


def invitations_mail(ids: Iterable[int]) -> int:
    """Send the mails that are not sent yet. Running twice sends none twice: each row is claimed before its mail leaves.

    Returns how many left. What the mail server refuses stays unsent, for the sweep.
    """
    sent = 0
    rows = Invitation.objects.filter(pk__in=list(ids), status=Status.PENDING, mailed_at=None)
    with get_connection() as connection:
        for invitation in rows.select_related("enrolment__person", "enrolment__course"):
            sent += _mail_one(invitation, connection)
    return sent


def _mail_one(invitation: Invitation, connection: Any) -> bool:
    now = timezone.now()
    claimed = Invitation.objects.filter(pk=invitation.pk, token_hash=invitation.token_hash, mailed_at=None)
    if now >= invitation.expires_at or claimed.update(mailed_at=now) != 1:
        return False
    try:
        _letter(invitation, connection).send()
    except OSError as error:  # smtplib's errors are OSErrors
        Invitation.objects.filter(pk=invitation.pk, mailed_at=now).update(mailed_at=None)
        log.warning("invitation_not_mailed", invitation=invitation.pk, why=type(error).__name__)
        return False
    return True


def _letter(invitation: Invitation, connection: Any) -> EmailMultiAlternatives:
    enrolment = invitation.enrolment
    course = enrolment.course
    path = reverse("roster:invitation", kwargs={"course": course.slug, "token": token_of(invitation)})
    context = {
        "person": enrolment.person,
        "course": course,
        "role": enrolment.get_role_display(),
        "link": absolute(path),
        "until": f"{invitation.expires_at.astimezone(course.tz):%A, %B %-d, %H:%M %Z}",
    }
    subject = gettext("%(course)s: your account") % {"course": course.number or course.title}
    return letter("roster/email/invitation", context, subject=subject, to=enrolment.person.email, connection=connection)


def invitations_sweep(*, now: datetime | None = None) -> dict[str, int]:
    """Let links expire that are past their time, and send mails whose wake-up was lost."""
    now = now or timezone.now()
    past = list(Invitation.objects.filter(status=Status.PENDING, expires_at__lte=now)[:500])
    for invitation in past:
        _move(invitation, Status.EXPIRED, by="sweep")
    lost = Invitation.objects.filter(Q(status=Status.PENDING, mailed_at=None) & Q(renewed_at__lt=now - LOST_AFTER))
    ids = list(lost.order_by(F("renewed_at")).values_list("pk", flat=True)[:MAILS_A_TASK])
    return {"expired": len(past), "mailed": invitations_mail(ids) if ids else 0}
