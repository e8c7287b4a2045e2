"""Values of the machine on which the ordinary worker runs, and of what it reaches: read from /proc, the disk and the database."""

import os
import shutil
from datetime import datetime, timedelta
from pathlib import Path

from django.conf import settings
from django.db import connection
from django.utils import timezone

from courseplatform.core import health
from courseplatform.metrics.selectors import Minute, request_minutes

WEB_OVER = timedelta(minutes=5)


def cpu_share(now: datetime) -> float | None:
    """Work that wanted a processor over the last minute, as a share of the processors: above 1 something waits."""
    return os.getloadavg()[0] / (os.cpu_count() or 1)


def memory_share(now: datetime) -> float | None:
    """Memory in use, as a share of all of it (MemAvailable of /proc/meminfo)."""
    rows = dict(line.split(":", 1) for line in Path("/proc/meminfo").read_text().splitlines() if ":" in line)
    total, free = (float(rows[name].split()[0]) for name in ("MemTotal", "MemAvailable"))
    return 1 - free / total if total else None


def disk_share(now: datetime) -> float | None:
    """The disk on which files are kept."""
    found = shutil.disk_usage(settings.DATA_DIR)
    return found.used / found.total if found.total else None


def database_connections_share(now: datetime) -> float | None:
    """Connections to PostgreSQL, of those that it takes; None for SQLite, which has none."""
    if connection.vendor != "postgresql":
        return None
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*)::float / current_setting('max_connections')::float FROM pg_stat_activity")
        found = cursor.fetchone()
    return float(found[0]) if found else None


def storage_fails(now: datetime) -> float | None:
    """1 where the store of files does not answer, else 0."""
    probe = health.PROBES.get("storage")
    return None if probe is None else float(health.tried(probe) != "ok")


def _minutes(now: datetime) -> list[Minute]:
    return request_minutes(since=now - WEB_OVER)


def requests_per_s(now: datetime) -> float | None:
    """Over the last minutes that are written."""
    rows = _minutes(now)
    first = min((row.at for row in rows), default=None)
    if first is None:
        return 0.0
    return sum(row.requests for row in rows) / max((timezone.now() - first).total_seconds(), 60.0)


def page_p95_ms(now: datetime) -> float | None:
    """The slowest of the last minutes' 95th percentiles."""
    return max((row.p95_ms for row in _minutes(now) if row.kind == "page"), default=None)


def hand_in_p95_ms(now: datetime) -> float | None:
    return max((row.p95_ms for row in _minutes(now) if row.kind == "hand_in"), default=None)


def errors_count(now: datetime) -> float | None:
    """Answers of 500 and above in the last minutes."""
    return float(sum(row.errors for row in _minutes(now)))
