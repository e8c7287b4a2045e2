"""The figure "Over the term" as numbers that a template draws: places across are shares of the width in %, heights are pixels.

Across it stretches with the page and its words do not; so it is read on a phone as it is on a wall.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from hardware.inventory.term.usage import Day, midnight

TOP, PLOT, BELOW = 28, 148, 44  # pixels: words above the line of what is owned, the curve, months and marks below it
LETTER, WIDE, PHONE = 6.4, 920, 290  # pixels: a letter of 12 px, and how wide the figure is on a desk and on a phone
STEPS = [size * 10**power for power in range(7) for size in (1, 2, 5)]
FRACTIONS = (
    (1.0, "All"), (0.9, "Nine tenths"), (0.75, "Three quarters"), (2 / 3, "Two thirds"), (0.5, "Half"), (1 / 3, "A third"), (0.25, "A quarter"),
)  # fmt: skip


@dataclass(frozen=True)
class Mark:
    """Something on a day of the term. kind: due, or formed."""

    at: datetime
    label: str
    kind: str = "due"


@dataclass(frozen=True)
class Term:
    start: datetime
    end: datetime
    now: datetime
    zone: ZoneInfo
    back_at: datetime | None = None  # by when everything comes back

    def x(self, moment: datetime) -> float:
        whole = (self.end - self.start).total_seconds()
        return round(100 * min(max((moment - self.start).total_seconds() / whole, 0.0), 1.0), 2)


@dataclass(frozen=True)
class Word:
    """A word at a place. anchor: where its place is. is_wide: it has room only where the page is wide. y: where it stands above the curve."""

    x: float
    text: str
    anchor: str = "middle"
    is_wide: bool = False
    y: float = 0.0


@dataclass(frozen=True)
class Drawing:
    """line, area: paths in a frame of 1000 x PLOT that is stretched across. ticks: (y, number). y: of the line of what is owned."""

    line: str
    area: str
    plan: str
    ticks: list[tuple[float, int]]
    owned_y: float
    months: list[Word]
    marks: list[Word]
    formed: Word | None
    now: Word | None
    now_y: float
    back: Word | None

    top, plot, height = TOP, PLOT, TOP + PLOT + BELOW


def drawing(days: Sequence[Day], owned: int, term: Term, marks: Sequence[Mark]) -> Drawing:
    most = max([owned, *(one.out for one in days)], default=0) or 1

    def y(number: int) -> float:
        return round(PLOT * (1 - number / most), 2)

    line = _line(days, term, y)
    out = days[-1].out if days else 0
    now_x = term.x(term.now)
    goes_on = term.back_at is not None and term.back_at > term.now and out > 0
    back_x = term.x(term.back_at) if term.back_at else 0.0
    return Drawing(
        line=line,
        area=f"{line}V{PLOT}H0Z" if line else "",
        plan=f"M{10 * now_x:g} {y(out):g}H{10 * back_x:g}V{PLOT}" if goes_on else "",
        ticks=[(y(number), number) for number in _ticks(most)],
        owned_y=y(owned),
        months=_months(term),
        marks=_apart([one for one in marks if one.kind == "due"], term),
        formed=next(
            (_above(one, days, term, y) for one in marks if one.kind == "formed" and term.start <= one.at <= term.now),
            None,
        ),
        now=Word(now_x, f"{out} out today", _anchor(now_x)) if days and term.now <= term.end else None,
        now_y=y(out),
        back=Word(back_x, "return day", "end" if back_x > 15 else "start") if term.back_at else None,
    )


def _line(days: Sequence[Day], term: Term, y: Callable[[int], float]) -> str:
    """Level through each day, at what was out at its end; the last day ends now."""
    if not days:
        return ""
    steps, number = [f"M0 {y(days[0].out):g}"], days[0].out
    for one in days[1:]:
        if one.out != number:
            steps.append(f"H{10 * term.x(midnight(one.day, term.zone)):g}V{y(one.out):g}")
            number = one.out
    return "".join([*steps, f"H{10 * term.x(term.now):g}"])


def _ticks(most: int) -> list[int]:
    step = next(size for size in STEPS if most / size <= 4)
    return [number for number in range(0, most + 1, step) if number <= 0.92 * most]


def _months(term: Term) -> list[Word]:
    found, day = [], term.start.astimezone(term.zone).date().replace(day=1)
    while day <= term.end.astimezone(term.zone).date():
        moment = midnight(day, term.zone)
        if moment >= term.start:
            found.append(Word(term.x(moment), f"{day:%b}", "start" if term.x(moment) < 96 else "end"))
        day = (day + timedelta(days=32)).replace(day=1)
    return found


def _above(mark: Mark, days: Sequence[Day], term: Term, y: Callable[[int], float]) -> Word:
    """Above the curve, and to the left of its day, where the curve is lower; near the left edge to its right."""
    x, day = term.x(mark.at), mark.at.astimezone(term.zone).date()
    if x <= 15:
        day += (term.end - term.start) / 5  # as far as the word reaches
    here = [one.out for one in days if one.day <= day]
    return Word(x, mark.label, "end" if x > 15 else "start", y=max(y(max(here, default=0)) - 8, 12))


def _apart(marks: Sequence[Mark], term: Term) -> list[Word]:
    """Every mark has its place; its word only where those before leave room."""
    words, ends = [], {WIDE: 0.0, PHONE: 0.0}  # by the width of the page: where the word before ends
    for mark in sorted((one for one in marks if term.start <= one.at <= term.end), key=lambda one: one.at):
        x, long = term.x(mark.at), LETTER * len(mark.label)
        fits = {}
        for width, end in list(ends.items()):
            left = x * width / 100 - long * {"start": 0, "middle": 0.5, "end": 1}[_anchor(x)]
            fits[width] = left >= end and left + long <= width + 8
            ends[width] = left + long + 12 if fits[width] else end
        words.append(Word(x, mark.label if fits[WIDE] else "", _anchor(x), not fits[PHONE]))
    return words


def _anchor(x: float) -> str:
    return "start" if x < 8 else "end" if x > 92 else "middle"


def since_words(day: date, today: date) -> str:
    """Oct 28; of what is longer ago the third of its month: mid October."""
    if (today - day).days < 15:
        return f"{day:%b} {day.day}"
    return f"{'early' if day.day <= 10 else 'mid' if day.day <= 20 else 'late'} {day:%B}"


def level(days: Sequence[Day], owned: int) -> tuple[str, date] | None:
    """The largest simple part of what is owned that is out now, and since which day at least so much has been; None below a quarter."""
    if not days or not owned:
        return None
    found = next(((part, word) for part, word in FRACTIONS if days[-1].out / owned >= part - 0.02), None)
    if found is None:
        return None
    since = days[-1].day
    for one in reversed(days):
        if one.out / owned < found[0] - 0.02:
            break
        since = one.day
    return found[1], since
