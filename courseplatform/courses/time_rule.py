"""Four weeks on a line, as the course home draws them: days, classes, what is due, where we are. Places are shares of the width in %.

The days are those of the zone that is active: the reader's.
"""

from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from itertools import groupby
from typing import Any

from django.utils import timezone

from courseplatform.courses.models import Course, Session
from courseplatform.courses.sections import DueMark
from courseplatform.courses.zones import local_start

DAYS, CLASS_HOUR = 28, 0.4  # where a class without an hour stands in its day
LABEL = 13.0  # how far apart two labels must stand, % of the width
NEAR = 9.0  # a word closer than this to a label touches it on a phone
EDGE = 7.5  # a label nearer to an end than this is written inwards
# Pixels: one storey of labels above the axis, one line of words below it.
STOREY, ABOVE, BELOW, LINE = 36, 46, 30, 16
ROWS = 3
Marks = list[dict[str, Any]]


class Scale:
    """Wall-clock days of the reader's zone as a share of the width: a day is a day, also when the clocks change."""

    def __init__(self, now: datetime) -> None:
        today = timezone.localdate(now)
        self.first = today - timedelta(days=today.weekday())
        self.last = self.first + timedelta(days=DAYS - 1)

    def of_day(self, day: date, share: float = 0.0) -> float:
        return round(100 * ((day - self.first).days + share) / DAYS, 2)

    def of(self, moment: datetime) -> float:
        wall = timezone.localtime(moment).replace(tzinfo=None)
        return self.of_day(wall.date(), (wall - datetime.combine(wall.date(), time())).total_seconds() / 86400)

    def shows(self, day: date) -> bool:
        return self.first <= day <= self.last


def time_rule(course: Course, sessions: Iterable[Session], marks: list[DueMark], now: datetime) -> dict[str, Any]:
    """The line from this Monday on. `head` and `height` are pixels; all else is in % of the width."""
    scale = Scale(now)
    days = [scale.first + timedelta(days=n) for n in range(DAYS)]
    dues, off = _dues(scale, marks, now), _no_class(scale, sessions)
    head = ABOVE + STOREY * max((due["row"] for due in dues), default=0)
    return {
        "days": [
            {"x": scale.of_day(day), "is_monday": day.weekday() == 0, "label": f"{day:%b} {day.day}"} for day in days
        ],
        "weekends": [{"x": scale.of_day(day), "width": round(200 / DAYS, 2)} for day in days if day.weekday() == 5],
        "classes": _classes(scale, course, sessions),
        "dues": dues,
        "noclass": off,
        "now_x": scale.of(now),
        "now_below": _is_crowded(scale.of(now), dues),
        "head": head,
        "height": head + BELOW + LINE * (1 + max((mark["row"] for mark in off), default=-1)),
        "note": "Short bars: class. Diamonds: due work.",
    }


def _is_crowded(x: float, dues: Marks) -> bool:
    """Whether the word above the dot would touch a label; below it, the date of a Monday may stand in the way."""
    after_monday = x % (700 / DAYS)
    return after_monday > 7 and any(abs(due["x"] - x) < NEAR for due in dues)


def _classes(scale: Scale, course: Course, sessions: Iterable[Session]) -> Marks:
    places = set()
    for session in sessions:
        start = local_start(course, session.day, session.starts_at)
        if session.is_class and scale.shows(start.date() if start else session.day):
            places.add(scale.of(start) if start else scale.of_day(session.day, CLASS_HOUR))
    return [{"x": x} for x in sorted(places)]


def _dues(scale: Scale, marks: list[DueMark], now: datetime) -> Marks:
    """Due work; what is due at the same moment is one mark."""
    shown = sorted(
        (mark for mark in marks if scale.shows(timezone.localdate(mark.due_at))), key=lambda mark: mark.due_at
    )
    dues: Marks = []
    for due_at, group in groupby(shown, key=lambda mark: mark.due_at):
        same = list(group)
        is_next = due_at > now and all(due["tone"] == "past" for due in dues)
        dues.append(
            {"x": scale.of(due_at), "label": ", ".join(mark.label for mark in same), "url": same[0].url,
             "when": f"{timezone.localtime(due_at):%a %b %-d, %H:%M}",
             "tone": "next" if is_next else "later" if due_at > now else "past"}
        )  # fmt: skip
    return _apart(dues)


def _no_class(scale: Scale, sessions: Iterable[Session]) -> Marks:
    days: dict[date, str] = {
        session.day: session.title
        for session in sessions
        if not session.is_class and not session.is_nothing and scale.shows(session.day)
    }
    return _apart([{"x": scale.of_day(day, CLASS_HOUR), "label": title} for day, title in sorted(days.items())])


def _apart(marks: Marks) -> Marks:
    """Labels that would touch go to the next row with room, at most ROWS of them; those near an end are written inwards."""
    ends = [-LABEL] * ROWS
    for mark in marks:
        x = mark["x"]
        mark["row"] = next((row for row, end in enumerate(ends) if x - end >= LABEL), ends.index(min(ends)))
        mark["storey"] = STOREY * mark["row"]
        mark["line"] = LINE * mark["row"]
        ends[mark["row"]] = x
        mark["anchor"] = "start" if x < EDGE else "end" if x > 100 - EDGE else "middle"
    return marks
