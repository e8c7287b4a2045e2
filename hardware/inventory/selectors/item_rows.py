"""Items as the lines of a table: their state, and with whom they are."""

from collections.abc import Iterable
from typing import Any

from courseplatform.core.badges import Badge
from hardware.inventory.selectors.stock import BADGES
from hardware.inventory.serving import runners_that_stay
from hardware.models import Item, LoanPiece

OUT = Badge("neutral", "forward", "out")
STAYS = Badge("neutral", "dot", "carries a runner")


def item_rows(items: Iterable[Item]) -> list[dict[str, Any]]:
    """`out` instead of `in service` for what somebody has, and the loan it is on; and the runner of what stays for it. Two queries."""
    found = list(items)
    pieces = LoanPiece.objects.filter(item__in=found, back_at=None)
    out = {piece.item_id: piece.loan for piece in pieces.select_related("loan__course", "loan__person", "loan__team")}
    stay = runners_that_stay(found)
    return [
        {"item": item, "badge": _badge(item, is_out=item.pk in out, stays=item.pk in stay), "loan": out.get(item.pk), "runner": stay.get(item.pk)}
        for item in found
    ]  # fmt: skip


def _badge(item: Item, *, is_out: bool, stays: bool) -> Badge:
    status = Item.Status(item.status)
    if status != Item.Status.IN_SERVICE:
        return BADGES[status]
    return OUT if is_out else STAYS if stays else BADGES[status]
