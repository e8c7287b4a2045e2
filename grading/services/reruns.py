"""A whole lab counted or measured again: begun, decided, discarded. What applying does to the rows: services/rerun_applying.py.

Nothing here changes a grade. The points of a re-run that only counts are there at once; models that are measured again wait behind all
live work, and what they come to is held back in the items.
"""

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from itertools import islice
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Count
from django.utils import timezone

from courseplatform.core import states
from courseplatform.core.errors import BadInput, Conflict, Forbidden
from courseplatform.courses.access import Visit
from courseplatform.courses.models import Role
from grading.models.assignments import Assignment
from grading.models.reruns import (
    REASON_LETTERS,
    RERUN_MOVES,
    ItemState,
    Rerun,
    RerunItem,
    RerunJob,
    RerunKind,
    RerunMove,
    RerunStatus,
)
from grading.models.runs import Result
from grading.points.again import Stored, points_again
from grading.queue.wake import RERUN_KIND, wake_reruns
from grading.reruns.rules import newest_results, points_by
from grading.reruns.table import counts_of, table_of
from grading.services.course_log import change_log
from grading.services.grade_writing import check_text
from grading.spec import SpecError
from hardware import leases
from hardware.models import NOT_COUNTED, Job, Outcome, Priority, Status

ASKED = "Say why, so that students whose grade changes can follow it."
AT_ONCE = 100  # results held in memory together
DOCUMENTS = ("report", "host", "metrics", "quality", "points", "environment")


@transaction.atomic
def rerun_begin(*, visit: Visit, assignment: Assignment, kind: str, reason: str, now: datetime | None = None) -> Rerun:
    """Begin one: count at once, or put every model in line behind all live work. No grade changes.

    Raises:
        Forbidden: `instructors_only`. BadInput: `unknown_kind`, `reason_missing`, `reason_too_short`, `reason_too_long`.
        Conflict: `rerun_stands` while another one is not decided, `nothing_measured`, `unreadable_rules`, `no_hidden_set`.
    """
    _check_instructor(visit)
    if kind not in RerunKind.values:
        raise BadInput(
            "Choose whether to count the points or to measure the models again.",
            code="unknown_kind",
            details={"field": "kind"},
        )
    said = check_text(reason, "reason", ASKED, least=REASON_LETTERS[0], most=REASON_LETTERS[1])
    row = (
        Assignment.objects.select_for_update(of=("self",)).select_related("course", "hidden_set").get(pk=assignment.pk)
    )
    _check_may_begin(row, kind)
    made = Rerun(
        assignment=row, kind=kind, status=RerunStatus.MEASURING, reason=said, made_by=visit.person.name[:120], made_at=now or timezone.now(),
        rules=points_by(row), hidden_set=row.hidden_set.slug if row.hidden_set else "",
    )  # fmt: skip
    try:
        with transaction.atomic():
            made.save(force_insert=True)
    except IntegrityError as error:
        raise _stands(row) from error
    RerunMove.objects.create(subject=made, moved_from="", moved_to=made.status, by=visit.by[:120], why=said)
    _propose(made) if kind == RerunKind.POINTS else _enqueue(made, visit.by, now)
    rerun_settle(rerun=made, by=visit.by)
    change_log(
        visit=visit,
        sentence=f"{row.short}: a re-run was begun ({made.get_kind_display().lower()}): {said}",
        is_told=False,
    )
    return made


def _check_instructor(visit: Visit) -> None:
    if visit.role != Role.INSTRUCTOR:
        raise Forbidden(
            "Only instructors run a lab again; the rest of the staff read what it would change.",
            code="instructors_only",
        )


def _check_may_begin(row: Assignment, kind: str) -> None:
    if Rerun.objects.standing().filter(assignment=row).exists():
        raise _stands(row)
    try:
        readable = bool(row.bench_spec) and bool(row.spec)
    except SpecError as error:
        said = f"What {row.short} measures cannot be read: {error}. Mend it in the editor first."
        raise Conflict(said, code="unreadable_rules") from error
    if (
        not readable
        or not Result.objects.filter(run__submission__assignment=row, run__submission__counts=True).exists()
    ):
        raise Conflict(
            f"No model of {row.short} was measured yet, so there is nothing to run again.", code="nothing_measured"
        )
    if kind == RerunKind.MEASURE and row.hidden_set is None:
        raise Conflict(
            f"{row.short} has no hidden set to measure on. Choose one in the editor first.", code="no_hidden_set"
        )
    if kind == RerunKind.MEASURE and newest_results(row).filter(run__submission__model_file="").exists():
        said = f"Models of {row.short} were deleted under the retention policy, so it cannot be measured again. Its points can be counted again."
        raise Conflict(said, code="file_gone")


def _stands(row: Assignment) -> Conflict:
    said = f"A re-run of {row.short} is not decided yet. Apply or discard it first."
    return Conflict(said, code="rerun_stands")


def _propose(rerun: Rerun) -> None:
    """The points of each stored result by the rules of today."""
    spec, results = rerun.assignment.spec, newest_results(rerun.assignment).order_by("pk")
    proposed = (_proposed(rerun, result, spec) for result in results.defer("report", "host").iterator(AT_ONCE))
    while some := list(islice(proposed, AT_ONCE)):
        RerunItem.objects.bulk_create(some)


