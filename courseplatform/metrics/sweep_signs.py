"""A sweep that came to a good end leaves a sign, so that a beat or a worker that is dead is noticed by what is not done."""

import time
from typing import Any

from celery.signals import task_success
from django.db import DatabaseError, InterfaceError
from django.utils import timezone

from courseplatform.metrics.models import SweepSign
from courseplatform.metrics.quiet_lines import due_tasks

EVERY_S = 10.0  # one that is due more often writes no more often
_written: dict[str, float] = {}


@task_success.connect
def leave_sign(sender: Any, **_: Any) -> None:
    if sender.name in due_tasks() and time.monotonic() - _written.get(sender.name, float("-inf")) >= EVERY_S:
        try:
            SweepSign.objects.update_or_create(name=sender.name, defaults={"at": timezone.now()})
        except (DatabaseError, InterfaceError):
            return  # the sweep is done all the same; a sign that is missing for long is what the alert is for
        _written[sender.name] = time.monotonic()
