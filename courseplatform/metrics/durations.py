"""Durations in buckets that are the same for ever, so that histograms of different processes can be added.

Each bound is a fifth more than the one below it, from 1 ms to about a minute: a percentile read from them is at most a fifth too high
or too low, in practice less, since it is placed within its bucket.
"""

from bisect import bisect_left
from collections.abc import Mapping

FIRST_MS, FACTOR, BOUNDS = 1.0, 1.2, 62
BOUNDS_MS = tuple(
    FIRST_MS * FACTOR**index for index in range(BOUNDS)
)  # the upper ends; above the last is one more bucket


def bucket_of(duration_ms: float) -> int:
    return bisect_left(BOUNDS_MS, duration_ms)


def percentile_ms(counts: Mapping[int, int], share: float) -> float:
    """The duration below which `share` (0 to 1) of the requests stayed; 0.0 of none.

    Within a bucket the requests are taken to be evenly spread, as Prometheus does (histogram_quantile). Of the bucket above all bounds
    nothing but its lower end is known.
    """
    wanted, seen = share * sum(counts.values()), 0
    for index in sorted(counts):
        if counts[index] and seen + counts[index] >= wanted:
            low = BOUNDS_MS[index - 1] if index else 0.0
            high = BOUNDS_MS[index] if index < BOUNDS else low
            return low + (high - low) * (wanted - seen) / counts[index]
        seen += counts[index]
    return 0.0
