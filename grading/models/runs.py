"""One measurement of one submission, and what came out of it."""

from decimal import Decimal
from typing import Any, ClassVar

from django.db import models
from django.urls import reverse

from courseplatform.courses.access import Visit
from grading.models.submissions import Submission
from hardware.models import Job


class Phase(models.TextChoices):
    """What a running run is doing; the page shows these in this order."""

    CHECK = "check", "Check"
    TIMING = "timing", "Timing on the host"
    ACCURACY = "accuracy", "Accuracy"
    POINTS = "points", "Points"


def step_of(phase: str) -> tuple[Phase | None, int]:
    """Of what a worker says it is doing: the phase, and the number of the stage of a pipeline, 0 without one: `timing:2`."""
    name, _, number = phase.partition(":")
    known = Phase(name) if name in Phase.values else None
    return known, int(number) if number.isascii() and number.isdecimal() else 0


class RunQuerySet(models.QuerySet["Run"]):
    def visible_to(self, visit: Visit) -> "RunQuerySet":
        """Staff of the course see all of it, a student the runs of the attempts that they see."""
        return self.filter(submission__in=Submission.objects.visible_to(visit))


class Run(Job):
    """A job that measures a submission. Its `status` and `outcome` are the job's: one row holds one truth."""

    submission = models.ForeignKey(Submission, on_delete=models.PROTECT, related_name="runs")
    requested_by = models.CharField(max_length=120)

    objects: ClassVar = RunQuerySet.as_manager()

    class Meta:
        ordering = ("-queued_at",)

    @property
    def job(self) -> Job:
        """The row that the leases move."""
        return Job.objects.get(pk=self.pk)

    def get_absolute_url(self) -> str:
        return reverse("grading:run", kwargs={"course": self.submission.assignment.course.slug, "run": self.pk})


class Result(models.Model):
    """What a measured run came to. Written once, together with the end of the run.

    report: counted facts of the graph (grading/bench/report.py). host: wall-clock times of this machine, shown and not graded.
    metrics: flat numbers that the criteria name. quality: accuracy with its interval, confusion. points: the explained lines.
    environment: isolation, runtime and versions. left_open: points that the machine does not give, the staff do. graded_by: which
    machine it was, in words; empty in results of before. points_by, measured_by: digests of the rules that points follow from and of what was
    measured on (grading/reruns/rules.py); empty where nobody kept them.
    """

    run = models.OneToOneField(Run, on_delete=models.CASCADE, related_name="result")
    report = models.JSONField()
    host = models.JSONField()
    metrics = models.JSONField()
    quality = models.JSONField()
    points = models.JSONField()
    environment = models.JSONField()
    earned = models.DecimalField(max_digits=6, decimal_places=2)
    of = models.DecimalField(max_digits=6, decimal_places=2)
    left_open = models.DecimalField(max_digits=6, decimal_places=2, default=Decimal)
    graded_by = models.CharField(max_length=160, blank=True)
    points_by = models.CharField(max_length=16, blank=True)
    measured_by = models.CharField(max_length=16, blank=True)
    made_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"{self.earned} of {self.of}"

    @property
    def lines(self) -> list[dict[str, Any]]:
        return list(self.points)
