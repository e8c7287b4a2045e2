"""Which zone a page is read in, in words. The person's own where one is chosen, else the course's (access.py activates it)."""

from datetime import date, datetime, time

from django.utils import timezone

from courseplatform.courses.models import Course


def zone_words(name: str) -> str:
    """America/New_York -> New York time."""
    return "UTC" if name in {"UTC", "Etc/UTC"} else f"{name.rsplit('/', 1)[-1].replace('_', ' ')} time"


def is_elsewhere(course: Course) -> bool:
    """Whether the reader's zone is another than the course's."""
    return timezone.get_current_timezone_name() != course.zone


def zone_note(course: Course) -> str:
    """For the foot of a page of the course: what a time without a zone beside it means."""
    words = f"Times are {zone_words(timezone.get_current_timezone_name())}"
    return f"{words} where no other zone is named" if is_elsewhere(course) else words


def local_start(course: Course, day: date, at: time | None) -> datetime | None:
    """When a class or an office hour begins for the reader; None where the course names no hour, so that nothing can be converted."""
    return None if at is None else timezone.localtime(course.wall(day, at))
