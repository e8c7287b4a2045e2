"""What was changed on a published schedule, by whom, and what people were told."""

from django.db import models

from courseplatform.core.append_only import AppendOnly
from courseplatform.courses.models.course import Course
from courseplatform.courses.models.schedule import Session


class ScheduleChange(AppendOnly):
    """One row a change. `sentence` is what members read; history outlives the account, so `by` is text."""

    course = models.ForeignKey(Course, on_delete=models.CASCADE, related_name="changes")
    session = models.ForeignKey(Session, null=True, on_delete=models.SET_NULL, related_name="changes")
    by = models.CharField(max_length=120)
    sentence = models.CharField(max_length=400)
    is_told = models.BooleanField(default=False, help_text="members were notified")
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("-at", "-pk")

    def __str__(self) -> str:
        return self.sentence
