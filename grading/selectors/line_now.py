"""The line as it is now, and what it promises: who waits, what is measured, how many workers live, how long runs of each kind take."""

import time
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property, lru_cache
from math import ceil, floor, log
from statistics import median
from typing import Any, NamedTuple

from django.db.models import Count, Q
from django.db.models.fields.json import KeyTransform

from courseplatform.core import numbers
from grading.models.runs import Phase, Result, Run
from grading.queue.forecast import LEAST_RUNS, STEADY, Forecast, Held, Pace, Range, forecast, seconds_of
from grading.queue.wake import COUNT_KIND, RUN_KIND
from hardware import workers
from hardware.line import ahead_of, ready_in_line
from hardware.models import BOARD_KINDS, HELD, Job, Outcome, Priority

EVIDENCE = 40  # newest runs of a kind that its range rests on
OF_LAB, OF_SITE = 120, 400  # runs that are looked at for it
OF_PACE, STILL_OF_NOW, SHRINK = 8, timedelta(minutes=10), 2  # the last jobs that set the pace
LATEST_S = 5
OF_PHASES = 20  # results that say what is usual of a phase
LAB, FORMAT = "run__submission__assignment_id", "run__submission__format"
Key = tuple[object, ...]
Times = dict[Key, tuple[float, ...]]


def keys_of(kind: object, lab: object = None, model_format: object = None) -> tuple[Key, ...]:
    """Under which its times are kept, from the narrowest."""
    return ((kind, lab, model_format), (kind, lab), (kind,)) if kind == RUN_KIND else ((kind,),)


@dataclass(frozen=True)
class LineNow:
    """held: rows of jobs that workers have, with kind, priority, leased_at, lab and format. slots: how many can be worked on at once. times:
    seconds of recent jobs by kind, from lease to end. gap_s: what a worker needs from the end of one job to the beginning of the next.
    pace: of the last jobs. newest: the one that was measured last."""

    now: datetime
    held: list[dict[str, Any]]
    slots: int
    waiting: int
    times: Times = field(default_factory=dict)
    gap_s: float = 0.0
    pace: Pace = STEADY
    newest: "Newest" = None

    def took(self, kind: object, lab: object = None, model_format: object = None) -> Sequence[float]:
        return seconds_of(self.times, *keys_of(kind, lab, model_format))

    def held_before(self, priority: int) -> list[Held]:
        """What workers have, as it stands in the way of a job of this class."""
        return [
            Held(
                self.took(row["kind"], row[LAB], row[FORMAT]),
                (self.now - (row["leased_at"] or self.now)).total_seconds(),
                yields=row["kind"] == COUNT_KIND or (row["priority"] == Priority.RERUN and priority < Priority.RERUN),
            )
            for row in self.held
        ]


def line_read(now: datetime, labs: Iterable[int] = ()) -> LineNow:
    """Four queries, and one for the times of `labs` where any are named."""
    held = (
        Job.objects.filter(status__in=HELD)
        .exclude(kind__in=BOARD_KINDS)
        .values("pk", "kind", "priority", "started_at", "leased_at", LAB, FORMAT)
    )
    rows = list(held)
    newest = _newest()
    past = _past(tuple(labs), newest, _beat())
    return LineNow(
        now=now, held=rows, slots=max(len(workers.living(now)), len(rows)),
        waiting=ready_in_line(now).filter(priority__lt=Priority.IDLE).count(), times=past.times, gap_s=past.gap_s,
        pace=_pace(past.recent, past.times, now), newest=newest,
    )  # fmt: skip


class _Past(NamedTuple):
    """What ended runs say; the same for everybody who looks until the next one ends."""

    recent: list[dict[str, Any]]
    times: Times
    gap_s: float


Newest = tuple[Any, datetime] | None


def _newest() -> Newest:
    """The job that was measured last: while it is the same one, so is everything that is told from ended runs. One query, of one row."""
    found: Newest = _ended().order_by("-finished_at").values_list("pk", "finished_at").first()
    return found


def _beat() -> int:
    """A run that another machine has dated before the newest one is seen after this many seconds at the latest."""
    return int(time.monotonic() / LATEST_S)


@lru_cache(maxsize=64)
def _past(labs: tuple[int, ...], newest: Newest, beat: int) -> _Past:
    """Two queries over hundreds of rows: a deadline has a hundred pages a second ask for it."""
    recent = _recent(list(labs))
    return _Past(recent, _times(recent), _gap_s(recent))


def _ended() -> Any:
    return Job.objects.filter(outcome=Outcome.MEASURED, leased_at__isnull=False, finished_at__isnull=False)


def _recent(labs: list[int]) -> list[dict[str, Any]]:
    ended = _ended()
    wanted = ("kind", LAB, FORMAT, "leased_by", "queued_at", "leased_at", "finished_at")
    rows = list(ended.order_by("-finished_at").values(*wanted)[:OF_SITE])
    if labs:
        of_lab = ended.filter(**{f"{LAB}__in": labs}).order_by("-finished_at")
        # The lab's own come first, so that a busy evening of another lab does not push them out.
        rows = [*of_lab.values(*wanted)[: OF_LAB * len(labs)], *(row for row in rows if row[LAB] not in labs)]
    return rows


def _times(rows: list[dict[str, Any]]) -> Times:
    found: defaultdict[Key, list[float]] = defaultdict(list)
    for row in rows:
        seconds = max((row["finished_at"] - row["leased_at"]).total_seconds(), 0.0)  # clocks of two machines may differ
        for key in keys_of(row["kind"], row[LAB], row[FORMAT]):
            if len(found[key]) < EVIDENCE:
                found[key].append(seconds)
    return {key: tuple(sorted(times)) for key, times in found.items()}


