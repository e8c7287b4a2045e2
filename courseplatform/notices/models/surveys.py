"""A survey whose answers nobody can lay beside a name. What an operator could still see: docs/surveys.md."""

import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.urls import reverse
from django.utils import timezone

from courseplatform.core.fields import OrderedJSONField
from courseplatform.core.states import MoveRow
from courseplatform.courses.models import Course

LEAST_ANSWERS = 5  # below this, results are shown to nobody


class SurveyStatus(models.TextChoices):
    DRAFT = "draft", "draft"
    PUBLISHED = "published", "published"


SURVEY_MOVES: Mapping[str, frozenset[str]] = {
    SurveyStatus.DRAFT: frozenset({SurveyStatus.PUBLISHED}),
    SurveyStatus.PUBLISHED: frozenset({SurveyStatus.DRAFT}),
}


class Phase(models.TextChoices):
    """Where a survey stands now; follows from its status and its hours."""

    DRAFT = "draft", "draft"
    COMING = "coming", "opens later"
    OPEN = "open", "open"
    CLOSED = "closed", "closed"


class Survey(models.Model):
    """Questions to the students, answered once each. Opens and closes at wall times of the course's zone."""

    course = models.ForeignKey(Course, on_delete=models.CASCADE, related_name="surveys")
    title = models.CharField(max_length=160)
    intro = models.TextField(blank=True, help_text="Markdown")
    opens_on = models.DateField()
    opens_at = models.TimeField()
    closes_on = models.DateField()
    closes_at = models.TimeField()
    gives_credit = models.BooleanField(default=True, help_text="completion counts for participation")
    status = models.CharField(max_length=12, choices=SurveyStatus.choices, default=SurveyStatus.DRAFT, editable=False)
    told_at = models.DateTimeField(null=True, blank=True, help_text="when students were told that it is open")
    reminded_at = models.DateTimeField(null=True, blank=True, help_text="when the rest was reminded")
    ended_at = models.DateTimeField(
        null=True, blank=True, help_text="once set, it opens no more and results may be seen"
    )
    made_with = models.UUIDField(unique=True, editable=False)
    made_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("-opens_on", "-opens_at", "-pk")

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return reverse("notices:survey", kwargs={"course": self.course.slug, "survey": self.pk})

    @property
    def opens(self) -> datetime:
        return self.course.wall(self.opens_on, self.opens_at)

    @property
    def closes(self) -> datetime:
        return self.course.wall(self.closes_on, self.closes_at)

    def phase(self, now: datetime | None = None) -> Phase:
        now = now or timezone.now()
        if self.status == SurveyStatus.DRAFT:
            return Phase.DRAFT
        if now < self.opens:
            return Phase.COMING
        return Phase.OPEN if now < self.closes and self.ended_at is None else Phase.CLOSED


class SurveyMove(MoveRow):
    subject = models.ForeignKey(Survey, on_delete=models.CASCADE, related_name="moves")

    def __str__(self) -> str:
        return f"{self.moved_from} to {self.moved_to}"


class Question(models.Model):
    """`options`: the choices of a choice question. `low` and `high`: the words at the ends of a scale from 1 to 5."""

    class Kind(models.TextChoices):
        SCALE = "scale", "Scale from 1 to 5"
        CHOICE = "choice", "One of several"
        TEXT = "text", "Free text"

    survey = models.ForeignKey(Survey, on_delete=models.CASCADE, related_name="questions")
    kind = models.CharField(max_length=8, choices=Kind.choices)
    text = models.CharField(max_length=300)
    is_required = models.BooleanField(default=True)
    low = models.CharField(max_length=40, blank=True)
    high = models.CharField(max_length=40, blank=True)
    options = OrderedJSONField(default=list, blank=True)
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ("position", "pk")

    def __str__(self) -> str:
        return self.text

    @property
    def field_name(self) -> str:
        return f"q{self.pk}"


class Answer(models.Model):
    """One answer to one question: no person, no time, no order, and nothing that ties it to the same person's other answers."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    question = models.ForeignKey(Question, on_delete=models.CASCADE, related_name="answers")
    value = models.TextField(help_text="1 to 5, the choice, or the text")

    class Meta:
        ordering = ("pk",)  # random, and the same each time

    def __str__(self) -> str:
        return self.value[:40]


class Completion(models.Model):
    """That a person has answered, and not what or when. All rows of a survey are written anew with each answer (services/answers.py)."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    survey = models.ForeignKey(Survey, on_delete=models.CASCADE, related_name="completions")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="survey_completions")

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["survey", "person"], name="one_answer_per_person")]

    def __str__(self) -> str:
        return f"{self.person_id} has answered {self.survey_id}"
