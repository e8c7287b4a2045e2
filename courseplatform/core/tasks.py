from typing import Any

from celery import shared_task
from celery.signals import worker_ready

from courseplatform.core import health, kept, leaving


@shared_task(name="core.heartbeat", ignore_result=True)
def heartbeat(worker: str) -> None:
    if health.can_work(worker):
        health.beat(worker)


@worker_ready.connect
def say_hello(sender: Any, **_: Any) -> None:
    """One heartbeat through the broker at once, so that /healthz need not wait for the first beat."""
    for queue in sender.task_consumer.queues:
        heartbeat.apply_async(args=(queue.name,), queue=queue.name, expires=60)


@shared_task(name="core.sweep_files", queue="ordinary", ignore_result=True)
def sweep_files() -> int:
    """Delete stored files that no row names any more."""
    return leaving.leaving_sweep()


@shared_task(name="core.find_orphans", queue="ordinary", ignore_result=True)
def find_orphans() -> int:
    """Let go what killed processes left: files that no row names, and half files where files arrive; and what kept.py needs no more."""
    return leaving.orphans_leave() + leaving.incoming_sweep() + kept.plan_changes_prune()
