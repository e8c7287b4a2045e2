"""The due dates of assignments, for the calendars."""

from datetime import datetime

from courseplatform.accounts.models import User
from courseplatform.courses.models import Course
from courseplatform.courses.sections import CalendarEntry
from grading.late_rows.facts import PersonalDates, dates_of
from grading.models.assignments import Assignment


def due_dates(course: Course, person: User | None) -> list[CalendarEntry]:
    """Every assignment with a due time: the schedule names them all, also before they are handed out.

    For a person each stands where it is due for them, with their extensions; for everybody (None) where the course says. One query, and
    three for a person.
    """
    dates = dates_of(course, person) if person is not None else PersonalDates()
    dated = ((item, dates.due_of(item)) for item in Assignment.objects.of(course).select_related("course"))
    return [_entry(assignment, due_at) for assignment, due_at in dated if due_at is not None]


def _entry(assignment: Assignment, due_at: datetime) -> CalendarEntry:
    wall = due_at.astimezone(assignment.course.tz)
    return CalendarEntry(
        uid=f"due-{assignment.slug}", title=f"{assignment.full_title} due", starts=due_at, path=assignment.get_absolute_url(),
        description=f"Due {wall:%a %b %-d, %H:%M %Z}.", sequence=assignment.sequence,
    )  # fmt: skip
