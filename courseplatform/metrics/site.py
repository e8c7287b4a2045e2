"""What the site tells of itself: database, broker, workers, sweeps, lines, disk, version."""

import platform
import shutil
from collections.abc import Iterable
from datetime import datetime

import django
from celery import current_app
from django.conf import settings
from django.db import connection
from django.utils import timezone
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

from courseplatform.core.health import WORKERS
from courseplatform.core.lines import lines_now
from courseplatform.core.models import Heartbeat
from courseplatform.metrics.models import SweepSign
from courseplatform.metrics.sources import DATABASE, Family, add_source, by_label, value

STARTED_AT = timezone.now()  # of this process


def database() -> Iterable[Family]:
    """Nothing but whether it answers, which families_now tells."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        cursor.fetchone()
    return ()


def broker() -> Iterable[Family]:
    """Redis, or the broker of the embedded world, within 2 s."""
    try:
        with current_app.connection_for_write(connect_timeout=2) as connected:
            connected.ensure_connection(max_retries=1, timeout=2)
        is_up = True
    except (OperationalError, RedisError, OSError):
        is_up = False
    yield value("milliamp_broker_up", "1: the broker of the workers answers.", float(is_up))


def disk() -> Iterable[Family]:
    found = shutil.disk_usage(settings.DATA_DIR)
    yield value("milliamp_disk_free_bytes", "Free on the disk of DATA_DIR.", found.free)
    yield value("milliamp_disk_size_bytes", "Size of the disk of DATA_DIR.", found.total)


def build() -> Iterable[Family]:
    versions = {"version": settings.VERSION, "django": django.get_version(), "python": platform.python_version()}
    yield Family("milliamp_build_info", "What runs here; always 1.", [(versions, 1.0)])


def workers() -> Iterable[Family]:
    """One that never gave a sign counts from when this process began, as with the sweeps."""
    signs = dict.fromkeys(WORKERS, STARTED_AT.timestamp())
    signs |= {name: at.timestamp() for name, at in Heartbeat.objects.values_list("name", "at")}
    said = "When a worker of this name last gave a sign of life, in seconds since 1970."
    yield by_label("milliamp_worker_seen_timestamp_seconds", said, "worker", signs)


def lines() -> Iterable[Family]:
    """Of every kind of work that is registered with core/lines.py."""
    found = lines_now()
    yield by_label(
        "milliamp_line_waiting",
        "Work that could begin and has not.",
        "kind",
        {one.kind: float(one.waiting) for one in found},
    )
    yield by_label(
        "milliamp_line_running", "Work that is being done.", "kind", {one.kind: float(one.running) for one in found}
    )
    yield by_label(
        "milliamp_line_oldest_seconds", "How long the oldest work that waits has waited; 0 where none does.", "kind",
        {one.kind: one.oldest_s or 0.0 for one in found},
    )  # fmt: skip
    yield by_label(
        "milliamp_line_slow_after_seconds", "A longer wait is slow.", "kind", {one.kind: one.slow_after_s for one in found}
    )  # fmt: skip
    yield by_label(
        "milliamp_line_held_back", "1: waits on purpose while other work runs; its wait is no fault.", "kind",
        {one.kind: float(one.held_back) for one in found},
    )  # fmt: skip


def sweeps() -> Iterable[Family]:
    """Of every sweep that beat wakes: when it last came to a good end, and how often it is due.

    One that never did counts from when this process began, so that a fresh site is not late and one whose beat is dead is.
    """
    done: dict[str, datetime] = dict(SweepSign.objects.values_list("name", "at"))
    tasks = {
        entry["task"]: float(entry["schedule"].seconds)
        for entry in settings.CELERY_BEAT_SCHEDULE.values()
        if "args" not in entry
    }
    yield by_label(
        "milliamp_sweep_done_timestamp_seconds", "When a sweep last came to a good end, in seconds since 1970.", "sweep",
        {name: done.get(name, STARTED_AT).timestamp() for name in tasks},
    )  # fmt: skip
    yield by_label("milliamp_sweep_interval_seconds", "How often a sweep is due.", "sweep", tasks)


def register() -> None:
    add_source(DATABASE, database, keep_s=0)
    add_source("build", build, keep_s=3600, needs_database=False)
    add_source("broker", broker, needs_database=False)
    add_source("disk", disk, needs_database=False)
    add_source("workers", workers)
    add_source("sweeps", sweeps)
    add_source("lines", lines)
