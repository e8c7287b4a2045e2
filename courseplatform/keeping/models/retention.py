"""How long a course keeps what, and what leaves soon."""

from typing import Any, ClassVar

from django.db import models

from courseplatform.core.fields import OrderedJSONField
from courseplatform.courses.models import Course
from courseplatform.courses.retention_kinds import days_within


class RetentionPolicy(models.Model):
    """What an instructor chose. A course without a row keeps everything as long as the site's defaults say.

    days: kind -> days after the last day of the course. What it does not name, and what the operators' bounds no longer allow, is read
    through `days_of`. held_at: since when nothing leaves, whatever the days say.
    """

    course = models.OneToOneField(Course, on_delete=models.CASCADE, related_name="retention_policy")
    days: Any = OrderedJSONField(default=dict, blank=True)
    held_at = models.DateTimeField(null=True, blank=True)
    held_by = models.CharField(max_length=254, blank=True)
    hold_reason = models.CharField(max_length=300, blank=True)

    class Meta:
        verbose_name_plural = "retention policies"

    def __str__(self) -> str:
        return f"what {self.course_id} keeps"

    @property
    def is_held(self) -> bool:
        return self.held_at is not None

    def days_of(self, kind: str) -> int:
        """Within the bounds that hold now."""
        return days_within(kind, self.days.get(kind))


class Leaving(models.Model):
    """That a kind of a course leaves on a day, which was announced. It never leaves before both mails were sent.

    leaves_on: a day in the zone of the course. first_told_on, last_told_on: the days of the two mails. gone, gone_bytes: what was deleted
    since the last line of the audit; the line is written when nothing is left. ended_at: when that was last.
    """

    course = models.ForeignKey(Course, on_delete=models.CASCADE, related_name="leavings")
    kind = models.CharField(max_length=24)
    leaves_on = models.DateField()
    first_told_on = models.DateField()
    last_told_on = models.DateField(null=True, blank=True)
    gone = models.PositiveIntegerField(default=0)
    gone_bytes = models.PositiveBigIntegerField(default=0)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["course", "kind"], name="one_leaving_of_a_kind")]

    def __str__(self) -> str:
        return f"{self.kind} of {self.course_id} leaves on {self.leaves_on}"
