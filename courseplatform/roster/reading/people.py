"""A roster file to people: what is recognised, row by row, and what is refused or skipped, with the reason. Knows no database."""

import re
from collections import Counter
from dataclasses import asdict, dataclass, field
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from courseplatform.core.errors import BadInput
from courseplatform.core.sheets.decode import EMPTY, decode
from courseplatform.core.sheets.tables import HEADER_WITHIN, MOST_CELL, Row, read_rows
from courseplatform.roster.reading import names
from courseplatform.roster.reading.columns import CANVAS, FIELDS, IDENTITY, Columns, recognise, score

NEEDED = "Needed is one of: E-mail, Student ID (also SIS User ID, Emplid, MIT ID), or Login (also Andrew ID, Kerberos, NetID)"
IDENTIFIER = re.compile(r"[\w][\w.\-/@+ ]{0,63}")
SCIENTIFIC = re.compile(r"\d([.,]\d+)?e\+?\d+", re.IGNORECASE)
DECIMAL = re.compile(r"\d{3,}[.,]0+")
AS_TEXT = re.compile(r'=\s*"(.*)"', re.DOTALL)  # how spreadsheets and Canvas keep a cell as text
FORMULA = ("=", "+", "-", "@")
LECTURE_NAME = re.compile(r"lec.*|\d{1,2}", re.IGNORECASE)
POINTS_ROW = "points possible"
HEX_LOGIN = re.compile(r"[0-9a-f]{32,}")


@dataclass
class ParsedRow:
    """One person of the file. `rows`: the lines it stands in. `standing`: enrolled, left or waiting. `refusal` empties the rest."""

    rows: list[int]
    email: str = ""
    sis_id: str = ""
    login: str = ""
    canvas_id: str = ""
    name: str = ""
    registrar_name: str = ""
    sections: list[tuple[str, str]] = field(default_factory=list)  # name, kind
    standing: str = "enrolled"
    notes: list[str] = field(default_factory=list)
    refusal: str = ""

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def of_json(cls, found: dict[str, Any]) -> "ParsedRow":
        return cls(**{**found, "sections": [(name, kind) for name, kind in found["sections"]]})


@dataclass
class ParsedRoster:
    """What a file holds. `used`: (column, what it is for). `unread`: names of columns that were not read. `skipped`: (row, why)."""

    system: str
    shape: str
    encoding: str
    used: list[tuple[str, str]]
    unread: list[str]
    rows: list[ParsedRow]
    skipped: list[tuple[int, str]]


class RowRefused(Exception):
    """Why this row cannot be taken; the others can."""


def parse(data: bytes, *, mail_domain: str = "") -> ParsedRoster:
    """Raises BadInput or TooLarge when nothing of the file can be used; a single bad row is refused in the result.

    Args:
        mail_domain: makes `login@mail_domain` where a person has a login and no address.
    """
    text, encoding = decode(data)
    table, shape = read_rows(text, score)
    place, columns = _header(table)
    reader = _Reader(columns, mail_domain)
    for number, cells in table[place + 1 :]:
        reader.take(number, cells)
    if not reader.rows:
        raise BadInput(
            "The column names were recognised, but no person stands below them. Choose another file.", code="no_people"
        )
    rows = _without_repeats(reader.rows)
    _note_short_ids(rows)
    return ParsedRoster(columns.system, shape, encoding, columns.used, columns.unread, rows, reader.skipped)


def _header(table: list[Row]) -> tuple[int, Columns]:
    """The place of the row with most column names among the first. Cells are only repeated when the row is surely a header."""
    if not table:
        raise BadInput(EMPTY, code="empty_file")
    head = table[:HEADER_WITHIN]
    place = max(range(len(head)), key=lambda n: score(head[n][1]))
    columns = recognise(head[place][1])
    if any(name in columns.at for name in IDENTITY):
        return place, columns
    if not columns.used:
        raise BadInput(
            f"No row of column names was found in the first {HEADER_WITHIN} rows. {NEEDED}. Add such a row at the top.",
            code="no_header",
        )
    found = [name for name, _ in columns.used] + columns.unread
    listed = ", ".join(found[:30]) + (f" and {len(found) - 30} more" if len(found) > 30 else "")
    raise BadInput(
        f"No column tells people apart. Found: {listed}. {NEEDED}. Export the list again with one of these columns.",
        code="no_identity_column",
    )


