"""What the page of a run reads: waiting, running, measured, or stopped with a reason."""

from datetime import datetime
from typing import Any

from courseplatform.core.errors import NotHere
from courseplatform.courses.access import Visit
from grading.anonymity import masked
from grading.handing_in.hand_in_rules import may_end
from grading.handing_in.superseding_rules import is_late, may_take_over, older_waiting
from grading.models.runs import Run
from grading.selectors.board_ask import ask_part, asked_part
from grading.selectors.late_words import owner_line
from grading.selectors.meter_readings import meter_part
from grading.selectors.parked import decision_part, parked_part
from grading.selectors.reruns import counted_again
from grading.selectors.run_head import NOT_FIT, attempts_at, badges_of
from grading.selectors.run_live import live_part
from grading.selectors.run_measured import counted_evidence, measured_part
from grading.selectors.run_on_board import board_live_part
from grading.selectors.run_stopped import stopped_part
from hardware.models import Outcome, Status

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


def run_get(visit: Visit, pk: Any) -> Run:
    """Raises NotHere: also for somebody else's."""
    run = (
        Run.objects.visible_to(visit)
        .select_related(
            "submission__assignment__course",
            "submission__assignment__hidden_set",
            "submission__person",
            "submission__team__course",
            "result",
            "parked",
            "count",
        )
        .prefetch_related("submission__late_verdicts")
        .filter(pk=pk)
        .first()
    )
    if run is None:
        raise NotHere("There is no such run, or it is not yours.")
    masked(visit, run.submission)
    return run


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
    context |= measured_part(run, attempts, now, board) | ask_part(visit, run, now) | asked_part(run)
    if context["too_big"]:
        context["badges"] = [*context["badges"], NOT_FIT]
    return context | ({"looks_wrong": counted_evidence(run)} if visit.is_staff else {})
