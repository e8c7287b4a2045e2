"""What follows when items leave circulation or come back: plans are made anew, whoever is concerned is told, and so are runners.

Called once for each change, inside the lock of the stockroom and after the change is written, by whoever made it: a move of an item, a
loan, a return, a case, a count, an import.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime

from django.urls import reverse
from django.utils import timezone

from courseplatform.core.errors import Conflict
from courseplatform.core.markdown import escaped
from courseplatform.courses.access import Visit
from courseplatform.notices.services.notifications import notification_send
from hardware import hooks
from hardware.inventory.borrowers import staff_of
from hardware.inventory.eligibility import Borrower
from hardware.inventory.ledger import Ledger
from hardware.inventory.services.bookings import Replanned, replan
from hardware.inventory.serving import may_serve, piece_out, reserved_items
from hardware.models import Booking, Item, Product, Reservation

ON_LOAN = "on_loan"


def circulation_changed(
    ledger: Ledger, items: Sequence[Item], now: datetime, *, products: Iterable[Product] = ()
) -> Replanned:
    """Plan anew who gets which item, tell whose plan lost or regained one, and tell each item's runner whether it may serve.

    products: others that are concerned, such as the one that an item was of before.
    """
    concerned = {row.pk: row for row in (*products, *(item.product for item in items))}
    booked = set(Booking.objects.filter(product__in=concerned, is_active=True).values_list("product", flat=True))
    found = replan([row for pk, row in concerned.items() if pk in booked], now=now)
    for reservation in _reservations(found.lost):
        _tell(reservation, "lost", now)
    for reservation in _reservations(found.served):
        _tell(reservation, "served", now)
    for item in items if hooks.service_listeners else ():
        verdict = may_serve(item)
        hooks.tell_service(item, verdict.ok, verdict.why or ledger.why)
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
        f"{item.tag} is on loan to {who}. Take it back first, or report it lost on the loan; nothing was written.",
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


def _reservations(bookings: Iterable[Booking]) -> list[Reservation]:
    wanted = {one.reservation_id for one in bookings if one.reservation_id}
    found = Reservation.objects.filter(pk__in=wanted).select_related("course", "person", "team", "product", "kit")
    return list(found.order_by("from_at", "pk"))


def _tell(row: Reservation, what: str, now: datetime) -> None:
    """Both sides hear of a loss; a plan that regains its item is good news for the borrower alone."""
    key, path = f"reservation-{row.pk}-{what}-{now:%Y%m%dT%H%M%S%f}", reverse("stock:index", kwargs={"course": row.course.slug})  # fmt: skip
    name = f"{row.count} x {row.product.name}" if row.product else row.kit.name if row.kit else "hardware"
    local = timezone.localtime(row.from_at, row.course.tz)
    thing, people = f"{name} from {local:%a %b} {local.day}", Borrower.of(row).members
    if what == "served":
        notification_send(
            course=row.course, people=people, kind="hardware", key=key, path=path, title=f"There is one for you again: {thing}",
            text="What was missing for your reservation is back in service. Nothing is left to do.",
        )  # fmt: skip
        return
    text = "Something went out of service, and too few are left for this reservation. It stays, and gets the next one that comes back."  # fmt: skip
    notification_send(
        course=row.course, people=people, kind="hardware", key=key, path=path, title=f"Too few are left for your reservation: {thing}", text=text,
    )  # fmt: skip
    who = Borrower.of(row).words
    notification_send(
        course=row.course, people=staff_of(row.course), kind="hardware", key=f"{key}-staff", path=path,
        title=f"Too few are left for {who}: {thing}", text=f"{text} {escaped(who)} is told.",
    )  # fmt: skip
