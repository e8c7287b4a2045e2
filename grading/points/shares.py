"""What share of the points a value earns, exactly, as somebody would work it out by hand. Pure."""

from decimal import Decimal
from fractions import Fraction
from itertools import pairwise

from grading.spec import Rule

CENT = Decimal("0.01")
NONE, ALL = Fraction(0), Fraction(1)


def exact(value: float) -> Fraction:
    """The number as it is written: 0.1 is a tenth here, and not the nearest float of it."""
    return Fraction(str(value))


def share_exact(rule: Rule, value: float) -> Fraction:
    """The share of the points, 0 to 1. Rules of one metric only: `fits` and `all_of` rest on more than a value."""
    if rule.kind == "pass":
        return ALL
    if rule.kind == "at_least":
        return ALL if value >= rule.value else NONE
    if rule.kind == "at_most":
        return ALL if value <= rule.value else NONE
    if rule.kind == "steps":
        return _step(rule, value)
    if rule.kind == "curve":
        return _on_curve(rule, value)
    start, end = exact(rule.start), exact(rule.end)
    return min(max((exact(value) - start) / (end - start), NONE), ALL)


def share_earned(rule: Rule, value: float) -> float:
    return float(share_exact(rule, value))


def cents(share: Fraction, of: Decimal) -> Decimal:
    """That share of the points, to the cent, half a cent up."""
    found = share * Fraction(of)
    return Decimal((found * 100 * 2 + 1) // 2) * CENT


def share_range(rule: Rule, low: float, high: float) -> tuple[Fraction, Fraction]:
    """The least and the most that a value between low and high may earn."""
    at = [low, high, *(limit for limit in rule.limits if low <= limit <= high)]
    shares = [share_exact(rule, value) for value in at]
    # Just beyond a limit of steps another share holds, which no value named here has.
    shares += [beyond for limit in at[2:] for beyond in _beside(rule, limit, low, high)]
    return min(shares), max(shares)


def _step(rule: Rule, value: float) -> Fraction:
    if rule.more:
        reached = [share for limit, share in rule.steps if value >= limit]
        return exact(reached[-1]) if reached else NONE
    return exact(next((share for limit, share in rule.steps if value <= limit), 0.0))


def _beside(rule: Rule, limit: float, low: float, high: float) -> list[Fraction]:
    """What holds right of a limit where less is better, or left of it where more is."""
    if rule.kind == "at_most" and high > limit:
        return [NONE]
    if rule.kind == "at_least" and low < limit:
        return [NONE]
    if rule.kind != "steps":
        return []
    shares = [share for _, share in rule.steps]
    place = rule.limits.index(limit)
    if rule.more:
        return [exact(shares[place - 1]) if place else NONE] if low < limit else []
    return [exact(shares[place + 1]) if place + 1 < len(shares) else NONE] if high > limit else []


def _on_curve(rule: Rule, value: float) -> Fraction:
    corners = rule.corners
    if value <= corners[0][0]:
        return exact(corners[0][1])
    for (a, from_share), (b, to_share) in pairwise(corners):
        if value <= b:
            along = (exact(value) - exact(a)) / (exact(b) - exact(a))
            return exact(from_share) + along * (exact(to_share) - exact(from_share))
    return exact(corners[-1][1])
