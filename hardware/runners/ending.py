"""The end of an attempt, as a runner says it: recorded once, answered as before when it comes again, kept as evidence when it comes too late."""

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction

from courseplatform.core.clock import shared_now
from courseplatform.core.errors import BadInput, Conflict, IllegalMove
from hardware import leases
from hardware.leases import LeaseLost
from hardware.models import (
    BoardEnd,
    BoardJob,
    Outcome,
    Purpose,
    Runner,
)
from hardware.runners.bracket import THROTTLED, Judged, judge
from hardware.runners.duty import lease_of
from hardware.runners.facts import text, whole
from hardware.runners.files import log_committed, log_is_full, result_file
from hardware.runners.holding import runner_locked
from hardware.runners.leasing import Gone, comes_back_often, doubt, job_held, job_of

ENDS = ("done", "cancelled", "infrastructure", "thermal_invalid")
MOST_ENVIRONMENT_BYTES = 256 * 1024
MOST_STALE = 5


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
    now = now or shared_now()
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
            runner_locked(runner)
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
            doubt(runner, judged.why, now)
        return
    if end.outcome == "done":
        bracket = {"bracket": judged.bracket} if job.purpose == Purpose.MEASURE else {}
        BoardJob.objects.filter(pk=job.pk).update(environment=end.environment | bracket)
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
    fault = end.outcome != "cancelled" or comes_back_often(job, runner)
    leases.lease_release(lease, why=why, fault=fault, now=now)
    if end.outcome == "infrastructure":
        doubt(runner, why, now)


def _keep_stale(job: BoardJob, runner: Runner, attempt: int, end: End) -> None:
    """What came too late is evidence: kept a few times a job, never graded."""
    stale = BoardEnd.objects.filter(job=job, counted=False)
    if stale.count() < MOST_STALE and not stale.filter(attempt=attempt, digest=end.digest).exists():
        BoardEnd.objects.create(
            job=job, runner=runner, attempt=attempt, digest=end.digest, said=end.said, counted=False
        )
