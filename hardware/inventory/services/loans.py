"""Loans: handed over, confirmed, renewed, taken back piece by piece, lost, undone. Each in one transaction inside the lock of the stockroom."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from courseplatform.accounts.models import User
from courseplatform.core.errors import BadInput, Conflict, Forbidden
from courseplatform.courses.access import Visit
from courseplatform.teams.models import Team
from courseplatform.teams.selectors.membership import is_member
from hardware.hooks import return_day, tell_return
from hardware.inventory.access import check_has_it, is_borrower, loan_for
from hardware.inventory.ledger import Ledger, stockroom_locked
from hardware.inventory.lending.eligibility import Borrower, check_may_borrow
from hardware.inventory.lending.loan_words import due_words, listed, piece_name
from hardware.inventory.services import handing_over, renewing, taking_back
from hardware.inventory.services.circulation import circulation_changed
from hardware.inventory.services.handing_over import Gathering, Hand, Line
from hardware.inventory.services.loan_notices import borrower_told, event_write, staff_told
from hardware.inventory.services.loan_photos import photo_write
from hardware.inventory.services.taking_back import Back, TakenBack
from hardware.models import Booking, Loan, LoanPhoto, LoanPiece, Reservation

UNDO_FOR = timedelta(minutes=10)
MOST_NOTES = 40  # of one person about one loan; each is told to somebody


def loan_hand_over(
    *,
    visit: Visit,
    pieces: Sequence[Hand],
    key: UUID,
    person: User | None = None,
    team: Team | None = None,
    taken_by: User | None = None,
    due_at: datetime | None = None,
    is_term: bool = False,
    note: str = "",
    reservation: Reservation | None = None,
    is_override: bool = False,
    photo: bytes | None = None,
    now: datetime | None = None,
) -> Loan:
    """Hand things to a person or a team: all of them, or none. The same key again is the same loan.

    Args:
        pieces: what is handed over; kits are unpacked, and what is scanned beside a kit fills its open places.
        taken_by: who of the team carries it away.
        due_at: None for the term (the day of return of the course), or where no day is agreed.
        reservation: that is served; without it, what is held for this borrower now is.
        is_override: where only the quota or something overdue stands against it, hand over all the same.

    Raises:
        BadInput: `no_borrower`, `due_in_past`, `not_in_team`, `nothing_handed`, `bad_condition`, `bad_count`, `key_taken`,
            what read_image refuses. Forbidden: what check_may_borrow refuses. NotHere: `unknown_tag`.
        Conflict: `item_is_out`, `not_in_service`, `kit_not_whole`, `kit_retired`, `promised`, `not_counted`, `not_enough`,
            `overdue_hold`, `quota`, `reservation_over`, `other_borrower`.
    """
    with transaction.atomic():
        stockroom = stockroom_locked(visit)
        now = now or timezone.now()  # behind the lock: what we waited for may have ended only then
        borrower = _borrower(visit, person, team, taken_by, now)
        if before := _sent_before(visit, key):
            return before
        lines = Gathering(stockroom, pieces).lines()
        wants, held = handing_over.wanted(lines), handing_over.held_for(borrower, stockroom, reservation, now)
        served = reservation or next((one.reservation for one in held if one.product in wants), None)
        against = check_may_borrow(
            visit=visit, borrower=borrower, wants=wants, now=now, is_staff_override=is_override, served=served
        )
        loan = Loan.objects.create(
            stockroom=stockroom, course=visit.course, **borrower.keys, taken_by=taken_by, handed_at=now, handed_by=visit.by[:120],
            due_at=_due(borrower, due_at, now, is_term=is_term), is_term=is_term, note=note[:300], key=key,
        )  # fmt: skip
        _pieces_write(visit, loan, lines, held)
        _tell_handed(visit, loan, against, photo)
    return loan


def _sent_before(visit: Visit, key: UUID) -> Loan | None:
    """The loan of a form that was sent already. Raises BadInput (`key_taken`): it is that of another course."""
    before = Loan.objects.filter(key=key).first()
    if before is not None and before.course_id != visit.course.pk:
        raise BadInput("Scan again, and hand it over once more.", code="key_taken")
    return before


def _borrower(visit: Visit, person: User | None, team: Team | None, taken_by: User | None, now: datetime) -> Borrower:
    """Raises BadInput: `no_borrower`, `not_in_team`."""
    if (person is None) == (team is None):
        raise BadInput("Say who gets it: a person or a team.", code="no_borrower")
    if team is not None and taken_by is not None and not is_member(team, taken_by, now):
        raise BadInput(f"{taken_by} is not in team {team.name}. Choose who of the team takes it.", code="not_in_team")
    return Borrower(visit.course, person, team)


def _due(borrower: Borrower, due_at: datetime | None, now: datetime, *, is_term: bool) -> datetime | None:
    """Raises BadInput (`due_in_past`)."""
    if is_term:
        day = return_day(borrower.course, borrower.person, borrower.team)
        due_at = day.due_at if day else None
    if due_at is not None and due_at <= now:
        said = (
            "The day of return is over, so it cannot be lent for the term. Choose a day."
            if is_term
            else "That day is over. Choose a later one."
        )
        raise BadInput(said, code="due_in_past")
    return due_at


def _pieces_write(visit: Visit, loan: Loan, lines: Sequence[Line], held: list[Booking]) -> None:
    whose = Borrower.of(loan).words
    rows = [
        LoanPiece(loan=loan, item=one.item, product=one.product, count=one.count, kit=one.kit, out_at=loan.handed_at, condition_out=one.condition)
        for one in lines
    ]  # fmt: skip
    pieces = LoanPiece.objects.bulk_create(rows)
    served = handing_over.bookings_write(loan, pieces, held, loan.handed_at)
    handing_over.reservations_close(served, by=visit.by, now=loan.handed_at)
    if served:
        loan.reservation = served[0]
        loan.save(update_fields=["reservation"])
    handing_over.counts_write(visit, loan, pieces, whose)
    ledger = Ledger(loan.stockroom, visit.by, f"loan {loan.pk}")
    for line in lines:
        if line.item is None:
            continue
        ledger.note(line.product, "loan", "", whose, item=line.item)
        if changed := ledger.set(line.item, {"condition": line.condition}):
            line.item.save(update_fields=changed)
    ledger.save()
    circulation_changed(ledger, [line.item for line in lines if line.item is not None], loan.handed_at)


def _tell_handed(visit: Visit, loan: Loan, against: Sequence[str], photo: bytes | None) -> None:
    """In the transaction of the loan: where its photo is refused, nothing was handed over."""
    if photo is not None:
        photo_write(loan, way=LoanPhoto.Way.OUT, content=photo, by=visit.by)
    pieces = list(loan.pieces.select_related("item", "product"))
    things, whose = listed(piece_name(one) for one in pieces), Borrower.of(loan).words
    taker = f", taken by {loan.taken_by}" if loan.taken_by and loan.team else ""
    due = due_words(loan.due_at, loan.course.tz, is_term=loan.is_term)
    set_aside = f" All the same: {' '.join(against)}" if against else ""
    event = event_write(loan, by=visit.by, what="handed_over", sentence=f"{things} handed to {whose}{taker}; {due}.{set_aside}")  # fmt: skip
    if loan.is_term:
        tell_return(loan.course, loan.person, loan.team, visit.by)
    borrower_told(
        event, f"Is it right that you have {things}", f"Handed over to {whose}{taker}; {due}. Open the loan and confirm, or say what is not right."
    )  # fmt: skip


def pieces_take_back(
    *, visit: Visit, pieces: Sequence[Back], key: UUID, note: str = "", photo: bytes | None = None, now: datetime | None = None
) -> TakenBack:  # fmt: skip
    """Take pieces back, of one loan or of several, and of other courses that lend from the same stockroom. All of them, or none.

    The same key again changes nothing. A loan closes itself with its last piece. What was declared lost and is here again is back in service.

    Raises:
        BadInput: `nothing_back`, `bad_condition`, `bad_count`, and what a photo is refused for. NotHere: `unknown_tag`.
        Conflict: `not_out`, with where it belongs; `key_taken`. Forbidden: `own_loan`.
    """
    with transaction.atomic():
        stockroom = stockroom_locked(visit)
        now = now or timezone.now()  # behind the lock: what we waited for may have begun only then
        return taking_back.Return(visit, stockroom, now=now, key=key, note=note).take(pieces, photo)


def piece_lost(*, visit: Visit, piece: LoanPiece, why: str, now: datetime | None = None) -> LoanPiece:
    """Declare a piece lost: it ends for the borrower, and its item is lost in the books. Again, it changes nothing.

    Raises Conflict (`not_out`), NotHere.
    """
    with transaction.atomic():
        stockroom = stockroom_locked(visit)
        now = now or timezone.now()  # behind the lock: what we waited for may have begun only then
        return taking_back.Return(visit, stockroom, now=now, note=why).lose(loan_for(visit, piece.loan_id), piece.pk)


def loan_accept(*, visit: Visit, loan: Loan, now: datetime | None = None) -> Loan:
    """The borrower, or a member of the team, confirms what they have. Again, it changes nothing. Raises Forbidden (`borrower_only`)."""
    now = now or timezone.now()
    with transaction.atomic():
        stockroom_locked(visit)
        row = loan_for(visit, loan.pk)
        if not is_borrower(row, visit.person, now):
            raise Forbidden("Only who borrowed it confirms it. They find it on the page of the loan.", code="borrower_only")  # fmt: skip
        if row.accepted_at is None:
            row.accepted_at, row.accepted_by = now, visit.by[:120]
            row.save(update_fields=["accepted_at", "accepted_by"])
            event_write(row, by=visit.by, what="accepted", sentence=f"{visit.person} confirmed that they have it.")
    return row


def loan_renew(
    *, visit: Visit, loan: Loan, until_at: datetime | None = None, is_term: bool = False, now: datetime | None = None
) -> Loan:
    """Lend it for longer. The borrower within the policy of the course, which says until when; staff until any day, or for the term.

    Raises:
        BadInput: `no_day`, `due_in_past` (staff).
        Conflict: `loan_closed`, `others_wait` (details: until_at, where it could); for the borrower `is_term`, `no_day`, `overdue`,
            `renewed_enough`, `too_long`. Forbidden: `borrower_only`. NotHere.
    """
    now = now or timezone.now()
    with transaction.atomic():
        stockroom_locked(visit)
        row = loan_for(visit, loan.pk)
        check_has_it(visit, row, now)
        if row.closed_at is not None:
            raise Conflict("All of this loan is back, so there is nothing to renew.", code="loan_closed")
        is_term = is_term and visit.is_staff
        until = renewing.staff_day(row, until_at, now, is_term=is_term) if visit.is_staff else renewing.own_day(visit, row, now)  # fmt: skip
        renewing.pieces_extend(visit, row, until, now)
        was_term, row.due_at, row.is_term, row.renewed = row.is_term, until, is_term, row.renewed + 1
        row.save(update_fields=["due_at", "is_term", "renewed"])
        words = due_words(until, row.course.tz, is_term=is_term)
        event = event_write(row, by=visit.by, what="renewed", sentence=f"Renewed by {visit.person}: {words}.")
        if was_term or is_term:
            tell_return(row.course, row.person, row.team, visit.by)
        borrower_told(event, f"Your loan is renewed: {words}", but=visit.person)
    return row


def loan_say(*, visit: Visit, loan: Loan, text: str, key: UUID) -> None:
    """A note on a loan. What the borrower says goes to the staff, what the staff say to the borrower. The same key again changes nothing.

    Raises BadInput (`no_text`), Forbidden (`borrower_only`), Conflict (`too_many_notes`).
    """
    words = " ".join(text.split())
    if not words:
        raise BadInput("Write what is to be known about this loan.", code="no_text")
    with transaction.atomic():
        stockroom_locked(visit)
        row = loan_for(visit, loan.pk)
        check_has_it(visit, row, timezone.now())
        if row.events.filter(key=key).exists():
            return
        # Counted of each person, so that nobody writes until the others cannot.
        if row.events.filter(what="note", by=visit.by[:120]).count() >= MOST_NOTES:
            raise Conflict(f"You wrote {MOST_NOTES} notes about this loan. Talk to each other.", code="too_many_notes")
        event = event_write(row, by=visit.by, what="note", sentence=words, key=key)
        if visit.is_staff:
            borrower_told(event, "The staff say something about your loan", words)
        else:
            staff_told(event, f"{visit.person} says something about a loan", words)


def loan_undo(*, visit: Visit, loan: Loan, now: datetime | None = None) -> Loan:
    """Take a hand-over back that was a mistake: by who made it, within a few minutes. The history says that it was there.

    What was reserved is held again. Raises Conflict (`too_late_to_undo`), Forbidden (`not_your_hand_over`), NotHere.
    """
    with transaction.atomic():
        stockroom = stockroom_locked(visit)
        now = now or timezone.now()  # behind the lock: what we waited for may have begun only then
        row = loan_for(visit, loan.pk)
        if not may_undo(visit, row, now):
            if row.handed_by != visit.by:
                raise Forbidden("Only who handed it over undoes it. Take it back instead.", code="not_your_hand_over")
            said = (
                "A hand-over is undone within ten minutes, while nothing of it is back. Take the pieces back instead."
            )
            raise Conflict(said, code="too_late_to_undo")
        taking_back.Return(visit, stockroom, now=now).undo(row)
    return row


def may_undo(visit: Visit, loan: Loan, now: datetime) -> bool:
    """Pieces that are back, lost or changed since are no mistake any more."""
    is_fresh = loan.closed_at is None and now < loan.handed_at + UNDO_FOR and loan.handed_by == visit.by
    return visit.is_staff and is_fresh and not loan.pieces.exclude(back_at=None, count_back=None).exists()
