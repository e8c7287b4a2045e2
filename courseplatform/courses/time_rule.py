"""Four weeks on a line, as the course home draws them: days, classes, what is due, where we are; on a phone two. Places are shares of the width
in %.

The days are those of the zone that is active: the reader's.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import groupby
from typing import Any

from django.utils import timezone
from django.utils.text import Truncator

from courseplatform.courses.models import Course, Session
from courseplatform.courses.sections import DueMark
from courseplatform.courses.zones import local_start

CLASS_HOUR = 0.4  # where a class without an hour stands in its day
# Pixels: of a label of 12 px a letter on average, between two labels of one row, half of the word "now"; one storey of labels above the axis,
# one line of words below it.
LETTER, GAP, NOW = 6.4, 10, 15
STOREY, ABOVE, BELOW, LINE = 36, 46, 30, 16
ROWS = 5
Mark = dict[str, Any]
Marks = list[Mark]


@dataclass(frozen=True)
class Size:
    """name: the class in pages.css that shows the line where there is room for it. longest: letters of a label; what is left out stands in the
    list below the line. from_monday: else it begins today."""

    name: str
    days: int
    narrowest_px: int
    longest: int
    from_monday: bool


SIZES = (Size("wide", 28, 700, 30, True), Size("narrow", 14, 328, 20, False))


class Scale:
    """Wall-clock days of the reader's zone as a share of the width: a day is a day, also when the clocks change."""

    def __init__(self, now: datetime, size: Size) -> None:
        today = timezone.localdate(now)
        self.size, self.first = size, today - timedelta(days=today.weekday() if size.from_monday else 0)
        self.last = self.first + timedelta(days=size.days - 1)

    def px(self, pixels: float) -> float:
        """As a share of the narrowest line."""
        return 100 * pixels / self.size.narrowest_px

    def words(self, words: str) -> float:
        """About how wide a label is."""
        return self.px(LETTER * len(words))

    def of_day(self, day: date, share: float = 0.0) -> float:
        return round(100 * ((day - self.first).days + share) / self.size.days, 2)

    def of(self, moment: datetime) -> float:
        wall = timezone.localtime(moment).replace(tzinfo=None)
        return self.of_day(wall.date(), (wall - datetime.combine(wall.date(), time())).total_seconds() / 86400)

    def shows(self, day: date) -> bool:
        return self.first <= day <= self.last


def time_rules(
    course: Course, sessions: Sequence[Session], marks: list[DueMark], now: datetime
) -> list[dict[str, Any]]:
    """The line in each size, of which a page shows one."""
    return [time_rule(course, sessions, marks, now, size) for size in SIZES]


def time_rule(
    course: Course, sessions: Sequence[Session], marks: list[DueMark], now: datetime, size: Size = SIZES[0]
) -> dict[str, Any]:
    """`head` and `height` are pixels; all else is in % of the width."""
    scale = Scale(now, size)
    days = [scale.first + timedelta(days=n) for n in range(size.days)]
    dues, off = _dues(scale, marks, now), _no_class(scale, sessions)
    head = ABOVE + STOREY * max((due["row"] for due in dues), default=0)
    return {
        "name": size.name,
        "days": [
            {"x": scale.of_day(day), "is_monday": day.weekday() == 0, "label": f"{day:%b} {day.day}"} for day in days
        ],
        "weekends": [
            {"x": scale.of_day(day), "width": round(100 / size.days, 2)} for day in days if day.weekday() >= 5
        ],
        "classes": _classes(scale, course, sessions),
        "dues": dues,
        "noclass": off,
        "now_x": scale.of(now),
        "now_anchor": "start" if scale.of(now) < scale.px(NOW) else "middle",
        "head": head,
        "height": head + BELOW + LINE * (1 + max((mark["row"] for mark in off), default=-1)),
        "note": "Short bars: class. Diamonds: due work.",
    }


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
             "short": _short([mark.label for mark in same], scale.size.longest),
             "when": f"{timezone.localtime(due_at):%a %b %-d, %H:%M}",
             "tone": "next" if is_next else "later" if due_at > now else "past"}
        )  # fmt: skip
    for due in dues:
        due["wide"] = scale.words(max(due["short"], due["when"], key=len))
    here, half = scale.of(now), scale.px(NOW)
    return _apart(dues, scale.px(GAP), taken=[(here - half, here + half)])


def _short(labels: list[str], longest: int) -> str:
    """What fits above a diamond: one label, and how many more are due at that moment."""
    more = f" and {len(labels) - 1} more" if len(labels) > 1 else ""
    joined = ", ".join(labels)
    return joined if len(joined) <= longest else Truncator(labels[0]).chars(longest - len(more)) + more


def _no_class(scale: Scale, sessions: Iterable[Session]) -> Marks:
    days: dict[date, str] = {
        session.day: session.title
        for session in sessions
        if not session.is_class and not session.is_nothing and scale.shows(session.day)
    }
    return _apart(
        [
            {"x": scale.of_day(day, CLASS_HOUR), "label": title, "wide": scale.words(f"no class, {title}")}
            for day, title in sorted(days.items())
        ],
        scale.px(GAP),
    )


def _apart(marks: Marks, gap: float, taken: Iterable[tuple[float, float]] = ()) -> Marks:
    """Give each label a side and a row so that it touches no other label, `gap` between them, and no stem runs through it.

    A label begins at its stem and runs to the right; near the right end it ends at its stem. The earlier of two such neighbours
    stands higher, so that its label passes above the later stem; at the right end it is the other way round. `taken` is kept free in
    row 0. With more than ROWS rows a stem may run behind a label, and in a worse crowd labels may touch.
    """
    inwards: list[float] = []
    for mark in reversed(marks):
        x, wide = mark["x"], mark["wide"]
        runs_out = x + wide > 100 or any(x < other <= x + wide for other in inwards)
        mark["anchor"] = "end" if runs_out and x >= wide else "start"
        mark["span"] = (x - wide, x) if mark["anchor"] == "end" else (x, x + wide)
        if mark["anchor"] == "end":
            inwards.append(x)
    rows: list[list[tuple[float, float]]] = [[] for _ in range(ROWS)]
    rows[0].extend(taken)
    placed: Marks = []
    starts = [mark for mark in reversed(marks) if mark["anchor"] == "start"]
    for mark in starts + [mark for mark in marks if mark["anchor"] == "end"]:
        mark["row"] = _row(mark, rows, placed, gap)
        mark["storey"], mark["line"] = STOREY * mark["row"], LINE * mark["row"]
        rows[mark["row"]].append(mark["span"])
        placed.append(mark)
    return marks


def _row(mark: Mark, rows: list[list[tuple[float, float]]], placed: Marks, gap: float) -> int:
    """The lowest row with room above all stems that stand within the label; else the lowest with room; else the emptiest."""
    left, right = mark["span"]
    free = [n for n, row in enumerate(rows) if all(right + gap <= low or high + gap <= left for low, high in row)]
    lowest = max((other["row"] + 1 for other in placed if left < other["x"] < right), default=0)
    return next((n for n in free if n >= lowest), free[0] if free else min(range(ROWS), key=lambda n: len(rows[n])))
