"""A run that a board measures: which job of the runners belongs to which job of ours."""

from typing import ClassVar

from django.db import models

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
