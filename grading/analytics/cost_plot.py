"""Quality against cost for a class: everybody's dot, the front as steps, the lab's limits as lines. Pure."""

from collections.abc import Sequence
from dataclasses import replace
from math import log10

from grading.analytics.bands import Band, gives_at
from grading.analytics.cost_facts import ClassOfCosts, Dot
from grading.analytics.plotting import OTHER, RULE, dots, level, upright, words
from grading.analytics.words import counted
from grading.families.axes import Axis, axis_of, percent_axis
from grading.families.placing import Face, place
from grading.figure import QUIET, Json
from grading.ranks.class_numbers import head_of, label_of, said, scaled
from grading.spec import METRICS, MODELLED

HEIGHT = 360
FACE = Face(letter=6.6, line=16, width=600, height=HEIGHT - 76)
NEAR = 2.0  # a limit farther from the dots than this factor is not drawn: it would press them together
LETTER_PX, HEAD_PX = 6.6, 24.0


def cost_plot(found: ClassOfCosts) -> Json:
    """At least one is measured in both."""
    x, y = _axes(found)
    if found.cost_bands:  # what each stretch gives stands above the dots
        y = replace(y, high=y.high + (y.high - y.low) * HEAD_PX / (FACE.height - HEAD_PX))
    limits = _drawn(found, found.cost, x), _drawn(found, found.gain, y)
    front = [one for one in found.dots if one in found.front]
    rest = [one for one in found.dots if one not in found.front]
    dots_words = _dot_words(found, x, y)
    return {
        "data": [
            *(upright(at, y.low, y.high, RULE) for at, _ in limits[0]), *(level(at, x.low, x.high, RULE) for at, _ in limits[1]),
            *([_steps(found, x)] if len(front) > 1 else []),
            _dots(found, rest, is_front=False), _dots(found, front, is_front=True),
        ],
        "layout": {
            "xaxis": _axis(x, has_grid=False), "yaxis": _axis(y, has_grid=True), "hovermode": "closest", "margin": {"t": 28},
            "annotations": [*dots_words, *_levels(limits[1]), *_bands(found, x)],
            "meta": {"narrow": {"annotations": _levels(limits[1])}},
        },
    }  # fmt: skip


def _axes(found: ClassOfCosts) -> tuple[Axis, Axis]:
    costs = [scaled(found.cost, one.spot.cost) for one in found.dots]
    gains = [scaled(found.gain, one.spot.gain) for one in found.dots]
    reach_x, reach_y = _reach(found, found.cost, costs), _reach(found, found.gain, gains)
    x = axis_of(_cost_label(found), costs, reach_x)
    head = head_of(found.gain)
    head = head if head[1:2].isupper() else head[:1].lower() + head[1:]
    return x, percent_axis(head, gains, reach_y) if METRICS[found.gain][0] == "share" else axis_of(head, gains, reach_y)


def _reach(found: ClassOfCosts, metric: str, values: Sequence[float]) -> list[float]:
    """Limits that lie near enough to belong on the axis."""
    low, high = min(values), max(values)
    if METRICS[metric][0] == "share":
        return [at for _, limit in found.limits(metric) if low - 15 <= (at := scaled(metric, limit)) <= high + 15]
    return [at for _, limit in found.limits(metric) if low / NEAR <= (at := scaled(metric, limit)) <= high * NEAR]


def _cost_label(found: ClassOfCosts) -> str:
    head = head_of(found.cost)
    if found.cost not in MODELLED:
        return head if head[1:2].isupper() else head[:1].lower() + head[1:]
    basis, device, *_ = found.kind.split("|")
    model = "modelled " if basis == "modelled" else ""
    return f"{model}{label_of(found.cost).lower()} on {found.devices.get(device, device)}, {head.rpartition(', ')[2]}"


def _drawn(found: ClassOfCosts, metric: str, axis: Axis) -> list[tuple[float, str]]:
    """(where, words) of each limit that lies within the axis."""
    return [
        (at, gives_at(criterion, limit))
        for criterion, limit in found.limits(metric)
        if axis.low <= (at := scaled(metric, limit)) <= axis.high
    ]


