"""The steps of a hand-over. Everything here runs inside the lock of the stockroom."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID, uuid5

from courseplatform.core.errors import BadInput, Conflict, NotHere
from courseplatform.core.states import move
from courseplatform.courses.access import Visit
from hardware.inventory.kits.contents import KitPiece, kit_pieces
from hardware.inventory.lending.eligibility import Borrower
from hardware.inventory.lending.loan_words import at_words, counted_name, day_words, holder_words, listed
from hardware.inventory.services.bookings import NOT_FREE, Want, book, hand_out, release
from hardware.inventory.services.products import balance_of, count_record
from hardware.models import (
    HOLDS,
    RESERVATION_MOVES,
    Booking,
    Condition,
    Item,
    Kit,
    Loan,
    LoanPiece,
    Product,
    Reservation,
    ReservationMove,
    ReservationStatus,
    Stockroom,
)

PICK_UP_EARLY = timedelta(days=1)  # a reservation may be handed over so long before it begins
COUNTS = UUID("5b7f6d1e-3a54-4d0f-9d7c-6a3a1a0c8f11")  # keys of count events are made of what they are for


@dataclass(frozen=True)
class Hand:
    """One thing that is handed over: an item, a kit, or so many of what is only counted.

    condition: of an item as it goes out, "" = as it stands in the books. without: of a kit, what is missing and goes without it: tags
    of items and names of products.
    """

    item: Item | None = None
    kit: Kit | None = None
    product: Product | None = None
    count: int = 1
    condition: str = ""
    without: frozenset[str] = frozenset()


@dataclass
class Line:
    """One piece of the loan to be."""

    product: Product
    item: Item | None = None
    count: int = 1
    kit: Kit | None = None
    condition: str = ""


def check_item(item: Item, open_pieces: dict[int, LoanPiece]) -> None:
    """Raises Conflict: `item_is_out` with who has it since when, `not_in_service`."""
    piece = open_pieces.get(item.pk)
    if piece is not None:
        said = f"{item.tag} is out: {holder_words(piece.loan)} has it since {at_words(piece.out_at, piece.loan.course.tz)}. Take it back first."
        raise Conflict(said, code="item_is_out", details={"tag": item.tag, "loan": piece.loan_id})
    if item.status != Item.Status.IN_SERVICE:
        words = Item.Status(item.status).label.lower()
        said = f"{item.tag} is {words}, so it is not lent. Put it back into service on its page first."
        raise Conflict(said, code="not_in_service", details={"tag": item.tag})


def open_pieces_of(items: Iterable[int]) -> dict[int, LoanPiece]:
    """Item's key -> the piece with which it is out. One query."""
    rows = LoanPiece.objects.filter(item__in=list(items), back_at=None)
    found = rows.select_related("item", "product", "loan__course", "loan__person", "loan__team", "loan__taken_by")
    return {row.item_id: row for row in found if row.item_id is not None}


