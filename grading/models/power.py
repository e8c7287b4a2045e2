"""What a team measured of its energy: readings that are added, and taken back by another row."""

import uuid
from typing import Any, ClassVar

from django.db import models
from django.db.models import Q

from courseplatform.core.append_only import AppendOnly, AppendOnlyQuerySet
from courseplatform.teams.models import Team


class Known(models.TextChoices):
    """How the charge of a reading is known."""

    METER = "meter", "read from a meter"
    CURRENT = "current", "mean current by time"
    METER_FILE = "meter_file", "a meter's file"
    RUN = "run", "measured in a run on a board"
    MODELLED = "modelled", "modelled"


class PowerReadingQuerySet(AppendOnlyQuerySet):
    def standing(self) -> "PowerReadingQuerySet":
        """Those that count: not taken back."""
        return self.filter(taken_back=None)


class PowerReading(AppendOnly):
    """The charge that one measured run of a team's project used, in mAh. It belongs to the stage that holds `at` (courses/stages.py).

    used_mah: more than 0. minutes, mean_ma: where they are known; of a meter's file both. file_sha256, file_rows, trace: of a meter's file, which is
    itself not kept; trace holds [seconds, mA] for a small plot. board, meter: in words, or an inventory number. reason: why staff added it
    after its stage had closed. by: who, in words that outlive the account.
    """

    kept = "A power reading"

    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="power_readings")
    at = models.DateTimeField(help_text="when the run began")
    label = models.CharField(max_length=80, help_text="what was run")
    used_mah = models.DecimalField(max_digits=12, decimal_places=3)
    known_by = models.CharField(max_length=12, choices=Known.choices)
    minutes = models.DecimalField(max_digits=10, decimal_places=3, null=True, blank=True)
    mean_ma = models.DecimalField(max_digits=10, decimal_places=3, null=True, blank=True)
    board = models.CharField(max_length=80, blank=True)
    meter = models.CharField(max_length=80, blank=True)
    note = models.CharField(max_length=300, blank=True)
    reason = models.CharField(max_length=300, blank=True)
    file_sha256 = models.CharField(max_length=64, blank=True)
    file_rows = models.PositiveIntegerField(null=True, blank=True)
    trace = models.JSONField(default=list, blank=True)
    by = models.CharField(max_length=120)
    made_at = models.DateTimeField(auto_now_add=True)
    entry_key = models.UUIDField(
        default=uuid.uuid4, unique=True, help_text="made by the page: the same form twice is one"
    )

    objects: ClassVar[Any] = PowerReadingQuerySet.as_manager()

    class Meta:
        ordering = ("at", "pk")
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(used_mah__gt=0), name="power_reading_uses_something")
        ]
        indexes: ClassVar = [models.Index(fields=["team", "at"], name="power_readings_of_team")]

    def __str__(self) -> str:
        return f"{self.label}: {self.used_mah} mAh"


class PowerReadingTakenBack(AppendOnly):
    """A reading that no longer counts. It stays in the list with this row's reason."""

    kept = "A reading that was taken back"

    reading = models.OneToOneField(PowerReading, on_delete=models.CASCADE, related_name="taken_back")
    reason = models.CharField(max_length=300)
    by = models.CharField(max_length=120)
    made_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("made_at", "pk")

    def __str__(self) -> str:
        return self.reason
