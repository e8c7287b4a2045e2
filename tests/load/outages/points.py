"""Where a process can be caught to be killed: at a point that somebody asks for it stops and waits for the end.

Loaded into the site's own processes beside their own code (`-I` of a worker, the web's module). A point is asked for by a file of its name in
the folder POINTS; the first process that comes there takes the file with it, with its process id as the ending, and waits. Each host also notes there
which tasks it began.
"""

import os
import socket
import time
from pathlib import Path

FOLDER = Path(os.environ.get("POINTS", "/nonexistent"))
STAYS_S = 180.0
BEFORE_CLAIM, CLAIMED, RUNNING, WRITING, BEFORE_ACK = "before_claim", "claimed", "running", "writing", "before_ack"
BEFORE_ANSWER, SWEEPING, MAILING = "before_answer", "sweeping", "mailing"


def at(point: str, more: str = "") -> None:
    """Stop here, if this point was asked for. more: what the process had in its hands."""
    try:
        (FOLDER / point).rename(FOLDER / f"{point}.{os.getpid()}.{more}")
    except OSError:
        return
    time.sleep(STAYS_S)


def note_tasks() -> None:
    from celery.signals import task_prerun

    def begins(task, **_):
        with (FOLDER / f"tasks.{socket.gethostname()}").open("a") as notes:
            notes.write(f"{time.time()} {os.getpid()} {task.name}\n")

    task_prerun.connect(begins, weak=False)


def in_bench_worker() -> None:
    from grading.measuring import worker
    from hardware import leases

    note_tasks()
    took, end, finish, told = leases.lease_next, leases._end, leases.lease_finish, worker.Heartbeat.progress

    def lease_next(**words):
        at(BEFORE_CLAIM)
        lease = took(**words)
        if lease is not None:
            at(CLAIMED, str(lease.job_id))
        return lease

    def progress(beat, phase, done, total):
        if phase:
            at(RUNNING, str(beat.lease.job_id))
        told(beat, phase, done, total)

    def _end(job, **words):
        end(job, **words)
        at(WRITING, str(job.pk))  # in the transaction, which nobody has committed

    def lease_finish(lease, **words):
        was_first = finish(lease, **words)
        at(BEFORE_ACK, str(lease.job_id))
        return was_first

    leases.lease_next, leases._end, leases.lease_finish, worker.Heartbeat.progress = (
        lease_next,
        _end,
        lease_finish,
        progress,
    )


def in_ordinary_worker() -> None:
    from courseplatform.notices.services import mail
    from hardware import leases

    note_tasks()
    sweep, deliver = leases.silent_given_back, mail._deliver

    def silent_given_back(jobs, **words):
        at(SWEEPING)
        return sweep(jobs, **words)

    def _deliver(connection, rows, *words):
        at(MAILING, str(rows[0].pk))  # the row is taken, and nobody has mailed it
        return deliver(connection, rows, *words)

    leases.silent_given_back, mail._deliver = silent_given_back, _deliver
