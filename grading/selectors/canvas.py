"""Canvas's file beside the gradebook: who is who, what could go into which column, and what would be written."""

import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from courseplatform.core.errors import NotHere
from courseplatform.courses.access import Visit
from courseplatform.courses.models import Enrolment, Role
from courseplatform.roster.models import RosterEntry
from grading.book.rows import Book
from grading.canvas.filling import Filled, Ours, digest_of, filled
from grading.canvas.matching import Known, Matching, matched, name_key
from grading.canvas.reading import CanvasColumn as FileColumn
from grading.canvas.reading import CanvasFile as Read
from grading.canvas.reading import canvas_file
from grading.gradebook import ALL, ZERO
from grading.models.book import BookExport, CanvasColumn, CanvasFile
from grading.selectors.book import book_of

TOTAL_KEYS = {"total:percent": "Percent so far", "total:earned": "Points earned of 100"}
CHANGES = 8  # listed for each column, before "and 12 more"


@dataclass(frozen=True)
class Plan:
    """What a download would write, as the page shows it before."""

    row: CanvasFile
    read: Read
    matching: Matching
    ours: tuple[Ours, ...]
    columns: list[Filled]

    @property
    def digest(self) -> str:
        return digest_of(self.columns)


def canvas_file_get(visit: Visit, pk: int) -> CanvasFile:
    """Raises NotHere, also where it was deleted after a week."""
    found = CanvasFile.objects.filter(course=visit.course, pk=pk).first()
    if found is None:
        raise NotHere("This file of Canvas is not here: files are deleted after a week. Upload the export again.")
    return found


def canvas_plan(visit: Visit, row: CanvasFile, now: datetime) -> Plan:
    read = canvas_file(zlib.decompress(bytes(row.content)))
    matching = matched(read.people, class_of(visit), {int(line): pk for line, pk in row.confirmed.items()})
    book = book_of(visit, now)
    ours = ours_of(book, is_released_only=row.is_released_only, with_missing=row.with_missing)
    by_key = {one.key: one for one in ours}
    chosen = [
        (column, by_key[row.chosen[column.id]])
        for column in read.columns
        if row.chosen.get(column.id) in by_key
    ]  # fmt: skip
    return Plan(row, read, matching, ours, filled(read, matching.pairs, chosen))


def class_of(visit: Visit) -> list[Known]:
    """The students, with what the registrar and Canvas call them. One query."""
    rows = Enrolment.objects.filter(course=visit.course, role=Role.STUDENT, is_active=True)
    found = []
    for one in rows.select_related("person", "roster_entry").order_by("person__name", "person__pk"):
        entry: RosterEntry | None = getattr(one, "roster_entry", None)
        more = (entry.canvas_id, entry.sis_id, entry.login) if entry else ("", "", "")
        name = entry.registrar_name if entry else ""
        found.append(Known(one.person.pk, one.person.name, *more, one.person.email, name))
    return found


def ours_of(book: Book, *, is_released_only: bool, with_missing: bool) -> tuple[Ours, ...]:
    """The columns of the gradebook that can go to Canvas: points as they were given, and what it comes to where nothing stays hidden."""
    found = []
    for at, column in enumerate(book.columns):
        cells = [(row.person, row.cells[at]) for row in book.rows]
        is_out = column.is_released or not is_released_only
        points: dict[int, Decimal] = {}
        for person, cell in cells if is_out else ():
            value = cell.points if column.is_work else cell.percent
            if cell.state in ("graded", "uncounted") and value is not None:
                points[person] = value
            elif cell.state == "missing" and with_missing:
                points[person] = ZERO
        found.append(Ours(column.key, column.title, column.of if column.is_work else column.weight or ZERO, points))
    if book.scheme.components and not is_released_only:  # it would tell what is hidden
        percents = {row.person: row.percent for row in book.rows if row.percent is not None}
        found.append(Ours("total:percent", TOTAL_KEYS["total:percent"], ALL, percents))
        earned = {row.person: row.earned for row in book.rows}
        found.append(Ours("total:earned", TOTAL_KEYS["total:earned"], ALL, earned))
    return tuple(found)


def suggested(visit: Visit, read: Read, now: datetime) -> dict[str, str]:
    """Canvas's number of an assignment -> our column: as it was chosen last, else the only one with the same name."""
    book = book_of(visit, now)
    keys = {column.key for column in book.columns} | TOTAL_KEYS.keys()
    known = dict(CanvasColumn.objects.filter(course=visit.course).values_list("canvas_id", "key"))
    found = {one.id: known[one.id] for one in read.columns if known.get(one.id) in keys}
    for column in read.columns:
        if column.id not in found and (key := _by_name(column, book)) and key not in found.values():
            found[column.id] = key
    return found


def _by_name(column: FileColumn, book: Book) -> str:
    name = name_key(column.title)
    found = [one.key for one in book.columns if name in (name_key(one.short), name_key(one.title))]
    return found[0] if len(found) == 1 else ""


def canvas_page(visit: Visit) -> dict[str, Any]:
    """The upload, the files that wait, and the log of what left. Two queries."""
    return {
        "waiting": CanvasFile.objects.filter(course=visit.course).defer("content")[:5],
        "exports": BookExport.objects.filter(course=visit.course)[:30],
    }


def canvas_file_page(plan: Plan) -> dict[str, Any]:
    """The preview. No query: all of it is in the plan."""
    by_column = {one.column.id: one for one in plan.columns}
    people = {pair.known.pk: pair.known for pair in plan.matching.suggestions}
    return {
        "row": plan.row, "plan": plan, "digest": plan.digest, "ours": plan.ours, "matching": plan.matching,
        "how": _how(plan.matching), "known": people,
        "columns": [_column(column, by_column.get(column.id), plan.row.chosen) for column in plan.read.columns],
        "count": sum(len(one.changes) for one in plan.columns), "overwritten": sum(one.overwritten for one in plan.columns),
        "shape": _shape(plan.read),
    }  # fmt: skip


def _how(matching: Matching) -> list[str]:
    """41 by Canvas ID, 2 by login."""
    count: dict[str, int] = {}
    for pair in matching.pairs:
        count[pair.by] = count.get(pair.by, 0) + 1
    return [f"{number} {'' if 'hand' in by else 'by '}{by}" for by, number in count.items()]


def _column(column: FileColumn, one: Filled | None, chosen: Mapping[str, str]) -> dict[str, Any]:
    listed = list(one.changes[:CHANGES]) if one else []
    return {
        "column": column, "filled": one, "chosen": chosen.get(column.id, ""), "changes": listed,
        "more": len(one.changes) - len(listed) if one else 0, "times": f"{round(one.times, 4).normalize():f}" if one and one.times != 1 else "",
    }  # fmt: skip


def _shape(read: Read) -> str:
    """How the file is written, in words; it is given back like this."""
    table = read.table
    sign = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}.get(table.delimiter, table.delimiter)
    comma = "a decimal comma" if read.sign == "," else "a decimal point"
    mark = ", with a byte order mark" if table.mark else ""
    return f"{table.codec.upper()}{mark}, cells between {sign}, {comma}"
