"""Highlights: the list, one of them, and those that stand on the schedule."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.safestring import SafeString

from courseplatform.core.errors import NotHere
from courseplatform.core.markdown import render_markdown
from courseplatform.courses.access import Visit
from courseplatform.courses.models import Course
from courseplatform.seminar.models import Highlight
from courseplatform.seminar.people import and_list, students_of
from courseplatform.seminar.selectors.badges import highlight_badge
from courseplatform.seminar.selectors.slots import session_choices


@dataclass(frozen=True)
class PublishedHighlight:
    """What the schedule shows under a session. url: for members; html: safe."""

    by: str
    html: SafeString
    url: str
    published_at: datetime | None


def published_highlights(course: Course) -> dict[int, list[PublishedHighlight]]:
    """Session -> its published highlights. Three queries. For visitors of a public course leave `by` out: names are for members."""
    found = Highlight.objects.of(course).filter(status=Highlight.Status.PUBLISHED).select_related("session__course")
    by_session: dict[int, list[PublishedHighlight]] = defaultdict(list)
    for highlight in found.prefetch_related("people__person"):
        by_session[highlight.session_id].append(
            PublishedHighlight(writers(highlight), render_markdown(highlight.text), highlight.get_absolute_url(), highlight.published_at)
        )  # fmt: skip
    return dict(by_session)


def writers(highlight: Highlight) -> str:
    names = and_list(row.person.name for row in highlight.people.all())
    return f"{highlight.team}: {names}" if highlight.team else names


def highlight_get(visit: Visit, key: int) -> Highlight:
    """Raises NotHere for one that is neither published nor this person's."""
    found = (
        Highlight.objects.visible_to(visit)
        .select_related("session__course")
        .prefetch_related("people__person")
        .filter(pk=key)
        .first()
    )
    if found is None:
        raise NotHere("There is no such highlight, or it is not published yet.")
    return found


def list_page(visit: Visit, now: datetime) -> dict[str, Any]:
    found = Highlight.objects.visible_to(visit).select_related("session__course").prefetch_related("people__person")
    rows: list[dict[str, Any]] = [
        {"highlight": highlight, "by": writers(highlight), "badge": highlight_badge(highlight, now), "due_at": highlight.due_at,
         "is_mine": any(row.person_id == visit.person.pk for row in highlight.people.all())}
        for highlight in found
    ]  # fmt: skip
    context: dict[str, Any] = {
        "rows": rows,
        "waiting": sum(row["highlight"].status == Highlight.Status.SUBMITTED for row in rows),
    }
    if visit.is_staff:
        context |= {"sessions": session_choices(visit.course), "students": students_of(visit.course)}
    return context


def highlight_page(visit: Visit, highlight: Highlight, now: datetime) -> dict[str, Any]:
    is_mine = any(row.person_id == visit.person.pk for row in highlight.people.all())
    return {
        "highlight": highlight, "by": writers(highlight), "badge": highlight_badge(highlight, now), "html": render_markdown(highlight.text),
        "is_mine": is_mine, "may_write": (is_mine or visit.is_staff) and highlight.status in Highlight.WRITABLE,
        "may_answer": visit.is_staff and highlight.status == Highlight.Status.SUBMITTED,
        "may_reopen": visit.is_staff and highlight.status == Highlight.Status.PUBLISHED,
        "may_cancel": visit.is_staff and highlight.status in Highlight.WRITABLE, "due_at": highlight.due_at,
        "history": [(row, Highlight.Status(row.moved_to).label) for row in highlight.moves.all()] if is_mine or visit.is_staff else [],
        "is_late": bool(highlight.due_at and (highlight.submitted_at or now) > highlight.due_at and highlight.status != Highlight.Status.PUBLISHED),
    }  # fmt: skip
