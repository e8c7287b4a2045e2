"""What the gradebook costs: its page for 500 students and 20 assignments, on SQLite. Prints queries, bytes and CPU.

python -m tests.load.gradebook [students] [assignments]

A database of its own is made and dropped. The page is asked for as a browser asks, compressed; the median of 20, on the processor alone
(time.process_time), so that what else runs on the machine counts little. Issue 19 names the limits, and the same page of RELATE on that machine:
2 260 ms of CPU, 1 515 queries, 2.8 MB. Exit status 1 where a limit is missed.
"""

import gzip
import random
import statistics
import sys
import time
from datetime import timedelta
from decimal import Decimal
from typing import Any

from tests.load.figures import figure, numbers, say, table

RUNS = 20
MOST = {"queries": 15, "bytes of HTML": 1_500_000, "bytes as sent": 300_000, "CPU, ms": 90.0}
PEER = {"queries": 1515, "bytes of HTML": 2_800_000, "bytes as sent": None, "CPU, ms": 2260.0}


def main() -> int:
    students, assignments = numbers(500, 20)
    import django
    from django.conf import settings

    settings.DATABASES["default"]["TEST"] = {"NAME": ":memory:", "MIGRATE": False}  # the tables as they are, at once
    django.setup()
    from django.test.runner import DiscoverRunner

    runner = DiscoverRunner(interactive=False, verbosity=0)
    kept = runner.setup_databases()
    try:
        found = _measured(students, assignments)
    finally:
        runner.teardown_databases(kept)
    say(f"{students} students x {assignments} assignments")
    row = table("the page|24", "here|12,.0f", "at most|12,.0f", "RELATE|12,.0f")
    for what, value in found.items():
        row(what, value, MOST.get(what), PEER.get(what))
    return int(any(found[what] > most for what, most in MOST.items()))


def _measured(students: int, assignments: int) -> dict[str, float]:
    from django.test import Client

    from courseplatform.core.web_worker import keep_what_is_loaded
    from grading.selectors.book import book_of

    visit = build(students, assignments)
    client = Client(
        SERVER_NAME="127.0.0.1"
    )  # without the test environment, which keeps a copy of what each template was given
    client.force_login(visit.person)
    sizes, queries = [], []

    def fetch() -> None:
        answer = client.get(f"/courses/{visit.course.slug}/grades/", headers={"Accept-Encoding": "gzip"})
        assert answer.status_code == 200, answer.status_code
        sizes.append(answer.content)

    from django.utils import timezone

    fetch()
    keep_what_is_loaded()  # as a worker of the web server does
    page, whole = timed(fetch, queries), gzip.decompress(sizes[-1])
    return {
        "queries": len(queries), "bytes of HTML": len(whole), "bytes as sent": len(sizes[-1]), "CPU, ms": page,
        "of that the book, ms": timed(lambda: book_of(visit, timezone.now()), []),
    }  # fmt: skip


def timed(act: Any, queries: list[str]) -> float:
    """The median of the CPU time in ms; once before, counting queries, so that what is imported late is no part of it."""
    from django.db import connection

    def count(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        queries.append(sql)
        return execute(sql, params, many, context)

    act()
    with connection.execute_wrapper(count):
        act()
    taken = []
    for _ in range(RUNS):
        begun = time.process_time()
        act()
        taken.append(1000 * (time.process_time() - begun))
    return statistics.median(taken)


def build(students: int, assignments: int) -> Any:
    """A class whose work is graded by one item each, but for some that is missing or with the graders. Written in bulk."""
    from django.utils import timezone

    from courseplatform.accounts.models import User
    from courseplatform.courses.access import visit_of
    from courseplatform.courses.models import Enrolment, Role
    from grading.models import Assignment, GradeEvent, GradeRelease, RubricItem
    from grading.services.grade_rows import grades_now_write
    from tests.people import make_course

    rng, now = random.Random(7), timezone.now()
    course = make_course("large")
    slugs = [f"report{n}" for n in range(1, assignments + 1)]
    course.facts = {"grading": scheme(slugs)}
    course.save()
    helen = User.objects.create_user(email="helen@example.edu", name="Helen", password="correct horse")
    Enrolment.objects.create(course=course, person=helen, role=Role.INSTRUCTOR)
    first, last = ["Ada", "Ben", "Chen", "Dora", "Emil"], ["Adeyemi", "Brandt", "Castro", "Ivanova", "Okonkwo"]
    people = User.objects.bulk_create(
        User(email=f"s{n}@example.edu", name=f"{first[n % 5]} {last[n // 5 % 5]}{n}") for n in range(students)
    )
    Enrolment.objects.bulk_create(Enrolment(course=course, person=one, role=Role.STUDENT) for one in people)
    for number, slug in enumerate(slugs):
        work = Assignment.objects.create(
            course=course, slug=slug, short=f"R{number + 1}", title=f"Report {number + 1}", kind="report", points=10, due_at=now - timedelta(days=90 - number),
            released_at=now - timedelta(days=99), parts=[{"key": "report", "title": "Report", "kind": "pdf", "required": True}],
        )  # fmt: skip
        item = RubricItem.objects.create(assignment=work, key="all", title="All", points=10)
        GradeEvent.objects.bulk_create(
            GradeEvent(assignment=work, person=one, kind="rubric", item=item, points=Decimal(rng.randrange(500, 1000)) / 100, actor="Amit", reason="read")
            for one in people if rng.random() > 0.06
        )  # fmt: skip
        if number < assignments - 2:
            GradeRelease.objects.create(assignment=work, is_released=True, by="Helen", at=now)
        grades_now_write(work, [one.pk for one in people])
    return visit_of(helen, course.slug)


def scheme(slugs: list[str]) -> dict[str, Any]:
    """As 11-767's, with so many reports."""
    return {
        "components": [
            {"key": "participation", "title": "Participation", "group": "Papers", "percent": 15, "cap_percent": 15, "from": ["participation"]},
            {"key": "presentations", "title": "Presentations", "group": "Papers", "percent": 15, "from": ["presentations"]},
            {"key": "reports", "title": "Reports", "percent": 50, "count": len(slugs) - 1, "of": slugs[:-1]},
            {"key": "final", "title": "Final", "percent": 20, "of": slugs[-1:]},
        ]
    }  # fmt: skip


if __name__ == "__main__":
    import os

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
    sys.exit(figure(main))
