"""A rule as a small drawing: points over the metric, and the place of a value on it. Plain numbers for an SVG of 150 x 40. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from courseplatform.core import numbers
from grading.points.shares import share_earned
from grading.spec import Rule

WIDTH, TOP, BOTTOM = 150.0, 5.0, 21.0  # of the drawn rule, in its own units
LABEL_GAP = 6.0
LONG_UNIT = 7  # letters: the last word of a longer one has no place under the line; the value beside it says it
METRICS_MAX = {"share": 1.0}
Ends = tuple[float, float]


@dataclass(frozen=True)
class Drawing:
    """The rule as a line of points over the metric, and the place on it. All in a box of 150 x 28.

    points: SVG polyline. place_x, place_y: the value. band: the interval, or None. labels: the rule's own limits; x is the middle of the
    text. beyond: "left" or "right" where the value is off the scale and stands at that edge. Results stored earlier have no `beyond` and
    no `is_placed` in their labels.
    """

    points: str
    place_x: float
    place_y: float
    band: dict[str, float] | None
    labels: list[dict[str, Any]]
    beyond: str = ""


def scale_of(rule: Rule, unit: str) -> Ends:
    """The least and the largest value of the drawing: the limits of the rule with a quarter of their span on both sides."""
    limits = rule.limits
    margin = 0.25 * ((max(limits) - min(limits)) or abs(max(limits))) or 0.25  # a quarter of the least float is nothing
    is_budget = rule.kind == "at_most" or (rule.kind == "steps" and not rule.more)
    low = 0.0 if is_budget and min(limits) >= 0 else min(limits) - margin
    high = max(limits) + margin
    if min(limits) >= 0:
        low = max(low, 0.0)
    return low, min(high, max(METRICS_MAX[unit], *limits)) if unit in METRICS_MAX else high


def drawing_of(rule: Rule, value: float, unit: str, interval: Ends | None, ends: Ends | None = None) -> Drawing:
    """The rule over its metric, from 0 % of the points (bottom) to 100 % (top). ends: of the scale; those of the rule where None."""
    low, high = ends or scale_of(rule, unit)

    def x(number: float) -> float:
        return round(WIDTH * min(max((number - low) / (high - low), 0.0), 1.0), 1)

    def y(share: float) -> float:
        return round(BOTTOM - (BOTTOM - TOP) * share, 1)

    band = None
    if interval is not None:
        band = {"x": x(interval[0]), "width": round(max(x(interval[1]) - x(interval[0]), 2.0), 1)}
    return Drawing(
        points=" ".join(f"{x(at)},{y(share)}" for at, share in _corners(rule, low, high)),
        place_x=x(value),
        place_y=y(share_earned(rule, value)),
        band=band,
        labels=labels_of([(x(limit), numbers.with_unit(limit, unit)) for limit in rule.limits]),
        beyond="left" if value < low else "right" if value > high else "",
    )


def labels_of(limits: Sequence[tuple[float, str]]) -> list[dict[str, Any]]:
    """The limits under the line, within the box and apart from each other: short, the common unit once. What has no place is left out."""
    split = [_short(text) for _, text in limits]
    is_one_unit = len({unit for _, unit in split}) == 1
    texts = [
        number if is_one_unit and n < len(split) - 1 else f"{number}{numbers.NARROW}{unit}" if unit else number
        for n, (number, unit) in enumerate(split)
    ]
    placed: list[dict[str, Any]] = []
    end = WIDTH
    for (x, _), text in zip(reversed(limits), reversed(texts), strict=True):
        half = text_width(text) / 2
        middle = min(max(x, half), end - half)
        if middle >= half:
            placed.insert(0, {"x": round(middle, 1), "text": text, "is_placed": True})
            end = middle - half - LABEL_GAP
    return placed


def _short(text: str) -> tuple[str, str]:
    """ "16.0 KiB" -> ("16", "KiB"): a limit is a round number that somebody chose."""
    number, _, unit = text.partition(numbers.NARROW)
    short = number.rstrip("0").rstrip(".") if "." in number else number
    return short, unit.rpartition(numbers.NARROW)[0] if len(unit) > LONG_UNIT else unit


def text_width(text: str) -> float:
    """Of 12 px Inter with tabular figures, rather too much than too little."""
    return sum(3.5 if char in "., \u2009\u202f" else 10.5 if char in "%MWm" else 7.5 for char in text)


def _corners(rule: Rule, low: float, high: float) -> list[tuple[float, float]]:
    if rule.kind == "ramp":
        ends = sorted(((rule.start, 0.0), (rule.end, 1.0)))
        return [(low, ends[0][1]), *ends, (high, ends[1][1])]
    if rule.kind == "curve":
        return [(low, rule.corners[0][1]), *rule.corners, (high, rule.corners[-1][1])]
    if rule.kind == "at_least":
        return [(low, 0.0), (rule.value, 0.0), (rule.value, 1.0), (high, 1.0)]
    if rule.kind == "at_most":
        return [(low, 1.0), (rule.value, 1.0), (rule.value, 0.0), (high, 0.0)]
    return _stairs(rule, low, high)


def _stairs(rule: Rule, low: float, high: float) -> list[tuple[float, float]]:
    corners: list[tuple[float, float]] = []
    if rule.more:
        held = 0.0
        corners.append((low, held))
        for limit, share in rule.steps:
            corners += [(limit, held), (limit, share)]
            held = share
        return [*corners, (high, held)]
    at = low
    for limit, share in rule.steps:
        corners += [(at, share), (limit, share)]
        at = limit
    return [*corners, (at, 0.0), (high, 0.0)]
