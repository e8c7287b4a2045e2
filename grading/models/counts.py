"""The count of instructions of a measured model: a second job, after the result stands."""

from typing import Any, ClassVar

from django.db import models

from grading.models.runs import Run
from hardware.models import Job


class CountRun(Job):
    """A job that counts instructions. Its `status` and `outcome` are the job's and say nothing about the student: whatever becomes of it,
    the result stands.

    counted: what it came to, written together with the end of the job: {per_inference, short, long, inferences, seconds, tool, machine,
    evidence}; empty until then, and where nothing could be counted.
    """

    measured_run = models.OneToOneField(Run, on_delete=models.CASCADE, related_name="count")
    counted: Any = models.JSONField(default=dict, blank=True)

    objects: ClassVar = models.Manager()
