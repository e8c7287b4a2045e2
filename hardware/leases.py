"""Leases: the only code that moves a job.

A worker (in this process, in another, later on a board behind NAT) takes a job with `lease_next`, says `lease_start` when it begins,
`lease_beat` while it works, and exactly one of `lease_finish`, `lease_park` and `lease_release` at the end. Each call is a conditional update on
status and attempt number, so a worker that was given up for dead and wakes again is told `lease_lost` and can change nothing.
Which waiting job is the next one is said in hardware/line.py.
All times are those of the database (core/clock.py): the clock of a worker may be wrong, or be set while it works.
`sweep` gives jobs of silent workers back to the queue; it runs from Celery beat and from `manage.py sweep`.
"""

from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID

from django.db import transaction
from django.db.models import F, QuerySet

from courseplatform.core.clock import shared_now
from courseplatform.core.errors import Conflict, IllegalMove
from courseplatform.core.states import move
from hardware.lease_ends import GIVEN_UP, MAX_FAULTS, tell_end
from hardware.line import close_gap, ready_in_line, turn_for
from hardware.models import DECISIONS, HELD, MOVES, Job, JobMove, Outcome, Priority, Status

LEASE_TTL_S = 20
BEAT_S = 4
LONGEST_PAUSE_S = 60  # after a fault
CANDIDATES = 5
TRIES = 5  # of a cancel against workers that take and give back the same job
SUPERSEDED = "superseded"


class LeaseLost(Conflict):
    """The job belongs to somebody else now, or has ended. Stop working and throw the result away."""

    default_code = "lease_lost"


class CancelRequested(Conflict):
    """The person cancelled the job. Stop working and finish it as cancelled."""

    default_code = "cancel_requested"


@dataclass(frozen=True)
class JobKind:
    """What the owner of a kind of job tells the leases about it.

    `ended(job, outcome, result)` runs inside the transaction that finishes the job: both happen or neither.
    `wake()` sends a wake-up to the workers of this kind; losing it costs seconds, never a job.
    `parked(job, result)` keeps what came out until a person has decided, inside the transaction that parks the job; None: jobs of this
    kind are never parked.
    `ttl_s`: how long a lease lives without a beat. `start_within_s`: and before the work has begun; None: as long.
    `max_faults`: after so many faults of ours a job is given up, for it may be the job that brings its workers down.
    """

    name: str
    ended: Callable[[Job, Outcome, dict[str, Any]], None]
    wake: Callable[[], None]
    parked: Callable[[Job, dict[str, Any]], None] | None = None
    ttl_s: float = LEASE_TTL_S
    start_within_s: float | None = None
    max_faults: int = MAX_FAULTS


@dataclass(frozen=True)
class Lease:
    job_id: UUID
    kind: str
    attempt: int
    worker: str
    priority: int = Priority.LIVE


JobT = TypeVar("JobT", bound=Job)
_kinds: dict[str, JobKind] = {}


def register_kind(kind: JobKind) -> None:
    _kinds[kind.name] = kind


def job_enqueue(
    model: type[JobT], *, kind: str, owner_key: str, priority: Priority, now: datetime | None = None, **fields: Any
) -> JobT:
    """Put a job at the end of its class (hardware/line.py), in the caller's transaction; workers are woken after the commit.

    Args:
        model: what the owner of the kind keeps beside the job, with `fields`. now: from when it waits; never later than it may be taken.
    """
    at_once = shared_now()
    now = now or at_once
    made = model(
        kind=kind, owner_key=owner_key, priority=priority, queued_at=now, not_before=min(now, at_once), **fields
    )
    made.turn, made.reached = turn_for(made, priority=priority)
    made.save(force_insert=True)
    wake_on_commit(kind)
    return made


def is_waiting(kinds: Iterable[str], *, now: datetime | None = None) -> bool:
    """Whether a job of one of these kinds could be taken now."""
    return Job.objects.filter(status=Status.QUEUED, kind__in=list(kinds), not_before__lte=now or shared_now()).exists()


def wake_on_commit(kind: str) -> None:
    transaction.on_commit(_kinds[kind].wake)


def lease_next(*, worker: str, kinds: Iterable[str], now: datetime | None = None) -> Lease | None:
    """Take the next job of one of these kinds, or None when nothing waits."""
    now = now or shared_now()
    ready = ready_in_line(now).filter(kind__in=list(kinds))
    # Who loses all candidates lost each to somebody who works on it now, so this ends when the line does.
    while candidates := list(ready[:CANDIDATES]):
        for job in candidates:
            if lease := lease_take(job, worker=worker, now=now):
                return lease
    return None


