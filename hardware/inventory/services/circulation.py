"""What follows when items leave circulation or come back: plans are made anew, whoever is concerned is told, and so are runners.

Called once for each change, inside the lock of the stockroom and after the change is written, by whoever made it: a move of an item, a
loan, a return, a case, a count, an import.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from courseplatform.core.errors import Conflict
from courseplatform.courses.access import Visit
from hardware import hooks
from hardware.inventory.ledger import Ledger, stockroom_row_locked
from hardware.inventory.lending.eligibility import Borrower
from hardware.inventory.services.bookings import Replanned, replan
from hardware.inventory.services.waiting import promises_tell, waiting_serve
from hardware.inventory.serving import in_repair, piece_out, pieces_out, reserved_items, verdict_of
from hardware.models import Booking, Item, Product

ON_LOAN = "on_loan"


def circulation_changed(
    ledger: Ledger, items: Sequence[Item], now: datetime, *, products: Iterable[Product] = ()
) -> Replanned:
    """Plan anew who gets which item and tell whose plan lost or regained one, serve the waiting list, and tell each item's runner.

    products: others that are concerned, such as the one that an item was of before.
    """
    concerned = {row.pk: row for row in (*products, *(item.product for item in items))}
    found = promises_replan(concerned.values(), now)
    waiting_serve(ledger.stockroom, concerned.values(), now=now)
    if hooks.service_listeners:
        out, broken = pieces_out(items), in_repair(items)
        verdicts = [(item, verdict_of(item, out.get(item.pk), None, is_in_repair=item.pk in broken)) for item in items]
        hooks.tell_service([(item, verdict.ok, verdict.why or ledger.why) for item, verdict in verdicts])
    return found


def offer_changed(item: int) -> None:
    """A board carries a runner from now on, or no more: what was planned with it is planned anew. Called after that is written, by itself,
    since whoever changes a runner holds its row and must not wait for the stockroom then.
    """
    row = Item.objects.select_related("product").filter(pk=item).first()
    if row is None:
        return
    with transaction.atomic():
        stockroom, now = stockroom_row_locked(row.stockroom_id), timezone.now()
        promises_replan([row.product], now)
        waiting_serve(stockroom, [row.product], now=now)


def promises_replan(products: Iterable[Product], now: datetime) -> Replanned:
    """The first half of it: who has a promise gets what there is before anybody who waits."""
    concerned = {row.pk: row for row in products}
    booked = set(Booking.objects.filter(product__in=concerned, is_active=True).values_list("product", flat=True))
    found = replan([row for pk, row in concerned.items() if pk in booked], now=now)
    promises_tell(found, now)
    return found


def check_not_out(item: Item, visit: Visit | None = None) -> None:
    """Raises Conflict (`on_loan`): what somebody has is taken back or reported lost on its loan, so that the loan ends too."""
    piece = piece_out(item)
    if piece is None:
        return
    who = Borrower.of(piece.loan).words
    if visit is not None and piece.loan.course_id != visit.course.pk:
        who = f"{who} of {piece.loan.course.name}"
    raise Conflict(
        f"{item.tag} is on loan to {who}. Take it back first, or report it lost on the loan.",
        code=ON_LOAN,
        details={"loan": piece.loan_id},
    )


def check_not_reserved(item: Item) -> None:
    """Raises Conflict (`reserved`): somebody was promised this very item, alone or as a part of a kit, as what it is."""
    if reserved_items([item]):
        raise Conflict(
            f"{item.tag} itself is reserved, so it stays a {item.product.name}. Decline or cancel the reservation first.",
            code="reserved",
        )
