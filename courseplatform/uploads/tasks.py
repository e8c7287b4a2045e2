"""Doorways for Celery."""

from celery import shared_task

from courseplatform.uploads.services.sweep import uploads_sweep


@shared_task(name="uploads.sweep", queue="ordinary", ignore_result=True)
def sweep() -> dict[str, int]:
    return uploads_sweep()
