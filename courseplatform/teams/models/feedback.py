"""Peer feedback: a round for each project-sharing session, one form for each person and presenting team."""

from datetime import datetime
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q

from courseplatform.courses.models import Course, Session
from courseplatform.teams.models.teams import Team


class FeedbackRound(models.Model):
    """One sharing session. `presents` fixes which teams are spoken about; forms are taken from `opens_at` to `closes_at`."""

    course = models.ForeignKey(Course, on_delete=models.CASCADE, related_name="feedback_rounds")
    session = models.ForeignKey(Session, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    title = models.CharField(max_length=120)
    held_on = models.DateField()
    opens_at = models.DateTimeField()
    closes_at = models.DateTimeField()
    presents = models.ManyToManyField(Team, related_name="feedback_rounds")

    class Meta:
        ordering = ("-held_on", "-pk")
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(closes_at__gt=models.F("opens_at")), name="round_is_open_a_while"),
            models.UniqueConstraint(fields=["course", "title", "held_on"], name="round_once"),
        ]

    def __str__(self) -> str:
        return f"{self.title}, {self.held_on}"

    def is_open(self, now: datetime) -> bool:
        return self.opens_at <= now < self.closes_at


class FeedbackQuestion(models.Model):
    """A statement with a scale from 1 to 5, or a question with a free answer. Belongs to its round, so that old answers keep their words."""

    class Kind(models.TextChoices):
        SCALE = "scale", "Scale from 1 to 5"
        TEXT = "text", "Free text"

    round = models.ForeignKey(FeedbackRound, on_delete=models.CASCADE, related_name="questions")
    position = models.PositiveSmallIntegerField(default=0)
    kind = models.CharField(max_length=8, choices=Kind.choices)
    text = models.CharField(max_length=160)
    low = models.CharField(max_length=40, blank=True, help_text="what 1 means")
    high = models.CharField(max_length=40, blank=True, help_text="what 5 means")

    class Meta:
        ordering = ("position", "pk")

    def __str__(self) -> str:
        return self.text


class FeedbackForm(models.Model):
    """What one person said about one team. The author is never shown to the team; what staff write carries their name (`is_signed`)."""

    round = models.ForeignKey(FeedbackRound, on_delete=models.CASCADE, related_name="forms")
    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="feedback")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    is_signed = models.BooleanField(default=False)
    made_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["round", "team", "author"], name="one_form_per_author")
        ]

    def __str__(self) -> str:
        return f"feedback on {self.team_id} in {self.round_id}"


class FeedbackAnswer(models.Model):
    form = models.ForeignKey(FeedbackForm, on_delete=models.CASCADE, related_name="answers")
    question = models.ForeignKey(FeedbackQuestion, on_delete=models.CASCADE, related_name="answers")
    score = models.PositiveSmallIntegerField(null=True, blank=True)
    text = models.TextField(blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["form", "question"], name="one_answer_per_question"),
            models.CheckConstraint(condition=Q(score=None) | Q(score__range=(1, 5)), name="score_on_the_scale"),
        ]

    def __str__(self) -> str:
        return f"{self.score or self.text[:20]}"
