"""The calls of the protocol that give out work and take it back, without their HTTP: docs/runner-protocol.md.

Every call is fenced by the attempt of its lease (hardware/leases.py) and may come twice. The site decides every retry.
"""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils import timezone

from courseplatform.core.errors import BadInput, Conflict, IllegalMove, NotHere
from hardware import leases
from hardware.leases import CancelRequested, LeaseLost
from hardware.models import (
    HELD,
    BoardEnd,
    BoardJob,
    BoardLease,
    Duty,
    Happened,
    Health,
    Outcome,
    Purpose,
    Runner,
    RunnerEvent,
    RunnerSample,
    Status,
)
from hardware.runners import alerts, health
from hardware.runners.bracket import THROTTLED, Judged, judge
from hardware.runners.duty import duty_move, lease_of
from hardware.runners.enrolling import health_set
from hardware.runners.facts import facts_read, skew_s, state_read, text, whole
from hardware.runners.files import checks_forget, files_forget, log_committed, log_is_full, result_file
from hardware.runners.matching import cannot_work, waiting_for

POLL_S, BEAT_S, TTL_S, START_WITHIN_S = 5, 15, 60, 60
LONGEST_START_S = 300  # so long an agent may fetch the files, beating all the while
SAMPLE_EVERY = timedelta(seconds=30)
BOOTS_KNOWN, MOST_STALE = 5, 5
MOST_GIVEN_BACK = 3  # of one job by one board, without a fault
BRING_WITHIN = timedelta(minutes=30)  # cooling is within wall_s; this is for results over a slow line
ENDS = ("done", "cancelled", "infrastructure", "thermal_invalid")
OF_MACHINE = (Happened.BOOT, Happened.AGENT, Happened.SYSTEM, Happened.RUNTIMES)
MOST_ENVIRONMENT_BYTES = 256 * 1024


class Gone(LeaseLost):
    """410: the lease is another's now. Kill what runs, throw the result away."""

    http_status = 410


@dataclass
class Poll:
    """The answer to a poll. drop: leases that the runner believes it holds and does not."""

    runner: Runner
    job: BoardJob | None = None
    drop: list[str] = field(default_factory=list)


def runner_poll(
    *,
    runner: Runner,
    facts: Any,
    state: Any,
    held: Iterable[tuple[UUID, int]],
    address: str | None,
    now: datetime | None = None,
) -> Poll:
    """A runner says what it is and what it holds, and is given the next piece of work where there is one for it.

    What a silent board held too long goes back into the line first: whoever asks need not wait for the sweep.
    """
    now = now or timezone.now()
    leases.silent_given_back(BoardJob.objects.filter(course=runner.course_id), now=now)
    return _polled(runner, facts, state, dict(held), address, now)


@transaction.atomic
def _polled(
    runner: Runner, facts: Any, state: Any, claimed: dict[UUID, int], address: str | None, now: datetime
) -> Poll:
    row = Runner.objects.select_for_update(of=("self",)).select_related("course", "team", "item").get(pk=runner.pk)
    _seen(row, facts_read(facts), state, address, now)
    row.clock_skew_s = skew_s(facts.get("clock_utc"), now) if isinstance(facts, dict) else None
    row.save()
    poll, mine = Poll(row), _held_by(row)
    poll.drop = [
        str(lease) for lease, attempt in claimed.items() if lease not in mine or mine[lease].attempt != attempt
    ]
    for job in [job for job in mine.values() if claimed.get(job.pk) != job.attempt]:
        if poll.job is None and _was_not_heard(job, row):
            poll.job = job
            continue
        # One board does one thing: what its agent does not know of any more, it will never end. The lease itself fences a late word.
        leases.lease_release(lease_of(job, row), why="the runner does not know of it any more", now=now)
        mine.pop(job.pk)
    if mine or cannot_work(row):
        return poll
    if health.check_where_due(row, now):
        checks_forget(row)
    for job in waiting_for(row, now):
        if _runs_all(job, row) and leases.lease_take(job, worker=row.by, now=now):
            BoardJob.objects.filter(pk=job.pk).update(taken_by=row)
            BoardLease.objects.create(runner=row, job=job, attempt=job.attempt, at=now)
            files_forget(job)
            poll.job = job
            break
    return poll