class Gathering:
    """Turns what was scanned into the pieces of a loan: kits are unpacked, and each thing is looked at.

    Raises of `lines`:
        BadInput: `nothing_handed`, `bad_condition`, `bad_count`. NotHere: `unknown_tag`.
        Conflict: `item_is_out`, `not_in_service`, `not_counted`, `kit_retired`, `kit_not_whole` (details: missing).
    """

    def __init__(self, stockroom: Stockroom, pieces: Sequence[Hand]) -> None:
        self.stockroom, self.pieces = stockroom, pieces
        self.missing: list[str] = []

    def lines(self) -> list[Line]:
        kits = {hand.kit.pk: (hand.kit, hand.without) for hand in self.pieces if hand.kit is not None}
        parts = {pk: kit_pieces(kit) for pk, (kit, _) in kits.items()}
        self._read([one.item.pk for rows in parts.values() for one in rows if one.item is not None])
        found = [line for pk, (kit, without) in kits.items() for line in self._of_kit(kit, parts[pk], without)]
        if self.missing:
            said = f"Not whole: {'; '.join(self.missing)}. Scan what is there, or say that it goes without."
            raise Conflict(said, code="kit_not_whole", details={"missing": self.missing})
        found += [self._alone(item) for item in self.scanned.values()]
        found += self._counted()
        if not found:
            raise BadInput("Nothing was chosen. Scan what is handed over.", code="nothing_handed")
        return found

    def _read(self, in_kits: Iterable[int]) -> None:
        """The things as they are now, each once, and what of them is out."""
        hands = {hand.item.pk: hand for hand in self.pieces if hand.item is not None}
        rows = Item.objects.filter(stockroom=self.stockroom, pk__in={*hands, *in_kits}).select_related("product")
        self.items = {row.pk: row for row in rows}
        if foreign := [hand.item.tag for pk, hand in hands.items() if pk not in self.items and hand.item]:
            raise NotHere(f"Nothing here has the tag {listed(foreign)}.", code="unknown_tag")
        self.out = open_pieces_of(self.items)
        self.conditions = {pk: hand.condition for pk, hand in hands.items()}
        if wrong := [one for one in self.conditions.values() if one and one not in Condition.values]:
            raise BadInput(f"The condition {wrong[0][:20]} is unknown. Choose new, good, worn or damaged.", code="bad_condition")  # fmt: skip
        self.scanned = {pk: self.items[pk] for pk in hands}

    def _line(self, item: Item, kit: Kit | None = None) -> Line:
        check_item(item, self.out)
        return Line(item.product, item, 1, kit, self.conditions.get(item.pk) or item.condition)

    def _alone(self, item: Item) -> Line:
        return self._line(item)

    def _of_kit(self, kit: Kit, parts: Sequence[KitPiece], without: frozenset[str]) -> list[Line]:
        if kit.is_retired or kit.stockroom_id != self.stockroom.pk:
            raise Conflict(f"{kit.tag} is not in use any more. Scan its pieces one by one.", code="kit_retired")
        found = []
        for part in parts:
            if part.item is not None:
                found += self._fixed(kit, self.items[part.item.pk], without)
            elif part.is_counted:
                found += self._number(kit, part.product, part.count, without)
            else:
                found += self._any(kit, part.product, without)
        return found

    def _fixed(self, kit: Kit, item: Item, without: frozenset[str]) -> list[Line]:
        self.scanned.pop(item.pk, None)
        if item.tag in without:
            return []
        try:
            return [self._line(item, kit)]
        except Conflict as error:
            self.missing.append(f"{kit.tag} lacks {item.tag}: {error.message.split('. ')[0].rstrip('.')}")
            return []

    def _number(self, kit: Kit, product: Product, count: int, without: frozenset[str]) -> list[Line]:
        have = min(count, balance_of(product))
        if have < count and product.name not in without:
            self.missing.append(f"{kit.tag} lacks {counted_name(product.name, count - have)}: there are {have}")
        return [Line(product, None, have, kit)] if have else []

    def _any(self, kit: Kit, product: Product, without: frozenset[str]) -> list[Line]:
        item = next((one for one in self.scanned.values() if one.product_id == product.pk), None)
        if item is not None:
            del self.scanned[item.pk]
            return [self._line(item, kit)]
        if product.name not in without:
            self.missing.append(f"{kit.tag} lacks a {product.name}: scan which one goes with it")
        return []

    def _counted(self) -> list[Line]:
        hands = [(hand.product, hand.count) for hand in self.pieces if hand.product is not None]
        rows = {row.pk: row for row in Product.objects.filter(stockroom=self.stockroom, pk__in=[one.pk for one, _ in hands])} if hands else {}  # fmt: skip
        numbers: Counter[int] = Counter()
        for product, count in hands:
            if product.pk not in rows:
                raise NotHere("There is no such entry in the catalogue of this course.")
            if not rows[product.pk].is_counted:
                raise Conflict(f"{product.name} has items with tags. Scan the one that goes out.", code="not_counted")
            if count < 1:
                raise BadInput("Write a number of pieces from 1 on.", code="bad_count")
            numbers[product.pk] += count
        return [Line(rows[pk], None, count) for pk, count in numbers.items()]


def wanted(lines: Iterable[Line]) -> dict[Product, int]:
    found: dict[Product, int] = defaultdict(int)
    for line in lines:
        found[line.product] += line.count
    return dict(found)


