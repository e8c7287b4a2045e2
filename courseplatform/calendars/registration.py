"""What calendars registers with the rooms below it when the app is ready."""

from courseplatform.accounts.exporting import add_export_section
from courseplatform.accounts.merging import decide, stay
from courseplatform.calendars import exporting
from courseplatform.calendars.course_source import course_dates
from courseplatform.courses.access import MEMBERS
from courseplatform.courses.sections import NavLink, registry


def register_all() -> None:
    add_export_section(exporting.SECTION)
    decide("calendars.PersonalFeed.person", stay("the address of the remaining account holds"))
    registry.add_calendar_source(course_dates)
    registry.add_nav(NavLink("Calendar", "calendars:page", 80, MEMBERS, in_more=True))
