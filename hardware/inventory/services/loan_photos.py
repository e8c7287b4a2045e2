"""Photos of what went out and what came back: pictures by their bytes, under names of ours, without what a camera writes about place and person."""

from django.core.files.base import ContentFile
from django.db import transaction
from django.utils import timezone

from courseplatform.core.errors import BadInput, Conflict
from courseplatform.core.image_files import read_image, without_metadata
from courseplatform.courses.access import Visit
from hardware.inventory.access import check_has_it, loan_for
from hardware.inventory.ledger import stockroom_locked
from hardware.inventory.services.loan_notices import event_write
from hardware.models import Loan, LoanPhoto, LoanPiece

MOST_PHOTOS = 24  # of a loan
KEPT_FOR_STAFF = 12  # of them: a borrower who fills the loan must not keep the desk from a photo of what came back


def loan_photo_add(*, visit: Visit, loan: Loan, way: str, content: bytes, piece: LoanPiece | None = None) -> LoanPhoto:
    """Add a photo to a loan, by the staff or by who borrowed it.

    Raises:
        BadInput: `unknown_way`, and what read_image refuses. Conflict: `too_many_photos`. Forbidden: `borrower_only`. NotHere.
    """
    if way not in LoanPhoto.Way.values:
        raise BadInput("Say whether it shows the hand-over or the return.", code="unknown_way")
    with transaction.atomic():
        stockroom_locked(visit)
        row = loan_for(visit, loan.pk)
        check_has_it(visit, row, timezone.now())
        if not visit.is_staff and row.photos.count() >= MOST_PHOTOS - KEPT_FOR_STAFF:
            raise Conflict(f"This loan has {row.photos.count()} photos; more are added by the staff alone.", code="too_many_photos")  # fmt: skip
        made = photo_write(row, way=way, content=content, by=visit.by, piece=piece)
        event_write(
            row,
            by=visit.by,
            what="photo",
            sentence=f"A photo of the {'hand-over' if way == 'out' else 'return'} was added.",
        )
    return made


def photo_write(loan: Loan, *, way: str, content: bytes, by: str, piece: LoanPiece | None = None) -> LoanPhoto:
    """Inside the lock. Raises what read_image refuses, Conflict (`too_many_photos`)."""
    facts = read_image(content, "The photo")
    if loan.photos.count() >= MOST_PHOTOS:
        raise Conflict(f"A loan has at most {MOST_PHOTOS} photos.", code="too_many_photos")
    made = LoanPhoto(loan=loan, piece=piece, way=way, media_type=facts.media_type, by=by[:120])
    made.file.save("photo", ContentFile(without_metadata(content)), save=False)
    try:
        made.save()
    except BaseException:
        made.file.delete(save=False)
        raise
    return made
