"""What it costs the server that people watch their runs wait. Prints a table.

    python -m tests.load.waiting_pages [waiting ...]

A database of its own (SQLite, as in `make run`), so many students with one run each in line, one worker, runs of half a minute. Each
page is asked for once; `own` is processor time of this process, which does all the work, database included. Cores: what all these pages
take of a core when each asks again as its answer says, and when each asked every second.
"""

import logging
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

import django

from tests.load.figures import figure, numbers, table

WAITING, TOOK_S = (5, 20, 80), (28, 25, 31, 30, 35, 27, 29, 33, 26, 38)


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="milliamp-load-") as folder:
        os.environ |= {"DATA_DIR": folder, "DJANGO_SETTINGS_MODULE": "courseplatform.settings"}
        django.setup()
        from django.conf import settings
        from django.core.management import call_command

        settings.ALLOWED_HOSTS, settings.DEBUG = ["*"], False
        logging.disable(logging.CRITICAL)
        call_command("migrate", verbosity=0, interactive=False)
        call_command("collectstatic", verbosity=0, interactive=False)
        row = table("waiting|>", "own, ms an answer|.1f", "asks a second|.1f", "cores|.2f", "cores, each second|.2f")
        for many in numbers() or WAITING:
            row(*measure(many, Path(folder)))


def measure(many: int, folder: Path) -> tuple[float, ...]:
    from django.core.management import call_command
    from django.test import Client
    from django.utils import timezone

    from grading.models import Run
    from grading.selectors.line_now import line_read, place_of, promise
    from grading.selectors.run_live import poll_s
    from tests.grading.queue.line_builders import measured_before, workers_live
    from tests.load.line_workers import hand_in_many, people
    from tests.people import make_cast

    call_command("flush", interactive=False, verbosity=0)
    cast = make_cast()
    measured_before(cast, TOOK_S)
    students = people(cast, many)
    for person in students:
        hand_in_many(cast, person, 1, folder)
    workers_live(1)
    own_ms, every_s = [], []
    for run in Run.objects.filter(status="queued").select_related("submission__person"):
        client = Client()
        client.force_login(run.submission.person)
        address = f"{run.get_absolute_url()}live/"
        client.get(address)
        begun = time.process_time()
        assert client.get(address).status_code == 200
        own_ms.append((time.process_time() - begun) * 1e3)
        now = timezone.now()
        place = place_of(run, now)
        found = promise(run, line_read(now, [run.submission.assignment_id]), place)
        every_s.append(poll_s(place, found, is_held_up=False))
    each, asks = statistics.median(own_ms), sum(1 / seconds for seconds in every_s)
    return many, each, asks, asks * each / 1e3, many * each / 1e3


if __name__ == "__main__":
    sys.exit(figure(main))
