"""What a gradebook of Canvas holds: its columns, its people, and the rows that are neither. Bounded; knows no database."""

import re
from dataclasses import dataclass, field
from decimal import Decimal

from courseplatform.core.errors import BadInput
from courseplatform.core.sheets.tables import HEADER_WITHIN
from courseplatform.roster.reading.columns import CANVAS, Columns, recognise, score
from courseplatform.roster.reading.people import AS_TEXT, DECIMAL, HEX_LOGIN, POINTS_ROW, SCIENTIFIC
from grading.canvas.numbers import number_of, sign_of
from grading.canvas.text import NOT_CANVAS, Line, Table, table_of

AT_END = re.compile(r"(.*)\((\d{1,20})\)\s*", re.DOTALL)  # the last parenthesis is Canvas's number of the assignment
IDENTITY = {"canvas_id": "ID", "sis_id": "SIS User ID", "login": "SIS Login ID"}
TEST_STUDENTS = ("student, test", "test student")
EXCUSED, NOT_ASSIGNED = "EX", "N/A"


@dataclass(frozen=True)
class CanvasColumn:
    """An assignment of Canvas. of: what it can give there; None: not said. place: which column it is, from 0."""

    id: str
    title: str
    place: int
    of: Decimal | None


@dataclass
class FilePerson:
    """One row of a person. place: of its line in the table. notes: identifiers that were not read, and why. refusal: nothing can be filled in."""

    place: int
    number: int
    name: str
    canvas_id: str = ""
    sis_id: str = ""
    login: str = ""
    notes: list[str] = field(default_factory=list)
    refusal: str = ""


@dataclass(frozen=True)
class CanvasFile:
    """A gradebook, read. sign: the decimal sign. skipped: (number of the line, what it is). unread: columns that are left alone, with why."""

    table: Table
    columns: tuple[CanvasColumn, ...]
    people: tuple[FilePerson, ...]
    sign: str
    skipped: tuple[tuple[int, str], ...]
    unread: tuple[tuple[str, str], ...]
    identity: tuple[str, ...]

    def old(self, person: FilePerson, column: CanvasColumn) -> str:
        return self.table.lines[person.place].text(column.place)


def canvas_file(data: bytes) -> CanvasFile:
    """Raises what `table_of` raises, and BadInput: `not_canvas`, `no_people`, `no_assignments`."""
    table = table_of(data)
    at = _header_place(table)
    header = table.lines[at]
    columns = recognise([cell.text for cell in header.cells])
    if columns.system != CANVAS or "canvas_id" not in columns.at or not {"name", "last"} & columns.at.keys():
        found = ", ".join(cell.text.strip()[:40] for cell in header.cells[:8] if cell.text.strip()) or "nothing"
        said = f"This is not the export of Canvas's gradebook: the columns Student and ID were not found. Found: {found}. {NOT_CANVAS}"
        raise BadInput(said, code="not_canvas")
    people, points, skipped = _rows(table, at, columns)
    if not people:
        raise BadInput("This export of Canvas names nobody. Choose another file.", code="no_people")
    assignments, unread = _assignments(header, points, columns)
    if not assignments:
        said = f"No column of this file ends with the number of an assignment, like Lab 1 (123456). {NOT_CANVAS}"
        raise BadInput(said, code="no_assignments")
    texts = (table.lines[one.place].text(column.place) for one in people for column in assignments)
    points_texts = [points.text(column.place) for column in assignments] if points else []
    return CanvasFile(
        table, tuple(assignments), tuple(people), sign_of([*points_texts, *texts]), tuple(skipped), tuple(unread),
        tuple(words for key, words in IDENTITY.items() if key in columns.at),
    )  # fmt: skip


def _header_place(table: Table) -> int:
    head = table.lines[:HEADER_WITHIN]
    return max(range(len(head)), key=lambda n: score([cell.text for cell in head[n].cells]), default=0)


