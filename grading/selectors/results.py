"""What the page of a run reads: waiting, running, measured, or stopped with a reason."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, NamedTuple, cast
from uuid import UUID

from django.db.models import QuerySet

from courseplatform.core.errors import NotHere
from courseplatform.core.prepared import Prepared
from courseplatform.courses.access import Visit
from grading.anonymity import masked
from grading.handing_in.hand_in_rules import may_end
from grading.handing_in.superseding_rules import is_late, may_take_over, older_waiting
from grading.models.runs import Run
from grading.selectors.board_ask import ask_part, asked_part
from grading.selectors.late_words import owner_line, verdicts_of
from grading.selectors.meter_readings import meter_part
from grading.selectors.parked import decision_part, parked_part
from grading.selectors.reruns import counted_again
from grading.selectors.run_head import NOT_FIT, attempts_at, badges_of
from grading.selectors.run_live import live_part
from grading.selectors.run_measured import counted_evidence
from grading.selectors.run_on_board import board_live_part
from grading.selectors.run_shown import shown_part
from grading.selectors.run_stopped import stopped_part
from hardware.models import Outcome, Status

NO_RUN = "There is no such run, or it is not yours."
TITLES = {
    Status.QUEUED: "in line", Status.LEASED: "starting", Status.RUNNING: "running", Status.PARKED: "with the staff",
}  # fmt: skip
STATES = {
    Outcome.MEASURED: "measured", Outcome.REFUSED: "refused", Outcome.CANCELLED: "cancelled",
    Outcome.INFRASTRUCTURE: "ours", Outcome.REJECTED: "rejected",
}  # fmt: skip
ENDS = {
    "measured": "result", "refused": "stopped at the check", "cancelled": "cancelled", "ours": "not measured",
    "stopped": "stopped", "rejected": "rejected by the staff",
}  # fmt: skip


class _Asks(NamedTuple):
    """Keys in the place of a Visit: in a filter they say the same."""

    course: int
    person: int = 0
    is_staff: bool = True


def _runs(pk: UUID, asks: _Asks) -> QuerySet[Run]:
    return Run.objects.visible_to(cast("Visit", asks)).filter(pk=pk).order_by()


def _run_whole(pk: UUID, asks: _Asks) -> QuerySet[Run]:
    return (
        _runs(pk, asks)
        .select_related("submission__assignment", "submission__person", "submission__team", "result", "parked", "count")
        .defer("parked__document")
    )


def _run_status(pk: UUID, asks: _Asks) -> QuerySet[Run]:
    return _runs(pk, asks).only("status")


class _ForVisit:
    """Two shapes of one query: staff see all of the course."""

    def __init__(self, build: Callable[[UUID, _Asks], QuerySet[Run]]) -> None:
        self._staff = Prepared(lambda pk, course: build(pk, _Asks(course)), pk=UUID, course=int)
        self._student = Prepared(
            lambda pk, course, person: build(pk, _Asks(course, person, is_staff=False)), pk=UUID, course=int, person=int
        )

    def one(self, visit: Visit, pk: Any) -> Run:
        """Raises NotHere: also for somebody else's."""
        key = pk if isinstance(pk, UUID) else UUID(str(pk))
        if visit.is_staff:
            found = self._staff(pk=key, course=visit.course.pk)
        else:
            found = self._student(pk=key, course=visit.course.pk, person=visit.person.pk)
        for run in found:
            return run
        raise NotHere(NO_RUN)


RUN, STATUS = _ForVisit(_run_whole), _ForVisit(_run_status)


def run_get(visit: Visit, pk: Any) -> Run:
    """Raises NotHere: also for somebody else's."""
    run = RUN.one(visit, pk)
    run.submission.assignment.course = visit.course
    vars(run.submission)["_prefetched_objects_cache"] = {
        "late_verdicts": verdicts_of([run.submission_id])[run.submission_id]
    }
    if run.submission.team is not None:
        run.submission.team.course = visit.course
    masked(visit, run.submission)
    return run


def is_open(visit: Visit, pk: Any) -> bool:
    """Whether it waits or is measured: what a page that waits asks first, every second. One narrow query. Raises NotHere as `run_get`."""
    return STATUS.one(visit, pk).is_open


def state_of(run: Run) -> str:
    """waiting, running, measured, refused, stopped, ours, cancelled, parked or rejected: which page to draw."""
    if run.status == Status.FINISHED:
        return STATES.get(Outcome(run.outcome), "stopped")
    if run.status == Status.PARKED:
        return "parked"
    return "waiting" if run.status == Status.QUEUED else "running"


def takeover_part(visit: Visit, run: Run) -> dict[str, Any]:
    """The older attempt whose place this one may take over, and what that would cost."""
    older = older_waiting(run) if may_take_over(visit=visit, run=run) else None
    if older is None:
        return {}
    costs = is_late(run.submission) and not is_late(older.submission)
    return {"older": older.submission, "older_is_in_time": costs}


def page(visit: Visit, run: Run, now: datetime, board: str = "") -> dict[str, Any]:
    """Everything the page shows in the run's present state; board: for which the costs are shown. Raises BadInput (`unknown_board`)."""
    submission, state = run.submission, state_of(run)
    word = ENDS.get(state) or TITLES[Status(run.status)]
    context: dict[str, Any] = {
        "run": run,
        "submission": submission,
        "assignment": submission.assignment,
        "title": f"{submission.assignment.short}, attempt {submission.number}: {word}",
        "sub": owner_line(submission),
        "badges": badges_of(run, state),
        "state": state,
        "live": run.is_open,
        "can_cancel": run.is_open and not run.cancel_requested and may_end(visit, submission),
        "can_again": run.status == Status.FINISHED and (visit.is_staff or state in {"ours", "cancelled"}),
    }
    if run.is_open:
        shown = board_live_part(run, now) or live_part(run, now, is_staff=visit.is_staff)
        return context | shown | takeover_part(visit, run)
    attempts = attempts_at(run)
    context["next_words"] = attempts.next_words
    if state == "parked":
        return context | parked_part(visit, run)
    context |= decision_part(visit, run)
    if state != "measured":
        return context | stopped_part(run, state, attempts.words(now))
    context |= {"counted_again": counted_again(run), "meter": meter_part(visit, run)}
    context |= shown_part(visit, run, attempts, now, board) | ask_part(visit, run, now) | asked_part(run)
    if context["too_big"]:
        context["badges"] = [*context["badges"], NOT_FIT]
    return context | ({"looks_wrong": counted_evidence(run)} if visit.is_staff else {})
