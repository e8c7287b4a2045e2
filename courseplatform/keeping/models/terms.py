"""Archives of courses that are made at a page, and courses that are to be deleted."""

import uuid
from datetime import datetime, timedelta
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from courseplatform.core.states import MoveRow, Moves
from courseplatform.courses.models import Course

SILENT = timedelta(minutes=2)  # a worker that makes one says every few seconds that it goes on
STAYS = timedelta(days=7)


class ArchiveStatus(models.TextChoices):
    WAITING = "waiting", "In line"
    RUNNING = "running", "Being made"
    DONE = "done", "Ready"
    FAILED = "failed", "Not made"
    GONE = "gone", "Deleted"


ARCHIVE_MOVES: Moves = {
    ArchiveStatus.WAITING: frozenset({ArchiveStatus.RUNNING, ArchiveStatus.FAILED}),
    ArchiveStatus.RUNNING: frozenset({ArchiveStatus.WAITING, ArchiveStatus.DONE, ArchiveStatus.FAILED}),
    ArchiveStatus.DONE: frozenset({ArchiveStatus.GONE}),
    ArchiveStatus.FAILED: frozenset(),
    ArchiveStatus.GONE: frozenset(),
}
ARCHIVE_OPEN = frozenset({ArchiveStatus.WAITING, ArchiveStatus.RUNNING})


def archive_path(archive: "CourseArchive", file_name: str) -> str:
    return f"archives/{archive.pk}/{uuid.uuid4().hex}.zip"


class CourseArchive(models.Model):
    """One archive that an instructor asked for. beat_at: the last sign of life of the worker; tries: how often one began.

    done_files, done_bytes: how far it is. A course has one in the making at a time. files, bytes, sha256: of the finished ZIP.
    """

    course = models.ForeignKey(Course, on_delete=models.CASCADE, related_name="archives")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    status = models.CharField(
        max_length=8, choices=ArchiveStatus.choices, default=ArchiveStatus.WAITING, editable=False
    )
    asked_at = models.DateTimeField(default=timezone.now)
    beat_at = models.DateTimeField(null=True, blank=True)
    tries = models.PositiveSmallIntegerField(default=0)
    done_files = models.PositiveIntegerField(default=0)
    done_bytes = models.PositiveBigIntegerField(default=0)
    ended_at = models.DateTimeField(null=True, blank=True)
    file = models.FileField(upload_to=archive_path, max_length=200, blank=True)
    files = models.PositiveIntegerField(default=0)
    bytes = models.PositiveBigIntegerField(default=0)
    missing = models.PositiveIntegerField(default=0)
    sha256 = models.CharField(max_length=64, blank=True)
    error_code = models.CharField(max_length=60, blank=True)
    error_message = models.CharField(max_length=500, blank=True)

    class Meta:
        ordering = ("-asked_at", "-pk")
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["course"], condition=Q(status__in=sorted(ARCHIVE_OPEN)), name="one_archive_in_the_making"
            )
        ]

    def __str__(self) -> str:
        return f"archive of {self.course_id}, {self.get_status_display().lower()}"

    @property
    def is_open(self) -> bool:
        return self.status in ARCHIVE_OPEN

    @property
    def goes_at(self) -> datetime | None:
        return self.ended_at + STAYS if self.status == ArchiveStatus.DONE and self.ended_at else None


class ArchiveMove(MoveRow):
    subject = models.ForeignKey(CourseArchive, on_delete=models.CASCADE, related_name="moves")


class CourseDeletion(models.Model):
    """That a closed course is to be deleted. due_at: not before. taken_back_at: it was taken back. begun_at: rows have gone; there is no way back.

    One stands for a course at a time; with the course it goes, too.
    """

    course = models.ForeignKey(Course, on_delete=models.CASCADE, related_name="deletions")
    asked_at = models.DateTimeField(default=timezone.now)
    asked_by = models.CharField(max_length=254)
    due_at = models.DateTimeField()
    taken_back_at = models.DateTimeField(null=True, blank=True)
    taken_back_by = models.CharField(max_length=254, blank=True)
    begun_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["course"], condition=Q(taken_back_at=None), name="one_deletion_of_a_course")
        ]

    def __str__(self) -> str:
        return f"{self.course_id} is to be deleted after {self.due_at}"
