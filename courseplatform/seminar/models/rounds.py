"""Rounds in which students rank slots, and the matchings that were computed from their orders."""

from datetime import datetime, time
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.urls import reverse

from courseplatform.core.fields import OrderedJSONField
from courseplatform.core.states import MoveRow, Moves
from courseplatform.courses.models import Course
from courseplatform.seminar.models.slots import Duty


class PreferenceRound(models.Model):
    """Students rank the open slots for one kind of duty until a wall time of the course. `least` people are wanted in each slot."""

    class Status(models.TextChoices):
        OPEN = "open", "Open"
        MATCHED = "matched", "Matched"
        CANCELLED = "cancelled", "Cancelled"

    course = models.ForeignKey(Course, on_delete=models.CASCADE, related_name="preference_rounds")
    role = models.CharField(max_length=10, choices=Duty.choices)
    opened_on = models.DateField(help_text="who has such a duty in a session from this day on is not asked")
    due_on = models.DateField()
    due_time = models.TimeField(default=time(23, 59))
    least = models.PositiveSmallIntegerField(default=0)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.OPEN)
    made_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("-made_at", "-pk")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["course", "role"], condition=models.Q(status="open"), name="one_open_round")
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def title(self) -> str:
        return "Papers to review" if self.role == Duty.REVIEWER else "Papers to present"

    @property
    def due_at(self) -> datetime:
        return self.course.wall(self.due_on, self.due_time)

    def takes_orders(self, now: datetime) -> bool:
        return self.status == self.Status.OPEN and now < self.due_at


class RoundMove(MoveRow):
    subject = models.ForeignKey(PreferenceRound, on_delete=models.CASCADE, related_name="moves")


ROUND_MOVES: Moves = {
    PreferenceRound.Status.OPEN: frozenset({PreferenceRound.Status.MATCHED, PreferenceRound.Status.CANCELLED}),
}


class Ranking(models.Model):
    """One student's saved order: keys of slots, best first. What is left out comes after the last one, all equal."""

    round = models.ForeignKey(PreferenceRound, on_delete=models.CASCADE, related_name="rankings")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="seminar_rankings")
    order = OrderedJSONField(default=list)
    saved_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["round", "person"], name="one_ranking_per_round")]

    def __str__(self) -> str:
        return f"{self.person_id}: {self.order}"


class MatchingRun(models.Model):
    """A computed matching with all that it was computed from, so that anybody can do it again.

    `snapshot` holds {"students": [{"key", "order", "forbidden"}], "slots": [{"key", "most", "least"}]}; `seed` gives the drawn order;
    `result` holds {"places": [[person, slot]], "unplaced": [person], "short": [[slot, missing]]}; `counts` people per rank, 0 = left out.
    """

    class Status(models.TextChoices):
        PREVIEW = "preview", "Preview"
        PUBLISHED = "published", "Published"
        DISCARDED = "discarded", "Discarded"

    round = models.ForeignKey(PreferenceRound, on_delete=models.CASCADE, related_name="runs")
    number = models.PositiveIntegerField()
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.PREVIEW)
    seed = models.CharField(max_length=64)
    snapshot = OrderedJSONField(default=dict)
    result = OrderedJSONField(default=dict)
    counts = OrderedJSONField(default=dict)
    by = models.CharField(max_length=120)
    made_at = models.DateTimeField(auto_now_add=True)
    published_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-number",)
        constraints: ClassVar = [models.UniqueConstraint(fields=["round", "number"], name="one_run_per_number")]

    def __str__(self) -> str:
        return f"run {self.number} of round {self.round_id}"

    def get_absolute_url(self) -> str:
        return reverse("seminar:matching", kwargs={"course": self.round.course.slug, "matching": self.pk})


class MatchingMove(MoveRow):
    subject = models.ForeignKey(MatchingRun, on_delete=models.CASCADE, related_name="moves")


RUN_MOVES: Moves = {
    MatchingRun.Status.PREVIEW: frozenset({MatchingRun.Status.PUBLISHED, MatchingRun.Status.DISCARDED}),
}
