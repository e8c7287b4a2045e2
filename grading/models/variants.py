"""The measurement of one variant of a family of models."""

from typing import Any, ClassVar

from django.db import models

from courseplatform.courses.access import Visit
from grading.models.pieces import Piece
from hardware.models import Job


class VariantRunQuerySet(models.QuerySet["VariantRun"]):
    def visible_to(self, visit: Visit) -> "VariantRunQuerySet":
        return self.filter(piece__in=Piece.objects.visible_to(visit))


class VariantRun(Job):
    """A job that measures one variant, for the plots and not for points. Its `status` and `outcome` are the job's.

    measured: what it came to, written together with the end of the run: {report, host, metrics, quality, environment, size}; `size` is the
    side of the input in pixels. Empty until then.
    """

    piece = models.ForeignKey(Piece, on_delete=models.PROTECT, related_name="runs")
    measured: Any = models.JSONField(default=dict, blank=True)

    objects: ClassVar = VariantRunQuerySet.as_manager()

    class Meta:
        ordering = ("-queued_at",)
