"""A request to look at one item of a grade again, and the moves it may make."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.urls import reverse

from courseplatform.core.states import MoveRow, Moves
from courseplatform.courses.access import Visit
from courseplatform.courses.models import Role
from courseplatform.teams.models import Membership, Team
from grading.models.assignments import Assignment
from grading.models.grades import RubricItem


class RegradeStatus(models.TextChoices):
    """accepted: the student agrees with the answer. decided: an instructor answered after an escalation. closed: over, for now."""

    OPEN = "open", "open"
    ASSIGNED = "assigned", "assigned"
    ANSWERED = "answered", "answered"
    ACCEPTED = "accepted", "accepted"
    ESCALATED = "escalated", "with the instructors"
    DECIDED = "decided", "decided"
    CLOSED = "closed", "closed"
    WITHDRAWN = "withdrawn", "withdrawn"


S = RegradeStatus
UNANSWERED = frozenset({S.OPEN, S.ASSIGNED})
WAITING = UNANSWERED | {S.ESCALATED}  # the staff are to act
REGRADE_MOVES: Moves = {
    S.OPEN: frozenset({S.ASSIGNED, S.ANSWERED, S.WITHDRAWN, S.CLOSED}),
    S.ASSIGNED: frozenset({S.ASSIGNED, S.ANSWERED, S.WITHDRAWN, S.CLOSED}),
    S.ANSWERED: frozenset({S.ACCEPTED, S.ESCALATED, S.CLOSED}),
    S.ACCEPTED: frozenset({S.CLOSED, S.OPEN, S.ASSIGNED}),
    S.ESCALATED: frozenset({S.DECIDED}),
    S.DECIDED: frozenset({S.CLOSED}),
    S.CLOSED: frozenset({S.OPEN, S.ASSIGNED}),
    S.WITHDRAWN: frozenset(),
}


class RegradeQuerySet(models.QuerySet["RegradeRequest"]):
    def visible_to(self, visit: Visit) -> "RegradeQuerySet":
        """Staff of the course see all of them; a student their own and those about work of a team while they were in it."""
        of_course = self.filter(assignment__course=visit.course)
        if visit.is_staff:
            return of_course
        here = Membership.objects.filter(
            team=OuterRef("team"), person=visit.person, since_at__lte=OuterRef("judged_at")
        )
        return of_course.filter(
            Q(person=visit.person) | Exists(here.filter(Q(until_at=None) | Q(until_at__gt=OuterRef("judged_at"))))
        )

    def waiting(self) -> "RegradeQuerySet":
        """Those that wait for the staff."""
        return self.filter(status__in=WAITING)


class RegradeRequest(models.Model):
    """`person` asks to have one item looked at again; for team work for the whole `team`, as it was at `judged_at`.

    points_before: what the item was worth when it was asked. An answer and a decision each say what it is worth then, up, down or
    unchanged; the change itself is a GradeEvent whose cause is this request.
    """

    assignment = models.ForeignKey(Assignment, on_delete=models.PROTECT, related_name="regrades")
    item = models.ForeignKey(RubricItem, on_delete=models.PROTECT, related_name="regrades")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="regrades")
    team = models.ForeignKey(Team, null=True, blank=True, on_delete=models.PROTECT, related_name="regrades")
    judged_at = models.DateTimeField(help_text="whose team it was then")
    reason = models.CharField(max_length=2000)
    opened_by = models.CharField(max_length=120, blank=True, help_text="the staff member who opened it for the student")
    points_before = models.DecimalField(max_digits=6, decimal_places=2)
    graded_by = models.CharField(max_length=120, blank=True)
    status = models.CharField(max_length=10, choices=RegradeStatus.choices, default=RegradeStatus.OPEN)
    assigned_to = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    answer = models.CharField(max_length=4000, blank=True)
    answer_points = models.DecimalField(max_digits=6, decimal_places=2, null=True, blank=True)
    answered_by = models.CharField(max_length=120, blank=True)
    answered_at = models.DateTimeField(null=True, blank=True)
    objection = models.CharField(max_length=2000, blank=True, help_text="why it was escalated")
    escalated_at = models.DateTimeField(null=True, blank=True)
    decision = models.CharField(max_length=4000, blank=True)
    decision_points = models.DecimalField(max_digits=6, decimal_places=2, null=True, blank=True)
    decided_by = models.CharField(max_length=120, blank=True)
    decided_at = models.DateTimeField(null=True, blank=True)
    made_at = models.DateTimeField()

    objects = RegradeQuerySet.as_manager()

    class Meta:
        ordering = ("made_at", "pk")
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["item", "person"],
                condition=Q(team=None) & ~Q(status="withdrawn"),
                name="one_regrade_of_an_item",
            ),
            models.UniqueConstraint(
                fields=["item", "team"],
                condition=Q(team__isnull=False) & ~Q(status="withdrawn"),
                name="one_regrade_of_an_item_by_team",
            ),
        ]

    def __str__(self) -> str:
        return f"regrade of {self.item}"

    def get_absolute_url(self) -> str:
        return reverse("grading:regrade", kwargs={"course": self.assignment.course.slug, "regrade": self.pk})

    @property
    def is_unanswered(self) -> bool:
        return self.status in UNANSWERED

    def may_answer(self, visit: Visit) -> bool:
        """Staff; once an instructor has decided, an instructor: nobody answers over a decision."""
        return visit.is_staff and (self.decided_at is None or visit.role == Role.INSTRUCTOR)


class RegradeMove(MoveRow):
    subject = models.ForeignKey(RegradeRequest, on_delete=models.CASCADE, related_name="moves")
