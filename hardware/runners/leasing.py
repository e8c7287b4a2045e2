"""The calls of the protocol by which a runner goes on with what it holds, without their HTTP: docs/runner-protocol.md.

Every call is fenced by the attempt of its lease (hardware/leases.py) and may come twice. The site decides every retry.
Polls, which give work out, stand in polling.py, ends in ending.py.
"""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction

from courseplatform.core.clock import shared_now
from courseplatform.core.errors import NotHere
from hardware import leases
from hardware.leases import CancelRequested, LeaseLost
from hardware.models import (
    HELD,
    BoardEnd,
    BoardJob,
    Duty,
    Health,
    Runner,
    Status,
)
from hardware.runners.duty import lease_of
from hardware.runners.enrolling import health_set
from hardware.runners.facts import text
from hardware.runners.holding import runner_locked
from hardware.runners.polling import state_keep

BEAT_S, TTL_S, START_WITHIN_S = 15, 60, 60
# A board is unplugged, restarted, cut off, held to be drifting: four of these come together in a bad evening, and say nothing of the job.
MOST_FAULTS = 8
LONGEST_START_S = 300  # so long an agent may fetch the files, beating all the while
MOST_GIVEN_BACK = 3  # of one job by one board, without a fault
BRING_WITHIN = timedelta(minutes=30)  # cooling is within wall_s; this is for results over a slow line


class Gone(LeaseLost):
    """410: the lease is another's now. Kill what runs, throw the result away."""

    http_status = 410


def job_of(runner: Runner, lease: UUID) -> BoardJob:
    """A job that this runner holds or held. Raises NotHere."""
    job = BoardJob.objects.filter(pk=lease, course_id=runner.course_id).first()
    if job is None or not (job.taken_by_id == runner.pk or job.leases.filter(runner=runner).exists()):
        raise NotHere("This runner was never given this job.")
    return job


def job_held(runner: Runner, lease: UUID, attempt: int) -> BoardJob:
    """Raises NotHere, or Gone (410 `lease_lost`)."""
    job = job_of(runner, lease)
    if job.taken_by_id != runner.pk or job.attempt != attempt or job.status not in HELD:
        raise Gone(
            "This lease is over: the job was given to another runner or has ended. Stop, and throw the result away."
        )
    return job


def job_sent(runner: Runner, lease: UUID, attempt: int) -> tuple[BoardJob, bool]:
    """The job to which a piece of its log or a file belongs, and whether its end is recorded already: then what is here stands, and a call that
    comes twice is answered as before. Raises NotHere, Gone.
    """
    try:
        return job_held(runner, lease, attempt), False
    except Gone:
        job = job_of(runner, lease)
        if not BoardEnd.objects.filter(job=job, attempt=attempt, runner=runner, counted=True).exists():
            raise
        return job, True


def runner_start(*, runner: Runner, lease: UUID, attempt: int, now: datetime | None = None) -> None:
    """The files are there and the board is ready. Raises NotHere, Gone."""
    job = job_held(runner, lease, attempt)
    fenced(leases.lease_start, lease_of(job, runner, attempt), now=now)


def runner_beat(
    *,
    runner: Runner,
    lease: UUID,
    attempt: int,
    phase: str,
    done: int,
    total: int,
    state: Any,
    now: datetime | None = None,
) -> str:
    """Still at work. Returns what to do: continue, cancel or drain. Raises NotHere, Gone."""
    now, job = now or shared_now(), job_held(runner, lease, attempt)
    _in_time(job, runner, now)
    row = Runner.objects.get(pk=runner.pk)
    state_keep(row, state, now)
    row.save(update_fields=["state", "last_seen_at"])
    said = {"phase": text(phase, 24), "done": max(done, 0), "total": max(total, 0)}
    try:
        fenced(leases.lease_beat, lease_of(job, runner, attempt), **said, now=now)
    except CancelRequested:
        return "cancel"
    return "drain" if row.status == Duty.DRAINING else "continue"


def _in_time(job: BoardJob, runner: Runner, now: datetime) -> None:
    """An agent that beats and beats and never ends would keep the job from everybody else. Raises Gone."""
    most = timedelta(seconds=START_WITHIN_S + job.wall_s) + BRING_WITHIN
    if job.leased_at is not None and now > job.leased_at + most:
        why = f"it was not ended within {most.total_seconds() / 60:.0f} minutes"
        with transaction.atomic():
            runner_locked(runner)
            fenced(leases.lease_release, lease_of(job, runner), why=why, now=now)
        raise Gone("This lease is over: the run took longer than it may. Stop, and throw the result away.")


def runner_release(
    *, runner: Runner, lease: UUID, attempt: int, why: str, fault: bool, now: datetime | None = None
) -> None:
    """The runner stops, or cannot do it: back into the line. Raises NotHere, Gone."""
    job, now = job_held(runner, lease, attempt), now or shared_now()
    fault = fault or comes_back_often(job, runner)
    with transaction.atomic():
        runner_locked(runner)
        fenced(
            leases.lease_release,
            lease_of(job, runner, attempt),
            why=text(why, 300) or "the runner gave it back",
            fault=fault,
            now=now,
        )
        if fault:
            doubt(runner, why, now)


def comes_back_often(job: BoardJob, runner: Runner) -> bool:
    """Whether this board has given the job back again and again: it stands in the way of others, and that is its fault."""
    return job.moves.filter(by=runner.by, moved_to=Status.QUEUED).count() >= MOST_GIVEN_BACK


def doubt(runner: Runner, why: str, now: datetime) -> None:
    """After a fault of its own a board measures its golden model before anything else."""
    row = runner_locked(runner)
    if row.health == Health.GOOD:
        health_set(row, Health.UNKNOWN, by=row.by, why=text(why, 300), now=now)
        row.save(update_fields=["health", "health_why", "health_at"])


def fenced(call: Any, *args: Any, **named: Any) -> Any:
    try:
        return call(*args, **named)
    except LeaseLost as error:
        raise Gone(error.message) from error
