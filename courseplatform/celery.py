"""The Celery application of both worlds. What workers do when they start and stop stands with their tasks."""

import os
from typing import Any

from celery import Celery
from celery.signals import setup_logging, worker_process_init
from django_structlog.celery.steps import DjangoStructLogInitStep

from courseplatform.hook import call_hook

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "courseplatform.settings")
app = Celery("milliamp")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.steps["worker"].add(DjangoStructLogInitStep)
app.autodiscover_tasks()


@setup_logging.connect
def logs_as_in_the_settings(**_: Any) -> None:
    """That somebody listens is enough: Celery leaves levels and handlers as Django has set them."""


@worker_process_init.connect
def at_the_start(**_: Any) -> None:
    """In the process that works, whichever pool it belongs to."""
    call_hook("worker")
