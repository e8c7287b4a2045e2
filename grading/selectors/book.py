"""The gradebook of a course as the staff read it: a row a student, a column a piece of work, what it adds up to, and who needs a word.

A bounded number of queries for 5 and for 600 people. What one student reads of it is in grading/selectors/my_book.py.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from django.db.models import Sum

from courseplatform.accounts.models import User
from courseplatform.courses.access import Visit
from courseplatform.courses.models import Course, Enrolment, Role
from courseplatform.roster.models import RosterEntry
from courseplatform.teams.models import Team
from grading.book.columns import Column, columns_of, piece_column
from grading.book.pieces import pieces_of_rows
from grading.book.risks import Risk, Signs, elapsed, risks_of
from grading.book.scheme import scheme_of
from grading.book.spread import bars, median_of
from grading.book.work import work_rows
from grading.gradebook import ZERO, Line, Piece, Scheme, Standing, State, plain, shown, standing_of
from grading.models.late_days import LateEntry


class Cell(NamedTuple):
    """text: as the table shows it. state: of State. points: of `Column.of`, where somebody gave some. percent: what it gives of the course
    grade. says: where it comes from, or what is wrong, in words."""

    text: str
    state: str
    points: Decimal | None = None
    percent: Decimal | None = None
    says: str = ""


@dataclass(frozen=True)
class BookRow:
    """One student. person: the key. cells: parallel to the columns. sums: key of a component -> % of the course grade that it gave.

    earned: % of the course grade that is sure; so_far: what could have been earned; percent: earned of so_far after the curve. late_left:
    None where the course keeps no late days for this person.
    """

    person: int
    name: str
    sort_name: str
    email: str
    team: str
    sections: tuple[str, ...]
    cells: list[Cell]
    sums: Mapping[str, Decimal]
    earned: Decimal
    so_far: Decimal
    percent: Decimal | None
    letter: str
    late_left: int | None
    risks: tuple[Risk, ...] = ()


@dataclass(frozen=True)
class Book:
    """medians: key of a column -> of what was graded, as the cells show it. spreads: key of a column -> a small histogram of shares. `total`
    is the key of the percent so far in both."""

    scheme: Scheme
    columns: tuple[Column, ...]
    rows: list[BookRow]
    medians: Mapping[str, Decimal | None] = field(default_factory=dict)
    spreads: Mapping[str, tuple[int, ...]] = field(default_factory=dict)

    @property
    def at_risk(self) -> int:
        return sum(bool(row.risks) for row in self.rows)


TOTAL = "total"


def book_of(visit: Visit, now: datetime) -> Book:
    """Of everybody who is a student now, by name."""
    course = visit.course
    people = students_of(course)
    scheme, rows = scheme_of(course), work_rows(course, [person.pk for person in people])
    columns = columns_of(course, scheme, rows, now)
    pieces = pieces_of_rows(course, scheme, rows, [person.pk for person in people], now, for_students=False)
    class_ = _Class(course, scheme, columns, now)
    teams = dict(Team.objects.filter(course=course).values_list("pk", "name"))
    made = [class_.row(person, teams.get(rows.teams.get(person.pk, 0), ""), rows.teams.get(person.pk), pieces[person.pk]) for person in people]  # fmt: skip
    medians, spreads = _spreads(columns, made)
    return Book(scheme, columns, made, medians, spreads)


def students_of(course: Course) -> list[User]:
    """Active students by sort name. One query."""
    enrolled = Enrolment.objects.filter(course=course, role=Role.STUDENT, is_active=True).select_related("person")
    return sorted((row.person for row in enrolled), key=lambda person: (sort_name(person.name).casefold(), person.pk))


def sort_name(name: str) -> str:
    """Adeyemi, Ruth."""
    first, space, last = name.rpartition(" ")
    return f"{last}, {first}" if space else name


class _Class:
    """What is the same for every row, read once."""

    def __init__(self, course: Course, scheme: Scheme, columns: Sequence[Column], now: datetime) -> None:
        self.course, self.scheme, self.columns = course, scheme, columns
        self.over = elapsed(course.starts_on, course.ends_on, now.astimezone(course.tz).date())
        self.sections = _sections(course)
        self.late = _late_days(course)

    def row(self, person: User, team: str, team_key: int | None, pieces: Mapping[str, Sequence[Piece]]) -> BookRow:
        standing = standing_of(self.scheme, pieces)
        cells = self._cells(standing, pieces)
        held, left = self._late_left(person.pk, team_key)
        signs = Signs(
            tuple(column.short for column, cell in zip(self.columns, cells, strict=True) if cell.state == State.MISSING and column.component),
            held, left, self._participation(pieces), None, standing.passes,
        )  # fmt: skip
        return BookRow(
            person.pk, person.name, sort_name(person.name), person.email, team, self.sections.get(person.pk, ()), cells,
            {part.component.key: part.earned for part in standing.parts}, standing.earned, standing.so_far, standing.percent,
            standing.letter, left, risks_of(signs, self.over),
        )  # fmt: skip

    def _cells(self, standing: Standing, pieces: Mapping[str, Sequence[Piece]]) -> list[Cell]:
        lines = defaultdict[str, list[Line]](list)
        for part in standing.parts:
            for line in part.lines:
                lines[piece_column(line.piece.key, line.piece.source)].append(line)
        outside = {piece.key: piece for piece in pieces.get("", ())}
        return [
            _outside(outside[column.key]) if column.key in outside else _cell(column, lines[column.key])
            for column in self.columns
        ]

    def _participation(self, pieces: Mapping[str, Sequence[Piece]]) -> tuple[Decimal, Decimal] | None:
        """Only where it stands for itself: nobody is at risk for a bonus."""
        for component in self.scheme.components:
            if component.is_bonus:
                continue
            for piece in pieces.get(component.key, ()):
                if piece.source == "participation" and piece.points is not None:
                    return piece.points, piece.of
        return None

    def _late_left(self, person: int, team: int | None) -> tuple[int, int | None]:
        found = [self.late[key] for key in ((person, None), (None, team)) if key in self.late]
        return sum(held for held, _ in found), sum(left for _, left in found) if found else None


def _cell(column: Column, lines: Sequence[Line]) -> Cell:
    """Of one piece, or of all that come from one source."""
    if not lines:
        return Cell("", State.AHEAD, says="nothing here yet")
    state = _state([line.piece.state for line in lines])
    given = [line.piece.points for line in lines if line.piece.points is not None]
    points = sum(given, ZERO) if given else None
    settled = [line.percent for line in lines if line.percent is not None]
    percent = sum(settled, ZERO) if settled else None
    says = "; ".join(line.piece.says for line in lines if line.piece.says)
    if state is State.AHEAD:
        return Cell("" if column.is_work else says, state, points, None, says)
    if state is State.UNCOUNTED:
        return Cell("" if points is None else plain(points), state, points, None, says)
    if percent is None:
        return Cell("", state, points, None, says)
    text = f"{shown(percent)}" if column.is_work and state is State.GRADED else plain(percent)
    return Cell(text, state, points, percent, says)


ORDER = (State.GRADED, State.MISSING, State.GRADING, State.AHEAD, State.EXCUSED, State.UNCOUNTED)


def _state(states: Sequence[State]) -> State:
    return next(state for state in ORDER if state in states)


def _outside(piece: Piece) -> Cell:
    """Points as they are: nothing is weighed."""
    return Cell("" if piece.points is None else plain(piece.points), piece.state, piece.points, None, piece.says)


def _sections(course: Course) -> dict[int, tuple[str, ...]]:
    """Person -> names of sections. One query."""
    found = defaultdict[int, list[str]](list)
    rows = RosterEntry.objects.filter(course=course, sections__isnull=False).order_by("sections__name")
    for person, name in rows.values_list("enrolment__person", "sections__name"):
        found[person].append(name)
    return {person: tuple(names) for person, names in found.items()}


def _late_days(course: Course) -> dict[tuple[int | None, int | None], tuple[int, int]]:
    """(person, team) -> late days held and left. One query."""
    rows = LateEntry.objects.filter(course=course).order_by().values_list("person", "team", "kind")
    found = dict[tuple[int | None, int | None], tuple[int, int]]()
    for person, team, kind, days in rows.annotate(Sum("days")):
        held, left = found.get((person, team), (0, 0))
        found[person, team] = held + (days if kind in HELD else 0), left + days
    return found


HELD = ("policy", "grant")


def _spreads(columns: Sequence[Column], rows: Sequence[BookRow]) -> tuple[dict[str, Decimal | None], dict[str, tuple[int, ...]]]:  # fmt: skip
    medians, spreads = dict[str, Decimal | None](), dict[str, tuple[int, ...]]()
    for at, column in enumerate(columns):
        cells = [row.cells[at] for row in rows if row.cells[at].state == State.GRADED]
        values = [cell.percent for cell in cells if cell.percent is not None]
        medians[column.key] = median_of(values)
        top = column.weight or max(values, default=ZERO)
        spreads[column.key] = bars(value / top for value in values) if top else ()
    totals = [row.percent for row in rows if row.percent is not None]
    medians[TOTAL], spreads[TOTAL] = median_of(totals), bars(percent / 100 for percent in totals)
    return medians, spreads