class _Reader:
    def __init__(self, columns: Columns, mail_domain: str) -> None:
        self.columns, self.mail_domain = columns, mail_domain
        self.rows: list[ParsedRow] = []
        self.skipped: list[tuple[int, str]] = []

    def take(self, number: int, cells: list[str]) -> None:
        found = {
            name: " ".join(_as_text(cells[place]).split()) if place < len(cells) else ""
            for name, place in self.columns.at.items()
        }
        if why := self._skip(found):
            self.skipped.append((number, why))
            return
        row = ParsedRow(rows=[number])
        try:
            self._check(cells, found)
            self._fill(row, found)
        except RowRefused as refused:
            row = ParsedRow(rows=[number], refusal=str(refused), name=_name_if_any(found))
        self.rows.append(row)

    def _skip(self, found: dict[str, str]) -> str:
        """Canvas's own rows, known by what they lack: their words may be translated."""
        if not any(found.values()):
            return "no person in it (Canvas's posting row, or a blank line)"
        whole = found.get("name") or found.get("last", "")
        if whole.lower() == POINTS_ROW:
            return "Canvas's row of points"
        if self.columns.system != CANVAS:
            return ""
        ids = [found.get(name, "") for name in IDENTITY]
        if not any(ids) and not self.rows:
            return "Canvas's row of points"
        is_hex = not found.get("sis_id") and HEX_LOGIN.fullmatch(found.get("login", "").lower())
        return "Canvas's test student" if is_hex or whole in ("Student, Test", "Test Student") else ""

    def _check(self, cells: list[str], found: dict[str, str]) -> None:
        width = self.columns.width
        if any(cell.strip() for cell in cells[width:]):
            raise RowRefused(
                f"It has {len(cells)} cells where the header has {width}: a delimiter inside a cell, or cells that moved."
            )
        for name, value in found.items():
            if len(value) > MOST_CELL:
                raise RowRefused(f"Its {FIELDS[name]} is longer than {MOST_CELL} characters.")
            if value.startswith(FORMULA):
                raise RowRefused(
                    f"Its {FIELDS[name]} begins with {value[0]} like a formula of a spreadsheet, and was not read."
                )

    def _fill(self, row: ParsedRow, found: dict[str, str]) -> None:
        for name in ("sis_id", "canvas_id"):
            setattr(row, name, _identifier(found.get(name, ""), row))
        row.login = _login(found.get("login", ""))
        row.email = self._address(found.get("email", ""), row)
        row.name, row.registrar_name = _names(found)
        row.sections = self._sections(found)
        row.standing = _status(found.get("status", ""))
        if not (row.email or row.sis_id or row.canvas_id):
            raise RowRefused("; ".join(row.notes) or self._without_identity(row))

    def _without_identity(self, row: ParsedRow) -> str:
        if row.login:
            return (
                "It has a login and no e-mail address. Name the mail domain above, and the address is made from both."
            )
        return "It has neither an e-mail address nor an ID."

    def _address(self, text: str, row: ParsedRow) -> str:
        email = text.removeprefix("mailto:").lower()
        if not email and row.login:
            email = row.login if "@" in row.login else f"{row.login}@{self.mail_domain}" if self.mail_domain else ""
        if not email:
            return ""
        try:
            validate_email(email)
        except ValidationError:
            raise RowRefused(f"{email[:80]} is not an e-mail address.") from None
        if len(email) > 254:
            raise RowRefused("Its e-mail address is longer than 254 characters.")
        return email

    def _sections(self, found: dict[str, str]) -> list[tuple[str, str]]:
        text = found.get("section", "")
        parts = re.split(r";| and " if self.columns.system == CANVAS else ";", text)
        sections = [(found["lecture"], "lecture")] if found.get("lecture") else []
        if sections and text.lower() in ("lec", "lecture"):
            parts = []  # CMU's first line of a student: the lecture itself, which the other column names
        sections += [(part.strip(), "lecture" if LECTURE_NAME.fullmatch(part.strip()) else "lab") for part in parts if part.strip()]  # fmt: skip
        if any(len(name) > 80 for name, _ in sections):
            raise RowRefused("The name of its section is longer than 80 characters.")
        return list(dict(sections).items())


def _as_text(cell: str) -> str:
    """`="00123"` is the text 00123."""
    match = AS_TEXT.fullmatch(cell.strip())
    return match[1].replace('""', '"') if match else cell


