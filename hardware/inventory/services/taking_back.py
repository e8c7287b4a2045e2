"""The steps of a return, a loss and an undone hand-over. Everything here runs inside the lock of the stockroom."""

from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID, uuid5

from courseplatform.core.errors import BadInput, Conflict, Forbidden, NotHere
from courseplatform.core.states import move
from courseplatform.courses.access import Visit
from courseplatform.courses.models import STAFF, Enrolment
from hardware.hooks import tell_return
from hardware.inventory.access import is_borrower
from hardware.inventory.ledger import Ledger
from hardware.inventory.lending.eligibility import Borrower
from hardware.inventory.lending.loan_words import at_words, counted_name, listed, piece_name, place_words
from hardware.inventory.lending.wishes import wants_of
from hardware.inventory.services.bookings import Want, book, release
from hardware.inventory.services.cases import case_photo_write, case_write
from hardware.inventory.services.circulation import circulation_changed
from hardware.inventory.services.handing_over import COUNTS, open_pieces_of
from hardware.inventory.services.items import status_write
from hardware.inventory.services.loan_notices import borrower_told, event_write
from hardware.inventory.services.loan_photos import photo_write
from hardware.inventory.services.products import count_record
from hardware.models import (
    CASE_OPEN,
    RESERVATION_MOVES,
    Booking,
    Condition,
    DamageCase,
    Item,
    Loan,
    LoanPhoto,
    LoanPiece,
    Reservation,
    ReservationMove,
    ReservationStatus,
    Stockroom,
)

End = LoanPiece.End
OF_LOAN = (
    "item__product",
    "product",
    "loan__course",
    "loan__person",
    "loan__team",
    "loan__taken_by",
    "loan__reservation",
)


@dataclass(frozen=True)
class Back:
    """One thing that comes back: an item, or a piece of what is only counted.

    condition: "" = as it was lent. what: what is wrong with it. photo: of this thing as it came back. count: of what is only counted, how
    many; None = all that are out. is_rest_kept: what of it did not come back is used up or given away.
    """

    item: Item | None = None
    piece: LoanPiece | None = None
    count: int | None = None
    condition: str = ""
    what: str = ""
    photo: bytes | None = None
    is_rest_kept: bool = False


@dataclass
class TakenBack:
    """loans: that had a piece among it. back: in words. still_out: in words, of these loans. cases: of what is broken. is_again: it was sent
    twice."""

    loans: list[Loan] = field(default_factory=list)
    back: list[str] = field(default_factory=list)
    still_out: list[str] = field(default_factory=list)
    cases: list[DamageCase] = field(default_factory=list)
    is_again: bool = False


