"""Criteria: which metric gives how many points by which rule."""

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from grading.spec.reader import Reader, SpecError

METRICS: dict[str, tuple[str, str]] = {
    # metric: (unit on the page, basis: how the number is got)
    "accuracy": ("share", "measured"),
    "model_bytes": ("bytes", "counted"),
    "params": ("count", "counted"),
    "macs": ("macs", "counted"),
    "peak_activation_bytes": ("bytes", "counted"),
    "sparsity": ("share", "counted"),
    "weight_bits_mean": ("bits", "counted"),
    # Of the lab's first device, by the cost model (grading/modelled.py).
    "latency_ms": ("ms", "modelled"),
    "energy_mj": ("mj", "modelled"),
}
MODELLED = frozenset(name for name, (_, basis) in METRICS.items() if basis == "modelled")
KINDS = {"pass": (), "ramp": ("from", "to"), "steps": ("steps",), "at_least": ("value",)}
MOST_POINTS = 9999


@dataclass(frozen=True)
class Rule:
    """From a metric to points.

    pass: all points once the model was measured. ramp: none at `start`, all at `end`, straight line between (either direction).
    steps: `steps` = ((limit, share of the points), ...): the first limit that the value does not exceed gives its share, else none.
    at_least: all points from `value` up.
    """

    kind: str
    start: float = 0.0
    end: float = 0.0
    value: float = 0.0
    steps: tuple[tuple[float, float], ...] = ()


@dataclass(frozen=True)
class Criterion:
    key: str
    title: str
    points: float
    rule: Rule
    metric: str = ""
    group: str = ""
    note: str = ""


def read_criterion(raw: Any, place: str) -> Criterion:
    reader = Reader(raw, place)
    rule = _rule(reader.sub("rule"))
    metric = reader.text("metric", "")
    if rule.kind != "pass" and metric not in METRICS:
        raise SpecError(f"{place}.metric: {metric or 'missing'}; known metrics are {', '.join(METRICS)}.")
    criterion = Criterion(
        key=reader.text("key"),
        title=reader.text("title"),
        points=reader.number("points"),
        rule=rule,
        metric=metric,
        group=reader.text("group", ""),
        note=reader.text("note", ""),
    )
    reader.done("rule")
    if not 0 <= criterion.points <= MOST_POINTS:
        raise SpecError(f"{place}.points: {criterion.points:g} is not between 0 and {MOST_POINTS}.")
    return criterion


def _rule(reader: Reader) -> Rule:
    kind = reader.choice("kind", tuple(KINDS))
    steps = tuple(_step(step, reader.place) for step in reader.take_list("steps", []))
    rule = Rule(
        kind=kind,
        start=reader.number("from", 0.0),
        end=reader.number("to", 0.0),
        value=reader.number("value", 0.0),
        steps=steps,
    )
    reader.done(*KINDS[kind])
    if kind == "ramp" and rule.start == rule.end:
        raise SpecError(f"{reader.place}: a ramp needs two different ends.")
    if kind == "steps" and (not steps or any(a[0] >= b[0] or a[1] < b[1] for a, b in pairwise(steps))):
        raise SpecError(f"{reader.place}.steps: limits must rise and shares must not.")
    return rule


def _step(step: Any, place: str) -> tuple[float, float]:
    is_pair = isinstance(step, list | tuple) and len(step) == 2 and all(type(one) in (int, float) for one in step)
    if not is_pair or not 0 <= step[1] <= 1:
        raise SpecError(f"{place}.steps: {step!r} is no limit with the share of the points, 0 to 1, that it gives.")
    return float(step[0]), float(step[1])
