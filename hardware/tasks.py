"""Doorways for Celery. Each calls one function; running one twice does no harm."""

from celery import shared_task
from django.utils import timezone

from hardware import leases, workers
from hardware.inventory import sweep as lending
from hardware.runners import alerts, hours


@shared_task(name="hardware.sweep", queue="ordinary", ignore_result=True)
def sweep() -> dict[str, int]:
    workers.forget_silent()
    return leases.sweep()


@shared_task(name="hardware.sweep_loans", queue="ordinary", ignore_result=True)
def sweep_loans() -> dict[str, int]:
    now = timezone.now()
    return lending.run() | {"silent": alerts.sweep(now)} | hours.sweep(now)