class Return:
    """One act at the desk that ends pieces. `visit` is of the desk; a loan may be of another course that lends from the same stockroom."""

    def __init__(
        self, visit: Visit, stockroom: Stockroom, *, now: datetime, key: UUID | None = None, note: str = ""
    ) -> None:
        self.visit, self.stockroom, self.now, self.key = visit, stockroom, now, key
        self.zone = visit.course.tz
        self.note = " ".join(note.split())[:200]
        self.ledger = Ledger(stockroom, visit.by)
        self.freed: list[Item] = []

    # -- back at the desk --

    def take(self, pieces: Sequence[Back], photo: bytes | None) -> TakenBack:
        if again := self._again(pieces):
            return again
        if not pieces:
            raise BadInput("Nothing was chosen. Tick what is here.", code="nothing_back")
        found = self._found(pieces)
        self._check_not_own([row.loan for row, _ in found])
        done = [(row, self._words_of(row, one)) for row, one in found]
        result = TakenBack(back=[words for _, words in done])
        loans: dict[int, tuple[Loan, list[str]]] = {}
        for row, words in done:
            loans.setdefault(row.loan_id, (row.loan, []))[1].append(words)
        for place, (loan, named) in enumerate(loans.values()):
            result.still_out += self._loan_back(loan, named, photo, self.key if place == 0 else None)
            result.loans.append(loan)
        result.cases = list(DamageCase.objects.filter(item__in=self.freed, status__in=CASE_OPEN).order_by("pk"))
        self._finish()
        return result

    def _again(self, pieces: Sequence[Back]) -> TakenBack | None:
        """Raises Conflict (`key_taken`): the form was used before, and another thing that is out is ticked in it now."""
        found = Loan.objects.filter(events__key=self.key, stockroom=self.stockroom).first() if self.key else None
        if found is None:
            return None
        if LoanPiece.objects.filter(item__in=[one.item for one in pieces if one.item], back_at=None).exists():
            said = "This form was sent before, and what is ticked now is not taken back. Load the page again, and tick it there."
            raise Conflict(said, code="key_taken")
        out = found.pieces.filter(back_at=None).select_related("item", "product")
        return TakenBack([found], [], [piece_name(one) for one in out], is_again=True)

    def _check_not_own(self, loans: Iterable[Loan]) -> None:
        """Who helps in one course takes nothing back at its desk that they have as a student of another. Raises Forbidden (`own_loan`)."""
        for loan in {one.pk: one for one in loans if one.course_id != self.visit.course.pk}.values():
            person = self.visit.person
            if not is_borrower(loan, person, self.now):
                continue
            if not Enrolment.objects.of(person).filter(course=loan.course, role__in=STAFF).exists():
                said = f"You have this yourself, from {loan.course.name}. Its staff take it back, or somebody else at this desk."
                raise Forbidden(said, code="own_loan")

    def _found(self, pieces: Sequence[Back]) -> list[tuple[LoanPiece, Back]]:
        """Raises NotHere (`unknown_tag`), Conflict (`not_out`), BadInput (`bad_condition`)."""
        if any(one.condition and one.condition not in Condition.values for one in pieces):
            raise BadInput("The condition is unknown. Choose as lent, worn or damaged.", code="bad_condition")
        wanted = {one.item.pk: one for one in pieces if one.item is not None}
        items = {
            row.pk: row
            for row in Item.objects.filter(stockroom=self.stockroom, pk__in=wanted).select_related("product")
        }
        out = open_pieces_of(items)
        found = []
        for pk, one in wanted.items():
            if pk not in items:
                raise NotHere("Nothing here has this tag.", code="unknown_tag")
            found.append((out.get(pk) or self._lost_before(items[pk]), one))
        by_piece = {one.piece.pk: one for one in pieces if one.piece is not None}
        rows = LoanPiece.objects.filter(loan__stockroom=self.stockroom, pk__in=by_piece).select_related(*OF_LOAN)
        found += [(row, by_piece[row.pk]) for row in rows if row.item_id not in wanted or row.item_id is None]
        if len(rows) != len(by_piece):
            raise NotHere("There is no such piece of a loan here.")
        if over := next((row for row, _ in found if row.back_at is not None and row.ended_as != End.LOST), None):
            since = at_words(over.back_at or self.now, self.zone)
            raise Conflict(f"{piece_name(over)} is back already, since {since}. Nothing was written.", code="not_out")
        return found

    def _lost_before(self, item: Item) -> LoanPiece:
        """The piece with which an item that turns up went missing. Raises Conflict (`not_out`)."""
        last = LoanPiece.objects.filter(item=item).select_related(*OF_LOAN).order_by("-out_at", "-pk").first()
        if item.status == Item.Status.LOST and last is not None and last.ended_as == End.LOST:
            return last
        since = f" It came back on {at_words(last.back_at, self.zone)}." if last and last.back_at else ""
        lost = (
            " It is recorded as lost: put it back into service on its page." if item.status == Item.Status.LOST else ""
        )
        said = f"{item.tag} is not out on loan.{since}{lost} {place_words(item)} Nothing was written."
        raise Conflict(said, code="not_out", details={"tag": item.tag, "place": item.place})

    def _words_of(self, row: LoanPiece, one: Back) -> str:
        return self._item_back(row, one) if row.item is not None else self._count_back(row, one)

    def _item_back(self, row: LoanPiece, one: Back) -> str:
        item = row.item
        assert item is not None
        was_lost = row.ended_as == End.LOST
        row.condition_back = one.condition or row.condition_out
        self._end(row, End.RETURNED)
        if not was_lost:  # with the loss its loan was over
            self.ledger.note(item.product, "loan", Borrower.of(row.loan).words, "", item=item)
        if was_lost:
            status_write(self.ledger, item, Item.Status.IN_SERVICE)
        if changed := self.ledger.set(item, {"condition": one.condition} if one.condition else {}):
            item.save(update_fields=changed)
        if one.condition == Condition.DAMAGED:
            what = " ".join(one.what.split())[:300] or "came back damaged"
            case = case_write(self.ledger, item, what, piece=row, courses=[self.visit.course])
            if one.photo is not None:
                case_photo_write(case, one.photo, self.visit.by)
        if one.photo is not None:
            photo_write(row.loan, way=LoanPhoto.Way.BACK, content=one.photo, by=self.visit.by, piece=row)
        worse = f" {Condition(one.condition).label.lower()}" if one.condition else ""
        what = f" ({' '.join(one.what.split())[:100]})" if one.what else ""
        return f"{item.tag}{' (declared lost before)' if was_lost else ''}{worse}{what}"

    def _count_back(self, row: LoanPiece, one: Back) -> str:
        """Raises BadInput (`bad_count`)."""
        before = row.count_back or 0
        rest = row.count - before
        number = rest if one.count is None else one.count
        if not 0 <= number <= rest or (number == 0 and not one.is_rest_kept):
            raise BadInput(f"Of {row.product.name}, {rest} are out. Write a number from 1 to {rest}.", code="bad_count")
        if number:
            count_record(
                visit=self.visit, product=row.product, act="back", number=number, note=f"loan {row.loan_id}",
                key=uuid5(COUNTS, f"back {row.pk} {before}"),
            )  # fmt: skip
        row.count_back = before + number
        if row.count_back == row.count or one.is_rest_kept:
            self._end(row, End.RETURNED if row.count_back == row.count else End.KEPT)
        else:
            row.save(update_fields=["count_back"])
        kept = f", {rest - number} used up" if one.is_rest_kept and number < rest else ""
        return f"{counted_name(row.product.name, number)}{kept}"

    def _end(self, row: LoanPiece, ended_as: str) -> None:
        """Raises Conflict (`back_before_out`)."""
        if self.now < row.out_at:
            out_at, here = at_words(row.out_at, self.zone), at_words(self.now, self.zone)
            said = f"{piece_name(row)} went out {out_at}, and here it is only {here}: a clock is wrong. Nothing was written."
            raise Conflict(said, code="back_before_out", details={"out_at": row.out_at.isoformat()})
        # What turns up again ended for the borrower when it was declared lost, and costs nobody the days of looking for it.
        row.back_at, row.ended_as, row.taken_back_by = row.back_at or self.now, ended_as, self.visit.by[:120]
        row.save(update_fields=["back_at", "ended_as", "taken_back_by", "condition_back", "count_back"])
        release(Booking.objects.filter(piece=row, is_active=True), now=self.now)
        if row.item is not None:
            self.freed.append(row.item)

    def _loan_back(self, loan: Loan, words: list[str], photo: bytes | None, key: UUID | None) -> list[str]:
        """Returns what of it is still out, in words."""
        out = self._close(loan)
        still = f"; still out: {listed(out)}" if out else "; all of it is back"
        note = f" {self.note}" if self.note else ""
        event = event_write(loan, by=self.visit.by, what="returned", sentence=f"{listed(words)} back{still}.{note}", key=key)  # fmt: skip
        if photo is not None:
            photo_write(loan, way=LoanPhoto.Way.BACK, content=photo, by=self.visit.by)
        rest = f"Still out: {listed(out)}." if out else "Nothing of this loan is out any more."
        borrower_told(event, f"{listed(words)} {'is' if len(words) == 1 else 'are'} back", f"{rest}{note}")
        return out

    def _close(self, loan: Loan) -> list[str]:
        """Close it with its last piece; what is still out, in words."""
        out = [piece_name(one) for one in loan.pieces.filter(back_at=None).select_related("item", "product")]
        if not out and loan.closed_at is None:
            loan.closed_at = self.now
            loan.save(update_fields=["closed_at"])
        if loan.is_term:
            tell_return(loan.course, loan.person, loan.team, self.visit.by)
        return out

    # -- lost --

    def lose(self, loan: Loan, pk: int) -> LoanPiece:
        """Raises Conflict (`not_out`), NotHere."""
        row = LoanPiece.objects.filter(loan=loan, pk=pk).select_related(*OF_LOAN).first()
        if row is None:
            raise NotHere("There is no such piece of this loan.")
        if row.ended_as == End.LOST:
            return row
        if row.back_at is not None:
            raise Conflict(f"{piece_name(row)} came back on {at_words(row.back_at, self.zone)}, so it is not lost by this loan.", code="not_out")  # fmt: skip
        name = piece_name(row)
        self._end(row, End.LOST)
        if row.item is not None:
            self.ledger.note(row.item.product, "loan", Borrower.of(row.loan).words, "", item=row.item)
            if row.item.status != Item.Status.LOST:
                status_write(self.ledger, row.item, Item.Status.LOST)
        out = self._close(row.loan)
        still = f" Still out: {listed(out)}." if out else ""
        why = f": {self.note}" if self.note else ""
        event = event_write(row.loan, by=self.visit.by, what="lost", sentence=f"{name} declared lost{why}.{still}")
        borrower_told(event, f"{name} is declared lost", f"It ends for your loan{why}. If it turns up, bring it to the desk.{still}")  # fmt: skip
        self._finish()
        return row

    # -- undone --

    def undo(self, loan: Loan) -> None:
        rows = list(loan.pieces.select_related(*OF_LOAN))
        self.ledger.why = "handed over by mistake"
        for row in rows:
            words = Borrower.of(loan).words
            if row.item is None:
                self._count_back(row, Back(piece=row))
                continue
            row.condition_back = row.condition_out
            self._end(row, End.RETURNED)
            self.ledger.note(row.item.product, "loan", words, "", item=row.item)
        self._close(loan)
        again = self._reserved_again(loan.reservation, rows) if loan.reservation else ""
        event = event_write(loan, by=self.visit.by, what="undone", sentence=f"The hand-over was a mistake and is undone.{again}")  # fmt: skip
        borrower_told(event, "A hand-over to you was a mistake", f"It is undone, and you owe nothing for it.{again}")
        self._finish()

    def _reserved_again(self, row: Reservation, rows: Iterable[LoanPiece]) -> str:
        """What was held for the borrower is held again. A reservation that a later piece still serves is left alone."""
        row.refresh_from_db()
        if row.status == ReservationStatus.HANDED_OVER and row.until_at > self.now:
            move(row, moves=RESERVATION_MOVES, to=ReservationStatus.APPROVED, by=self.visit.by, why="hand-over undone", history=ReservationMove)  # fmt: skip
        elif row.status != ReservationStatus.APPROVED:
            return ""
        wants, rest = self._wants_again(row, [one for one in rows if one.item is not None])
        book(self.stockroom, wants, now=self.now, reservation=row)
        for want in rest:  # what the kit went without has been free since: it is held again where nobody took it
            with suppress(Conflict):
                book(self.stockroom, [want], now=self.now, reservation=row)
        return " The reservation holds again."

    def _wants_again(self, row: Reservation, rows: Sequence[LoanPiece]) -> tuple[list[Want], list[Want]]:
        """What of the reservation went out with these pieces, and what it wanted beside it."""
        begin = max(row.from_at, self.now)
        rest = wants_of(row, begin, row.until_at)
        if row.kit is None:  # what is held still waits for its own hand-over
            rest = rest[row.bookings.filter(is_active=True).count() :]
        wants = []
        for piece in rows:
            fits = [one for one in rest if one.product.pk == piece.product_id]
            found = next((one for one in fits if one.item == piece.item), None) or next(
                (one for one in fits if one.item is None), None
            )
            if found is None and fits and row.kit is None:  # another than the one that was asked for went out
                found = fits[0]
            if found is not None:
                rest.remove(found)
                wants.append(found if found.item == piece.item else replace(found, item=None))
        return wants, rest if row.kit is not None else []

    def _finish(self) -> None:
        """What came back or is gone changes what is promised to others, and what runners may do."""
        self.ledger.save()
        circulation_changed(self.ledger, self.freed, self.now)
