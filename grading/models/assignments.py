"""Work that is due: labs, reports, proposals, the return of the hardware."""

from datetime import datetime, time
from functools import cached_property, lru_cache
from typing import ClassVar

from django.db import models
from django.urls import reverse
from django.utils import timezone

from courseplatform.courses.access import Visit
from courseplatform.courses.models import Course
from grading.parts import STATEMENT, Part, parts_of
from grading.spec import BenchSpec, SpecError


class AssignmentKind(models.TextChoices):
    LAB = "lab", "Lab"
    NOTEBOOK = "notebook", "Lab notebook"
    REPORT = "report", "Report"
    PROPOSAL = "proposal", "Project proposal"
    WRITEUP = "writeup", "Project write-up"
    SCRIBE_NOTE = "scribe_note", "Scribe note"
    PAPER_REVIEW = "paper_review", "Paper review"
    FINAL_REPORT = "final_report", "Final report"
    PRESENTATION = "presentation", "Presentation"
    HARDWARE_RETURN = "hardware_return", "Hardware return"


ATTEMPTS = 10  # allowed where an assignment says nothing else


class ActiveRule(models.TextChoices):
    """Which of several attempts the grade rests on. Chosen: the one that its owner chose last, before that the newest."""

    BEST = "best", "the best one"
    LATEST = "latest", "the latest one"
    CHOSEN = "chosen", "the one that you choose"


class NewerAttempt(models.TextChoices):
    """What a newer attempt means for an older one of the same owner that still waits to be measured."""

    OFFER = "offer", "it may take over the place, if its owner says so"
    REPLACE = "replace", "it takes over the place by itself"
    WAIT = "wait", "both are measured, one after the other"


class HiddenSet(models.Model):
    """Test data that students never see. Inputs may enter the sandbox, labels never do.

    Both files lie where grading/hidden_sets/kept.py says, as .npy: `inputs_file` holds (n, *shape without batch), `labels_file` what the set's task asks for
    (docs/tasks.md); "" where the inputs themselves are the target.
    facts: what they hold (grading/hidden_sets/facts.py: task, shape, dtype, low, high and more); empty for a set of which nobody looked it up.
    course: whose staff sent it; None: of the site itself.
    """

    slug = models.SlugField(max_length=60, unique=True)
    title = models.CharField(max_length=160)
    inputs_file = models.CharField(max_length=120)
    labels_file = models.CharField(max_length=120)
    count = models.PositiveIntegerField()
    inputs_sha256 = models.CharField(max_length=64)
    labels_sha256 = models.CharField(max_length=64)
    facts = models.JSONField(default=dict, blank=True)
    course = models.ForeignKey(Course, null=True, blank=True, on_delete=models.SET_NULL, related_name="hidden_sets")
    made_by = models.CharField(max_length=254, blank=True, help_text="text, because history outlives accounts")
    made_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.title


class AssignmentQuerySet(models.QuerySet["Assignment"]):
    def of(self, course: Course) -> "AssignmentQuerySet":
        """The published work of a course, without what left its course file: what pages, feeds and counts mean by its assignments."""
        return self.kept_of(course).filter(is_draft=False)

    def kept_of(self, course: Course) -> "AssignmentQuerySet":
        """With its drafts: for what the staff prepare, and for the course file."""
        return self.filter(course=course, is_withdrawn=False)

    def visible_to(self, visit: Visit) -> "AssignmentQuerySet":
        """Drafts are there for the staff alone."""
        return self.kept_of(visit.course) if visit.is_staff else self.of(visit.course)

    def released(self, now: datetime) -> "AssignmentQuerySet":
        return self.filter(models.Q(released_at__isnull=True) | models.Q(released_at__lte=now))


OPENS, CLOSES = time(), time(23, 59)  # the hour of a day that names none


def instant_of(course: Course, wall: str, at: time) -> datetime:
    """`2023-09-15 23:59` in the course's zone; `at` is the hour of a day that names none."""
    found = datetime.fromisoformat(wall)
    return course.wall(found.date(), found.time() if len(wall) > 10 else at)


@lru_cache(maxsize=4096)
def _address(name: str, course: str, assignment: str) -> str:
    return reverse(f"grading:{name}", kwargs={"course": course, "assignment": assignment})


