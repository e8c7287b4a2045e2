"""What was handed in, exactly as it arrived."""

import uuid
from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone

from courseplatform.accounts.models import User
from courseplatform.courses.access import Visit
from courseplatform.teams.models import Team
from grading.models.assignments import Assignment
from grading.models.owners import Owner, of_owner, of_person
from grading.models.pieces import Piece


def stored_at(submission: "Submission", file_name: str) -> str:
    """The server's own name: nothing of the student's file name reaches the file system but its known ending."""
    ending = file_name.rsplit(".", 1)[-1].lower() if "." in file_name else "bin"
    return f"submissions/{submission.pk}/model.{ending}"


class SubmissionQuerySet(models.QuerySet["Submission"]):
    def visible_to(self, visit: Visit) -> "SubmissionQuerySet":
        """Staff of the course see all of it, a student their own and their team's, also what it handed in before they came or after
        which they left."""
        of_course = self.filter(assignment__course=visit.course)
        return of_course if visit.is_staff else of_course.of_person(visit.person)

    def of_person(self, person: User) -> "SubmissionQuerySet":
        """The person's own attempts, those of the team that they are in now, and those of any team while they were in it."""
        return self.filter(of_person(person, "received_at"))

    def of_owner(self, owner: Owner) -> "SubmissionQuerySet":
        """The attempts of one owner: a team's, or a person's own."""
        return self.filter(of_owner(owner))


class Submission(models.Model):
    """One attempt of a person or of a team, sent by `person`: a model, or the pieces that lay on the desk (models/pieces.py), or both.

    Never changed after it is recorded, but for what the measurement decides (`counts`, `is_active`, `spares_attempt`). `number` counts
    hand-ins from 1. `counts` is None until the first run has ended: a model that the check refuses and a fault of ours make no hand-in,
    unless a file came with it. `spares_attempt`: it uses up none of the attempts allowed.

    An attempt that brings no model that can be measured is judged with that of `model_from`: which one that is may change when a model is
    measured (grading/handing_in/standing.py).
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    assignment = models.ForeignKey(Assignment, on_delete=models.PROTECT, related_name="submissions")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="submissions")
    team = models.ForeignKey(
        Team,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="submissions",
        help_text="whose attempt it is; none: the person's own",
    )
    number = models.PositiveIntegerField()
    received_at = models.DateTimeField(default=timezone.now)
    due_at = models.DateTimeField(null=True, help_text="the due time that held when it arrived; none: nothing is late")
    model_file = models.FileField(upload_to=stored_at, max_length=200, blank=True, help_text="none: no model is there")
    file_name = models.CharField(max_length=255, blank=True)
    format = models.CharField(max_length=16, blank=True)
    size_bytes = models.PositiveBigIntegerField(default=0)
    sha256 = models.CharField(max_length=64, blank=True)
    model_from = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="kept_by",
        help_text="the attempt whose model stands beside its parts, where it brought none",
    )  # fmt: skip
    pieces = models.ManyToManyField(Piece, blank=True, related_name="submissions")
    upload_key = models.UUIDField(help_text="made by the page: the same upload twice is one hand-in")
    receipt = models.CharField(max_length=32, unique=True)
    signature = models.TextField(blank=True, help_text="the signed receipt")
    counts = models.BooleanField(null=True)
    spares_attempt = models.BooleanField(default=False, help_text="uses up none of the attempts allowed")
    is_active = models.BooleanField(default=False, help_text="the attempt that the grade rests on")
    statement = models.TextField(blank=True, help_text="the collaboration statement that stood when it was handed in")
    chosen_at = models.DateTimeField(null=True, blank=True, help_text="when its owner chose it")

    objects = SubmissionQuerySet.as_manager()

    class Meta:
        ordering = ("-received_at",)
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["assignment", "person", "number"], condition=Q(team=None), name="attempt_number_once"
            ),
            models.UniqueConstraint(
                fields=["assignment", "team", "number"],
                condition=Q(team__isnull=False),
                name="team_attempt_number_once",
            ),
            models.UniqueConstraint(fields=["assignment", "person", "upload_key"], name="upload_once"),
            models.UniqueConstraint(
                fields=["assignment", "person"], condition=Q(is_active=True, team=None), name="one_active_attempt"
            ),
            models.UniqueConstraint(
                fields=["assignment", "team"],
                condition=Q(is_active=True, team__isnull=False),
                name="one_active_attempt_of_team",
            ),
        ]

    def __str__(self) -> str:
        return self.receipt

    def get_absolute_url(self) -> str:
        return reverse("grading:receipt", kwargs={"course": self.assignment.course.slug, "submission": self.pk})

    @property
    def owner(self) -> Owner:
        return Owner(self.person, self.team)

    @property
    def model(self) -> "Submission | None":
        """The attempt that brought the model it is judged with; None: no model is there, or none that could be measured."""
        if self.model_from is not None:
            return self.model_from
        return self if self.sha256 and not self.spares_attempt and self.counts is not False else None

    @property
    def model_runs(self) -> Any:
        """The runs of its model, newest first as they were fetched; of a refused one its own."""
        return (self.model_from or self).runs.all()

    @property
    def measured_pk(self) -> uuid.UUID:
        """The attempt whose runs measure the model of this one."""
        return self.model_from_id or self.pk
