"""Boards that measure by themselves: the runner on each, what it may do, how it is, and the work that is made for runners.

A runner's duty (what the staff let it do) and its health (what its checks found) are apart: a board in perfect health may be paused,
and one that is on duty may be bad.
"""

from pathlib import Path
from typing import ClassVar
from uuid import uuid4

from django.db import models
from django.db.models import Q
from django.utils import timezone

from courseplatform.core.append_only import AppendOnly
from courseplatform.core.states import MoveRow, Moves
from courseplatform.courses.models import Course
from courseplatform.teams.models import Team
from hardware.models.jobs import Job
from hardware.models.stock import Item
from hardware.runners.needs import ALLOWED, REFUSED, REQUIRED, Needs


class Duty(models.TextChoices):
    """What the staff let a runner do. Only an active one is given work; a draining one ends what it has."""

    ACTIVE = "active", "On duty"
    PAUSED = "paused", "Paused"
    DRAINING = "draining", "Finishing its last run"
    QUARANTINED = "quarantined", "In quarantine"
    REVOKED = "revoked", "Revoked"


DUTY_MOVES: Moves = {
    Duty.ACTIVE: frozenset({Duty.PAUSED, Duty.DRAINING, Duty.QUARANTINED, Duty.REVOKED}),
    Duty.PAUSED: frozenset({Duty.ACTIVE, Duty.QUARANTINED, Duty.REVOKED}),
    Duty.DRAINING: frozenset({Duty.ACTIVE, Duty.PAUSED, Duty.QUARANTINED, Duty.REVOKED}),
    Duty.QUARANTINED: frozenset({Duty.ACTIVE, Duty.PAUSED, Duty.REVOKED}),
    Duty.REVOKED: frozenset(),
}


class Health(models.TextChoices):
    """What the checks of a board found. Bad stays bad until a person has looked."""

    UNKNOWN = "unknown", "Not checked yet"
    GOOD = "good", "Well"
    BAD = "bad", "Not well"


class Runner(models.Model):
    """One board with an agent, in one course.

    status: its duty. device: slug of the profile that its board is. tags: words that labs may ask for. team: whose board it is; it serves
    their work alone. item: the board in the stock, where it is one of ours. facts: what the agent said of the machine (docs/runner-protocol.md,
    FACTS). state: what it said last of temperature, clock and throttling. address: where it last called from.
    retires: it is revoked as soon as it has ended what it holds. summed_until: its hours before this are in RunnerHour.
    is_demo: a board of the demo, which is shown and measures nothing for anybody.
    """

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    course = models.ForeignKey(Course, on_delete=models.CASCADE, related_name="runners")
    name = models.CharField(max_length=60)
    device = models.SlugField(max_length=60)
    tags = models.JSONField(default=list, blank=True)
    team = models.ForeignKey(Team, on_delete=models.SET_NULL, null=True, blank=True, related_name="runners")
    item = models.OneToOneField(Item, on_delete=models.SET_NULL, null=True, blank=True, related_name="runner")
    status = models.CharField(max_length=12, choices=Duty.choices, default=Duty.ACTIVE, editable=False)
    health = models.CharField(max_length=8, choices=Health.choices, default=Health.UNKNOWN, editable=False)
    health_why = models.CharField(max_length=300, blank=True)
    health_at = models.DateTimeField(null=True, blank=True)
    checked_at = models.DateTimeField(null=True, blank=True, help_text="the last golden model that came back")
    jobs_since_check = models.PositiveIntegerField(default=0)
    made_by = models.CharField(max_length=120)
    made_at = models.DateTimeField(default=timezone.now)
    enrolled_at = models.DateTimeField(null=True, blank=True)
    last_seen_at = models.DateTimeField(null=True, blank=True)
    boot_id = models.CharField(max_length=64, blank=True)
    address = models.GenericIPAddressField(null=True, blank=True)
    clock_skew_s = models.FloatField(null=True, blank=True, help_text="clock of the board minus ours")
    facts = models.JSONField(default=dict, blank=True)
    state = models.JSONField(default=dict, blank=True)
    retires = models.BooleanField(default=False)
    summed_until = models.DateTimeField(null=True, blank=True)
    is_demo = models.BooleanField(default=False)

    class Meta:
        ordering = ("name",)
        constraints: ClassVar = [
            # The name of one that was revoked may be given again, to the board that takes its place.
            models.UniqueConstraint(fields=["course", "name"], condition=~Q(status=Duty.REVOKED), name="runner_name_in_course"),
        ]  # fmt: skip

    def __str__(self) -> str:
        return self.name

    @property
    def by(self) -> str:
        """As histories name it."""
        return f"runner {self.name}"


