"""Parts of a Plotly figure that several charts of analytics share. Colours are names of tokens. Pure."""

from collections.abc import Sequence
from math import floor, log10
from typing import Any

from grading.figure import QUIET, Json, label

RULE, OTHER = "--plot-2", "--plot-1"
NICE = (1.0, 2.0, 2.5, 5.0, 10.0)


def words(text: str, x: float, y: float, *, color: str = "--ink-2", weight: int = 400, **place: Any) -> Json:
    """Words in the plot, x and y in its axes unless `place` says otherwise."""
    return label(text, color=color, weight=weight, x=x, y=y, **place)


def upright(x: float, low: float, high: float, color: str, width: float = 1.5) -> Json:
    """A line at x from low to high. A trace and no shape, because on a logarithmic axis the two count otherwise."""
    return _line([x, x], [low, high], color, width)


def level(y: float, low: float, high: float, color: str, width: float = 1.5) -> Json:
    return _line([low, high], [y, y], color, width)


def _line(x: list[float], y: list[float], color: str, width: float) -> Json:
    return {
        "type": "scatter", "mode": "lines", "x": x, "y": y, "hoverinfo": "skip", "cliponaxis": False,
        "line": {"color": color, "width": width},
    }  # fmt: skip


def dots(
    x: Sequence[float], y: Sequence[float], said: Sequence[str], *, size: float, color: str = OTHER, **marker: Any
) -> Json:
    """said: what each says when it is pointed at."""
    return {
        "type": "scatter", "mode": "markers", "x": list(x), "y": list(y), "cliponaxis": False,
        "marker": {"size": size, "color": color, "line": {"width": 0}, **marker}, "text": list(said), "hovertemplate": "%{text}<extra></extra>",
    }  # fmt: skip


def bars(
    x: Sequence[float],
    y: Sequence[float],
    said: Sequence[str],
    *,
    color: str = OTHER,
    is_quiet: bool = False,
    **more: Any,
) -> Json:
    return {
        "type": "bar", "x": list(x), "y": list(y), "marker": {"color": color, "opacity": QUIET if is_quiet else 1.0}, "text": list(said),
        "textposition": "none", "hovertemplate": "%{text}<extra></extra>", **more,
    }  # fmt: skip


def nice_step(span: float, most: int) -> float:
    """The smallest of 1, 2, 2.5 or 5 times a power of ten that cuts `span` into at most `most` parts."""
    if span <= 0:
        return 1.0
    power = 10.0 ** floor(log10(span / most))
    return float(next(step for step in (power * one for one in NICE) if span / step <= most + 1e-9))


def stacked(places: Sequence[int]) -> list[int]:
    """For each dot of a column how many of the same column lie under it."""
    found: dict[int, int] = {}
    heights = []
    for place in places:
        heights.append(found.get(place, 0))
        found[place] = heights[-1] + 1
    return heights
