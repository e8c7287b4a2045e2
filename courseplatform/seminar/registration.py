"""What seminar registers with the rooms below it when the app is ready."""

from courseplatform.courses.access import MEMBERS
from courseplatform.courses.sections import NavLink, Section, registry
from courseplatform.seminar.selectors import marks


def register_all() -> None:
    registry.add_due_source(marks.due_marks)
    registry.add_calendar_source(marks.calendar_entries)
    registry.add_section(Section("swap_asked", 15, "main", "seminar/_section_swap.html", marks.swap_section))
    registry.add_nav(
        NavLink("Papers", "seminar:list", 40, MEMBERS, key="b", owns=("seminar:",)),
        NavLink("Papers", "seminar:list", 60, None),
    )
