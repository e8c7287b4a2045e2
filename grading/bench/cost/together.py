"""Several models that run one after the other on one device: what the cost model says of each, added up. Pure Python.

Errors of one calibration go the same way for every stage, so the ends of the intervals are added as they are. Nothing is saved between
two models: neither the constant of an inference nor what handing over the numbers takes.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from grading.bench.cost.prediction import Calibration, OperatorCost, Prediction


@dataclass(frozen=True)
class Part:
    """One stage. title: as sentences call it. calls: how often it runs. predicted: of one call."""

    title: str
    calls: int
    predicted: Prediction


def together(parts: Sequence[Part]) -> Prediction:
    """One prediction for all of them. Where one has no number, the whole has none, and the reason names the stage."""
    all_of = [part.predicted for part in parts]
    latency = _sum(parts, [one.latency_ms for one in all_of])
    energy = _sum(parts, [one.energy_mj for one in all_of])
    ends = [one.latency_interval_ms for one in all_of]
    low, high = (_sum(parts, [end[n] if end else None for end in ends]) for n in (0, 1))
    mah, hours = _charge(parts)
    return replace(
        all_of[0],
        runtime=_listed(one.runtime for one in all_of),
        precision=" and ".join(dict.fromkeys(one.precision for one in all_of)),
        threads=all_of[0].threads if len({one.threads for one in all_of}) == 1 else None,
        latency_ms=latency,
        latency_interval_ms=(low, high) if low is not None and high is not None else None,
        energy_mj=energy,
        mah_per_hour=mah,
        battery_hours=hours,
        extrapolated=any(one.extrapolated for one in all_of),
        calibration=_calibration([one.calibration for one in all_of]),
        reason=" ".join(dict.fromkeys(_said(part, one) for part, one in zip(parts, all_of, strict=True) if one.reason)),
        flags=tuple(f"{part.title}: {flag}" for part in parts for flag in part.predicted.flags),
        operators=_operators(parts) if latency is not None else (),
    )


def _said(part: Part, one: Prediction) -> str:
    return f"{part.title}: {one.reason}"


def _sum(parts: Sequence[Part], values: Sequence[float | None]) -> float | None:
    known = [part.calls * value for part, value in zip(parts, values, strict=True) if value is not None]
    return sum(known) if len(known) == len(parts) else None


def _charge(parts: Sequence[Part]) -> tuple[float | None, float | None]:
    """mAh an hour and hours on a charge while the pipeline runs without a pause: each stage by the share of the time that it takes."""
    rates = [(part.predicted.mah_per_hour, part.predicted.battery_hours) for part in parts]
    if len(set(rates)) == 1:
        return rates[0]
    mah = _sum(parts, [_product(one.latency_ms, one.mah_per_hour) for one in (part.predicted for part in parts)])
    time = _sum(parts, [part.predicted.latency_ms for part in parts])
    hours = next((rate * hour for rate, hour in rates if rate and hour), None)
    if not mah or not time or hours is None:
        return None, None
    return mah / time, hours / (mah / time)


def _product(one: float | None, other: float | None) -> float | None:
    return None if one is None or other is None else one * other


def _listed(names: Iterable[str | None]) -> str | None:
    found = [name for name in dict.fromkeys(names) if name]
    return " and ".join(found) or None


def _calibration(found: Sequence[Calibration | None]) -> Calibration | None:
    """That of all stages; of several the weakest of each, under all their names."""
    known = [one for one in dict.fromkeys(found) if one is not None]
    if len(known) <= 1 or None in found:
        return known[0] if known and None not in found else None
    return Calibration(
        group=" and ".join(one.group for one in known),
        rows=min(one.rows for one in known),
        date=min(one.date for one in known),
        model_out_median=_worst([one.model_out_median for one in known]),
        family_out_median=_worst([one.family_out_median for one in known]),
        graded=all(one.graded for one in known),
        note="; ".join(dict.fromkeys(one.note for one in known if one.note)),
        metered=all(one.metered for one in known),
        source=" and ".join(dict.fromkeys(one.source for one in known if one.source)),
    )


def _worst(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return max(known) if len(known) == len(values) else None


def _operators(parts: Sequence[Part]) -> tuple[OperatorCost, ...]:
    found: list[OperatorCost] = []
    for part in parts:
        for _ in range(part.calls):
            at = len(found)
            found += [replace(cost, index=cost.index + at) for cost in part.predicted.operators]
    return tuple(found)
