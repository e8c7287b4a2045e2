"""Late days as rows: the ledger, and what is granted to people. What they cost is decided in grading/latepolicy.py alone."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q

from courseplatform.accounts.models import User
from courseplatform.core.append_only import AppendOnly
from courseplatform.courses.models import Course
from courseplatform.teams.models import Team
from grading.models.assignments import Assignment
from grading.models.submissions import Submission
from hardware.models import LoanPiece

ONE_OWNER = Q(person__isnull=False, team__isnull=True) | Q(person__isnull=True, team__isnull=False)

POLICY_ACTOR = "course policy"  # of lines that the rules wrote by themselves


def one_owner(name: str) -> models.CheckConstraint:
    return models.CheckConstraint(condition=ONE_OWNER, name=name)


class EntryKind(models.TextChoices):
    """policy: what the policy gives everybody. grant, spend, refund: as the words say; a correction is one of them with its reason."""

    POLICY = "policy", "Policy"
    GRANT = "grant", "Grant"
    SPEND = "spend", "Spent"
    REFUND = "refund", "Refund"


class LateEntry(AppendOnly):
    """One line of the late-day ledger of a person or a team. The balance is the sum of `days`.

    days: units of the policy, positive for what is given, negative for what is spent, never 0. since: a grant that counts only for what
    is due on or after that day. actor: who or what did it, in words that outlive the account.
    """

    kept = "A line of the ledger"

    course = models.ForeignKey(Course, on_delete=models.PROTECT, related_name="late_entries")
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="late_entries"
    )
    team = models.ForeignKey(Team, null=True, blank=True, on_delete=models.PROTECT, related_name="late_entries")
    bank = models.CharField(max_length=200, blank=True, help_text="which of several banks")
    kind = models.CharField(max_length=8, choices=EntryKind.choices)
    days = models.SmallIntegerField()
    since = models.DateField(null=True, blank=True)
    assignment = models.ForeignKey(
        Assignment, null=True, blank=True, on_delete=models.PROTECT, related_name="late_entries"
    )
    submission = models.ForeignKey(
        Submission, null=True, blank=True, on_delete=models.PROTECT, related_name="late_entries"
    )
    reason = models.CharField(max_length=400)
    actor = models.CharField(max_length=120)
    batch = models.UUIDField(null=True, blank=True, help_text="lines that were written together")
    made_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("made_at", "pk")
        constraints: ClassVar = [
            one_owner("late_entry_has_one_owner"),
            models.CheckConstraint(condition=~Q(days=0), name="late_entry_changes_something"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["course", "person"], name="late_entries_of_person"),
            models.Index(fields=["course", "team"], name="late_entries_of_team"),
        ]

    def __str__(self) -> str:
        return f"{self.days:+d} {self.kind}"


class Withdrawable(models.Model):
    """What is given with a reason, and may be taken back: the row stays and says by whom."""

    reason = models.CharField(max_length=400)
    made_by = models.CharField(max_length=120)
    made_at = models.DateTimeField(auto_now_add=True)
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    withdrawn_by = models.CharField(max_length=120, blank=True)

    class Meta:
        abstract = True


class Extension(Withdrawable):
    """More time for one owner and one assignment: a later due time, or late units that it covers before the bank does.

    until_wall: a wall time of the course's zone (`2023-10-06 23:59`); until_at is its instant.
    """

    assignment = models.ForeignKey(Assignment, on_delete=models.PROTECT, related_name="extensions")
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="extensions"
    )
    team = models.ForeignKey(Team, null=True, blank=True, on_delete=models.PROTECT, related_name="extensions")
    until_wall = models.CharField(max_length=16, blank=True)
    until_at = models.DateTimeField(null=True, blank=True)
    units = models.PositiveSmallIntegerField(default=0)
    keeps_penalty = models.BooleanField(default=False, help_text="its units are not charged, and stay penalised")
    batch = models.UUIDField(null=True, blank=True, help_text="given together, to a group")

    class Meta:
        ordering = ("made_at", "pk")
        constraints: ClassVar = [
            one_owner("extension_has_one_owner"),
            models.CheckConstraint(
                condition=Q(until_at__isnull=False, units=0) | Q(until_at__isnull=True, units__gt=0),
                name="extension_is_until_or_units",
            ),
        ]

    def __str__(self) -> str:
        units = f"{self.units} late day{'s' if self.units != 1 else ''}"
        return f"until {self.until_wall}" if self.until_wall else units


class Accommodation(Withdrawable):
    """A standing rule for one person: every due time of the course is this many days later on the wall clock.

    kinds: the kinds of assignment it is for; empty: all. The reason is for the staff; the student reads only what it gives.
    """

    course = models.ForeignKey(Course, on_delete=models.PROTECT, related_name="accommodations")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="accommodations")
    extra_days = models.PositiveSmallIntegerField()
    kinds = models.JSONField(default=list, blank=True)

    class Meta:
        ordering = ("made_at", "pk")

    def __str__(self) -> str:
        return f"{self.extra_days} day{'s' if self.extra_days != 1 else ''} more"


class Excuse(Withdrawable):
    """A person is excused from an assignment: never late, never charged, and one less to turn in."""

    assignment = models.ForeignKey(Assignment, on_delete=models.PROTECT, related_name="excuses")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="excuses")

    class Meta:
        ordering = ("made_at", "pk")
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["assignment", "person"], condition=Q(withdrawn_at=None), name="one_standing_excuse"
            )
        ]

    def __str__(self) -> str:
        return f"excused from {self.assignment_id}"


class LateRequest(models.Model):
    """Units that somebody asked to spend on an assignment, where the policy spends only what is asked for."""

    assignment = models.ForeignKey(Assignment, on_delete=models.PROTECT, related_name="late_requests")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="late_requests")
    team = models.ForeignKey(Team, null=True, blank=True, on_delete=models.PROTECT, related_name="late_requests")
    units = models.PositiveSmallIntegerField()
    request_key = models.UUIDField(unique=True, help_text="made by the page: the same request twice is one")
    asked_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("asked_at", "pk")
        constraints: ClassVar = [models.CheckConstraint(condition=Q(units__gt=0), name="request_asks_for_something")]

    def __str__(self) -> str:
        return f"{self.units} asked for"


class LateVerdict(models.Model):
    """What the late-day rules say of one person and assignment now, kept so that tables need not ask them 600 times.

    It is of a hand-in, or of a return of hardware: then `returned` is the piece with which everything was back. Written by the count alone
    (grading/services/late_days.py); everything in it follows from other rows. Percent of the maximum.
    """

    assignment = models.ForeignKey(Assignment, on_delete=models.CASCADE, related_name="late_verdicts")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="late_verdicts")
    submission = models.ForeignKey(
        Submission, null=True, blank=True, on_delete=models.CASCADE, related_name="late_verdicts"
    )
    returned = models.ForeignKey(LoanPiece, null=True, blank=True, on_delete=models.CASCADE, related_name="+")
    days_late = models.PositiveIntegerField()
    free_days_used = models.PositiveIntegerField()
    penalty_percent = models.DecimalField(max_digits=5, decimal_places=2)
    max_percent = models.DecimalField(max_digits=5, decimal_places=2)
    accepted = models.BooleanField()
    explanation = models.JSONField()
    counted_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ("assignment", "person")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["assignment", "person"], name="one_late_verdict_per_work"),
            models.CheckConstraint(
                condition=Q(submission=None) ^ Q(returned=None), name="late_verdict_of_hand_in_or_return"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.days_late} late, at most {self.max_percent} %"


class LateStale(models.Model):
    """A person whose late days have to be counted again: written with the change that made it so, removed by the count.

    It is what a lost wake-up costs nothing for: a sweep counts whatever still stands here.
    """

    course = models.ForeignKey(Course, on_delete=models.CASCADE, related_name="+")
    person = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    cause = models.CharField(max_length=300)
    actor = models.CharField(max_length=120)
    made_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("pk",)

    def __str__(self) -> str:
        return self.cause
