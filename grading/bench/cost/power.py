"""Energy of one inference, and how long a battery lasts. Pure Python."""

from dataclasses import dataclass
from math import exp
from statistics import median
from typing import Any

from grading.bench.cost.choice import Choice
from grading.bench.cost.coefficients import Coefficients
from grading.bench.errors import BenchError

BATTERY_MAH = 4000
# nominal_current: the course's figure for the board. wall, load: power while it infers without a pause (the calibration's,
# which is metered at the wall, or the profile's at the board). load_minus_idle: what the model adds to an idle board.
CONVENTIONS = ("nominal_current", "wall", "load", "load_minus_idle")


@dataclass(frozen=True)
class Energy:
    """mj: of one inference, whole board. watts: while it runs. label: where they come from. reason: why there is none.

    is_metered: these very rows were metered, and no other runtime or data sheet speaks for them.
    """

    mj: float | None
    watts: float | None
    label: str = ""
    reason: str = ""
    is_metered: bool = False


def energy_of(
    choice: Choice, groups: dict[str, Coefficients], board: Any, features: list[float], latency_ms: float
) -> Energy:
    """From the group's own meter, else from other groups of the board, else from the profile's loaded power."""
    group = choice.group
    if group.watts is not None and choice.factor == 1.0:
        mj = latency_ms * group.watts
        if group.energy_theta:
            mj = sum(exp(theta) * value for theta, value in zip(group.energy_theta, features, strict=True))
        return Energy(mj, mj / latency_ms, group.power, is_metered=True)
    kin = [other for other in groups.values() if _speaks_for(other, group)]
    if kin and choice.factor == 1.0:
        watts = median(other.watts for other in kin if other.watts is not None)
        names = ", ".join(sorted(f"{other.runtime} {other.version}".strip() for other in kin))
        return Energy(latency_ms * watts, watts, f"{watts:.2f} W, the median of {names} on the same board (wall)")
    loaded = getattr(board, "loaded_mw", 0) or 0
    if loaded:
        return Energy(latency_ms * loaded / 1000, loaded / 1000, f"{loaded / 1000:.2f} W, the profile's loaded power")
    return Energy(None, None, reason=f"No power of {board.slug} is known, so no energy is given.")


def _speaks_for(other: Coefficients, group: Coefficients) -> bool:
    """The same work on the same board: its power hardly depends on the runtime."""
    same = (other.board, other.precision, other.threads) == (group.board, group.precision, group.threads)
    return same and other.watts is not None and other.kind == group.kind


def budget(board: Any, convention: str, volts: float, *, watts: float | None) -> tuple[float | None, float | None, str]:
    """(mAh an hour, hours on 4 000 mAh, why there is none).

    Args:
        convention: one of CONVENTIONS. volts: at which the battery's charge is counted, 5.0 or 3.85.
        watts: while it runs, None where unknown.

    Raises:
        BenchError: unknown_convention.
    """
    if convention not in CONVENTIONS:
        said = f"{convention[:40]!r} is no convention for the mAh budget. Choose {', '.join(CONVENTIONS)}."
        raise BenchError("unknown_convention", said)
    if convention == "nominal_current":
        current = float(board.nominal_current_ma)
        return _lasts(current, f"Nobody gave a nominal current of {board.slug}, so no mAh budget is given.")
    loaded, idle = getattr(board, "loaded_mw", 0) or 0, getattr(board, "idle_mw", 0) or 0
    power_mw = loaded if convention == "load" and loaded else 1000 * (watts or 0.0) or loaded
    if convention == "load_minus_idle":
        if not idle:
            return None, None, f"The idle power of {board.slug} is not known, so nothing can be taken off."
        power_mw -= idle
    return _lasts(power_mw / volts, f"No power of {board.slug} under load is known, so no mAh budget is given.")


def _lasts(current_ma: float, otherwise: str) -> tuple[float | None, float | None, str]:
    return (current_ma, BATTERY_MAH / current_ma, "") if current_ma > 0 else (None, None, otherwise)
