"""Stages and power readings of the demo course: days that the source does not state, and runs that nobody made."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from courseplatform.accounts.models import User
from courseplatform.courses.access import visit_of
from courseplatform.courses.models import Course
from courseplatform.teams.models import Team
from grading.energy.amounts import Amount, amount_of
from grading.energy.meter_file import metered
from grading.models.power import PowerReading, PowerReadingTakenBack
from grading.services.power_readings import ReadingFacts, power_reading_add, power_reading_take_back

ENTERED_AFTER = timedelta(hours=2)
METER, BOARDS = "USB meter UM-11", {"Magpie": "Raspberry Pi 4, PI-07", "Heron": "Jetson Nano, JN-02"}


def load(*, course: Course, people: Mapping[str, User], overlay: Mapping[str, Any], moved: timedelta) -> None:
    """Called once on the fresh demo course, inside its transaction. moved: from the days of the overlay to those of the course."""
    stages = [
        item | {key: (_day(item[key]) + moved).isoformat() for key in ("from", "until")} for item in overlay["stages"]
    ]
    course.facts = course.facts | {"project": course.facts.get("project", {}) | {"stages": stages}}
    course.save(update_fields=["facts"])
    for fact in overlay["power_readings"]:
        _reading(course, people, fact, moved)


def _day(value: date | str) -> date:
    return value if isinstance(value, date) else date.fromisoformat(value)


def _reading(course: Course, people: Mapping[str, User], fact: Mapping[str, Any], moved: timedelta) -> None:
    wall = datetime.fromisoformat(fact["at"]) + moved
    at = course.wall(wall.date(), wall.time())
    visit, team = visit_of(people[fact["by"]], course.slug), Team.objects.get(course=course, name=fact["team"])
    facts = ReadingFacts(
        at, fact["label"], _amount(fact), BOARDS[team.name], METER, note=fact.get("note", "")
    )  # fmt: skip
    key = uuid5(NAMESPACE_URL, f"{course.slug} {fact['at']} {fact['label']}")
    row, _ = power_reading_add(visit=visit, team=team, facts=facts, entry_key=key, now=at + ENTERED_AFTER)
    PowerReading._base_manager.filter(pk=row.pk).update(made_at=at + ENTERED_AFTER)
    if "taken_back" in fact:
        gone = power_reading_take_back(visit=visit, reading=row, reason=fact["taken_back"], now=at + 2 * ENTERED_AFTER)
        PowerReadingTakenBack._base_manager.filter(pk=gone.pk).update(made_at=at + 2 * ENTERED_AFTER)


def _amount(fact: Mapping[str, Any]) -> Amount:
    if "metered" in fact:
        return _metered(fact["metered"]["ma"], fact["metered"]["minutes"])
    said = {key: Decimal(fact[key]) if key in fact else None for key in ("mah", "ma", "minutes")}
    return amount_of(used_mah=said["mah"], mean_ma=said["ma"], minutes=said["minutes"], metered=None)


def _metered(mean_ma: int, minutes: int) -> Amount:
    """A meter's file with a row a second, 100 mA above the mean for half a minute and below it for the other half."""
    rows = [f"{second},{mean_ma + (100 if second % 60 < 30 else -100)}" for second in range(60 * minutes + 1)]
    found = metered("\n".join(["time_s,current_ma", *rows]).encode())
    return Amount(
        found.used_mah, "meter_file", Decimal(minutes), Decimal(mean_ma), found.sha256, found.rows, found.trace
    )  # fmt: skip
