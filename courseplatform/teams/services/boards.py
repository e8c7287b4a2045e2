"""Own hardware: asked for, verified, decided."""

from datetime import datetime

from django.db import IntegrityError, transaction
from django.utils import timezone

from courseplatform.core.errors import BadInput, Conflict
from courseplatform.core.markdown import quoted
from courseplatform.core.states import move
from courseplatform.courses.access import Visit
from courseplatform.teams.models.boards import BOARD_MOVES, BoardMove, BoardRequest, BoardStatus
from courseplatform.teams.models.teams import OPEN_TEAMS, Team
from courseplatform.teams.services.joining import lock_teams, note
from courseplatform.teams.services.teams import check_inside, tell_members


@transaction.atomic
def board_request_create(
    *, visit: Visit, team: Team, board: str, why: str, now: datetime | None = None
) -> BoardRequest:
    """Propose a board of one's own. Raises Conflict `request_open` while another waits, Forbidden `not_your_team`."""
    check_inside(visit=visit, team=team)
    [team] = lock_teams(team)
    if team.status not in OPEN_TEAMS:
        raise Conflict(f"Team {team.name} was dissolved.", code="team_dissolved")
    try:
        with transaction.atomic():
            found = BoardRequest.objects.create(
                team=team, board=board, why=why, made_by=visit.person, made_at=now or timezone.now()
            )
    except IntegrityError as error:
        raise Conflict(
            "A request of your team waits for an answer already. Withdraw it before you propose another board.",
            code="request_open",
        ) from error
    note(team=team, by=visit.by, sentence=f"{visit.person.name} proposed own hardware: {board}")
    return found


@transaction.atomic
def board_request_verify(*, request: BoardRequest, run_ref: str, by: str) -> BoardRequest:
    """A benchmark run of an early lab ran on the board. Called by the staff's page, and by the app that owns runs.

    Args:
        run_ref: what names the run there, at most 80 characters; opaque here.

    Raises:
        BadInput: `run_needed`.
        IllegalMove: the request is not merely proposed.
    """
    if not run_ref.strip():
        raise BadInput(
            "Name the run that verified the board: its address or its number.",
            code="run_needed",
            details={"field": "run_ref"},
        )
    move(
        request, moves=BOARD_MOVES, to=BoardStatus.VERIFIED, by=by, why=f"run {run_ref.strip()}"[:300], history=BoardMove,
        run_ref=run_ref.strip()[:80],
    )  # fmt: skip
    note(team=request.team, by=by, sentence=f"{request.board} was verified by a run")
    tell_members(team=request.team, key=f"board-{request.pk}-verified", title=f"{request.board} is verified by a run")
    return request


@transaction.atomic
def board_request_decide(*, visit: Visit, request: BoardRequest, approve: bool, comment: str = "") -> BoardRequest:
    """Approve a verified board (it becomes the team's choice), or refuse one with a comment.

    Raises:
        BadInput: `comment_needed`.
        Conflict: `not_verified`; IllegalMove: decided already.
    """
    if approve and request.status == BoardStatus.PROPOSED:
        raise Conflict("No run has verified this board yet. Record the run of an early lab first.", code="not_verified")
    if not approve and not comment.strip():
        raise BadInput(
            "Write why, so that the team can choose another board.",
            code="comment_needed",
            details={"field": "comment"},
        )
    to = BoardStatus.APPROVED if approve else BoardStatus.REFUSED
    move(request, moves=BOARD_MOVES, to=to, by=visit.by, why=comment.strip(), history=BoardMove)
    if approve:
        Team.objects.filter(pk=request.team_id).update(board_choice=request.board)
    word = "approved" if approve else "refused"
    note(team=request.team, by=visit.by, sentence=f"{visit.person.name} {word} own hardware: {request.board}")
    tell_members(
        team=request.team, key=f"board-{request.pk}-{word}", title=f"{visit.person.name} {word} your board {request.board}",
        text=quoted(comment),
    )  # fmt: skip
    return request


@transaction.atomic
def board_request_withdraw(*, visit: Visit, request: BoardRequest) -> BoardRequest:
    check_inside(visit=visit, team=request.team)
    move(request, moves=BOARD_MOVES, to=BoardStatus.WITHDRAWN, by=visit.by, history=BoardMove)
    note(team=request.team, by=visit.by, sentence=f"{visit.person.name} withdrew the request for {request.board}")
    return request
