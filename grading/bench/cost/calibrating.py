"""Makes the coefficients that stand in the tree from measurements. Needs numpy; the same rows give the same file."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from grading.bench.cost.coefficients import Calibrations, Coefficients
from grading.bench.cost.fitting import Fit
from grading.bench.cost.intervals import FEW_ROWS
from grading.bench.cost.judging import family_errors, pools_of
from grading.bench.cost.leave_out import FamilyErrors, LeaveOut, LeftOut
from grading.bench.cost.published import UNKNOWN, Row
from grading.bench.cost.samples import ACCELERATORS, Group, groups_of

DIGITS = 4


@dataclass(frozen=True)
class Power:
    """Of one group. watts: median. by_watts, by_fit: median error of energy, one network left out, None where too few.

    fit: of mJ, used where its error is the smaller one.
    """

    watts: float
    by_watts: float | None
    by_fit: float | None
    fit: Fit | None

    @property
    def fitted(self) -> bool:
        return self.by_fit is not None and self.by_watts is not None and self.by_fit < self.by_watts

    @property
    def best(self) -> float | None:
        return self.by_fit if self.fitted else self.by_watts


def calibrate(rows: list[Row], date: str) -> Calibrations:
    """Coefficients of every group of these rows. date: of the fit, ISO."""
    pools = pools_of(groups_of(rows).values())
    errors = family_errors(pools)
    powers = power_of([group for pool in pools for group in pool.groups], pools)
    found: dict[str, Coefficients] = {}
    for pool in pools:
        left_out = LeaveOut(pool)
        for group in pool.groups:
            fitted = pool.fits()[group.name]
            found[group.name] = _coefficients(group, fitted, left_out, errors, powers.get(group.name))
    return Calibrations(date, found)


def _coefficients(
    group: Group, fitted: Fit, left_out: LeaveOut, errors: FamilyErrors, power: Power | None
) -> Coefficients:
    first, family_half = group.rows[0], errors.half(group)
    narrow = left_out.model_half(group)
    models = left_out.plain(group)
    families = [row for row in errors.rows if row.group == group.name]
    return Coefficients(
        group=group.name, board=first.board, runtime=first.runtime, version=first.version, precision=first.precision,
        threads=first.threads, kind=group.kind, rows=len(group.rows), graded=group.graded, statistic=first.statistic,
        note=note_of(group), coverage=group.coverage(np.ones(len(group.rows), dtype=bool)), theta=_rounded(fitted.theta),
        spread=_rounded(fitted.spread[np.tril_indices(len(fitted.theta))]),
        model_half=round(family_half if narrow is None else narrow, DIGITS), family_half=round(family_half, DIGITS),
        model_out_median=_median(models), family_out_median=_median(families) if len(set(group.families)) > 1 else None,
        **_power(group, power),
    )  # fmt: skip


def _power(group: Group, power: Power | None) -> dict[str, Any]:
    if power is None:
        return {}
    theta = _rounded(power.fit.theta) if power.fitted and power.fit else ()
    best = power.best
    return {
        "watts": round(power.watts, DIGITS), "power": power_label(group, power.watts), "energy_theta": theta,
        "energy_out_median": None if best is None else round(best, DIGITS),
    }  # fmt: skip


def power_label(group: Group, watts: float) -> str:
    """Watts with fan and meter: without them a number of watts says little."""
    metered = [row for row in group.rows if row.energy_mj is not None]
    fans = sorted({row.fan or "not stated" for row in metered})
    meters = sorted({row.meter for row in metered if row.meter})
    shown = f"{watts:.2f} W" if watts >= 1 else f"{1000 * watts:.0f} mW"
    return (
        f"{shown} ({', '.join(meters)}; fan {' or '.join(fans)}; {len(metered)} row{'s' if len(metered) > 1 else ''})"
    )


def note_of(group: Group) -> str:
    """What must be known beside the number: statistic, few rows, threads."""
    said = [f"latency is the {' or '.join(sorted({row.statistic for row in group.rows}))} of each run"]
    if any("inferred" in row.threads_said for row in group.rows):
        said.append("threads inferred")
    if "1.8 GHz" in group.rows[0].device:
        said.append("board at 1.8 GHz")
    if len(group.rows) < FEW_ROWS:
        said.append("few rows: never graded")
    if group.rows[0].threads == UNKNOWN:
        said.append("threads not stated: never graded")
    if group.rows[0].threads in ACCELERATORS:
        said.append("accelerator: never graded")
    return "; ".join(said)


def power_of(groups: list[Group], pools: list[Any]) -> dict[str, Power]:
    """Group -> its power, for groups with energy."""
    latency = {group.name: pool for pool in pools for group in pool.groups}
    found = {}
    for pool in pools_of(groups, "mj"):
        energy = LeaveOut(pool)
        for group in pool.groups:
            known = np.isfinite(group.mj)
            if not known.any():
                continue
            watts = float(np.median(group.mj[known] / group.y[known]))
            by_watts = by_fit = None
            if group.graded and known.sum() >= FEW_ROWS:
                by_fit = _median(energy.plain(group))
                by_watts = _by_watts(group, LeaveOut(latency[group.name]).plain(group))
            found[group.name] = Power(watts, by_watts, by_fit, pool.fits()[group.name] if by_fit is not None else None)
    return found


def _by_watts(group: Group, rows: list[LeftOut]) -> float:
    """Median error of (predicted latency) x (median watts of the other networks)."""
    known, watts = np.isfinite(group.mj), group.mj / group.y
    errors = []
    for row in rows:
        others = known & np.array([network != row.network for network in group.networks])
        own = np.array([network == row.network for network in group.networks]) & known & (group.y == row.measured)
        if own.any() and others.any():
            predicted = row.measured * np.exp(row.error) * np.median(watts[others])
            errors.append(abs(predicted / group.mj[own][0] - 1))
    return float(np.median(errors))


def _median(rows: list[LeftOut]) -> float | None:
    return round(float(np.median([row.share for row in rows])), DIGITS) if rows else None


def _rounded(values: Any) -> tuple[float, ...]:
    return tuple(round(float(value), DIGITS) + 0.0 for value in values)