def _steps(found: ClassOfCosts, x: Axis) -> Json:
    """Horizontal first, then up: what a cost buys, up to the right end of the axis."""
    across = [scaled(found.cost, one.spot.cost) for one in found.front]
    up = [scaled(found.gain, one.spot.gain) for one in found.front]
    return {
        "type": "scatter", "mode": "lines", "x": [*across, x.high], "y": [*up, up[-1]], "hoverinfo": "skip",
        "line": {"color": "--ink-3", "width": 1.5, "shape": "hv"},
    }  # fmt: skip


def _dots(found: ClassOfCosts, drawn: Sequence[Dot], *, is_front: bool) -> Json:
    return dots(
        [scaled(found.cost, one.spot.cost) for one in drawn], [scaled(found.gain, one.spot.gain) for one in drawn],
        [f"{one.of.name}, attempt {one.of.number}: {_words(found, one)}" for one in drawn], size=9, color=OTHER,
        opacity=1.0 if is_front else QUIET, line={"width": 1 if is_front else 0, "color": "--ground"},
    )  # fmt: skip


def _words(found: ClassOfCosts, one: Dot) -> str:
    return f"{said(found.gain, one.spot.gain)} at {said(found.cost, one.spot.cost)}"


def _axis(axis: Axis, *, has_grid: bool) -> Json:
    ends = [log10(end) for end in (axis.low, axis.high)] if axis.is_log else [axis.low, axis.high]
    return {
        "type": "log" if axis.is_log else "linear", "range": ends, "title": {"text": axis.label}, "tickvals": list(axis.ticks),
        "ticktext": axis.words(), "showgrid": has_grid, "zeroline": False, "showline": not has_grid, "ticks": "" if has_grid else "outside", "ticklen": 4,
    }  # fmt: skip


def _dot_words(found: ClassOfCosts, x: Axis, y: Axis) -> list[Json]:
    """The two ends of the front and its middle, where there is room."""
    order = list(dict.fromkeys([len(found.front) - 1, 0, len(found.front) // 2]))
    named = {found.dots.index(found.front[n]): _words(found, found.front[n]) for n in order}
    places = [(scaled(found.cost, one.spot.cost), scaled(found.gain, one.spot.gain)) for one in found.dots]
    head = HEAD_PX if found.cost_bands else 0.0
    pixels = [(x.place(across) * FACE.width, (1 - y.place(up)) * FACE.height - head) for across, up in places]
    face = replace(FACE, height=FACE.height - head)
    texts = [named.get(n, "") for n in range(len(found.dots))]
    return [
        words(
            word.text, _on(x, places[word.index][0]), _on(y, places[word.index][1]), xanchor=word.xanchor, yanchor=word.yanchor, xshift=word.dx,
            yshift=-word.dy,
        )
        for word in place(pixels, texts, list(named), face)
    ]  # fmt: skip


def _on(axis: Axis, value: float) -> float:
    """Plotly counts words in powers of ten on a logarithmic axis."""
    return log10(value) if axis.is_log else value


def _levels(limits: Sequence[tuple[float, str]]) -> list[Json]:
    """What each limit of the quality gives, above its line at the left."""
    return [
        words(text, 0, at, color=RULE, xref="paper", xanchor="left", yanchor="bottom", xshift=5) for at, text in limits
    ]


def _bands(found: ClassOfCosts, x: Axis) -> list[Json]:
    """What each stretch of the cost gives and how many lie in it, above the plot where it is wide enough for the words."""
    said_now = []
    for band in found.cost_bands:
        low, high = _ends(found, band, x)
        room = (x.place(high) - x.place(low)) * FACE.width if low < high else 0.0
        count = len(found.in_band(band))
        text = f"{band.gives} points, {counted(count, found.word)}"
        short = f"{band.gives}, {count}"
        fits = next((one for one in (text, short) if LETTER_PX * len(one) + 8 <= room), "")
        if fits:
            middle = (x.place(low) + x.place(high)) / 2
            said_now.append(
                words(fits, middle, 1, xref="paper", yref="paper", xanchor="center", yanchor="top", yshift=-4)
            )
    return said_now


def _ends(found: ClassOfCosts, band: Band, x: Axis) -> tuple[float, float]:
    """Within the axis."""
    low = x.low if band.low is None else max(scaled(found.cost, band.low), x.low)
    high = x.high if band.high is None else min(scaled(found.cost, band.high), x.high)
    return low, high
