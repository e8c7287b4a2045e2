"""Boards that are calibrated: what was asked for, the parts in which a board measures it, and what each network took."""

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils import timezone

from courseplatform.core.append_only import AppendOnly
from courseplatform.core.states import MoveRow, Moves
from courseplatform.courses.models import Course
from hardware.models.runners import BoardJob, Runner


class CalibrationStatus(models.TextChoices):
    MEASURING = "measuring", "Being measured"
    MEASURED = "measured", "Measured"
    FAILED = "failed", "Nothing was measured"
    CANCELLED = "cancelled", "Cancelled"


CALIBRATION_MOVES: Moves = {
    CalibrationStatus.MEASURING: frozenset(
        {CalibrationStatus.MEASURED, CalibrationStatus.FAILED, CalibrationStatus.CANCELLED}
    ),
    CalibrationStatus.MEASURED: frozenset(),
    CalibrationStatus.FAILED: frozenset(),
    CalibrationStatus.CANCELLED: frozenset(),
}


class BoardCalibration(models.Model):
    """One sweep of one board, for one runtime with so many threads.

    device: slug of the profile that the board is; board: what calibrations are kept for, the same for all memory sizes. runtime: as agents
    name it (onnx). total: networks that it asks for. why: how it ended, where that is not as measured.
    """

    runner = models.ForeignKey(Runner, on_delete=models.CASCADE, related_name="calibrations")
    course = models.ForeignKey(Course, on_delete=models.CASCADE, related_name="board_calibrations")
    device = models.SlugField(max_length=60)
    board = models.CharField(max_length=60)
    runtime = models.CharField(max_length=16)
    precision = models.CharField(max_length=8, default="fp32")
    threads = models.PositiveSmallIntegerField(default=1)
    status = models.CharField(
        max_length=12, choices=CalibrationStatus.choices, default=CalibrationStatus.MEASURING, editable=False
    )
    total = models.PositiveIntegerField()
    asked_by = models.CharField(max_length=120, help_text="text, because history outlives accounts")
    asked_at = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField(null=True, blank=True)
    why = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering = ("-pk",)
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["runner"], condition=Q(status=CalibrationStatus.MEASURING), name="one_calibration_of_a_board"
            ),
        ]

    def __str__(self) -> str:
        return f"calibration {self.pk} of {self.runner}"

    @property
    def setting(self) -> str:
        """ONNX Runtime fp32, 1 thread."""
        name = {"onnx": "ONNX Runtime", "tflite": "LiteRT"}.get(self.runtime, self.runtime)
        return f"{name} {self.precision}, {self.threads} thread{'' if self.threads == 1 else 's'}"

    @property
    def is_open(self) -> bool:
        return self.status == CalibrationStatus.MEASURING


class CalibrationMove(MoveRow):
    subject = models.ForeignKey(BoardCalibration, on_delete=models.CASCADE, related_name="moves")


class PartState(models.TextChoices):
    """unsteady: the golden model moved too far between its beginning and its end, so its times count for nothing."""

    OPEN = "open", "in line or running"
    MEASURED = "measured", "measured"
    UNSTEADY = "unsteady", "unsteady"
    FAILED = "failed", "failed"


class CalibrationPart(models.Model):
    """A few networks that a board measures in one job. The next part is made when this one ends, so a board that is killed repeats one.

    networks: their names, in the order of the plan.
    """

    calibration = models.ForeignKey(BoardCalibration, on_delete=models.CASCADE, related_name="parts")
    number = models.PositiveSmallIntegerField()
    state = models.CharField(max_length=10, choices=PartState.choices, default=PartState.OPEN)
    networks = models.JSONField(default=list)
    job = models.OneToOneField(BoardJob, on_delete=models.SET_NULL, null=True, related_name="calibration_part")

    class Meta:
        ordering = ("number",)
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["calibration", "number"], name="calibration_part_once"),
        ]

    def __str__(self) -> str:
        return f"part {self.number} of {self.calibration_id}"


class CalibrationRow(AppendOnly):
    """What one network took: over fresh processes (windows), of which the middle median is the latency.

    family, is_whole, macs: of the network, as it was when it was measured. runtime_version: as the runtime said it. p50_ms: median of the
    medians of the windows, low_ms and high_ms their ends; p90_ms, p99_ms: of all inferences. clock_mhz, temperature_c: after the part;
    thermal: whether the board was held back (ok, unknown).
    """

    calibration = models.ForeignKey(BoardCalibration, on_delete=models.CASCADE, related_name="rows")
    network = models.CharField(max_length=60)
    family = models.CharField(max_length=60)
    is_whole = models.BooleanField()
    macs = models.PositiveBigIntegerField()
    runtime_version = models.CharField(max_length=40)
    p50_ms = models.FloatField()
    p90_ms = models.FloatField()
    p99_ms = models.FloatField()
    low_ms = models.FloatField()
    high_ms = models.FloatField()
    windows = models.PositiveSmallIntegerField()
    inferences = models.PositiveIntegerField()
    clock_mhz = models.FloatField(null=True, blank=True)
    temperature_c = models.FloatField(null=True, blank=True)
    thermal = models.CharField(max_length=10, blank=True)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ("pk",)
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["calibration", "network"], name="calibration_row_once"),
        ]
