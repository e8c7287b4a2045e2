"""The due dates of assignments, for the calendars."""

from datetime import datetime

from courseplatform.accounts.models import User
from courseplatform.courses.models import Course
from courseplatform.courses.sections import CalendarEntry
from grading.models.assignments import Assignment


def due_dates(course: Course, person: User | None) -> list[CalendarEntry]:
    """Every assignment with a due time: the schedule names them all, also before they are handed out. One query."""
    dated = ((item, _due_at(item, person)) for item in Assignment.objects.of(course).select_related("course"))
    return [_entry(assignment, due_at) for assignment, due_at in dated if due_at is not None]


def _due_at(assignment: Assignment, person: User | None) -> datetime | None:
    """When it is due for this person; None: for everybody. The one place in which an extension will count."""
    return assignment.due_at


def _entry(assignment: Assignment, due_at: datetime) -> CalendarEntry:
    wall = due_at.astimezone(assignment.course.tz)
    return CalendarEntry(
        uid=f"due-{assignment.slug}", title=f"{assignment.full_title} due", starts=due_at, path=assignment.get_absolute_url(),
        description=f"Due {wall:%a %b %-d, %H:%M %Z}.", sequence=assignment.sequence,
    )  # fmt: skip
