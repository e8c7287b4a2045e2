"""One attempt of the demo that a board of its fleet measured, asked for as anybody asks: what the board answered lies in board/ (board_answer.py makes it).

The board's part goes through the calls of the runner protocol; a worker scores the answer when it has measured the attempt here. Nothing is there
that a page is told of otherwise.
"""

import gzip
import hashlib
import json
import tempfile
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from django.core.files.base import ContentFile

from courseplatform.accounts.models import User
from courseplatform.courses.models import Course
from grading.hidden_sets.kept import hidden_here
from grading.measuring.lab_inputs import shown_inputs
from grading.models.boards import BoardRun
from grading.models.submissions import Submission
from grading.services.board_asks import board_ask_enqueue
from grading.services.board_runs import KIND
from hardware import demo_runners, leases
from hardware.models import BoardFile, BoardJob, Priority, Purpose, Runner
from hardware.runners.ending import end_read, runner_finish
from hardware.runners.files import file_add

ANSWERS = Path(__file__).parent / "board"
PERSON, LAB, LAYOUT = "ruth.adeyemi@example.edu", "lab3", "NHWC"
AGO, TOOK = timedelta(minutes=40), timedelta(seconds=140)  # when the board took it, and for how long it had it


def load(*, course: Course, people: Mapping[str, User], now: datetime) -> None:
    """Behind the hand-ins and the fleet. Nothing where there is no board of the lab's kind."""
    submission = (
        Submission.objects.filter(assignment__course=course, assignment__slug=LAB, person=people[PERSON])
        .select_related("assignment__course", "assignment__hidden_set", "person", "team")
        .first()
    )
    if submission is None:
        return
    runner = (
        Runner.objects.filter(course=course, device=submission.assignment.device, is_demo=True).order_by("name").first()
    )
    if runner is None:
        return
    answer = json.loads(gzip.decompress((ANSWERS / f"{LAB}.json.gz").read_bytes()))
    asked = board_ask_enqueue(submission=submission, by=submission.person.name, is_by_staff=False, now=now - AGO)
    job = leases.job_enqueue(
        BoardJob, kind=KIND, owner_key=asked.owner_key, priority=Priority.AGAIN, now=now - AGO, purpose=Purpose.MEASURE,
        title=f"{submission.assignment.short}, attempt {submission.number}", course=course, device=runner.device, runtime=answer["format"],
        plan=answer["plan"], wall_s=answer["wall_s"],
    )  # fmt: skip
    BoardRun.objects.create(job=job, for_job_id=asked.pk, seed=answer["seed"])
    _given(job, submission, answer["seed"])
    demo_runners.take(runner, job, now - AGO)
    _answered(runner, job, answer, now - AGO + TOOK)


def _given(job: BoardJob, submission: Submission, seed: int) -> None:
    """The files that the board was sent: the model, and the hidden inputs in the order of the seed."""
    assignment = submission.assignment
    hidden = assignment.hidden_set
    assert hidden is not None  # the demo's own lab
    stored = hidden_here(hidden.inputs_file, hidden.inputs_sha256)
    with tempfile.TemporaryDirectory(prefix="milliamp-demo-") as folder, submission.model_file.open("rb") as held:
        model = Path(folder) / "model"
        model.write_bytes(held.read())
        shown = shown_inputs(model, stored, assignment.spec, LAYOUT, Path(folder), seed)
        for name, path in (("model", model), ("inputs.npy", shown.inputs.path)):
            data = path.read_bytes()
            row = BoardFile(job=job, name=name, bytes=len(data), sha256=hashlib.sha256(data).hexdigest())
            row.file.save(name, ContentFile(data), save=False)
            row.save()


def _answered(runner: Runner, job: BoardJob, answer: dict[str, Any], at: datetime) -> None:
    data = json.dumps(answer["results"], separators=(",", ":")).encode()
    job.refresh_from_db()
    digest = hashlib.sha256(data).hexdigest()
    file_add(job=job, attempt=job.attempt, name="results.json", sha256=digest, pieces=[data])
    end = end_read(
        {
            "outcome": "done", "why": "", "results": {"name": "results.json", "sha256": digest, "bytes": len(data)}, "log": {"bytes": 0},
            "environment": answer["environment"],
        }
    )  # fmt: skip
    runner_finish(runner=runner, lease=job.pk, attempt=job.attempt, end=end, now=at)
