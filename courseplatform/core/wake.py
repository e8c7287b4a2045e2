"""Waking workers, by the name of a task, so that the web imports nothing of theirs.

A wake-up is best effort: the row is the truth, and a sweep looks for rows every few seconds. So a broker that hangs may cost a request
seconds once, and not once for each worker that it would wake: after a post that failed, none is tried for a while.
"""

import time

import structlog
from celery import current_app
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

PAUSE_S = 10.0  # as long as a post may hang, and no longer than people wait for a sweep
log = structlog.get_logger(__name__)


class _Broker:
    """What this process knows of the broker: until when it is left alone (monotonic seconds)."""

    quiet_until = 0.0


def post(task: str, queue: str) -> None:
    """Post a wake-up, unless the last one failed just now."""
    if time.monotonic() < _Broker.quiet_until:
        log.info("wake_skipped", task=task)
        return
    try:
        current_app.send_task(task, queue=queue, expires=60, retry=False)
    except (OperationalError, RedisError, OSError) as error:
        _Broker.quiet_until = time.monotonic() + PAUSE_S
        log.warning("wake_lost", task=task, why=str(error))
