"""The order of the line: the one place that says which waiting job is taken next.

1. By class (`Priority`): what the staff put first, hand-ins, what a student has measured again, what only stands beside a hand-in,
   re-runs, and counts when nothing else is to do.
2. Within a class by `turn`: everybody's first job before anybody's second. A turn is given when the job comes into the line and stays
   with it: the turn that the class has reached, or the one after the owner's last, whichever is later (start-time fair queueing: Goyal,
   Vin and Cheng 1996, with every job of weight and length one). So what an owner had measured a moment ago counts, fifty files of one
   owner lie fifty turns deep, and nobody is owed anything for a time in which they handed in nothing. Once nothing waits or runs, a new
   round begins.
3. Within a turn by who came first.

Workers have one line; boards have one for each kind of board in each course, with turns of its own: what somebody's models were given by workers
is no turn on a board, and how far the line of another board has come says nothing of this one.

Nothing starves within a class: turns only grow, and a class whose turn has passed a job's takes that job first. A class waits for the
ones before it, and that is meant.
"""

from datetime import datetime
from typing import NamedTuple

from django.db.models import Max, Q, QuerySet

from courseplatform.core.clock import shared_now
from hardware.models import BOARD_KINDS, OPEN, BoardJob, Job, Status

ORDER = ("priority", "turn", "queued_at", "pk")


class Turn(NamedTuple):
    """turn: when a job is served. reached: the turn that its class had come to when it came; no other owner is served more than
    `turn - reached + 1` times before it."""

    turn: int
    reached: int


def line_with(job: Job) -> "QuerySet[Job]":
    """All jobs, also those that have ended, of the line in which this one stands or will stand."""
    if job.kind not in BOARD_KINDS:
        return Job.objects.exclude(kind__in=BOARD_KINDS)
    board = job if isinstance(job, BoardJob) else BoardJob.objects.get(pk=job.pk)
    return Job.objects.filter(boardjob__course=board.course_id, boardjob__device=board.device)


def turn_for(job: Job, *, priority: int) -> Turn:
    """The turn of this job, of which kind and owner are known, where it comes into this class now. Three queries, each answered by an index."""
    in_class, owner_key = line_with(job).filter(priority=priority), job.owner_key
    served = in_class.filter(leased_at__isnull=False).aggregate(turn=Max("turn"))["turn"]
    known = in_class.filter(status__in=OPEN).aggregate(turn=Max("reached"))["turn"]
    served = -1 if served is None else int(served)
    # Nothing waits and nothing runs: a new round, in which nobody has had a turn yet.
    reached = served + 1 if known is None else max(served, int(known))
    # What was cancelled before anybody took it has used no turn.
    theirs = in_class.filter(Q(leased_at__isnull=False) | Q(status=Status.QUEUED), owner_key=owner_key)
    own = theirs.aggregate(turn=Max("turn"))["turn"]
    return Turn(reached if own is None else max(reached, int(own) + 1), reached)


def in_line() -> "QuerySet[Job]":
    """Waiting jobs in the order in which they are taken, also those that may not be taken yet (`not_before`). What waits for a board stands
    in no line with these."""
    return Job.objects.filter(status=Status.QUEUED).exclude(kind__in=BOARD_KINDS).order_by(*ORDER)


def ready_in_line(now: datetime | None = None) -> "QuerySet[Job]":
    """Of those the ones that may be taken now."""
    return in_line().filter(not_before__lte=now or shared_now())


def ahead_of(job: Job, now: datetime | None = None) -> "QuerySet[Job]":
    """The waiting jobs that are taken before this one. What was put back for a while is passed over, so it stands before nobody."""
    return ready_in_line(now).filter(
        Q(priority__lt=job.priority)
        | Q(priority=job.priority, turn__lt=job.turn)
        | Q(priority=job.priority, turn=job.turn, queued_at__lt=job.queued_at)
        | Q(priority=job.priority, turn=job.turn, queued_at=job.queued_at, pk__lt=job.pk)
    )


def place_in_line(job: Job, now: datetime | None = None) -> int | None:
    """1 for the next job to be taken; None when it is not waiting."""
    return ahead_of(job, now).count() + 1 if job.status == Status.QUEUED else None


def close_gap(job: Job) -> None:
    """A waiting job has left the line untaken: its owner's later jobs of the class move up, each into the place of the one before.
    What was taken once, and given back, has used its turn and leaves no gap."""
    if job.leased_at is not None:
        return
    later = line_with(job).filter(
        owner_key=job.owner_key, priority=job.priority, status=Status.QUEUED, leased_at=None, turn__gt=job.turn
    )
    free = job.turn
    for pk, turn in later.order_by("turn", "queued_at", "pk").values_list("pk", "turn"):
        Job.objects.filter(pk=pk, status=Status.QUEUED, turn=turn).update(turn=free)
        free = turn


def is_waiting_before(priority: int, *, now: datetime | None = None) -> bool:
    """Whether a job of an earlier class could be taken now."""
    return ready_in_line(now).filter(priority__lt=priority).exists()
