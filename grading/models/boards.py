"""A run that a board measures: which job of the runners belongs to which job of ours; and one that somebody asked for."""

from typing import ClassVar

from django.db import models

from grading.models.submissions import Submission
from hardware.models import BoardJob, Job


class BoardRun(models.Model):
    """The job of a runner that measures for a job of ours (a hand-in, a model of a re-run). While it is open, ours waits in line.

    seed: of the order in which the board was given the inputs.
    """

    job = models.OneToOneField(BoardJob, on_delete=models.CASCADE, related_name="board_run")
    for_job = models.ForeignKey(Job, on_delete=models.CASCADE, related_name="board_runs")
    seed = models.BigIntegerField()

    objects: ClassVar = models.Manager()

    def __str__(self) -> str:
        return f"{self.job_id} for {self.for_job_id}"


class BoardAsk(Job):
    """A board run of an attempt that has a result from this machine, asked for by its owner or by the staff.

    Until a board has measured it nothing about the attempt changes. Then the job becomes a run of the attempt (grading/measuring/ask_end.py),
    and what it came to is its newest result. asked_by: text, because history outlives accounts. is_by_staff: it uses up none of the owner's.
    rules: digest of what the lab asked when it was asked for (grading/reruns/rules.py); by other rules nothing is measured.
    """

    submission = models.ForeignKey(Submission, on_delete=models.PROTECT, related_name="board_asks")
    asked_by = models.CharField(max_length=120)
    is_by_staff = models.BooleanField(default=False)
    rules = models.CharField(max_length=16)

    objects: ClassVar = models.Manager()

    class Meta:
        ordering = ("-queued_at",)

    @property
    def job(self) -> Job:
        """The row that the leases move."""
        return Job.objects.get(pk=self.pk)
