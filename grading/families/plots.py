"""The three plots of a family: score and latency against FLOPs, score against latency. Pure.

One `Plot` is what the page draws with Plotly (`plotly_of`) and what the exports draw in a process of their own (families/drawing.py).
Colours are names of tokens.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape
from math import log10
from typing import Any

from courseplatform.core import numbers
from grading.families import words
from grading.families.axes import Axis, axis_of, percent_axis
from grading.families.front import Family, Variant
from grading.families.placing import Face, Word, place

Json = dict[str, Any]
COLOURS = ("--plot-1", "--plot-3", "--plot-4", "--plot-6", "--plot-5", "--plot-0")
SHAPES = ("circle", "square", "diamond", "triangle-up", "triangle-down", "cross")  # none is told by colour alone
QUIET = 0.4  # how strong a variant is drawn that is not on the front
HEIGHT = 300
PAGE = Face(letter=6.8, line=15, width=290, height=HEIGHT - 80)  # what is left of a third of the page beside the axes


@dataclass(frozen=True)
class Dot:
    """One variant in a plot. low, high: ends of its interval along an axis; the value itself where there is none."""

    variant: Variant
    x: float
    y: float
    x_low: float
    x_high: float
    y_low: float
    y_high: float
    group: int
    is_on_front: bool
    is_chosen: bool


@dataclass(frozen=True)
class Plot:
    """One plot. line: the corners of the front as a staircase. groups: names in the order of the colours. time_unit: as of its family."""

    slug: str
    title: str
    basis: str
    finding: str
    x: Axis
    y: Axis
    dots: tuple[Dot, ...]
    line: tuple[tuple[float, float], ...]
    groups: tuple[str, ...]
    time_unit: tuple[float, str]

    def placed(self, face: Face) -> list[Word]:
        """The names beside the dots, as many as find room: the chosen one first, then those of the front."""
        spots, corners = (
            [(self.x.place(x) * face.width, (1 - self.y.place(y)) * face.height) for x, y in points]
            for points in ([(dot.x, dot.y) for dot in self.dots], self.line)
        )
        chosen = next((n for n, dot in enumerate(self.dots) if dot.is_chosen), None)
        order = sorted(
            range(len(self.dots)), key=lambda n: (not self.dots[n].is_chosen, not self.dots[n].is_on_front, n)
        )
        return place(spots, [dot.variant.title for dot in self.dots], order, face, corners, chosen)


def plots_of(family: Family) -> list[Plot]:
    """Empty where no variant is measured."""
    return [build(family) for build in PLOTS.values()] if family.variants else []


def score_flops(family: Family) -> Plot:
    unit, letter = words.flop_unit(max(one.flops for one in family.variants))
    dots = _dots(family, family.by_flops, x=lambda one: _exactly(one.flops / unit), y=_score)
    return Plot(
        "accuracy-flops", f"{family.scored.title} and FLOPs", "counted", words.by_flops_finding(family),
        x=axis_of(f"FLOPs, {letter}" if letter else "FLOPs", [dot.x for dot in dots]), y=_score_axis(family, dots), dots=dots,
        line=_stairs([(one.flops / unit, one.scored.scaled(one.score)) for one in family.by_flops]), groups=tuple(family.groups()),
        time_unit=family.time_unit,
    )  # fmt: skip


def score_latency(family: Family) -> Plot:
    dots = _dots(family, family.by_time, x=_latency(family), y=_score)
    reach = [end for dot in dots for end in (dot.x_low, dot.x_high)]
    return Plot(
        "accuracy-latency", f"{family.scored.title} and latency", "shown", words.by_time_finding(family),
        x=axis_of(f"latency on the host, {family.time_unit[1]}", [dot.x for dot in dots], reach), y=_score_axis(family, dots), dots=dots,
        line=_stairs([(one.p50_ms / family.time_unit[0], one.scored.scaled(one.score)) for one in family.by_time]), groups=tuple(family.groups()),
        time_unit=family.time_unit,
    )  # fmt: skip


def latency_flops(family: Family) -> Plot:
    unit, letter = words.flop_unit(max(one.flops for one in family.variants))
    dots = _dots(family, family.by_work, x=lambda one: _exactly(one.flops / unit), y=_latency(family))
    reach = [end for dot in dots for end in (dot.y_low, dot.y_high)]
    return Plot(
        "latency-flops", "Latency and FLOPs", "shown", words.by_work_finding(family),
        x=axis_of(f"FLOPs, {letter}" if letter else "FLOPs", [dot.x for dot in dots]),
        y=axis_of(f"latency on the host, {family.time_unit[1]}", [dot.y for dot in dots], reach), dots=dots,
        line=_stairs([(one.flops / unit, one.p50_ms / family.time_unit[0]) for one in family.by_work], is_floor=True), groups=tuple(family.groups()),
        time_unit=family.time_unit,
    )  # fmt: skip


PLOTS: dict[str, Callable[[Family], Plot]] = {
    "accuracy-flops": score_flops,
    "accuracy-latency": score_latency,
    "latency-flops": latency_flops,
}

Measured = Callable[[Variant], tuple[float, float, float]]


def _score(variant: Variant) -> tuple[float, float, float]:
    value, low, high = (variant.scored.scaled(one) for one in (variant.score, variant.low, variant.high))
    return value, low, high


def _latency(family: Family) -> Measured:
    unit, _ = family.time_unit
    return lambda one: (one.p50_ms / unit, one.fast_ms / unit, one.slow_ms / unit)


def _exactly(value: float) -> tuple[float, float, float]:
    return value, value, value


def _dots(family: Family, front: Sequence[Variant], x: Measured, y: Measured) -> tuple[Dot, ...]:
    groups = list(family.groups().values())
    made = []
    for one in family.variants:
        across, up = x(one), y(one)
        group = next(n for n, members in enumerate(groups) if one in members)
        made.append(
            Dot(one, across[0], up[0], across[1], across[2], up[1], up[2], group, one in front, one is family.chosen)
        )
    return tuple(made)


def _score_axis(family: Family, dots: Sequence[Dot]) -> Axis:
    """A share ends at 0 and 100 %; a rate of errors may lie above."""
    by = family.scored
    values, reach = [dot.y for dot in dots], [end for dot in dots for end in (dot.y_low, dot.y_high)]
    if by.metric.unit == "share":
        return percent_axis(f"{by.words}, %", values, reach)
    return axis_of(f"{by.words}, %" if by.is_percent else by.words, values, reach)


def _stairs(points: Sequence[tuple[float, float]], *, is_floor: bool = False) -> tuple[tuple[float, float], ...]:
    """The corners of a front. A ceiling (a score for a budget) holds to the right of each point, a floor (the time in which so much work
    is done) to its left."""
    corners: list[tuple[float, float]] = []
    for x, y in points:
        if corners:
            corners.append((corners[-1][0], y) if is_floor else (x, corners[-1][1]))
        corners.append((x, y))
    return tuple(corners)


def plotly_of(plot: Plot) -> Json:
    """A Plotly figure; static/js/plots.js gives it the colours of the theme."""
    front = {
        "type": "scatter", "mode": "lines", "x": [x for x, _ in plot.line], "y": [y for _, y in plot.line], "hoverinfo": "skip",
        "line": {"color": "--ink-3", "width": 1.25},
    }  # fmt: skip
    groups = [
        _trace(plot, [dot for dot in plot.dots if dot.group == n and not dot.is_chosen], n)
        for n in range(len(plot.groups))
    ]
    chosen = [_trace(plot, [dot], dot.group, is_strong=True) for dot in plot.dots if dot.is_chosen]
    return {
        "data": [front, *(trace for trace in (*groups, *chosen) if trace["x"])],
        "layout": {"xaxis": _plotly_axis(plot.x, has_grid=False), "yaxis": _plotly_axis(plot.y, has_grid=True), "hovermode": "closest",
                   "annotations": [_annotation(plot, word) for word in plot.placed(PAGE)]},
    }  # fmt: skip


def _trace(plot: Plot, dots: Sequence[Dot], group: int, *, is_strong: bool = False) -> Json:
    colour = COLOURS[group]
    bars = {"color": colour if is_strong else "--plot-0-soft", "thickness": 2 if is_strong else 1, "width": 0}
    return {
        "type": "scatter", "mode": "markers", "x": [dot.x for dot in dots], "y": [dot.y for dot in dots], "cliponaxis": False,
        "error_x": bars | _ends([(dot.x, dot.x_low, dot.x_high) for dot in dots]),
        "error_y": bars | _ends([(dot.y, dot.y_low, dot.y_high) for dot in dots]),
        "marker": {"color": colour, "symbol": SHAPES[group], "size": 12 if is_strong else 8, "line": {"color": "--ground", "width": 1},
                   "opacity": [1 if dot.is_on_front or is_strong else QUIET for dot in dots]},
        # Plotly reads a little HTML; what a student calls a variant is a stranger's.
        "text": [escape(_hover(dot.variant, *plot.time_unit)) for dot in dots], "hovertemplate": "%{text}<extra></extra>",
    }  # fmt: skip


def _ends(values: Sequence[tuple[float, float, float]]) -> Json:
    return {
        "type": "data", "symmetric": False, "visible": any(low < value or high > value for value, low, high in values),
        "array": [max(high - value, 0) for value, _, high in values], "arrayminus": [max(value - low, 0) for value, low, _ in values],
    }  # fmt: skip


def _hover(one: Variant, unit: float, unit_name: str) -> str:
    by = one.scored
    score = f"{by.bare(one.score)}{' %' if by.is_percent else ''} ({by.bare(one.low)}–{by.bare(one.high)})"
    return (
        f"{one.full_title}: {score}, {words.flop_amount(one.flops)}, "
        f"{numbers.digits(one.p50_ms / unit)} {unit_name} ({numbers.digits(one.fast_ms / unit)}–{numbers.digits(one.slow_ms / unit)})"
    )


def _plotly_axis(axis: Axis, *, has_grid: bool) -> Json:
    """A range of a logarithmic axis is written in powers of ten."""
    ends = [log10(end) for end in (axis.low, axis.high)] if axis.is_log else [axis.low, axis.high]
    return {
        "type": "log" if axis.is_log else "linear", "range": ends, "title": {"text": axis.label}, "tickvals": list(axis.ticks),
        "ticktext": axis.words(), "showgrid": has_grid, "zeroline": False,
    }  # fmt: skip


def _annotation(plot: Plot, word: Word) -> Json:
    dot = plot.dots[word.index]
    x, y = (log10(value) if axis.is_log else value for value, axis in ((dot.x, plot.x), (dot.y, plot.y)))
    return {
        "text": escape(word.text), "x": x, "y": y, "showarrow": False, "xanchor": word.xanchor, "yanchor": word.yanchor,
        "xshift": word.dx, "yshift": -word.dy,
        "font": {"size": 11, "color": "--ink" if dot.is_chosen else "--ink-2", "weight": 600 if dot.is_chosen else 400},
    }  # fmt: skip
