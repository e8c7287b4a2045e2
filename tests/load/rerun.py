"""What it costs to count a lab again: 500 students with one result each, on SQLite. Prints a table.

python -m tests.load.rerun [students]

A database of its own is made and dropped. `table` is what the page of the dry run reads, the least of five;
`processor` is what this process spent on one, the rest is waiting on a busy machine.
"""

import os
import sys
import time
from datetime import timedelta
from uuid import uuid4

from tests.load.figures import figure, numbers, say, table


def main() -> int:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
    import django

    django.setup()
    from django.conf import settings
    from django.db import connection
    from django.test.utils import CaptureQueriesContext, setup_test_environment

    setup_test_environment()
    settings.DATABASES["default"].setdefault("TEST", {})["MIGRATE"] = False  # the tables as they are, at once
    name = connection.creation.create_test_db(verbosity=0)
    try:
        _measure(*numbers(500), connection, CaptureQueriesContext)
    finally:
        connection.creation.destroy_test_db(name, verbosity=0)
    return 0


def _measure(students, connection, captured):
    from grading.models import Rerun
    from grading.reruns.rules import of_before
    from grading.reruns.table import counts_of, table_of
    from grading.reruns.words import headline
    from grading.services.rerun_applying import rerun_carry_on
    from grading.services.reruns import rerun_apply
    from tests.grading.reruns.reruns import begin, change_rules
    from tests.people import make_cast

    cast = make_cast()
    _results(cast, students)
    change_rules(cast)
    rows = [("which stand by the rules of before", *_timed(connection, captured, lambda: of_before(cast.lab)))]
    rows.append(("begin: score every result again", *_timed(connection, captured, lambda: begin(cast))))
    rerun = Rerun.objects.select_related("assignment__course", "assignment__hidden_set").get()
    least = min(_timed(connection, captured, lambda: table_of(rerun)) for _ in range(5))
    rows.append(("table: every grade now and then", *least))
    say(headline(counts_of(table_of(rerun))))
    visit = cast.visit(cast.helen)
    rows.append(
        ("decide: keep the table", *_timed(connection, captured, lambda: rerun_apply(visit=visit, rerun=rerun)))
    )
    rows.append(
        ("apply: write every result and grade", *_timed(connection, captured, lambda: rerun_carry_on(rerun=rerun)))
    )
    row = table("what|38", "seconds|.2f", "processor, s|.2f", "queries")
    for one in rows:
        row(*one)


def _timed(connection, captured, act):
    with captured(connection) as queries:
        begun, worked = time.perf_counter(), time.process_time()
        act()
        took, worked = time.perf_counter() - begun, time.process_time() - worked
    return took, worked, len(queries)


def _results(cast, students):
    """Hand-ins whose runs have ended, written as rows: what is measured here is what comes after."""
    import random

    from django.utils import timezone

    from courseplatform.accounts.models import User
    from courseplatform.courses.models import Enrolment, Role
    from grading.models import Run, Submission
    from grading.queue.wake import RUN_KIND
    from grading.services.benchmarks import benchmarks_record
    from grading.services.results import result_record
    from tests.grading.reruns.reruns import document_of

    chance, now = random.Random(1), timezone.now()
    people = User.objects.bulk_create(User(email=f"s{n}@example.edu", name=f"Student {n}") for n in range(students))
    Enrolment.objects.bulk_create(Enrolment(course=cast.course, person=one, role=Role.STUDENT) for one in people)
    for n, person in enumerate(people):
        row = Submission.objects.create(
            assignment=cast.lab, person=person, number=1, received_at=now - timedelta(minutes=n), due_at=cast.lab.due_at, model_file="x",
            file_name="x.onnx", format="onnx", size_bytes=9, sha256=f"{n:064d}", upload_key=uuid4(), receipt=uuid4().hex, counts=True, is_active=True,
        )  # fmt: skip
        run = Run.objects.create(
            submission=row, requested_by="load", kind=RUN_KIND, owner_key=f"person:{person.pk}", priority=10, turn=1, reached=1, queued_at=now,
            not_before=now, status="finished", outcome="measured",
        )  # fmt: skip
        document = document_of(cast.lab, accuracy=chance.uniform(0.8, 0.99))
        document["environment"] |= {"devices": {f"board-{m}": _verdict() for m in range(12)}}
        result_record(run=run, document=document)
    benchmarks_record(assignment=cast.lab)


def _verdict():
    """As long as what the cost model says of one device."""
    return {
        "fits": True,
        "operators": [],
        "ram": {"need_bytes": 1 << 16, "limit_bytes": 1 << 20},
        "reasons": ["x" * 80] * 6,
        "numbers": list(range(60)),
    }


if __name__ == "__main__":
    sys.exit(figure(main))
