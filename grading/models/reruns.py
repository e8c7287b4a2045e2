"""A whole lab counted or measured again: what it was begun for, what each model would come to, and what results said before."""

from typing import Any, ClassVar

from django.db import models
from django.db.models import Q
from django.urls import reverse

from courseplatform.core.append_only import AppendOnly
from courseplatform.core.states import MoveRow, Moves
from courseplatform.courses.access import Visit
from grading.models.assignments import Assignment
from grading.models.runs import Result
from grading.models.submissions import Submission
from hardware.models import Job

REASON_LETTERS = (10, 300)  # the most is what a row of the history holds


class RerunKind(models.TextChoices):
    """points: the stored numbers by the rules of today. measure: every model once more, for another test set, task or limit."""

    POINTS = "points", "Count the points again"
    MEASURE = "measure", "Measure the models again"


class RerunStatus(models.TextChoices):
    MEASURING = "measuring", "measuring"
    READY = "ready", "to be decided"
    APPLYING = "applying", "being applied"
    APPLIED = "applied", "applied"
    DISCARDED = "discarded", "discarded"


S = RerunStatus
STANDS = frozenset({S.MEASURING, S.READY, S.APPLYING})  # nothing else may be begun in this lab
RERUN_MOVES: Moves = {
    S.MEASURING: frozenset({S.READY, S.DISCARDED}),
    S.READY: frozenset({S.APPLYING, S.DISCARDED}),
    S.APPLYING: frozenset({S.APPLIED}),
    S.APPLIED: frozenset(),
    S.DISCARDED: frozenset(),
}


class RerunQuerySet(models.QuerySet["Rerun"]):
    def visible_to(self, visit: Visit) -> "RerunQuerySet":
        """The staff of the course alone: a student reads on the own result what came of it."""
        return self.filter(assignment__course=visit.course) if visit.is_staff else self.none()

    def standing(self) -> "RerunQuerySet":
        return self.filter(status__in=STANDS)


class Rerun(models.Model):
    """One re-run of a lab. No grade changes before it is applied.

    rules: digest of what the lab asked when it was begun (grading/reruns/rules.py); with another one it is stale and can only be discarded.
    table: the rows as whoever decided saw them, kept for later. counts: of these rows, and of the models (grading/reruns/table.py).
    """

    assignment = models.ForeignKey(Assignment, on_delete=models.CASCADE, related_name="reruns")
    kind = models.CharField(max_length=8, choices=RerunKind.choices)
    status = models.CharField(max_length=10, choices=RerunStatus.choices)
    reason = models.CharField(max_length=300, help_text="students whose grade changes read it")
    made_by = models.CharField(max_length=120, help_text="text, because history outlives accounts")
    made_at = models.DateTimeField()
    rules = models.CharField(max_length=16)
    hidden_set = models.CharField(max_length=60, blank=True, help_text="slug of the set that was measured on")
    decided_by = models.CharField(max_length=120, blank=True)
    decided_at = models.DateTimeField(null=True, blank=True)
    counts: Any = models.JSONField(default=dict, blank=True)
    table: Any = models.JSONField(default=list, blank=True)

    objects = RerunQuerySet.as_manager()

    class Meta:
        ordering = ("-pk",)
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["assignment"], condition=Q(status__in=sorted(STANDS)), name="one_rerun_at_a_time"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}, {self.assignment.short}"

    def get_absolute_url(self) -> str:
        kwargs = {"course": self.assignment.course.slug, "assignment": self.assignment.slug, "rerun": self.pk}
        return reverse("grading:rerun", kwargs=kwargs)

    @property
    def is_standing(self) -> bool:
        return self.status in STANDS


class RerunMove(MoveRow):
    subject = models.ForeignKey(Rerun, on_delete=models.CASCADE, related_name="moves")


class ItemState(models.TextChoices):
    """failed: our fault, or cancelled. overtaken: the attempt has a newer result than the one that was looked at."""

    WAITING = "waiting", "waits"
    PROPOSED = "proposed", "counted"
    REFUSED = "refused", "refused"
    FAILED = "failed", "not measured"
    OVERTAKEN = "overtaken", "overtaken"
    APPLIED = "applied", "applied"


class RerunItem(models.Model):
    """One model of a re-run: its result when the re-run began, and what it would come to.

    lines, earned, of, left_open: what is proposed; None and [] until it is known. document: of a measured one, what a Result is made of;
    held back here, so that no page of a student can show it. result: what it became when it was applied. evidence: what looks wrong in
    the measurement (grading/bench/suspicions.py). said: why there is no proposal.
    """

    rerun = models.ForeignKey(Rerun, on_delete=models.CASCADE, related_name="items")
    submission = models.ForeignKey(Submission, on_delete=models.CASCADE, related_name="rerun_items")
    before = models.ForeignKey(Result, on_delete=models.CASCADE, related_name="+")
    earned_before = models.DecimalField(max_digits=6, decimal_places=2)
    state = models.CharField(max_length=10, choices=ItemState.choices, default=ItemState.WAITING)
    lines: Any = models.JSONField(default=list, blank=True)
    earned = models.DecimalField(max_digits=6, decimal_places=2, null=True, blank=True)
    of = models.DecimalField(max_digits=6, decimal_places=2, null=True, blank=True)
    left_open = models.DecimalField(max_digits=6, decimal_places=2, null=True, blank=True)
    document: Any = models.JSONField(default=dict, blank=True)
    evidence: Any = models.JSONField(default=list, blank=True)
    said = models.TextField(blank=True)
    result = models.OneToOneField(
        Result,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="rerun_item",
        help_text="of a measured one, when it was applied",
    )

    class Meta:
        ordering = ("pk",)
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["rerun", "submission"], name="model_once_in_rerun"),
        ]

    def __str__(self) -> str:
        return f"{self.submission_id}: {self.state}"


class RerunJob(Job):
    """The measurement for one item. It becomes a run of the attempt only when the re-run is applied: until then nobody is shown a number."""

    item = models.OneToOneField(RerunItem, on_delete=models.PROTECT, related_name="job")


class PointsBefore(AppendOnly):
    """What a result said before it was counted again. The oldest row of a result is what was measured first."""

    kept = "What a result said before"

    result = models.ForeignKey(Result, on_delete=models.CASCADE, related_name="points_before")
    rerun = models.ForeignKey(Rerun, on_delete=models.CASCADE, related_name="points_before")
    points: Any = models.JSONField()
    earned = models.DecimalField(max_digits=6, decimal_places=2)
    of = models.DecimalField(max_digits=6, decimal_places=2)
    left_open = models.DecimalField(max_digits=6, decimal_places=2)
    until = models.DateTimeField()

    class Meta:
        ordering = ("pk",)
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["rerun", "result"], name="counted_again_once_in_rerun"),
        ]

    def __str__(self) -> str:
        return f"{self.earned} of {self.of}"
