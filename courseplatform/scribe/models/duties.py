"""Who writes the notes of which session until when, and the text that they are working on."""

from datetime import date, datetime, time, timedelta
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.urls import reverse

from courseplatform.accounts.models import User
from courseplatform.core.states import MoveRow, Moves
from courseplatform.courses.models import Course, Session

DAYS = 7  # 6.S965: within one week after the lecture
CLOCK = time(23, 59)


class Status(models.TextChoices):
    DRAFT = "draft", "being written"
    HANDED_IN = "handed_in", "handed in"
    CHANGES_REQUESTED = "changes_requested", "changes requested"
    APPROVED = "approved", "approved"
    PUBLISHED = "published", "published"


OPEN = frozenset({Status.DRAFT, Status.CHANGES_REQUESTED})  # the scribes are to act

# Notes can be handed in again at any time: a better round replaces one that nobody has read, and corrects one that is published.
MOVES: Moves = {
    Status.DRAFT: frozenset({Status.HANDED_IN}),
    Status.HANDED_IN: frozenset({Status.HANDED_IN, Status.CHANGES_REQUESTED, Status.APPROVED}),
    Status.CHANGES_REQUESTED: frozenset({Status.HANDED_IN, Status.APPROVED}),
    Status.APPROVED: frozenset({Status.HANDED_IN, Status.CHANGES_REQUESTED, Status.PUBLISHED}),
    Status.PUBLISHED: frozenset({Status.HANDED_IN, Status.CHANGES_REQUESTED, Status.APPROVED}),
}


class ScribeDuty(models.Model):
    """The notes of one session: who writes them, until when, how far they are, and the working text.

    Without `due_on` they are due a week after the session, so that a session that is moved takes the date along. `edition` counts the
    saves of the working text: who saves must name the one that was read. `published` is what readers see, also while a later round is
    being reviewed.
    """

    course = models.ForeignKey(Course, on_delete=models.CASCADE, related_name="scribe_duties")
    session = models.ForeignKey(Session, on_delete=models.PROTECT, related_name="scribe_duties")
    people: "models.ManyToManyField[User, ScribeMember]" = models.ManyToManyField(
        settings.AUTH_USER_MODEL, through="scribe.ScribeMember", related_name="scribe_duties"
    )
    is_example = models.BooleanField(default=False, help_text="written by staff, to show what is expected")
    due_on = models.DateField(null=True, blank=True)
    due_clock = models.TimeField(help_text="wall time of the course")
    status = models.CharField(max_length=20, choices=Status.choices, default=Status.DRAFT)
    text = models.TextField(blank=True, help_text="Markdown, the working text")
    edition = models.PositiveIntegerField(default=0)
    saved_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    saved_at = models.DateTimeField(null=True, blank=True)
    saved_tab = models.UUIDField(null=True, blank=True, help_text="which open page saved last")
    origin = models.CharField(max_length=12, blank=True)
    pull_request = models.PositiveIntegerField(null=True, blank=True)
    commit = models.CharField(max_length=40, blank=True)
    file_name = models.CharField(max_length=200, blank=True)
    has_full_credit = models.BooleanField(default=False, help_text="complete and accurate, said at the approval")
    approved_at = models.DateTimeField(null=True, blank=True)
    published = models.ForeignKey(
        "scribe.NoteVersion", null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    assigned_by = models.CharField(max_length=120, blank=True)
    made_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering: ClassVar = ("session__held_on", "session__position", "pk")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["session", "is_example"], name="one_scribe_duty_per_session")
        ]

    def __str__(self) -> str:
        return f"scribe notes {self.pk} of session {self.session_id}"

    def get_absolute_url(self) -> str:
        return self.page("note")

    def page(self, name: str) -> str:
        """The path of one of its pages: note, edit, review, ..."""
        return reverse(f"scribe:{name}", args=[self.course.slug, self.pk])

    @property
    def due_day(self) -> date | None:
        """None where neither a day was set nor the session has one."""
        if self.due_on:
            return self.due_on
        return self.session.held_on + timedelta(days=due_days(self.course)) if self.session.held_on else None

    @property
    def due_at(self) -> datetime | None:
        """The instant, from the wall time of the course's zone."""
        return self.course.wall(self.due_day, self.due_clock) if self.due_day else None


def due_days(course: Course) -> int:
    """Days from a session to its notes, from the course file; a week where it says nothing."""
    days = course.fact("scribe", "due_days", default=DAYS)
    return days if isinstance(days, int) and 0 <= days <= 120 else DAYS


def due_clock(course: Course) -> time:
    """The hour at which the course's work is due; 23:59 where its file says nothing."""
    try:
        return time.fromisoformat(str(course.fact("hand_in", "due_clock", default="23:59")))
    except ValueError:
        return CLOCK


class ScribeMember(models.Model):
    """One person of a scribe team."""

    duty = models.ForeignKey(ScribeDuty, on_delete=models.CASCADE, related_name="members")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="scribe_memberships")
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ("position", "pk")
        constraints: ClassVar = [models.UniqueConstraint(fields=["duty", "person"], name="once_in_a_scribe_team")]

    def __str__(self) -> str:
        return f"{self.person_id} of {self.duty_id}"


class NoteMove(MoveRow):
    subject = models.ForeignKey(ScribeDuty, on_delete=models.CASCADE, related_name="moves")
