"""Damage and repair: one open case an item, what was said in it, what it cost, and what came of it.

An open case asks that somebody looks; the item stays where it is, also with who has it on loan. `in_repair` takes it out of circulation,
and only an answer brings it back: mended, nothing wrong, or written off.
"""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from django.core.files.base import ContentFile
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from courseplatform.core.errors import BadInput, Conflict, NotHere
from courseplatform.core.image_files import read_image, without_metadata
from courseplatform.core.markdown import escaped
from courseplatform.core.states import move
from courseplatform.courses.access import Visit
from courseplatform.courses.models import Course
from courseplatform.notices.services.notifications import notification_send
from hardware.inventory.access import item_for
from hardware.inventory.care_access import case_for, piece_held
from hardware.inventory.ledger import Ledger, stockroom_locked
from hardware.inventory.lending.borrowers import staff_of
from hardware.inventory.lending.eligibility import Borrower
from hardware.inventory.services.circulation import check_not_out, circulation_changed
from hardware.inventory.services.items import status_write
from hardware.inventory.serving import piece_out
from hardware.inventory.stock.rules import currency_of
from hardware.models import (
    CASE_MOVES,
    CASE_OPEN,
    BoardSign,
    CaseEvent,
    CaseMove,
    CasePhoto,
    CaseStatus,
    Condition,
    DamageCase,
    Item,
    LoanPiece,
)

MOST_PHOTOS, KEPT_FOR_STAFF = 12, 6  # of a case
MOST_REPORTS = 20  # of one borrower about one case
MOST_COST = Decimal("9999999.99")
Photo = tuple[str, bytes]  # its name, for the sentence of a refusal, and what is in it


def case_open(
    *, visit: Visit, item: Item, what: str, piece: LoanPiece | None = None, photos: Sequence[Photo] = ()
) -> DamageCase:
    """Report that something is wrong with an item. While a case of it is open, the report is a note in that one.

    Args:
        piece: of the loan during which it happened; None: the loan on which it is now, if any.

    Raises:
        BadInput: `no_words`, and what `read_image` refuses. Conflict: `retired`, `too_many_photos`. NotHere.
    """
    what = _words(what, "Say in a few words what is wrong: does not boot, camera cable torn.")
    checked = _checked(photos)
    with transaction.atomic():
        stockroom = stockroom_locked(visit)
        row = item_for(visit, item.tag)
        ledger = Ledger(stockroom, visit.by)
        case = case_write(ledger, row, what, piece=piece or piece_out(row), courses=[visit.course])
        ledger.save()
        _photos_write(case, checked, visit.by)
    return case


def case_report(*, visit: Visit, item: Item, what: str, photos: Sequence[Photo] = ()) -> DamageCase:
    """The same by who has it on loan; it stays with them.

    Raises NotHere where they do not have it, Conflict (`too_many_notes`, `too_many_photos`), else what `case_open` raises.
    """
    with transaction.atomic():
        stockroom_locked(visit)
        piece = piece_held(visit, item)
        if piece is None:
            raise NotHere(f"{item.tag} is not on loan to you. If it is in your hands, tell the staff of the course.")
        _check_room(visit, item, len(photos))
        return case_open(visit=visit, item=item, what=what, piece=piece, photos=photos)


def _check_room(visit: Visit, item: Item, photos: int) -> None:
    """A borrower fills no case so that the staff can add nothing to it, or find nothing in it."""
    case = item.cases.filter(status__in=CASE_OPEN).first()
    if case is not None and case.events.filter(by=visit.by[:120]).count() >= MOST_REPORTS:
        raise Conflict(f"You reported it {MOST_REPORTS} times. Talk to the staff of the course.", code="too_many_notes")
    if photos and photos + (case.photos.count() if case else 0) > MOST_PHOTOS - KEPT_FOR_STAFF:
        said = f"A borrower adds photos to a case until it has {MOST_PHOTOS - KEPT_FOR_STAFF}. Nothing was written."
        raise Conflict(said, code="too_many_photos")


