from typing import Any

from celery import shared_task
from celery.signals import worker_ready

from courseplatform.core import health


@shared_task(name="core.heartbeat", ignore_result=True)
def heartbeat(worker: str) -> None:
    if health.can_work(worker):
        health.beat(worker)


@worker_ready.connect
def say_hello(sender: Any, **_: Any) -> None:
    """One heartbeat through the broker at once, so that /healthz need not wait for the first beat."""
    for queue in sender.task_consumer.queues:
        heartbeat.apply_async(args=(queue.name,), queue=queue.name, expires=60)
