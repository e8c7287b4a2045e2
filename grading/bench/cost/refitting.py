"""Fits the cost model to what one board has measured of itself, and judges it by what it has not seen. Needs numpy.

The fit is that of every other group. The judgement is another one: a sweep holds single operators, which teach, and whole networks, which
are what is going to be predicted. So errors, intervals and the range of sizes are those of the whole networks alone, each predicted by a fit
without its family (the operators stay), or without itself.
"""

from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from grading.bench.cost.calibrating import DIGITS, note_of
from grading.bench.cost.coefficients import Coefficients
from grading.bench.cost.coverage import BEYOND, Coverage
from grading.bench.cost.intervals import WIDEST, conformal
from grading.bench.cost.leave_out import FamilyErrors, LeaveOut, LeftOut
from grading.bench.cost.pooling import Pool
from grading.bench.cost.published import SWEPT, Row
from grading.bench.cost.samples import Group, groups_of
from grading.bench.cost.sweep import networks

# A network is heavy from that many times the weights of the middle one on, and predicted too fast below that share of what it took.
HEAVY, TOO_FAST = 2.0, 0.7


@dataclass(frozen=True)
class Point:
    """One network: milliseconds as measured, as fitted, and as predicted without its family and without itself.

    flagged: as a prediction without its family would be, or heavier than what the fit holds for. standing_ms: by what spoke for the board
    before, None where nothing did. covered: the measured time lies in the interval of the
    prediction without its family.
    """

    network: str
    family: str
    is_whole: bool
    measured_ms: float
    fitted_ms: float
    family_out_ms: float
    size_out_ms: float
    flagged: bool
    covered: bool
    standing_ms: float | None = None


@dataclass(frozen=True)
class Judgement:
    """Of whole networks where not said otherwise; errors and shares as fractions of 1.

    wholes, families: how many networks, of how many families. operators_out: median error of single operators, each left out.
    worst_family: of those that are not flagged. standing: median error of what spoke before, None where nothing did;
    in_sample: of the fit on what it was fitted to.
    """

    rows: int
    wholes: int
    families: int
    family_out_median: float
    family_out_p90: float
    worst_family_median: float
    worst_family: str
    size_out_median: float
    operators_out_median: float
    covered: float
    flagged: float
    in_sample_median: float
    standing_median: float | None

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class Refit:
    """What a sweep comes to: coefficients, how good they are, and each network."""

    coefficients: Coefficients
    judgement: Judgement
    points: tuple[Point, ...]


def refit(rows: list[Row], standing: Coefficients | None = None) -> Refit:
    """The fit to the rows of one group (one board, runtime and version, precision, threads), of a sweep.

    Args:
        standing: what spoke for this board, runtime and precision before.

    Raises:
        ValueError: no row, or rows of several groups.
    """
    groups = list(groups_of(rows).values())
    if len(groups) != 1:
        raise ValueError(f"expected the rows of one group, not of {len(groups)}")
    group = groups[0]
    pool = Pool([group])
    left_out = LeaveOut(pool)
    is_whole = np.array([networks()[row.model].is_whole for row in group.rows], dtype=bool)
    families = {row.network: row for row in left_out.family_errors()}
    alone = {row.network: row for row in left_out.plain(group)}
    whole = {group.networks[place] for place in np.flatnonzero(is_whole)}
    errors = FamilyErrors([group], [row for network, row in families.items() if network in whole])
    coefficients = _coefficients(
        group, pool, errors, [row for network, row in alone.items() if network in whole], is_whole
    )
    judged = {row.network: row for row in left_out.families(group, errors)}
    fitted = pool.fits()[group.name].predict(group.x)
    points = tuple(
        _point(group, place, float(fitted[place]), families[network], alone[network], judged[network], standing)
        for place, network in enumerate(group.networks)
    )
    bound = coefficients.coverage.weights
    beyond = [work.facts.weights > bound for work in group.works]
    points = tuple(replace(point, flagged=point.flagged or heavy) for point, heavy in zip(points, beyond, strict=True))
    return Refit(coefficients, judgement(points), points)


def refits_of(rows: list[Row]) -> list[Refit]:
    """Of all sweeps among these rows, each group by itself."""
    groups: dict[str, list[Row]] = {}
    for row in rows:
        if row.architecture == SWEPT and not row.unused:
            groups.setdefault(row.group, []).append(row)
    return [refit(groups[name]) for name in sorted(groups)]