def case_write(
    ledger: Ledger, item: Item, what: str, *, piece: LoanPiece | None, courses: Sequence[Course]
) -> DamageCase:
    """Inside the lock: open a case, or note the report in the open one. Staff of `courses` are told of a new one. Raises Conflict (`retired`)."""
    if item.status == Item.Status.RETIRED:
        raise Conflict(f"{item.tag} is retired, so no case is opened for it.", code="retired")
    case = item.cases.filter(status__in=CASE_OPEN).first()
    if case is not None:
        _event(case, ledger.by, f"Reported again: {what}")
        return case
    case = DamageCase.objects.create(item=item, piece=piece, opened_at=timezone.now(), opened_by=ledger.by, what=what)
    ledger.note(item.product, "case", "", f"open: {what}", item=item)
    for course in courses:
        notification_send(
            course=course, people=[one for one in staff_of(course) if one.email != ledger.by], kind="hardware",
            key=f"case-{case.pk}-{course.pk}-opened", title=f"{item.tag}, {item.product.name}: something is wrong",
            text=escaped(what), path=reverse("stock:case", kwargs={"course": course.slug, "case": case.pk}),
        )  # fmt: skip
    return case


def case_move(*, visit: Visit, case: DamageCase, to: str, why: str = "", condition: str = "") -> DamageCase:
    """Say what becomes of it. The same answer twice changes nothing.

    Args:
        condition: of the item from now on, where it comes back into service; "" leaves it.

    Raises:
        BadInput: `unknown_state`, `unknown_condition`. Conflict: `on_loan`, `has_open_case`. IllegalMove: `illegal_move`, `lost_race`. NotHere.
    """
    if to not in CaseStatus.values:
        raise BadInput("Choose one of: in repair, mended, nothing wrong, written off, open again.", code="unknown_state")  # fmt: skip
    if condition and condition not in Condition.values:
        raise BadInput("Choose one of: new, good, worn, damaged.", code="unknown_condition")
    now, target = timezone.now(), CaseStatus(to)
    with transaction.atomic():
        stockroom = stockroom_locked(visit)
        row = case_for(visit, case.pk)
        if row.status == to:
            return row
        check_move(visit, row, target)
        before, closed_at = row.get_status_display().lower(), None if to in CASE_OPEN else now
        move(row, moves=CASE_MOVES, to=to, by=visit.by, why=why, history=CaseMove, closed_at=closed_at)
        ledger = Ledger(stockroom, visit.by, why)
        ledger.note(row.item.product, "case", before, f"{target.label.lower()}: {row.what}", item=row.item)
        if closed_at:
            BoardSign.objects.filter(item=row.item).update(failed_in_row=0)  # its runner is looked at anew
        is_moved = _item_follows(ledger, row.item, target, condition)
        ledger.save()
        if is_moved:
            circulation_changed(ledger, [row.item], now)
        if closed_at and row.piece:
            _tell_borrower(row, target, now)
    return row


def check_move(visit: Visit, row: DamageCase, to: CaseStatus) -> None:
    """Raises Conflict (`on_loan`, `has_open_case`)."""
    if to in (CaseStatus.IN_REPAIR, CaseStatus.WRITTEN_OFF):
        check_not_out(row.item, visit)
    if to != CaseStatus.OPEN:
        return
    other = row.item.cases.filter(status__in=CASE_OPEN).exclude(pk=row.pk).first()
    if other is not None:
        raise Conflict(f"{row.item.tag} has another open case ({other.what}). Go on with that one.", code="has_open_case")  # fmt: skip


def _item_follows(ledger: Ledger, item: Item, to: CaseStatus, condition: str) -> bool:
    """Bring the item where the case says. Returns whether it left circulation or came back."""
    wanted = {
        CaseStatus.IN_REPAIR: Item.Status.IN_REPAIR,
        CaseStatus.WRITTEN_OFF: Item.Status.RETIRED,
    }.get(to)
    if to in (CaseStatus.MENDED, CaseStatus.NO_FAULT):
        wanted = Item.Status.IN_SERVICE if item.status == Item.Status.IN_REPAIR else None
    if to in (CaseStatus.IN_REPAIR, CaseStatus.WRITTEN_OFF):
        condition = Condition.DAMAGED
    if condition and ledger.set(item, {"condition": condition}):
        item.save(update_fields=["condition"])
    if wanted is None or item.status == wanted:
        return False
    status_write(ledger, item, wanted)
    return True


