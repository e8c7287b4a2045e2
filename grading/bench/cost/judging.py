"""The table of `manage.py calibrate --report`: how well each group predicts what it never saw, against the targets."""

import os
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from multiprocessing import get_context
from typing import Any

import numpy as np

from grading.bench.cost.intervals import FEW_ROWS
from grading.bench.cost.leave_out import FamilyErrors, LeaveOut, LeftOut, rank_correlation
from grading.bench.cost.pooling import Pool
from grading.bench.cost.samples import Group

PROCESSES = 2
# What a graded group must reach: (key, at most or at least, value).
TARGETS = (
    ("model_out_median", "most", 0.06), ("model_out_p90", "most", 0.16), ("model_coverage", "least", 0.85),
    ("model_width", "most", 1.4), ("family_out_median", "most", 0.12), ("worst_family_median", "most", 0.20),
    ("family_coverage", "least", 0.75), ("family_width", "most", 1.8), ("model_rank", "least", 0.98),
    ("family_rank", "least", 0.98), ("model_flagged_share", "most", 0.10), ("family_flagged_share", "most", 0.20),
)  # fmt: skip
POOLED_FAMILY_COVERAGE = 0.85
ENERGY_MEDIAN = 0.06


@dataclass(frozen=True)
class Judged:
    """One group. Errors are shares; widths are upper end / lower end; shares and coverages from 0 to 1.

    worst_family_median: of families without a flagged row. *_flagged_median: of flagged rows alone, None without any.
    energy_out_median: one network left out, by the better of the two ways; watts: median power while it runs.
    """

    group: str
    n: int
    models: int
    families: int
    model_out_median: float
    model_out_p90: float
    family_out_median: float | None
    worst_family_median: float | None
    worst_family: str
    model_coverage: float
    model_width: float
    family_coverage: float | None
    family_width: float | None
    model_rank: float
    family_rank: float | None
    model_flagged_share: float
    family_flagged_share: float | None
    model_flagged_median: float | None
    family_flagged_median: float | None
    baseline_model_out_median: float
    baseline_family_out_median: float | None
    graded: bool
    missed: tuple[str, ...]

    @property
    def passed(self) -> bool:
        return self.graded and not self.missed

    @property
    def few_rows(self) -> bool:
        return self.n < FEW_ROWS

    def to_json(self) -> dict[str, Any]:
        """Each field, and in short what the two ways of leaving out have in common: the worse of both ranks and of both shares."""
        ranks = [rank for rank in (self.model_rank, self.family_rank) if rank is not None]
        flagged = [share for share in (self.model_flagged_share, self.family_flagged_share) if share is not None]
        return {
            **asdict(self), "rank": min(ranks), "flagged_share": max(flagged), "few_rows": self.few_rows,
            "coverage": {"model": self.model_coverage, "family": self.family_coverage},
            "width": {"model": self.model_width, "family": self.family_width},
            "pass": self.passed if self.graded else None,
        }  # fmt: skip


def pools_of(groups: Iterable[Group], target: str = "y") -> list[Pool]:
    """Groups that share a shape, together."""
    found: dict[tuple[str, str, str, bool], list[Group]] = {}
    for group in groups:
        if np.isfinite(getattr(group, target)).any():
            found.setdefault(group.pool, []).append(group)
    return [Pool(members, target) for members in found.values()]


def family_errors(pools: list[Pool]) -> FamilyErrors:
    groups = [group for pool in pools for group in pool.groups]
    return FamilyErrors(groups, [row for pool in pools for row in LeaveOut(pool).family_errors()])


def judge(pools: list[Pool]) -> list[Judged]:
    """Every group of these pools. Two processes share the work: nothing is random, so they change nothing."""
    errors = family_errors(pools)
    by_size = sorted(pools, key=lambda pool: -len(pool.networks))
    # Each process fits small matrices: the threads of a linear algebra library would only wait for each other.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    with ProcessPoolExecutor(PROCESSES, mp_context=get_context("spawn")) as workers:
        parts = list(workers.map(judge_pool, [(pool, errors) for pool in by_size]))
    return sorted((judged for part in parts for judged in part), key=lambda judged: judged.group)


