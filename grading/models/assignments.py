"""Work that is due: labs, reports, proposals, the return of the hardware."""

from datetime import datetime
from functools import cached_property
from typing import ClassVar

from django.db import models
from django.urls import reverse
from django.utils import timezone

from courseplatform.courses.models import Course
from grading.spec import BenchSpec


class AssignmentKind(models.TextChoices):
    LAB = "lab", "Lab"
    REPORT = "report", "Report"
    PROPOSAL = "proposal", "Project proposal"
    WRITEUP = "writeup", "Project write-up"
    HARDWARE_RETURN = "hardware_return", "Hardware return"


class HiddenSet(models.Model):
    """Test data that students never see. Inputs may enter the sandbox, labels never do.

    Both files lie under DATA_DIR/hidden: `inputs_file` holds float32 (n, *shape without batch), `labels_file` int64 (n,), as .npy.
    """

    slug = models.SlugField(max_length=60, unique=True)
    title = models.CharField(max_length=160)
    inputs_file = models.CharField(max_length=120)
    labels_file = models.CharField(max_length=120)
    count = models.PositiveIntegerField()
    inputs_sha256 = models.CharField(max_length=64)
    labels_sha256 = models.CharField(max_length=64)
    made_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.title


class AssignmentQuerySet(models.QuerySet["Assignment"]):
    def released(self, now: datetime) -> "AssignmentQuerySet":
        return self.filter(models.Q(released_at__isnull=True) | models.Q(released_at__lte=now))


class Assignment(models.Model):
    """One piece of work of a course. `bench_spec` (see grading/spec.py) says how a model is measured; empty: no model is taken."""

    course = models.ForeignKey(Course, on_delete=models.CASCADE, related_name="assignments")
    slug = models.SlugField(max_length=60)
    kind = models.CharField(max_length=16, choices=AssignmentKind.choices)
    short = models.CharField(max_length=40, help_text="Lab 3")
    title = models.CharField(max_length=160, help_text="Quantization")
    summary = models.TextField(blank=True, help_text="Markdown")
    is_individual = models.BooleanField(default=True)
    released_at = models.DateTimeField(null=True, blank=True)
    due_at = models.DateTimeField()
    points = models.DecimalField(max_digits=6, decimal_places=2, default=0)
    attempts_allowed = models.PositiveSmallIntegerField(default=10)
    is_demo = models.BooleanField(default=False, help_text="invented for the demo, and labelled so")
    bench_spec = models.JSONField(default=dict, blank=True)
    hidden_set = models.ForeignKey(HiddenSet, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    position = models.PositiveSmallIntegerField(default=0)

    objects = AssignmentQuerySet.as_manager()

    class Meta:
        ordering = ("due_at", "position", "pk")
        constraints: ClassVar = [models.UniqueConstraint(fields=["course", "slug"], name="assignment_slug_in_course")]

    def __str__(self) -> str:
        return self.full_title

    def get_absolute_url(self) -> str:
        return reverse("grading:assignment", kwargs={"course": self.course.slug, "assignment": self.slug})

    @property
    def full_title(self) -> str:
        return f"{self.short}: {self.title}" if self.title else self.short

    @property
    def takes_model(self) -> bool:
        return bool(self.bench_spec)

    def is_released(self, now: datetime | None = None) -> bool:
        return self.released_at is None or self.released_at <= (now or timezone.now())

    @cached_property
    def spec(self) -> BenchSpec:
        """The parsed benchmark spec. Raises SpecError when the stored text is not one."""
        return BenchSpec.parse(self.bench_spec)
