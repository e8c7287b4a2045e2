"""The lab's own limits of a metric: where its rules bend or jump, what each stretch between them gives, and how many lie in it. Pure."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise

from grading.points.shares import cents, share_exact
from grading.ranks.class_numbers import said, shown
from grading.spec import BenchSpec, Criterion
from grading.spec.rules import Rule

LEAST = 1e-9  # how far beside a limit a stretch is asked what it gives, as a share of the limit


@dataclass(frozen=True)
class Band:
    """One stretch of a metric. low, high: its ends, None where it is open. gives: its points in words; is_best: nothing gives more."""

    metric: str
    low: float | None
    high: float | None
    gives: str
    is_best: bool
    has_high: bool

    def holds(self, value: float) -> bool:
        """An end belongs to the stretch that the rule says."""
        above = self.low is None or (value > self.low if self.has_high else value >= self.low)
        below = self.high is None or (value <= self.high if self.has_high else value < self.high)
        return above and below

    @property
    def words(self) -> str:
        """up to 30 ms, 30 to 50 ms, over 50 ms; where an end from below belongs to it: under 80 %, 80 to 90 %, 90 % or more."""
        if self.low is None and self.high is not None:
            return f"{'up to' if self.has_high else 'under'} {set_at(self.metric, self.high)}"
        if self.high is None and self.low is not None:
            return (
                f"over {set_at(self.metric, self.low)}" if self.has_high else f"{set_at(self.metric, self.low)} or more"
            )
        return f"{_short(shown(self.metric, self.low or 0))} to {set_at(self.metric, self.high or 0)}"


def set_at(metric: str, limit: float) -> str:
    """30 ms, 90 %: a limit is a number that somebody chose, and needs no zeros after it."""
    return _short(said(metric, limit))


def _short(text: str) -> str:
    return re.sub(r"(\.\d*?)0+(?!\d)", lambda found: found[1].rstrip("."), text)


def limits_of(spec: BenchSpec, metric: str) -> list[tuple[Criterion, float]]:
    """Every limit that a rule of the lab sets for a metric, also one among conditions that must hold together; the lowest first."""
    found = dict[float, Criterion]()
    for criterion in spec.criteria:
        for limit in _limits(criterion, metric):
            found.setdefault(limit, criterion)
    return [(criterion, limit) for limit, criterion in sorted(found.items())]


def _limits(criterion: Criterion, metric: str) -> Sequence[float]:
    if criterion.metric == metric:
        return criterion.rule.limits
    return [one.value for one in criterion.rule.conditions if one.metric == metric]


def criterion_of(spec: BenchSpec, metric: str) -> Criterion | None:
    """The first that gives points by this metric alone; extra credit only where nothing else does."""
    own = [one for one in spec.criteria if one.metric == metric and one.rule.limits]
    return min(own, key=lambda one: one.bonus) if own else None


def bands_of(criterion: Criterion) -> list[Band]:
    """From the lowest stretch to the highest. Its rule has a limit."""
    rule, limits = criterion.rule, criterion.rule.limits
    ends: list[float | None] = [None, *limits, None]
    shares = [_shares(rule, low, high) for low, high in pairwise(ends)]
    best = max(share for pair in shares for share in pair)
    has_high = rule.kind != "at_least" and not rule.more
    if rule.kind in ("ramp", "curve"):  # the side on which more is given has the limit
        has_high = shares[0][0] > shares[-1][-1]
    of = Decimal(str(criterion.points))
    return [
        Band(criterion.metric, low, high, _gives(pair, of), min(pair) == best, has_high)
        for (low, high), pair in zip(pairwise(ends), shares, strict=True)
    ]


def _shares(rule: Rule, low: float | None, high: float | None) -> list[float]:
    """What both ends of a stretch give, asked just inside of it."""
    far = max(abs(low or 0), abs(high or 0), 1e-6) * LEAST
    at = [end for end in (None if low is None else low + far, None if high is None else high - far) if end is not None]
    return [round(float(share_exact(rule, value)), 6) for value in at]


def _gives(shares: Sequence[float], of: Decimal) -> str:
    """1.00, or 0.00 to 1.00 where it rises or falls."""
    ends = sorted({cents(Fraction(str(share)), of) for share in shares})
    return " to ".join(f"{end:.2f}" for end in (ends[0], ends[-1])) if len(ends) > 1 else f"{ends[0]:.2f}"


def gives_at(criterion: Criterion, limit: float) -> str:
    """accuracy: 2.00 of 2.00, as it stands at the line of a limit; among conditions only what the condition is of."""
    title = criterion.title[:1].lower() + criterion.title[1:]
    if not criterion.rule.limits:
        return f"{title}: condition"
    of = Decimal(str(criterion.points))
    return f"{title}: {cents(share_exact(criterion.rule, limit), of)} of {of:.2f}"
