"""What the audit costs: a page that is recorded, the same one again, and the page of the audit over a term of rows. Prints a table.

python -m tests.load.audit_cost [rows]

In a throw-away SQLite database, or the one of MILLIAMP_TEST_DATABASE_URL. Each line is the median of 15 requests in one process.
"""

import statistics
import sys
import time
from datetime import timedelta

from tests.load.figures import figure, numbers, table

RUNS = 15


def main() -> None:
    import django

    django.setup()
    from django.conf import settings
    from django.test.runner import DiscoverRunner

    settings.DATABASES["default"].setdefault("TEST", {})["MIGRATE"] = False  # the tables as they are, at once

    runner = DiscoverRunner(verbosity=0, interactive=False)
    runner.setup_test_environment()
    old = runner.setup_databases()
    try:
        measure(*numbers(20_000))
    finally:
        runner.teardown_databases(old)


def measure(rows: int) -> None:
    from django.core.cache import cache
    from django.test import Client
    from django.utils import timezone

    from courseplatform.audit.models import AuditRow
    from courseplatform.audit.registry import audit
    from tests.people import make_cast

    cast, now = make_cast(), timezone.now()
    AuditRow.objects.bulk_create(
        AuditRow(at=now - timedelta(minutes=n), course=cast.course, actor=cast.amit.email, actor_person=cast.amit, act="saw",
                 what=f"The grade for lab{n % 7}", path=f"/{n}", about=cast.ruth, look=f"{n:032x}", span=n)
        for n in range(rows)
    )  # fmt: skip
    client = Client()
    client.force_login(cast.helen)
    page = f"/courses/odml/people/{cast.course.enrolments.get(person=cast.ruth).pk}/"

    def fresh() -> None:
        cache.clear()
        AuditRow._base_manager.exclude(look="").filter(at__gt=now).delete()

    shown = table("page|44", "queries", "median, ms|.1f", "least, ms|.1f")

    def line(what, ask, before=lambda: None):
        shown(what, *cost(ask, before))

    read = audit.reads.pop("roster:person")
    line("a person's page, not recorded", lambda: client.get(page))
    audit.reads["roster:person"] = read
    line("the same, recorded", lambda: client.get(page), fresh)
    line("the same, seen within ten minutes", lambda: client.get(page))
    line("the same, and the cache is away", lambda: client.get(page), cache.clear)
    line(f"the audit, newest of {rows} rows", lambda: client.get("/courses/odml/audit/"))
    line("the audit, one person and words", lambda: client.get("/courses/odml/audit/?who=amit&q=lab3"))
    line("the audit, words that nothing has", lambda: client.get("/courses/odml/audit/?q=nowhere"))


def cost(ask, before):
    """(queries, median ms, least ms)"""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    times = []
    for _ in range(RUNS):
        before()
        with CaptureQueriesContext(connection) as found:
            start = time.perf_counter()
            assert ask().status_code == 200
            times.append(1000 * (time.perf_counter() - start))
    return len(found), statistics.median(times), min(times)


if __name__ == "__main__":
    import os

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
    sys.exit(figure(main))
