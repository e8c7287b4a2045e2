"""Every machine over all pairs of its states: legal moves leave a row, all others are refused."""

from itertools import product

import pytest
from django.utils import timezone

from courseplatform.core.errors import IllegalMove
from courseplatform.core.states import move
from courseplatform.teams.models import (
    BoardMove,
    BoardRequest,
    BoardStatus,
    InvitationMove,
    InvitationStatus,
    Proposal,
    ProposalMove,
    ProposalStatus,
    TeamInvitation,
    TeamMove,
    TeamStatus,
)
from courseplatform.teams.models.boards import BOARD_MOVES
from courseplatform.teams.models.invitations import INVITATION_MOVES
from courseplatform.teams.models.proposals import PROPOSAL_MOVES
from courseplatform.teams.models.teams import TEAM_MOVES
from tests.courseplatform.teams.builders import make_team

pytestmark = pytest.mark.django_db
LEGAL = {
    "team": {("forming", "confirmed"), ("forming", "dissolved"), ("confirmed", "forming"), ("confirmed", "dissolved")},
    "invitation": {("pending", end) for end in ("accepted", "declined", "withdrawn", "expired")},
    "proposal": {
        ("draft", "submitted"), ("submitted", "submitted"), ("submitted", "countered"), ("submitted", "approved"),
        ("submitted", "rejected"), ("countered", "submitted"), ("countered", "approved"), ("countered", "rejected"),
        ("approved", "countered"), ("rejected", "submitted"),
    },
    "board": {
        ("proposed", "verified"), ("proposed", "refused"), ("proposed", "withdrawn"), ("verified", "approved"),
        ("verified", "refused"), ("verified", "withdrawn"),
    },
}  # fmt: skip
MACHINES = {
    "team": (TeamStatus, TEAM_MOVES, TeamMove), "invitation": (InvitationStatus, INVITATION_MOVES, InvitationMove),
    "proposal": (ProposalStatus, PROPOSAL_MOVES, ProposalMove), "board": (BoardStatus, BOARD_MOVES, BoardMove),
}  # fmt: skip
PAIRS = [(name, *pair) for name, (states, *_) in MACHINES.items() for pair in product(states.values, repeat=2)]


def row_of(cast, name, status):
    team = make_team(cast, "Magpie", cast.ruth, status=status if name == "team" else "forming")
    now = timezone.now()
    return {
        "team": lambda: team,
        "invitation": lambda: TeamInvitation.objects.create(
            team=team, person=cast.daniel, kind="invite", made_by=cast.ruth, made_at=now, expires_at=now, status=status
        ),
        "proposal": lambda: Proposal.objects.create(team=team, status=status),
        "board": lambda: BoardRequest.objects.create(
            team=team, board="ESP32-S3", why="small", made_by=cast.ruth, made_at=now, status=status
        ),
    }[name]()


@pytest.mark.parametrize(("name", "old", "new"), PAIRS)
def test_a_move_is_made_exactly_where_it_is_legal(cast, name, old, new):
    _, moves, history = MACHINES[name]
    row = row_of(cast, name, old)
    if (old, new) in LEGAL[name]:
        move(row, moves=moves, to=new, by="test", history=history)
        assert history.objects.get().moved_to == new
    else:
        with pytest.raises(IllegalMove):
            move(row, moves=moves, to=new, by="test", history=history)
        assert not history.objects.exists()
    row.refresh_from_db()
    assert row.status == (new if (old, new) in LEGAL[name] else old)