class Assignment(models.Model):
    """One piece of work of a course. `bench_spec` (see grading/spec/) says how a model is measured; empty: no model is taken.

    Due and release are wall times of the course's zone (`2023-09-15 23:59`, or a day alone whose hour nobody stated: then its last
    minute holds); `due_at` and `released_at` are their instants, for queries; `set_dates` writes both. A course may state no due time at
    all: then `due_at` is None and nothing is ever late.
    """

    course = models.ForeignKey(Course, on_delete=models.CASCADE, related_name="assignments")
    slug = models.SlugField(max_length=60)
    kind = models.CharField(max_length=16, choices=AssignmentKind.choices)
    short = models.CharField(max_length=40, help_text="Lab 3")
    title = models.CharField(max_length=160, help_text="Quantization")
    summary = models.TextField(blank=True, help_text="Markdown")
    is_individual = models.BooleanField(default=True)
    released_wall = models.CharField(max_length=16, blank=True)
    released_at = models.DateTimeField(null=True, blank=True)
    due_wall = models.CharField(max_length=16, blank=True)
    due_at = models.DateTimeField(null=True, blank=True)
    listed_under = models.DateField(null=True, blank=True, help_text="the session beside which it stands")
    worth_percent = models.DecimalField(max_digits=5, decimal_places=2, null=True, blank=True, help_text="of the grade")
    is_counted = models.BooleanField(default=True, help_text="off: outside the grade")
    points = models.DecimalField(max_digits=6, decimal_places=2, default=0)
    attempts_allowed = models.PositiveSmallIntegerField(default=ATTEMPTS)
    cooldown_minutes = models.PositiveSmallIntegerField(default=0, help_text="between two attempts that count")
    active_rule = models.CharField(max_length=8, choices=ActiveRule.choices, default=ActiveRule.BEST)
    newer_attempt = models.CharField(max_length=8, choices=NewerAttempt.choices, default=NewerAttempt.OFFER)
    needs_statement = models.BooleanField(default=False, help_text="a collaboration statement has to be there")
    late_rules = models.JSONField(
        default=dict, blank=True, help_text="cap, no_late and cutoff, as the course file says them"
    )
    regrade_rules = models.JSONField(
        default=dict, blank=True, help_text="opens_hours, closes_days and limit; empty: no regrade requests"
    )
    leaderboard = models.JSONField(
        default=dict, blank=True, help_text="shown and metrics, as the course file says them; empty: not shown"
    )
    is_anonymous = models.BooleanField(default=False, help_text="names are hidden from graders until the release")
    statistics_shown = models.BooleanField(
        default=False, help_text="students see how the released grades are spread, where a release says nothing else"
    )
    is_withdrawn = models.BooleanField(
        default=False, help_text="no longer in the course file, kept for what was handed in"
    )
    is_draft = models.BooleanField(default=False, help_text="seen by the staff alone until it is published")
    is_demo = models.BooleanField(default=False, help_text="invented for the demo, and labelled so")
    parts = models.JSONField(default=list, blank=True, help_text="as the course file says them: grading/parts.py")
    bench_spec = models.JSONField(default=dict, blank=True)
    hidden_set = models.ForeignKey(HiddenSet, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    position = models.PositiveSmallIntegerField(default=0)
    sequence = models.PositiveIntegerField(
        default=0, help_text="raised by each change of title or due time, for calendars"
    )

    objects = AssignmentQuerySet.as_manager()

    class Meta:
        ordering = ("due_at", "position", "pk")
        constraints: ClassVar = [models.UniqueConstraint(fields=["course", "slug"], name="assignment_slug_in_course")]

    def __str__(self) -> str:
        return self.full_title

    def get_absolute_url(self) -> str:
        return self.address("assignment")

    def address(self, name: str) -> str:
        """Of a page that this assignment alone names. Lists of a course ask for the same dozen again and again."""
        return _address(name, self.course.slug, self.slug)

    @property
    def full_title(self) -> str:
        return f"{self.short}: {self.title}" if self.title else self.short

    @cached_property
    def all_parts(self) -> tuple[Part, ...]:
        """What is handed in, in the order of the page; with the model and the statement where they are asked for."""
        return parts_of(self.parts, is_benchmarked=bool(self.bench_spec), needs_statement=self.needs_statement)

    @property
    def takes_model(self) -> bool:
        """Whether an attempt brings one model that is measured for points."""
        return any(part.is_model for part in self.all_parts)

    @property
    def family(self) -> Part | None:
        """The part that asks for several models."""
        return next((part for part in self.all_parts if part.kind == "models"), None)

    @property
    def takes_anything(self) -> bool:
        """Whether it is handed in on the site at all. A statement alone is nothing to hand in."""
        return any(part.kind != STATEMENT for part in self.all_parts)

    def is_released(self, now: datetime | None = None) -> bool:
        """Whether work on it may begin; a draft waits for its publication."""
        return not self.is_draft and (self.released_at is None or self.released_at <= (now or timezone.now()))

    def set_dates(self, *, released: str = "", due: str = "") -> None:
        """Wall times of the course's zone; empty: open from the start, no due time."""
        self.released_wall, self.due_wall = released, due
        self.released_at = instant_of(self.course, released, OPENS) if released else None
        self.due_at = instant_of(self.course, due, CLOSES) if due else None

    def is_past_due(self, now: datetime) -> bool:
        return self.due_at is not None and self.due_at < now

    @property
    def device(self) -> str:
        """The lab's first device; "" where it names none, or where its spec cannot be read any more."""
        try:
            return self.spec.device if self.bench_spec else ""
        except SpecError:
            return ""

    @cached_property
    def spec(self) -> BenchSpec:
        """The parsed benchmark spec. Raises SpecError when the stored text is not one."""
        return BenchSpec.parse(self.bench_spec)
