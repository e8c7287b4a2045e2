"""Percentiles of measured times. Standard library only: the device may have little else."""

from __future__ import annotations

import math
from collections.abc import Sequence


def percentile(values: Sequence[float], percent: float) -> float:
    """The ``percent`` percentile by linear interpolation between the closest ranks (Hyndman and Fan, type 7).

    Raises ValueError where there are no values or ``percent`` is not within 0 and 100.
    """
    if not values:
        raise ValueError("There is no percentile of no values.")
    if not 0 <= percent <= 100:
        raise ValueError(f"{percent} is not a percentage.")
    ordered = sorted(values)
    place = (len(ordered) - 1) * percent / 100
    below, above = math.floor(place), math.ceil(place)
    return ordered[below] + (ordered[above] - ordered[below]) * (place - below)


def thin(values: Sequence[float], at_most: int) -> list[float]:
    """At most ``at_most`` of ``values``, evenly spaced and in order: a plot stays small and drift is still seen."""
    if len(values) <= at_most:
        return list(values)
    return [values[index * len(values) // at_most] for index in range(at_most)]
