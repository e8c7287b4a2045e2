"""How long a run still takes until its result is there: a range that eight to nine of ten results come inside. Pure: seconds in, seconds out.

The line is played through many times. In each play every job takes as long as a recent one of its kind took, give or take what so few
examples leave open (a smoothed bootstrap: Silverman 1986, 6.4), those that are being measured take what is left of theirs, and each goes to the
worker that is free first. The range is from the tenth to the ninetieth of a hundred. Nothing in it changes from second to second but the clock:
the plays of one run are always the same.

Times drift: four workers on two cores are slow while fifty people hand in, and twice as quick a minute later. So the last few jobs set the
pace, and who has watched for a minute says less of the next ten than who has watched for days (`Pace`).
"""

import heapq
import math
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

LEAST_RUNS = 3  # fewer say nothing about how much runs differ
PLAYS, LOW, HIGH = 80, 0.1, 0.9
EXACT = 16  # of the jobs ahead; more are taken together, since their sum is what matters
PACE = 0.12  # of the logarithm: how much quicker or slower a machine is tonight than when the examples were measured
DRIFT = 0.3  # the same where one looks ahead for as long as one has watched, or longer
USUAL_SPREAD, ITS_WEIGHT = 0.35, 2  # of the logarithm of a time, until runs of the kind say more
MOST_DRAWS = 12
Seconds = Sequence[float]
Ahead = Sequence[tuple[Seconds, int]]


@dataclass(frozen=True)
class Range:
    low_s: float
    high_s: float


@dataclass(frozen=True)
class Forecast:
    """From now. start: until a worker takes it, None while it is being measured. overdue: it runs for longer than all recent ones took."""

    start: Range | None
    end: Range
    is_overdue: bool = False


@dataclass(frozen=True)
class Pace:
    """By how much the last jobs took longer (or less) than the examples of their kinds, as a logarithm; over how long the examples came."""

    log: float = 0.0
    watched_s: float = math.inf

    def spread(self, ahead_s: float) -> float:
        """Of the logarithm, so many seconds ahead. What drifts like a random walk has drifted by the root of the time."""
        return math.hypot(PACE, DRIFT * math.sqrt(min(max(ahead_s, 0.0) / self.watched_s, 1.0)))


STEADY = Pace()


@dataclass(frozen=True)
class Held:
    """A job that a worker has. took: seconds of recent ones of its kind; elapsed_s: since its worker began. yields: it makes way."""

    took: Seconds
    elapsed_s: float = 0.0
    yields: bool = False


class _Kind:
    """Times of one kind of job in one play. Two things are common to all of them, because of few examples nobody knows it: whether those
    were rather quick ones (`shift`), and whether they differ less than the others will (`scale`)."""

    def __init__(self, took: Seconds, chance: random.Random, pace_log: float) -> None:
        logs = [math.log(max(one, 0.05)) + pace_log for one in took]
        centre, many = fmean(logs), len(logs)
        seen = sum((one - centre) ** 2 for one in logs)
        degrees = many - 1 + ITS_WEIGHT
        spread = math.sqrt((seen + ITS_WEIGHT * USUAL_SPREAD**2) / degrees)
        scale = math.sqrt(degrees / chance.gammavariate(degrees / 2, 2))
        # Smoothed, and by as much as the examples themselves differ less than they should.
        width = max(1.06 * spread * many**-0.2 / 2, math.sqrt(max(spread**2 - seen / many, 0)))
        centre_here = centre + chance.gauss(0, scale * spread / math.sqrt(many))
        self.logs = [centre_here + scale * (one - centre) for one in logs]
        self.width, self.chance = scale * width, chance

    def draw(self) -> float:
        return math.exp(self.chance.choice(self.logs) + self.chance.gauss(0, self.width))

    def sum_of(self, many: int) -> tuple[float, float]:
        """Mean and variance of the sum of so many."""
        times = [math.exp(one) for one in self.logs]
        mean = fmean(times)
        variance = fmean([(one - mean) ** 2 for one in times])
        return many * mean * math.exp(self.width**2 / 2), many * (variance + (mean * self.width) ** 2)

    def left(self, elapsed_s: float) -> float:
        """Of one that has run for `elapsed_s`; where all draws are shorter, a little more than it has."""
        for _ in range(MOST_DRAWS):
            if (drawn := self.draw()) > elapsed_s:
                return drawn - elapsed_s
        return 0.1 * elapsed_s * self.chance.expovariate(1)


class _Play:
    """One play of the line: its chance, and the kinds of job as they are in it."""

    def __init__(self, seed: int, pace: Pace) -> None:
        self.chance = random.Random(seed)  # noqa: S311 nothing secret hangs on it
        self._pace, self._kinds = pace, dict[int, _Kind]()

    def kind(self, took: Seconds) -> _Kind:
        if id(took) not in self._kinds:
            self._kinds[id(took)] = _Kind(took, self.chance, self._pace.log)
        return self._kinds[id(took)]

    def stretch(self, ahead_s: float) -> float:
        """By what all that lies so far ahead is longer or shorter in this play."""
        return math.exp(self.chance.gauss(0, self._pace.spread(ahead_s)))


