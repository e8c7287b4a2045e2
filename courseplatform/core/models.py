from typing import ClassVar

from django.db import models
from django.utils import timezone


class Heartbeat(models.Model):
    """The last time that a task went round through the broker and a worker of this name.

    `boot` names the start of the embedded world that it happened in, so that a row from before a restart proves
    nothing.
    """

    name = models.CharField(max_length=40, unique=True)
    boot = models.CharField(max_length=40, blank=True)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.name} at {self.at}"


class LeavingFile(models.Model):
    """A stored file that is deleted soon, for no row names it any more; see leaving.py."""

    place = models.CharField(max_length=20)
    name = models.CharField(max_length=300)
    since = models.DateTimeField(default=timezone.now)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["since"], name="leaving_by_age")]

    def __str__(self) -> str:
        return f"{self.place}/{self.name}"


class PlanChange(models.Model):
    """A row of a quiet table was changed; see kept.py. The sum of the tokens is the stamp of all there is."""

    token = models.BigIntegerField()
    named = models.CharField(max_length=60)
    at = models.DateTimeField()

    class Meta:
        indexes: ClassVar = [models.Index(fields=["at"], name="plan_change_by_age")]

    def __str__(self) -> str:
        return f"{self.named} at {self.at}"


class GoneFile(models.Model):
    """A file that a row named once, and that was deleted on purpose; see gone.py. The row stays, and says when and why.

    model, key, field: whose it was (`grading.Piece`). why: ends the sentence "This file was deleted on ...".
    """

    model = models.CharField(max_length=80)
    key = models.CharField(max_length=40)
    field = models.CharField(max_length=40)
    at = models.DateTimeField()
    why = models.CharField(max_length=120)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["model", "key", "field"], name="one_end_of_a_file")]

    def __str__(self) -> str:
        return f"{self.field} of {self.model} {self.key}"
