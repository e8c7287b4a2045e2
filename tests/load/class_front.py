"""What the class costs: its front and its leaderboard for 500 students with 20 attempts each, on SQLite and on PostgreSQL. Prints a table.

python -m tests.load.class_front [students] [attempts]

A database of its own is made and dropped. Nine runs in one process: the least time, the median, and of the median what this process spent
on a processor; the rest is the database server, and waiting on a busy machine. Compare the rows of one run. `every result` is what the narrow
rows spare: the same numbers read from the stored results, of the standing attempts and of all. Exit status 1 where the least time of a front
is 100 ms or more: it was asked to be under that.
"""

import json
import os
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

from tests import parts
from tests.load.figures import figure, numbers, say, table

RUNS, MOST_MS = 9, 100.0
DEVICE = "rpi-4-4gb"
OPERATORS, DEVICES = 30, 12  # of a stored report, which is what makes a result long


def main() -> int:
    students, attempts = numbers(500, 20)
    say(f"{students} students x {attempts} attempts, {students * attempts} results")
    row = table(
        "database|12", "what|<46", "queries", *(f"{word}, ms|.1f" for word in ("least", "median", "of that work"))
    )
    is_slow = False
    for database, what, queries, least, median, work, is_asked in on_both("class_front", students, attempts):
        row(database, what, queries, least, median, work)
        is_slow |= is_asked and least >= MOST_MS
    return int(is_slow)


def on_both(script: str, *sizes: int) -> Iterator[list[Any]]:
    """The rows of `script`, which says them as JSON where it is called with --here, once on each database, whose name stands before each."""
    for name, url in (("SQLite", ""), ("PostgreSQL", parts.POSTGRES)):
        if url and not parts.find("postgresql")[0]:
            say(f"PostgreSQL: not reached, {parts.find('postgresql')[1]}")
            continue
        env = (
            os.environ
            | {"DJANGO_SETTINGS_MODULE": "tests.settings"}
            | ({"MILLIAMP_TEST_DATABASE_URL": url} if url else {})
        )
        command = [sys.executable, "-m", f"tests.load.{script}", *map(str, sizes), "--here"]
        done = subprocess.run(command, env=env, cwd=parts.ROOT, stdout=subprocess.PIPE, text=True, check=True)
        yield from ([name, *row] for row in json.loads(done.stdout.splitlines()[-1]))


def here(measure: Callable[..., list[list[Any]]]) -> None:
    """In a process with a database of its own: build, measure, drop."""
    import django
    from django.conf import settings

    name = {"NAME": f"milliamp_load_{os.getpid()}"} if "postgresql" in settings.DATABASES["default"]["ENGINE"] else {}
    settings.DATABASES["default"]["TEST"] = name | {"MIGRATE": False}  # the tables as they are, at once
    django.setup()
    from django.test.runner import DiscoverRunner
    from django.test.utils import setup_test_environment

    setup_test_environment()
    runner = DiscoverRunner(interactive=False, verbosity=0)
    kept = runner.setup_databases()
    try:
        Path(settings.DATA_DIR).mkdir(parents=True, exist_ok=True)
        print(json.dumps(measure()))
    finally:
        runner.teardown_databases(kept)


def _measured(students: int, attempts: int) -> list[list[Any]]:
    from django.test import Client
    from django.utils import timezone

    from courseplatform.courses.access import visit_of
    from grading.figures import FIGURES, Given
    from grading.models import Result, Run, Submission
    from grading.selectors import leaderboard
    from grading.selectors.class_points import class_picture
    from grading.services.class_points import class_points_rebuild
    from hardware.profiles import load_profiles

    lab, person = _build(students, attempts)
    run = (
        Run.objects.select_related("result", "submission__assignment__course", "submission__person", "submission__team")
        .filter(submission__person=person, submission__is_active=True)
        .get()
    )
    given = Given({}, lab.spec, load_profiles(), class_of=lambda: class_picture(run))
    client = Client()
    client.force_login(person)
    address = f"{run.get_absolute_url()}figures/class.json"

    def fetch() -> None:
        assert client.get(address).status_code == 200

    def board() -> None:
        leaderboard.page(visit_of(person, lab.course.slug), lab, "latency_ms", "", timezone.now())

    standing = Submission.objects.filter(assignment=lab, is_active=True)
    return [
        ["the front: queries, places, plot, table", *timed(lambda: FIGURES["class"](given)), True],
        ["the front over HTTP, with door and session", *timed(fetch), True],
        ["a leaderboard", *timed(board), True],
        ["every result of the standing attempts", *timed(lambda: list(Result.objects.filter(run__submission__in=standing)), 3), False],
        ["every result of all attempts", *timed(lambda: list(Result.objects.filter(run__submission__assignment=lab)), 1), False],
        ["a rebuild of all narrow rows", *timed(lambda: class_points_rebuild(assignment=lab), 1), False],
    ]  # fmt: skip


