"""Doorways of the bench worker: no argument carries meaning, running one twice does no harm, losing one costs seconds.

Not named tasks.py on purpose: only a worker started with `-I grading.bench_tasks` loads this, and with it numpy and the engine.
"""

import os
import signal
import socket
import threading
from typing import Any

import structlog
from billiard import current_process
from celery import shared_task
from celery.signals import task_postrun, worker_process_init, worker_shutdown, worker_shutting_down
from django.db import DatabaseError, connection

from courseplatform.core import alive, health
from grading.measuring import bench_ready, refits, worker
from grading.queue.wake import BENCH_QUEUE, REFIT, RUN_NEXT, wake
from hardware import workers

# Asked with the first heartbeat, when the worker is ready: what waits for the first hand-in starts then, and not with it.
health.beats_while(BENCH_QUEUE, bench_ready.can_measure)


log = structlog.get_logger(__name__)


def own_name() -> str:
    """Of this process, in the history of what it measured and among the workers that live."""
    return f"bench@{socket.gethostname()}:{os.getpid()}"


@shared_task(name=RUN_NEXT, queue=BENCH_QUEUE, ignore_result=True)
def run_next() -> bool:
    """Take the next run, measure it, and wake the next worker. Returns whether there was one."""
    did = worker.work_once(own_name())
    if did:
        wake()
    return did


@shared_task(name=REFIT, queue=BENCH_QUEUE, ignore_result=True)
def refit() -> int:
    """Fit the cost model to what boards have measured of themselves. Also asked once a minute, in case a wake-up was lost."""
    return refits.refit_waiting(own_name())


@task_postrun.connect
def top_up(**_: Any) -> None:
    """After a run, and with each heartbeat: what waits for the next run is what the labs take now."""
    if not worker.stopping.is_set():
        bench_ready.make_ready()


@worker_process_init.connect
def say_that_it_lives(**_: Any) -> None:
    """From a thread: the process measures in its only other one, and is silent to the broker while it does."""
    threading.Thread(target=_signs, name="sign of life", daemon=True).start()


def _signs() -> None:
    is_new = True
    while not worker.stopping.is_set():
        try:
            workers.sign_on(own_name(), isolation=bench_ready.isolation_name(), is_new=is_new)
            is_new = False
            alive.touch()
            if workers.is_asked_to_leave(own_name()):
                _leave_after_run()
        except DatabaseError as error:
            log.warning("sign_failed", why=str(error))  # the next one may succeed
        finally:
            connection.close()
        worker.stopping.wait(timeout=workers.SIGN_EVERY_S)


def _leave_after_run() -> None:
    """An operator asked: no further run is begun, and with the end of this one the worker stops. Compose or the supervisor starts it again."""
    worker.leaving.set()
    if worker.slot.acquire(blocking=False):
        log.info("worker_leaves", name=own_name())
        os.kill(os.getpid() if current_process().name == "MainProcess" else os.getppid(), signal.SIGTERM)


@worker_shutdown.connect
def end_what_waits(**_: Any) -> None:
    """Its folder goes too; after a kill -9 the next worker removes that."""
    workers.sign_off(own_name())
    bench_ready.close()


@worker_shutting_down.connect
def stop_measuring(**_: Any) -> None:
    """A run in progress goes back to the queue, without a fault, instead of holding up the stop."""
    worker.stopping.set()
