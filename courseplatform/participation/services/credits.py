"""Giving a credit and taking it back. The phone in class, the person's page and the imports end here."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from uuid import UUID

from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone

from courseplatform.accounts.models import User
from courseplatform.core.errors import BadInput, NotHere
from courseplatform.core.markdown import escaped
from courseplatform.courses.access import Visit
from courseplatform.courses.models import Course, Enrolment, Role, Session
from courseplatform.notices.services.notifications import notification_send
from courseplatform.participation.models import REASON_MOST, Attendance, Credit
from courseplatform.participation.selectors.standings import course_scheme
from courseplatform.participation.text import clean

OLDEST_ENTRY = timedelta(days=14)  # how long a phone may have been without a network
SLIP = timedelta(minutes=15)  # taken back by the same person so soon, it was a slip of the finger, and nobody is told
KIND = "participation"


def credit_record(
    *, visit: Visit, person: User, kind: str, client_key: UUID, session: Session | None = None, channel: str = "", reason: str = "",
    age: timedelta = timedelta(0), now: datetime | None = None,
) -> tuple[Credit, bool]:  # fmt: skip
    """Record one credit. The same `client_key` again changes nothing, however often and from wherever it is sent.

    Args:
        channel: empty means as the person takes part in the session: in the room or on Zoom.
        age: how long ago it happened by the clock of the phone that kept it; at most 14 days count.

    Returns:
        (credit, created).

    Raises:
        NotHere: the person is no student of this course, or the session is another course's.
        BadInput: `unknown_kind`, `unknown_channel`, `no_reason`, `key_taken`.
    """
    now = now or timezone.now()
    # What was recorded stays recorded, also for somebody who has left since.
    if known := _known(visit.course, client_key):
        return known, False
    _check(visit.course, person, kind, session, channel)
    at = now - min(max(age, timedelta(0)), OLDEST_ENTRY)
    credit = Credit(
        course=visit.course, person=person, kind=kind, session=session, channel=channel or _channel(session, person),
        reason=clean(reason, REASON_MOST), given_by=visit.person.name or visit.by, at=at, client_key=client_key,
    )  # fmt: skip
    if _insert(credit):
        return credit, True
    if known := _known(visit.course, client_key):
        return known, False  # the other request was faster
    raise BadInput("This entry carries the key of another one. Reload the page, and enter it again.", code="key_taken")


def _insert(credit: Credit) -> bool:
    """Two requests at once: the constraints let one in."""
    try:
        with transaction.atomic():
            credit.save(force_insert=True)
    except IntegrityError:
        return False
    return True


def _known(course: Course, client_key: UUID) -> Credit | None:
    return (
        Credit.objects.filter(course=course, client_key=client_key)
        .select_related("person", "session", "course")
        .first()
    )


def _check(course: Course, person: User, kind: str, session: Session | None, channel: str) -> None:
    if session is not None and session.course_id != course.pk:
        raise NotHere("There is no such session in this course.")
    if not Enrolment.objects.filter(course=course, person=person, role=Role.STUDENT, is_active=True).exists():
        raise NotHere(
            f"{person.name} is no student of this course any more; nothing was recorded.", code="not_a_student"
        )
    scheme = course_scheme(course)
    if kind not in (scheme.kinds if scheme else Credit.Kind.values):
        raise BadInput(
            "This course gives no credit of that kind. Choose one that the page offers.", code="unknown_kind"
        )
    if channel and channel not in Credit.Channel.values:
        raise BadInput("Choose where it was contributed from the list.", code="unknown_channel")


def _channel(session: Session | None, person: User) -> str:
    is_virtual = session is not None and session.attendance.filter(person=person, mode=Attendance.Mode.VIRTUAL).exists()
    return Credit.Channel.ZOOM if is_virtual else Credit.Channel.CLASS


@transaction.atomic
def credit_give(
    *, visit: Visit, person: User, kind: str, client_key: UUID, session: Session | None, channel: str, reason: str
) -> tuple[Credit, bool]:
    """A credit with its reason, entered from the person's page; the person is told. Raises what `credit_record` raises."""
    if not clean(reason, REASON_MOST):
        raise BadInput("Say in a few words what it was for; the student reads it.", code="no_reason")
    credit, created = credit_record(
        visit=visit, person=person, kind=kind, client_key=client_key, session=session, channel=channel or Credit.Channel.OTHER, reason=reason
    )  # fmt: skip
    if created:
        title = f"Participation noted: {credit.get_kind_display()}"
        tell(visit.course, [person], key=f"credit-{credit.client_key}", title=title, text=credit.reason)
    return credit, created


@transaction.atomic
def credit_withdraw(*, visit: Visit, credit: Credit, why: str, now: datetime | None = None) -> bool:
    """Take a credit back. It stays on the person's page with `why`. Returns False when it was taken back before.

    Raises BadInput (`no_reason`).
    """
    now, why = now or timezone.now(), clean(why, REASON_MOST)
    if not why:
        raise BadInput("Say in a few words why it is taken back; the student reads it.", code="no_reason")
    by = visit.person.name or visit.by
    changes = {"withdrawn_at": now, "withdrawn_by": by, "withdrawn_why": why}
    if not Credit.objects.filter(pk=credit.pk, course=visit.course, withdrawn_at=None).update(**changes):
        credit.refresh_from_db()
        return False
    for name, value in changes.items():
        setattr(credit, name, value)
    is_slip = credit.given_by == by and now - credit.recorded_at < SLIP
    if not is_slip:
        title = f"A participation credit was taken back: {credit.get_kind_display()}"
        tell(visit.course, [credit.person], key=f"credit-{credit.client_key}-back", title=title, text=why)
    return True


def credit_describe(*, visit: Visit, credit: Credit, reason: str) -> Credit:
    """Say afterwards what a credit of the room was for."""
    credit.reason = clean(reason, REASON_MOST)
    Credit.objects.filter(pk=credit.pk, course=visit.course).update(reason=credit.reason)
    return credit


def credit_grant(
    *, course: Course, person: User, kind: str, source_key: str, reason: str, given_by: str, now: datetime | None = None
) -> bool:
    """A credit that follows from an event of another app (a survey that was completed). Once for a `source_key` and a person.

    Where answers are anonymous, grant all of them together when the survey closes: the time of a credit would tell who answered when.

    Returns False when it was granted before, or when the course's scheme gives nothing for it.
    """
    scheme = course_scheme(course)
    if scheme is None or kind not in scheme.kinds:
        return False
    credit = Credit(
        course=course, person=person, kind=kind, channel=Credit.Channel.OTHER, reason=clean(reason, REASON_MOST), given_by=given_by,
        at=now or timezone.now(), source_key=f"{source_key}:{person.pk}",
    )  # fmt: skip
    return _insert(credit)


def tell(course: Course, people: Iterable[User], *, key: str, title: str, text: str) -> None:
    path = reverse("participation:mine", args=[course.slug])
    notification_send(
        course=course, people=people, kind=KIND, key=f"participation-{key}", title=title, text=escaped(text), path=path
    )
