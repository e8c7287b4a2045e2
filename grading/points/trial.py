"""What a lab would give for numbers that somebody tries: a slider for each metric, and the very arithmetic of a result. Pure.

The page moves the sliders and asks; the points, the words and the drawing come from here and from nowhere else.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from fractions import Fraction
from math import ceil, floor, log2, log10
from typing import Any

from grading.points.drawing import scale_of
from grading.points.lines import Line, Points, points_for
from grading.points.modelled import Fit
from grading.points.shares import exact
from grading.points.table import EXTRA, MEASURED, extra_words
from grading.spec import BenchSpec, Rule
from grading.spec.criteria import unit_of, words_of_metric
from grading.spec.device_metrics import FITS

PLACES = 200  # of a slider, about: an arrow key moves it by one
WHOLE = frozenset({"count", "macs", "inferences"})
SIDES = frozenset({"at_least", "at_most"})


@dataclass(frozen=True)
class Slider:
    """A metric that can be tried, from `low` to `high` in steps of `step`, now at `value`. All in the metric's unit, as HTML takes numbers."""

    metric: str
    label: str
    low: str
    high: str
    step: str
    value: str


@dataclass(frozen=True)
class Row:
    """One line of points. slider: its metric's, at the first line that has it. parts: the conditions of the line, each such a row.

    has_switch: whether the board is fitted is asked here.
    """

    key: str
    line: Mapping[str, Any]
    slider: Slider | None = None
    has_switch: bool = False
    parts: list["Row"] = field(default_factory=list)


@dataclass(frozen=True)
class Trial:
    """The table of a trial: its groups of rows and their sum. metrics: the values that were tried."""

    groups: list[tuple[str, list[Row]]]
    points: Points
    extra: str
    fits: bool

    @property
    def has_sliders(self) -> bool:
        """Where nothing can be moved there is nothing to try."""
        rows = [row for _, rows in self.groups for row in rows]
        return any(row.slider or row.has_switch for one in rows for row in (one, *one.parts))


def tried(
    spec: BenchSpec,
    values: Mapping[str, float],
    *,
    start: Mapping[str, float] | None = None,
    fits: bool = True,
    device: str = "",
) -> Trial:
    """What the lab gives for these values.

    Args:
        values: metric -> value, moved to the nearest place of its slider. start: what holds where a value is not named, as those of a
            result; the sliders reach them. Without it the middle of the rule holds.
        fits: whether the model runs on the lab's first device. device: the name of that.
    """
    sliders = {slider.metric: slider for slider in _sliders(spec, values, start or {})}
    metrics = {metric: float(slider.value) for metric, slider in sliders.items()}
    why = "" if fits else "too large, or no runtime there loads it"
    points = points_for(spec, metrics, {}, {}, fit=Fit(device or "board", fits, 0, 0, 0, 0, why))
    by_group: dict[str, list[Row]] = {}
    left: dict[str, Slider | None] = {**sliders, FITS: None}
    for line in sorted(points.lines, key=lambda line: line.bonus):
        name = EXTRA if line.bonus else line.group or MEASURED
        by_group.setdefault(name, []).append(_row(line, left))
    return Trial(list(by_group.items()), points, extra_words(points.lines_json()), fits)


def _row(line: Line, left: dict[str, Slider | None]) -> Row:
    """What can be moved stands once: at the first line, or the first condition, that has its metric. left: what stands nowhere yet."""
    if line.parts:
        parts = [_movable(f"{line.key}-{n}", asdict(part), left) for n, part in enumerate(line.parts)]
        return Row(line.key, asdict(line), parts=parts)
    return _movable(line.key, asdict(line), left)


def _movable(key: str, said: Mapping[str, Any], left: dict[str, Slider | None]) -> Row:
    has_switch = said["metric"] == FITS and FITS in left
    return Row(key, said, left.pop(said["metric"], None), has_switch)


def _sliders(spec: BenchSpec, values: Mapping[str, float], start: Mapping[str, float]) -> Iterator[Slider]:
    rules: dict[str, list[Rule]] = {}
    for metric, rule in _rules(spec):
        rules.setdefault(metric, []).append(rule)
    for metric, own in rules.items():
        yield _slider(metric, own, values.get(metric), start.get(metric))


def _rules(spec: BenchSpec) -> Iterable[tuple[str, Rule]]:
    for criterion in spec.criteria:
        if criterion.rule.kind == "all_of":
            for one in criterion.rule.conditions:
                if one.kind in SIDES:
                    yield one.metric, Rule(one.kind, value=one.value)
        elif criterion.rule.limits:
            yield criterion.metric, criterion.rule


def _slider(metric: str, rules: list[Rule], value: float | None, start: float | None) -> Slider:
    unit = unit_of(metric)
    ends = [end for rule in rules for end in scale_of(rule, unit)] + ([] if start is None else [start])
    limits = [exact(limit) for rule in rules for limit in rule.limits]
    step = _step(max(ends) - min(ends), unit)
    first, last = floor(exact(min(ends)) / step) * step, ceil(exact(max(ends)) / step) * step
    said = value if value is not None else start
    at = (min(limits) + max(limits)) / 2 if said is None else exact(said)
    placed = min(max(first + floor((at - first) / step + Fraction(1, 2)) * step, first), last)
    return Slider(metric, words_of_metric(metric), _text(first), _text(last), _text(step), _text(placed))


def _step(span: float, unit: str) -> Fraction:
    """A round number of which about PLACES fill the span: 1, 2 or 5 times a power of ten, of bytes a power of two."""
    fine = max(span / PLACES, 1e-12)
    if unit == "bytes":
        return Fraction(max(2 ** floor(log2(fine)), 1))
    power = floor(log10(fine))
    round_numbers = [Fraction(10) ** power * times for times in (1, 2, 5)]
    found = max(number for number in round_numbers if number <= fine * (1 + 1e-9))
    return max(found, Fraction(1)) if unit in WHOLE else found


def _text(number: Fraction) -> str:
    """As HTML takes it, without an exponent where it can be."""
    return f"{number.numerator}" if number.denominator == 1 else f"{float(number)!r}"