def _lives(kind: str, *, has_begun: bool) -> timedelta:
    """How long a lease of this kind lives from now on."""
    found = _kinds.get(kind)
    if found is None:
        return timedelta(seconds=LEASE_TTL_S)
    return timedelta(seconds=found.ttl_s if has_begun else found.start_within_s or found.ttl_s)


def lease_take(job: Job, *, worker: str, now: datetime | None = None) -> Lease | None:
    """A lease of this waiting job; None: another worker was faster, and the next one in line may be free."""
    now = now or shared_now()
    try:
        move(
            job, moves=MOVES, to=Status.LEASED, by=worker, history=JobMove, guard={"attempt": job.attempt},
            attempt=job.attempt + 1, leased_by=worker[:120], leased_at=now, lease_expires_at=now + _lives(job.kind, has_begun=False),
        )  # fmt: skip
    except IllegalMove:
        return None
    return Lease(job_id=job.pk, kind=job.kind, attempt=job.attempt, worker=worker, priority=job.priority)


def _held(lease: Lease) -> Job:
    job = Job.objects.filter(pk=lease.job_id, attempt=lease.attempt, status__in=HELD).first()
    if job is None:
        raise LeaseLost("This lease is over: the job was given to another worker or has ended.")
    return job


def lease_start(lease: Lease, *, now: datetime | None = None) -> None:
    """The work itself begins. Raises LeaseLost."""
    job, now = _held(lease), now or shared_now()
    if job.status == Status.RUNNING:
        return
    _move_held(job, lease, to=Status.RUNNING, started_at=now, lease_expires_at=now + _lives(job.kind, has_begun=True))


def lease_beat(lease: Lease, *, phase: str = "", done: int = 0, total: int = 0, now: datetime | None = None) -> None:
    """Still alive: extends the lease, and says how far the work is when `phase` is given.

    Raises:
        LeaseLost: stop, and throw the result away.
        CancelRequested: stop, and finish as cancelled.
    """
    now = now or shared_now()
    changes: dict[str, Any] = {"lease_expires_at": now + _lives(lease.kind, has_begun=True)}
    held = Job.objects.filter(pk=lease.job_id, attempt=lease.attempt, status__in=HELD)
    if phase:
        held.exclude(phase=phase).update(phase=phase, phase_started_at=now)
        changes |= {"progress_done": done, "progress_total": total}
    if held.update(**changes) != 1:
        raise LeaseLost("This lease is over: the job was given to another worker or has ended.")
    if held.filter(cancel_requested=True).exists():
        raise CancelRequested("The run was cancelled.")


def lease_finish(lease: Lease, *, outcome: Outcome, result: dict[str, Any], now: datetime | None = None) -> bool:
    """End the job, and let its owner record what that means, in one transaction.

    Returns:
        True when this call ended it, False when the same lease had ended it before (a replay changes nothing).

    Raises:
        LeaseLost: another lease owns the job; the result is thrown away.
    """
    with transaction.atomic():
        if Job.objects.filter(pk=lease.job_id, attempt=lease.attempt, status=Status.FINISHED).exists():
            return False
        job = _held(lease)
        _end(job, lease=lease, outcome=outcome, result=result, by=lease.worker, now=now or shared_now())
    return True


def lease_park(lease: Lease, *, result: dict[str, Any], why: str, now: datetime | None = None) -> bool:
    """The work is done, but a person must look at it before it counts: its owner keeps the result until then.

    Returns:
        True when this call parked it, False when the same lease had done so before.

    Raises:
        LeaseLost: another lease owns the job; the result is thrown away.
    """
    with transaction.atomic():
        if Job.objects.filter(pk=lease.job_id, attempt=lease.attempt, status=Status.PARKED).exists():
            return False
        job, keep = _held(lease), _kinds[lease.kind].parked
        if keep is None:
            raise ValueError(f"jobs of kind {lease.kind} are never parked")
        _move_held(job, lease, to=Status.PARKED, why=why, finished_at=now or shared_now(), lease_expires_at=None)
        keep(job, result)
    return True


