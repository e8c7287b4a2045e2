"""The sections of the course home that belong to the course itself."""

from datetime import datetime
from typing import Any

from courseplatform.courses.access import MEMBERS, Visit
from courseplatform.courses.sections import NavLink, Section, registry
from courseplatform.courses.selectors import WEEKDAYS
from courseplatform.courses.zones import is_elsewhere, zone_words


def late_days(visit: Visit, now: datetime) -> dict[str, Any] | None:
    return {"rule": visit.course.late_rule, "note": visit.course.overlay_note} if visit.course.late_rule else None


def office_hours(visit: Visit, now: datetime) -> dict[str, Any] | None:
    """A rule for every week, so its hours stay the course's: converted ones would be wrong after the clocks change in one place."""
    rows = [
        {
            "who": hour.who,
            "when": f"{WEEKDAYS[hour.weekday]} {hour.starts_at:%H:%M} to {hour.ends_at:%H:%M}"
            if hour.weekday is not None and hour.starts_at and hour.ends_at
            else "to be announced",
            "place": hour.place,
        }
        for hour in visit.course.office_hours.all()
    ]
    zone = zone_words(visit.course.zone) if is_elsewhere(visit.course) else ""
    return {"rows": rows, "zone": zone} if rows else None


def register() -> None:
    registry.add_section(Section("late_days", 10, "side", "courses/_section_late_days.html", late_days))
    registry.add_section(Section("office_hours", 90, "side", "courses/_section_office_hours.html", office_hours))
    registry.add_nav(
        NavLink("Home", "courses:home", 10, MEMBERS, key="h"),
        NavLink("Schedule", "courses:schedule", 20, MEMBERS, key="s"),
    )
