"""What the end of a board run means that somebody asked for: a newer result of the attempt, or nothing but a word to who asked.

Called by the leases inside the transaction that ends the job.
"""

from typing import Any

from courseplatform.core import numbers
from courseplatform.core.markdown import quoted
from courseplatform.courses.models import STAFF, Enrolment
from courseplatform.notices.services.notifications import notification_send
from courseplatform.teams.selectors.membership import members_at
from grading.asks.rules import OURS
from grading.measuring.run_end import run_ended
from grading.models.boards import BoardAsk
from grading.models.runs import Result, Run
from grading.services.board_runs import board_runs_dropped
from grading.services.parked import result_park
from grading.services.results import job_as_run
from hardware.models import Job, Outcome

LESS_THAN_A_CENT = 0.005


def board_ask_ended(job: Job, outcome: Outcome, result: dict[str, Any]) -> None:
    ask = _ask(job)
    board_runs_dropped(job, by="site")
    if outcome != Outcome.MEASURED:
        _tell_of_nothing(ask, outcome, result)
        return
    before = _newest(ask)
    run = job_as_run(job=job, submission=ask.submission, requested_by=ask.asked_by)
    run_ended(job, outcome, result)
    _tell(ask, run, before)


def board_ask_parked(job: Job, result: dict[str, Any]) -> None:
    """Something in what the board measured looks wrong: it is kept back as any run is."""
    ask = _ask(job)
    job_as_run(job=job, submission=ask.submission, requested_by=ask.asked_by)
    result_park(job, result)


def _ask(job: Job) -> BoardAsk:
    return BoardAsk.objects.select_related(
        "submission__assignment__course", "submission__person", "submission__team"
    ).get(pk=job.pk)


def _newest(ask: BoardAsk) -> Result | None:
    return Result.objects.filter(run__submission=ask.submission_id).order_by("made_at", "pk").last()


def _tell(ask: BoardAsk, run: Run, before: Result | None) -> None:
    """Lab 3, attempt 5: measured on pi4-01: 41 ms instead of 38 ms; points stay 6.38."""
    after = Result.objects.get(run=run)
    runner = after.environment["on_board"]["runner"]
    _send(
        ask,
        f"{_what(ask)}: measured on {runner}: {times_words(before, after)}; {points_words(before, after)}",
        "",
        run.get_absolute_url(),
    )


def times_words(before: Result | None, after: Result) -> str:
    """41 ms instead of 38 ms"""
    then, now = (before.metrics.get("latency_ms") if before else None), after.metrics["latency_ms"]
    said = numbers.milliseconds(now)
    return f"{said} instead of {numbers.milliseconds(then)}" if then else said


def points_words(before: Result | None, after: Result) -> str:
    """points stay 6.38; points 6.38 to 5.88"""
    if before is not None and abs(float(after.earned) - float(before.earned)) < LESS_THAN_A_CENT:
        return f"points stay {after.earned:.2f}"
    return f"points {before.earned:.2f} to {after.earned:.2f}" if before is not None else f"points {after.earned:.2f}"


def _tell_of_nothing(ask: BoardAsk, outcome: Outcome, result: dict[str, Any]) -> None:
    """It brought no number: the result that there is stays. Of what was withdrawn nobody is told, who did it knows."""
    code, said = str(result.get("code", "")), str(result.get("message", ""))
    if outcome == Outcome.CANCELLED and not code:
        return
    newest = _newest(ask)
    path = newest.run.get_absolute_url() if newest is not None else ask.submission.get_absolute_url()
    if outcome == Outcome.INFRASTRUCTURE or code in OURS:
        _send(ask, f"{_what(ask)}: no board has measured it; its result stays", said, path)
        return
    title = f"{_what(ask)}: on the board it came to no result ({outcome.label.lower()}); the result that it has stays"
    _send(ask, title, said, path)
    course = ask.submission.assignment.course
    staff = Enrolment.objects.filter(course=course, role__in=STAFF, is_active=True).select_related("person")
    notification_send(
        course=course, people=[one.person for one in staff], kind="grade", key=f"board-ask-{ask.pk}-staff",
        title=f"{_what(ask)}, by {ask.submission.owner}: measured here, and on the board {outcome.label.lower()}", text=quoted(said), path=path,
    )  # fmt: skip


def _what(ask: BoardAsk) -> str:
    return f"{ask.submission.assignment.short}, attempt {ask.submission.number}"


def _send(ask: BoardAsk, title: str, text: str, path: str) -> None:
    submission = ask.submission
    people = members_at(submission.team, submission.received_at) if submission.team else [submission.person]
    notification_send(
        course=submission.assignment.course, people=people, kind="grade", key=f"board-ask-{ask.pk}", title=title,
        text=quoted(text) if text else "", path=path,
    )  # fmt: skip