def _was_not_heard(job: BoardJob, row: Runner) -> bool:
    """Whether a job that the runner does not name was given to it in an answer that was lost: the same lease is then said again.

    Its time goes on, so a board that never begins does not keep it.
    """
    may_go_on = row.health == Health.GOOD or job.purpose == Purpose.HEALTH
    return job.status == Status.LEASED and not job.cancel_requested and may_go_on and not cannot_work(row)


def _runs_all(job: BoardJob, runner: Runner) -> bool:
    """Whether it has every runtime of the plan: models in a row may be of several formats."""
    return set(job.plan.get("runtimes", [])) <= set(runner.facts.get("runtimes", {}))


def _held_by(runner: Runner) -> dict[UUID, BoardJob]:
    return {job.pk: job for job in BoardJob.objects.filter(taken_by=runner, status__in=HELD)}


def _seen(row: Runner, facts: dict[str, Any], state: Any, address: str | None, now: datetime) -> None:
    """Write down what the agent says, and what that means: another machine, another system, a new start."""
    before = row.facts
    boots = [boot for boot in before.get("boots", []) if boot][-BOOTS_KNOWN:]
    if facts["install_id"] != before.get("install_id") or (facts["boot_id"] in boots[:-1]):
        if row.status != Duty.QUARANTINED:
            duty_move(
                row,
                Duty.QUARANTINED,
                by="site",
                why="two machines use its token: enrol it again with a new code",
                now=now,
            )
            row.refresh_from_db(fields=["status"])
            alerts.tell(row, "quarantined", now=now)
        return
    changed = [what for what in OF_MACHINE if before.get(what) not in (None, "", facts[what.value])]
    for what in changed:
        said = "" if what == Happened.BOOT else f"{_words(before[what])} to {_words(facts[what.value])}"[:200]
        RunnerEvent.objects.create(runner=row, at=now, what=what, said=said)
    if changed and row.health == Health.GOOD:
        health_set(row, Health.UNKNOWN, by=row.by, why=", ".join(what.label for what in changed), now=now)
    if facts["boot_id"] and facts["boot_id"] not in boots:
        boots.append(facts["boot_id"])
    row.facts, row.boot_id, row.address = facts | {"boots": boots}, facts["boot_id"], address
    state_keep(row, state, now)


def _words(fact: Any) -> str:
    return ", ".join(f"{name} {version}" for name, version in fact.items()) if isinstance(fact, dict) else str(fact)


def state_keep(row: Runner, state: Any, now: datetime) -> None:
    """The board as it is now, in the row that the caller saves; and every half minute a row of its history, also of one that says
    nothing of itself: it was here."""
    read, row.state = state_read(state)
    row.last_seen_at = now
    if not RunnerSample.objects.filter(runner=row, at__gt=now - SAMPLE_EVERY).exists():
        RunnerSample.objects.create(
            runner=row, at=now, temperature_c=read.temperature_c, clock_mhz=read.clock_mhz, is_throttled=read.is_throttled,
            power_w=read.power_w,
        )  # fmt: skip


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
    _fenced(leases.lease_start, lease_of(job, runner, attempt), now=now)


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
    now, job = now or timezone.now(), job_held(runner, lease, attempt)
    _in_time(job, runner, now)
    row = Runner.objects.get(pk=runner.pk)
    state_keep(row, state, now)
    row.save(update_fields=["state", "last_seen_at"])
    said = {"phase": text(phase, 24), "done": max(done, 0), "total": max(total, 0)}
    try:
        _fenced(leases.lease_beat, lease_of(job, runner, attempt), **said, now=now)
    except CancelRequested:
        return "cancel"
    return "drain" if row.status == Duty.DRAINING else "continue"


