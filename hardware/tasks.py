"""Doorways for Celery. Each calls one function; running one twice does no harm."""

from celery import shared_task
from django.utils import timezone

from courseplatform.core import health
from hardware import demo_runners, leases, workers
from hardware.inventory import sweep as lending
from hardware.runners import alerts, duty, hours


@shared_task(name="hardware.sweep", queue="ordinary", ignore_result=True)
def sweep() -> dict[str, int]:
    workers.forget_silent()
    demo_runners.pulse(timezone.now())
    found = leases.sweep()
    health.beat("sweep")  # its age is watched: lost runs wait for it
    return found


@shared_task(name="hardware.sweep_loans", queue="ordinary", ignore_result=True)
def sweep_loans() -> dict[str, int]:
    now = timezone.now()
    return lending.run() | {"troubles": alerts.sweep(now), "retired": duty.sweep(now)} | hours.sweep(now)
