"""Runs that were kept back, as the staff and the student read them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db.models import Count, Q

from courseplatform.core import numbers
from courseplatform.courses.access import Visit
from grading.anonymity import masked
from grading.ml_tasks.registry import task_of
from grading.ml_tasks.words import main_pair
from grading.models.parked import REASON_LETTERS
from grading.models.runs import Run
from grading.selectors.badges import run_badge
from hardware.models import JobMove, Outcome, Status

LIMIT = 200
STATES = {"waiting": "waiting for us", "all": "all"}
Rows = list[dict[str, Any]]


def parked_list(visit: Visit, state: str) -> dict[str, Any]:
    """Every run of the course that was ever parked, or only those that wait; the oldest that waits first. Three queries."""
    chosen = state if state in STATES else "waiting"
    found = Run.objects.visible_to(visit).filter(parked__isnull=False)
    if chosen == "waiting":
        found = found.filter(status=Status.PARKED)
    related = ("submission__assignment__course", "submission__person", "submission__team", "parked")
    runs = list(found.select_related(*related).order_by("parked__made_at")[:LIMIT])
    for run in runs:
        masked(visit, run.submission)
    decisions = _decisions(runs)
    return {
        "rows": [_row(run, decisions.get(run.pk)) for run in runs],
        "states": [{"value": key, "label": word, "chosen": key == chosen} for key, word in STATES.items()],
        "is_filtered": chosen == "all",
        "limit": LIMIT,
    }


def next_parked(visit: Visit) -> Run | None:
    """The one that has waited longest for a decision: who settles ten goes from one to the next. One query."""
    waiting = (
        Run.objects.visible_to(visit).filter(status=Status.PARKED).select_related("submission__assignment__course")
    )
    return waiting.order_by("parked__made_at").first()


def _row(run: Run, decision: JobMove | None) -> dict[str, Any]:
    return {
        "run": run,
        "submission": run.submission,
        "evidence": run.parked.evidence,
        "at": run.parked.made_at,
        "badge": run_badge(run),
        "decision": decision,
    }


def _decisions(runs: Sequence[Run]) -> dict[Any, JobMove]:
    moves = JobMove.objects.filter(subject__in=[run.pk for run in runs], moved_from=Status.PARKED)
    return {move.subject_id: move for move in moves}


def parked_part(visit: Visit, run: Run) -> dict[str, Any]:
    """What the page of a run that waits shows. Evidence and numbers are for the staff alone: who is suspected without a cause should not
    be told so by a machine, and who is suspected with one should not learn what gave them away."""
    is_no_board = run.parked.is_only_no_board
    if not visit.is_staff:
        return {"is_no_board": is_no_board}
    document = run.parked.document
    return {
        "is_no_board": is_no_board,
        "evidence": run.parked.evidence,
        "withheld": {"earned": document["earned"], "of": document["of"], "rows": _numbers(document)},
        "reason_letters": REASON_LETTERS,
    }


def _numbers(document: dict[str, Any]) -> Rows:
    host, metrics = document["host"], document["metrics"]
    title, value = main_pair(task_of(document["quality"]), metrics)
    return [
        {"label": title, "value": value},
        {"label": "MACs", "value": numbers.count(metrics["macs"])},
        {"label": "Parameters", "value": numbers.count(metrics["params"])},
        {"label": "Median on the host", "value": f"{host['p50_ms']:.3f} ms"},
    ]


def decision_part(visit: Visit, run: Run) -> dict[str, Any]:
    """Who decided on a run that had been parked, when and why; nothing for one that never was. The evidence again for the staff."""
    if not hasattr(run, "parked"):
        return {}
    found = _decisions([run]).get(run.pk)
    if found is None:
        return {}
    word = {Outcome.MEASURED: "released", Outcome.CANCELLED: "taken back"}.get(Outcome(run.outcome), "rejected")
    return {"decision": found, "decision_word": word, "evidence": run.parked.evidence if visit.is_staff else []}


def waiting_section(visit: Visit, now: datetime) -> dict[str, Any] | None:
    """For the home of the staff: how many runs wait for a decision, and how many a worker has put back because their lab asks for a
    machine or a board that it is not. One query."""
    if not visit.is_staff:
        return None
    # Never started although it was taken: also while its pause is over, or a worker looks at it once more.
    again = Q(status=Status.QUEUED, attempt__gt=0) | Q(status=Status.LEASED, attempt__gt=1)
    put_back = again & Q(faults=0, started_at=None)
    found = Run.objects.filter(submission__assignment__course=visit.course).aggregate(
        count=Count("pk", filter=Q(status=Status.PARKED)), waiting=Count("pk", filter=put_back)
    )
    return found if any(found.values()) else None
