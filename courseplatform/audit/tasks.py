"""Doorways for Celery."""

from celery import shared_task

from courseplatform.audit.sweep import audit_sweep


@shared_task(name="audit.sweep", queue="ordinary", ignore_result=True)
def sweep() -> dict[str, int]:
    return audit_sweep()
