"""All that the page of the schedule needs, in the layout that the course asks for."""

from datetime import datetime
from typing import Any

from django.utils import timezone

from courseplatform.core.drawn import drawn
from courseplatform.courses.access import Reader
from courseplatform.courses.models import Course, Role
from courseplatform.courses.schedule import SessionRow, lecture_rows, programme_days, schedule_head, schedule_weeks
from courseplatform.courses.sections import due_marks, public_due_marks
from courseplatform.courses.zones import clock_changes, offered_zones, zone_words


def schedule_context(reader: Reader, now: datetime) -> dict[str, Any]:
    course, staff = reader.course, reader.is_staff
    marks = due_marks(reader.visit, now) if reader.visit else public_due_marks(course, now)
    here = timezone.get_current_timezone_name()
    context: dict[str, Any] = {
        "course": course,
        "own": course.facts.get("course", {}),
        "notes": [note for note in (course.overlay_note, clock_changes(course)) if note],
        "zone_words": zone_words(here) if course.zone else "",
        "zones": offered_zones(course.zone, here),
        "here": here,
        "can_edit": staff,
    }
    shared = {
        "today_label": f"Today, {timezone.localtime(now):%A %B %-d}",
        "slug": course.slug,
        "may_edit": reader.role == Role.INSTRUCTOR,
    }
    if course.layout == Course.Layout.COLUMNS:
        weeks = schedule_weeks(course, marks, now, staff=staff)
        context["head"] = schedule_head(course, marks, [row for week in weeks for row in (*week.lecture, *week.lab)])
        words = context["own"].get("headings", {})
        headings = {
            "lecture": _heading(words.get("lecture", "Lecture"), [row for week in weeks for row in week.lecture]),
            "lab": _heading(words.get("lab", "Lab and discussion"), [row for week in weeks for row in week.lab]),
        }
        context["table"] = drawn("courses/_schedule_columns.html", weeks=weeks, headings=headings, **shared)
        return context | {"has_today": any(week.today_before for week in weeks)}
    if course.layout == Course.Layout.LECTURES:
        rows = lecture_rows(course, marks, now, staff=staff)
        context["head"] = schedule_head(course, marks, [row["row"] for row in rows if row["row"]])
        context["table"] = drawn("courses/_schedule_lectures.html", rows=rows, **shared)
        return context | {"has_today": any(row["today_before"] for row in rows)}
    days = programme_days(course, now, staff=staff)
    context["head"] = schedule_head(course, marks, [row for day in days for row in day["slots"]])
    context["table"] = drawn("courses/_schedule_programme.html", days=days, **shared)
    return context | {"is_undated": course.starts_on is None}


def _heading(words: str, rows: list[SessionRow]) -> str:
    """Lectures, Tuesday: where every session of the column is on one day of the week."""
    days = {f"{datetime.fromisoformat(row.iso):%A}" for row in rows if row.iso}
    return f"{words}, {days.pop()}" if len(days) == 1 else words
