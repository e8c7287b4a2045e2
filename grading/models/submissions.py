"""What was handed in, exactly as it arrived."""

import uuid
from datetime import timedelta
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.urls import reverse
from django.utils import timezone

from courseplatform.courses.access import Visit
from grading.models.assignments import Assignment


def stored_at(submission: "Submission", file_name: str) -> str:
    """The server's own name: nothing of the student's file name reaches the file system but its known ending."""
    ending = file_name.rsplit(".", 1)[-1].lower() if "." in file_name else "bin"
    return f"submissions/{submission.pk}/model.{ending}"


class SubmissionQuerySet(models.QuerySet["Submission"]):
    def visible_to(self, visit: Visit) -> "SubmissionQuerySet":
        """Staff of the course see all of it, a student only their own."""
        mine = self.filter(assignment__course=visit.course)
        return mine if visit.is_staff else mine.filter(person=visit.person)


class Submission(models.Model):
    """One attempt of one person. Never changed after it is recorded, but for what the measurement decides (`counts`, `is_active`).

    `number` counts hand-ins from 1. `counts` is None until the first run has ended: a model that the check refuses and a fault of ours
    do not use up an attempt.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    assignment = models.ForeignKey(Assignment, on_delete=models.PROTECT, related_name="submissions")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="submissions")
    number = models.PositiveIntegerField()
    received_at = models.DateTimeField(default=timezone.now)
    due_at = models.DateTimeField(null=True, help_text="the due time that held when it arrived; none: nothing is late")
    model_file = models.FileField(upload_to=stored_at, max_length=200)
    file_name = models.CharField(max_length=255)
    format = models.CharField(max_length=16)
    size_bytes = models.PositiveBigIntegerField()
    sha256 = models.CharField(max_length=64)
    upload_key = models.UUIDField(help_text="made by the page: the same upload twice is one hand-in")
    receipt = models.CharField(max_length=32, unique=True)
    counts = models.BooleanField(null=True)
    is_active = models.BooleanField(default=False, help_text="the attempt that the grade rests on")

    objects = SubmissionQuerySet.as_manager()

    class Meta:
        ordering = ("-received_at",)
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["assignment", "person", "number"], name="attempt_number_once"),
            models.UniqueConstraint(fields=["assignment", "person", "upload_key"], name="upload_once"),
            models.UniqueConstraint(
                fields=["assignment", "person"], condition=models.Q(is_active=True), name="one_active_attempt"
            ),
        ]

    def __str__(self) -> str:
        return self.receipt

    def get_absolute_url(self) -> str:
        return reverse("grading:receipt", kwargs={"course": self.assignment.course.slug, "submission": self.pk})

    @property
    def late_by(self) -> timedelta:
        """How long after the due time it arrived; zero when on time."""
        return max(self.received_at - self.due_at, timedelta(0)) if self.due_at else timedelta(0)

    @property
    def is_late(self) -> bool:
        return self.due_at is not None and self.received_at > self.due_at
