"""The desk of those who grade: a working copy of each report's marks, who has it, and the comments that a course keeps."""

from datetime import datetime, timedelta
from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse

from courseplatform.accounts.models import User
from courseplatform.courses.models import Course
from courseplatform.teams.models import Team
from grading.models.assignments import Assignment
from grading.models.submissions import Submission

FREE_AFTER = timedelta(minutes=10)  # a claim whose page has said nothing for so long is nobody's
SAMPLES_FROM = 10_000  # numbers of sheets that only compare graders


class Purpose(models.TextChoices):
    """grade: its end becomes grade events. sample: marked again by each grader, and compared; it changes no grade."""

    GRADE = "grade", "grade"
    SAMPLE = "sample", "sample"


class SheetQuerySet(models.QuerySet["GradingSheet"]):
    def graded(self) -> "SheetQuerySet":
        """Those that become grades, not the samples."""
        return self.filter(purpose=Purpose.GRADE)

    def done(self) -> "SheetQuerySet":
        return self.filter(done_at__isnull=False)

    def free_for(self, person: User, now: datetime) -> "SheetQuerySet":
        """Claimed by nobody else: a claim that has said nothing for ten minutes is none."""
        return self.filter(Q(claimed_by=None) | Q(claimed_by=person) | Q(seen_at__lt=now - FREE_AFTER))


class GradingSheet(models.Model):
    """The working copy of one report's marks. Each tick is saved here at once; grade events are written when it is done.

    number: its name within the assignment, given in shuffled order, so that neither it nor its address tells whose work it is.
    ticks: key of an item -> keys of the options that are ticked, or the points as they were typed. An item that is not in it was not
    touched yet. revision: raised by each save; a page that saves over another's is refused. seen_at: when the page of its grader last
    spoke. noted: the comment as it was last given with the grade. points: what was given by hand when it was done.
    """

    assignment = models.ForeignKey(Assignment, on_delete=models.CASCADE, related_name="sheets")
    purpose = models.CharField(max_length=8, choices=Purpose.choices, default=Purpose.GRADE)
    number = models.PositiveIntegerField()
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.CASCADE, related_name="+",
        help_text="whose work it is; none: a team's",
    )  # fmt: skip
    team = models.ForeignKey(Team, null=True, blank=True, on_delete=models.CASCADE, related_name="+")
    submission = models.ForeignKey(Submission, on_delete=models.CASCADE, related_name="+")
    sample_of = models.ForeignKey("self", null=True, blank=True, on_delete=models.CASCADE, related_name="samples")
    grader = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.CASCADE, related_name="+",
        help_text="of a sample: who marks it",
    )  # fmt: skip
    is_sample = models.BooleanField(default=False, help_text="every grader marks this report once more, blindly")
    is_again = models.BooleanField(default=False, help_text="handed in again after it was graded")
    claimed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    claimed_at = models.DateTimeField(null=True, blank=True)
    seen_at = models.DateTimeField(null=True, blank=True)
    ticks: Any = models.JSONField(default=dict, blank=True)
    comment = models.TextField(blank=True)
    noted = models.TextField(blank=True)
    revision = models.PositiveIntegerField(default=0)
    saved_at = models.DateTimeField(null=True, blank=True)
    opened_at = models.DateTimeField(null=True, blank=True)
    done_at = models.DateTimeField(null=True, blank=True)
    done_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    seconds_spent = models.PositiveIntegerField(default=0)
    points = models.DecimalField(max_digits=6, decimal_places=2, null=True, blank=True)
    looks: Any = models.JSONField(default=list, blank=True, help_text="who looked at the hidden names, and when")

    objects = SheetQuerySet.as_manager()

    class Meta:
        ordering = ("number",)
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["assignment", "number"], name="sheet_number_once"),
            models.UniqueConstraint(
                fields=["assignment", "person"], condition=Q(purpose="grade", team=None), name="one_sheet_of_person"
            ),
            models.UniqueConstraint(
                fields=["assignment", "team"],
                condition=Q(purpose="grade", team__isnull=False),
                name="one_sheet_of_team",
            ),
            models.UniqueConstraint(
                fields=["sample_of", "grader"], condition=Q(purpose="sample"), name="one_sample_of_grader"
            ),
        ]

    def __str__(self) -> str:
        return f"{'Sample' if self.is_blind else 'Report'} {self.shown}"

    def get_absolute_url(self) -> str:
        slugs = {"course": self.assignment.course.slug, "assignment": self.assignment.slug}
        return reverse("grading:desk_report", kwargs=slugs | {"sheet_number": self.number})

    @property
    def is_blind(self) -> bool:
        """Whether it only compares graders."""
        return self.purpose == Purpose.SAMPLE

    @property
    def shown(self) -> int:
        """The number as people say it."""
        return self.number - SAMPLES_FROM if self.is_blind else self.number

    def held_by(self, now: datetime) -> User | None:
        """Whose it is now; None where nobody has it, or whoever had it has gone."""
        is_live = self.seen_at is not None and self.seen_at > now - FREE_AFTER
        return self.claimed_by if is_live else None


class Snippet(models.Model):
    """A comment to be put in again: a grader's own, or shared with all who grade in the course. short: the letters that find it."""

    course = models.ForeignKey(Course, on_delete=models.CASCADE, related_name="snippets")
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    short = models.CharField(max_length=24)
    text = models.TextField()
    is_shared = models.BooleanField(default=False)
    made_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("short", "pk")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["course", "owner", "short"], name="snippet_short_once")
        ]

    def __str__(self) -> str:
        return self.short
