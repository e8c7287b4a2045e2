"""What late units cost: what the bank covers, what the policy takes for the rest, and what is left of the work."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

from grading.late.facts import ALL, Deadline, Penalty, Policy
from grading.late.lateness import Lateness

NOTHING = Fraction()


@dataclass(frozen=True)
class Holding:
    """What a bank holds for one assignment: its days and the grants in force, less what it has paid for other work."""

    days: int = 0
    granted: int = 0
    drawn: int = 0

    @property
    def left(self) -> int:
        return max(self.days + self.granted - self.drawn, 0)


@dataclass(frozen=True)
class Cover:
    """What the bank was asked for one person. wanted: what it may pay at most; holding: what was there; units: what it pays."""

    wanted: int
    holding: Holding
    units: int

    @classmethod
    def alone(cls, wanted: int, holding: Holding) -> "Cover":
        """Where nobody waits for another's bank."""
        return cls(wanted, holding, min(wanted, holding.left))


@dataclass(frozen=True)
class Outcome:
    """charged: units the bank pays. penalised: units that cost something. lost: percent of the kind that the penalty names."""

    lateness: Lateness
    cover: Cover
    charged: int
    penalised: int
    lost: Fraction
    accepted: bool
    is_zero: bool = False

    @property
    def maximum(self) -> Fraction:
        return ALL - self.lost

    @property
    def is_free(self) -> bool:
        """The bank covers all that it is asked for."""
        return self.accepted and not self.is_zero and self.cover.units >= self.lateness.needed


def cap_of(policy: Policy, deadline: Deadline) -> int | None:
    if deadline.no_late:
        return 0
    return policy.cap if deadline.cap == "policy" else deadline.cap


def rule_of(policy: Policy, deadline: Deadline) -> str:
    return "refuse" if deadline.no_late else policy.over


def wanted(policy: Policy, deadline: Deadline, late: Lateness, asked: int | None) -> int:
    """The units that the bank may pay if it holds them. `asked`: the units requested, None where none need be."""
    limits = [late.needed, cap_of(policy, deadline), asked]
    return 0 if late.is_cut else min(limit for limit in limits if limit is not None)


def cover_group(policy: Policy, alone: Mapping[str, Cover], excused: Collection[str]) -> dict[str, Cover]:
    """What the bank of each member pays for one hand-in of a team whose members have banks of their own (`Policy.team`)."""
    if policy.team == "all" and any(cover.units < cover.wanted for cover in alone.values()):
        return {person: replace(cover, units=0) for person, cover in alone.items()}
    if policy.team == "poorest":
        least = min((cover.holding.left for person, cover in alone.items() if person not in excused), default=0)
        return {person: replace(cover, units=min(cover.wanted, least)) for person, cover in alone.items()}
    return dict(alone)


def outcome_of(policy: Policy, deadline: Deadline, late: Lateness, cover: Cover) -> Outcome:
    """Charge and penalty of one person's attempt, by `Policy.over` where the bank does not cover it."""
    uncovered = late.needed - cover.units
    rule = rule_of(policy, deadline)
    if late.is_cut or (uncovered and rule == "refuse"):
        return Outcome(late, cover, 0, 0, ALL, accepted=False)
    pays = not uncovered or policy.partial
    charged = cover.units if pays else 0
    if uncovered and rule == "zero":
        return Outcome(late, cover, charged, 0, ALL, accepted=True, is_zero=True)
    penalised = late.kept + (uncovered if pays else late.needed)
    lost = loss(policy.penalty, penalised, deadline.points) + policy.penalty.used_unit_costs * charged
    return Outcome(late, cover, charged, penalised, min(lost, ALL), accepted=True)


def loss(penalty: Penalty, units: int, points: Fraction | None) -> Fraction:
    """Percent lost for `units` penalised ones. Points become percent of `points`, the most one can get."""
    if not units:
        return NOTHING
    last = penalty.steps[-1] if penalty.steps else NOTHING
    amount = (
        penalty.steps[units - 1] if units <= len(penalty.steps) else last + penalty.each * (units - len(penalty.steps))
    )
    if penalty.most is not None:
        amount = min(amount, penalty.most)
    if penalty.kind == "points":
        amount = amount * ALL / points if points else ALL
    return min(amount, ALL)


def final_percent(policy: Policy, outcome: Outcome, raw: Fraction | None) -> Fraction | None:
    """What work worth `raw` percent gets. Never below 0."""
    if raw is None:
        return None
    if not outcome.accepted or outcome.is_zero:
        return NOTHING
    return after_loss(policy.penalty.kind, outcome.lost, raw)


def after_loss(kind: str, lost: Fraction, raw: Fraction) -> Fraction:
    """What is left of work worth `raw` percent of the maximum when `lost` percent are taken by the penalty's kind. Never below 0."""
    if not lost:
        return max(raw, NOTHING)
    if kind == "percent_of_earned":
        return max(raw * (ALL - lost) / ALL, NOTHING)
    return max(min(raw, ALL - lost) if kind == "cap" else raw - lost, NOTHING)


def shown(value: Fraction) -> float | int:
    """Two decimals, a half away from zero; whole numbers without a point."""
    rounded = (Decimal(value.numerator) / Decimal(value.denominator)).quantize(Decimal("0.01"), ROUND_HALF_UP)
    return int(rounded) if rounded == rounded.to_integral_value() else float(rounded)