def lease_release(
    lease: Lease, *, why: str, fault: bool = True, pause: timedelta | None = None, now: datetime | None = None
) -> None:
    """Give the job back to the queue: our fault, or we are stopping (`fault=False`). Its place in line stays.

    pause: nobody takes it before that has passed; without one a fault costs some seconds, and nothing else any.
    After `max_faults` of its kind the job ends as `infrastructure`, which costs the person no attempt.
    """
    try:
        _give_back(_held(lease), lease=lease, why=why, fault=fault, pause=pause, now=now or shared_now())
    except IllegalMove as error:
        raise LeaseLost("This lease is over.") from error


def job_cancel(job: Job, *, by: str, now: datetime | None = None) -> None:
    """Cancel a job that has not ended. A waiting one ends now, a held one as soon as its worker beats.

    Raises:
        Conflict: code `already_finished`, or `parked` while the staff look at it.
    """
    now = now or shared_now()
    for _ in range(TRIES):
        job.refresh_from_db()
        if job.status == Status.FINISHED:
            raise Conflict("This run has ended already.", code="already_finished")
        if job.status == Status.PARKED:
            raise Conflict("This run has been measured; the staff look at it before it counts.", code="parked")
        if job.status in HELD and Job.objects.filter(pk=job.pk, status__in=HELD).update(cancel_requested=True):
            return
        if job.status == Status.QUEUED and _cancelled(job, by, now):
            return
    raise Conflict("This run is changing hands just now. Cancel it once more.", code="lost_race")


def _cancelled(job: Job, by: str, now: datetime) -> bool:
    """Whether the waiting job was ended; not, when a worker took it at this very moment."""
    try:
        with transaction.atomic():
            _end(job, lease=None, outcome=Outcome.CANCELLED, result={}, by=by, now=now)
    except IllegalMove:
        return False
    return True


def job_take_over(old: Job, new: Job, *, by: str, why: str, now: datetime | None = None) -> None:
    """A waiting job gives its place to another one of the same owner that waits behind it, and ends as cancelled with code `superseded`.

    All of it or nothing: where a worker takes one of the two at this moment, both stay as they are.

    Raises:
        Conflict: code `being_measured`, `already_finished`, `not_waiting` (the new one), or `not_behind`.
    """
    with transaction.atomic():
        old.refresh_from_db()
        new.refresh_from_db()
        if old.status != Status.QUEUED:
            code = "already_finished" if old.status == Status.FINISHED else "being_measured"
            raise Conflict("The earlier one waits no more, so there is no place to take over.", code=code)
        if new.status != Status.QUEUED:
            raise Conflict("The newer one waits no more, so it needs no other place.", code="not_waiting")
        if old.owner_key != new.owner_key or _key(old) >= _key(new):
            raise Conflict("Only a later hand-in of the same owner takes over a place.", code="not_behind")
        place = {"priority": old.priority, "turn": old.turn, "reached": old.reached, "queued_at": old.queued_at}
        try:
            result = {"code": SUPERSEDED, "message": why}
            ended: Any = {"by": by, "now": now or shared_now(), "closes": False}
            _end(old, lease=None, outcome=Outcome.CANCELLED, result=result, **ended)
        except IllegalMove as error:
            raise Conflict("The earlier one is being measured already.", code="being_measured") from error
        close_gap(new)
        if Job.objects.filter(pk=new.pk, status=Status.QUEUED, attempt=new.attempt).update(**place) != 1:
            raise Conflict("The newer one waits no more, so it needs no other place.", code="not_waiting")


def job_put_first(job: Job, *, now: datetime | None = None) -> None:
    """A waiting job goes before everybody, behind those that were put first before it. Raises Conflict (`not_waiting`)."""
    place = turn_for(job, priority=Priority.NEXT)
    waiting = Job.objects.filter(pk=job.pk, status=Status.QUEUED)
    with transaction.atomic():
        job.refresh_from_db()
        if job.priority == Priority.NEXT and job.status == Status.QUEUED:
            return
        if not waiting.update(priority=Priority.NEXT, not_before=now or shared_now(), **place._asdict()):
            raise Conflict("This run waits no more: it is being measured or has ended.", code="not_waiting")
        close_gap(job)  # as it stood before
    wake_on_commit(job.kind)


def _key(job: Job) -> tuple[int, int, datetime, UUID]:
    return (job.priority, job.turn, job.queued_at, job.pk)


