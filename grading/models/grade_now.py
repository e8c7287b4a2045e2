"""What the grades are now, one narrow row each, so that a gradebook of ten thousand cells need not fold ten thousand histories."""

from typing import ClassVar

from django.conf import settings
from django.db import models

from grading.models.assignments import Assignment


class GradeNow(models.Model):
    """The fold of the events of one person for one assignment, as grading/grade.py makes it. There is one wherever there is an event.

    Written by grading/services/grade_rows.py in the transaction of whatever changes the fold; `manage.py gradebook --check` folds again
    and compares. points: after lateness; None: nothing was graded. measured: of them before lateness, by a machine. late: what lateness
    does, in words. seen: the newest event that a person wrote, as the forms of grades ask for it.
    """

    assignment = models.ForeignKey(Assignment, on_delete=models.CASCADE, related_name="grades_now")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    points = models.DecimalField(max_digits=8, decimal_places=2, null=True)
    of = models.DecimalField(max_digits=8, decimal_places=2)
    measured = models.DecimalField(max_digits=8, decimal_places=2, null=True)
    is_complete = models.BooleanField(default=False)
    is_set_by_hand = models.BooleanField(default=False)
    late = models.CharField(max_length=200, blank=True)
    seen = models.PositiveBigIntegerField(default=0)
    last_event = models.PositiveBigIntegerField(default=0)
    changed_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["assignment", "person"], name="one_grade_now")]

    def __str__(self) -> str:
        return f"{self.points} of {self.of}"


FIELDS = ("points", "of", "measured", "is_complete", "is_set_by_hand", "late", "seen", "last_event")
