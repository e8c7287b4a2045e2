"""Writing to the course: at once or later, changed, withdrawn. People are told once, whoever notices first that it is time."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from courseplatform.accounts.models import User
from courseplatform.core.errors import Conflict, IllegalMove
from courseplatform.core.states import move
from courseplatform.courses.access import Visit
from courseplatform.courses.models import STAFF, Course, Role
from courseplatform.notices.models.announcements import (
    ANNOUNCEMENT_MOVES,
    Announcement,
    AnnouncementMove,
    AnnouncementStatus,
)
from courseplatform.notices.models.notifications import Notification
from courseplatform.notices.services.notifications import notification_send

ROLES: dict[str, frozenset[Role]] = {
    Announcement.Audience.EVERYBODY: frozenset(Role),
    Announcement.Audience.STUDENTS: frozenset({Role.STUDENT}),
    Announcement.Audience.STAFF: STAFF,
}


@dataclass(frozen=True)
class Draft:
    """What the form holds. goes_out_on, goes_out_at: a wall time of the course; None: now."""

    title: str
    text: str
    audience: str = Announcement.Audience.EVERYBODY
    is_public: bool = False
    is_urgent: bool = False
    is_pinned: bool = False
    goes_out_on: date | None = None
    goes_out_at: time | None = None


@transaction.atomic
def announcement_create(*, visit: Visit, draft: Draft, made_with: UUID, now: datetime | None = None) -> Announcement:
    """Make one, and publish it unless its hour is still to come. The same `made_with` again gives back the first one."""
    now = now or timezone.now()
    Course.objects.select_for_update().get(pk=visit.course.pk)  # a double click waits here
    if known := Announcement.objects.filter(course=visit.course, made_with=made_with).first():
        return known
    made = Announcement.objects.create(
        course=visit.course, made_with=made_with, author=visit.person, author_name=visit.person.name, **vars(draft)
    )
    if made.goes_out is None or made.goes_out <= now:
        announcement_publish(announcement=made, by=visit.by, now=now)
    return made


@transaction.atomic
def announcement_publish(*, announcement: Announcement, by: str, now: datetime | None = None) -> None:
    """Make it visible and tell those it is for. Raises IllegalMove (`lost_race`) when somebody else just did."""
    now = now or timezone.now()
    move(
        announcement, moves=ANNOUNCEMENT_MOVES, to=AnnouncementStatus.PUBLISHED, by=by, history=AnnouncementMove,
        published_at=min(announcement.goes_out or now, now),
    )  # fmt: skip
    _tell(announcement, announcement.key)


def _tell(announcement: Announcement, key: str) -> None:
    people = User.objects.filter(
        enrolments__course=announcement.course_id, enrolments__is_active=True,
        enrolments__role__in=ROLES[announcement.audience],
    )  # fmt: skip
    notification_send(
        course=announcement.course, people=people.distinct(), kind="urgent" if announcement.is_urgent else "announcement", key=key,
        title=announcement.title, text=announcement.text, path=announcement.get_absolute_url(),
    )  # fmt: skip


def announcements_publish_due(*, course: Course | None = None, now: datetime | None = None) -> int:
    """Publish what was scheduled and whose hour has come; called by the clock and by whoever reads. Returns how many we published.

    One query when there is nothing to do.
    """
    now, published = now or timezone.now(), 0
    # The day after tomorrow is not yet due in any zone; the exact hour is asked below, on the course's wall.
    waiting = Announcement.objects.scheduled().filter(goes_out_on__lte=now.date() + timedelta(days=1))
    if course is not None:
        waiting = waiting.filter(course=course)
    for announcement in waiting.select_related("course"):
        if announcement.goes_out is not None and announcement.goes_out <= now:
            try:
                announcement_publish(announcement=announcement, by="clock", now=now)
                published += 1
            except IllegalMove:
                continue  # another worker, or a reader, was faster, and has told people
    return published


@transaction.atomic
def announcement_edit(
    *,
    visit: Visit,
    announcement: Announcement,
    draft: Draft,
    revision: int,
    tell_again: bool = False,
    now: datetime | None = None,
) -> Announcement:
    """Change one. What was published shows that it was edited; who has not read or been mailed the old text gets the new one.

    Args:
        revision: the one that the page showed.
        tell_again: mail the new text to everybody once more.

    Raises:
        Conflict: code `edited_meanwhile` when somebody changed it since, `withdrawn` when it is gone.
    """
    now = now or timezone.now()
    found = Announcement.objects.select_for_update().select_related("course").get(pk=announcement.pk)
    if found.status == AnnouncementStatus.WITHDRAWN:
        raise Conflict(
            "This announcement was withdrawn and cannot be changed any more. Write a new one.", code="withdrawn"
        )
    if found.revision != revision:
        raise Conflict(
            "Somebody changed this announcement after you opened it. Your text stands below; compare it with the published one, "
            "then save again.", code="edited_meanwhile",
        )  # fmt: skip
    was_published = found.status == AnnouncementStatus.PUBLISHED
    # The audience, the hour and the urgency of what people have been told already are facts.
    fixed = {"audience", "is_urgent", "goes_out_on", "goes_out_at"} if was_published else set()
    for name, value in vars(draft).items():
        if name not in fixed:
            setattr(found, name, value)
    found.is_public = found.is_public and found.audience == Announcement.Audience.EVERYBODY
    found.revision, found.edited_at = revision + 1, now if was_published else None
    found.save()
    if was_published:
        Notification.objects.filter(course=found.course, key=found.key).update(title=found.title, text=found.text)
        if tell_again:
            _tell(found, f"{found.key}-edit-{found.revision}")
    elif found.goes_out is None or found.goes_out <= now:
        announcement_publish(announcement=found, by=visit.by, now=now)
    return found


@transaction.atomic
def announcement_withdraw(*, visit: Visit, announcement: Announcement, now: datetime | None = None) -> None:
    """Take it back: readers see it no more, mails not yet sent stay unsent. What was mailed cannot be called back.

    Raises IllegalMove when it was withdrawn already.
    """
    move(
        announcement, moves=ANNOUNCEMENT_MOVES, to=AnnouncementStatus.WITHDRAWN, by=visit.by, history=AnnouncementMove,
        withdrawn_at=now or timezone.now(), is_pinned=False,
    )  # fmt: skip
    told = Notification.objects.filter(course=announcement.course, key__startswith=announcement.key).filter(
        path=announcement.get_absolute_url()
    )
    told.filter(mailed_at=None).update(mail_after=None)
    told.update(title=f"Withdrawn: {announcement.title}"[:200], text="The staff took this announcement back.", path="")


def announcement_pin(*, visit: Visit, announcement: Announcement, is_pinned: bool) -> None:
    """Keep one at the top of the list, or let it go down again."""
    Announcement.objects.filter(pk=announcement.pk).exclude(status=AnnouncementStatus.WITHDRAWN).update(
        is_pinned=is_pinned
    )