def case_note(*, visit: Visit, case: DamageCase, text: str) -> None:
    """Write a line into the case; the same words twice in a row are one. Raises BadInput (`no_words`), NotHere."""
    text = _words(text, "Write what is to be remembered.", 600)
    with transaction.atomic():
        stockroom_locked(visit)
        _event(case_for(visit, case.pk), visit.by, text)


def case_cost(*, visit: Visit, case: DamageCase, cost: Decimal | None, currency: str, note: str) -> DamageCase:
    """What the repair or the loss costs. Raises BadInput (`bad_value`, `bad_currency`), NotHere."""
    currency = currency_of(currency)
    if cost is not None and not 0 <= cost <= MOST_COST:
        raise BadInput("A cost is an amount from 0 to 9999999.99.", code="bad_value")
    if cost is not None and not currency:
        raise BadInput("Write the currency of the cost too, in three letters: USD, EUR.", code="bad_currency")
    with transaction.atomic():
        stockroom_locked(visit)
        row, note = case_for(visit, case.pk), " ".join(note.split())[:300]
        new = (cost, currency if cost is not None else "", note)
        if (row.cost, row.currency, row.cost_note) == new:
            return row
        row.cost, row.currency, row.cost_note = new
        row.save(update_fields=["cost", "currency", "cost_note"])
        amount = f"{row.cost} {row.currency}" if row.cost is not None else "none"
        _event(row, visit.by, f"Cost: {amount}{f', {note}' if note else ''}")
    return row


def case_photo_add(*, visit: Visit, case: DamageCase, name: str, content: bytes) -> None:
    """Raises what `read_image` refuses, Conflict (`too_many_photos`), NotHere."""
    checked = _checked([(name, content)])
    with transaction.atomic():
        stockroom_locked(visit)
        _photos_write(case_for(visit, case.pk), checked, visit.by)


def case_photo_write(case: DamageCase, content: bytes, by: str) -> None:
    """Inside the lock, of what comes back damaged: a case that is full of photos does not keep a thing from coming back."""
    if case.photos.count() < MOST_PHOTOS:
        _photos_write(case, _checked([("The photo", content)]), by)


def _words(text: str, refusal: str, most: int = 300) -> str:
    clean = " ".join(text.replace("\x00", "").split())[:most]
    if not clean:
        raise BadInput(refusal, code="no_words")
    return clean


def _event(case: DamageCase, by: str, sentence: str) -> None:
    last = case.events.first()
    if last is None or (last.by, last.sentence) != (by, sentence[:600]):
        CaseEvent.objects.create(case=case, by=by, sentence=sentence[:600])


def _checked(photos: Sequence[Photo]) -> list[tuple[str, bytes]]:
    """(media type, content without where and when it was taken) of each. Everything is looked at before anything is written."""
    if len(photos) > MOST_PHOTOS:
        raise Conflict(f"A case has at most {MOST_PHOTOS} photos.", code="too_many_photos")
    found = [(read_image(content, name[:80] or "The photo").media_type, content) for name, content in photos]
    return [(media_type, without_metadata(content)) for media_type, content in found]


def _photos_write(case: DamageCase, photos: Sequence[tuple[str, bytes]], by: str) -> None:
    if photos and case.photos.count() + len(photos) > MOST_PHOTOS:
        raise Conflict(f"A case has at most {MOST_PHOTOS} photos. Nothing was written.", code="too_many_photos")
    written = []
    try:
        for media_type, content in photos:
            row = CasePhoto(case=case, media_type=media_type, by=by)
            row.file.save("photo", ContentFile(content), save=False)
            written.append(row)
            row.save()
    except BaseException:
        for row in written:
            row.file.delete(save=False)
        raise


def _tell_borrower(row: DamageCase, to: CaseStatus, now: datetime) -> None:
    assert row.piece is not None
    loan = row.piece.loan
    notification_send(
        course=loan.course, people=Borrower.of(loan).members, kind="hardware",
        key=f"case-{row.pk}-{to.value}-{now:%Y%m%dT%H%M%S%f}", title=f"{row.item.tag}, {row.item.product.name}: {to.label.lower()}",
        text=f"What was reported: {escaped(row.what)}",
        path=reverse("stock:loan", kwargs={"course": loan.course.slug, "loan": loan.pk}),
    )  # fmt: skip