def _identifier(text: str, row: ParsedRow) -> str:
    """Identifiers are text. One that a spreadsheet has turned into a number is not guessed back: it is left out, and said."""
    if SCIENTIFIC.fullmatch(text) and "+" in text:
        row.notes.append(f"its ID {text} was turned into a number by a spreadsheet and lost digits, so it was not read")
        return ""
    if DECIMAL.fullmatch(text):
        row.notes.append(f"its ID {text} was turned into a number by a spreadsheet, so it was not read")
        return ""
    if text and not IDENTIFIER.fullmatch(text):
        raise RowRefused("Its ID holds characters that no ID has, or is longer than 64.")
    return text


def _login(text: str) -> str:
    if text and not IDENTIFIER.fullmatch(text):
        raise RowRefused("Its login holds characters that no login has, or is longer than 64.")
    return text


def _names(found: dict[str, str]) -> tuple[str, str]:
    first = found.get("preferred") or found.get("first", "")
    try:
        if found.get("last") or first:
            return names.from_parts(found.get("last", ""), first)
        return names.from_whole(found["name"]) if found.get("name") else ("", "")
    except ValidationError as error:
        raise RowRefused(f"Its name cannot be used. {error.messages[0]}") from None


def _name_if_any(found: dict[str, str]) -> str:
    """Whose refused row it is, where that can be told."""
    try:
        parts = [found.get(name, "") for name in ("name", "last", "first", "preferred")]
        return "" if any(part.startswith(FORMULA) or len(part) > MOST_CELL for part in parts) else _names(found)[0]
    except RowRefused:
        return ""


def _status(text: str) -> str:
    word = text.lower()
    if word.startswith(("drop", "withdr", "left", "inactive")):
        return "left"
    return "waiting" if word.startswith("wait") else "enrolled"


def _without_repeats(rows: list[ParsedRow]) -> list[ParsedRow]:
    """A person who is listed twice is one row with both sections. Two people under one address, or one ID, are refused, both."""
    by_key: dict[tuple[str, str], ParsedRow] = {}
    kept: list[ParsedRow] = []
    for row in rows:
        keys = [(name, getattr(row, name).casefold()) for name in ("email", "sis_id") if getattr(row, name)]
        earlier = next((by_key[key] for key in keys if key in by_key), None)
        if earlier is None:
            kept.append(row)
            by_key |= dict.fromkeys(keys, row)
        elif clash := _clash(earlier, row):
            _refuse(row, f"{clash} in row {earlier.rows[0]}.")
            kept.append(row)
            if not earlier.refusal:
                _refuse(earlier, f"{clash} in row {row.rows[0]}.")
        elif not earlier.refusal:
            _unite(earlier, row)
            by_key |= dict.fromkeys(keys, earlier)
    return kept


def _clash(one: ParsedRow, other: ParsedRow) -> str:
    if one.sis_id and other.sis_id and one.sis_id != other.sis_id:
        return "The same e-mail address stands with another ID"
    if one.email and other.email and one.email != other.email:
        return "The same ID stands with another e-mail address"
    if one.refusal or (one.name and other.name and one.name != other.name and not (one.sis_id and other.sis_id)):
        return "The same e-mail address stands with another name"
    return ""


def _refuse(row: ParsedRow, why: str) -> None:
    """Keeps the address, the ID and the name, so that a third row with them is refused too, and people see whose it is."""
    row.refusal = why
    row.registrar_name = row.login = row.canvas_id = ""
    row.sections, row.notes = [], []


def _unite(row: ParsedRow, other: ParsedRow) -> None:
    row.rows += other.rows
    for name in ("email", "sis_id", "login", "canvas_id", "name", "registrar_name"):
        setattr(row, name, getattr(row, name) or getattr(other, name))
    row.sections = list((dict(other.sections) | dict(row.sections)).items())
    row.notes += [note for note in other.notes if note not in row.notes]
    if other.standing == "enrolled":
        row.standing = "enrolled"


def _note_short_ids(rows: list[ParsedRow]) -> None:
    """A number shorter than nearly all others has probably lost its leading zeros: said, not mended."""
    numbers = [row.sis_id for row in rows if row.sis_id.isdecimal()]
    if len(numbers) < 5:
        return
    usual, count = Counter(map(len, numbers)).most_common(1)[0]
    if count < len(numbers) * 0.6:
        return
    for row in rows:
        if row.sis_id.isdecimal() and len(row.sis_id) < usual:
            row.notes.append(
                f"its ID has {len(row.sis_id)} digits where most have {usual}: a spreadsheet may have dropped leading zeros"
            )
