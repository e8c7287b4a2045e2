"""What the analytics of a lab cost: the page and its figures for 500 students, and for 250 teams of two, on SQLite and on PostgreSQL. Prints a table.

python -m tests.load.lab_analytics [students]

A database of its own is made and dropped. Nine runs in one process, as tests/load/class_front.py counts them. Exit status 1 where the page
keeps this process busy for a second or more, or asks more than 40 queries with door and session.
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests import parts
from tests.load.class_front import timed

MOST_MS, MOST_QUERIES = 1000.0, 40
FIGURES = ("points", "cost", "attempts", "late", "graders")


def main(students: int) -> int:
    found, root = [], Path(__file__).resolve().parents[2]
    for name, url in (("SQLite", ""), ("PostgreSQL", parts.POSTGRES)):
        if url and not parts.find("postgresql")[0]:
            print(f"PostgreSQL: not reached, {parts.find('postgresql')[1]}")
            continue
        more = {"MILLIAMP_TEST_DATABASE_URL": url} if url else {}
        env = os.environ | {"DJANGO_SETTINGS_MODULE": "tests.settings", **more}
        command = [sys.executable, "-m", "tests.load.lab_analytics", str(students), "--here"]
        done = subprocess.run(command, env=env, cwd=root, capture_output=True, text=True, check=False)
        if done.returncode:
            print(done.stderr[-2000:])
            return done.returncode
        found += [[name, *row] for row in json.loads(done.stdout.splitlines()[-1])]
    print(
        f"{'database':12}{'what':46}{'queries':>8}{'least, ms':>12}{'median, ms':>12}{'of that work, ms':>18}{'KiB':>8}"
    )
    for database, what, kib, queries, least, median, work in found:
        print(f"{database:12}{what:46}{queries:>8}{least:>12.1f}{median:>12.1f}{work:>18.1f}{kib:>8.0f}")
    pages = [(queries, work) for _, what, _, queries, _, _, work in found if "page" in what]
    return int(any(work >= MOST_MS or queries > MOST_QUERIES for queries, work in pages))


def here(students: int) -> None:
    """In a process with a database of its own: build, measure, drop."""
    import django
    from django.conf import settings

    if "postgresql" in settings.DATABASES["default"]["ENGINE"]:
        settings.DATABASES["default"]["TEST"] = {"NAME": f"milliamp_analytics_{os.getpid()}"}
    django.setup()
    from django.test.runner import DiscoverRunner
    from django.test.utils import setup_test_environment

    setup_test_environment()
    runner = DiscoverRunner(interactive=False, verbosity=0)
    kept = runner.setup_databases()
    try:
        Path(settings.DATA_DIR).mkdir(parents=True, exist_ok=True)
        print(json.dumps([row for teams in (False, True) for row in _measured(students, teams=teams)]))
    finally:
        runner.teardown_databases(kept)


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
    sizes = [int(word) for word in sys.argv[1:] if word.isdecimal()] or [500]
    if "--here" in sys.argv:
        here(sizes[0])
    else:
        sys.exit(main(sizes[0]))
