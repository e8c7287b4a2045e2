"""What is kept of a board over months: who was given which attempt, what changed on it, an hour in a row, and what its staff were told."""

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils import timezone

from courseplatform.core.append_only import AppendOnly
from courseplatform.courses.models import Course
from hardware.models.runners import BoardJob, Runner


class Ended(models.TextChoices):
    """How a runner's spell at a job ended. Whatever a model did is `measured`: that the board came to an end with it."""

    MEASURED = "measured", "Measured"
    FAILED = "failed", "Fault of the board"
    GIVEN_BACK = "given_back", "Given back"
    CANCELLED = "cancelled", "Cancelled"


class BoardLease(models.Model):
    """One runner's spell at one job: given `attempt` of it at `at`, until `ended_at`; null: it holds it now.

    The history of a board: it stays when the job goes to another one, and when the board gets another name.
    """

    runner = models.ForeignKey(Runner, on_delete=models.CASCADE, related_name="leases")
    job = models.ForeignKey(BoardJob, on_delete=models.CASCADE, related_name="leases")
    attempt = models.PositiveIntegerField()
    at = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField(null=True, blank=True)
    how = models.CharField(max_length=10, choices=Ended.choices, blank=True)
    why = models.CharField(max_length=300, blank=True)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["job", "attempt"], name="board_lease_once")]
        indexes: ClassVar = [models.Index(fields=["runner", "at"], name="board_lease_at")]

    def __str__(self) -> str:
        return f"attempt {self.attempt} of {self.job_id} on {self.runner_id}"


class Happened(models.TextChoices):
    """What explains why a board measures otherwise than before. The first four are keys of FACTS in docs/runner-protocol.md."""

    BOOT = "boot_id", "started anew"
    AGENT = "agent", "another agent"
    SYSTEM = "kernel", "another system"
    RUNTIMES = "runtimes", "other runtimes"
    EDITED = "edited", "edited"


class RunnerEvent(AppendOnly):
    """Something changed on the machine of a runner, or somebody changed what it is called and serves. said: from what to what.

    by: who edited it; "" for what the machine says of itself.
    """

    runner = models.ForeignKey(Runner, on_delete=models.CASCADE, related_name="events")
    at = models.DateTimeField()
    what = models.CharField(max_length=10, choices=Happened.choices)
    said = models.CharField(max_length=200, blank=True)
    by = models.CharField(max_length=120, blank=True)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["runner", "at"], name="runner_event_at")]


class RunnerHour(models.Model):
    """One hour of a runner, summed from its samples and leases: samples go after two weeks, this stays.

    at: the beginning of the hour, in UTC. The seconds of work, checks and faults are those of its leases in this hour; away_s: nothing
    was heard of it. Temperatures in degrees Celsius, clocks in MHz, mean and extreme; null where the board does not say.
    """

    runner = models.ForeignKey(Runner, on_delete=models.CASCADE, related_name="hours")
    at = models.DateTimeField()
    samples = models.PositiveIntegerField(default=0)
    throttled = models.PositiveIntegerField(default=0)
    temperature_c = models.FloatField(null=True)
    hottest_c = models.FloatField(null=True)
    clock_mhz = models.FloatField(null=True)
    slowest_mhz = models.FloatField(null=True)
    power_w = models.FloatField(null=True)
    worked_s = models.FloatField(default=0)
    checked_s = models.FloatField(default=0)
    failed_s = models.FloatField(default=0)
    away_s = models.FloatField(default=0)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["runner", "at"], name="runner_hour_once")]

    def __str__(self) -> str:
        return f"{self.runner_id} at {self.at}"


class Trouble(models.TextChoices):
    """What the staff are told of a board or of a line of work. What to do about each stands in hardware/runners/alerts.py."""

    BAD = "bad", "is not well"
    QUARANTINED = "quarantined", "is in quarantine"
    AWAY = "away", "does not answer"
    GONE = "gone", "has been silent for a day"
    DISK = "disk", "has a nearly full disk"
    THROTTLED = "throttled", "is slowed down often"
    CLOCK = "clock", "has a wrong clock"
    AGENT = "agent", "has an old agent"
    NO_BOARD = "no_board", "no board for work that waits"


class RunnerAlert(models.Model):
    """One trouble from when it was seen until it was over. runner null: of the work that waits for `device`.

    While it is open nobody is told again, and what comes back within an hour is the same trouble.
    """

    course = models.ForeignKey(Course, on_delete=models.CASCADE, related_name="runner_alerts")
    runner = models.ForeignKey(Runner, on_delete=models.CASCADE, null=True, related_name="alerts")
    device = models.SlugField(max_length=60, blank=True)
    what = models.CharField(max_length=12, choices=Trouble.choices)
    said = models.CharField(max_length=300, blank=True)
    begun_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("-begun_at", "pk")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["runner", "what"], condition=Q(ended_at=None, runner__isnull=False), name="runner_alert_once"),
            models.UniqueConstraint(fields=["course", "device", "what"], condition=Q(ended_at=None, runner=None), name="device_alert_once"),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.what} of {self.runner_id or self.device}"
