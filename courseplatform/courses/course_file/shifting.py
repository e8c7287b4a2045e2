"""The same course in another term: every date moves by the same whole weeks, so that weekdays stay."""

import re
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from courseplatform.courses.course_file.words import WEEKDAYS, Schema
from courseplatform.courses.models.schedule import NO_SESSION

SEASONS = {
    1: "Spring",
    2: "Spring",
    3: "Spring",
    4: "Spring",
    5: "Summer",
    6: "Summer",
    7: "Summer",
    8: "Fall",
    9: "Fall",
    10: "Fall",
    11: "Fall",
    12: "Winter",
}


@dataclass(frozen=True)
class Shifted:
    """tree: the moved course. first: its first day. notes: what a person should look at, holidays by name."""

    tree: dict[str, Any]
    first: date
    notes: list[str]


def shifted(tree: dict[str, Any], wanted: date, schema: Schema) -> Shifted:
    """Move a course so that it begins on `wanted`, or on the first day after it that has the weekday of its own first day.

    tree: plain values (dates as ISO text). A programme without a date gets one: its weekday on or after `wanted`.
    """
    begins = tree["course"].get("starts_on")
    if begins is None:
        return _dated(tree, wanted)
    old = date.fromisoformat(begins)
    first = wanted + timedelta(days=(old.weekday() - wanted.weekday()) % 7)
    moved = _moved(tree, schema, first - old)
    notes = (
        []
        if first == wanted
        else [f"{wanted} is a {wanted:%A}; the course begins on a {first:%A}, so it moves to {first}."]
    )
    notes += _term(moved, old, first)
    for item in moved.get("sessions", []):
        if not item.get("class", True) and item["title"] != NO_SESSION:
            day = date.fromisoformat(item["date"])
            notes.append(holiday_note(item["title"], day))
    return Shifted(moved, first, notes)


def holiday_note(title: str, day: date) -> str:
    return f"Look at {title}: it moved with the course to {day:%a} {day}, and holidays seldom do."


def _moved(value: Any, schema: Schema, by: timedelta) -> Any:
    """Days and moments are known by the schema, so that no other text is touched."""
    if isinstance(value, dict):
        known = schema.get("properties", {})
        return {key: _moved(item, known.get(key, {}), by) for key, item in value.items()}
    if isinstance(value, list):
        return [_moved(item, schema.get("items", {}), by) for item in value]
    is_day = schema.get("format") == "date" or str(schema.get("pattern", "")).startswith(r"^\d{4}-\d\d-\d\d")
    return f"{date.fromisoformat(value[:10]) + by}{value[10:]}" if is_day and isinstance(value, str) else value


def _term(tree: dict[str, Any], old: date, first: date) -> list[str]:
    """Fall 2023 -> Spring 2025 where the term is written so and is that of the days; else it stays and is named."""
    term = tree["course"].get("term", "")
    match = re.fullmatch(r"(Spring|Summer|Fall|Autumn|Winter) (\d{4})", term)
    if match is None or abs(int(match[2]) - old.year) > 1:
        return [f"The term still reads {term}."] if term else []
    same_season = abs((first.timetuple().tm_yday - old.timetuple().tm_yday + 182) % 365 - 182) <= 45
    season = match[1] if same_season else SEASONS[first.month]
    tree["course"]["term"] = f"{season} {int(match[2]) + first.year - old.year}"
    return [f"The term reads {tree['course']['term']} now."] if tree["course"]["term"] != term else []


def _dated(tree: dict[str, Any], wanted: date) -> Shifted:
    days = [item["weekday"] for item in tree.get("sessions", []) if "weekday" in item]
    weekday = WEEKDAYS.index(days[0]) if days else wanted.weekday()
    first = wanted + timedelta(days=(weekday - wanted.weekday()) % 7)

    def day_of(item: dict[str, Any]) -> date:
        return first + timedelta(days=(WEEKDAYS.index(item.get("weekday", WEEKDAYS[weekday])) - weekday) % 7)

    sessions = [
        {"date": day_of(item).isoformat(), **{k: v for k, v in item.items() if k != "weekday"}}
        for item in tree.get("sessions", [])
    ]
    last = max([date.fromisoformat(item["date"]) for item in sessions], default=first)
    course = dict(tree["course"]) | {"starts_on": first.isoformat(), "ends_on": last.isoformat()}
    notes = [f"The programme had no date; it is on {first:%a} {first} now."]
    if "zone" not in course:
        course["zone"] = "UTC"
        notes.append("The file names no zone, so its times are taken as UTC until course.zone says otherwise.")
    return Shifted({**tree, "course": course, **({"sessions": sessions} if sessions else {})}, first, notes)
