"""What the hardware room holds of the kinds that leave a course: what went to boards and came back."""

from datetime import datetime
from typing import Any

from django.db.models import Count, Sum

from courseplatform.core.leaving import file_leaves
from courseplatform.courses.models import Course
from courseplatform.courses.retention_kinds import Found, Source, add_retention_source
from hardware.models import Status
from hardware.models.runners import BoardFile, LogPiece, Purpose

OF_MODELS = {
    "job__purpose": Purpose.MEASURE,
    "job__status": Status.FINISHED,
}  # golden models and calibrations are the board's own


def register() -> None:
    add_retention_source("hardware.files", Source("logs", _files_found, _files_take))
    add_retention_source("hardware.logs", Source("logs", _logs_found, _logs_take))


def _rows(model: Any, course: Course, before: datetime | None) -> Any:
    """Through the base manager, which may delete what is only added."""
    rows = model._base_manager.filter(job__course=course, **OF_MODELS)
    return rows if before is None else rows.filter(job__queued_at__lt=before)


def _files_found(course: Course, before: datetime | None) -> list[Found]:
    held = _rows(BoardFile, course, before).aggregate(n=Count("pk"), size=Sum("bytes"))
    return [Found("", held["n"], held["size"] or 0)]


def _files_take(course: Course, before: datetime, most: int, now: datetime) -> Found:
    taken = list(_rows(BoardFile, course, before).order_by("pk")[:most])
    for row in taken:
        file_leaves(str(row.file.name))
    BoardFile.objects.filter(pk__in=[row.pk for row in taken]).delete()
    return Found("", len(taken), sum(row.bytes for row in taken))


def _logs_found(course: Course, before: datetime | None) -> list[Found]:
    held = _rows(LogPiece, course, before).aggregate(n=Count("pk"), size=Sum("size"))
    return [Found("", held["n"], held["size"] or 0)]


def _logs_take(course: Course, before: datetime, most: int, now: datetime) -> Found:
    taken = list(_rows(LogPiece, course, before).order_by("pk").values_list("pk", "size")[:most])
    LogPiece._base_manager.filter(pk__in=[pk for pk, _ in taken]).delete()
    return Found("", len(taken), sum(size for _, size in taken))
