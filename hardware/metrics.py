"""What the hardware room tells Prometheus: how work ended, the slots that live, the boards."""

import threading
from collections import Counter
from collections.abc import Iterable
from datetime import timedelta

from django.db.models import Count, Q
from django.utils import timezone

from courseplatform.metrics.sources import Family, add_source, value
from hardware.models import BOARD_KINDS, Duty, Job, JobMove, Outcome, Runner, Status, WorkerSign

LAG = timedelta(
    minutes=10
)  # longer than any transaction: a move with a smaller number than one that old is not on its way any more
SLOT_LIVES = timedelta(seconds=60)
BOARD_SILENT = timedelta(minutes=5)  # they ask every few seconds
ENDS = {
    Outcome.MEASURED: "succeeded", Outcome.INFRASTRUCTURE: "failed_ours", Outcome.CANCELLED: "stopped", Outcome.REJECTED: "stopped",
}  # fmt: skip
Ended = Counter[tuple[str, str]]  # (kind, outcome)


class EndedJobs:
    """How many jobs ended in which way, ever, exact and never going back: the same in every process.

    Counted once from the start of the history, and from then on from where it left off: moves are only added. `upto` is a move that is
    old enough for none before it to be missing; what came after it is counted each time.
    """

    def __init__(self) -> None:
        self.upto, self.before, self._lock = 0, Ended(), threading.Lock()

    def now(self) -> Ended:
        with self._lock:
            settled = JobMove.objects.filter(pk__gt=self.upto, at__lt=timezone.now() - LAG).order_by("-pk")
            last = settled.values_list("pk", flat=True).first()
            if last is not None:
                self.before, self.upto = self.before + _ended(Q(pk__gt=self.upto, pk__lte=last)), last
            return self.before + _ended(Q(pk__gt=self.upto))


def _ended(which: Q) -> Ended:
    moves = JobMove.objects.filter(which, moved_to=Status.FINISHED).order_by()
    rows = moves.values_list("subject__kind", "subject__outcome").annotate(number=Count("pk"))
    return Ended({(kind, outcome): number for kind, outcome, number in rows})


_ended_jobs = EndedJobs()


def end_of(outcome: str) -> str:
    """succeeded; failed_theirs: the model or the file; failed_ours; stopped: by a person."""
    return ENDS.get(Outcome(outcome), "failed_theirs")


def jobs() -> Iterable[Family]:
    samples = [
        (
            {"kind": kind, "executor": "board" if kind in BOARD_KINDS else "bench", "outcome": outcome, "end": end_of(outcome)},
            float(number),
        )
        for (kind, outcome), number in sorted(_ended_jobs.now().items())
    ]  # fmt: skip
    yield Family("milliamp_jobs_ended", "Jobs that ended, ever, by kind and outcome.", samples, is_counter=True)


def slots() -> Iterable[Family]:
    living = WorkerSign.objects.filter(at__gt=timezone.now() - SLOT_LIVES).count()
    yield value(
        "milliamp_bench_slots_living", "Slots of bench workers that gave a sign of life within a minute.", living
    )


def boards() -> Iterable[Family]:
    """Of all courses; those of the demo, which measure nothing, and those that were revoked are left out."""
    serving = Runner.objects.filter(is_demo=False).exclude(status=Duty.REVOKED).order_by()
    rows = serving.values_list("status", "health").annotate(number=Count("pk"))
    samples = [({"duty": duty, "health": health}, float(number)) for duty, health, number in rows]
    yield Family("milliamp_boards", "Boards by duty and health.", samples)
    silent = serving.filter(status__in=(Duty.ACTIVE, Duty.DRAINING), last_seen_at__lt=timezone.now() - BOARD_SILENT)
    yield value("milliamp_boards_silent", "Boards on duty that were not heard of for five minutes.", silent.count())


def open_jobs() -> Iterable[Family]:
    """Beside the lines: how many jobs are where, whatever kind they are."""
    rows = (
        Job.objects.exclude(status=Status.FINISHED)
        .order_by()
        .values_list("kind", "status")
        .annotate(number=Count("pk"))
    )
    samples = [({"kind": kind, "status": status}, float(number)) for kind, status, number in rows]
    yield Family("milliamp_jobs_open", "Jobs that have not ended, by kind and status.", samples)


def register() -> None:
    add_source("jobs_ended", jobs)
    add_source("jobs_open", open_jobs)
    add_source("slots", slots)
    add_source("boards", boards, keep_s=15)
