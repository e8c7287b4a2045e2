"""The assignments of a course side by side: how many percent of the points people came to. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from courseplatform.core.numbers import NARROW
from grading.analytics.chart import Chart
from grading.analytics.course_drawn import Work, and_words, floor_of, many
from grading.figure import Json, label

KEY, TITLE = "labs", "Assignments side by side"
ROW, AROUND = 30, 72  # pixels
COLUMNS = (
    "Assignment",
    "Counted",
    "Median, %",
    "Lower quartile, %",
    "Upper quartile, %",
    "Lowest, %",
    "Highest, %",
    "Graded in part",
)
NOTE = "Line: lowest to highest; thick: the middle half; dot: the median. Points after lateness, of the most without extra credit."
NONE_YET = "No grade is complete yet."
NONE_MORE = "As soon as the grades of an assignment are whole, with what is measured and what is given by hand, it has a row here."


@dataclass(frozen=True)
class Spread:
    """The grades of one assignment in percent of its points; of none complete the five are 0. partly: grades that lack a part."""

    work: Work
    count: int
    partly: int = 0
    lowest: float = 0.0
    lower: float = 0.0
    median: float = 0.0
    upper: float = 0.0
    highest: float = 0.0


def labs_chart(spreads: Sequence[Spread]) -> Chart:
    """spreads: in the order of their due times."""
    rows = [_row(one) for one in spreads if one.count or one.partly]
    drawn = [one for one in spreads if one.count]
    if not drawn:
        return Chart(KEY, TITLE, NONE_YET, COLUMNS, rows, more=NONE_MORE)
    finding, more = _finding(drawn)
    shown = {"links": [{"work": one.work, "count": one.count, "median": f"{one.median:.0f}"} for one in drawn]}
    return Chart(
        KEY, TITLE, finding, COLUMNS, rows, more=more, note=NOTE, draw=lambda: _figure(drawn), height=AROUND + ROW * len(drawn),
        beside="grading/analytics/_course_labs.html", shown=shown,
    )  # fmt: skip


def _finding(drawn: Sequence[Spread]) -> tuple[str, str]:
    if len(drawn) == 1:
        one = drawn[0]
        if one.count == 1:
            return f"One grade is complete: {one.median:.0f}{NARROW}% in {one.work.short}.", ""
        said = f"Half of the {one.count} grades in {one.work.short} lie between {one.lower:.0f} and {one.upper:.0f}{NARROW}%."
        return said, f"The median is {one.median:.0f}{NARROW}%."
    ordered = sorted(drawn, key=lambda one: round(one.median))
    low, high = round(ordered[0].median), round(ordered[-1].median)
    if low == high:
        return f"The median of each of the {len(drawn)} assignments is {low}{NARROW}%.", _widest(drawn)
    lowest = [one.work.short for one in drawn if round(one.median) == low]
    highest = [one.work.short for one in drawn if round(one.median) == high]
    said = f"Medians lie between {low}{NARROW}% in {_few(lowest)} and {high}{NARROW}% in {_few(highest)}."
    return said, _widest(drawn)


def _few(names: Sequence[str]) -> str:
    return and_words(names) if len(names) <= 3 else and_words([*names[:2], f"{len(names) - 2} more"])


def _widest(drawn: Sequence[Spread]) -> str:
    """Where people are furthest apart; nothing where a middle half says little."""
    some = [one for one in drawn if one.count >= 4 and one.upper > one.lower]
    if not some:
        return ""
    one = max(some, key=lambda one: one.upper - one.lower)
    return f"People are furthest apart in {one.work.short}: the middle half spans {many(round(one.upper - one.lower), 'point')} of 100."


def lowest_of(spreads: Sequence[Spread]) -> Spread | None:
    """The one whose median is lowest, where it is alone there and not the only one."""
    drawn = sorted((one for one in spreads if one.count), key=lambda one: one.median)
    return drawn[0] if len(drawn) > 1 and round(drawn[0].median) < round(drawn[1].median) else None


def _row(one: Spread) -> list[str]:
    five = (one.median, one.lower, one.upper, one.lowest, one.highest)
    said = [f"{value:.1f}" for value in five] if one.count else ["–"] * len(five)
    return [one.work.short, str(one.count), *said, str(one.partly)]


def _figure(drawn: Sequence[Spread]) -> Json:
    names = [one.work.short for one in drawn]
    hover = [
        f"{one.work.short}: median {one.median:.1f}, half {one.lower:.1f} to {one.upper:.1f}, all {one.lowest:.1f} to {one.highest:.1f}"
        for one in drawn
    ]
    data: list[Json] = [
        _lines([(one.work.short, one.lowest, one.highest) for one in drawn], 1, "--plot-0"),
        _lines([(one.work.short, one.lower, one.upper) for one in drawn], 10, "--plot-1-soft"),
        {"type": "scatter", "mode": "markers", "x": [one.median for one in drawn], "y": names, "marker": {"color": "--plot-1", "size": 9},
         "text": hover, "hovertemplate": "%{text}<extra></extra>"},
    ]  # fmt: skip
    most = max(100.0, *(one.highest for one in drawn))
    words = [
        label(f"{one.median:.0f}", color="--plot-1", weight=600, x=one.median, y=one.work.short, xref="x", yref="y", yanchor="bottom", yshift=4)
        for one in drawn
    ]  # fmt: skip
    low = floor_of(min(one.lowest for one in drawn))
    title = "% of the points" + (f" (axis starts at {low:.0f})" if low else "")
    at_full = {"x0": 100, "x1": 100, "y0": 0, "y1": 1, "line": {"color": "--plot-2", "width": 1}}
    layout = {
        "xaxis": {"title": {"text": title}, "range": [low, most + (most - low) * 0.02]},
        "yaxis": {"type": "category", "categoryarray": names[::-1], "categoryorder": "array", "range": [-0.6, len(names) - 0.3]},
        "annotations": words, "shapes": [{"type": "line", "xref": "x", "yref": "paper", **at_full}], "margin": {"t": 8},
    }  # fmt: skip
    return {"data": data, "layout": layout}


def _lines(parts: Sequence[tuple[str, float, float]], width: int, color: str) -> Json:
    """One trace of separate lines, each on the row of its name."""
    x: list[float | None] = []
    y: list[str | None] = []
    for name, low, high in parts:
        x += [low, high, None]
        y += [name, name, None]
    return {
        "type": "scatter",
        "mode": "lines",
        "x": x,
        "y": y,
        "line": {"color": color, "width": width},
        "hoverinfo": "skip",
    }
