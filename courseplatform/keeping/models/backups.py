"""What is known of backups."""

from datetime import datetime, timedelta
from typing import ClassVar

from django.db import models
from django.utils import timezone

from courseplatform.core.states import Moves

SILENT = timedelta(minutes=10)  # a backup says every few seconds that it goes on


class BackupStatus(models.TextChoices):
    RUNNING = "running", "Being made"
    DONE = "done", "Done"
    FAILED = "failed", "Failed"


MOVES: Moves = {
    BackupStatus.RUNNING: frozenset({BackupStatus.DONE, BackupStatus.FAILED}),
    BackupStatus.DONE: frozenset(),
    BackupStatus.FAILED: frozenset(),
}


class BackupQuerySet(models.QuerySet["Backup"]):
    def alive(self, now: datetime) -> "BackupQuerySet":
        """Those that are being made and have said so lately."""
        return self.filter(status=BackupStatus.RUNNING, beat_at__gt=now - SILENT)


class Backup(models.Model):
    """One try to make a set. place: the host and folder where it lies; name: that of the set.

    all_bytes: the whole set; new_bytes: what was copied for it and not shared with the set before. missing: files that rows named and that
    were not there any more. verified_at: when every file of it was last read and compared with its hash.
    """

    name = models.CharField(max_length=40)
    place = models.CharField(max_length=300)
    status = models.CharField(max_length=8, choices=BackupStatus.choices, default=BackupStatus.RUNNING, editable=False)
    begun_at = models.DateTimeField(default=timezone.now)
    beat_at = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField(null=True, blank=True)
    verified_at = models.DateTimeField(null=True, blank=True)
    files = models.PositiveIntegerField(default=0)
    all_bytes = models.PositiveBigIntegerField(default=0)
    new_bytes = models.PositiveBigIntegerField(default=0)
    missing = models.PositiveIntegerField(default=0)
    error_code = models.CharField(max_length=60, blank=True)
    error_message = models.CharField(max_length=500, blank=True)

    objects = BackupQuerySet.as_manager()

    class Meta:
        ordering = ("-begun_at", "-pk")
        indexes: ClassVar = [models.Index(fields=["status", "-ended_at"], name="backup_by_end")]

    def __str__(self) -> str:
        return f"backup {self.name}, {self.get_status_display().lower()}"

    @property
    def seconds(self) -> float | None:
        return (self.ended_at - self.begun_at).total_seconds() if self.ended_at else None
