"""A board run that somebody asked for, where a worker of ours takes it: nothing is measured here in its place, so without a board it ends."""

from datetime import timedelta
from typing import Any

from django.utils import timezone

from courseplatform.courses.models import Course
from grading.asks.rules import BOARD_FAILED, NO_BOARD, NOTHING_THERE, RULES_CHANGED, WAITS, WITHDRAWN
from grading.measuring.on_boards import LONGEST_LOOK, Decided, Waits, answer_of
from grading.measuring.where_to_run import Place
from grading.models.boards import BoardAsk
from grading.models.runs import Result
from grading.models.submissions import Submission
from grading.reruns.rules import points_by
from grading.services import board_runs
from grading.spec import BenchSpec
from hardware.models import OPEN, Job

FIRST_MEASURED = timedelta(seconds=15)


class Over(Exception):
    """It ends without a number, and the result that there is stays. code: of grading/asks/rules.py."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.result = {"code": code, "message": message}


def ask_of(job_id: Any) -> BoardAsk:
    """What was asked for. Raises Over where the lab asks something else by now, Waits until it was measured here."""
    found = BoardAsk.objects.select_related("submission__assignment__hidden_set", "submission__assignment__course").get(pk=job_id)  # fmt: skip
    submission = found.submission
    if submission.assignment.is_withdrawn:
        raise Over(WITHDRAWN, f"{submission.assignment.short} was withdrawn, so no board measures it.")
    if found.rules != points_by(submission.assignment):
        raise Over(RULES_CHANGED, f"{submission.assignment.short} asks something else since this was asked for. Ask once more.")  # fmt: skip
    if Result.objects.filter(run__submission=submission).exists():
        return found
    if submission.runs.filter(status__in=OPEN).exists():
        raise Waits("The attempt is measured here first.", FIRST_MEASURED)
    raise Over(NOTHING_THERE, "The attempt has no result that a board could take the place of.")


def decide(job: Job, spec: BenchSpec, course: Course, isolation: str) -> Decided:
    """As grading/measuring/on_boards.py decides of a lab that is measured on boards. Raises Waits, Over."""
    waited = timezone.now() - job.queued_at
    found = board_runs.board_run_of(job)
    if found is None:
        return Decided(Place("board"), is_asked=True)
    if board_runs.is_measured(found):
        answer = answer_of(found)
        return Decided(Place("board", runner=answer.runner), answer)
    if board_runs.is_held(found):
        raise Waits(f"{found.job.taken_by or 'A board'} measures it.", LONGEST_LOOK)
    if not board_runs.is_waiting(found):
        said = "Boards took it and could not measure it. That is not the model's fault, and the result that there is stays."
        raise Over(BOARD_FAILED, said)
    if waited < WAITS:
        raise Waits("It waits for a board.", min(WAITS - waited, LONGEST_LOOK))
    board_runs.board_runs_dropped(job, by="site")
    raise Over(
        NO_BOARD, "No board was free for it within two days. The result that there is stays; ask once more if you like."
    )


def measured_before(submission: Submission) -> dict[str, Any] | None:
    """What a board measured of this very file when somebody asked for it; None where none has. Measured again here, it stands beside that: for
    what a board measured no emulation takes its place.
    """
    newest = Result.objects.filter(run__submission=submission).order_by("made_at", "pk").last()
    found: dict[str, Any] | None = newest.environment.get("on_board") if newest is not None else None
    return found


def with_host(document: dict[str, Any], ask: BoardAsk) -> dict[str, Any]:
    """The times of this machine stay beside those of the board."""
    newest = Result.objects.filter(run__submission=ask.submission_id).order_by("made_at", "pk").last()
    if newest is None:
        return document
    host = newest.environment.get("on_host") or newest.host
    return document | {"environment": {**document["environment"], "on_host": host}}
