"""Runs that end in a moment, each in another way: what the pages say of them can be seen without a model that does so.

They go the way of every run, by the leases and the services; only nothing is measured. The sentences are those of the sandbox.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from courseplatform.courses.access import Visit
from grading.models.runs import Phase, Run
from grading.queue.wake import RUN_KIND
from grading.services.runs import run_cancel
from grading.services.superseding import run_take_over
from hardware import leases
from hardware.lease_ends import MAX_FAULTS
from hardware.leases import Lease
from hardware.models import Outcome, Status

WORKER = "bench@demo"
CANCELLED, TAKES_OVER, INFRASTRUCTURE = "cancelled", "takes_over", "infrastructure"


@dataclass(frozen=True)
class End:
    """What the worker says at the end: after so many seconds, in which phase."""

    outcome: Outcome
    phase: Phase
    seconds: float
    code: str
    message: str


ENDS: Mapping[str, End] = {
    "timed_out": End(
        Outcome.TIMED_OUT, Phase.ACCURACY, 60, "timed_out", "The model was still running after 60 s, the time allowed here."
    ),
    "out_of_memory": End(
        Outcome.OUT_OF_MEMORY, Phase.TIMING, 4, "out_of_memory", "The model needed more than the 1024 MiB of memory allowed here."
    ),
    "crashed": End(
        Outcome.CRASHED, Phase.TIMING, 2, "crashed_signal",
        "The runtime crashed on this model (SIGSEGV). The file may be damaged or ask for something the runtime cannot do; export it "
        "again and try it on your own machine first.",
    ),
    "misbehaved": End(
        Outcome.MISBEHAVED, Phase.TIMING, 1, "forbidden_call", "The model made a system call that no model needs and was stopped."
    ),
    "refused": End(
        Outcome.REFUSED, Phase.CHECK, 1, "unreadable", "This file is no ONNX model: it ends before its graph does. Export it again."
    ),
}  # fmt: skip
WORDS = frozenset({*ENDS, CANCELLED, TAKES_OVER, INFRASTRUCTURE})


def run_end(run: Run, word: str, *, visit: Visit, at: datetime) -> None:
    """End a waiting run as one of `WORDS`. visit: of whose run it is. at: when it is taken.

    takes_over ends the older attempt that waits in front of it, and leaves this one waiting. Raises KeyError for another word.
    """
    if word == CANCELLED:
        run_cancel(visit=visit, run=run, now=at + timedelta(seconds=20))
    elif word == TAKES_OVER:
        run_take_over(visit=visit, run=run)
    elif word == INFRASTRUCTURE:
        for n in range(MAX_FAULTS):
            # Later each time: a fault keeps a run out of the line for some seconds.
            moment = at + timedelta(minutes=n)
            leases.lease_release(run_begin(run, at=moment), why="the worker lost its sandbox", now=moment)
    else:
        end = ENDS[word]
        lease = run_begin(run, at=at, phase=end.phase)
        result = {"code": end.code, "message": end.message}
        leases.lease_finish(lease, outcome=end.outcome, result=result, now=at + timedelta(seconds=end.seconds))


def run_begin(run: Run, *, at: datetime, phase: str = "", done: int = 0, total: int = 0, worker: str = WORKER) -> Lease:
    """Take this run and begin it, whatever waits in front of it."""
    leases.job_put_first(run.job, now=at)
    lease = leases.lease_next(worker=worker, kinds=(RUN_KIND,), now=at)
    if lease is None or lease.job_id != run.pk:
        raise ValueError(f"run {run.pk} is not the next one: its status is {Status(run.job.status).label}.")
    leases.lease_start(lease, now=at)
    if phase:
        leases.lease_beat(lease, phase=phase, done=done, total=total, now=at)
    return lease
