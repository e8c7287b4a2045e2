"""A team makes a runner of a board that it has on loan: by itself, for its own work alone, and for as long as it has the board.

Whoever holds a board holds what lies on its card, so a token that a team had must open nothing when the board is the course's again: with the loan the
runner ends. A runner of the staff on a lent board is another thing: it goes on, and works for who has the board (matching.py).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from courseplatform.core.errors import AppError, Conflict, NotHere, TooMany
from courseplatform.courses.access import Visit
from courseplatform.teams.models import Team
from courseplatform.teams.selectors.membership import is_member
from hardware.course_devices import profiles_of
from hardware.inventory.lending.policy import policy_for
from hardware.inventory.serving import may_serve
from hardware.models import Duty, EnrolCode, Item, Kind, LoanPiece, Runner
from hardware.runners.duty import duty_move, keeps_item
from hardware.runners.enrolling import LONGEST_NAME, code_make, runner_add

MOST_CODES, A_DAY = 10, timedelta(hours=24)


@dataclass(frozen=True)
class OwnBoard:
    """One board that a team has on loan. runner: what runs on it, None: nothing yet. why_not: why no code is made for it, in a sentence; "" where one is."""

    item: Item
    runner: Runner | None
    why_not: str = ""


def boards_on_loan(visit: Visit, team: Team) -> list[OwnBoard]:
    """What a team has of this course, the oldest loan first. A few queries for each; a team has one board or two."""
    return [
        OwnBoard(piece.item, _runner_of(piece.item), _why_not(visit, piece))
        for piece in _pieces(team)
        if piece.item is not None
    ]


@transaction.atomic
def own_code_make(*, visit: Visit, team: Team, item: int, now: datetime | None = None) -> tuple[Runner, str]:
    """A code by which the team enrols its board: a runner of the team alone, made where there is none. One that was made before opens nothing more.

    Raises:
        NotHere: code `not_your_board`. Conflict: code `no_own_runner`, with the reason. TooMany: code `codes_enough`.
    """
    now = now or timezone.now()
    if not is_member(team, visit.person, now):
        raise NotHere("Your team has no such board on loan.", code="not_your_board")
    # Compared here and not there: an address may hold a number that no database takes.
    theirs = [piece.pk for piece in _pieces(team) if piece.item_id == item]
    held = LoanPiece.objects.select_for_update(of=("self",)).filter(pk__in=theirs)
    piece = held.select_related("item__product", "loan__team").first()
    if piece is None or piece.item is None:
        raise NotHere("Your team has no such board on loan.", code="not_your_board")
    if why := _why_not(visit, piece):
        raise Conflict(why, code="no_own_runner")
    runner = _runner_of(piece.item)
    if runner is None or runner.status == Duty.REVOKED:
        return _added(visit, team, piece.item, runner)
    if EnrolCode.objects.filter(runner=runner, made_at__gt=now - A_DAY).count() >= MOST_CODES:
        said = f"{MOST_CODES} codes were made for this board within a day. Ask the staff what is wrong."
        raise TooMany(said, code="codes_enough")
    return runner, code_make(runner=runner, by=visit.by, now=now)


def own_runner(visit: Visit, team: Team, item: int) -> Runner | None:
    """The runner of a board that the team has on loan and made itself; None to whoever is not in the team, and when the loan has ended."""
    if not is_member(team, visit.person, timezone.now()):
        return None
    theirs = [piece.item_id for piece in _pieces(team) if piece.item_id == item]
    return Runner.objects.filter(course=visit.course, team=team, item__in=theirs).select_related("team").first()


def loan_ended(changed: Sequence[tuple[Item, bool, str]]) -> None:
    """A listener of hardware/hooks.py, in the transaction of the change: what a team had enrolled ends with its loan, and a runner of the staff
    that comes back is in quarantine until it is enrolled anew. Whoever had the board could copy its token.
    """
    for runner in Runner.objects.filter(item__in=[item.pk for item, _, _ in changed]).select_related("team", "item"):
        pieces = LoanPiece.objects.filter(item=runner.item_id).select_related("loan__team").order_by("-out_at", "-pk")
        newest = pieces.first()
        if runner.item is None or newest is None or newest.back_at is None or keeps_item(runner):
            continue
        if runner.status == Duty.REVOKED:
            Runner.objects.filter(pk=runner.pk).update(item=None)
        elif runner.team_id is not None and newest.loan.team_id == runner.team_id:
            why = f"team {runner.team} has {runner.item.tag} on loan no more"
            duty_move(runner, Duty.REVOKED, by="site", why=why)
        elif runner.team_id is None and _was_enrolled_before(runner, newest.back_at):
            why = f"{runner.item.tag} came back from a loan, and its token may have been copied: enrol it again with a new code"
            duty_move(runner, Duty.QUARANTINED, by="site", why=why)


def _was_enrolled_before(runner: Runner, back_at: datetime) -> bool:
    """Whether the board was out with the token that it has; and nobody has looked at it since it is back."""
    is_old = runner.enrolled_at is not None and runner.enrolled_at < back_at and runner.status != Duty.QUARANTINED
    return is_old and not runner.moves.filter(moved_to=Duty.QUARANTINED, at__gte=back_at).exists()


def _pieces(team: Team) -> list[LoanPiece]:
    found = LoanPiece.objects.filter(
        back_at=None, loan__team=team, loan__course=team.course_id, product__kind=Kind.BOARD, item__isnull=False
    )
    return list(found.select_related("item__product", "loan__team", "loan__course").order_by("out_at", "pk"))


def _runner_of(item: Item) -> Runner | None:
    return Runner.objects.filter(item=item).select_related("team", "course").first()


def _why_not(visit: Visit, piece: LoanPiece) -> str:
    item, team = piece.item, piece.loan.team
    assert item is not None
    if not policy_for(visit.course).team_runners:
        return "In this course the staff enrol boards. Ask them for a code."
    if not (verdict := may_serve(item, team)).ok:
        return verdict.why
    runner = _runner_of(item)
    if runner is None:
        known = item.product.device in profiles_of(visit.course)
        return "" if known else f"The catalogue does not say which device {item.tag} is, so ask the staff to add it."
    is_theirs = runner.team_id == piece.loan.team_id and runner.course_id == visit.course.pk
    if runner.status == Duty.REVOKED:
        since = runner.moves.filter(moved_to=Duty.REVOKED).order_by("-pk").first()
        is_of_this_loan = is_theirs and since is not None and since.at > piece.out_at
        return (
            "The staff revoked the runner of this board. Ask them before you enrol it again." if is_of_this_loan else ""
        )
    if not is_theirs:
        return f"{item.tag} carries the runner {runner.name} of the staff already. It does your team's work while you have it."
    if runner.status == Duty.QUARANTINED:
        return f"{runner.name} is in quarantine: two machines showed its token. Ask the staff to look at it first."
    return ""


def _added(visit: Visit, team: Team, item: Item, before: Runner | None) -> tuple[Runner, str]:
    """before: a runner of an earlier loan, which keeps its history and lets go of the board."""
    if before is not None:
        Runner.objects.filter(pk=before.pk).update(item=None)
    return runner_add(visit=visit, name=_free_name(visit, item), device=item.product.device, team=team, item=item)


def _free_name(visit: Visit, item: Item) -> str:
    """The tag of the item; with a number where a runner of the course is called so."""
    taken = set(Runner.objects.filter(course=visit.course).values_list("name", flat=True))
    names = [item.tag.lower()[:LONGEST_NAME], *(f"{item.tag.lower()[: LONGEST_NAME - 4]}-{n}" for n in range(2, 100))]
    free = next((name for name in names if name not in taken), "")
    if not free:
        raise AppError("Too many runners are called like this board. Ask the staff.", code="runner_name_taken")
    return free
