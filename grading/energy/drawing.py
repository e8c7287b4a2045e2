"""Energy by stage as a drawing: steps of what was used over the days, each stage from 0, its budget as a line. Plain numbers for an SVG. Pure.

Drawn in three widths, because letters of an SVG shrink with it: the page shows the one that fits. Labels are placed greedily, where none would lie
on a line, a dot or another label; one that has no place is left to the table.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from courseplatform.core import numbers
from courseplatform.courses.stages import Stage
from grading.energy.amounts import amount
from grading.energy.placing import Box, Placing, Spot, width_of
from grading.energy.standing import StageUse, State, day_words

WIDTHS = {"wide": 968, "middle": 680, "narrow": 328}
RIGHT, TOP, LINE = 4.0, 36.0, 16.0
LEAST_LEFT = 44.0  # for the numbers of the scale
STEPS = (1, 2, 2.5, 5)  # of the scale, times a power of ten
DAY_STEPS = (1, 2, 7, 14, 28, 56, 112)


@dataclass(frozen=True)
class Text:
    """x, y: of its base line, in pixels. anchor: start, middle or end. tone: a class."""

    x: float
    y: float
    text: str
    anchor: str = "start"
    tone: str = ""


@dataclass(frozen=True)
class Line:
    x1: float
    y1: float
    x2: float
    y2: float
    tone: str


@dataclass
class Drawing:
    """In pixels. areas, steps: (points of a polygon or polyline, tone). dots: (x, y, radius)."""

    width: int
    height: int
    areas: list[tuple[str, str]] = field(default_factory=list)
    steps: list[tuple[str, str]] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    dots: list[tuple[float, float, float]] = field(default_factory=list)
    texts: list[Text] = field(default_factory=list)


@dataclass(frozen=True)
class Frame:
    """From time and charge to pixels."""

    width: int
    left: float
    bottom: float
    first: datetime
    last: datetime
    most_mah: float

    def x(self, at: datetime) -> float:
        first, last, now = (moment.astimezone(UTC) for moment in (self.first, self.last, at))
        share = min(max((now - first) / (last - first), 0.0), 1.0)
        return round(self.left + (self.width - self.left - RIGHT) * share, 1)

    def y(self, mah: Decimal | float) -> float:
        return round(self.bottom - (self.bottom - TOP) * float(mah) / self.most_mah, 1)


def drawing_of(uses: Sequence[StageUse], now: datetime, size: str) -> Drawing:
    """uses: of stages with days, at least one. size: a key of WIDTHS."""
    width = WIDTHS[size]
    height = 290 if size == "narrow" else 310
    bottom = height - 40.0
    most = max(max(use.stage.budget_mah, use.used_mah) for use in uses)
    top_mah = float(most) * (1.0 if most == uses[0].stage.budget_mah and _one_budget(uses) else 1.04)
    left = max(LEAST_LEFT, width_of(amount(Decimal(repr(top_mah)))) + 12)
    frame = Frame(width, left, bottom, uses[0].stage.begins_at, uses[-1].stage.ends_at, top_mah)
    drawing = Drawing(width, height)
    _scale(drawing, frame, uses)
    _days(drawing, frame, uses[0].stage)
    placing = Placing(Box(frame.left, TOP, width - RIGHT, bottom))
    for use in uses:
        _stage(drawing, frame, use, now, placing)
    _budgets(drawing, frame, uses, placing)
    for use in uses:
        _labels(drawing, frame, use, now, placing, size)
    return drawing


def _one_budget(uses: Sequence[StageUse]) -> bool:
    return len({use.stage.budget_mah for use in uses}) == 1


def _scale(drawing: Drawing, frame: Frame, uses: Sequence[StageUse]) -> None:
    """Lines of the grid from 0; numbers near a budget give way to it."""
    rough = frame.most_mah / 4.5
    power = 10.0 ** (len(str(int(rough))) - 1) if rough >= 1 else 10.0**-3
    while rough / power > 10:
        power *= 10
    step = next((power * n for n in STEPS if power * n >= rough), power * 10)
    budgets = {frame.y(use.stage.budget_mah) for use in uses}
    drawing.texts.append(Text(0, 12, "mAh used in the stage", tone="faint"))
    value = 0.0
    while value <= frame.most_mah * 1.0001:
        y = frame.y(value)
        if not any(abs(y - budget) < LINE for budget in budgets):
            drawing.lines.append(Line(frame.left, y, frame.width - RIGHT, y, "base" if value == 0 else "grid"))
            drawing.texts.append(Text(frame.left - 8, y + 4, amount(Decimal(str(value))), "end", "faint"))
        value += step


def _days(drawing: Drawing, frame: Frame, stage: Stage) -> None:
    """Dates under the scale, as many as have room, the first of them the first day."""
    first, last = frame.first.astimezone(stage.tz).date(), frame.last.astimezone(stage.tz).date() - timedelta(days=1)
    days = (last - first).days + 1
    room = (frame.width - frame.left - RIGHT) / days
    step = next((n for n in DAY_STEPS if n * room >= 56), DAY_STEPS[-1])
    end, month = 0.0, 0
    day: date = first
    while day <= last:
        x = frame.x(datetime.combine(day, datetime.min.time(), tzinfo=stage.tz))
        word = day_words(day) if day.month != month else str(day.day)
        begin = x if day == first else x - width_of(word) / 2
        if begin > end + 8 and begin + width_of(word) <= frame.width:
            drawing.texts.append(Text(x, frame.bottom + 16, word, "start" if day == first else "middle", "faint"))
            drawing.lines.append(Line(x, frame.bottom, x, frame.bottom + 4, "tick"))
            end, month = begin + width_of(word), day.month
        day += timedelta(days=step)


def _stage(drawing: Drawing, frame: Frame, use: StageUse, now: datetime, placing: Placing) -> None:
    """The steps of one stage, its area and its name."""
    begins, ends = frame.x(use.stage.begins_at), frame.x(use.stage.ends_at)
    if begins > frame.left:
        drawing.lines.append(Line(begins, TOP, begins, frame.bottom + 34, "wall"))
        placing.wall(begins)
    name = f"{use.stage.number} {use.stage.title}"
    room = ends - begins - 12
    while width_of(name) > room and len(name) > len(str(use.stage.number)):
        name = f"{name.rstrip('…')[:-1].rstrip()}…" if len(name) > 3 else str(use.stage.number)
    drawing.texts.append(
        Text(begins + (8 if begins > frame.left else 0), frame.bottom + 32, name, tone="now" if use.is_now else "")
    )
    until = frame.x(min(now, use.stage.ends_at)) if now > use.stage.begins_at else begins
    if until <= begins:
        return
    corners, level = [(begins, frame.bottom)], frame.bottom
    used = Decimal(0)
    for reading in use.readings:
        used += reading.used_mah
        x, y = frame.x(reading.at), frame.y(used)
        corners += [(x, level), (x, y)]
        placing.line(corners[-3][0], level, x, level)
        placing.line(x, level, x, y)
        placing.dot(x, y)
        drawing.dots.append((x, y, 3.5))
        level = y
    corners.append((until, level))
    placing.line(corners[-2][0], level, until, level)
    tone = "now" if use.is_now else ""
    drawing.areas.append((_points([*corners, (until, frame.bottom), (begins, frame.bottom)]), tone))
    drawing.steps.append((_points(corners), tone))
    if use.is_now:
        drawing.dots.append((until, level, 5.5))
        placing.dot(until, level)


def _put(drawing: Drawing, spot: Spot, text: str, tone: str) -> None:
    x, y, anchor = spot
    drawing.texts.append(Text(x, y, text, anchor, tone))


def _points(corners: Sequence[tuple[float, float]]) -> str:
    return " ".join(f"{x:g},{y:g}" for x, y in corners)


def _budgets(drawing: Drawing, frame: Frame, uses: Sequence[StageUse], placing: Placing) -> None:
    """One line where all stages have the same budget, else a line in each."""
    if _one_budget(uses):
        y, mah = frame.y(uses[0].stage.budget_mah), uses[0].stage.budget_mah
        drawing.lines.append(Line(frame.left, y, frame.width - RIGHT, y, "budget"))
        drawing.texts.append(Text(frame.left - 8, y + 4, amount(mah), "end", "budget"))
        each = "the budget" if len(uses) == 1 else "budget of each stage"
        words = f"{each}: {amount(mah)}{numbers.NARROW}mAh"
        drawing.texts.append(Text(frame.width - RIGHT, y - 8, words, "end", "budget"))
        placing.word(words, (frame.width - RIGHT, y - 8, "end"))
        placing.line(frame.left, y, frame.width - RIGHT, y)
        return
    for use in uses:
        begins, ends, y = frame.x(use.stage.begins_at), frame.x(use.stage.ends_at), frame.y(use.stage.budget_mah)
        drawing.lines.append(Line(begins, y, ends, y, "budget"))
        words = amount(use.stage.budget_mah)
        placing.line(begins, y, ends, y)
        if spot := placing.place(
            words, [(ends - 4, y - 6, "end"), (begins + 6, y - 6, "start"), (ends - 4, y + 14, "end")]
        ):
            _put(drawing, spot, words, "budget")


def _labels(drawing: Drawing, frame: Frame, use: StageUse, now: datetime, placing: Placing, size: str) -> None:
    begins, ends = frame.x(use.stage.begins_at), frame.x(use.stage.ends_at)
    if use.state == State.NOT_BEGUN:
        words, middle = "not begun", (TOP + frame.bottom) / 2
        spots = [((begins + ends) / 2, middle + by, "middle") for by in (0, 24, -24, 48)]
        if placed := placing.place(words, spots, within=(begins, ends)):
            _put(drawing, placed, words, "faint")
        return
    at = frame.x(now) if use.is_now else ends
    left_at = at if use.is_now else ends - 6
    y, budget = frame.y(use.used_mah), frame.y(use.stage.budget_mah)
    if abs(y - budget) > 4:
        drawing.lines.append(Line(left_at, budget, left_at, y, "over" if use.over_mah else "left"))
        placing.line(left_at, min(y, budget), left_at, max(y, budget))
    if use.is_now:
        _now_words(drawing, use, at, (y, budget), placing, size)
    else:
        words = f"{amount(use.over_mah)} over" if use.over_mah else f"{amount(use.left_mah)} left"
        spots = [
            (left_at - 6, y + 14 if use.over_mah else budget + 18, "end"),
            (left_at - 6, (y + budget) / 2 + 4, "end"),
        ]
        beside = [(ends + 6, y + 10, "start")] if use.over_mah else []
        if spot := placing.place(words, spots, within=(begins, ends)) or placing.place(words, beside):
            _put(drawing, spot, words, "over" if use.over_mah else "")
    if size != "narrow":
        _names(drawing, frame, use, placing)


def _names(drawing: Drawing, frame: Frame, use: StageUse, placing: Placing) -> None:
    """At each dot what was run and what it used; of the stage that is on the charge alone, since its list stands beside today."""
    within, used = (frame.x(use.stage.begins_at), frame.x(use.stage.ends_at)), Decimal(0)
    for reading in use.readings:
        used += reading.used_mah
        x, y, mah = frame.x(reading.at), frame.y(used), amount(reading.used_mah)
        spots = [
            (x - 8, y - 7, "end"),
            (x - 8, y + 14, "end"),
            (x + 9, y + 14, "start"),
            (x + 9, y - 8, "start"),
            (x, y - 10, "middle"),
        ]
        for words in (mah,) if use.is_now else (f"{reading.label} {mah}", mah):
            if spot := placing.place(words, spots, within=within):
                _put(drawing, spot, words, "" if use.is_now else "faint")
                break


def _now_words(
    drawing: Drawing, use: StageUse, x: float, heights: tuple[float, float], placing: Placing, size: str
) -> None:
    """Beside today: what was used, by which readings, and what is left until when. To the right, else to the left of it."""
    y, budget = heights
    assert use.stage.last is not None
    today, middle = f"{amount(use.used_mah)} today", (y + budget) / 2 + 4
    if spot := placing.place(today, _beside(x, y + 4)):
        _put(drawing, spot, today, "strong")
        if spot[2] == "start" and size != "narrow":
            _list(drawing, use, spot, placing)
    short = f"{amount(use.over_mah)} over" if use.over_mah else f"{amount(use.left_mah)} left"
    for words in (f"{short}, until {day_words(use.stage.last)}", short)[bool(use.over_mah) :]:
        if spot := placing.place(words, _beside(x, middle)):
            _put(drawing, spot, words, "over" if use.over_mah else "")
            return


def _beside(x: float, y: float) -> list[Spot]:
    return [
        (x + 12, y, "start"), (x - 12, y, "end"), (x + 12, y + 20, "start"), (x + 12, y - 20, "start"), (x - 12, y - 20, "end"),
    ]  # fmt: skip


def _list(drawing: Drawing, use: StageUse, under: tuple[float, float, str], placing: Placing) -> None:
    """The readings of the stage that is on, newest first, in a small column."""
    x, y, _ = under
    rows = [f"{amount(row.used_mah)}  {row.label}" for row in reversed(use.readings[-4:])]
    if len(use.readings) > len(rows):
        rows[-1] = f"and {len(use.readings) - len(rows) + 1} more"
    for n, words in enumerate(rows, 1):
        placed = placing.place(words, [(x, y + n * LINE, "start")])
        if placed is None:
            return
        _put(drawing, placed, words, "faint")
