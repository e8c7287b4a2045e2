"""The grades of a class as units with parts: median, middle half, means that add up. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from functools import cached_property
from math import floor
from statistics import mean, median, quantiles

FEWEST = 4  # units from which on a middle half says something
MUCH = Fraction(1, 5)  # of all that is lost: a part that loses so much is set off


@dataclass(frozen=True)
class Part:
    """One part of a grade. of: what it can give; None where it gives nothing by itself (lateness, what was set by hand). by: who
    gives it, where no machine does."""

    key: str
    title: str
    of: Decimal | None
    is_extra: bool = False
    by: str = ""

    @property
    def head(self) -> str:
        """Above a column: with who gives it, and whether it is extra."""
        is_said = not self.is_extra or "extra credit" in self.title.lower()
        return ", ".join(filter(None, (self.title, self.by, "" if is_said else "extra credit")))


@dataclass(frozen=True)
class Unit:
    """The work of one team, or of one person. key: of its owner, never shown. points: None: not graded. parts: what each part gave, which add
    up to the points; of a team the mean of its people."""

    key: tuple[str, int]
    name: str
    has_handed_in: bool
    points: Fraction | None = None
    parts: Mapping[str, Fraction] = field(default_factory=dict)


@dataclass(frozen=True)
class Line:
    """One line of the table: mean and of in cents; lost: None where it loses nothing by its nature."""

    title: str
    head: str
    mean: Decimal
    of: Decimal | None
    lost: Decimal | None
    is_much: bool = False

    @property
    def share(self) -> float:
        return min(max(float(self.mean / self.of), 0.0), 1.0) if self.of else 0.0


@dataclass(frozen=True)
class ClassOfPoints:
    """word: team or student. of: what can be reached without extra credit. is_so_far: only what was measured, because nothing is graded
    completely. is_due: whether the due time is over, so that nothing handed in counts 0. takes_files: whether it is handed in on the site."""

    word: str
    of: Decimal
    parts: Sequence[Part]
    units: Sequence[Unit]
    is_so_far: bool = False
    is_due: bool = True
    takes_files: bool = True

    @cached_property
    def graded(self) -> list[Unit]:
        return [unit for unit in self.units if unit.points is not None]

    @cached_property
    def values(self) -> list[Fraction]:
        return sorted(unit.points for unit in self.graded if unit.points is not None)

    @cached_property
    def absent(self) -> list[Unit]:
        """Those that handed nothing in and have no grade."""
        return (
            [unit for unit in self.units if not unit.has_handed_in and unit.points is None] if self.takes_files else []
        )

    @property
    def handed_in(self) -> int:
        return sum(unit.has_handed_in for unit in self.units)

    @property
    def median(self) -> Fraction | None:
        return Fraction(median(self.values)) if self.values else None

    @cached_property
    def middle(self) -> tuple[Fraction, Fraction] | None:
        """The ends of the middle half; None for so few that it says nothing."""
        if len(self.values) < FEWEST:
            return None
        low, _, high = quantiles(self.values, n=4, method="inclusive")
        return Fraction(low), Fraction(high)

    @property
    def most_extra(self) -> Decimal:
        return sum((part.of or Decimal() for part in self.parts if part.is_extra), Decimal())

    @cached_property
    def lines(self) -> list[Line]:
        """The parts in cents, rounded so that they add up to the mean as it is shown."""
        if not self.graded:
            return []
        means = [mean([unit.parts.get(part.key, Fraction()) for unit in self.graded]) for part in self.parts]
        found = [self._line(part, cents) for part, cents in zip(self.parts, in_cents(means), strict=True)]
        found = [line for part, line in zip(self.parts, found, strict=True) if part.of is not None or line.mean]
        lost = sum((max(line.lost, Decimal()) for line in found if line.lost is not None), Decimal())
        return [
            Line(
                one.title,
                one.head,
                one.mean,
                one.of,
                one.lost,
                bool(one.lost and lost and Fraction(one.lost) / Fraction(lost) >= MUCH),
            )
            for one in found
        ]

    @staticmethod
    def _line(part: Part, found: Decimal) -> Line:
        lost = None if part.is_extra else (part.of or Decimal()) - found
        return Line(part.title, part.head, found, part.of, lost)

    @property
    def mean(self) -> Decimal:
        return sum((line.mean for line in self.lines), Decimal())

    @property
    def lost(self) -> Decimal:
        return sum((line.lost for line in self.lines if line.lost is not None), Decimal())


def in_cents(values: Sequence[Fraction]) -> list[Decimal]:
    """Each to a cent beside it, so that all add up to their sum as it is rounded: those nearest to the next cent go up."""
    whole = [floor(value * 100) for value in values]
    up = floor(sum(values, Fraction()) * 100 + Fraction(1, 2)) - sum(whole)
    order = sorted(range(len(values)), key=lambda n: values[n] * 100 - whole[n], reverse=True)
    for n in order[:up]:
        whole[n] += 1
    return [Decimal(cents) / 100 for cents in whole]
