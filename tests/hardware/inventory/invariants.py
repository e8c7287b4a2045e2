"""What holds of a stockroom after any act whatever: counted from the rows by brute force, with none of the code that wrote them."""

from collections import Counter, defaultdict
from itertools import combinations

from django.db import transaction

from hardware.inventory.ledger import shown
from hardware.inventory.lending.planning import plan
from hardware.inventory.services.bookings import claim_of, lendable
from hardware.inventory.services.waiting import waiting_serve
from hardware.models import (
    CASE_OPEN,
    HOLDS,
    Booking,
    CaseStatus,
    DamageCase,
    Item,
    KitSlot,
    Loan,
    LoanPiece,
    Product,
    Reservation,
    StockEvent,
)

FIRST = {"status": "in_service"}  # of what is not said when an item is added


def check_all(stockroom):
    """Everything but what time alone changes: that is looked at again when the clock's sweep ran."""
    items = {row.pk: row for row in Item.objects.filter(stockroom=stockroom).select_related("product")}
    bookings = list(Booking.objects.filter(stockroom=stockroom).select_related("piece", "reservation__kit"))
    pieces = list(LoanPiece.objects.filter(loan__stockroom=stockroom).select_related("loan__person", "loan__team"))
    check_bookings(items, bookings, pieces)
    check_loans(stockroom, pieces)
    check_reservations(stockroom, bookings)
    check_cases(stockroom, items)
    check_counts(stockroom, pieces)
    check_history(stockroom, items, pieces)


def check_bookings(items, bookings, pieces):
    active = [row for row in bookings if row.is_active]
    of_item = defaultdict(list)
    for row in active:
        if row.item_id:
            of_item[row.item_id].append(row)
            assert items[row.item_id].product_id == row.product_id, f"{row.pk} holds an item of another product"
    for tag, rows in of_item.items():
        for one, other in combinations(rows, 2):
            apart = (one.until_at and one.until_at <= other.from_at) or (
                other.until_at and other.until_at <= one.from_at
            )
            assert apart, f"{items[tag]} is promised twice: bookings {one.pk} and {other.pk}"
    in_kits = dict(KitSlot.objects.filter(item__in=items, kit__is_retired=False).values_list("item", "kit"))
    for row in active:
        if row.item_id in in_kits and row.piece_id is None and not row.is_pinned:
            raise AssertionError(f"{items[row.item_id]} is a fixed part of a kit, and a plan for booking {row.pk}")
    out = Counter(piece.item_id for piece in pieces if piece.item_id and piece.back_at is None)
    assert not [pk for pk, number in out.items() if number > 1], "an item is out twice"
    held = {row.piece_id: row.item_id for row in active if row.piece_id}
    assert held == {one.pk: one.item_id for one in pieces if one.item_id and one.back_at is None}, "bookings of pieces"
    for pk in out:
        assert items[pk].status == Item.Status.IN_SERVICE, f"{items[pk]} is out and {items[pk].status}"


def check_loans(stockroom, pieces):
    still_out = {piece.loan_id for piece in pieces if piece.back_at is None}
    for loan in Loan.objects.filter(stockroom=stockroom):
        assert (loan.closed_at is None) == (loan.pk in still_out), f"loan {loan.pk} is closed, or is it"
        assert loan.closed_at is None or loan.closed_at >= loan.handed_at
    for piece in pieces:
        if piece.count_back is not None:
            assert 0 <= piece.count_back <= piece.count


def check_reservations(stockroom, bookings):
    held = defaultdict(list)
    for row in bookings:
        if row.is_active and row.reservation_id:
            held[row.reservation_id].append(row)
    rows = Reservation.objects.filter(stockroom=stockroom).prefetch_related("kit__slots__product", "loans")
    for row in rows:
        number = len(held[row.pk])
        if row.status not in HOLDS:
            assert number == 0, f"reservation {row.pk} is {row.status} and holds {number}"
            continue
        slots = list(row.kit.slots.all()) if row.kit else []
        wanted = (
            sum(1 if one.item_id else 0 if one.product.is_counted else one.count for one in slots)
            if row.kit
            else row.count
        )
        if row.loans.all():
            assert 0 < number <= wanted, f"reservation {row.pk} of {wanted} was served in part and holds {number}"
        else:
            assert number == wanted, f"reservation {row.pk} of {wanted} holds {number}"
        for one in held[row.pk]:
            assert one.until_at == row.until_at, f"reservation {row.pk} ends at another time than what it holds"


