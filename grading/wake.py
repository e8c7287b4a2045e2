"""Waking workers. By name, so that the web process never imports what measures."""

import structlog
from celery import current_app
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

RUN_KIND = "run"
RUN_NEXT = "grading.run_next"
BENCH_QUEUE = "bench"
COUNT_LATE_DAYS = "grading.count_late_days"
log = structlog.get_logger(__name__)


def wake() -> None:
    """There is a run to measure."""
    _wake(RUN_NEXT, BENCH_QUEUE)


def wake_count() -> None:
    """There are late days to count."""
    _wake(COUNT_LATE_DAYS, "ordinary")


def _wake(task: str, queue: str) -> None:
    """Best effort: the row is the truth, and a sweep wakes again every few seconds."""
    try:
        current_app.send_task(task, queue=queue, expires=60, retry=False)
    except (OperationalError, RedisError, OSError) as error:
        log.warning("wake_lost", task=task, why=str(error))
