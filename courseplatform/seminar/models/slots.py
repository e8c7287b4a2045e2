"""When a paper is presented, by whom, who reviews it, what the room said of it, and its score."""

from datetime import date, datetime, time, timedelta
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.urls import reverse

from courseplatform.core.append_only import AppendOnly
from courseplatform.courses.models import Course, Session
from courseplatform.seminar.models.papers import Paper

END_OF_DAY, SLIDES_AT = time(23, 59), time(12, 0)


class Duty(models.TextChoices):
    PRESENTER = "presenter", "presents"
    REVIEWER = "reviewer", "reviews"


class SlotQuerySet(models.QuerySet["PresentationSlot"]):
    def of(self, course: Course) -> "SlotQuerySet":
        return self.filter(session__course=course, is_withdrawn=False)

    def in_order(self) -> "SlotQuerySet":
        return self.order_by("session__held_on", "session__position", "position", "pk")


class PresentationSlot(models.Model):
    """A place in a session for one paper. Its day and hour are the session's, so that it moves with it.

    `paper` may be open: then it is chosen until `choose_by`, so many days before the session. `minutes` are without questions. `sequence`
    is raised by each change, for calendars.
    """

    session = models.ForeignKey(Session, on_delete=models.PROTECT, related_name="slots")
    paper = models.ForeignKey(Paper, null=True, blank=True, on_delete=models.PROTECT, related_name="slots")
    position = models.PositiveSmallIntegerField(default=0)
    minutes = models.PositiveSmallIntegerField(default=15)
    question_minutes = models.PositiveSmallIntegerField(default=5)
    presenter_places = models.PositiveSmallIntegerField(default=3)
    reviewer_places = models.PositiveSmallIntegerField(default=3)
    choose_days = models.PositiveSmallIntegerField(
        null=True, blank=True, help_text="an open paper is chosen by so many days before the session"
    )
    slides_url = models.URLField(max_length=300, blank=True)
    questions = models.TextField(blank=True, help_text="what the presenters ask the room, Markdown")
    slides_in_at = models.DateTimeField(null=True, blank=True)
    is_withdrawn = models.BooleanField(default=False)
    sequence = models.PositiveIntegerField(default=0)

    objects = SlotQuerySet.as_manager()

    class Meta:
        ordering = ("session__held_on", "session__position", "position", "pk")

    def __str__(self) -> str:
        return f"{self.session.held_on}: {self.paper.short if self.paper else 'no paper yet'}"

    def get_absolute_url(self) -> str:
        return reverse("seminar:slot", kwargs={"course": self.session.course.slug, "slot": self.pk})

    @property
    def title(self) -> str:
        return self.paper.title if self.paper else "No paper yet"

    @property
    def short(self) -> str:
        return self.paper.short if self.paper else "a paper to be chosen"

    def places(self, role: str) -> int:
        return self.presenter_places if role == Duty.PRESENTER else self.reviewer_places

    def _wall(self, days: int, at: time) -> datetime | None:
        day = self.session.held_on
        return self.session.course.wall(day + timedelta(days=days), at) if day else None

    @property
    def choose_by(self) -> date | None:
        """Counted from the session's day, so that it moves with it."""
        day = self.session.held_on
        return day - timedelta(days=self.choose_days) if day and self.choose_days is not None else None

    @property
    def begins_at(self) -> datetime | None:
        """None where the session has no date; the beginning of the day where it has no hour."""
        return self._wall(0, self.session.starts_at or time())

    @property
    def ends_at(self) -> datetime | None:
        return self._wall(0, self.session.ends_at or END_OF_DAY)

    @property
    def slides_due_at(self) -> datetime | None:
        """Noon of the day before."""
        return self._wall(-1, SLIDES_AT)

    @property
    def feedback_until(self) -> datetime | None:
        return self._wall(1, END_OF_DAY)

    def is_over(self, now: datetime) -> bool:
        return self.ends_at is not None and self.ends_at <= now


class SlotPerson(models.Model):
    """A place that somebody holds. After a swap it is the same place with another person."""

    slot = models.ForeignKey(PresentationSlot, on_delete=models.PROTECT, related_name="people")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="seminar_duties")
    role = models.CharField(max_length=10, choices=Duty.choices)
    part = models.CharField(max_length=120, blank=True, help_text="which part of the presentation is theirs")
    made_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("pk",)
        constraints: ClassVar = [models.UniqueConstraint(fields=["slot", "person"], name="one_duty_per_slot")]

    def __str__(self) -> str:
        return f"{self.person_id} {self.role} of slot {self.slot_id}"


class SlotChange(AppendOnly):
    """What was done with a slot and its people, by whom. History outlives accounts, so names are text."""

    slot = models.ForeignKey(PresentationSlot, on_delete=models.CASCADE, related_name="changes")
    sentence = models.CharField(max_length=300)
    by = models.CharField(max_length=120)
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("-at", "-pk")

    def __str__(self) -> str:
        return self.sentence


class Feedback(models.Model):
    """What one listener says of one presented paper. Presenters read it without the name; staff see who gave it."""

    slot = models.ForeignKey(PresentationSlot, on_delete=models.PROTECT, related_name="feedback")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="seminar_feedback")
    clarity = models.PositiveSmallIntegerField()
    depth = models.PositiveSmallIntegerField()
    good = models.TextField()
    better = models.TextField(blank=True)
    made_at = models.DateTimeField(auto_now_add=True)
    changed_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["slot", "person"], name="one_feedback_per_listener")]

    def __str__(self) -> str:
        return f"feedback on slot {self.slot_id}"


class Score(models.Model):
    """Points of one presenter. The presenter sees them once they are released."""

    slot = models.ForeignKey(PresentationSlot, on_delete=models.PROTECT, related_name="scores")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="seminar_scores")
    points = models.DecimalField(max_digits=6, decimal_places=2)
    out_of = models.DecimalField(max_digits=6, decimal_places=2)
    comment = models.TextField(blank=True)
    by = models.CharField(max_length=120)
    changed_at = models.DateTimeField(auto_now=True)
    released_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["slot", "person"], name="one_score_per_presenter")]

    def __str__(self) -> str:
        return f"{self.points} of {self.out_of}"
