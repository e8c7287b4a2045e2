"""Graders beside each other: what each gave, and what they gave for the same reports. Pure."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import cached_property
from statistics import mean

FEWEST = 3  # reports that two graders have in common, from which on a difference is spoken of
APART = Fraction(1, 20)  # of the points by hand: a smaller difference is none


@dataclass(frozen=True)
class Given:
    """What one grader gave one report."""

    grader: str
    report: int
    points: Decimal


@dataclass(frozen=True)
class GraderRow:
    """own: mean of the reports whose grade they gave; None: none yet. same: mean of the reports that all compared graders marked. off: how
    much more than the others they gave for the reports that they have in common, on average; in_common: how many those are."""

    name: str
    count: int
    own: Fraction | None
    same: Fraction | None
    off: Fraction | None
    in_common: int


@dataclass(frozen=True)
class ClassOfGraders:
    """own: finished reports, each by whoever gave its grade. blind: reports that each grader marked once more without seeing what others gave.
    of: what can be given by hand. may_compare: whether the reader may see what others gave for the same reports: not before their own are
    done. left: how many of those wait for the reader. chosen: how many reports were chosen for it."""

    of: Decimal
    own: Sequence[Given] = ()
    blind: Sequence[Given] = ()
    may_compare: bool = True
    left: int = 0
    chosen: int = 0
    has_rubric: bool = True

    @cached_property
    def names(self) -> list[str]:
        """Whoever graded, those with the most reports first; then those who only compared."""
        counts = defaultdict[str, int](int)
        for one in self.own:
            counts[one.grader] += 1
        for one in self._seen:
            counts[one.grader] += 0
        return sorted(counts, key=lambda name: (-counts[name], name))

    @property
    def _seen(self) -> Sequence[Given]:
        return self.blind if self.may_compare else ()

    @cached_property
    def by_grader(self) -> Mapping[str, Mapping[int, Fraction]]:
        """Grader -> report -> points, of the reports that were marked blindly."""
        found = defaultdict[str, dict[int, Fraction]](dict)
        for one in self._seen:
            found[one.grader][one.report] = Fraction(one.points)
        return found

    @cached_property
    def shared(self) -> list[int]:
        """Reports that every grader who compared has marked; empty for one grader alone."""
        sets = [set(found) for found in self.by_grader.values()]
        return sorted(set.intersection(*sets)) if len(sets) > 1 else []

    @cached_property
    def rows(self) -> list[GraderRow]:
        return [self._row(name) for name in self.names]

    def _row(self, name: str) -> GraderRow:
        own = [Fraction(one.points) for one in self.own if one.grader == name]
        blind = self.by_grader.get(name, {})
        same = [blind[report] for report in self.shared if report in blind]
        differences = [
            points - mean(others) for report, points in blind.items() if (others := self._others(name, report))
        ]
        return GraderRow(
            name, len(own), mean(own) if own else None, mean(same) if same else None, mean(differences) if differences else None, len(differences)
        )  # fmt: skip

    def _others(self, name: str, report: int) -> list[Fraction]:
        return [found[report] for other, found in self.by_grader.items() if other != name and report in found]

    @cached_property
    def compared(self) -> list[GraderRow]:
        """Whom enough common reports speak of."""
        return [row for row in self.rows if row.off is not None and row.in_common >= FEWEST]

    @cached_property
    def apart(self) -> list[GraderRow]:
        """Those who give clearly less or more than the others. Of two graders only the one who gives less: the other is the same difference."""
        least = APART * Fraction(self.of)
        found = [row for row in self.compared if row.off is not None and abs(row.off) >= least > 0]
        if len(self.compared) == 2:
            found = [row for row in found if row.off is not None and row.off < 0]
        return sorted(found, key=lambda row: -abs(float(row.off or 0)))