def forecast(
    *,
    own: Seconds,
    running_for_s: float | None = None,
    held: Sequence[Held] = (),
    ahead: Ahead = (),
    workers: int,
    seed: int,
    gap_s: float = 0.0,
    pace: Pace = STEADY,
) -> Forecast | None:
    """When the result of one run is there.

    Args:
        own: seconds that recent runs of its kind took, from start to points. running_for_s: since it was started; None: it waits.
        held: what the workers have besides. ahead: the jobs that are taken before it: what recent ones of a kind
            took, and how many of the kind there are.
        workers: processes that live; each holds one slot. gap_s: that passes between two jobs of one. pace: of the last jobs.

    Returns:
        None where fewer than `LEAST_RUNS` of its kind are known.
    """
    if len(own) < LEAST_RUNS:
        return None
    starts, ends = [], []
    ahead_s = _mean_s([*ahead, (own, 1 + len(held))], own) / max(workers, 1)
    for number in range(PLAYS):
        play = _Play(seed * PLAYS + number, pace)
        if running_for_s is not None:
            ends.append(play.kind(own).left(running_for_s))
            continue
        stretch = play.stretch(ahead_s)
        start = stretch * _start(play, held, ahead, workers, own, gap_s)
        starts.append(start)
        ends.append(start + stretch * play.kind(own).draw())
    is_overdue = running_for_s is not None and running_for_s > max(own)
    return Forecast(_range(starts) if starts else None, _range(ends), is_overdue)


def forecast_line(
    *, line: Sequence[Seconds], held: Sequence[Held] = (), workers: int, gap_s: float = 0.0, pace: Pace = STEADY
) -> list[Forecast | None]:
    """The same for each job of a line, in its order, in one go; None for those of whose kind too little is known."""
    starts: list[list[float]] = [[] for _ in line]
    ends: list[list[float]] = [[] for _ in line]
    known: Seconds = next((took for took in line if len(took) >= LEAST_RUNS), ())
    if not known:
        return [None] * len(line)
    for number in range(PLAYS // 2):
        play = _Play(number, pace)
        free = _free(play, held, workers, known)
        # One deviate for all of the line: how far it is from the expected pace grows along the line, its sign does not change.
        deviate = play.chance.gauss(0, 1)
        for position, took in enumerate(line):
            begun, lasts = free[0], play.kind(took or known).draw()
            heapq.heapreplace(free, begun + lasts + gap_s)
            stretch = math.exp(deviate * pace.spread(begun))
            starts[position].append(stretch * begun)
            ends[position].append(stretch * (begun + lasts))
    return [
        Forecast(_range(start), _range(end)) if len(took) >= LEAST_RUNS else None
        for took, start, end in zip(line, starts, ends, strict=True)
    ]


def _mean_s(groups: Ahead, own: Seconds) -> float:
    return sum(many * fmean(took or own) for took, many in groups)


def _start(play: _Play, held: Sequence[Held], ahead: Ahead, workers: int, own: Seconds, gap_s: float) -> float:
    free = _free(play, held, workers, own)
    alone, together = _split(ahead, own)
    play.chance.shuffle(alone)
    for took in alone:
        heapq.heapreplace(free, free[0] + gap_s + play.kind(took).draw())
    mean = variance = 0.0
    for took, many in together:
        mean_here, variance_here = play.kind(took).sum_of(many)
        mean, variance = mean + mean_here + many * gap_s, variance + variance_here
    # A gap is also before its own start, unless a worker stands free.
    own_gap_s = gap_s if held or ahead else 0.0
    return free[0] + own_gap_s + max(mean + play.chance.gauss(0, math.sqrt(variance)), 0.0) / len(free)


def _free(play: _Play, held: Sequence[Held], workers: int, known: Seconds) -> list[float]:
    """When each worker is free, as a heap; one at least."""
    free = [1.0 if job.yields else play.kind(job.took or known).left(job.elapsed_s) for job in held]
    free += [0.0] * max(workers - len(free), 0 if free else 1)
    heapq.heapify(free)
    return free


def _split(ahead: Ahead, own: Seconds) -> tuple[list[Seconds], Ahead]:
    """Of each kind those that are played one by one, at most `EXACT` in all, and those of which only the sum counts."""
    total = sum(many for _, many in ahead)
    alone: list[Seconds] = []
    together = []
    for took, many in ahead:
        here = many if total <= EXACT else many * EXACT // total
        alone += [took or own] * here
        if many > here:
            together.append((took or own, many - here))
    return alone, together


def _range(values: list[float]) -> Range:
    ordered = sorted(values)
    return Range(ordered[int(LOW * (len(ordered) - 1))], ordered[math.ceil(HIGH * (len(ordered) - 1))])


def seconds_of(evidence: Mapping[tuple[object, ...], Seconds], *keys: tuple[object, ...]) -> Seconds:
    """The first of these kinds of which enough runs are known, from the narrowest to the widest; else what the last one has."""
    for key in keys:
        if len(evidence.get(key, ())) >= LEAST_RUNS:
            return evidence[key]
    return evidence.get(keys[-1], ())