def _coefficients(group: Group, pool: Pool, errors: FamilyErrors, alone: list[LeftOut], is_whole: Any) -> Coefficients:
    first, fitted = group.rows[0], pool.fits()[group.name]
    narrow = conformal([row.error for row in alone if row.close and not row.flagged])
    family_half = errors.half(group)
    watts = _watts(group)
    return Coefficients(
        group=group.name, board=first.board, runtime=first.runtime, version=first.version, precision=first.precision,
        threads=first.threads, kind=group.kind, rows=len(group.rows), graded=group.graded, statistic=first.statistic,
        note=note_of(group), coverage=_coverage(group, is_whole, fitted.predict(group.x)), theta=_rounded(fitted.theta),
        spread=_rounded(fitted.spread[np.tril_indices(len(fitted.theta))]),
        model_half=round(family_half if narrow is None else narrow, DIGITS), family_half=round(min(family_half, WIDEST), DIGITS),
        model_out_median=_median_of(alone), family_out_median=_median_of(errors.rows),
        watts=watts, power=f"{watts:.2f} W above idle, by the board's own sensor" if watts else "",
    )  # fmt: skip


def _coverage(group: Group, is_whole: Any, fitted_ms: Any) -> Coverage:
    """Classes were met wherever they were measured; sizes that may be predicted are those of whole networks."""
    everything = group.coverage(np.ones(len(group.rows), dtype=bool))
    if not is_whole.any():
        return everything
    return replace(everything, macs=group.coverage(is_whole).macs, weights=_holds_up_to(group, is_whole, fitted_ms))


def _holds_up_to(group: Group, is_whole: Any, fitted_ms: Any) -> int:
    """How many weights a network may have. The form has one bandwidth for all; where heavy networks are much slower than it says, their
    weights come from a slower memory than those of light ones, and everything heavier than the last that it predicts is out of reach."""
    weights = np.array([work.facts.weights for work in group.works])
    heavy = is_whole & (weights >= HEAVY * np.median(weights[is_whole]))
    slow = heavy & (fitted_ms < TOO_FAST * group.y)
    if not slow.any():
        return int(BEYOND * weights[is_whole].max())
    return int(weights[is_whole & (weights < weights[slow].min())].max())


def _watts(group: Group) -> float | None:
    known = np.isfinite(group.mj)
    return round(float(np.median(group.mj[known] / group.y[known])), DIGITS) if known.sum() >= 5 else None


def _point(
    group: Group,
    place: int,
    fitted_ms: float,
    family: LeftOut,
    alone: LeftOut,
    judged: LeftOut,
    standing: Coefficients | None,
) -> Point:
    row = group.rows[place]
    before = standing.latency_ms([float(value) for value in group.x[place]]) if standing is not None else None
    return Point(
        network=row.model, family=row.family, is_whole=networks()[row.model].is_whole, measured_ms=row.latency_ms,
        fitted_ms=fitted_ms, family_out_ms=row.latency_ms * float(np.exp(family.error)),
        size_out_ms=row.latency_ms * float(np.exp(alone.error)), flagged=family.flagged, covered=judged.covered, standing_ms=before,
    )  # fmt: skip


def judgement(points: tuple[Point, ...]) -> Judgement:
    """Of the points of one sweep, of which at least one is a whole network and one is none."""
    wholes = [point for point in points if point.is_whole]
    operators = [point for point in points if not point.is_whole]
    off = [_off(point.family_out_ms, point) for point in wholes]
    flagged = {point.family for point in wholes if point.flagged}
    medians = {
        family: float(np.median([_off(point.family_out_ms, point) for point in wholes if point.family == family]))
        for family in {point.family for point in wholes} - flagged
    }
    worst = max(sorted(medians), key=lambda family: medians[family], default="")
    standing = [_off(point.standing_ms, point) for point in wholes if point.standing_ms is not None]
    values = {
        "family_out_median": float(np.median(off)), "family_out_p90": float(np.quantile(off, 0.9)),
        "worst_family_median": medians.get(worst, float(np.max(off))),
        "size_out_median": float(np.median([_off(point.size_out_ms, point) for point in wholes])),
        "operators_out_median": float(np.median([_off(point.size_out_ms, point) for point in operators])) if operators else 0.0,
        "covered": float(np.mean([point.covered for point in wholes])), "flagged": float(np.mean([point.flagged for point in wholes])),
        "in_sample_median": float(np.median([_off(point.fitted_ms, point) for point in wholes])),
    }  # fmt: skip
    return Judgement(
        rows=len(points), wholes=len(wholes), families=len({point.family for point in wholes}), worst_family=worst,
        standing_median=round(float(np.median(standing)), DIGITS) if standing else None,
        **{name: round(value, DIGITS) for name, value in values.items()},
    )  # fmt: skip


def _off(predicted_ms: float, point: Point) -> float:
    return abs(predicted_ms / point.measured_ms - 1)


def _median_of(rows: list[LeftOut]) -> float | None:
    return round(float(np.median([row.share for row in rows])), DIGITS) if rows else None


def _rounded(values: Any) -> tuple[float, ...]:
    return tuple(round(float(value), DIGITS) + 0.0 for value in values)
