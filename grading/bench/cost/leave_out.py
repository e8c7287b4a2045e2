"""Predictions of what was left out, and intervals from errors that the judged row has no part in.

A network, or a family, is left out of all groups, versions and repeats at once. For a network like others that were measured,
the interval is then made by the recipe for a stranger's model, on what remains: each other network is left out as well, and
the errors of those predictions give the width. So the judged row took part neither in the fit nor in its interval.

For a family, the width comes from the errors of the other families, each left out alone: with two large families, leaving out
both leaves nothing to fit. Families are few, and all graded groups measured the same networks on the same board, so these
errors are taken over several groups together, see FamilyErrors. No error of a judged row is part of its interval.
"""

from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from grading.bench.cost.coverage import beyond, flags_of, is_close
from grading.bench.cost.intervals import FAMILY_FACTOR, WIDEST, conformal, half_of
from grading.bench.cost.pooling import Pool
from grading.bench.cost.samples import Group

Without = frozenset[Hashable]
NOBODY: Without = frozenset()


@dataclass(frozen=True)
class LeftOut:
    """One row, predicted without its network or family.

    error: log(predicted / measured). half: of its interval, see intervals.py.
    """

    group: str
    family: str
    network: Any
    measured: float
    error: float
    flagged: bool
    close: bool
    half: float = 0.0

    @property
    def share(self) -> float:
        """The error as a share of the measured value, never negative."""
        return abs(float(np.expm1(self.error)))

    @property
    def covered(self) -> bool:
        return abs(self.error) <= self.half


class FamilyErrors:
    """Errors of rows whose family was left out, of all groups."""

    def __init__(self, groups: Iterable[Group], rows: Iterable[LeftOut]) -> None:
        self.groups = {group.name: group for group in groups}
        self.rows = list(rows)

    def half(self, group: Group, without: Without = NOBODY) -> float:
        """Half width for a family that was not measured, from the errors of other networks than these.

        Rows that are not flagged count where there are any: flagged ones get a wider interval of their own. Of a graded group
        it is that of its precision, and at least that of all precisions together: how far a family surprises is seen in few
        families, and one precision alone may have been lucky with them.
        """
        rows = [row for row in self.rows if row.network not in without and self._speaks_for(group, row)]
        alike = [row for row in rows if self.groups[row.group].precision == group.precision]
        found = [half for half in map(_conformal, (alike, rows)) if half is not None]
        return min(WIDEST, FAMILY_FACTOR * max(found)) if found else WIDEST

    def _speaks_for(self, group: Group, row: LeftOut) -> bool:
        return self.groups[row.group].graded if group.graded else row.group == group.name


def _conformal(rows: list[LeftOut]) -> float | None:
    return conformal([row.error for row in rows if not row.flagged] or [row.error for row in rows])


class LeaveOut:
    """Leave-one-out over one pool of groups."""

    def __init__(self, pool: Pool) -> None:
        self.pool = pool
        self.networks: list[Without] = [frozenset([network]) for network in pool.networks]

    def family_errors(self) -> list[LeftOut]:
        """Every row of the pool, its family left out, without an interval."""
        units = self.pool.families.values()
        return [row for group in self.pool.groups for unit in units for row in self._predict(group, unit, unit)]

    def families(self, group: Group, errors: FamilyErrors) -> list[LeftOut]:
        """Each row of a group, its family left out of the whole pool."""
        return [row for unit in self.pool.families.values() for row in self._judge(group, unit, errors)]

    def models(self, group: Group, errors: FamilyErrors) -> list[LeftOut]:
        """Each row of a group, its network left out of the whole pool."""
        return [row for unit in self.networks for row in self._judge(group, unit, errors)]

    def plain(self, group: Group) -> list[LeftOut]:
        """Each row of a group, its network left out of the whole pool, without an interval."""
        return [row for unit in self.networks for row in self._predict(group, unit, unit)]

    def model_half(self, group: Group, without: Without = NOBODY) -> float | None:
        """Half width for a network like those measured, made without these; None where no network is like another."""
        rows = [row for unit in self.networks for row in self._predict(group, unit - without, unit | without)]
        return conformal([row.error for row in rows if row.close and not row.flagged])

    def _judge(self, group: Group, unit: Without, errors: FamilyErrors) -> list[LeftOut]:
        found = self._predict(group, unit, unit)
        if not found:
            return []
        family = errors.half(group, unit)
        narrow = self.model_half(group, unit) if any(row.close for row in found) else None
        return self._predict(group, unit, unit, family if narrow is None else narrow, family)

    def _predict(
        self, group: Group, unit: Without, without: Without, model: float = 0.0, family: float = 0.0
    ) -> list[LeftOut]:
        """Rows of `unit`, from a fit without `without`."""
        target = self.pool.target[group.name]
        places = [i for i, network in enumerate(group.networks) if network in unit and np.isfinite(target[i])]
        if not places:
            return []
        fitted, keep = self.pool.fits(without)[group.name], self.pool.keep(group, without)
        coverage = group.coverage(keep)
        found = []
        for i in places:
            predicted, posterior = fitted.at(group.x[i])
            facts = group.works[i].facts
            close, flagged = is_close(facts, coverage), bool(flags_of(facts, coverage))
            half = half_of(
                close=close, flagged=flagged, model=model, family=family, posterior=posterior, rows=int(keep.sum()),
                beyond=beyond(facts, coverage),
            )  # fmt: skip
            error = float(np.log(predicted / target[i]))
            row = LeftOut(
                group.name, group.families[i], group.networks[i], float(target[i]), error, flagged, close, half
            )
            found.append(row)
        return found


def rank_correlation(one: Any, other: Any) -> float:
    """Spearman's rho; equal values share their mean rank."""
    return float(np.corrcoef(_ranks(one), _ranks(other))[0, 1])


def _ranks(values: Any) -> Any:
    _, place, count = np.unique(values, return_inverse=True, return_counts=True)
    return (np.cumsum(count) - (count - 1) / 2)[place]