def _rows(table: Table, at: int, columns: Columns) -> tuple[list[FilePerson], Line | None, list[tuple[int, str]]]:
    """The people, Canvas's row of points, and what the other rows are."""
    people: list[FilePerson] = []
    skipped: list[tuple[int, str]] = []
    points: Line | None = None
    for place, line in enumerate(table.lines[at + 1 :], start=at + 1):
        kind = "" if not line.is_blank else "a blank line"
        kind = kind or _kind(line, columns, is_above=not people)
        if kind == "points possible" and points is None:
            points = line
        if kind:
            skipped.append((line.number, kind))
        else:
            people.append(_person(place, line, columns))
    return people, points, skipped


def _kind(line: Line, columns: Columns, *, is_above: bool) -> str:
    """Of a row that is nobody's; "" for a person. Told by what it lacks, because its words may be translated."""
    name = line.text(columns.at.get("name", columns.at.get("last")))
    ids = [line.text(columns.at.get(key)) for key in IDENTITY]
    if name.casefold() == POINTS_ROW:
        return POINTS_ROW
    if is_above and not any(ids):
        return POINTS_ROW if name else "how Canvas posts grades"
    is_hex = not line.text(columns.at.get("sis_id")) and HEX_LOGIN.fullmatch(line.text(columns.at.get("login")).lower())
    return "Canvas's test student" if is_hex or name.casefold() in TEST_STUDENTS else ""


def _person(place: int, line: Line, columns: Columns) -> FilePerson:
    parts = [_as_text(line.text(columns.at.get(key))) for key in ("name", "last", "first")]
    name = parts[0] or ", ".join(filter(None, parts[1:]))
    person = FilePerson(place, line.number, " ".join(name.split())[:120])
    if any(cell.text.strip() for cell in line.cells[columns.width :]):
        person.refusal = f"it has {len(line.cells)} cells where the header has {columns.width}: a delimiter inside a cell, or cells that moved"
        return person
    for key, words in IDENTITY.items():
        text = _as_text(line.text(columns.at.get(key)))
        if (SCIENTIFIC.fullmatch(text) and "+" in text) or DECIMAL.fullmatch(text):
            person.notes.append(
                f"its {words} {text[:40]} was turned into a number by a spreadsheet and lost digits, so it was not read"
            )
        else:
            setattr(person, key, text[:120])
    return person


def _as_text(cell: str) -> str:
    """`="=Ada"` is the text =Ada: so Canvas keeps a spreadsheet from calculating it."""
    match = AS_TEXT.fullmatch(cell)
    return match[1].replace('""', '"') if match else cell


def _assignments(
    header: Line, points: Line | None, columns: Columns
) -> tuple[list[CanvasColumn], list[tuple[str, str]]]:
    """The columns that grades can go to, and those that are left alone with why."""
    found: list[CanvasColumn] = []
    unread: list[tuple[str, str]] = []
    for place, cell in enumerate(header.cells):
        title = " ".join(cell.text.split())
        if not title or place in columns.at.values() or title.casefold() in ("integration id", "root account"):
            continue
        match = AT_END.fullmatch(title)
        of = points.text(place) if points else ""
        if match is None:
            unread.append((title[:80], "Canvas's own column, or one of your notes"))
        elif of and number_of(of) is None:
            unread.append((title[:80], f"Canvas computes it: {of[:40]}"))
        elif points and not of:
            unread.append((title[:80], "it has no points possible in this file"))
        else:
            found.append(CanvasColumn(match[2], match[1].strip()[:160] or title[:160], place, number_of(of)))
    return _without_twins(found, unread), unread


def _without_twins(found: list[CanvasColumn], unread: list[tuple[str, str]]) -> list[CanvasColumn]:
    """An assignment that stands in the file twice is not filled in: which of the two Canvas would read cannot be told."""
    ids = [column.id for column in found]
    unread += [(f"{one.title} ({one.id})", "it stands in the file twice") for one in found if ids.count(one.id) > 1]
    return [one for one in found if ids.count(one.id) == 1]
