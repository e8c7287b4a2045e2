"""Own hardware: proposed by a team, verified by a run of an early lab, then approved or refused."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q

from courseplatform.core.states import MoveRow, Moves
from courseplatform.teams.models.teams import Team


class BoardStatus(models.TextChoices):
    PROPOSED = "proposed", "proposed"
    VERIFIED = "verified", "verified by a run"
    APPROVED = "approved", "approved"
    REFUSED = "refused", "refused"
    WITHDRAWN = "withdrawn", "withdrawn"


OPEN_REQUESTS = frozenset({BoardStatus.PROPOSED, BoardStatus.VERIFIED})
BOARD_MOVES: Moves = {
    BoardStatus.PROPOSED: frozenset({BoardStatus.VERIFIED, BoardStatus.REFUSED, BoardStatus.WITHDRAWN}),
    BoardStatus.VERIFIED: frozenset({BoardStatus.APPROVED, BoardStatus.REFUSED, BoardStatus.WITHDRAWN}),
}


class BoardRequest(models.Model):
    """`run_ref` names the benchmark run that verified it; opaque here, since runs live above teams."""

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="board_requests")
    board = models.CharField(max_length=80)
    why = models.CharField(max_length=300, help_text="what it can do that the course's boards cannot")
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField()
    status = models.CharField(max_length=12, choices=BoardStatus.choices, default=BoardStatus.PROPOSED)
    run_ref = models.CharField(max_length=80, blank=True)

    class Meta:
        ordering = ("-made_at", "-pk")
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["team"], condition=Q(status__in=["proposed", "verified"]), name="one_open_board_request"
            )
        ]

    def __str__(self) -> str:
        return f"{self.board} for {self.team_id}"


class BoardMove(MoveRow):
    subject = models.ForeignKey(BoardRequest, on_delete=models.CASCADE, related_name="moves")

    def __str__(self) -> str:
        return f"{self.subject_id}: {self.moved_from} to {self.moved_to}"
