"""An attempt against the front of its class. Pure: numbers in; which numbers are drawn, who is beaten by whom, and the sentence out.

The front is drawn from the numbers as they are (grading/families/front.py). In words a cost within 5 % of yours is as good as yours
(grading/ranks/places.py): nobody is told that they are beaten by a difference which a board would not repeat.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from grading.ml_tasks.words import PERCENT
from grading.ranks.class_numbers import (
    ClassNumbers,
    cost_metrics,
    is_less_better,
    label_of,
    main_metric,
    said,
    tolerance_of,
)
from grading.ranks.places import Place, is_tie, place_of
from grading.spec import METRICS, MODELLED, BenchSpec

FEWEST_OTHERS = 5  # with fewer one could tell who it is


@dataclass(frozen=True)
class ClassPicture:
    """One attempt among the class.

    mine: its numbers, `number` of the attempt. others: those of everybody else's standing attempt, in no order that says whose. earlier: of
    the same owner's attempts before it. total: how many could have one; word: team or student. rule: how a standing attempt is chosen.
    """

    mine: ClassNumbers
    number: int
    others: tuple[ClassNumbers, ...]
    earlier: tuple[tuple[int, ClassNumbers], ...]
    total: int
    word: str
    rule: str
    is_active: bool

    def alike(self, metric: str) -> list[ClassNumbers]:
        """Whom this attempt can be held against in a metric: they have the number, and it is of the same kind."""
        kind, is_modelled = self.mine.kind, metric in MODELLED
        return [one for one in self.others if metric in one.values and (not is_modelled or one.kind == kind)]

    def may_show(self, metric: str) -> bool:
        return self.mine.value(metric) is not None and len(self.alike(metric)) >= FEWEST_OTHERS

    def axes(self, spec: BenchSpec) -> tuple[str, str] | None:
        """(cost, gain): the first cost in which enough others are alike; None where there are too few."""
        gain = main_metric(spec)
        if not self.may_show(gain):
            return None
        return next(((cost, gain) for cost in cost_metrics(spec) if self.may_show(cost)), None)

    def place(self, metric: str) -> tuple[Place, int] | None:
        """(its place, of how many); None where too few others have a number of the same kind."""
        own, others = self.mine.value(metric), self.alike(metric)
        if own is None or len(others) < FEWEST_OTHERS:
            return None
        values = [own, *(one.values[metric][0] for one in others)]
        found = place_of(own, values, is_less_better=is_less_better(metric), tolerance=tolerance_of(metric))
        return found, len(values)


class Spot(NamedTuple):
    """A place in the plot. merit: the gain, turned round where less is better."""

    cost: float
    gain: float
    merit: float
    is_mine: bool = False


def spots_of(picture: ClassPicture, cost: str, gain: str) -> list[Spot]:
    """This attempt first, then whom it can be held against in both metrics."""
    mine, turn = spot_of(picture.mine, cost, gain, is_mine=True), -1 if is_less_better(gain) else 1
    both = ((one.values[cost][0], one.values[gain][0]) for one in picture.alike(cost) if gain in one.values)
    others = [Spot(x, y, turn * y) for x, y in both]
    return [mine, *others] if mine else others


def spot_of(one: ClassNumbers, cost: str, gain: str, *, is_mine: bool = False) -> Spot | None:
    x, y = one.value(cost), one.value(gain)
    if x is None or y is None:
        return None
    return Spot(x, y, -y if is_less_better(gain) else y, is_mine)


@dataclass(frozen=True)
class Standing:
    """Where an attempt stands to the front.

    leader: the cheapest of those that are best at its cost, None where it is on the front itself. gap: by how much the leader is better;
    0: the leader has the same gain for less.
    """

    leader: Spot | None = None
    gap: float = 0.0
    leaders: int = 0


def standing(mine: Spot, others: Sequence[Spot], tolerance: float) -> Standing:
    """Whoever costs no more than you, or so little more that it is a tie, is held against you."""
    within = [
        one for one in others if one.cost <= mine.cost or is_tie(mine.cost, one.cost, tolerance, is_less_better=True)
    ]
    best = max((one.merit for one in within), default=float("-inf"))
    if best > mine.merit:
        top = min((one for one in within if one.merit == best), key=lambda one: one.cost)
    else:
        cheaper = [
            one
            for one in within
            if one.merit == mine.merit and not is_tie(one.cost, mine.cost, tolerance, is_less_better=True)
        ]
        if not cheaper:
            return Standing()
        top = min(cheaper, key=lambda one: one.cost)
    alike = sum(1 for one in within if (one.cost, one.merit) == (top.cost, top.merit))
    return Standing(top, abs(top.gain - mine.gain), alike)


def finding(found: Standing, cost: str, gain: str, word: str) -> str:
    """You are 0.9 points of accuracy under the front: one team reaches 90.3 % at 38 ms."""
    what, price = label_of(gain).lower(), _lower(cost)
    if found.leader is None:
        return f"You are on the front of the class: nobody has a better {what} at your {price} or at less."
    who = f"one {word} reaches" if found.leaders == 1 else f"{found.leaders} {word}s reach"
    reached = f"{who} {said(gain, found.leader.gain)} at {_at(cost, found.leader.cost)}"
    if not found.gap:
        return f"You have the {what} of the front, for more: {reached}."
    return f"You are {_gap(gain, found.gap)} under the front: {reached}."


def _gap(gain: str, gap: float) -> str:
    what = label_of(gain).lower()
    if gain in METRICS and METRICS[gain][0] in PERCENT:
        return f"{100 * gap:.1f} points of {what}" if gap >= 0.0005 else f"less than 0.1 points of {what}"
    return f"{said(gain, gap)} of {what}"


def _lower(metric: str) -> str:
    label = label_of(metric)
    return label if label.isupper() or label == "MACs" else label[0].lower() + label[1:]


def _at(cost: str, value: float) -> str:
    """38 ms; a bare count says what is counted."""
    return said(cost, value) + (f" {_lower(cost)}" if METRICS[cost][0] == "count" else "")
