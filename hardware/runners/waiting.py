"""Why a job for a board waits, and for how long: which boards could take it, what each does now, and what the others lack. Reads alone.

What is said is fit for the person who waits: boards of other teams, which never could take it, stand in no answer.
"""

import heapq
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Q

from courseplatform.core import numbers
from hardware.course_devices import profiles_of
from hardware.line import ORDER
from hardware.models import HELD, BoardJob, Duty, Health, Outcome, Purpose, Status
from hardware.ondevice.stats import percentile
from hardware.runners.matching import Board, barred_why, boards_of, is_free, is_here, lacks
from hardware.runners.needs import listed

SOON = timedelta(seconds=10)  # an idle board asks every five seconds
RECENT, FEWEST = 40, 3  # runs that a forecast rests on; fewer say nothing of how much they differ
LOW, HIGH = 10, 90  # percent of the recent runs
MOST_NAMED = 3


@dataclass(frozen=True)
class BoardNow:
    """One board beside a job. state: free, busy, checking, away, barred, lacks. said: what goes on from its name ("measures Lab 1")."""

    name: str
    state: str
    said: str

    @property
    def could(self) -> bool:
        return self.state != "lacks"


@dataclass(frozen=True)
class Waits:
    """Why one job waits.

    sentence: for whoever waits. before: jobs that stand before it in the line and that a board that could take it could take. least, most: from now
    until it is begun, from what the newest runs on such boards took, the quickest and the slowest tenth left out; None where too little is
    known, or no such board is there. boards: those of its kind. nobody_can: no board of the course has what it asks for, here or away.
    """

    sentence: str
    before: int = 0
    least: timedelta | None = None
    most: timedelta | None = None
    boards: tuple[BoardNow, ...] = ()
    nobody_can: bool = False


def waits(job: BoardJob, now: datetime) -> Waits:
    """A bounded number of queries, however many boards there are; the line before it is read once."""
    if job.status in HELD:
        return Waits(f"{job.taken_by.name if job.taken_by else 'A board'} measures it.")
    if job.status != Status.QUEUED:
        return Waits("It waits no more: it has ended.")
    every = boards_of(job.course, device=job.device)
    concerned = [one for one in every if one.team is None or one.team.pk == job.team_id]
    shown = tuple(_now(job, one, now) for one in concerned)
    able = [one for one, said in zip(concerned, shown, strict=True) if said.could]
    if not able:
        return Waits(_nobody(job, shown, are_others=len(every) > len(concerned)), boards=shown, nobody_can=True)
    there = [one for one in able if is_here(one.runner, now) and not barred_why(one)]
    before = _before(job, able, now)
    least, most = _forecast(job, there, before, now)
    return Waits(_sentence(job, there, able, shown, before), before, least, most, shown)


def asked_words(job: BoardJob) -> str:
    """What it asks for: "Raspberry Pi 4, 4 GB, tagged camera"."""
    profile = profiles_of(job.course).get(job.device)
    words = job.needs.words
    return f"{profile.name if profile else job.device}{',' if words else ''}{words}"


def _now(job: BoardJob, board: Board, now: datetime) -> BoardNow:
    runner = board.runner
    if lacking := lacks(job, board):
        return BoardNow(runner.name, "lacks", lacking)
    if not is_here(runner, now):
        seen = runner.last_seen_at
        return BoardNow(
            runner.name, "away", f"has not answered for {numbers.span(now - seen)}" if seen else "has not answered yet"
        )
    if barred_why(board):
        said = board.unfit and "is lent out, in repair or out of circulation"
        said = "is not well; staff have to look at it" if runner.health == Health.BAD else said
        said = f"is not on duty ({runner.get_status_display().lower()})" if runner.status != Duty.ACTIVE else said
        return BoardNow(runner.name, "barred", said)
    if (board.held is not None and board.held.purpose == Purpose.HEALTH) or runner.health != Health.GOOD:
        return BoardNow(runner.name, "checking", "measures its golden model first")
    if board.held is not None:
        return BoardNow(
            runner.name, "busy", f"has measured another run for {numbers.span(now - (board.held.leased_at or now))}"
        )
    return BoardNow(runner.name, "free", "is free")


