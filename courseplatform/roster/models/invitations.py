"""The way in for somebody whose account was made by the course: a link in a mail, on which a password is chosen."""

from datetime import datetime, timedelta
from typing import ClassVar

from django.db import models
from django.utils import timezone

from courseplatform.core.states import MoveRow, Moves
from courseplatform.courses.models import Enrolment

GOOD_FOR = timedelta(days=14)


class Invitation(models.Model):
    """One link to one person. The token stands in the mail only; here is its SHA-256, and the salt from which the mail makes it.

    Renewing starts the fortnight again with a new token: the old link is void. `mailed_at` is empty until the mail has left.
    """

    class Status(models.TextChoices):
        PENDING = "pending", "Invited"
        ACCEPTED = "accepted", "Accepted"
        EXPIRED = "expired", "Invitation expired"
        WITHDRAWN = "withdrawn", "Invitation withdrawn"

    enrolment = models.ForeignKey(Enrolment, on_delete=models.CASCADE, related_name="invitations")
    status = models.CharField(max_length=12, choices=Status.choices, default=Status.PENDING)
    salt = models.CharField(max_length=64)
    token_hash = models.CharField(max_length=64, unique=True)
    invited_by = models.CharField(max_length=120)
    made_at = models.DateTimeField(auto_now_add=True)
    renewed_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    mailed_at = models.DateTimeField(null=True, blank=True)
    accepted_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-made_at", "-pk")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["enrolment"], condition=models.Q(status="pending"), name="one_open_invitation")
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.enrolment_id}: {self.status}"

    def is_open(self, now: datetime) -> bool:
        """Whether the link works. A row that nobody has moved to expired yet is expired all the same."""
        return self.status == self.Status.PENDING and now < self.expires_at


_S = Invitation.Status
INVITATION_MOVES: Moves = {_S.PENDING: frozenset({_S.ACCEPTED, _S.EXPIRED, _S.WITHDRAWN})}


class InvitationMove(MoveRow):
    subject = models.ForeignKey(Invitation, on_delete=models.CASCADE, related_name="moves")
