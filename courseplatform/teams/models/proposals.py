"""What a team wants to do, in numbered revisions, and what the staff said to it."""

from typing import ClassVar

from django.conf import settings
from django.db import models

from courseplatform.core.states import MoveRow, Moves
from courseplatform.teams.models.teams import Team


class ProposalStatus(models.TextChoices):
    DRAFT = "draft", "not handed in"
    SUBMITTED = "submitted", "waits for the staff"
    COUNTERED = "countered", "question of the staff"
    APPROVED = "approved", "approved"
    REJECTED = "rejected", "rejected"


PROPOSAL_MOVES: Moves = {
    ProposalStatus.DRAFT: frozenset({ProposalStatus.SUBMITTED}),
    # Submitted again: a revision that comes before the staff have answered.
    ProposalStatus.SUBMITTED: frozenset(
        {ProposalStatus.SUBMITTED, ProposalStatus.COUNTERED, ProposalStatus.APPROVED, ProposalStatus.REJECTED}
    ),
    ProposalStatus.COUNTERED: frozenset({ProposalStatus.SUBMITTED, ProposalStatus.APPROVED, ProposalStatus.REJECTED}),
    ProposalStatus.APPROVED: frozenset({ProposalStatus.COUNTERED}),
    ProposalStatus.REJECTED: frozenset({ProposalStatus.SUBMITTED}),
}


class Proposal(models.Model):
    """One a team. `revision` counts what was handed in; two tabs that write the same number meet in the database."""

    team = models.OneToOneField(Team, on_delete=models.CASCADE, related_name="proposal")
    status = models.CharField(max_length=12, choices=ProposalStatus.choices, default=ProposalStatus.DRAFT)
    revision = models.PositiveIntegerField(default=0)

    def __str__(self) -> str:
        return f"proposal of {self.team_id}, {self.status}"


class ProposalRevision(models.Model):
    """A text as it was handed in; never changed. `suggestion`: the task on the course's list it was taken from; empty: one's own."""

    proposal = models.ForeignKey(Proposal, on_delete=models.CASCADE, related_name="revisions")
    number = models.PositiveIntegerField()
    title = models.CharField(max_length=160)
    suggestion = models.CharField(max_length=160, blank=True)
    inputs = models.CharField(max_length=120, blank=True, help_text="what goes in: images, speech")
    output = models.CharField(max_length=120, blank=True)
    text = models.TextField(help_text="Markdown")
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField()

    class Meta:
        ordering = ("-number",)
        constraints: ClassVar = [models.UniqueConstraint(fields=["proposal", "number"], name="revision_once")]

    def __str__(self) -> str:
        return f"revision {self.number}: {self.title}"


class ProposalMove(MoveRow):
    """A dated step; `why` is the comment or the question of the staff."""

    subject = models.ForeignKey(Proposal, on_delete=models.CASCADE, related_name="moves")

    def __str__(self) -> str:
        return f"{self.subject_id}: {self.moved_from} to {self.moved_to}"
