"""Rules: how the value of a metric becomes a share of the points."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from grading.spec.baselines import Baselines, Origin, limit_of, read_limit
from grading.spec.device_metrics import FITS
from grading.spec.reader import Reader, SpecError

KINDS: dict[str, tuple[str, ...]] = {
    # kind: its keys
    "pass": (),
    "ramp": ("from", "to"),
    "curve": ("points",),
    "steps": ("steps",),
    "at_least": ("value",),
    "at_most": ("value",),
    FITS: (),
    "all_of": ("conditions",),
}
WITHOUT_METRIC = frozenset({"pass", FITS, "all_of"})
BETTER = ("less", "more")
MOST_CORNERS = 20
MOST_CONDITIONS = 6
Pair = tuple[float, float]


@dataclass(frozen=True)
class Condition:
    """One of several that must hold together. kind: at_least, at_most, or fits, which has neither metric nor value."""

    kind: str
    metric: str = ""
    value: float = 0.0
    origin: Origin | None = None


@dataclass(frozen=True)
class Rule:
    """From a metric to points.

    pass: all points once the model was measured. fits: all where it runs on the lab's first device.
    ramp: none at `start`, all at `end`, straight line between (either direction).
    curve: `corners` = ((value, share of the points), ...), straight lines between, and flat before the first and after the last.
    steps: `steps` = ((limit, share of the points), ...). Less is better: the first limit that the value does not exceed gives its
    share, above the last there is none. `more` is better: the last limit that the value reaches gives its share, below the first none.
    at_least: all points from `value` up; at_most: all up to `value`. all_of: all points where every one of `conditions` holds.

    origins: of the limits that are counted from a baseline, by their value.
    """

    kind: str
    start: float = 0.0
    end: float = 0.0
    value: float = 0.0
    steps: tuple[Pair, ...] = ()
    corners: tuple[Pair, ...] = ()
    more: bool = False
    conditions: tuple[Condition, ...] = ()
    origins: tuple[tuple[float, Origin], ...] = ()

    @property
    def limits(self) -> tuple[float, ...]:
        """The values at which the rule bends or jumps, in their order."""
        if self.kind == "ramp":
            return tuple(sorted((self.start, self.end)))
        if self.kind in ("at_least", "at_most"):
            return (self.value,)
        return tuple(at for at, _ in (self.corners if self.kind == "curve" else self.steps))

    @property
    def most(self) -> float | None:
        """The value above which nothing is left, where the rule is such a budget."""
        if self.kind == "at_most":
            return self.value
        return self.steps[-1][0] if self.kind == "steps" and not self.more else None

    def origin_of(self, limit: float) -> Origin | None:
        return dict(self.origins).get(limit)


def read_rule(reader: Reader, metric: str, baselines: Baselines, known: Mapping[str, Any]) -> Rule:
    """known: the metrics that exist, for the conditions of all_of. Raises SpecError."""
    kind = reader.choice("kind", tuple(KINDS))
    origins: list[tuple[float, Origin]] = []

    def limit(key: str) -> float:
        if key not in reader.raw and kind != "at_most":
            return 0.0  # as specs were always read
        value, origin = read_limit(reader, key, metric, baselines)
        origins.extend([(value, origin)] if origin else [])
        return value

    found: dict[str, Any] = {}
    if kind == "ramp":
        found = {"start": limit("from"), "end": limit("to")}
    elif kind in ("at_least", "at_most"):
        found = {"value": limit("value")}
    elif kind in ("curve", "steps"):
        key = "points" if kind == "curve" else "steps"
        pairs = [_pair(pair, reader.place, key, metric, baselines, origins) for pair in reader.take_list(key, [])]
        found = {"corners": tuple(pairs)} if kind == "curve" else {"steps": tuple(pairs), "more": _is_more(reader)}
    elif kind == "all_of":
        found = {"conditions": _conditions(reader, baselines, known)}
    rule = Rule(kind=kind, **found, origins=tuple(origins))
    is_monotone = _is_monotone_wanted(reader) if kind == "curve" else True
    reader.done(*KINDS[kind])
    _check(rule, reader.place, is_monotone=is_monotone)
    return rule


def _is_more(reader: Reader) -> bool:
    return reader.choice("better", BETTER, "less") == "more"


def _is_monotone_wanted(reader: Reader) -> bool:
    """A curve that goes up and down is seldom meant, so whoever means it says `monotone: false`."""
    return reader.flag("monotone", default=True)


def _pair(
    pair: Any, place: str, key: str, metric: str, baselines: Baselines, origins: list[tuple[float, Origin]]
) -> Pair:
    if not isinstance(pair, list | tuple) or len(pair) != 2:
        raise SpecError(f"{place}.{key}: {pair!r} is no limit with the share of the points, 0 to 1, that it gives.")
    at, origin = limit_of(pair[0], f"{place}.{key}", metric, baselines)
    if type(pair[1]) not in (int, float) or not 0 <= pair[1] <= 1:
        raise SpecError(f"{place}.{key}: {pair!r} is no limit with the share of the points, 0 to 1, that it gives.")
    origins.extend([(at, origin)] if origin else [])
    return at, float(pair[1])


def _conditions(reader: Reader, baselines: Baselines, known: Mapping[str, Any]) -> tuple[Condition, ...]:
    items = reader.take_list("conditions")
    if not 2 <= len(items) <= MOST_CONDITIONS:
        raise SpecError(f"{reader.place}.conditions: give 2 to {MOST_CONDITIONS} conditions that must hold together.")
    return tuple(
        _condition(Reader(raw, f"{reader.place}.conditions[{n}]"), baselines, known) for n, raw in enumerate(items)
    )


def _condition(reader: Reader, baselines: Baselines, known: Mapping[str, Any]) -> Condition:
    """{fits: true}, or {metric: macs, at_most: 1000000}, or {metric: accuracy, at_least: {baseline: reference}}."""
    if FITS in reader.raw:
        if not reader.flag(FITS):
            raise SpecError(f"{reader.place}.fits: only `fits: true` is a condition.")
        reader.done()
        return Condition(FITS)
    metric = reader.text("metric")
    if metric not in known:
        raise SpecError(f"{reader.place}.metric: {metric}; known metrics are {', '.join(known)}.")
    sides = [side for side in ("at_least", "at_most") if side in reader.raw]
    if len(sides) != 1:
        raise SpecError(f"{reader.place}: give one of at_least and at_most, or `fits: true` alone.")
    value, origin = read_limit(reader, sides[0], metric, baselines)
    reader.done("at_least", "at_most")
    return Condition(sides[0], metric, value, origin)


def _check(rule: Rule, place: str, *, is_monotone: bool) -> None:
    if rule.kind == "ramp" and rule.start == rule.end:
        raise SpecError(f"{place}: a ramp needs two different ends.")
    if rule.kind == "steps":
        _check_steps(rule, place)
    if rule.kind == "curve":
        _check_curve(rule.corners, place, is_monotone=is_monotone)


def _check_steps(rule: Rule, place: str) -> None:
    steps = rule.steps
    if not 1 <= len(steps) <= MOST_CORNERS or any(a[0] >= b[0] for a, b in pairwise(steps)):
        raise SpecError(f"{place}.steps: limits must rise and shares must not; give 1 to {MOST_CORNERS}.")
    if not rule.more and any(a[1] < b[1] for a, b in pairwise(steps)):
        said = "limits must rise and shares must not. Where more is better, say `better: more`; then both rise."
        raise SpecError(f"{place}.steps: {said}")
    if rule.more and any(a[1] > b[1] for a, b in pairwise(steps)):
        raise SpecError(f"{place}.steps: with `better: more` limits and shares must rise.")


def _check_curve(corners: tuple[Pair, ...], place: str, *, is_monotone: bool) -> None:
    if not 2 <= len(corners) <= MOST_CORNERS or any(a[0] >= b[0] for a, b in pairwise(corners)):
        raise SpecError(f"{place}.points: give 2 to {MOST_CORNERS} corners, each farther right than the one before.")
    shares = [share for _, share in corners]
    if is_monotone and shares not in (sorted(shares), sorted(shares, reverse=True)):
        said = "the shares go up and down. If that is meant, say `monotone: false`."
        raise SpecError(f"{place}.points: {said}")
