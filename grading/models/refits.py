"""The cost model fitted to what a board of the course has measured of itself: what came out, and whether the course uses it."""

from typing import Any, ClassVar

from django.db import models
from django.db.models import Q
from django.urls import reverse

from courseplatform.core.states import MoveRow, Moves
from courseplatform.courses.access import Visit
from courseplatform.courses.models import Course
from hardware.models import BoardCalibration

REASON_LETTERS = (10, 300)  # the most is what a row of the history holds


class RefitStatus(models.TextChoices):
    """replaced: by a newer one of the same board, runtime, precision and threads. withdrawn: the staff took it back."""

    WAITING = "waiting", "being fitted"
    DRAFT = "draft", "to be decided"
    REFUSED = "refused", "not usable"
    ADOPTED = "adopted", "in use"
    REPLACED = "replaced", "replaced"
    WITHDRAWN = "withdrawn", "taken back"
    DISCARDED = "discarded", "discarded"


S = RefitStatus
REFIT_MOVES: Moves = {
    S.WAITING: frozenset({S.DRAFT, S.REFUSED}),
    S.DRAFT: frozenset({S.ADOPTED, S.DISCARDED}),
    S.REFUSED: frozenset(),
    S.ADOPTED: frozenset({S.REPLACED, S.WITHDRAWN}),
    S.REPLACED: frozenset({S.ADOPTED}),
    S.WITHDRAWN: frozenset({S.ADOPTED}),
    S.DISCARDED: frozenset(),
}


class RefitQuerySet(models.QuerySet["Refit"]):
    def visible_to(self, visit: Visit) -> "RefitQuerySet":
        """The staff of the course: members read on a result what it was modelled with."""
        return self.filter(course=visit.course) if visit.is_staff else self.none()

    def adopted(self) -> "RefitQuerySet":
        return self.filter(status=RefitStatus.ADOPTED)


class Refit(models.Model):
    """One fit to one calibration of a board.

    speaks_for: board, runtime, precision and threads, whatever the version of the runtime; one of them is in use at a time. coefficients:
    grading/bench/cost/coefficients.py: Coefficients. judged: refitting.Judgement, points: refitting.Point of each network. standing: in words,
    what it was compared with. said: why it was refused.
    """

    calibration = models.OneToOneField(BoardCalibration, on_delete=models.CASCADE, related_name="refit")
    course = models.ForeignKey(Course, on_delete=models.CASCADE, related_name="refits")
    speaks_for = models.CharField(max_length=120)
    status = models.CharField(max_length=10, choices=RefitStatus.choices, default=RefitStatus.WAITING, editable=False)
    coefficients: Any = models.JSONField(default=dict, blank=True)
    judged: Any = models.JSONField(default=dict, blank=True)
    points: Any = models.JSONField(default=list, blank=True)
    standing = models.CharField(max_length=200, blank=True)
    said = models.CharField(max_length=400, blank=True)
    made_at = models.DateTimeField()
    fitted_at = models.DateTimeField(null=True, blank=True)
    decided_by = models.CharField(max_length=120, blank=True, help_text="text, because history outlives accounts")
    decided_at = models.DateTimeField(null=True, blank=True)
    reason = models.CharField(max_length=300, blank=True)

    objects = RefitQuerySet.as_manager()

    class Meta:
        ordering = ("-pk",)
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["course", "speaks_for"], condition=Q(status=RefitStatus.ADOPTED), name="one_calibration_in_use"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("grading:calibration", kwargs={"course": self.course.slug, "calibration": self.pk})

    @property
    def name(self) -> str:
        """As results name it."""
        return f"calibration {self.pk}"


class RefitMove(MoveRow):
    """History of a refit's status."""

    subject = models.ForeignKey(Refit, on_delete=models.CASCADE, related_name="moves")
