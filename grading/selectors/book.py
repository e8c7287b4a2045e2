"""The gradebook of a course as the staff read it: a row a student, a column a piece of work, what it adds up to, and who needs a word.

A bounded number of queries for 5 and for 600 people. What one student reads of it is in grading/selectors/my_book.py.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from django.db.models import Sum as SumOf

from courseplatform.courses.access import Visit
from courseplatform.courses.models import Course, Enrolment, Role
from courseplatform.roster.models import RosterEntry
from grading.book.cells import Cell
from grading.book.class_table import ClassTable, Sum
from grading.book.columns import columns_of
from grading.book.pieces import entered_of
from grading.book.risks import Signs, elapsed, risks_of
from grading.book.rows import TOTAL, Book, BookRow
from grading.book.scheme import scheme_of
from grading.book.silent import silent_boards
from grading.book.spread import bars, median_of
from grading.book.work import withhold, work_rows
from grading.gradebook import ALL, ZERO, State, total_of
from grading.models.late_days import LateEntry


def book_of(visit: Visit, now: datetime) -> Book:
    """Of everybody who is a student now, by name."""
    course, people = visit.course, students_of(visit.course)
    keys = [person.pk for person in people]
    scheme, rows = scheme_of(course), work_rows(course, keys)
    withhold(rows)
    columns = columns_of(course, scheme, rows, now)
    entered = entered_of(course, scheme, rows, keys, now, for_students=False)
    table = ClassTable(scheme, rows, columns, keys, entered, now)
    made = list(_Rows(course, table, now).of(people))
    medians, spreads = _spreads(table, made)
    return Book(scheme, columns, made, medians, spreads)


class Student(NamedTuple):
    pk: int
    name: str
    email: str


def students_of(course: Course) -> list[Student]:
    """Active students by sort name. One query."""
    rows = Enrolment.objects.filter(course=course, role=Role.STUDENT, is_active=True).order_by()
    found = [Student(*row) for row in rows.values_list("person", "person__name", "person__email")]
    return sorted(found, key=lambda person: (sort_name(person.name).casefold(), person.pk))


def sort_name(name: str) -> str:
    """Adeyemi, Ruth."""
    first, space, last = name.rpartition(" ")
    return f"{last}, {first}" if space else name


class _Rows:
    """What stands beside the numbers of each row, read once for the class."""

    def __init__(self, course: Course, table: ClassTable, now: datetime) -> None:
        self.table, self.scheme = table, table.scheme
        self.over = elapsed(course.starts_on, course.ends_on, now.astimezone(course.tz).date())
        self.sections, self.late, self.silent = _sections(course), _late_days(course), silent_boards(course, now)
        self.inside = [(at, column.short) for at, column in enumerate(table.columns) if column.component]

    def of(self, people: Sequence[Student]) -> Iterator[BookRow]:
        cells = zip(*(self.table.cells[column.key] for column in self.table.columns), strict=True)
        sums = zip(*self.table.sums, strict=True)
        for at, person in enumerate(people):
            yield self._row(at, person, next(cells, ()), next(sums, ()))

    def _row(self, at: int, person: Student, cells: tuple[Cell, ...], sums: tuple[Sum, ...]) -> BookRow:
        total = total_of(self.scheme, sums)
        team = self.table.rows.teams.get(person.pk)
        held, left = self._late_left(person.pk, team)
        signs = Signs(
            tuple(short for place, short in self.inside if cells[place].state is State.MISSING), held, left,
            self._participation(person.pk), self.silent.get((person.pk, None)) or self.silent.get((None, team)),
            self.table.passes(at) if self.scheme.conditions else (),
        )  # fmt: skip
        return BookRow(
            person.pk, person.name, sort_name(person.name), person.email, self.table.rows.team_names.get(team or 0, ""),
            self.sections.get(person.pk, ()), list(cells),
            {component.key: earned for component, (earned, _) in zip(self.scheme.components, sums, strict=True)},
            total.earned, total.so_far, total.percent, total.letter, left, risks_of(signs, self.over),
        )  # fmt: skip

    def _participation(self, person: int) -> tuple[Decimal, Decimal] | None:
        """Only where it stands for itself: nobody is at risk for a bonus."""
        for component in self.scheme.components:
            for piece in () if component.is_bonus else self.table.entered[person][component.key]:
                if piece.source == "participation" and piece.points is not None:
                    return piece.points, piece.of
        return None

    def _late_left(self, person: int, team: int | None) -> tuple[int, int | None]:
        found = [self.late[key] for key in ((person, None), (None, team)) if key in self.late]
        return sum(held for held, _ in found), sum(left for _, left in found) if found else None


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
    for person, team, kind, days in rows.annotate(SumOf("days")):
        held, left = found.get((person, team), (0, 0))
        found[person, team] = held + (days if kind in HELD else 0), left + days
    return found


HELD = ("policy", "grant")


def _spreads(
    table: ClassTable, rows: Sequence[BookRow]
) -> tuple[dict[str, Decimal | None], dict[str, tuple[int, ...]]]:
    medians, spreads = dict[str, Decimal | None](), dict[str, tuple[int, ...]]()
    for column in table.columns:
        graded = [cell for cell in table.cells[column.key] if cell.state is State.GRADED]
        values = sorted(cell.percent for cell in graded if cell.percent is not None)
        top = column.weight or (values[-1] if values else ZERO)
        medians[column.key], spreads[column.key] = median_of(values), bars(values, top)
    totals = sorted(row.percent for row in rows if row.percent is not None)
    medians[TOTAL], spreads[TOTAL] = median_of(totals), bars(totals, ALL)
    return medians, spreads
