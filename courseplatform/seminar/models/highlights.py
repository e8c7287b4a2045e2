"""Lecture highlights: a short account of a lecture by students, published on the schedule."""

from datetime import datetime, time, timedelta
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.urls import reverse

from courseplatform.core.states import MoveRow, Moves
from courseplatform.courses.access import Visit
from courseplatform.courses.models import Course, Session


class HighlightQuerySet(models.QuerySet["Highlight"]):
    def of(self, course: Course) -> "HighlightQuerySet":
        return self.filter(session__course=course).exclude(status=Highlight.Status.CANCELLED)

    def visible_to(self, visit: Visit) -> "HighlightQuerySet":
        """Staff see all; students what is published and what is theirs to write."""
        found = self.of(visit.course)
        if visit.is_staff:
            return found
        mine = models.Q(pk__in=HighlightPerson.objects.filter(person=visit.person).values("highlight"))
        return found.filter(models.Q(status=Highlight.Status.PUBLISHED) | mine)


class Highlight(models.Model):
    """Due `days_after` the lecture at `due_time`, wall time of the course; so it moves with the session.

    `version` is raised by each save: of two people who write at once, the second is told and loses nothing.
    """

    class Status(models.TextChoices):
        ASSIGNED = "assigned", "Not handed in"
        SUBMITTED = "submitted", "Handed in"
        RETURNED = "returned", "Returned for changes"
        PUBLISHED = "published", "Published"
        CANCELLED = "cancelled", "Cancelled"

    WRITABLE = (Status.ASSIGNED, Status.SUBMITTED, Status.RETURNED)

    session = models.ForeignKey(Session, on_delete=models.PROTECT, related_name="highlights")
    team = models.CharField(max_length=80, blank=True, help_text="the team's name, where a team writes it")
    days_after = models.PositiveSmallIntegerField(default=1)
    due_time = models.TimeField(default=time(23, 59))
    text = models.TextField(blank=True, help_text="Markdown")
    version = models.PositiveIntegerField(default=0)
    saved_by = models.CharField(max_length=120, blank=True)
    saved_at = models.DateTimeField(null=True, blank=True)
    submitted_at = models.DateTimeField(null=True, blank=True)
    wish = models.TextField(blank=True, help_text="what staff want changed")
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.ASSIGNED)
    published_at = models.DateTimeField(null=True, blank=True)
    made_at = models.DateTimeField(auto_now_add=True)

    objects = HighlightQuerySet.as_manager()

    class Meta:
        ordering = ("session__held_on", "session__position", "pk")

    def __str__(self) -> str:
        return f"Highlight of {self.session}"

    def get_absolute_url(self) -> str:
        return reverse("seminar:highlight", kwargs={"course": self.session.course.slug, "highlight": self.pk})

    @property
    def due_at(self) -> datetime | None:
        """None while the session has no date."""
        day = self.session.held_on
        return self.session.course.wall(day + timedelta(days=self.days_after), self.due_time) if day else None


class HighlightPerson(models.Model):
    highlight = models.ForeignKey(Highlight, on_delete=models.CASCADE, related_name="people")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="highlight_duties")

    class Meta:
        ordering = ("pk",)
        constraints: ClassVar = [models.UniqueConstraint(fields=["highlight", "person"], name="one_highlight_duty")]

    def __str__(self) -> str:
        return f"{self.person_id} writes highlight {self.highlight_id}"


class HighlightMove(MoveRow):
    subject = models.ForeignKey(Highlight, on_delete=models.CASCADE, related_name="moves")


_S = Highlight.Status
HIGHLIGHT_MOVES: Moves = {
    _S.ASSIGNED: frozenset({_S.SUBMITTED, _S.CANCELLED}),
    _S.SUBMITTED: frozenset({_S.RETURNED, _S.PUBLISHED, _S.CANCELLED}),
    _S.RETURNED: frozenset({_S.SUBMITTED, _S.CANCELLED}),
    _S.PUBLISHED: frozenset({_S.RETURNED}),
}