def phases_of(run: Run, newest: "Newest") -> dict[str, Range]:
    """Within which times eight in ten of the last runs of its lab had each phase behind them; of its format where enough are known. Empty
    where fewer than LEAST_RUNS say so. newest: as the line has it. One query at most."""
    return _phases(run.submission.assignment_id, run.submission.format, newest, _beat())


@lru_cache(maxsize=64)
def _phases(assignment: int, its_format: str, newest: Newest, beat: int) -> dict[str, Range]:
    of_lab = Result.objects.filter(run__submission__assignment=assignment).order_by("-made_at")
    said = of_lab.annotate(phase_s=KeyTransform("phase_s", "environment"))
    rows = [
        (model_format, phase_s)
        for model_format, phase_s in said.values_list("run__submission__format", "phase_s")[:OF_PHASES]
        if isinstance(phase_s, dict)
    ]
    alike = [phase_s for model_format, phase_s in rows if model_format == its_format]
    known = alike if len(alike) >= LEAST_RUNS else [phase_s for _, phase_s in rows]
    if len(known) < LEAST_RUNS:
        return {}
    times = {phase: sorted(float(one.get(phase, 0.0)) for one in known) for phase in Phase.values}
    return {phase: Range(share_of(found, 0.1), share_of(found, 0.9)) for phase, found in times.items()}


def _gap_s(rows: list[dict[str, Any]]) -> float:
    """The median, of workers for whom the next job waited already."""
    gaps, last = [], dict[str, datetime]()
    for row in sorted(rows, key=lambda row: row["leased_at"]):
        ended = last.get(row["leased_by"])
        if ended is not None and row["queued_at"] <= ended <= row["leased_at"]:
            gaps.append((row["leased_at"] - ended).total_seconds())
        last[row["leased_by"]] = row["finished_at"]
    return median(gaps[-EVIDENCE:]) if gaps else 0.0


def _pace(rows: list[dict[str, Any]], times: Times, now: datetime) -> Pace:
    """What the last few jobs say beside all examples of their kinds, drawn towards nothing where they are very few."""
    if not rows:
        return STEADY
    newest = sorted(rows, key=lambda row: row["finished_at"], reverse=True)
    last = [row for row in newest[:OF_PACE] if now - row["finished_at"] < STILL_OF_NOW]
    longer = [
        log(max((row["finished_at"] - row["leased_at"]).total_seconds(), 0.05) / max(median(took), 0.05))
        for row in last
        if (took := seconds_of(times, *keys_of(row["kind"], row[LAB], row[FORMAT])))
    ]
    watched = now - newest[:OF_LAB][-1]["finished_at"]
    return Pace(sum(longer) / (len(longer) + SHRINK), max(watched.total_seconds(), 1.0))


@dataclass(frozen=True)
class Place:
    """A waiting job among the others. groups: of those ahead (kind, lab, format) and how many; own: how many of them its owner's."""

    groups: dict[Key, int]
    own: int

    @cached_property
    def ahead(self) -> int:
        return sum(self.groups.values())


def place_of(job: Job, now: datetime) -> Place:
    """One query."""
    rows = ahead_of(job, now).order_by().values("kind", LAB, FORMAT)
    counted = rows.annotate(many=Count("pk"), own=Count("pk", filter=Q(owner_key=job.owner_key)))
    found = list(counted)
    return Place({(row["kind"], row[LAB], row[FORMAT]): row["many"] for row in found}, sum(row["own"] for row in found))


def promise(run: Run, line: LineNow, place: Place | None) -> Forecast | None:
    """When its result is there. place: None while it is being measured."""
    lab = run.submission.assignment_id
    own = line.took(RUN_KIND, lab, run.submission.format) if (RUN_KIND, lab) in line.times else ()
    if place is None:
        since = run.leased_at or line.now
        return forecast(
            own=own,
            running_for_s=(line.now - since).total_seconds(),
            workers=line.slots,
            seed=_seed(run),
            pace=line.pace,
        )
    ahead = [(line.took(*group), many) for group, many in place.groups.items()]
    return forecast(
        own=own,
        held=line.held_before(run.priority),
        ahead=ahead,
        workers=line.slots,
        seed=_seed(run),
        gap_s=line.gap_s,
        pace=line.pace,
    )


def _seed(run: Run) -> int:
    return int(run.pk.int % (1 << 31))


def share_of(times: Sequence[float], share: float) -> float:
    return times[int(share * (len(times) - 1))]


def range_words(found: Range) -> str:
    """`4 to 7 min`: rounded outwards, and no finer than anybody can know it."""
    low, high = found.low_s, max(found.high_s, 1.0)
    step = 1 if high < 20 else 5 if high < 60 else 30 if high < 300 else 60 if high < 3600 else 300
    first, last = floor(max(low, 0) / step) * step, ceil(high / step) * step
    if first <= 0:
        return f"under {numbers.span(timedelta(seconds=last))}"
    if first == last:
        return f"about {numbers.span(timedelta(seconds=last))}"
    one, other = (numbers.span(timedelta(seconds=value)) for value in (first, last))
    number, _, unit = one.partition(numbers.WHOLE)
    same = other.endswith(f"{numbers.WHOLE}{unit}") and other.count(numbers.WHOLE) == 1 == one.count(numbers.WHOLE)
    return f"{number} to {other}" if same else f"{one} to {other}"
