"""What the staff do with a runner, and what its health becomes by it."""

from datetime import datetime
from functools import partial

from django.db import transaction
from django.utils import timezone

from courseplatform.core.errors import BadInput, Conflict, IllegalMove
from courseplatform.core.states import move
from courseplatform.courses.access import Visit
from hardware import leases
from hardware.inventory.services.circulation import offer_changed
from hardware.leases import Lease, LeaseLost
from hardware.models import (
    DUTY_MOVES,
    HELD,
    BoardJob,
    Duty,
    EnrolCode,
    Health,
    LoanPiece,
    Runner,
    RunnerAlert,
    RunnerMove,
    RunnerToken,
    Status,
    Trouble,
)
from hardware.runners.calibrating import calibrations_end
from hardware.runners.enrolling import health_set
from hardware.runners.holding import runner_locked

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
    row = runner_locked(runner)
    if row.item_id is not None:
        transaction.on_commit(partial(offer_changed, row.item_id))
    move(row, moves=DUTY_MOVES, to=to, by=by, why=why, history=RunnerMove)
    if to in (Duty.QUARANTINED, Duty.REVOKED):
        taken_away(row, f"the runner was {'revoked' if to == Duty.REVOKED else 'put into quarantine'}", now)
    if to != Duty.DRAINING:
        row.retires = False
    if to == Duty.REVOKED:
        if not keeps_item(row):
            row.item = None  # it may carry another runner
        _own_work_ended(row, by, now)
        RunnerToken.objects.filter(runner=row, revoked_at=None).update(revoked_at=now)
        EnrolCode.objects.filter(runner=row, used_at=None).update(expires_at=now)
    if to == Duty.ACTIVE and row.health == Health.GOOD:
        # What happened to it meanwhile nobody knows: its golden model says whether it is what it was.
        health_set(row, Health.UNKNOWN, by=by, why="back on duty", now=now)
    row.save(update_fields=["health", "health_why", "health_at", "retires", "item"])
    return row


def _own_work_ended(runner: Runner, by: str, now: datetime) -> None:
    """Its calibration and its golden model are for this board alone, so nobody else would ever take them."""
    calibrations_end(runner, by=by, why=f"{runner.name} was revoked.", now=now)
    for job in BoardJob.objects.filter(runner=runner, status=Status.QUEUED):
        leases.job_cancel(job, by=by, now=now)


def keeps_item(runner: Runner) -> bool:
    """Whether a revoked runner stays with its board: while its team has that on loan, or the team could enrol anew what the staff revoked."""
    if runner.item_id is None or runner.team_id is None:
        return False
    return LoanPiece.objects.filter(item=runner.item_id, back_at=None, loan__team=runner.team_id).exists()


@transaction.atomic
def runner_retire(*, visit: Visit, runner: Runner, why: str = "", now: datetime | None = None) -> Runner:
    """Its last day: it ends what it works on, then its token is void, and its name and item are free. Raises IllegalMove."""
    row = Runner.objects.select_for_update(of=("self",)).get(pk=runner.pk)
    why = " ".join(why.replace("\x00", "").split())[:LONGEST_WHY] or "retired"
    if not _holds(row):
        return duty_move(row, Duty.REVOKED, by=visit.by, why=why, now=now)
    if row.status != Duty.DRAINING:
        row = duty_move(row, Duty.DRAINING, by=visit.by, why=why, now=now)
    Runner.objects.filter(pk=row.pk).update(retires=True)
    row.retires = True
    return row


def sweep(now: datetime) -> int:
    """Revoke those that retire and have ended what they held. Returns how many; may run twice and at once."""
    ended = 0
    for row in Runner.objects.filter(retires=True, status=Duty.DRAINING).select_related("course"):
        if not _holds(row):
            try:
                duty_move(row, Duty.REVOKED, by="site", why="retired: it has ended its last run", now=now)
                ended += 1
            except IllegalMove:
                continue  # another sweep was faster
    return ended


def _holds(runner: Runner) -> bool:
    return BoardJob.objects.filter(taken_by=runner, status__in=HELD).exists()


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
    now = now or timezone.now()
    health_set(row, Health.UNKNOWN, by=visit.by, why=why, now=now)
    row.save(update_fields=["health", "health_why", "health_at"])
    # Should it fail again, that is news.
    RunnerAlert.objects.filter(runner=row, what=Trouble.BAD, ended_at=None).update(ended_at=now)
    return row