def check_cases(stockroom, items):
    for case in DamageCase.objects.filter(item__stockroom=stockroom, status__in=CASE_OPEN):
        item = items[case.item_id]
        assert item.status != Item.Status.RETIRED, f"{item} is retired and has an open case"
        if case.status == CaseStatus.IN_REPAIR:
            assert item.status in (Item.Status.IN_REPAIR, Item.Status.LOST), (
                f"{item} is {item.status}, its case in repair"
            )


def check_counts(stockroom, pieces):
    for product in Product.objects.filter(stockroom=stockroom, is_counted=True):
        balance = 0
        for event in StockEvent.objects.filter(product=product, what="count").order_by("pk"):
            assert shown(balance) == event.before or (event.before, balance) == ("", 0), f"{product}: {event}"
            balance += event.change
            assert balance >= 0 and shown(balance) == event.after, f"{product}: {event}"


def check_history(stockroom, items, pieces):
    """Each line begins where the one before it ended, and the last one is what the row says now."""
    chain = {}
    for event in StockEvent.objects.filter(stockroom=stockroom, item__isnull=False).order_by("pk"):
        if event.what in ("added", "counted", "case"):
            continue
        key = (event.item_id, event.what)
        before = chain.get(key, FIRST.get(event.what, event.before if event.what not in ("loan", "kit") else ""))
        assert before == event.before, f"{items[event.item_id]}, {event.what}: {before!r} and then {event.before!r}"
        chain[key] = event.after
    holder = {one.item_id: one for one in pieces if one.item_id and one.back_at is None}
    in_kit = dict(KitSlot.objects.filter(item__in=items, kit__is_retired=False).values_list("item", "kit__tag"))
    for (pk, what), last in chain.items():
        item = items[pk]
        if what == "kit":
            assert last == in_kit.get(pk, ""), f"{item}: kit {last!r}"
        elif what == "loan":
            piece = holder.get(pk)
            whose = (
                "" if piece is None else f"team {piece.loan.team.name}" if piece.loan.team else str(piece.loan.person)
            )
            assert last == whose, f"{item}: {last!r}, and {whose!r} has it"
        else:
            assert last == shown(getattr(item, what)), f"{item}: the history ends with {what} {last!r}"
    assert set(holder) <= {pk for pk, what in chain if what == "loan"}


def check_plan(stockroom, now):
    """No one lacks an item that a plan made anew would find; what is out too long is promised to nobody."""
    for product in Product.objects.filter(stockroom=stockroom, is_counted=False):
        rows = list(Booking.objects.filter(product=product, is_active=True).select_related("piece"))
        lacking = [row.pk for row in rows if row.item_id is None]
        found = plan([item.pk for item in lendable(product)], [claim_of(row, now) for row in rows])
        assert len(found.unserved) >= len(lacking), f"{product}: {lacking} lack what is there"
        late = {row.item_id for row in rows if row.piece_id and row.until_at and row.until_at <= now}
        wrong = [row.pk for row in rows if row.piece_id is None and not row.is_pinned and row.item_id in late]
        assert not wrong, f"{product}: {wrong} are planned onto what is overdue"
        gone = set(Item.objects.filter(product=product).exclude(status="in_service").values_list("pk", flat=True))
        wrong = [row.pk for row in rows if row.piece_id is None and not row.is_pinned and row.item_id in gone]
        assert not wrong, f"{product}: {wrong} are planned onto what is out of circulation"


def check_nobody_waits_in_vain(stockroom, now):
    """Whoever waits is served by what is there the moment it is there, so that a look at the list finds nothing to do."""
    with transaction.atomic():
        served = waiting_serve(stockroom, Product.objects.filter(stockroom=stockroom, is_counted=False), now=now)
        transaction.set_rollback(True)
    assert not served, f"{served} could have been served before"
