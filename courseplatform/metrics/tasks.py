"""Doorways for Celery."""

from celery import shared_task

from courseplatform.metrics import sweep_signs  # noqa: F401 listens to the tasks of a worker
from courseplatform.metrics.sweep import minutes_forget


@shared_task(name="metrics.sweep", queue="ordinary", ignore_result=True)
def sweep() -> int:
    return minutes_forget()