def held_for(borrower: Borrower, stockroom: Stockroom, reservation: Reservation | None, now: datetime) -> list[Booking]:
    """What is held for this borrower and may be handed over now; of one reservation where it is named.

    Raises Conflict: `reservation_over`, `other_borrower`.
    """
    rows = Booking.objects.filter(stockroom=stockroom, is_active=True, reservation__status__in=HOLDS)
    rows = rows.select_related("reservation", "product", "item").order_by("from_at", "pk")
    if reservation is None:
        mine = {"reservation__person": borrower.person, "reservation__team": borrower.team, "reservation__course": borrower.course}  # fmt: skip
        return list(rows.filter(**mine, from_at__lte=now + PICK_UP_EARLY, until_at__gt=now))
    if reservation.person != borrower.person or reservation.team != borrower.team:
        raise Conflict("This reservation is of somebody else. Choose who reserved it, or hand over without it.", code="other_borrower")  # fmt: skip
    fresh = Reservation.objects.get(pk=reservation.pk)
    if fresh.status not in HOLDS:
        words = ReservationStatus(fresh.status).label.lower()
        raise Conflict(f"This reservation is closed: {words}. Hand over without it.", code="reservation_over")
    return list(rows.filter(reservation=reservation))


def bookings_write(loan: Loan, pieces: Sequence[LoanPiece], held: list[Booking], now: datetime) -> list[Reservation]:
    """Take each item for the time of the loan: through what is held for the borrower, else anew. Returns the reservations that were served.

    Raises Conflict (`promised`): somebody else has it from a certain day on, and nothing else is free for them.
    """
    served: dict[int, Reservation] = {}
    wants = []
    try:
        for piece in pieces:
            if piece.item is None:
                continue
            booking = _fitting(piece.item, held)
            if booking is None:
                wants.append(Want(piece.product, now, loan.due_at, piece.item, piece))
                continue
            held.remove(booking)
            if booking.reservation is not None:
                served[booking.reservation.pk] = booking.reservation
            hand_out(booking, piece, until_at=loan.due_at, now=now)
        book(loan.stockroom, wants, now=now)
    except Conflict as error:
        raise promised(error, loan, [piece.item for piece in pieces if piece.item is not None]) from error
    return list(served.values())


def _fitting(item: Item, held: Sequence[Booking]) -> Booking | None:
    fits = [one for one in held if one.product_id == item.product_id and (not one.is_pinned or one.item_id == item.pk)]
    return next((one for one in fits if one.item_id == item.pk), fits[0] if fits else None)


def promised(error: Conflict, loan: Loan, items: Sequence[Item]) -> Conflict:
    """The refusal of a booking, with the name of who has it promised next. For staff."""
    if error.code != NOT_FREE:
        return error
    name = str(error.details.get("product", ""))
    tags = listed(item.tag for item in items if item.product.name == name) or name
    rows = Booking.objects.filter(
        product__name=name, stockroom=loan.stockroom, is_active=True, reservation__status__in=HOLDS
    )
    first = rows.select_related("reservation__team", "reservation__person").order_by("from_at").first()
    if first is None or first.reservation is None:
        return Conflict(
            f"{tags} is not free for so long. Choose an earlier day.", code="promised", details=error.details
        )
    zone = loan.course.tz
    whose = f"team {first.reservation.team.name}" if first.reservation.team else str(first.reservation.person)
    from_words = (
        f"{tags} is promised to {whose} from {at_words(first.from_at, zone)}, and no other {name} is free then."
    )
    said = f"{from_words} Lend until {day_words(first.from_at, zone)}, or another one."
    return Conflict(said, code="promised", details=error.details | {"from_at": first.from_at.isoformat()})


def reservations_close(served: Iterable[Reservation], *, by: str, now: datetime) -> None:
    """A reservation of which nothing is held any more was handed over. What a kit went without is free again."""
    for row in served:
        rest = list(row.bookings.filter(is_active=True))
        if row.kit_id is not None:
            release(rest, now=now)
        elif rest:
            continue
        move(row, moves=RESERVATION_MOVES, to=ReservationStatus.HANDED_OVER, by=by, history=ReservationMove)


def counts_write(visit: Visit, loan: Loan, pieces: Iterable[LoanPiece], whose: str) -> None:
    """What is only counted leaves the shelf. Raises Conflict (`not_enough`)."""
    for piece in pieces:
        if piece.item is None:
            count_record(
                visit=visit, product=piece.product, act="given", number=piece.count, note=f"loan {loan.pk} to {whose}"[:200],
                key=uuid5(COUNTS, f"out {piece.pk}"),
            )  # fmt: skip
