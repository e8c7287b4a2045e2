"""From metrics to points, with the arithmetic a student can follow by hand. Pure: facts in, explained lines out."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from courseplatform.core import numbers
from grading.spec import METRICS, BenchSpec, Criterion, Rule

WIDTH, TOP, BOTTOM = 150.0, 5.0, 21.0  # of the drawn rule, in its own units
LABEL_GAP = 6.0
CENT = Decimal("0.01")


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


@dataclass(frozen=True)
class Line:
    """One criterion: what it came to, how the points follow, and the rule drawn. `earned` and `of` are decimal texts.

    left_open: why no points follow and the staff give them; `earned` is then 0.00 and means nothing. "" where they follow.
    """

    key: str
    title: str
    group: str
    basis: str
    metric: str
    value: str
    arithmetic: str
    earned: str
    of: str
    drawing: Drawing | None = None
    left_open: str = ""


@dataclass(frozen=True)
class Points:
    """earned: of the lines from which points follow. left_open: what the others could give, which is for the staff to say."""

    earned: str
    of: str
    left_open: str = "0.00"
    lines: list[Line] = field(default_factory=list)

    def lines_json(self) -> list[dict[str, Any]]:
        return [asdict(line) for line in self.lines]


def points_for(
    spec: BenchSpec,
    metrics: Mapping[str, float],
    intervals: Mapping[str, tuple[float, float]],
    notes: Mapping[str, str],
    left_open: Mapping[str, str] | None = None,
) -> Points:
    """All lines of a measured model.

    Args:
        metrics: metric name -> value in its own unit (share, bytes, count); every metric that a criterion names must be there, but
            for those in `left_open`.
        intervals: metric name -> (low, high), where the value has one.
        notes: criterion key -> what to say beside the value.
        left_open: metric name -> why no points may follow from it.
    """
    why = left_open or {}
    lines = [
        _open_line(criterion, metrics, intervals, why[criterion.metric])
        if criterion.metric in why
        else _line(criterion, metrics, intervals.get(criterion.metric), notes)
        for criterion in spec.criteria
    ]
    return Points(
        earned=_sum(line.earned for line in lines),
        of=_sum(line.of for line in lines),
        left_open=_sum(line.of for line in lines if line.left_open),
        lines=lines,
    )


def _sum(points: Iterable[str]) -> str:
    return str(sum(map(Decimal, points), Decimal("0.00")))


def share_earned(rule: Rule, value: float) -> float:
    """The share of the points that `value` earns, 0 to 1."""
    if rule.kind == "pass":
        return 1.0
    if rule.kind == "at_least":
        return 1.0 if value >= rule.value else 0.0
    if rule.kind == "steps":
        return next((share for limit, share in rule.steps if value <= limit), 0.0)
    return min(max((value - rule.start) / (rule.end - rule.start), 0.0), 1.0) + 0.0  # no minus zero


def rule_words(criterion: Criterion) -> str:
    """The rule as a sentence for the lab page, before anything is handed in."""
    unit = METRICS[criterion.metric][0] if criterion.metric else ""
    rule, points = criterion.rule, numbers.points(criterion.points)

    def say(value: float) -> str:
        return numbers.with_unit(value, unit)

    if rule.kind == "pass":
        return f"{points} when it does"
    if rule.kind == "at_least":
        return f"at least {say(rule.value)}: {points}"
    if rule.kind == "steps":
        steps = ", ".join(
            f"up to {say(limit)} {numbers.points(share * criterion.points)}" for limit, share in rule.steps
        )
        return f"{steps}; above that 0"
    return f"{say(rule.start)} gives 0, {say(rule.end)} gives {points}, straight line between"


def _line(
    criterion: Criterion,
    metrics: Mapping[str, float],
    interval: tuple[float, float] | None,
    notes: Mapping[str, str],
) -> Line:
    of = Decimal(str(criterion.points)).quantize(CENT)
    note = notes.get(criterion.key, criterion.note)
    if criterion.rule.kind == "pass":
        return Line(
            criterion.key, criterion.title, criterion.group, "counted", "", note or "yes", "the check passed",
            str(of), str(of),
        )  # fmt: skip
    value = metrics[criterion.metric]
    unit, basis = METRICS[criterion.metric]
    shown = _shown(value, unit, interval)
    earned = (Decimal(str(share_earned(criterion.rule, value))) * of).quantize(CENT, ROUND_HALF_UP)
    return Line(
        key=criterion.key, title=criterion.title, group=criterion.group, basis=basis, metric=criterion.metric,
        value=shown, arithmetic=_arithmetic(criterion.rule, value, unit, of, earned), earned=str(earned), of=str(of),
        drawing=_drawing(criterion.rule, value, unit, interval),
    )  # fmt: skip


def _open_line(
    criterion: Criterion, metrics: Mapping[str, float], intervals: Mapping[str, tuple[float, float]], why: str
) -> Line:
    """What the number is, if there is one, and that no points follow from it."""
    unit, basis = METRICS[criterion.metric]
    value = metrics.get(criterion.metric)
    shown = "no number" if value is None else _shown(value, unit, intervals.get(criterion.metric))
    of = Decimal(str(criterion.points)).quantize(CENT)
    return Line(
        key=criterion.key, title=criterion.title, group=criterion.group, basis=basis, metric=criterion.metric, value=shown,
        arithmetic="left to the staff", earned="0.00", of=str(of), left_open=why,
    )  # fmt: skip


def _shown(value: float, unit: str, interval: tuple[float, float] | None) -> str:
    """41 ms (36-47): the unit once."""
    shown = numbers.with_unit(value, unit)
    if interval is None:
        return shown
    low, high = (numbers.with_unit(end, unit) for end in interval)
    return f"{shown} ({low.split(numbers.NARROW)[0]}-{high.split(numbers.NARROW)[0]})"


def _arithmetic(rule: Rule, value: float, unit: str, of: Decimal, earned: Decimal) -> str:
    def say(number: float) -> str:
        return numbers.with_unit(number, unit)

    if rule.kind == "at_least":
        verb = "reaches" if value >= rule.value else "is below"
        return f"{say(value)} {verb} {say(rule.value)}"
    if rule.kind == "steps":
        for limit, share in rule.steps:
            if value <= limit:
                return f"at most {say(limit)}: {numbers.points(share * float(of))}"
        return f"above {say(rule.steps[-1][0])}: 0"
    raw = (value - rule.start) / (rule.end - rule.start)
    if raw >= 1:
        return f"{say(rule.end)} or better: all points"
    if raw <= 0:
        return f"{say(rule.start)} or worse: 0"
    scale = 100.0 if unit == "share" else 1.0
    a, b, c = (numbers.digits(number * scale, 4) for number in (value, rule.start, rule.end))
    if rule.end > rule.start:
        return f"({a} - {b}) / ({c} - {b}) x {of} = {earned}"
    return f"({b} - {a}) / ({b} - {c}) x {of} = {earned}"


def _drawing(rule: Rule, value: float, unit: str, interval: tuple[float, float] | None) -> Drawing:
    """The rule over its metric, from 0 % of the points (bottom) to 100 % (top)."""
    limits = _limits(rule)
    margin = 0.25 * ((max(limits) - min(limits)) or max(limits) or 1.0)
    low = 0.0 if rule.kind == "steps" else min(limits) - margin
    high = max(limits) + margin
    if METRICS_MAX.get(unit) is not None:
        low, high = max(low, 0.0), min(high, METRICS_MAX[unit])

    def x(number: float) -> float:
        return round(WIDTH * min(max((number - low) / (high - low), 0.0), 1.0), 1)

    def y(share: float) -> float:
        return round(BOTTOM - (BOTTOM - TOP) * share, 1)

    corners = _corners(rule, low, high)
    band = None
    if interval is not None:
        band = {"x": x(interval[0]), "width": round(max(x(interval[1]) - x(interval[0]), 2.0), 1)}
    return Drawing(
        points=" ".join(f"{x(at)},{y(share)}" for at, share in corners),
        place_x=x(value),
        place_y=y(share_earned(rule, value)),
        band=band,
        labels=_labels([(x(limit), numbers.with_unit(limit, unit)) for limit in limits]),
        beyond="left" if value < low else "right" if value > high else "",
    )


def _labels(limits: Sequence[tuple[float, str]]) -> list[dict[str, Any]]:
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
        half = _text_width(text) / 2
        middle = min(max(x, half), end - half)
        if middle >= half:
            placed.insert(0, {"x": round(middle, 1), "text": text, "is_placed": True})
            end = middle - half - LABEL_GAP
    return placed


def _short(text: str) -> tuple[str, str]:
    """ "16.0 KiB" -> ("16", "KiB"): a limit is a round number that somebody chose."""
    number, _, unit = text.partition(numbers.NARROW)
    return (number.rstrip("0").rstrip(".") if "." in number else number), unit


def _text_width(text: str) -> float:
    """Of 12 px Inter with tabular figures, rather too much than too little."""
    return sum(3.5 if char in "., \u2009\u202f" else 10.5 if char in "%MWm" else 7.5 for char in text)


METRICS_MAX = {"share": 1.0}


def _limits(rule: Rule) -> Sequence[float]:
    if rule.kind == "ramp":
        return sorted((rule.start, rule.end))
    if rule.kind == "at_least":
        return [rule.value]
    return [limit for limit, _ in rule.steps]


def _corners(rule: Rule, low: float, high: float) -> list[tuple[float, float]]:
    if rule.kind == "ramp":
        ends = sorted(((rule.start, 0.0), (rule.end, 1.0)))
        return [(low, ends[0][1]), *ends, (high, ends[1][1])]
    if rule.kind == "at_least":
        return [(low, 0.0), (rule.value, 0.0), (rule.value, 1.0), (high, 1.0)]
    corners, at = [], low
    for limit, share in rule.steps:
        corners += [(at, share), (limit, share)]
        at = limit
    return [*corners, (at, 0.0), (high, 0.0)]
