"""What a course file said when it was taken, and of which states copies were taken down: by both an import tells edits of people
from what the file changes.
"""

from typing import ClassVar

from django.db import models

from courseplatform.core.fields import OrderedJSONField
from courseplatform.courses.models.course import Course


class CourseFileImport(models.Model):
    """Append-only: one row an import. `tree` is the file as plain values, also where edits of the pages were kept against it.

    `by` is an address or the name of a command; history outlives the account, so it is text.
    """

    course = models.ForeignKey(Course, on_delete=models.CASCADE, related_name="file_imports")
    by = models.CharField(max_length=254)
    at = models.DateTimeField(auto_now_add=True)
    tree = OrderedJSONField(default=dict)

    class Meta:
        ordering = ("-at", "-pk")

    def __str__(self) -> str:
        return f"{self.course_id} by {self.by}"


class CourseFileCopy(models.Model):
    """A state of the course that somebody took down as a file, once for each state: `course_file/copies.py` knows the file again by it."""

    course = models.ForeignKey(Course, on_delete=models.CASCADE, related_name="file_copies")
    state = models.CharField(max_length=16)
    at = models.DateTimeField(auto_now_add=True)
    tree = OrderedJSONField(default=dict)

    class Meta:
        ordering = ("-at", "-pk")
        constraints: ClassVar = [models.UniqueConstraint(fields=["course", "state"], name="course_file_copy_once")]

    def __str__(self) -> str:
        return f"{self.course_id} at {self.state}"
