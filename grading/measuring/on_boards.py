"""Whether a run is measured on a board, is being measured there, or is measured here in its place: decided when a worker of ours takes it.

A worker checks the model and writes the plan; a runner carries it out; a worker scores what came back. Between these steps the run lies in
its own line, put back, and holds no worker.
"""

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, NoReturn

from django.utils import timezone

from courseplatform.core.errors import BadInput
from courseplatform.courses.models import Course
from courseplatform.teams.selectors.membership import team_of
from grading.bench.errors import BenchError
from grading.measuring import board_plan
from grading.measuring.board_answer import OTHER_PLAN, BoardAnswer
from grading.measuring.where_to_run import Place, pause_after, where_to_run
from grading.models.boards import BoardRun
from grading.models.submissions import Submission
from grading.services import board_runs
from grading.spec import BenchSpec
from hardware.models import BoardFile, Job
from hardware.runners.results import steps_read

LONGEST_LOOK = timedelta(minutes=15)  # a run that waits for a board is looked at so often, whatever was lost

MOST_ASKED_AGAIN = 3


class Waits(Exception):
    """This worker is not where the run is to be measured, so it goes back into the line."""

    def __init__(self, why: str, pause: timedelta) -> None:
        super().__init__(why)
        self.pause = pause


@dataclass(frozen=True)
class Decided:
    """place: where it is measured. answer: what a board measured already. is_asked: the model is to be checked here and then sent to a board."""

    place: Place
    answer: BoardAnswer | None = None
    is_asked: bool = False


def decide(job: Job, spec: BenchSpec, course: Course, isolation: str) -> Decided:
    """Raises Waits where this worker does not measure it now, BenchError (infrastructure) where no board could."""
    now = timezone.now()
    waited = now - job.queued_at
    if spec.run_on != "board":
        return Decided(_here(where_to_run(spec, isolation=isolation, boards_available=None, waited=waited), waited))
    found = board_runs.board_run_of(job)
    boards = board_runs.boards_for(course, spec.device, now, asked=found)
    if found is not None and board_runs.is_measured(found):
        answer = answer_of(found)
        return Decided(Place("board", runner=answer.runner), answer)
    if found is not None and board_runs.is_held(found):
        raise Waits(f"{found.job.taken_by or 'A board'} measures it.", LONGEST_LOOK)
    if found is None and boards.known:
        return Decided(Place("board"), is_asked=True)
    if found is not None and board_runs.is_waiting(found):
        return _still_waits(job, spec, boards, waited, isolation)
    # A board took it and could not end it, again and again; or there is none.
    available = 0 if found is not None else boards.available
    place = where_to_run(
        spec, isolation=isolation, boards_available=available, waited=waited, has_failed=found is not None
    )
    if found is not None and place.on == "wait":
        raise BenchError("board_failed", "Boards took this run and could not measure it.", outcome="infrastructure")
    return Decided(_here(place, waited))


def _still_waits(job: Job, spec: BenchSpec, boards: board_runs.Boards, waited: timedelta, isolation: str) -> Decided:
    """It lies in the line of the boards: until the lab waits no longer for one."""
    place = where_to_run(spec, isolation=isolation, boards_available=0, waited=waited)
    if place.on == "wait":
        why = place.why if boards.there else board_runs.why_waiting(job)
        raise Waits(why, min(max(spec.board_wait - waited, timedelta(seconds=1)), LONGEST_LOOK))
    board_runs.board_runs_dropped(job, by="site")
    return Decided(_here(place, waited))


def _here(place: Place, waited: timedelta) -> Place:
    if place.on in ("process", "container"):
        return place
    raise Waits(place.why, pause_after(waited))


def send(job: Job, submission: Submission, given: dict[str, Any], model: Path, work: Path) -> NoReturn:
    """Check the model, put what a board is to do into its line, and wait. Raises Waits, or BenchError where the check stops it."""
    spec, assignment = given["spec"], submission.assignment
    folder = work / "board"
    folder.mkdir()
    plan = board_plan.plan_for(
        model=model, spec=spec, lab=given["lab"], inputs=given["inputs"], labels=given["labels"], sandbox=given["sandbox"],
        seed=given["seed"], folder=folder, on_progress=given["on_progress"],
    )  # fmt: skip
    board_runs.board_run_create(
        for_job=job, plan=plan, course=assignment.course, device=spec.device, title=f"{assignment.short}, attempt {submission.number}",
        team=submission.team or team_of(assignment.course, submission.person), needs=board_plan.needs_of(spec),
    )  # fmt: skip
    raise Waits("It passed the check and waits for a board.", min(spec.board_wait, LONGEST_LOOK))


def send_again(
    error: BenchError, job: Job, submission: Submission, given: dict[str, Any], model: Path, work: Path
) -> NoReturn:
    """Where the lab was changed while a board measured, what it measured answers a question that is asked no more: a board is asked the new one.

    Raises Waits; `error` where that is not why, or where it has happened again and again.
    """
    if error.code != OTHER_PLAN or BoardRun.objects.filter(for_job=job.pk).count() > MOST_ASKED_AGAIN:
        raise error
    send(job, submission, given, model, work)


def answer_of(found: BoardRun) -> BoardAnswer:
    """What the board measured. Raises BenchError (infrastructure) where it cannot be read."""
    job = found.job
    file = BoardFile.objects.filter(job=job, attempt=job.attempt, name="results.json").first()
    if file is None or job.taken_by is None:
        raise BenchError("board_lost", "What the board measured is gone.", outcome="infrastructure")
    try:
        with file.file.open("rb") as held:
            steps = steps_read(held)
    except BadInput as error:
        raise BenchError("board_answer", error.message, outcome="infrastructure") from error
    return BoardAnswer(
        runner=job.taken_by.name, runner_id=str(job.taken_by_id), device=job.taken_by.device, steps=steps, asked=list(job.plan["steps"]), seed=found.seed,
        environment=job.environment, given=dict(BoardFile.objects.filter(job=job, attempt=0).values_list("name", "sha256")),
    )  # fmt: skip
