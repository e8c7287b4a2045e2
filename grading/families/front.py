"""Which variants of a family are worth a look: the fronts, and the knee. Pure: measured numbers in, variants out."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from math import log10
from typing import Any, TypeVar

from grading.families.labels import TIMES, is_input, title_of
from grading.families.score import ACCURACY, Score, score_of

CROWDED = 6  # more groups than there are colours
TINY_MS = 0.1


@dataclass(frozen=True, eq=False)
class Variant:
    """One measured variant; two with the same numbers are still two.

    key: of its piece. side: of its input in pixels; 0: no picture. size: its input as text, 8 × 8. flops: twice the multiply-accumulates.
    score: by `scored`, the main metric of the task; low, high: its 95 % interval. correct: 0 where
    answers are not right or wrong. fast_ms, slow_ms: the least and the largest median of the processes.
    """

    key: str
    name: str
    title: str
    labels: Mapping[str, str]
    format: str
    side: int
    size: str
    params: int
    weight_bytes: int
    model_bytes: int
    peak_bytes: int
    macs: int
    correct: int
    n: int
    score: float
    low: float
    high: float
    p50_ms: float
    fast_ms: float
    slow_ms: float
    sha256: str = ""
    is_chosen: bool = False
    scored: Score = ACCURACY

    @property
    def gain(self) -> float:
        """The score so that more of it is better."""
        return self.scored.gain(self.score)

    @property
    def flops(self) -> int:
        return 2 * self.macs

    @property
    def full_title(self) -> str:
        """8 × 8, 2 × 128"""
        return f"{self.size}, {self.title}"


def variant_of(
    key: str, data: Mapping[str, Any], measured: Mapping[str, Any], vary: Sequence[str], sha256: str = ""
) -> Variant:
    """A variant from what its piece says and what was measured (models/variants.py)."""
    report, quality, host, metrics = (measured[name] for name in ("report", "quality", "host", "metrics"))
    medians = host.get("medians_ms") or [host["p50_ms"]]
    scored, score, low, high = score_of(measured)
    side, shape = measured.get("size", 0), report["inputs"][0]["shape"]
    return Variant(
        key=key, name=data["name"], title=title_of(data["name"], data.get("labels", {}), vary), labels=data.get("labels", {}),
        format=report["format"], side=side, size=TIMES.join(map(str, [side, side] if side else shape[1:])), params=report["params"],
        weight_bytes=report["weight_bytes"], model_bytes=metrics["model_bytes"], peak_bytes=report["peak_activation_bytes"],
        macs=report["macs"], correct=quality.get("correct", 0), n=quality["n"], scored=scored, score=score, low=low,
        high=high, p50_ms=host["p50_ms"], fast_ms=min(medians), slow_ms=max(medians), sha256=sha256,
        is_chosen=bool(data.get("chosen")),
    )  # fmt: skip


T = TypeVar("T")


def flops(variant: Variant) -> float:
    return float(variant.flops)


def gain_of(variant: Variant) -> float:
    return variant.gain


def latency(variant: Variant) -> float:
    return variant.p50_ms


def front(variants: Sequence[T], cost: Callable[[T], float], gain: Callable[[T], float]) -> list[T]:
    """Those that no other beats: none has at most their cost and at least their gain, and one of the two better. By rising cost.

    Of two with the same cost and the same gain both stand.
    """
    kept: list[T] = []
    best = float("-inf")
    for variant in sorted(variants, key=lambda one: (cost(one), -gain(one))):
        is_same = bool(kept) and (cost(kept[-1]), gain(kept[-1])) == (cost(variant), gain(variant))
        if gain(variant) > best or is_same:
            kept.append(variant)
            best = gain(variant)
    return kept


def knee(variants: Sequence[Variant]) -> Variant | None:
    """Where the front of the score against the logarithm of the FLOPs bends most: the point farthest above its chord.

    Both axes are scaled so that the front goes from (0, 0) to (1, 1); then the distance to the chord is proportional to y - x
    (V. Satopää and others, Finding a "Kneedle" in a Haystack, 2011). Of equal ones the cheaper. None where the front has fewer than
    three points or none lies above the chord: then there is no bend, and none is made up.
    """
    points = front(variants, flops, gain_of)
    if len(points) < 3 or points[0].flops <= 0:
        return None
    x0, x1 = log10(points[0].flops), log10(points[-1].flops)
    y0, y1 = points[0].gain, points[-1].gain
    if x1 <= x0 or y1 <= y0:
        return None
    above = [(p.gain - y0) / (y1 - y0) - (log10(p.flops) - x0) / (x1 - x0) for p in points]
    farthest = max(above)
    return points[above.index(farthest)] if farthest > 1e-9 else None


def is_apart(one: Variant, other: Variant) -> bool:
    """Whether the scores of two variants can be told apart: their 95 % intervals do not overlap."""
    return one.low > other.high or other.low > one.high


def is_time_apart(one: Variant, other: Variant) -> bool:
    return one.fast_ms > other.slow_ms or other.fast_ms > one.slow_ms


def _falling(name: str) -> tuple[float, str]:
    """28 × 28 before 14 × 14, width 10 before width 2: by the first number in the name."""
    found = re.search(r"\d+(?:\.\d+)?", name)
    return (-float(found[0]) if found else 0.0, name)


@dataclass(frozen=True)
class Family:
    """The measured variants with what follows from them. `vary`: what varies, as the course file says it."""

    variants: tuple[Variant, ...]
    vary: tuple[str, ...] = ()
    by_flops: tuple[Variant, ...] = field(init=False)
    by_time: tuple[Variant, ...] = field(init=False)
    by_work: tuple[Variant, ...] = field(init=False)
    knee: Variant | None = field(init=False)

    def __post_init__(self) -> None:
        ordered = tuple(sorted(self.variants, key=lambda one: (one.flops, one.p50_ms, one.name)))
        fill = object.__setattr__
        fill(self, "variants", ordered)
        fill(self, "by_flops", tuple(front(ordered, flops, gain_of)))
        fill(self, "by_time", tuple(front(ordered, latency, gain_of)))
        fill(self, "by_work", tuple(front(ordered, latency, flops)))
        fill(self, "knee", knee(ordered))

    @property
    def time_unit(self) -> tuple[float, str]:
        """(milliseconds, name) of the unit in which people read the times: small nets take microseconds."""
        is_tiny = bool(self.variants) and all(one.p50_ms < TINY_MS for one in self.variants)
        return (0.001, "µs") if is_tiny else (1.0, "ms")

    @property
    def scored(self) -> Score:
        """By what the variants are compared."""
        return self.variants[0].scored if self.variants else ACCURACY

    @property
    def chosen(self) -> Variant | None:
        """What its owner marked, else the knee."""
        return next((one for one in self.variants if one.is_chosen), self.knee)

    @property
    def best(self) -> Variant | None:
        """The one with the best score, of equal ones the cheapest: the last of the front by FLOPs."""
        return max(self.variants, key=lambda one: (one.gain, -one.flops), default=None)

    @property
    def enough(self) -> Variant | None:
        """The cheapest variant of the front that cannot be told apart from the best one."""
        best = self.best
        return next((one for one in self.by_flops if best is not None and not is_apart(one, best)), None)

    def groups(self) -> dict[str, list[Variant]]:
        """By what variants are coloured: the size of their input, else the first label that varies. The largest first; all in one group
        where that would be more groups than there are colours."""
        names = self._group_names()
        kinds = sorted(set(names.values()), key=_falling)
        if len(kinds) > CROWDED:
            return {"": list(self.variants)}
        return {kind: [one for one in self.variants if names[one] == kind] for kind in kinds}

    def _group_names(self) -> dict[Variant, str]:
        """What tells the variants apart: the size of the input where there are several, else the first label that varies."""
        if len({one.size for one in self.variants}) > 1:
            return {one: one.size for one in self.variants}
        for label in self.vary:
            values = {one: one.labels.get(label, "") for one in self.variants}
            if len(set(values.values())) > 1 and all(values.values()):
                return {one: f"{label} {value}" for one, value in values.items()}
        return dict.fromkeys(self.variants, "")

    def counts(self) -> dict[str, int]:
        """How many values each thing takes that varies; the input is counted as it was measured."""
        return {
            label: len({one.size if is_input(label) else one.labels.get(label, "") for one in self.variants} - {""})
            for label in self.vary
        }