def _proposed(rerun: Rerun, result: Result, spec: Any) -> RerunItem:
    stored = Stored(result.metrics, result.quality, result.environment, result.points)
    points = points_again(spec, stored)
    return RerunItem(
        rerun=rerun, submission_id=result.run.submission_id, before=result, earned_before=result.earned, state=ItemState.PROPOSED,
        lines=points.lines_json(), earned=Decimal(points.earned), of=Decimal(points.of), left_open=Decimal(points.left_open),
    )  # fmt: skip


def _enqueue(rerun: Rerun, by: str, now: datetime | None) -> None:
    results = newest_results(rerun.assignment).defer(*DOCUMENTS).order_by("run__submission__received_at")
    for result in results:
        submission = result.run.submission
        item = RerunItem.objects.create(rerun=rerun, submission=submission, before=result, earned_before=result.earned)
        leases.job_enqueue(
            RerunJob, kind=RERUN_KIND, owner_key=submission.owner.key, priority=Priority.RERUN, now=now, item=item
        )


def rerun_job_ended(job: Job, outcome: Outcome, result: dict[str, Any]) -> None:
    """Called by the leases in the transaction that finishes the job: what it came to is held back."""
    item = RerunItem.objects.select_related("rerun__assignment").get(job=job.pk)
    rerun = Rerun.objects.select_for_update(of=("self",)).get(
        pk=item.rerun_id
    )  # of two ends the later one sees the other
    if outcome == Outcome.MEASURED:
        evidence = result.pop("evidence", [])
        item.state, item.evidence, item.document, item.lines = ItemState.PROPOSED, evidence, result, result["points"]
        item.earned, item.of = Decimal(result["earned"]), Decimal(result["of"])
        item.left_open = Decimal(result.get("left_open", 0))
    else:
        is_ours = outcome in NOT_COUNTED - {Outcome.REFUSED}
        item.state = ItemState.FAILED if is_ours else ItemState.REFUSED
        item.said = str(result.get("message", "")) or "The measurement was cancelled."
    item.save()
    rerun_settle(rerun=rerun, by=job.leased_by or "measurement")


def rerun_settle(*, rerun: Rerun, by: str) -> bool:
    """Where every model of it has come to an end, it is to be decided. Safe to call at any time."""
    if rerun.status != RerunStatus.MEASURING or rerun.items.filter(state=ItemState.WAITING).exists():
        return False
    states.move(rerun, moves=RERUN_MOVES, to=RerunStatus.READY, by=by, history=RerunMove)
    return True


def is_stale(rerun: Rerun) -> bool:
    """Whether the lab asks something else than when the re-run was begun."""
    return rerun.status in (RerunStatus.MEASURING, RerunStatus.READY) and rerun.rules != points_by(rerun.assignment)


@transaction.atomic
def rerun_apply(*, visit: Visit, rerun: Rerun, now: datetime | None = None) -> Rerun:
    """Let what the table shows hold. The table is kept as it is now; the worker writes the rows, in steps (`rerun_carry_on`).

    Raises Forbidden (`instructors_only`), Conflict (`not_ready`, `rerun_stale`).
    """
    _check_instructor(visit)
    row = _locked(rerun)
    if row.status != RerunStatus.READY:
        raise Conflict(f"This re-run is {row.get_status_display()}, so it cannot be applied now.", code="not_ready")
    if is_stale(row):
        said = f"{row.assignment.short} asks something else since this re-run was begun. Discard it and begin anew."
        raise Conflict(said, code="rerun_stale")
    _decide(row, visit, RerunStatus.APPLYING, now)
    said = f"{row.assignment.short}: a re-run is applied: {row.reason}"
    change_log(visit=visit, sentence=said, is_told=False)
    transaction.on_commit(wake_reruns)
    return row


@transaction.atomic
def rerun_discard(*, visit: Visit, rerun: Rerun, now: datetime | None = None) -> Rerun:
    """Nothing of it holds, and what still waits is not measured. Raises Forbidden (`instructors_only`), Conflict (`not_ready`)."""
    _check_instructor(visit)
    row = _locked(rerun)
    if row.status not in (RerunStatus.MEASURING, RerunStatus.READY):
        raise Conflict(f"This re-run is {row.get_status_display()}; it cannot be discarded.", code="not_ready")
    _decide(row, visit, RerunStatus.DISCARDED, now)
    change_log(
        visit=visit, sentence=f"{row.assignment.short}: a re-run was discarded; no grade changed.", is_told=False
    )
    for job in _jobs(row):
        leases.job_cancel(job, by=visit.by, now=now)
    return row


def _jobs(rerun: Rerun) -> Iterator[Job]:
    open_ = RerunJob.objects.filter(item__rerun=rerun).exclude(status=Status.FINISHED)
    yield from Job.objects.filter(pk__in=open_.values("pk"))


def _locked(rerun: Rerun) -> Rerun:
    rows = Rerun.objects.select_for_update(of=("self",)).select_related("assignment__course", "assignment__hidden_set")
    return rows.get(pk=rerun.pk)


def _decide(row: Rerun, visit: Visit, to: RerunStatus, now: datetime | None) -> None:
    """Keep the table as it was decided on."""
    table = table_of(row)
    states_of = row.items.order_by().values_list("state").annotate(Count("pk"))
    states.move(
        row, moves=RERUN_MOVES, to=to, by=visit.by, history=RerunMove, table=table, counts=counts_of(table, states_of),
        decided_by=visit.person.name[:120], decided_at=now or timezone.now(),
    )  # fmt: skip
