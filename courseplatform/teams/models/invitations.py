"""Ways into a team: a member invites somebody, or somebody asks."""

from datetime import datetime
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q

from courseplatform.core.states import MoveRow, Moves
from courseplatform.teams.models.teams import Team


class InvitationStatus(models.TextChoices):
    PENDING = "pending", "open"
    ACCEPTED = "accepted", "accepted"
    DECLINED = "declined", "declined"
    WITHDRAWN = "withdrawn", "withdrawn"
    EXPIRED = "expired", "expired"


INVITATION_MOVES: Moves = {
    InvitationStatus.PENDING: frozenset(
        {
            InvitationStatus.ACCEPTED,
            InvitationStatus.DECLINED,
            InvitationStatus.WITHDRAWN,
            InvitationStatus.EXPIRED,
        }
    )
}


class InvitationQuerySet(models.QuerySet["TeamInvitation"]):
    def open(self, now: datetime) -> "InvitationQuerySet":
        """What still waits for an answer; one past its day is as good as expired, whatever its row says."""
        return self.filter(status=InvitationStatus.PENDING, expires_at__gt=now)


class TeamInvitation(models.Model):
    """`person` is the one who would join: invited by a member (answered by the person), or asking (answered by any member)."""

    class Kind(models.TextChoices):
        INVITE = "invite", "invitation"
        REQUEST = "request", "request to join"

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="invitations")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="team_invitations")
    kind = models.CharField(max_length=8, choices=Kind.choices)
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    message = models.CharField(max_length=240, blank=True)
    status = models.CharField(max_length=12, choices=InvitationStatus.choices, default=InvitationStatus.PENDING)
    made_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    answered_at = models.DateTimeField(null=True, blank=True)

    objects = InvitationQuerySet.as_manager()

    class Meta:
        ordering = ("-made_at", "-pk")
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["team", "person"], condition=Q(status="pending"), name="one_open_invitation_per_team"
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} of {self.person_id} to {self.team_id}"


class InvitationMove(MoveRow):
    subject = models.ForeignKey(TeamInvitation, on_delete=models.CASCADE, related_name="moves")

    def __str__(self) -> str:
        return f"{self.subject_id}: {self.moved_from} to {self.moved_to}"
