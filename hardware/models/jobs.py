"""The opaque job: something that a worker or a board takes, works on, and ends. What it means belongs to the app that registered it."""

import uuid
from typing import ClassVar

from django.db import models
from django.utils import timezone

from courseplatform.core.states import MoveRow, Moves


class Status(models.TextChoices):
    """Where a job is. How it ended is apart from that, in `Outcome`.

    Parked: the work is done and nobody waits for a machine any more, but a person must look at it before it ends.
    """

    QUEUED = "queued", "In line"
    LEASED = "leased", "Starting"
    RUNNING = "running", "Running"
    PARKED = "parked", "With the staff"
    FINISHED = "finished", "Finished"


OPEN = frozenset({Status.QUEUED, Status.LEASED, Status.RUNNING})
HELD = frozenset({Status.LEASED, Status.RUNNING})

MOVES: Moves = {
    Status.QUEUED: frozenset({Status.LEASED, Status.FINISHED}),
    Status.LEASED: frozenset({Status.RUNNING, Status.QUEUED, Status.FINISHED}),
    Status.RUNNING: frozenset({Status.QUEUED, Status.PARKED, Status.FINISHED}),
    Status.PARKED: frozenset({Status.FINISHED}),
    Status.FINISHED: frozenset(),
}


class Outcome(models.TextChoices):
    """Every way a job can end. A closed set across the worker boundary: an unknown word is refused."""

    MEASURED = "measured", "Measured"
    REFUSED = "refused", "Stopped at the check"
    CRASHED = "crashed", "Crashed"
    TIMED_OUT = "timed_out", "Took too long"
    OUT_OF_MEMORY = "out_of_memory", "Out of memory"
    MISBEHAVED = "misbehaved", "Stopped by the sandbox"
    INFRASTRUCTURE = "infrastructure", "Our fault"
    CANCELLED = "cancelled", "Cancelled"
    REJECTED = "rejected", "Rejected by the staff"


# How staff may end a parked job.
DECISIONS = frozenset({Outcome.MEASURED, Outcome.REJECTED, Outcome.CANCELLED})
# What never costs the person an attempt.
NOT_COUNTED = frozenset({Outcome.REFUSED, Outcome.INFRASTRUCTURE, Outcome.CANCELLED})


class Priority(models.IntegerChoices):
    """Classes of the line, in the order in which they are served: hardware/line.py. A later one waits while an earlier one has anything."""

    NEXT = 0, "put first by the staff"
    LIVE = 10, "handed in"
    AGAIN = 20, "measured again for a student"
    BESIDE = 30, "beside a hand-in: the models of a family"
    RERUN = 40, "measured again for the staff"
    IDLE = 50, "when nothing else is to do: counts of instructions"


# Kinds that runners take and no worker of ours; which of them waits for which board says hardware/runners/matching.py.
BOARD_RUN = "board_run"  # the one of these that measures for a run
DEMO_KIND = "board_demo"  # of the boards of the demo, which measure nothing for anybody
BOARD_KINDS = (BOARD_RUN, "board_health", "board_calibration", DEMO_KIND)


class Job(models.Model):
    """One piece of work for one slot. This row is the truth; messages only wake somebody up.

    `attempt` is the fence: it grows with every lease, and a worker that holds an older number can change nothing any more.
    `faults` counts leases that ended through our own fault; it never concerns the person who waits.
    `priority`, `turn` and `reached` are its place: hardware/line.py gives them and says what they mean. `queued_at` is from when it holds that place; a
    job that took over the place of another has it from there.
    `finished_at` is when the work ended, also of a job that is parked then.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(max_length=24)
    owner_key = models.CharField(max_length=64, help_text="who waits for it; the queue is fair between owners")
    status = models.CharField(max_length=8, choices=Status.choices, default=Status.QUEUED, editable=False)
    outcome = models.CharField(max_length=16, choices=Outcome.choices, blank=True, editable=False)
    priority = models.PositiveSmallIntegerField(choices=Priority.choices, default=Priority.LIVE)
    turn = models.PositiveIntegerField(default=0)
    reached = models.PositiveIntegerField(default=0, help_text="the turn that its class had come to when it came")
    error_code = models.CharField(max_length=60, blank=True)
    error_message = models.TextField(blank=True)
    error_details = models.JSONField(default=dict, blank=True)

    queued_at = models.DateTimeField(default=timezone.now)
    not_before = models.DateTimeField(default=timezone.now)
    leased_at = models.DateTimeField(null=True, blank=True)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    attempt = models.PositiveIntegerField(default=0)
    faults = models.PositiveSmallIntegerField(default=0)
    leased_by = models.CharField(max_length=120, blank=True)
    lease_expires_at = models.DateTimeField(null=True, blank=True)
    cancel_requested = models.BooleanField(default=False)

    phase = models.CharField(max_length=24, blank=True)
    phase_started_at = models.DateTimeField(null=True, blank=True)
    progress_done = models.PositiveIntegerField(default=0)
    progress_total = models.PositiveIntegerField(default=0)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["status", "priority", "turn", "queued_at"], name="job_line"),
            models.Index(
                fields=["priority", "turn"], condition=models.Q(leased_at__isnull=False), name="job_turn_reached"
            ),
            models.Index(fields=["owner_key", "priority", "turn"], name="job_owner_turn"),
            models.Index(fields=["outcome", "finished_at"], name="job_ended"),
        ]
        constraints: ClassVar = [
            models.CheckConstraint(
                name="job_outcome_when_finished",
                condition=models.Q(status=Status.FINISHED) ^ models.Q(outcome=""),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.id} {self.status}"

    @property
    def is_open(self) -> bool:
        return self.status in OPEN

    @property
    def label(self) -> str:
        """The word on the badge: the outcome once there is one."""
        return str(self.get_outcome_display() if self.outcome else self.get_status_display())


class JobMove(MoveRow):
    """History of a job's status."""

    subject = models.ForeignKey(Job, on_delete=models.CASCADE, related_name="moves")

    def __str__(self) -> str:
        return f"{self.moved_from} to {self.moved_to}"


class WorkerSign(models.Model):
    """A process that takes jobs, and when it last said that it lives. One process holds one slot, so these are the slots there are.

    isolation: name of the sandbox that it measures in; empty before it has tried one. number: its place on pages, free again when it signs off.
    since: when this process began. lost_at: the last sign of the process whose place it took. leave_asked_at: it is to end after its run.
    """

    name = models.CharField(max_length=120, unique=True)
    number = models.PositiveSmallIntegerField(null=True, unique=True)
    since = models.DateTimeField(default=timezone.now)
    lost_at = models.DateTimeField(null=True, blank=True)
    leave_asked_at = models.DateTimeField(null=True, blank=True)
    isolation = models.CharField(max_length=24, blank=True)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.name} at {self.at}"


class LineHold(models.Model):
    """Something that operators hold back until they let it go."""

    class What(models.TextChoices):
        RERUNS = "reruns", "Re-runs"
        MEASURING = "measuring", "All measuring"

    what = models.CharField(max_length=12, choices=What.choices, unique=True)
    by = models.CharField(max_length=120)
    since = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return self.what