class RunnerMove(MoveRow):
    """History of a runner's duty."""

    subject = models.ForeignKey(Runner, on_delete=models.CASCADE, related_name="moves")


class HealthMove(MoveRow):
    """History of a runner's health."""

    subject = models.ForeignKey(Runner, on_delete=models.CASCADE, related_name="health_moves")


class RunnerToken(models.Model):
    """What opens the protocol for one runner. The secret is shown once; here is its SHA-256.

    expires_at: null: until it is revoked; a time: a newer one was made, and this one still opens for a moment.
    """

    runner = models.ForeignKey(Runner, on_delete=models.CASCADE, related_name="tokens")
    digest = models.CharField(max_length=64, unique=True)
    prefix = models.CharField(max_length=20)
    made_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"{self.prefix}..."


class EnrolCode(models.Model):
    """A code that staff made for one runner: once, for half an hour. install_id: of the machine that used it."""

    runner = models.ForeignKey(Runner, on_delete=models.CASCADE, related_name="codes")
    digest = models.CharField(max_length=64, unique=True)
    made_by = models.CharField(max_length=120)
    made_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True, blank=True)
    install_id = models.CharField(max_length=32, blank=True)

    def __str__(self) -> str:
        return f"code for {self.runner_id}, until {self.expires_at}"


class RunnerSample(AppendOnly):
    """What a board was like at one moment: at most one row in half a minute."""

    runner = models.ForeignKey(Runner, on_delete=models.CASCADE, related_name="samples")
    at = models.DateTimeField()
    temperature_c = models.FloatField(null=True, blank=True)
    clock_mhz = models.FloatField(null=True, blank=True)
    is_throttled = models.BooleanField(null=True, blank=True)
    power_w = models.FloatField(null=True, blank=True)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["runner", "at"], name="runner_sample_at")]


class Purpose(models.TextChoices):
    """What a runner is given work for."""

    MEASURE = "measure", "A model that was handed in"
    HEALTH = "health", "The golden model"
    CALIBRATE = "calibrate", "Calibration of the cost model"


class OwnBoard(models.TextChoices):
    """Whether a team's own board may do the work of that team: words of hardware/runners/needs.py."""

    ALLOWED = ALLOWED, "The team's own board or one of the course"
    REQUIRED = REQUIRED, "The team's own board alone"
    REFUSED = REFUSED, "Boards of the course alone"


