"""The head of a USB meter's CSV: which column is the time, which the current, which the voltage, and in what unit. Pure.

Meters and scripts write heads in many ways: `Current (mA)`, `current_ma`, `I[A]`, `t/s`. A unit is never guessed: 0.6 is a plausible number
of amperes and of milliamperes.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, time

from courseplatform.core.errors import BadInput

UNITS: dict[str, dict[str, float]] = {
    "time": {
        **dict.fromkeys(("s", "sec", "secs", "second", "seconds"), 1.0), "us": 1e-6, "µs": 1e-6, "μs": 1e-6,
        **dict.fromkeys(("ms", "msec", "millis", "millisecond", "milliseconds"), 1e-3),
        **dict.fromkeys(("min", "minute", "minutes"), 60.0), **dict.fromkeys(("h", "hour", "hours"), 3600.0),
    },
    "current": {
        **dict.fromkeys(("a", "amp", "amps", "ampere", "amperes"), 1000.0),
        **dict.fromkeys(("ma", "milliamp", "milliamps", "milliampere", "milliamperes"), 1.0), "ua": 1e-3, "µa": 1e-3, "μa": 1e-3,
    },
    "voltage": {**dict.fromkeys(("v", "volt", "volts"), 1.0), **dict.fromkeys(("mv", "millivolt", "millivolts"), 1e-3)},
}  # fmt: skip
NAMES = {
    "time": frozenset({"time", "t", "timestamp", "elapsed", "datetime"}),
    "current": frozenset({"current", "i", "amperage", "ibus"}),
    "voltage": frozenset({"voltage", "u", "vbus"}),
}
SHOWN = {"time": "seconds: time_s", "current": "mA or A: current_ma", "voltage": "V: voltage_v"}
NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?")
CLOCK = re.compile(r"(\d{1,3}):([0-5]\d)(?::([0-5]\d(?:\.\d{1,9})?))?")
MOST_LETTERS = 40  # of a cell


@dataclass(frozen=True)
class Column:
    """place: from 0. factor: what a number is multiplied by to be in seconds, mA or V; None: the cells are clock times or dates."""

    place: int
    head: str
    factor: float | None


def columns_of(heads: list[str], line: int) -> dict[str, Column]:
    """`time` and `current`, and `voltage` where it is there.

    Raises BadInput: `column_missing`, `column_twice`, `unit_missing`.
    """
    found: dict[str, Column] = {}
    for place, head in enumerate(heads):
        role, factor = _role(head)
        if not role:
            continue
        if role in found:
            said = f"Line {line}: two columns name the {role}, “{found[role].head}” and “{head[:MOST_LETTERS]}”. Keep one of them."
            raise BadInput(said, code="column_twice", details={"field": "file"})
        if factor is None and role != "time":
            said = f"Line {line}: the column “{head[:MOST_LETTERS]}” names no unit. Write it into the head, in {SHOWN[role]}."
            raise BadInput(said, code="unit_missing", details={"field": "file"})
        found[role] = Column(place, head.strip()[:MOST_LETTERS], factor)
    for role in ("time", "current"):
        if role not in found:
            has = ", ".join(f"“{head.strip()[:MOST_LETTERS]}”" for head in heads[:8])
            said = (
                f"Line {line} names no column with the {role}; it has {has}. Write it into the head, in {SHOWN[role]}."
            )
            raise BadInput(said, code="column_missing", details={"field": "file"})
    return found


def _role(head: str) -> tuple[str, float | None]:
    words = re.findall(r"[a-zµμ]+", head.lower())
    named = next((role for role, names in NAMES.items() if names & set(words)), "")
    for role, units in UNITS.items():
        unit = next((word for word in reversed(words) if word in units), "")
        if unit and (role == named or (not named and len(words) == 1)):
            return role, units[unit]
    return named, None


def number_of(cell: str, *, comma: bool) -> float | None:
    """A plain decimal number; None for anything else, `nan`, `inf` and `1_000` too."""
    text = cell.strip()
    if comma and "." not in text:
        text = text.replace(",", ".")
    return float(text) if len(text) <= MOST_LETTERS and NUMBER.fullmatch(text) else None


def seconds_of(cell: str, column: Column, *, comma: bool) -> float | None:
    """The time of a row in seconds from anywhere; None where the cell is no time."""
    if column.factor is not None:
        number = number_of(cell, comma=comma)
        return None if number is None else number * column.factor
    text = cell.strip()[:MOST_LETTERS]
    if clock := CLOCK.fullmatch(text):
        return int(clock[1]) * 3600 + int(clock[2]) * 60 + float(clock[3] or 0)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    if moment.time() == time(0) and len(text) <= len("2023-11-06"):
        return None  # a day alone is no time
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
