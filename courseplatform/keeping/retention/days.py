"""Which day something leaves. Pure but for the zone of the course.

Something is kept so many whole days after the course's last day, or after the day on which it came where that is later. It leaves at the
beginning of the next day, in the zone of the course.
"""

from datetime import date, datetime, time, timedelta

from courseplatform.courses.models import Course

FIRST_MAIL, LAST_MAIL = timedelta(days=30), timedelta(days=7)


def today_in(course: Course, now: datetime) -> date:
    return now.astimezone(course.tz).date()


def policy_day(course: Course, days: int) -> date | None:
    """The first day on which something of it leaves. None: the course has no last day, so nothing does."""
    return None if course.ends_on is None else course.ends_on + timedelta(days=days + 1)


def leaves_at_the_earliest(policy: date, today: date) -> date:
    """Where nobody was told yet: thirty days after the mail of today at least, however old the course is."""
    return max(policy, today + FIRST_MAIL)


def came_before(course: Course, day: date, days: int) -> datetime:
    """What came before this instant has been here so many whole days at the beginning of `day`."""
    return course.wall(day - timedelta(days=days), time.min)
