"""Waking the ordinary worker to mail. By name, so that nothing of the worker is imported by the web."""

import structlog
from celery import current_app
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

MAIL = "notices.mail"
log = structlog.get_logger(__name__)


def wake() -> None:
    """Best effort: the rows are the truth, and the sweep looks for them every few seconds."""
    try:
        current_app.send_task(MAIL, queue="ordinary", expires=60, retry=False)
    except (OperationalError, RedisError, OSError) as error:
        log.warning("mail_wake_lost", why=str(error))
