"""A file that a living worker or beat touches (`ALIVE_FILE`), for the health check of its container: how old it is says how it is.

A worker touches it with each heartbeat that the broker took, the beat with each wake-up that it sent. Asking a worker through the broker instead
would start a Python for every check. `/healthz` tells whether all parts together do their work; this tells of one process.
"""

from typing import Any

from celery.signals import after_task_publish, beat_init, heartbeat_sent
from django.conf import settings


def touch(**_: Any) -> None:
    """This process is alive; nothing where no file is set."""
    if settings.ALIVE_FILE is not None:
        settings.ALIVE_FILE.touch()


heartbeat_sent.connect(touch)


@beat_init.connect
def touch_with_each_wake_up(**_: Any) -> None:
    """Only in the beat: the web posts tasks too, and has a health check of its own."""
    after_task_publish.connect(touch)
