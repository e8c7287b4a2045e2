"""Doorways of the bench worker: no argument carries meaning, running one twice does no harm, losing one costs seconds.

Not named tasks.py on purpose: only a worker started with `-I grading.bench_tasks` loads this, and with it numpy and the engine.
"""

import os
import socket
from typing import Any

from celery import shared_task
from celery.signals import task_postrun, worker_shutdown, worker_shutting_down

from courseplatform.core import health
from grading import bench_ready, worker
from grading.wake import BENCH_QUEUE, RUN_NEXT, wake

# Asked with the first heartbeat, when the worker is ready: what waits for the first hand-in starts then, and not with it.
health.beats_while(BENCH_QUEUE, bench_ready.can_measure)


@shared_task(name=RUN_NEXT, queue=BENCH_QUEUE, ignore_result=True)
def run_next() -> bool:
    """Take the next run, measure it, and wake the next worker. Returns whether there was one."""
    did = worker.work_once(f"bench@{socket.gethostname()}:{os.getpid()}")
    if did:
        wake()
    return did


@task_postrun.connect
def top_up(**_: Any) -> None:
    """After a run, and with each heartbeat: what waits for the next run is what the labs take now."""
    if not worker.stopping.is_set():
        bench_ready.make_ready()


@worker_shutdown.connect
def end_what_waits(**_: Any) -> None:
    """Its folder goes too; after a kill -9 the next worker removes that."""
    bench_ready.close()


@worker_shutting_down.connect
def stop_measuring(**_: Any) -> None:
    """A run in progress goes back to the queue, without a fault, instead of holding up the stop."""
    worker.stopping.set()
