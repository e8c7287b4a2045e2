"""The sections of the course home that belong to the course itself."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from courseplatform.courses.access import MEMBERS, Visit
from courseplatform.courses.course_file.words import WEEKDAYS
from courseplatform.courses.models import Course, Role
from courseplatform.courses.sections import NavLink, Section, registry
from courseplatform.courses.selectors import office_hours_of
from courseplatform.courses.zones import is_elsewhere, zone_words


def late_days(visit: Visit, now: datetime) -> dict[str, Any] | None:
    return {"rule": visit.course.late_rule, "note": visit.course.overlay_note} if visit.course.late_rule else None


def office_hour_rows(course: Course) -> list[dict[str, str]]:
    """A rule for every week, so its hours stay the course's: converted ones would be wrong after the clocks change in one place.

    who, day, start, end, place, note; without a weekday, `note` says how it is arranged.
    """
    return [
        {
            "who": hour.who, "day": WEEKDAYS[hour.weekday].capitalize() if hour.weekday is not None else "", "place": hour.place,
            "start": f"{hour.starts_at:%H:%M}" if hour.starts_at else "", "end": f"{hour.ends_at:%H:%M}" if hour.ends_at else "",
            "note": hour.note or ("" if hour.weekday is not None else "to be announced"),
        }
        for hour in office_hours_of(course)
    ]  # fmt: skip


def office_hours(visit: Visit, now: datetime) -> dict[str, Any] | None:
    rows = office_hour_rows(visit.course)
    zone = zone_words(visit.course.zone) if is_elsewhere(visit.course) else ""
    return {"rows": rows, "zone": zone} if rows else None


def _holds(*keys: str) -> Callable[[Course], bool]:
    """Whether the course file has any of these parts."""
    return lambda course: any(key in course.facts for key in keys)


def register() -> None:
    rules = _holds("policies", "grading", "late_policy", "participation", "presentations", "scribe")
    boards, projects = _holds("devices", "budget", "peripherals"), _holds("project", "example_projects")
    registry.add_section(Section("late_days", 10, "side", "courses/_section_late_days.html", late_days))
    registry.add_section(Section("office_hours", 90, "side", "courses/_section_office_hours.html", office_hours))
    registry.add_nav(
        NavLink("Home", "courses:home", 10, MEMBERS, key="h"),
        NavLink("Schedule", "courses:schedule", 20, MEMBERS, key="s", owns=("courses:session",)),
        NavLink("About the course", "courses:about", 90, MEMBERS, key="c", in_more=True),
        NavLink("Policies", "courses:policies", 91, MEMBERS, in_more=True, has_content=rules),
        NavLink("Devices", "courses:devices", 92, MEMBERS, in_more=True, has_content=boards),
        NavLink("Projects", "courses:projects", 93, MEMBERS, in_more=True, has_content=projects),
        NavLink("Settings", "courses:settings", 93, frozenset({Role.INSTRUCTOR}), in_more=True),
        NavLink("Stages", "courses:stages", 93, frozenset({Role.INSTRUCTOR}), in_more=True),
        NavLink("Who sees it", "courses:visibility", 94, frozenset({Role.INSTRUCTOR}), in_more=True),
        NavLink("Course file", "courses:file", 95, frozenset({Role.INSTRUCTOR}), in_more=True),
        NavLink("Course", "courses:about", 10, None, key="c", owns=("courses:home",)),
        NavLink("Schedule", "courses:schedule", 20, None, key="s"),
        NavLink("Policies", "courses:policies", 30, None, has_content=rules),
        NavLink("Devices", "courses:devices", 40, None, has_content=boards),
        NavLink("Projects", "courses:projects", 50, None, has_content=projects),
    )
