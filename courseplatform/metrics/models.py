"""What each web process served, minute by minute, and when each sweep was last done."""

from typing import ClassVar

from django.db import models


class RequestMinute(models.Model):
    """One minute of one web process and one kind of request. No person, no path.

    `durations` is a histogram over the fixed bounds of durations.py: {index of the bucket as text: requests}. Histograms with equal bounds
    are added, so that the figures of several processes and minutes can be merged.
    """

    at = models.DateTimeField(help_text="when the minute began")
    process = models.CharField(max_length=16, help_text="a word that a process makes up for itself at its start")
    kind = models.CharField(max_length=16)
    requests = models.PositiveIntegerField()
    errors = models.PositiveIntegerField(help_text="answers of 500 and above")
    durations = models.JSONField()

    class Meta:
        constraints: ClassVar = [
            # A minute that is written again, after an answer of the database that was lost, counts once.
            models.UniqueConstraint(fields=["at", "process", "kind"], name="request_minute_once")
        ]

    def __str__(self) -> str:
        return f"{self.requests} of {self.kind} at {self.at}"


class SweepSign(models.Model):
    """When a task that beat wakes last came to a good end."""

    name = models.CharField(max_length=80, unique=True)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.name} at {self.at}"