def _nobody(job: BoardJob, shown: tuple[BoardNow, ...], *, are_others: bool) -> str:
    said = f"No board here can take it: it asks for a {asked_words(job)}"
    why = "; ".join(f"{one.name} {one.said}" for one in shown[:MOST_NAMED])
    none = "those of the course work for other teams" if are_others else "the course has none"
    return f"{said}, and {why or none}."


def _sentence(job: BoardJob, there: list[Board], able: list[Board], shown: tuple[BoardNow, ...], before: int) -> str:
    told = {one.name: one for one in shown}
    if not there:
        why = [f"{one.runner.name} {told[one.runner.name].said}" for one in able[:MOST_NAMED]]
        return f"No board that could take it works just now: {'; '.join(why)}."
    names = [one.runner.name for one in there]
    line = f"{before} {'run stands' if before == 1 else 'runs stand'} before it" if before else "this run is the next"
    if free := [name for name in names if told[name].state == "free"]:
        return f"{listed(free[:MOST_NAMED])} {'is' if len(free) == 1 else 'are'} free, and {line}."
    if len(names) == 1:
        return f"{names[0]} {told[names[0]].said}, and {line}."
    more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
    who = ", ".join(names[:MOST_NAMED]) + more if more else listed(names)
    return f"{who} are busy, and {line}."


def _before(job: BoardJob, able: list[Board], now: datetime) -> int:
    """How many that wait are taken before it by a board that could take it."""
    waiting = BoardJob.objects.filter(
        status=Status.QUEUED, not_before__lte=now, course=job.course, device=job.device, priority__lte=job.priority
    ).exclude(pk=job.pk)
    waiting = waiting.filter(Q(runner=None) | Q(runner__in=[one.runner.pk for one in able])).exclude(
        purpose=Purpose.HEALTH
    )
    place = tuple(getattr(job, key) for key in ORDER)
    return sum(
        tuple(getattr(other, key) for key in ORDER) < place and any(not lacks(other, board) for board in able)
        for other in waiting.defer("plan").order_by(*ORDER)
    )


def _forecast(
    job: BoardJob, there: list[Board], before: int, now: datetime
) -> tuple[timedelta | None, timedelta | None]:
    """Until it is begun: the line played through twice, once with every run as short as the quickest tenth, once as the slowest."""
    if not there:
        return None, None
    if not before and any(is_free(one, now) for one in there):
        return timedelta(0), SOON
    took = _took_s(job, there)
    if len(took) < FEWEST:
        return None, None
    least, most = (_played(there, percentile(took, share), before, now) for share in (LOW, HIGH))
    return least, most + SOON


def _played(there: list[Board], run_s: float, before: int, now: datetime) -> timedelta:
    """When a board is free for it, where each run takes `run_s`."""
    free = []
    for one in there:
        begun = one.held.leased_at if one.held is not None else None
        free.append(max(run_s - (now - begun).total_seconds(), 0.0) if begun is not None else 0.0)
    heapq.heapify(free)
    for _ in range(before):
        heapq.heappush(free, heapq.heappop(free) + run_s)
    return timedelta(seconds=round(free[0]))


def _took_s(job: BoardJob, there: list[Board]) -> list[float]:
    """Seconds that the newest measured runs took on these boards, cool-down and transfer with them."""
    ended = BoardJob.objects.filter(
        taken_by__in=[one.runner.pk for one in there],
        purpose=Purpose.MEASURE,
        outcome=Outcome.MEASURED,
        finished_at__isnull=False,
    )
    newest = ended.order_by("-finished_at").values_list("leased_at", "finished_at")[:RECENT]
    return sorted((last - first).total_seconds() for first, last in newest if first is not None and last is not None)
