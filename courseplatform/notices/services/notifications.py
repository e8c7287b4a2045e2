"""Telling people something, once each."""

from collections.abc import Iterable, Sequence
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import Count
from django.utils import timezone

from courseplatform.accounts.models import User
from courseplatform.core.clock import shared_now
from courseplatform.core.errors import NotHere
from courseplatform.courses.models import STAFF, Course, Enrolment
from courseplatform.notices.kinds import KINDS, MailChoice
from courseplatform.notices.models.notifications import MailPreference, Notification
from courseplatform.notices.wake import wake

DIGEST_AT = time(7)
BATCH = 500
MOST_AN_HOUR = (
    12  # mails of a kind to one person; the others wait for the daily mail, so that nobody can fill another's box
)


def notification_send(
    *,
    course: Course | None,
    people: Iterable[User],
    kind: str,
    key: str,
    title: str,
    text: str = "",
    path: str = "",
    by_mail: bool = True,
) -> None:
    """Tell each of `people`, in the transaction of the caller. The same `key` again tells nobody twice; of a draft only its staff hear.

    Mail follows after the commit, as each person has chosen for this kind. Makes the same few queries for one person and for 600.

    Args:
        kind: what a person can switch the mail off for: one of `kinds.KINDS`.
        key: names the event for ever ("session-12-moved-3"), at most 160 characters.
        title: a sentence without a full stop. text: Markdown; names and what people wrote plainly go through
            `core.markdown.escaped`. path: where it is looked at, from the site's root.
        by_mail: off for what is to stand on the site alone, whatever a person has chosen.
    """
    now, told = shared_now(), _who_see(course, people)
    choices = _choices(told, kind, now) if by_mail else dict.fromkeys((person.pk for person in told), MailChoice.SITE)
    digest_at = _digest_times(told, choices, now)
    rows = [
        Notification(
            course=course, person=person, kind=kind, key=key, title=_one_line(title), text=text, path=path,
            mail=choices[person.pk], mail_after={MailChoice.AT_ONCE: now}.get(choices[person.pk], digest_at.get(person.pk)),
        )
        for person in told
    ]  # fmt: skip
    Notification.objects.bulk_create(rows, ignore_conflicts=True, batch_size=BATCH)
    if MailChoice.AT_ONCE in choices.values():
        _wake_after_commit()


def _who_see(course: Course | None, people: Iterable[User]) -> list[User]:
    told = list(people)
    if course is None or course.is_published:
        return told
    staff = set(
        Enrolment.objects.filter(course=course, role__in=STAFF, is_active=True).values_list("person", flat=True)
    )
    return [person for person in told if person.pk in staff]


def _wake_after_commit() -> None:
    """Once a transaction, however many events it tells: where the broker is away, each wake-up costs seconds."""
    if not any(waiting[1] is wake for waiting in transaction.get_connection().run_on_commit):
        transaction.on_commit(wake)


def _one_line(title: str) -> str:
    """It becomes the subject of a mail: a line break would end the header."""
    return " ".join(title.split())[:200]


def _choices(people: Sequence[User], kind: str, now: datetime) -> dict[int, MailChoice]:
    """Person -> how this kind reaches them by mail. Who invites and withdraws again and again sends a few mails, not a hundred."""
    rule = KINDS[kind]
    found = dict.fromkeys((person.pk for person in people), rule.default)
    if not rule.is_fixed:
        chosen = MailPreference.objects.filter(kind=kind, person__in=found)
        found |= {person: MailChoice(choice) for person, choice in chosen.values_list("person", "choice")}
        lately = Notification.objects.filter(
            person__in=found, kind=kind, mail=MailChoice.AT_ONCE, made_at__gt=now - timedelta(hours=1)
        )
        many = lately.order_by().values("person").annotate(n=Count("pk")).filter(n__gte=MOST_AN_HOUR)
        full = [person for person in many.values_list("person", flat=True) if found[person] == MailChoice.AT_ONCE]
        found |= dict.fromkeys(full, MailChoice.DIGEST)
    return found


def _digest_times(people: Sequence[User], choices: dict[int, MailChoice], now: datetime) -> dict[int, datetime]:
    """Person -> the next seven in the morning where that person lives, for those who take this in the daily mail."""
    waiting = [person for person in people if choices[person.pk] == MailChoice.DIGEST]
    if not waiting:
        return {}
    # Who has chosen no zone lives in that of the course that began last.
    nowhere = [person.pk for person in waiting if not person.zone]
    lived_in = Enrolment.objects.filter(person__in=nowhere, is_active=True).exclude(course__zone="")
    zones = dict(lived_in.order_by("course__starts_on").values_list("person", "course__zone"))
    return {person.pk: next_digest(now, person.zone or zones.get(person.pk, "UTC")) for person in waiting}


def next_digest(now: datetime, zone: str) -> datetime:
    """The next 07:00 in a zone, strictly after `now`."""
    local = now.astimezone(ZoneInfo(zone))
    today = datetime.combine(local.date(), DIGEST_AT, tzinfo=local.tzinfo)
    return today if today > now else datetime.combine(local.date() + timedelta(days=1), DIGEST_AT, tzinfo=local.tzinfo)


def notification_read(*, person: User, notification: int, now: datetime | None = None) -> Notification:
    """Mark one as read. Raises NotHere for another person's."""
    found = Notification.objects.filter(person=person, pk=notification).first()
    if found is None:
        raise NotHere("There is no such notification, or it is not yours.")
    Notification.objects.unread().filter(pk=found.pk).update(read_at=now or timezone.now())
    return found


def notifications_read(*, person: User, before: datetime | None = None, now: datetime | None = None) -> int:
    """Mark all as read that were there at `before`: what arrives while the page is open stays unread. Returns how many."""
    mine = Notification.objects.unread().filter(person=person)
    if before is not None:
        mine = mine.filter(made_at__lte=before)
    return mine.update(read_at=now or timezone.now())


@transaction.atomic
def preferences_set(*, person: User, choices: dict[str, MailChoice]) -> None:
    """Choose how each kind reaches a person by mail. What already waits for the daily mail follows the new choice.

    Kinds that cannot be switched off are left as they are.
    """
    now = shared_now()
    for kind, choice in choices.items():
        if KINDS[kind].is_fixed:
            continue
        MailPreference.objects.update_or_create(person=person, kind=kind, defaults={"choice": choice})
        waiting = Notification.objects.waiting_for_mail().filter(person=person, kind=kind, mail=MailChoice.DIGEST)
        if choice == MailChoice.SITE:
            waiting.update(mail=choice, mail_after=None)
        elif choice == MailChoice.AT_ONCE:
            waiting.update(mail=choice, mail_after=now)
    if MailChoice.AT_ONCE in choices.values():
        _wake_after_commit()
