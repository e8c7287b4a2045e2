"""What somebody read from a meter while a board without a power sensor ran a model: added once; confirmed, refused or taken back by another row."""

import uuid
from typing import Any, ClassVar

from django.db import models

from courseplatform.core.append_only import AppendOnly
from grading.models.runs import Result


class Said(models.TextChoices):
    """What became of a reading. Refused and taken back are for ever; the same is entered anew."""

    COUNTS = "counts", "Counts"
    REFUSED = "refused", "Does not count"
    TAKEN_BACK = "taken_back", "Taken back"


class MeterReading(AppendOnly):
    """The power of one board, idle and while it repeated the model of one result.

    typed: as it was entered, {way, volts, idle_ma, ...}. volts, idle_w, loaded_w, load_s: what that comes to (grading/meters/arithmetic.py).
    inference_ms: median time of one inference that the board measured in this run. by: in words that outlive the account; is_by_staff: one of the
    staff read it.
    """

    kept = "A reading of a meter"

    result = models.ForeignKey(Result, on_delete=models.CASCADE, related_name="meter_readings")
    typed: Any = models.JSONField()
    volts = models.FloatField()
    idle_w = models.FloatField()
    loaded_w = models.FloatField()
    load_s = models.FloatField(null=True, blank=True)
    inference_ms = models.FloatField()
    meter = models.CharField(max_length=80, help_text="which meter it was, or its inventory number")
    note = models.CharField(max_length=300, blank=True)
    by = models.CharField(max_length=120)
    is_by_staff = models.BooleanField(default=False)
    made_at = models.DateTimeField(auto_now_add=True)
    entry_key = models.UUIDField(
        default=uuid.uuid4, unique=True, help_text="made by the page: the same form twice is one"
    )

    class Meta:
        ordering = ("pk",)

    def __str__(self) -> str:
        return f"{self.idle_w:.2f} W idle, {self.loaded_w:.2f} W loaded"


class MeterWord(AppendOnly):
    """What was said of a reading, once each. points_before: lines, earned, of and left_open of the result where this changed them."""

    kept = "A word on a reading"

    reading = models.ForeignKey(MeterReading, on_delete=models.CASCADE, related_name="words")
    said = models.CharField(max_length=12, choices=Said.choices)
    reason = models.CharField(max_length=300, blank=True)
    by = models.CharField(max_length=120)
    points_before: Any = models.JSONField(null=True, blank=True)
    made_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("pk",)
        constraints: ClassVar = [models.UniqueConstraint(fields=["reading", "said"], name="meter_word_once")]

    def __str__(self) -> str:
        return f"{self.get_said_display()} by {self.by}"
