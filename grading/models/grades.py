"""What a grade is made of: the rubric, the events whose fold is the grade (grading/grade.py), and when students may see it."""

from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse

from courseplatform.core.append_only import AppendOnly
from grading.models.assignments import Assignment
from grading.models.runs import Result
from grading.models.submissions import Submission


class RubricItem(models.Model):
    """One line of the rubric of an assignment. `points`: the most it can give. Once used it is withdrawn instead of deleted."""

    assignment = models.ForeignKey(Assignment, on_delete=models.CASCADE, related_name="rubric")
    key = models.SlugField(max_length=60)
    title = models.CharField(max_length=160)
    points = models.DecimalField(max_digits=6, decimal_places=2)
    note = models.CharField(max_length=400, blank=True, help_text="what the points are given for")
    is_one_of = models.BooleanField(default=False, help_text="exactly one of its options is ticked")
    is_extra = models.BooleanField(default=False, help_text="extra credit, beyond what the assignment is worth")
    position = models.PositiveSmallIntegerField(default=0)
    is_withdrawn = models.BooleanField(default=False, help_text="no longer in the rubric, kept for what was graded")

    class Meta:
        ordering = ("position", "pk")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["assignment", "key"], name="rubric_key_in_assignment"),
            models.CheckConstraint(condition=Q(points__gt=0), name="rubric_item_gives_something"),
        ]

    def __str__(self) -> str:
        return self.title


class RubricOption(models.Model):
    """What a grader can tick in an item. `points`: what it gives, or takes where it is negative. Once used it is withdrawn."""

    item = models.ForeignKey(RubricItem, on_delete=models.CASCADE, related_name="options")
    key = models.SlugField(max_length=60)
    title = models.CharField(max_length=240)
    points = models.DecimalField(max_digits=6, decimal_places=2)
    position = models.PositiveSmallIntegerField(default=0)
    is_withdrawn = models.BooleanField(default=False, help_text="no longer in the rubric, kept for what was graded")

    class Meta:
        ordering = ("position", "pk")
        constraints: ClassVar = [models.UniqueConstraint(fields=["item", "key"], name="rubric_option_in_item")]

    def __str__(self) -> str:
        return self.title


class OfGrade(AppendOnly):
    kept = "What was written about a grade"

    class Meta:
        abstract = True


class GradeKind(models.TextChoices):
    """rubric: what an item is worth. benchmark: what the active attempt measured. override: what the whole is worth. regrade: what an
    item is worth after a regrade request. note: words alone."""

    RUBRIC = "rubric", "Rubric"
    BENCHMARK = "benchmark", "Measured"
    OVERRIDE = "override", "Set by hand"
    REGRADE = "regrade", "Regrade"
    NOTE = "note", "Note"


OF_ITEM = Q(kind__in=["rubric", "regrade"])


MEASUREMENT = "measurement"  # who wrote an event that nobody wrote


class GradeEvent(OfGrade):
    """One thing that happened to the grade of one person for one assignment. The grade is the fold of its events.

    points: what the item (or the measured part, or the whole) is worth from now on; None: nothing is said any more. options: keys of what
    was ticked in the item. cause: the regrade request that led to it. actor: who did it, in words that outlive the account.
    """

    assignment = models.ForeignKey(Assignment, on_delete=models.PROTECT, related_name="grade_events")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="grade_events")
    kind = models.CharField(max_length=10, choices=GradeKind.choices)
    item = models.ForeignKey(RubricItem, null=True, blank=True, on_delete=models.PROTECT, related_name="events")
    points = models.DecimalField(max_digits=6, decimal_places=2, null=True, blank=True)
    options = models.JSONField(default=list, blank=True)
    reason = models.CharField(max_length=4000, blank=True)
    cause = models.ForeignKey(
        "grading.RegradeRequest", null=True, blank=True, on_delete=models.PROTECT, related_name="events"
    )
    submission = models.ForeignKey(Submission, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    result = models.ForeignKey(Result, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    actor = models.CharField(max_length=120)
    actor_person = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    made_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("pk",)
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=(OF_ITEM & Q(item__isnull=False)) | Q(kind="note") | (~OF_ITEM & Q(item__isnull=True)),
                name="grade_event_of_an_item_names_it",
            ),
            models.CheckConstraint(condition=Q(points=None) | Q(points__gte=0), name="grade_points_are_not_negative"),
        ]
        indexes: ClassVar = [models.Index(fields=["assignment", "person"], name="grade_events_of_person")]

    def __str__(self) -> str:
        return f"{self.kind} {self.points}"


class GradeRelease(OfGrade):
    """From when on students see the grades of an assignment; taking them back is another row. The newest row holds.

    is_partial: only those who stand in its `people` see theirs. statistics_shown: how the grades are spread is shown to students. is_mailed:
    the news goes by mail too, as each has chosen. words: what the mail says besides. reason: why the grades were taken back. works: of how
    many pieces of work the released grades were then. made_with: names the press of the button, so that the same press releases once.
    """

    assignment = models.ForeignKey(Assignment, on_delete=models.PROTECT, related_name="grade_releases")
    is_released = models.BooleanField()
    is_partial = models.BooleanField(default=False)
    statistics_shown = models.BooleanField(default=False)
    is_mailed = models.BooleanField(default=True)
    words = models.TextField(blank=True, help_text="Markdown")
    reason = models.CharField(max_length=4000, blank=True)
    works = models.PositiveIntegerField(default=0)
    made_with = models.UUIDField(null=True, blank=True, unique=True, editable=False)
    by = models.CharField(max_length=120)
    at = models.DateTimeField()

    class Meta:
        ordering = ("pk",)

    def __str__(self) -> str:
        return "released" if self.is_released else "taken back"


class ReleasedTo(models.Model):
    """That a release is for this person, and whether they were told.

    since_at: when they came to see their grade, also where that was by a release before this one. is_due: they are still to be told, by
    `services/release_news.py`.
    """

    release = models.ForeignKey(GradeRelease, on_delete=models.CASCADE, related_name="people")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    since_at = models.DateTimeField()
    is_due = models.BooleanField(default=True)
    told_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("pk",)
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["release", "person"], name="released_once_to_a_person")
        ]
        indexes: ClassVar = [
            models.Index(fields=["release", "id"], name="released_and_not_told", condition=Q(is_due=True))
        ]

    def __str__(self) -> str:
        return f"{self.release_id} to {self.person_id}"


def grade_path(assignment: Assignment, name: str = "grade", **more: Any) -> str:
    """The address of a page of grades: grade, grades, grades_person, ..."""
    if more:
        return reverse(
            f"grading:{name}", kwargs={"course": assignment.course.slug, "assignment": assignment.slug, **more}
        )
    return assignment.address(name)
