"""The gradebook as a table that leaves the house: the rows that the page shows, numbers as numbers, identifiers as text."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from courseplatform.courses.access import Visit
from courseplatform.roster.models import RosterEntry
from grading.book.layout import Head, value_of
from grading.book.rows import BookRow
from grading.gradebook import shown
from grading.selectors.book_page import BookFilter, shown_book

Value = str | Decimal | int
WORDS = {"grading": "in grading", "excused": "excused", "missing": "missing"}


@dataclass(frozen=True)
class Sheet:
    heads: list[str]
    rows: list[list[Value]]


def book_sheet(visit: Visit, chosen: BookFilter, now: datetime) -> Sheet:
    """One query more than the page."""
    found = shown_book(visit, chosen, now)
    entries = RosterEntry.objects.filter(course=visit.course).exclude(sis_id="")
    ids = dict(entries.values_list("enrolment__person", "sis_id"))
    heads = ["Student", "E-mail", "Student ID", "Team", "Sections", *map(_words, found.layout.heads)]
    rows = [
        [row.sort_name, row.email, ids.get(row.person, ""), row.team, ", ".join(row.sections)]
        + [_value(head, row) for head in found.layout.heads]
        for row in found.visible
    ]
    return Sheet(heads, rows)


def _words(head: Head) -> str:
    """Lab 1, of 5."""
    name = head.title or head.short
    return f"{name}, {head.second}" if head.second.startswith("of ") else name


def _value(head: Head, row: BookRow) -> Value:
    if head.kind == "letter":
        return row.letter
    if head.kind == "risk":
        return "; ".join(risk.words for risk in row.risks)
    if head.kind == "late":
        return "" if row.late_left is None else row.late_left
    value = value_of(head, row)
    if head.kind == "cell":
        cell = row.cells[head.at]
        if value is None or cell.state == "missing":
            return WORDS.get(cell.state, cell.text) if value is None else Decimal(0)
    return "" if value is None else shown(value)
