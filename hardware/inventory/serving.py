"""Whether the runner on a board may take work. The door of the runners: they ask here, and are told by `hooks.tell_service`."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Q

from courseplatform.teams.models import Team
from hardware.inventory.lending.eligibility import Borrower
from hardware.models import Booking, CaseStatus, DamageCase, Duty, Item, LoanPiece, Runner

# Boards that carry a runner of the staff stay where they measure: they are offered to nobody until the runner is paused or retired. The desk
# still lends one that is scanned there, since whoever has it gets its runner too (hardware/runners/own.py).
STAYS = Q(runner__status__in=[Duty.ACTIVE, Duty.DRAINING, Duty.QUARANTINED], runner__team=None)


@dataclass(frozen=True)
class Verdict:
    """why: a sentence where it may not, "" where it may."""

    ok: bool
    why: str = ""


def piece_out(item: Item) -> LoanPiece | None:
    """Whoever has it now: the open piece with its loan, or None."""
    return LoanPiece.objects.filter(item=item, back_at=None).select_related("loan__person", "loan__team", "loan__course").first()  # fmt: skip


def pieces_out(items: Iterable[Item]) -> dict[int, LoanPiece]:
    """The same of many, by the key of the item. One query."""
    found = LoanPiece.objects.filter(item__in=items, back_at=None).select_related("loan__person", "loan__team", "loan__course")  # fmt: skip
    return {piece.item_id: piece for piece in found if piece.item_id is not None}


def in_repair(items: Iterable[Item]) -> set[int]:
    """Keys of those that are in repair by a damage case. One query."""
    return set(DamageCase.objects.filter(item__in=items, status=CaseStatus.IN_REPAIR).values_list("item", flat=True))


def may_serve(item: Item, team: Team | None = None) -> Verdict:
    """Whether it may take work: that of everybody while it stands in the lab, that of one team while they have it on loan.

    Args:
        team: whose work it is; None = anybody's.
    """
    return verdict_of(item, piece_out(item), team, is_in_repair=bool(in_repair([item])))


def verdict_of(item: Item, piece: LoanPiece | None, team: Team | None, *, is_in_repair: bool) -> Verdict:
    """The same from what is known: who has it, and whether it is in repair by a case."""
    if item.status != Item.Status.IN_SERVICE:
        return Verdict(False, f"{item.tag} is {item.get_status_display().lower()}.")
    if is_in_repair:
        return Verdict(False, f"{item.tag} is in repair by its damage case.")
    if piece is None or (team is not None and piece.loan.team_id == team.pk):
        return Verdict(True)
    return Verdict(False, f"{item.tag} is on loan to {Borrower.of(piece.loan).words}, so it serves their work alone.")  # fmt: skip


def boards_of_team(team: Team) -> list[Item]:
    """What a team has on loan and may run its own work on: in service, the oldest loan first."""
    found = Item.objects.filter(loan_pieces__back_at=None, loan_pieces__loan__team=team, status=Item.Status.IN_SERVICE)
    in_repair = DamageCase.objects.filter(status=CaseStatus.IN_REPAIR).values("item")
    return list(found.exclude(pk__in=in_repair).select_related("product").order_by("loan_pieces__out_at", "tag"))


def runners_that_stay(items: Iterable[Item]) -> dict[int, Runner]:
    """Of the items that stay in the lab for it, their runners, by the key of the item. One query."""
    found = Item.objects.filter(STAYS, pk__in=[item.pk for item in items]).select_related("runner")
    return {item.pk: item.runner for item in found}


def reserved_items(items: Iterable[Item]) -> set[int]:
    """Keys of those that were promised as this very item."""
    held = Booking.objects.filter(item__in=items, is_active=True, is_pinned=True, piece=None)
    return {pk for pk in held.values_list("item", flat=True) if pk is not None}