def _in_time(job: BoardJob, runner: Runner, now: datetime) -> None:
    """An agent that beats and beats and never ends would keep the job from everybody else. Raises Gone."""
    most = timedelta(seconds=START_WITHIN_S + job.wall_s) + BRING_WITHIN
    if job.leased_at is not None and now > job.leased_at + most:
        why = f"it was not ended within {most.total_seconds() / 60:.0f} minutes"
        _fenced(leases.lease_release, lease_of(job, runner), why=why, now=now)
        raise Gone("This lease is over: the run took longer than it may. Stop, and throw the result away.")


def runner_release(
    *, runner: Runner, lease: UUID, attempt: int, why: str, fault: bool, now: datetime | None = None
) -> None:
    """The runner stops, or cannot do it: back into the line. Raises NotHere, Gone."""
    job, now = job_held(runner, lease, attempt), now or timezone.now()
    fault = fault or _comes_back_often(job, runner)
    with transaction.atomic():
        _fenced(
            leases.lease_release,
            lease_of(job, runner, attempt),
            why=text(why, 300) or "the runner gave it back",
            fault=fault,
            now=now,
        )
        if fault:
            _doubt(runner, why, now)


def _comes_back_often(job: BoardJob, runner: Runner) -> bool:
    """Whether this board has given the job back again and again: it stands in the way of others, and that is its fault."""
    return job.moves.filter(by=runner.by, moved_to=Status.QUEUED).count() >= MOST_GIVEN_BACK


@dataclass(frozen=True)
class End:
    """What a runner says at the end of an attempt. results: {name, sha256, bytes} of a file that it sent; only of `done`."""

    outcome: str
    why: str
    results: dict[str, Any] | None
    log_bytes: int
    environment: dict[str, Any]

    @property
    def digest(self) -> str:
        said = [self.outcome, self.why, self.results, self.log_bytes, self.environment]
        return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()

    @property
    def said(self) -> dict[str, Any]:
        return {"outcome": self.outcome, "why": self.why, "results": self.results, "environment": self.environment}


@dataclass(frozen=True)
class Recorded:
    """again: it had been recorded before. missing: files that must come first; log_committed: so much of the log is here."""

    again: bool = False
    missing: tuple[str, ...] = ()
    log_committed: int = 0


def end_read(said: Any) -> End:
    """Raises BadInput: code `bad_end`, `unknown_outcome`, `environment_too_large`."""
    if not isinstance(said, dict):
        raise BadInput("The end of a run is a JSON object.", code="bad_end")
    outcome, results, log = said.get("outcome"), said.get("results"), said.get("log")
    if outcome not in ENDS:
        raise BadInput(f"An outcome is one of {', '.join(ENDS)}.", code="unknown_outcome")
    is_named = (
        isinstance(results, dict) and isinstance(results.get("name"), str) and isinstance(results.get("sha256"), str)
    )
    if outcome == "done" and not is_named:
        raise BadInput("`results` names the file that was sent: name, sha256 and bytes.", code="bad_end")
    environment = said.get("environment")
    environment = environment if isinstance(environment, dict) else {}
    if len(json.dumps(environment)) > MOST_ENVIRONMENT_BYTES:
        raise BadInput("`environment` is larger than 256 KiB: thin its samples to 600.", code="environment_too_large")
    size = log.get("bytes") if isinstance(log, dict) else 0
    return End(
        str(outcome),
        text(said.get("why"), 300),
        _named(results) if isinstance(results, dict) and is_named else None,
        size if type(size) is int else 0,
        environment,
    )


def _named(results: dict[str, Any]) -> dict[str, Any]:
    """What is kept of the name of a file: no more than that."""
    return {
        "name": results["name"][:60],
        "sha256": results["sha256"][:64].lower(),
        "bytes": whole(results.get("bytes")),
    }


