"""Items as the lines of a table: their state, and with whom they are."""

from collections.abc import Iterable
from typing import Any

from courseplatform.core.badges import Badge
from hardware.inventory.selectors.stock import BADGES
from hardware.models import Item, LoanPiece

OUT = Badge("neutral", "forward", "out")


def item_rows(items: Iterable[Item]) -> list[dict[str, Any]]:
    """`out` instead of `in service` for what somebody has, and the loan it is on. One query."""
    found = list(items)
    pieces = LoanPiece.objects.filter(item__in=found, back_at=None)
    out = {piece.item_id: piece.loan for piece in pieces.select_related("loan__course", "loan__person", "loan__team")}
    return [{"item": item, "badge": _badge(item, is_out=item.pk in out), "loan": out.get(item.pk)} for item in found]


def _badge(item: Item, *, is_out: bool) -> Badge:
    status = Item.Status(item.status)
    return OUT if is_out and status == Item.Status.IN_SERVICE else BADGES[status]
