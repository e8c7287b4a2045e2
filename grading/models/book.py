"""What leaves the gradebook, and Canvas's files on their way through it."""

from typing import ClassVar

from django.conf import settings
from django.db import models

from courseplatform.core.append_only import AppendOnly
from courseplatform.courses.models import Course


class BookExport(AppendOnly):
    """One download of grades. columns: titles of what went out. people: how many rows. shown: which rows, in words. History outlives accounts."""

    kept = "The list of what was exported"

    class Kind(models.TextChoices):
        CSV = "csv", "CSV"
        EXCEL = "excel", "Excel"
        CANVAS = "canvas", "Canvas"

    course = models.ForeignKey(Course, on_delete=models.CASCADE, related_name="book_exports")
    kind = models.CharField(max_length=8, choices=Kind.choices)
    by = models.CharField(max_length=120)
    by_person = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    at = models.DateTimeField(auto_now_add=True)
    columns = models.JSONField(default=list)
    people = models.PositiveIntegerField()
    shown = models.CharField(max_length=240, blank=True)
    file_name = models.CharField(max_length=160, blank=True)

    class Meta:
        ordering = ("-pk",)

    def __str__(self) -> str:
        return f"{self.get_kind_display()} by {self.by}"


class CanvasFile(models.Model):
    """Canvas's export between its upload and the download, deleted after a week: it holds the grades of a class.

    content: the file, compressed. confirmed: number of a line -> key of the person, as somebody said. chosen: Canvas's number of an assignment ->
    key of our column. with_missing: missing work becomes 0.
    """

    course = models.ForeignKey(Course, on_delete=models.CASCADE, related_name="canvas_files")
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    by = models.CharField(max_length=120)
    made_at = models.DateTimeField(auto_now_add=True)
    file_name = models.CharField(max_length=160, blank=True)
    content = models.BinaryField()
    confirmed = models.JSONField(default=dict)
    chosen = models.JSONField(default=dict)
    is_released_only = models.BooleanField(default=True)
    with_missing = models.BooleanField(default=False)

    class Meta:
        ordering = ("-pk",)

    def __str__(self) -> str:
        return self.file_name or f"file of {self.made_at:%Y-%m-%d}"


class CanvasColumn(models.Model):
    """What a column of Canvas is here, as it was chosen last. key: that of a column of the gradebook."""

    course = models.ForeignKey(Course, on_delete=models.CASCADE, related_name="canvas_columns")
    canvas_id = models.CharField(max_length=20)
    key = models.CharField(max_length=80)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["course", "canvas_id"], name="canvas_column_once_in_course")
        ]

    def __str__(self) -> str:
        return f"{self.canvas_id}: {self.key}"