def runner_finish(*, runner: Runner, lease: UUID, attempt: int, end: End, now: datetime | None = None) -> Recorded:
    """The end of an attempt, recorded once.

    Raises:
        NotHere. Conflict: code `finish_differs`: this attempt was ended with another answer. Gone: it came too late; kept, never graded.
    """
    now = now or timezone.now()
    job = job_of(runner, lease)
    if _is_recorded(job, runner, attempt, end):
        return Recorded(again=True)
    try:
        job = job_held(runner, lease, attempt)
    except Gone:
        if _is_recorded(job, runner, attempt, end):  # by the same call, at this very moment
            return Recorded(again=True)
        _keep_stale(job, runner, attempt, end)
        raise
    committed = log_committed(job, attempt)
    missing = [] if end.results is None or result_file(job, attempt, end.results) else [str(end.results["name"])[:60]]
    if missing or (committed < end.log_bytes and not log_is_full(committed)):
        return Recorded(missing=tuple(missing), log_committed=committed)
    try:
        with transaction.atomic():
            BoardEnd.objects.create(
                job=job, runner=runner, attempt=attempt, digest=end.digest, said=end.said, counted=True
            )
            _end(job, runner, attempt, end, now)
    except (LeaseLost, IllegalMove, IntegrityError) as error:
        if _is_recorded(job, runner, attempt, end):
            return Recorded(again=True)
        _keep_stale(job, runner, attempt, end)
        raise Gone("This lease ended while its end was said: throw the result away.") from error
    return Recorded(log_committed=committed)


def _is_recorded(job: BoardJob, runner: Runner, attempt: int, end: End) -> bool:
    """Whether this attempt was ended with these words. Raises Conflict where it was with others."""
    before = BoardEnd.objects.filter(job=job, attempt=attempt, counted=True).first()
    if before is None:
        return False
    if before.digest == end.digest and before.runner_id == runner.pk:
        return True
    raise Conflict("This attempt was ended with another answer before; that one stands.", code="finish_differs")


def _end(job: BoardJob, runner: Runner, attempt: int, end: End, now: datetime) -> None:
    lease = lease_of(job, runner, attempt)
    judged = judge(job, runner, end.environment) if end.outcome == "done" else Judged()
    if judged.why:
        leases.lease_release(lease, why=judged.why, now=now)
        if judged.is_doubtful:
            _doubt(runner, judged.why, now)
        return
    if end.outcome == "done":
        BoardJob.objects.filter(pk=job.pk).update(environment=end.environment | {"bracket": judged.bracket})
        found = result_file(job, attempt, end.results or {})
        result = {"file": found.pk if found else None, "attempt": attempt, "runner": str(runner.pk)}
        leases.lease_finish(lease, outcome=Outcome.MEASURED, result=result, now=now)
        if job.purpose != Purpose.HEALTH:
            Runner.objects.filter(pk=runner.pk).update(jobs_since_check=runner.jobs_since_check + 1)
        return
    if end.outcome == "cancelled" and job.cancel_requested:
        leases.lease_finish(lease, outcome=Outcome.CANCELLED, result={}, now=now)
        return
    words = {"thermal_invalid": THROTTLED, "cancelled": "the runner stopped"}
    why = end.why or words.get(end.outcome, "the board failed")
    fault = end.outcome != "cancelled" or _comes_back_often(job, runner)
    leases.lease_release(lease, why=why, fault=fault, now=now)
    if end.outcome == "infrastructure":
        _doubt(runner, why, now)


def _doubt(runner: Runner, why: str, now: datetime) -> None:
    """After a fault of its own a board measures its golden model before anything else."""
    row = Runner.objects.select_for_update(of=("self",)).get(pk=runner.pk)
    if row.health == Health.GOOD:
        health_set(row, Health.UNKNOWN, by=row.by, why=text(why, 300), now=now)
        row.save(update_fields=["health", "health_why", "health_at"])


def _keep_stale(job: BoardJob, runner: Runner, attempt: int, end: End) -> None:
    """What came too late is evidence: kept a few times a job, never graded."""
    stale = BoardEnd.objects.filter(job=job, counted=False)
    if stale.count() < MOST_STALE and not stale.filter(attempt=attempt, digest=end.digest).exists():
        BoardEnd.objects.create(
            job=job, runner=runner, attempt=attempt, digest=end.digest, said=end.said, counted=False
        )


def _fenced(call: Any, *args: Any, **named: Any) -> Any:
    try:
        return call(*args, **named)
    except LeaseLost as error:
        raise Gone(error.message) from error
