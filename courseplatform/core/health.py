"""Is it well? Database, broker, worker, storage: each is tried, none is believed.

Where files lie is known by the uploads alone: they add the probe of the storage (courseplatform/uploads/apps.py).
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from celery import current_app
from django.conf import settings
from django.db import DatabaseError, connection
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

from courseplatform.core.clock import shared_now
from courseplatform.core.errors import Unavailable
from courseplatform.core.models import Heartbeat

# Each must have given a sign of life within FRESH: through the broker every ten seconds, and a bench worker that is measuring with
# each beat of its lease.
WORKERS, FRESH = ("ordinary", "bench"), timedelta(seconds=45)
_needed: dict[str, Callable[[], bool]] = {}


def beat(worker: str) -> None:
    """A sign of life of a worker: a task has gone round through the broker and the database, or its run goes on."""
    Heartbeat.objects.update_or_create(name=worker, defaults={"at": shared_now(), "boot": settings.BOOT})


def last_sign(worker: str) -> datetime | None:
    """When a worker of this name last gave a sign of life; None where none ever did."""
    return Heartbeat.objects.filter(name=worker).values_list("at", flat=True).first()


def beats_while(worker: str, probe: Callable[[], bool]) -> None:
    """A worker that can do nothing without something gives no sign of life while `probe` says that it is not there."""
    _needed[worker] = probe


def can_work(worker: str) -> bool:
    return worker not in _needed or _needed[worker]()


def check() -> dict[str, Any]:
    """{"status": "ok" | "failing", "checks": {name: "ok" or a few words on what is wrong}}"""
    checks = {name: tried(probe) for name, probe in PROBES.items()}
    return {"status": "ok" if set(checks.values()) == {"ok"} else "failing", "checks": checks}


def tried(probe: Callable[[], str]) -> str:
    """What the probe says, or why it could say nothing."""
    try:
        return probe()
    except Unavailable as error:
        return f"failing: {error.code}"
    except (OSError, DatabaseError, OperationalError, RedisError) as error:
        return f"failing: {type(error).__name__}"


def _database() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        cursor.fetchone()
    return "ok"


def _broker() -> str:
    with current_app.connection_for_write(connect_timeout=2) as broker:
        broker.ensure_connection(max_retries=1, timeout=2)
    return "ok"


def _worker() -> str:
    """One heartbeat of this boot, not too old, from each worker; each that is missing is named."""
    seen = Heartbeat.objects.filter(name__in=WORKERS, boot=settings.BOOT) if settings.BOOT else Heartbeat.objects.all()
    newest = dict(seen.values_list("name", "at"))
    wrong = []
    for name in WORKERS:
        if name not in newest:
            wrong.append(f"waiting for the first task of worker {name}")
        elif shared_now() - newest[name] > FRESH:
            wrong.append(f"worker {name} is silent")
    return "; ".join(wrong) or "ok"


PROBES: dict[str, Callable[[], str]] = {
    "database": _database,
    "broker": _broker,
    "worker": _worker,
}


def add_probe(name: str, probe: Callable[[], str]) -> None:
    """A room above says how it is with its part: `ok`, or a few words on what is wrong. Unavailable counts as failing."""
    PROBES[name] = probe
