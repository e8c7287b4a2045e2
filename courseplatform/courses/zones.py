"""Which zone a page is read in, in words. The person's own where one is chosen, else the course's (access.py activates it)."""

from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

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
    if not course.zone:
        return "The source names no time zone"
    words = f"Times are {zone_words(timezone.get_current_timezone_name())}"
    return f"{words} where no other zone is named" if is_elsewhere(course) else words


def local_start(course: Course, day: date, at: time | None) -> datetime | None:
    """When a class or an office hour begins for the reader; None where the course names no hour, so that nothing can be converted."""
    return None if at is None else timezone.localtime(course.wall(day, at))


# One for each hour in which courses are read; the browser's own is offered beside them (static/js/zones.js).
ZONES = (
    "Pacific/Honolulu", "America/Anchorage", "America/Los_Angeles", "America/Denver", "America/Chicago", "America/New_York", "America/Sao_Paulo", "UTC",
    "Europe/London", "Europe/Berlin", "Africa/Lagos", "Africa/Nairobi", "Europe/Istanbul", "Asia/Dubai", "Asia/Karachi", "Asia/Kolkata", "Asia/Dhaka",
    "Asia/Bangkok", "Asia/Shanghai", "Asia/Tokyo", "Australia/Sydney", "Pacific/Auckland",
)  # fmt: skip


def offered_zones(course_zone: str, here: str) -> list[tuple[str, str]]:
    """Name and words of the zones in which a schedule can be read: the course's first, the reader's, then one for each hour."""
    if not course_zone:
        return []
    names = dict.fromkeys([course_zone, here, *ZONES])
    return [(name, zone_words(name)) for name in names]


def clock_changes(course: Course) -> str:
    """When the clocks change during the term, in the course's zone: Clocks go back on Sun Nov 5, 02:00 (EDT to EST)."""
    if (
        not course.zone
        or course.starts_on is None
        or course.ends_on is None
        or (course.ends_on - course.starts_on).days > 400
    ):
        return ""
    return _clock_changes(course.zone, course.starts_on, course.ends_on)


@lru_cache(maxsize=256)
def _clock_changes(name: str, first: date, last: date) -> str:
    zone, said = ZoneInfo(name), []
    moment, end = datetime.combine(first, time(), UTC), datetime.combine(last, time(), UTC)
    while moment < end:
        after = moment + timedelta(hours=1)
        old, new = moment.astimezone(zone), after.astimezone(zone)
        change = (new.utcoffset() or timedelta()) - (old.utcoffset() or timedelta())
        if change:
            at = after.replace(tzinfo=None) + (old.utcoffset() or timedelta())
            said.append(
                f"Clocks go {'back' if change < timedelta() else 'forward'} on {at:%a %b} {at.day}, {at:%H:%M} ({old:%Z} to {new:%Z})."
            )
        moment = after
    return " ".join(said)
