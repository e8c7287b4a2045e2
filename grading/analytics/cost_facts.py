"""Standing attempts as points of quality and cost: which costs there are, what can be compared, and who is on the front. Pure."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from grading.analytics.bands import Band, bands_of, criterion_of, limits_of
from grading.families.front import front
from grading.ranks.class_front import Spot, spot_of
from grading.ranks.class_numbers import COSTS, ClassNumbers, cost_metrics, is_less_better, main_metric
from grading.spec import BenchSpec, Criterion


@dataclass(frozen=True)
class Measured:
    """The standing attempt of one team or person: its number, and the numbers of its model. key: of its owner, never shown."""

    name: str
    number: int
    numbers: ClassNumbers
    key: tuple[str, int] = ("", 0)


@dataclass(frozen=True)
class Dot:
    of: Measured
    spot: Spot


@dataclass(frozen=True)
class ClassOfCosts:
    """asked: the cost that the reader chose; one that nobody has is none. devices: names by slug. rule: how a standing attempt is chosen."""

    word: str
    spec: BenchSpec
    measured: Sequence[Measured]
    asked: str = ""
    devices: Mapping[str, str] = field(default_factory=dict)
    rule: str = "best"

    @property
    def gain(self) -> str:
        return main_metric(self.spec)

    @cached_property
    def costs(self) -> list[str]:
        """Every cost that somebody has beside the quality, in the order of the page; what the lab is about stands first."""
        there = [cost for cost in COSTS if any(self._has(one, cost) for one in self.measured)]
        first = next((cost for cost in cost_metrics(self.spec) if cost in there), "")
        return sorted(there, key=lambda cost: cost != first)

    def _has(self, one: Measured, cost: str) -> bool:
        return one.numbers.value(cost) is not None and one.numbers.value(self.gain) is not None

    @property
    def cost(self) -> str:
        """The one that is drawn; "" where nothing is measured."""
        return self.asked if self.asked in self.costs else next(iter(self.costs), "")

    @cached_property
    def kind(self) -> str:
        """Of latency and energy the kind that most have: others cannot be drawn beside them."""
        kinds = Counter(one.numbers.kind_for(self.cost) for one in self.measured if self._has(one, self.cost))
        return min(kinds, key=lambda kind: (-kinds[kind], kind), default="")

    @cached_property
    def dots(self) -> list[Dot]:
        alike = [one for one in self.measured if one.numbers.kind_for(self.cost) == self.kind]
        return [Dot(one, spot) for one in alike if (spot := spot_of(one.numbers, self.cost, self.gain)) is not None]

    @property
    def left_out(self) -> int:
        """Measured, and not drawn: of another kind, or without one of the two numbers."""
        return len(self.measured) - len(self.dots)

    @cached_property
    def front(self) -> list[Dot]:
        """By rising cost."""
        return front(self.dots, lambda one: one.spot.cost, lambda one: one.spot.merit)

    @cached_property
    def cost_bands(self) -> list[Band]:
        return self._bands(self.cost)

    @cached_property
    def gain_bands(self) -> list[Band]:
        return self._bands(self.gain)

    def _bands(self, metric: str) -> list[Band]:
        found = criterion_of(self.spec, metric)
        return bands_of(found) if found else []

    def limits(self, metric: str) -> list[tuple[Criterion, float]]:
        return limits_of(self.spec, metric)

    def in_band(self, band: Band) -> list[Dot]:
        return [one for one in self.dots if band.holds(one.spot.cost if band.metric == self.cost else one.spot.gain)]

    @property
    def is_less_better(self) -> bool:
        """Whether the quality is an error, of which less is better."""
        return is_less_better(self.gain)
