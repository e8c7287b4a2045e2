"""What calendars registers with the rooms below it when the app is ready."""

from courseplatform.calendars.course_source import course_dates
from courseplatform.courses.access import MEMBERS
from courseplatform.courses.sections import NavLink, registry


def register_all() -> None:
    registry.add_calendar_source(course_dates)
    registry.add_nav(NavLink("Calendar", "calendars:page", 80, MEMBERS, in_more=True))
