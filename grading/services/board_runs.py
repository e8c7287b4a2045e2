"""Runs that boards measure: made when a model has passed the check, told to its run when the board is done, dropped with it.

The run itself waits in its own line meanwhile, put back for a while; the end of the board's job wakes it.
"""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from django.core.files import File
from django.db import transaction
from django.utils import timezone

from courseplatform.core.digests import sha256_of
from courseplatform.core.errors import Conflict
from courseplatform.courses.models import Course
from courseplatform.teams.models import Team
from grading.models.boards import BoardRun
from hardware import leases
from hardware.models import (
    HELD,
    OPEN,
    BoardFile,
    BoardJob,
    Job,
    Outcome,
    Priority,
    Purpose,
    Status,
)
from hardware.models.jobs import BOARD_RUN
from hardware.runners.alerts import tell_unmet
from hardware.runners.matching import barred_why, boards_of, is_here, lacks
from hardware.runners.needs import NOTHING, Needs
from hardware.runners.waiting import waits

KIND = BOARD_RUN


@dataclass(frozen=True)
class Plan:
    """What a runner is sent. steps: PLAN of docs/runner-protocol.md. files: their names and where they lie here, until the folder is gone.

    seed: of the order of the inputs. wall_s: the longest that it may take.
    """

    format: str
    document: dict[str, Any]
    files: dict[str, Path]
    seed: int
    wall_s: float


@dataclass(frozen=True)
class Boards:
    """known: runners of the course for this device, those that were revoked left out. there: how many of them have all that is asked for, are on
    duty, well, and here."""

    known: int
    there: int

    @property
    def available(self) -> int | None:
        """As grading/measuring/where_to_run.py asks: None where the course has no such board."""
        return self.there if self.known else None


def boards_for(course: Course, device: str, now: datetime, *, asked: BoardRun | None = None) -> Boards:
    """asked: what was put into the line of the boards, which says what it needs; None before that."""
    found = boards_of(course, device=device)
    able = found if asked is None else [one for one in found if not lacks(asked.job, one)]
    there = [one for one in able if is_here(one.runner, now) and not barred_why(one)]
    return Boards(len(found), len(there))


def why_waiting(job: Job) -> str:
    """Why a run waits for a board, in a sentence. It has been put into the line of the boards."""
    found = board_run_of(job)
    return waits(found.job, timezone.now()).sentence if found is not None else ""


def board_run_of(job: Job) -> BoardRun | None:
    """The newest of this job, with the runner's job."""
    return BoardRun.objects.filter(for_job=job.pk).select_related("job__taken_by").order_by("-pk").first()


def is_held(found: BoardRun) -> bool:
    """Whether a board works on it now."""
    return found.job.status in HELD


def is_waiting(found: BoardRun) -> bool:
    return found.job.status == Status.QUEUED


def is_measured(found: BoardRun) -> bool:
    return found.job.status == Status.FINISHED and found.job.outcome == Outcome.MEASURED


@transaction.atomic
def board_run_create(
    *,
    for_job: Job,
    plan: Plan,
    course: Course,
    device: str,
    title: str,
    team: Team | None,
    needs: Needs = NOTHING,
    now: datetime | None = None,
) -> BoardRun:
    """Put the measurement into the line of the boards. The files are copied: those of the plan are gone a moment later. Where no board of the
    course has what is needed, its staff are told."""
    others = [name for name in plan.document["runtimes"] if name != plan.format]
    job = leases.job_enqueue(
        BoardJob, kind=KIND, owner_key=for_job.owner_key, priority=Priority(for_job.priority), now=now or timezone.now(), purpose=Purpose.MEASURE,
        title=title[:120], course=course, device=device, runtime=plan.format, more_runtimes=others, team=team, plan=plan.document, wall_s=plan.wall_s,
        needs_memory_limit=bool(plan.document["needs_memory_limit"]), tags=list(needs.tags), needs_power_sensor=needs.power_sensor,
        own_board=needs.own_board,
    )  # fmt: skip
    for name, path in plan.files.items():
        with path.open("rb") as held:
            row = BoardFile(job=job, name=name, bytes=path.stat().st_size, sha256=sha256_of(path))
            row.file.save(name, File(held), save=False)
            row.save()
    tell_unmet(job, job.queued_at)
    return BoardRun.objects.create(job=job, for_job_id=for_job.pk, seed=plan.seed)


def board_run_ended(job: Job, outcome: Outcome, result: dict[str, Any]) -> None:
    """The board is done, or nobody could do it: whoever waits for it goes on now. Inside the transaction that ends the board's job."""
    found = BoardRun.objects.filter(job=job.pk).first()
    if found is not None:
        waiter_woken(found.for_job)


def waiter_woken(job: Job) -> None:
    """A run that was put back for a while may be taken now."""
    if Job.objects.filter(pk=job.pk, status=Status.QUEUED).update(not_before=timezone.now()):
        leases.wake_on_commit(job.kind)


def wake_if_ended(job_id: Any) -> None:
    """After a run was put back: the board may have ended in between, and told nobody."""
    found = BoardRun.objects.filter(for_job=job_id).select_related("job", "for_job").order_by("-pk").first()
    if found is not None and found.job.status not in OPEN:
        waiter_woken(found.for_job)


def board_runs_dropped(job: Job, *, by: str) -> None:
    """The run has ended, or is measured elsewhere: no board shall work on it any more."""
    for row in BoardJob.objects.filter(board_run__for_job=job.pk, status__in=OPEN):
        try:
            leases.job_cancel(row, by=by)
        except Conflict:
            continue  # it ended at this very moment
