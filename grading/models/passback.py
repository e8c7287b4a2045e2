"""Grades on their way to the LMS: which assignments are sent, what waits for whom, and what became of each try."""

from datetime import datetime
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from courseplatform.core.append_only import AppendOnly
from grading.models.assignments import Assignment

LONG_AGO = datetime.fromisoformat("2000-01-01T00:00:00+00:00")


class Passback(models.Model):
    """The grades of this assignment are sent to the LMS, once they are released.

    column_url: the column of its gradebook; "" until it is found or made. seen: what the grades rested on when they were compared last.
    busy_until: a worker sends; it is the fence, so that no two do. resume_at: not before, because the LMS was away or asked us to wait.
    problem: a code; nothing is sent until somebody has looked at it.
    """

    assignment = models.OneToOneField(Assignment, on_delete=models.CASCADE, related_name="passback")
    is_on = models.BooleanField(default=True)
    column_url = models.CharField(max_length=1000, blank=True)
    started_by = models.CharField(max_length=120)
    started_at = models.DateTimeField(default=timezone.now)
    seen = models.CharField(max_length=200, blank=True)
    collected_at = models.DateTimeField(default=LONG_AGO)
    compared_at = models.DateTimeField(null=True, blank=True)
    busy_until = models.DateTimeField(default=LONG_AGO)
    resume_at = models.DateTimeField(default=LONG_AGO)
    problem = models.CharField(max_length=40, blank=True)
    problem_says = models.CharField(max_length=300, blank=True)

    def __str__(self) -> str:
        return f"{self.assignment_id}: {'on' if self.is_on else 'off'}"


class ScoreState(models.TextChoices):
    PENDING = "pending", "Waiting"
    SENT = "sent", "Sent"
    FAILED = "failed", "Not sent"


class PassbackScore(models.Model):
    """What the LMS is to show for one person. A newer grade takes the place of one that waits: `version` counts them.

    stamp: the time that goes with this version, later than that of any version before; a try that is repeated repeats it, so that the LMS
    takes a score once. shown: what the LMS showed when it was asked.
    """

    passback = models.ForeignKey(Passback, on_delete=models.CASCADE, related_name="scores")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="passback_scores")
    points = models.DecimalField(max_digits=7, decimal_places=2)
    of = models.DecimalField(max_digits=7, decimal_places=2)
    submitted_at = models.DateTimeField(null=True, blank=True)
    version = models.PositiveIntegerField(default=1)
    stamp = models.DateTimeField()
    state = models.CharField(max_length=8, choices=ScoreState.choices, default=ScoreState.PENDING)
    tries = models.PositiveSmallIntegerField(default=0)
    next_at = models.DateTimeField(default=timezone.now)
    sent_at = models.DateTimeField(null=True, blank=True)
    shown = models.DecimalField(max_digits=9, decimal_places=4, null=True, blank=True)
    problem = models.CharField(max_length=40, blank=True)
    problem_says = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering = ("pk",)
        constraints: ClassVar = [models.UniqueConstraint(fields=["passback", "person"], name="one_score_per_person")]
        indexes: ClassVar = [models.Index(fields=["next_at"], name="scores_due", condition=Q(state="pending"))]

    def __str__(self) -> str:
        return f"{self.person_id}: {self.points} of {self.of}, {self.state}"


class PassbackTry(AppendOnly):
    """One try to send a score, or what somebody asked for. The log of a grade in the LMS."""

    score = models.ForeignKey(PassbackScore, on_delete=models.CASCADE, related_name="log")
    points = models.DecimalField(max_digits=7, decimal_places=2)
    of = models.DecimalField(max_digits=7, decimal_places=2)
    outcome = models.CharField(max_length=12)
    status = models.PositiveSmallIntegerField(default=0)
    says = models.CharField(max_length=300, blank=True)
    by = models.CharField(max_length=120)
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("-pk",)

    def __str__(self) -> str:
        return f"{self.outcome} {self.points}"