def job_decide(job: Job, *, outcome: Outcome, result: dict[str, Any], by: str, why: str) -> None:
    """End a parked job as a person decided. `result` is told to its owner as by a worker.

    Raises:
        Conflict: code `not_parked`: it never was, or somebody else has decided.
    """
    if outcome not in DECISIONS:
        raise ValueError(f"a parked job is not ended as {outcome}")
    with transaction.atomic():
        job.refresh_from_db()
        if job.status != Status.PARKED:
            raise Conflict("This run is not with the staff: somebody has decided on it already.", code="not_parked")
        _end(job, lease=None, outcome=outcome, result=result, by=by, now=shared_now(), why=why)


def sweep(*, now: datetime | None = None) -> dict[str, int]:
    """Give back what silent workers hold (expired), and wake workers for what waits (waiting). Safe to run at any time, twice at once too."""
    now = now or shared_now()
    expired = silent_given_back(Job.objects.all(), now=now)
    waiting = list(Job.objects.filter(status=Status.QUEUED, not_before__lte=now).values_list("kind", flat=True))
    for name in set(waiting) & set(_kinds):
        wake_on_commit(name)
    return {"expired": expired, "waiting": len(waiting)}


def silent_given_back(jobs: "QuerySet[JobT]", *, now: datetime) -> int:
    """Give back those of these jobs whose workers have said nothing for longer than their leases live. Returns how many."""
    expired = 0
    for job in jobs.filter(status__in=HELD, lease_expires_at__lt=now).order_by("lease_expires_at")[:200]:
        with suppress(IllegalMove):  # it finished, or another sweep was faster
            _give_back(job, lease=None, why=f"no sign of life from {job.leased_by}", fault=True, now=now)
            expired += 1
    return expired


def _move_held(job: Job, lease: Lease | None, *, to: str, why: str = "", **changes: Any) -> None:
    by = lease.worker if lease else "sweep"
    guard = {"attempt": lease.attempt} if lease else {"attempt": job.attempt, "lease_expires_at": job.lease_expires_at}
    move(job, moves=MOVES, to=to, by=by, why=why, history=JobMove, guard=guard, **changes)


def _give_back(
    job: Job, *, lease: Lease | None, why: str, fault: bool, now: datetime, pause: timedelta | None = None
) -> None:
    faults = job.faults + int(fault)
    if faults >= (_kinds[job.kind].max_faults if job.kind in _kinds else MAX_FAULTS):
        result = {"code": "infrastructure", "message": GIVEN_UP.format(faults=faults)}
        with transaction.atomic():
            Job.objects.filter(pk=job.pk, attempt=job.attempt).update(faults=F("faults") + int(fault))
            tell_end(job, fault, why, now)
            _end(job, lease=lease, outcome=Outcome.INFRASTRUCTURE, result=result, by="sweep", now=now, why=why)
        return
    if job.cancel_requested:
        _end(job, lease=lease, outcome=Outcome.CANCELLED, result={}, by="sweep", now=now, why=why)
        return
    pause = pause or timedelta(seconds=min(2**faults, LONGEST_PAUSE_S) if fault else 0)
    with transaction.atomic():
        _move_held(
            job, lease, to=Status.QUEUED, why=why, faults=faults, leased_by="", lease_expires_at=None,
            phase="", progress_done=0, progress_total=0, not_before=now + pause,
        )  # fmt: skip
        tell_end(job, fault, why, now)
    if job.kind in _kinds:
        wake_on_commit(job.kind)


def _end(
    job: Job,
    *,
    lease: Lease | None,
    outcome: Outcome,
    result: dict[str, Any],
    by: str,
    now: datetime,
    why: str = "",
    closes: bool = True,
) -> None:
    """Finish a job and tell its owner, in one transaction. closes: what leaves the line untaken leaves no gap for its owner."""
    with transaction.atomic():
        if closes and job.status == Status.QUEUED:
            close_gap(job)
        move(
            job, moves=MOVES, to=Status.FINISHED, by=by, why=why or outcome, history=JobMove,
            guard={"attempt": job.attempt}, outcome=outcome, finished_at=job.finished_at or now, lease_expires_at=None,
            error_code=str(result.get("code", ""))[:60], error_message=str(result.get("message", "")),
            error_details=result.get("details", {}),
        )  # fmt: skip
        tell_end(job, False, why, now)
        if job.kind in _kinds:
            _kinds[job.kind].ended(job, outcome, result)
