"""Notes in a report: written, changed, removed and put back by the staff. Each change is kept."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from courseplatform.core.errors import BadInput, Conflict
from courseplatform.courses.access import Visit
from grading.handing_in.piece_reading import one_line, without_controls
from grading.models.annotations import Annotation, AnnotationVersion, NoteKind
from grading.models.grades import RubricItem
from grading.models.pieces import Piece
from grading.services.grade_writing import check_text

MOST_NOTES, MOST_TEXT, MOST_QUOTE, MOST_BOXES = 200, 2000, 500, 100
MOST_REVISIONS = 50  # each is kept, and read with the note
Box = Sequence[float]


@transaction.atomic
def annotation_add(
    *, visit: Visit, piece: Piece, page: int, kind: str, boxes: Sequence[Box], text: str, entry_key: UUID, quote: str = "",
    item: str = "", now: datetime | None = None,
) -> tuple[Annotation, bool]:  # fmt: skip
    """Write a note into a report that was handed in. The piece was found through the visit.

    Args:
        page: from 1. boxes: [left, top, right, bottom] in shares of the page, 0 to 1. quote: the words that are marked. item: key of a rubric item.
        entry_key: made by the page.

    Returns:
        (note, created): created is False where this very note was sent before.

    Raises:
        Conflict: `not_a_report`, `not_handed_in`, `too_many_notes`. BadInput: `no_such_page`, `bad_place`, `text_missing`, `text_too_long`,
        `no_such_item`.
    """
    _lock(piece)
    known = Annotation.objects.filter(piece=piece, entry_key=entry_key).first()
    if known is not None:
        return known, False
    _check_report(piece, page)
    found, said, about = check_boxes(kind, boxes), _text(text), _item(piece, item)
    _check_room(piece)
    last = Annotation.objects.filter(piece=piece).order_by("number").last()
    row = Annotation.objects.create(
        piece=piece, number=last.number + 1 if last else 1, page=page, kind=kind, boxes=found, quote=one_line(quote)[:MOST_QUOTE],
        text=said, item=about, author=visit.person, by=visit.person.name[:120], entry_key=entry_key, made_at=now or timezone.now(),
    )  # fmt: skip
    _keep(visit, row, row.made_at)
    return row, True


@transaction.atomic
def annotation_edit(
    *, visit: Visit, annotation: Annotation, text: str, revision: int, item: str = "", now: datetime | None = None
) -> Annotation:
    """Say something else in the same place. `revision`: the one that the page showed.

    Raises:
        Conflict: `note_removed`, `note_changed`, `changed_too_often`. BadInput: `text_missing`, `text_too_long`, `no_such_item`.
    """
    row = _locked(annotation)
    said, about = _text(text), _item(row.piece, item, row.item)
    if row.removed_at is not None:
        by = row.removed_by or "Somebody"
        raise Conflict(f"{by} removed this note meanwhile. Put it back, or write another.", code="note_removed")
    if row.revision != revision:
        newest = row.versions.last()
        by = newest.by if newest else "Somebody"
        words = f"{by} changed this note while you wrote. Yours is not saved yet: look at both, and save again."
        raise Conflict(words, code="note_changed", details={"revision": row.revision})
    if (said, about) == (row.text, row.item):
        return row
    if row.revision >= MOST_REVISIONS:
        raise Conflict(
            f"A note is changed at most {MOST_REVISIONS - 1} times. Remove it, and write another.",
            code="changed_too_often",
        )
    row.text, row.item, row.revision = said, about, row.revision + 1
    row.save(update_fields=["text", "item", "revision"])
    _keep(visit, row, now or timezone.now())
    return row


@transaction.atomic
def annotation_remove(*, visit: Visit, annotation: Annotation, now: datetime | None = None) -> Annotation:
    """Take a note out of the report. Its words are kept, and it can be put back. Of one that is out already nothing changes."""
    row = _locked(annotation)
    if row.removed_at is None:
        row.removed_at, row.removed_by = now or timezone.now(), visit.person.name[:120]
        row.save(update_fields=["removed_at", "removed_by"])
    return row


@transaction.atomic
def annotation_restore(*, annotation: Annotation) -> Annotation:
    """Put a removed note back with its number. Raises Conflict: `too_many_notes`."""
    row = _locked(annotation)
    if row.removed_at is not None:
        _check_room(row.piece)
        row.removed_at, row.removed_by = None, ""
        row.save(update_fields=["removed_at", "removed_by"])
    return row


def check_boxes(kind: str, boxes: Sequence[Box]) -> list[list[float]]:
    """The boxes with five decimals, a tenth of a pixel. Raises BadInput (`bad_place`)."""
    is_point = kind == NoteKind.POINT
    fits = kind in NoteKind.values and 1 <= len(boxes) <= (1 if is_point else MOST_BOXES)
    if not fits or not all(_is_box(box, is_point=is_point) for box in boxes):
        said = "This place is not on the page. Mark the words again, or put the note beside the page."
        raise BadInput(said, code="bad_place", details={"field": "boxes"})
    return [[round(float(share), 5) for share in box] for box in boxes]


def _is_box(box: Box, *, is_point: bool) -> bool:
    if len(box) != 4 or not all(0 <= share <= 1 for share in box):  # NaN is neither
        return False
    left, top, right, bottom = box
    return (left, top) == (right, bottom) if is_point else left < right and top < bottom


def _check_report(piece: Piece, page: int) -> None:
    if piece.kind != "pdf":
        raise Conflict("Notes are written into PDFs only.", code="not_a_report")
    if not piece.submissions.exists():
        raise Conflict("This report is not handed in, so nobody grades it yet.", code="not_handed_in")
    pages = int(piece.data.get("pages", 1))
    if not 1 <= page <= pages:
        said = f"This report has {pages} page{'s' if pages != 1 else ''}; there is no page {page}."
        raise BadInput(said, code="no_such_page", details={"field": "page"})


def _check_room(piece: Piece) -> None:
    if Annotation.objects.standing().filter(piece=piece).count() >= MOST_NOTES:
        said = f"A report takes at most {MOST_NOTES} notes. Remove one first, or say it in the comment."
        raise Conflict(said, code="too_many_notes")


def _text(text: str) -> str:
    return check_text(without_controls(text), "text", "Write the note.", most=MOST_TEXT)


def _item(piece: Piece, key: str, now: RubricItem | None = None) -> RubricItem | None:
    """An item of the rubric; one that was withdrawn stays where it was named before. Raises BadInput (`no_such_item`)."""
    if not key:
        return None
    if now is not None and now.key == key:
        return now
    item = RubricItem.objects.filter(assignment=piece.assignment_id, key=key, is_withdrawn=False).first()
    if item is None:
        raise BadInput("The rubric has changed. Choose the item again.", code="no_such_item", details={"field": "item"})
    return item


def _keep(visit: Visit, row: Annotation, at: datetime) -> None:
    AnnotationVersion.objects.create(
        annotation=row, revision=row.revision, text=row.text, item=row.item, author=visit.person,
        by=visit.person.name[:120], made_at=at,
    )  # fmt: skip


def _lock(piece: Piece) -> None:
    """Numbers, and the room for more, are given behind the row of the report."""
    list(Piece.objects.select_for_update(no_key=True, of=("self",)).filter(pk=piece.pk))


def _locked(annotation: Annotation) -> Annotation:
    _lock(annotation.piece)
    return Annotation.objects.select_related("piece", "item").get(pk=annotation.pk)