def judge_pool(given: tuple[Pool, FamilyErrors]) -> list[Judged]:
    pool, errors = given
    left_out = LeaveOut(pool)
    return [judge_group(g, left_out.models(g, errors), left_out.families(g, errors)) for g in pool.groups]


def judge_group(group: Group, models: list[LeftOut], families: list[LeftOut]) -> Judged:
    worst, name = _worst_family(families)
    # One family left out of one leaves nothing: what is then predicted is belief alone.
    tells = len(set(group.families)) > 1
    base_model, base_family = _baseline(group, group.networks), _baseline(group, group.families)
    values: dict[str, Any] = {
        "model_out_median": _median(models), "model_out_p90": float(np.quantile([row.share for row in models], 0.9)),
        "family_out_median": _median(families) if tells else None, "worst_family_median": worst,
        "model_coverage": _mean(row.covered for row in models), "model_width": _width(models),
        "family_coverage": _mean(row.covered for row in families) if tells else None,
        "family_width": _width(families) if tells else None, "model_rank": _rank(models),
        "family_rank": _rank(families) if tells else None, "model_flagged_share": _mean(row.flagged for row in models),
        "family_flagged_share": _mean(row.flagged for row in families) if tells else None,
    }  # fmt: skip
    return Judged(
        group=group.name, n=len(group.rows), models=len(set(group.networks)), families=len(set(group.families)), **values,
        worst_family=name, model_flagged_median=_flagged_median(models), family_flagged_median=_flagged_median(families),
        baseline_model_out_median=base_model, baseline_family_out_median=base_family if tells else None,
        graded=group.graded, missed=missed(values) if group.graded else (),
    )  # fmt: skip


def missed(values: dict[str, Any]) -> tuple[str, ...]:
    """The keys of the targets that these values do not reach. No value misses nothing: there was nothing to judge."""
    return tuple(
        key
        for key, side, bound in TARGETS
        if values[key] is not None and (values[key] > bound if side == "most" else values[key] < bound)
    )


def _baseline(group: Group, units: list[Any]) -> float:
    """Median error of MACs times a constant: the median ms a MAC over the rows of other units.

    units: of each row, its network or its family.
    """
    macs = np.array([work.facts.macs for work in group.works], dtype=float)
    errors: list[float] = []
    for unit in sorted(set(units), key=str):
        own = np.array([other == unit for other in units])
        if not own.all():
            constant = np.median(group.y[~own] / macs[~own])
            errors += np.abs(constant * macs[own] / group.y[own] - 1).tolist()
    return float(np.median(errors)) if errors else 1.0


def _worst_family(rows: list[LeftOut]) -> tuple[float | None, str]:
    flagged = {row.family for row in rows if row.flagged}
    medians = {
        family: _median([row for row in rows if row.family == family])
        for family in {row.family for row in rows} - flagged
    }
    worst = max(sorted(medians), key=lambda family: medians[family], default="")
    return medians.get(worst), worst


def _flagged_median(rows: list[LeftOut]) -> float | None:
    flagged = [row for row in rows if row.flagged]
    return _median(flagged) if flagged else None


def _median(rows: list[LeftOut]) -> float:
    return float(np.median([row.share for row in rows]))


def _mean(values: Iterable[bool]) -> float:
    return float(np.mean(list(values)))


def _width(rows: list[LeftOut]) -> float:
    return float(np.median([np.exp(2 * row.half) for row in rows]))


def _rank(rows: list[LeftOut]) -> float:
    if len({row.network for row in rows}) < 2:
        return 1.0
    return rank_correlation([row.measured for row in rows], [row.measured * np.exp(row.error) for row in rows])
