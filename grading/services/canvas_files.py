"""A file of Canvas: taken, what is chosen for it, filled in, forgotten after a week."""

import zlib
from collections.abc import Mapping
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from courseplatform.core.errors import BadInput, Conflict
from courseplatform.courses.access import Visit
from grading.canvas.filling import Filled, digest_of, with_grades
from grading.canvas.reading import CanvasFile as Read
from grading.canvas.reading import canvas_file
from grading.models.book import BookExport, CanvasColumn, CanvasFile
from grading.services.book_exports import book_export_note

KEPT = timedelta(days=7)


def canvas_file_take(*, visit: Visit, data: bytes, file_name: str, chosen: Mapping[str, str]) -> CanvasFile:
    """Keep a file that was read, with what is suggested for its columns. Raises what reading it raises."""
    canvas_file(data)
    return CanvasFile.objects.create(
        course=visit.course, made_by=visit.person, by=visit.person.name[:120], file_name=file_name[:160],
        content=zlib.compress(data), chosen=dict(chosen),
    )  # fmt: skip


@transaction.atomic
def canvas_file_choose(
    *, visit: Visit, row: CanvasFile, chosen: Mapping[str, str], confirmed: Mapping[int, int], is_released_only: bool,
    with_missing: bool,
) -> None:  # fmt: skip
    """What goes into which column, and who the unsure rows are. The columns are remembered for the next file of the course.

    Args:
        chosen: Canvas's number of an assignment -> key of our column; "" leaves it alone. Only what the file and the gradebook have.
        confirmed: number of a line -> key of a student.

    Raises BadInput: `same_column_twice`, `same_person_twice`.
    """
    keys = [key for key in chosen.values() if key]
    if len(set(keys)) != len(keys):
        said = "Two columns of Canvas are to get the same grades. Choose another for one of them, or leave it alone."
        raise BadInput(said, code="same_column_twice")
    if len(set(confirmed.values())) != len(confirmed):
        raise BadInput("Two rows are confirmed as one person. Confirm one of them.", code="same_person_twice")
    row.chosen = {canvas_id: key for canvas_id, key in chosen.items() if key}
    row.confirmed = {str(line): pk for line, pk in confirmed.items()}
    row.is_released_only, row.with_missing = is_released_only, with_missing
    row.save(update_fields=["chosen", "confirmed", "is_released_only", "with_missing"])
    for canvas_id, key in chosen.items():
        if key:
            CanvasColumn.objects.update_or_create(course=visit.course, canvas_id=canvas_id, defaults={"key": key})
        else:
            CanvasColumn.objects.filter(course=visit.course, canvas_id=canvas_id).delete()


@transaction.atomic
def canvas_file_fill(
    *, visit: Visit, row: CanvasFile, read: Read, columns: list[Filled], people: int, digest: str
) -> bytes:
    """The file with its columns filled in; a row of the log says so.

    Raises Conflict (`preview_stale`): something else would be written than the preview showed. BadInput: `no_column_chosen`.
    """
    if not columns:
        raise BadInput(
            "No column is chosen. Choose what goes into at least one column of Canvas.", code="no_column_chosen"
        )
    if digest_of(columns) != digest:
        said = "Grades or choices have changed since this page was shown, and nothing was downloaded. Look at what would be written now."
        raise Conflict(said, code="preview_stale")
    titles = [f"{one.ours.title} to {one.column.title} ({one.column.id})" for one in columns]
    shown = "released grades only" if row.is_released_only else "all grades, also those not released"
    book_export_note(visit=visit, kind=BookExport.Kind.CANVAS, columns=titles, people=people, shown=shown, file_name=row.file_name)  # fmt: skip
    return with_grades(read, columns)


def canvas_files_sweep(now: datetime | None = None) -> int:
    """Delete files that are older than a week. Returns how many."""
    return CanvasFile.objects.filter(made_at__lt=(now or timezone.now()) - KEPT).delete()[0]
