"""Doorways for Celery."""

from celery import shared_task

from courseplatform.lti.services.launches import launches_sweep


@shared_task(name="lti.sweep", queue="ordinary", ignore_result=True)
def sweep() -> int:
    """Forget launches of yesterday."""
    return launches_sweep()
