"""What the pages of announcements and the course home read."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from html import unescape
from typing import Any

from django.db.models import Case, IntegerField, QuerySet, Value, When
from django.utils.html import strip_tags
from django.utils.text import Truncator

from courseplatform.core.badges import Badge
from courseplatform.core.errors import NotHere
from courseplatform.core.kept import kept_rows
from courseplatform.core.markdown import render_markdown
from courseplatform.courses.access import Reader, Visit
from courseplatform.notices.models.announcements import Announcement, AnnouncementStatus

PER_PAGE = 20
LONG = 2500  # characters; a longer text is read on its own page
RECENT = timedelta(days=14)
ON_HOME = 4


@dataclass(frozen=True)
class Page:
    rows: list[dict[str, Any]]
    number: int
    has_more: bool


def announcement_page(reader: Reader, *, number: int = 1) -> Page:
    """Scheduled first for the staff, then pinned, then newest; withdrawn ones last. One query."""
    place = Case(
        When(status=AnnouncementStatus.SCHEDULED, then=Value(0)),
        When(status=AnnouncementStatus.WITHDRAWN, then=Value(3)),
        When(is_pinned=True, then=Value(1)),
        default=Value(2),
        output_field=IntegerField(),
    )
    first = (number - 1) * PER_PAGE
    rows = Announcement.objects.visible_to(reader).select_related("course").order_by(place, "-published_at", "-pk")
    found = list(rows[first : first + PER_PAGE + 1])
    return Page([row_of(item, is_staff=reader.is_staff) for item in found[:PER_PAGE]], number, len(found) > PER_PAGE)


def row_of(item: Announcement, *, is_staff: bool, whole: bool = False) -> dict[str, Any]:
    is_long = len(item.text) > LONG and not whole
    return {
        "item": item,
        "html": "" if is_long else render_markdown(item.text),
        "excerpt": excerpt(item.text, 400) if is_long else "",
        "badges": _badges(item, is_staff=is_staff),
        "is_scheduled": item.status == AnnouncementStatus.SCHEDULED,
        "is_withdrawn": item.status == AnnouncementStatus.WITHDRAWN,
        "is_published": item.status == AnnouncementStatus.PUBLISHED,
    }


def _badges(item: Announcement, *, is_staff: bool) -> list[Badge]:
    found = []
    if item.status == AnnouncementStatus.SCHEDULED:
        found.append(Badge("neutral", "clock", "scheduled"))
    if item.status == AnnouncementStatus.WITHDRAWN:
        found.append(Badge("neutral", "close", "withdrawn"))
    if item.is_pinned:
        found.append(Badge("neutral", "diamond", "pinned"))
    if item.is_urgent:
        found.append(Badge("warn", "triangle", "urgent"))
    if item.audience == Announcement.Audience.STAFF:
        found.append(Badge("neutral", "lock", "staff only"))
    elif is_staff and item.audience == Announcement.Audience.STUDENTS:
        found.append(Badge("neutral", "info", "to students"))
    if is_staff and item.is_public:
        found.append(Badge("neutral", "info", "public"))
    return found


@lru_cache(maxsize=4096)
def excerpt(text: str, length: int = 160) -> str:
    """The beginning of a Markdown text, in plain words on one line: what stands before the first table."""
    html = render_markdown(text[: 4 * length]).split("<table>")[0]
    words = unescape(" ".join(strip_tags(html).split()))
    return Truncator(words).chars(length, truncate="…")


def announcement_get(reader: Reader | Visit, announcement: int) -> Announcement:
    """Raises NotHere for one that this reader does not see."""
    found = Announcement.objects.visible_to(reader).select_related("course").filter(pk=announcement).first()
    if found is None:
        raise NotHere("There is no such announcement, or it was withdrawn.")
    return found


def home_rows(visit: Visit, now: datetime) -> list[dict[str, Any]]:
    """The pinned ones and those of the last two weeks, newest first. One query."""

    def rows() -> QuerySet[Announcement]:
        newest = Announcement.objects.visible_to(visit).published().order_by("-is_pinned", "-published_at")
        return newest.select_related("course")[:ON_HOME]

    recent = kept_rows("announcements", (visit.course.pk, visit.is_staff), rows)
    return [
        {"title": item.title, "url": item.get_absolute_url(), "at": item.published_at, "excerpt": excerpt(item.text),
         "badges": _badges(item, is_staff=False), "is_edited": item.edited_at is not None}
        for item in recent
        if item.is_pinned or (item.published_at is not None and item.published_at > now - RECENT)
    ]  # fmt: skip
