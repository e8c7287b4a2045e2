"""The log of what was changed in a course, of which members are told as of a session that moves."""

from courseplatform.courses.access import Visit
from courseplatform.courses.models import ScheduleChange
from courseplatform.courses.sections import registry
from grading.models.assignments import Assignment


def change_log(*, visit: Visit, sentence: str, is_told: bool) -> None:
    change = ScheduleChange.objects.create(course=visit.course, by=visit.by, sentence=sentence[:400], is_told=is_told)
    if is_told:
        for listener in registry.change_listeners:
            listener(change)


def due_words(row: Assignment) -> str:
    if row.due_at is None:
        return f"{row.short} has no due time any more."
    return f"{row.short} is due {row.due_at.astimezone(row.course.tz):%a %b %-d, %H:%M %Z} now."