def timed(act: Callable[[], object], runs: int = RUNS) -> list[float]:
    """[queries, least ms, median ms, median ms of this process on a processor]; once before, so that what is imported late is no part of it."""
    from django.db import connection

    asked = []

    def count(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        asked.append(sql)
        return execute(sql, params, many, context)

    with connection.execute_wrapper(count):
        act()
    taken, worked = [], []
    for _ in range(runs):
        begun, at_work = time.perf_counter(), time.process_time()
        act()
        taken.append(1000 * (time.perf_counter() - begun))
        worked.append(1000 * (time.process_time() - at_work))
    return [len(asked), min(taken), statistics.median(taken), statistics.median(worked)]


def _build(students: int, attempts: int) -> tuple[Any, Any]:
    """A lab with all its results, written in bulk; the narrow rows come from a rebuild, as an upgrade fills them."""
    from django.utils import timezone

    from courseplatform.accounts.models import User
    from courseplatform.courses.models import Enrolment, Role
    from grading.models import Result, Run, Submission
    from grading.services.class_points import class_points_rebuild
    from hardware.models import Job
    from tests.people import SPEC, make_course, make_lab

    rng, now = random.Random(7), timezone.now()
    course = make_course("large")
    lab = make_lab(course, bench_spec=SPEC | {"devices": [DEVICE]}, leaderboard={"shown": True})
    people = User.objects.bulk_create(User(email=f"s{n}@example.edu", name=f"Student {n}") for n in range(students))
    Enrolment.objects.bulk_create(Enrolment(course=course, person=one, role=Role.STUDENT) for one in people)
    for person in people:
        made = [
            Submission(assignment=lab, person=person, number=n + 1, upload_key=uuid4(), receipt=uuid4().hex, sha256="0" * 64, counts=True,
                       is_active=n == attempts - 1) for n in range(attempts)
        ]  # fmt: skip
        Submission.objects.bulk_create(made)
        for row in made:  # a run is a job with a table of its own, which no bulk_create writes
            job = Job.objects.create(
                kind="run",
                owner_key=f"person:{person.pk}",
                queued_at=now,
                not_before=now,
                status="finished",
                outcome="measured",
            )
            Run(job_ptr=job, submission=row, requested_by=person.email).save_base(raw=True)
        runs = Run.objects.filter(submission__in=made)
        Result.objects.bulk_create(Result(run=run, **_document(rng)) for run in runs)
    class_points_rebuild(assignment=lab)
    return lab, people[0]


def _document(rng: random.Random) -> dict[str, Any]:
    latency, accuracy = 10 * 10 ** rng.random(), rng.uniform(0.75, 0.95)
    operators = [{"index": n, "name": f"/layer{n}/Conv", "op": "Conv", "macs": rng.randrange(10**6), "live_bytes": rng.randrange(10**6),
                  "params": n, "output_shape": [1, 8, 8, 8], "op_class": "conv", "weight_bytes": 9 * n, "input_bytes": 8, "output_bytes": 8}
                 for n in range(OPERATORS)]  # fmt: skip
    verdict = {
        "name": "Raspberry Pi 4", "fits": True, "runtime": "tflite@2.4.1", "precision": "int8", "threads": 4, "latency_ms": latency,
        "latency_interval_ms": [0.9 * latency, 1.1 * latency], "energy_mj": 7 * latency, "extrapolated": False, "flags": [], "graded": True, "reason": "",
        "calibration": {"rows": 61, "metered": True},
    }  # fmt: skip
    devices = {f"device-{n}": verdict | {"operators": []} for n in range(DEVICES)}
    devices[DEVICE] = verdict | {"operators": [[n, latency / OPERATORS, False] for n in range(OPERATORS)]}
    return {
        "report": {"operators": operators}, "host": {"p50_ms": 1.0}, "points": [], "earned": round(rng.uniform(0, 7), 2), "of": 7,
        "quality": {"accuracy": accuracy, "low": accuracy - 0.02, "high": accuracy + 0.02, "confusion": [[9] * 10] * 10},
        "metrics": {"accuracy": accuracy, "macs": rng.randrange(10**7), "params": 1000, "model_bytes": rng.randrange(10**6),
                    "peak_activation_bytes": rng.randrange(10**6), "sparsity": 0.0, "weight_bits_mean": 8.0, "latency_ms": latency},
        "environment": {"devices": devices, "graded_by": {"on": "process", "label": "process"}},
    }  # fmt: skip


if __name__ == "__main__":
    if "--here" in sys.argv:
        here(lambda: _measured(*numbers(500, 20)))
    else:
        sys.exit(figure(main))