class BoardJob(Job):
    """Work that a runner carries out: a plan of steps and the files that they need. What it means belongs to who made it (`kind`).

    device, runtime, tags, needs_power_sensor, own_board, team: which runner may take it, as hardware/runners/matching.py says. more_runtimes: those of
    models in a row that are of several formats. team: whose work it is, also a member's in a lab that everybody does alone; null: of somebody
    without one. runner: this one alone (its golden model, its calibration). needs_memory_limit: the file can run code, so only a board that has
    proven its limits takes it. plan: docs/runner-protocol.md, PLAN. taken_by: who holds it or held it last.
    """

    purpose = models.CharField(max_length=10, choices=Purpose.choices)
    title = models.CharField(max_length=120)
    course = models.ForeignKey(Course, on_delete=models.CASCADE, related_name="board_jobs")
    device = models.SlugField(max_length=60)
    runtime = models.CharField(max_length=16)
    more_runtimes = models.JSONField(default=list, blank=True)
    tags = models.JSONField(default=list, blank=True)
    needs_power_sensor = models.BooleanField(default=False)
    own_board = models.CharField(max_length=8, choices=OwnBoard.choices, default=OwnBoard.ALLOWED)
    team = models.ForeignKey(Team, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    runner = models.ForeignKey(Runner, on_delete=models.CASCADE, null=True, blank=True, related_name="own_jobs")
    needs_memory_limit = models.BooleanField(default=False)
    plan = models.JSONField(default=dict)
    wall_s = models.FloatField(default=600)
    taken_by = models.ForeignKey(Runner, on_delete=models.SET_NULL, null=True, blank=True, related_name="jobs")
    environment = models.JSONField(default=dict, blank=True)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["device", "runtime"], name="board_job_needs")]

    @property
    def needs(self) -> Needs:
        return Needs(tuple(self.tags), self.needs_power_sensor, self.own_board)


def board_file_path(row: "BoardFile", name: str) -> str:
    """A name of ours: that of the sender says nothing about what is in the file."""
    return str(Path("boards") / str(row.job_id) / uuid4().hex)


class BoardFile(models.Model):
    """A file of a job: sent to the runner (attempt 0; what it is stands with who made the job) or come back from that attempt."""

    job = models.ForeignKey(BoardJob, on_delete=models.CASCADE, related_name="files")
    attempt = models.PositiveIntegerField(default=0)
    name = models.CharField(max_length=60)
    bytes = models.PositiveBigIntegerField()
    sha256 = models.CharField(max_length=64)
    file = models.FileField(upload_to=board_file_path, max_length=200)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["job", "attempt", "name"], name="board_file_once"),
        ]

    def __str__(self) -> str:
        return f"{self.name} of {self.job_id}"


class LogPiece(AppendOnly):
    """A piece of what an attempt printed, beginning at `start` bytes."""

    job = models.ForeignKey(BoardJob, on_delete=models.CASCADE, related_name="log")
    attempt = models.PositiveIntegerField()
    start = models.PositiveIntegerField()
    size = models.PositiveIntegerField()
    data = models.BinaryField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["job", "attempt", "start"], name="log_piece_once"),
        ]


class BoardEnd(AppendOnly):
    """What a runner said at the end of an attempt. counted: it ended the attempt; else it came too late and is kept to look at."""

    job = models.ForeignKey(BoardJob, on_delete=models.CASCADE, related_name="ends")
    runner = models.ForeignKey(Runner, on_delete=models.SET_NULL, null=True, related_name="+")
    attempt = models.PositiveIntegerField()
    digest = models.CharField(max_length=64, help_text="SHA-256 of what was said, to tell a replay from another answer")
    said = models.JSONField(default=dict)
    counted = models.BooleanField()
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["job", "attempt"], condition=Q(counted=True), name="board_end_once"),
        ]


class HealthCheck(AppendOnly):
    """One golden model on one board: how long it took beside the board's own baseline.

    ratio: median over the baseline; null for the first, which makes it, and for one that did not run. said: in a few words.
    """

    runner = models.ForeignKey(Runner, on_delete=models.CASCADE, related_name="checks")
    job = models.ForeignKey(BoardJob, on_delete=models.SET_NULL, null=True, related_name="+")
    at = models.DateTimeField(default=timezone.now)
    model = models.CharField(max_length=60)
    p50_ms = models.FloatField(null=True, blank=True)
    baseline_ms = models.FloatField(null=True, blank=True)
    ratio = models.FloatField(null=True, blank=True)
    is_well = models.BooleanField()
    said = models.CharField(max_length=300)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["runner", "at"], name="health_check_at")]
