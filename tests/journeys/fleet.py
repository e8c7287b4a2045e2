"""Boards and their work in an embedded world that runs elsewhere: a program with that world's DATA_DIR, which answers each line with one of JSON.

begin BOARDS JOBS      {"codes": {runner: code}}; two of the jobs are hand-ins
revoke RUNNER
attempts               how many attempts the hand-ins have used up beyond one each
"""

import json
import os
import sys

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "courseplatform.settings")
HAND_INS = 2


def begin(boards: str, jobs: str) -> dict[str, object]:
    from django.conf import settings

    from grading.demo.digits import hidden_split, write_hidden
    from grading.models import HiddenSet
    from hardware.runners.enrolling import runner_add
    from tests.load.boards_at_night.people import DEVICE, MODELS, plan_of
    from tests.load.ten_times import SPEC
    from tests.people import FakeUpload, hand_in, make_cast

    cast = make_cast()
    folder = settings.DATA_DIR / "hidden"
    write_hidden(hidden_split(), folder / "digits-inputs.npy", folder / "digits-labels.npy")
    hidden = HiddenSet.objects.create(
        slug="digits", title="Digits", inputs_file="digits-inputs.npy", labels_file="digits-labels.npy", count=len(hidden_split()[1]),
        inputs_sha256="0" * 64, labels_sha256="0" * 64,
    )  # fmt: skip
    cast.lab.bench_spec = SPEC | {"devices": [DEVICE], "run_on": "board", "board_wait": {"hours": 4}}
    cast.lab.hidden_set = hidden
    cast.lab.save()
    codes = {}
    for n in range(int(boards)):
        runner, code = runner_add(visit=cast.visit(cast.helen), name=f"board-{n}", device=DEVICE)
        codes[str(runner.pk)] = code
    work_made(cast.course, int(jobs) - HAND_INS, MODELS[0].read_bytes(), plan_of(1.5, 0.0), DEVICE)
    for model, person in zip(MODELS[:HAND_INS], (cast.ruth, cast.sofia), strict=True):
        hand_in(cast, person, FakeUpload(model.name, model))
    return {"codes": codes}


def work_made(course: object, number: int, data: bytes, plan: dict[str, object], device: str) -> None:
    """Jobs as grading makes them, of five people."""
    import hashlib

    from django.core.files.base import ContentFile

    from hardware import leases
    from hardware.models import BoardFile, BoardJob, Priority, Purpose

    for n in range(number):
        job = leases.job_enqueue(
            BoardJob, kind="board_run", owner_key=f"person:{100 + n % 5}", priority=Priority.LIVE, purpose=Purpose.MEASURE, title=f"job {n}",
            course=course, device=device, runtime="onnx", plan=plan, wall_s=120,
        )  # fmt: skip
        row = BoardFile(job=job, name="model", bytes=len(data), sha256=hashlib.sha256(data).hexdigest())
        row.file.save("model", ContentFile(data), save=False)
        row.save()


def revoke(runner: str) -> dict[str, object]:
    from courseplatform.accounts.models import User
    from courseplatform.courses.access import visit_of
    from hardware.models import Duty, Runner
    from hardware.runners.duty import duty_change

    helen = visit_of(User.objects.get(email="helen@example.edu"), "odml")
    duty_change(visit=helen, runner=Runner.objects.get(pk=runner), to=Duty.REVOKED)
    return {}


def attempts() -> dict[str, object]:
    from django.utils import timezone

    from grading.handing_in.hand_in_rules import attempts_left, owner_of
    from grading.models import Submission

    used = 0
    for one in Submission.objects.select_related("assignment", "person"):
        owner = owner_of(person=one.person, assignment=one.assignment, now=timezone.now())
        used += one.assignment.attempts_allowed - attempts_left(owner=owner, assignment=one.assignment) - 1
    return {"beyond": used}


if __name__ == "__main__":
    django.setup()
    known = {"begin": begin, "revoke": revoke, "attempts": attempts}
    for line in sys.stdin:
        word, *given = line.split()
        print(json.dumps(known[word](*given)), flush=True)
