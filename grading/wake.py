"""Waking the bench workers. By name, so that the web process never imports what measures."""

import structlog
from celery import current_app
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

RUN_KIND = "run"
RUN_NEXT = "grading.run_next"
BENCH_QUEUE = "bench"
log = structlog.get_logger(__name__)


def wake() -> None:
    """Best effort: the row is the truth, and the sweep wakes again every few seconds."""
    try:
        current_app.send_task(RUN_NEXT, queue=BENCH_QUEUE, expires=60, retry=False)
    except (OperationalError, RedisError, OSError) as error:
        log.warning("wake_lost", why=str(error))
