"""Intervals at 95 %: Wilson's for a share, a bootstrap over the inputs for everything else. The same file gets the same interval."""

from collections.abc import Callable, Iterator
from math import sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

Z95 = 1.959963984540054
SEED, ROUNDS = 11_767, 1_000
CHUNK = 2_000_000  # weights that are held at once
Array = NDArray[Any]


def wilson(correct: float, n: float) -> tuple[float, float]:
    """The Wilson score interval at 95 % (Wilson 1927): sensible at 0 and at n, unlike the normal approximation."""
    if n == 0:
        return 0.0, 1.0
    p = correct / n
    centre = p + Z95**2 / (2 * n)
    spread = Z95 * sqrt(p * (1 - p) / n + Z95**2 / (4 * n * n))
    scale = 1 + Z95**2 / n
    return max((centre - spread) / scale, 0.0), min((centre + spread) / scale, 1.0)


def resampled(count: int, rounds: int = ROUNDS, stream: int = 0) -> Iterator[Array]:
    """How often each of `count` inputs is drawn in each round, with replacement: float64 (some rounds, count), in chunks.

    Efron 1979. The draws follow from SEED, `count` and `stream` alone.
    """
    random = np.random.default_rng([SEED, count, stream])
    step = max(1, min(rounds, CHUNK // max(count, 1)))
    for begin in range(0, rounds, step):
        size = min(step, rounds - begin)
        drawn = random.integers(0, count, (size, count))
        drawn += np.arange(size)[:, None] * count
        yield np.bincount(drawn.ravel(), minlength=size * count).reshape(size, count).astype(np.float64)


def bootstrap(
    count: int, statistic: Callable[[Array], Array], value: float, rounds: int = ROUNDS
) -> tuple[float, float]:
    """The percentile interval of a statistic over `count` inputs, widened to hold its value.

    Args:
        statistic: weights (rounds, count) -> values (rounds,); nan where a round has none, which is left out.
    """
    found = np.concatenate([statistic(weights) for weights in resampled(count, rounds)])
    return around(found, value)


def around(found: Array, value: float) -> tuple[float, float]:
    """The middle 95 % of bootstrapped values, widened to hold the estimate; the estimate alone where there are none."""
    found = found[np.isfinite(found)]
    if not found.size:
        return value, value
    low, high = np.quantile(found, (0.025, 0.975))
    return min(float(low), value), max(float(high), value)


def ratio_interval(over: Array, under: Array | None = None) -> tuple[float, float]:
    """Of sum(over) / sum(under), both (n,): a mean where `under` is None."""
    parts = np.ones(len(over)) if under is None else under.astype(np.float64)
    above = over.astype(np.float64)

    def ratio(weights: Array) -> Array:
        total = weights @ parts
        found: Array = np.divide(weights @ above, total, out=np.full(len(weights), np.nan), where=total > 0)
        return found

    return bootstrap(len(above), ratio, float(above.sum() / parts.sum()))
