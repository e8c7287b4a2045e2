"""How long grading takes, and how strict each grader is. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from statistics import fmean, median

LEAST = 3  # reports from which on a median says something
BINS = 10


def median_seconds(mine: Sequence[int], all_of_them: Sequence[int]) -> int | None:
    """The median of a grader's own reports; of few of them that of all graders; None: nobody has graded enough yet."""
    for found in (mine, all_of_them):
        if len(found) >= LEAST:
            return round(median(found))
    return None


@dataclass(frozen=True)
class Strictness:
    """One grader beside the others. share: mean of the points given, as a share of what could be given. bins: how many reports got how
    much, from nothing to all of it. apart: the mean, beside that of everybody's reports, in points."""

    grader: str
    count: int
    mean: Decimal
    of: Decimal
    bins: tuple[int, ...]
    apart: Decimal


def strictness(given: Iterable[tuple[str, Decimal]], of: Decimal) -> list[Strictness]:
    """(grader, points) of each finished report -> one row a grader, who gave the most reports first. of: what could be given."""
    by_grader = defaultdict[str, list[Decimal]](list)
    for grader, points in given:
        by_grader[grader].append(points)
    everybody = [points for found in by_grader.values() for points in found]
    if not everybody or of <= 0:
        return []
    middle = _mean(everybody)
    return [
        Strictness(grader, len(found), _mean(found), of, _bins(found, of), _mean(found) - middle)
        for grader, found in sorted(by_grader.items(), key=lambda pair: (-len(pair[1]), pair[0]))
    ]


def _mean(found: Sequence[Decimal]) -> Decimal:
    return Decimal(str(fmean(found))).quantize(Decimal("0.01"))


def _bins(found: Sequence[Decimal], of: Decimal) -> tuple[int, ...]:
    counts = [0] * BINS
    for points in found:
        counts[max(min(int(points * BINS / of), BINS - 1), 0)] += 1
    return tuple(counts)
