"""What scribe registers with the rooms below it when the app is ready."""

from courseplatform.courses.access import MEMBERS
from courseplatform.courses.sections import NavLink, registry
from courseplatform.scribe.selectors import duties


def register_all() -> None:
    registry.add_due_source(duties.due_marks)
    registry.add_calendar_source(duties.calendar_entries)
    registry.add_nav(NavLink("Scribe notes", "scribe:index", 60, MEMBERS, key="n", owns=("scribe:",), in_more=True))
