"""What the staff do with a runner, and what its health becomes by it."""

from datetime import datetime

from django.db import transaction
from django.utils import timezone

from courseplatform.core.errors import BadInput, Conflict
from courseplatform.core.states import move
from courseplatform.courses.access import Visit
from hardware import leases
from hardware.leases import Lease, LeaseLost
from hardware.models import (
    DUTY_MOVES,
    HELD,
    BoardJob,
    Duty,
    EnrolCode,
    Health,
    Runner,
    RunnerMove,
    RunnerToken,
)
from hardware.runners.enrolling import health_set

LONGEST_WHY = 300


def duty_change(*, visit: Visit, runner: Runner, to: Duty, why: str = "", now: datetime | None = None) -> Runner:
    """Pause, drain, quarantine, revoke, or put back on duty.

    What it works on: a paused and a draining one ends it; from one in quarantine and from a revoked one it goes back into the line, and the
    agent is told at its next word to throw away what it has.

    Raises:
        BadInput: code `no_reason`, for a quarantine. IllegalMove: code `illegal_move` or `lost_race`.
    """
    why = " ".join(why.replace("\x00", "").split())[:LONGEST_WHY]
    if to == Duty.QUARANTINED and not why:
        raise BadInput(
            "Say why it goes into quarantine: the next person needs to know what to look at.", code="no_reason"
        )
    return duty_move(runner, to, by=visit.by, why=why, now=now)


@transaction.atomic
def duty_move(runner: Runner, to: Duty, *, by: str, why: str, now: datetime | None = None) -> Runner:
    now = now or timezone.now()
    row = Runner.objects.select_for_update(of=("self",)).get(pk=runner.pk)
    move(row, moves=DUTY_MOVES, to=to, by=by, why=why, history=RunnerMove)
    if to in (Duty.QUARANTINED, Duty.REVOKED):
        taken_away(row, f"the runner was {'revoked' if to == Duty.REVOKED else 'put into quarantine'}", now)
    if to == Duty.REVOKED:
        RunnerToken.objects.filter(runner=row, revoked_at=None).update(revoked_at=now)
        EnrolCode.objects.filter(runner=row, used_at=None).update(expires_at=now)
    if to == Duty.ACTIVE and row.health == Health.GOOD:
        # What happened to it meanwhile nobody knows: its golden model says whether it is what it was.
        health_set(row, Health.UNKNOWN, by=by, why="back on duty", now=now)
        row.save(update_fields=["health", "health_why", "health_at"])
    return row


def taken_away(runner: Runner, why: str, now: datetime) -> None:
    """What this runner holds goes back into the line; nobody pays for it."""
    for job in BoardJob.objects.filter(taken_by=runner, status__in=HELD):
        try:
            leases.lease_release(lease_of(job, runner), why=why, fault=False, now=now)
        except LeaseLost:
            continue  # it ended at this very moment


def lease_of(job: BoardJob, runner: Runner, attempt: int | None = None) -> Lease:
    return Lease(job.pk, job.kind, job.attempt if attempt is None else attempt, runner.by, job.priority)


@transaction.atomic
def health_clear(*, visit: Visit, runner: Runner, why: str, now: datetime | None = None) -> Runner:
    """A person has looked at a board that was not well: its golden model runs next, and decides.

    Raises:
        BadInput: code `no_reason`. Conflict: code `not_bad`.
    """
    why = " ".join(why.replace("\x00", "").split())[:LONGEST_WHY]
    if not why:
        raise BadInput("Say what was wrong and what was done: it stands in the history of the board.", code="no_reason")
    row = Runner.objects.select_for_update(of=("self",)).get(pk=runner.pk)
    if row.health != Health.BAD:
        raise Conflict(f"{row.name} is not marked as not well.", code="not_bad")
    health_set(row, Health.UNKNOWN, by=visit.by, why=why, now=now or timezone.now())
    row.save(update_fields=["health", "health_why", "health_at"])
    return row
