"""What the analytics of a lab cost: the page and its figures for 500 students, and for 250 teams of two, on SQLite and on PostgreSQL. Prints a table.

python -m tests.load.lab_analytics [students]

A database of its own is made and dropped. Nine runs in one process, as tests/load/class_front.py counts them. Exit status 1 where the page
keeps this process busy for a second or more, or asks more than 40 queries with door and session.
"""

import sys
from typing import Any

from tests.load.class_front import here, on_both, timed
from tests.load.figures import figure, numbers, table

MOST_MS, MOST_QUERIES = 1000.0, 40
FIGURES = ("points", "cost", "attempts", "late", "graders")


def main() -> int:
    row = table(
        "database|12",
        "what|<46",
        "queries",
        *(f"{word}, ms|.1f" for word in ("least", "median", "of that work")),
        "KiB|.0f",
    )
    is_slow = False
    for database, what, kib, queries, least, median, work in on_both("lab_analytics", *numbers(500)):
        row(database, what, queries, least, median, work, kib)
        is_slow |= "page" in what and (work >= MOST_MS or queries > MOST_QUERIES)
    return int(is_slow)


def _measured(students: int, *, teams: bool) -> list[list[Any]]:
    from django.test import Client

    from courseplatform.courses.models import Enrolment, Role
    from tests.grading.analytics.classes import make_class
    from tests.people import SPEC, make_course, make_people

    slug = "teams" if teams else "alone"
    course = make_course(slug)
    staff = list(make_people(*(f"{name}-{slug}" for name in ("Helen", "Amit", "Priya"))).values())
    Enrolment.objects.bulk_create(
        Enrolment(course=course, person=one, role=Role.INSTRUCTOR if n == 0 else Role.TA) for n, one in enumerate(staff)
    )
    made = make_class(
        course, SPEC, students // 2 if teams else students, teams=teams, attempts=10, graders=staff, slug=f"lab-{slug}"
    )
    client = Client()
    client.force_login(staff[0])
    base = f"/courses/{slug}/assignments/{made.lab.slug}/analytics"

    def fetch(path: str) -> Any:
        answer = client.get(path)
        assert answer.status_code == 200, (path, answer.status_code)
        return answer

    who = f"{len(made.owners)} {'teams' if teams else 'students'}"
    asked = [(f"the page, {who}", f"{base}/"), (f"everything as CSV, {who}", f"{base}.csv")]
    asked += [(f"the figure {name}, {who}", f"{base}/{name}.json") for name in FIGURES]
    return [[what, len(fetch(path).content) / 1024, *timed(lambda path=path: fetch(path))] for what, path in asked]


if __name__ == "__main__":
    if "--here" in sys.argv:
        here(lambda: [row for teams in (False, True) for row in _measured(*numbers(500), teams=teams)])
    else:
        sys.exit(figure(main))
