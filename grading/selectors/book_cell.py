"""Why a cell of the gradebook says what it says: each line of its sum, what happened to it, and where to change it."""

from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from courseplatform.accounts.models import User
from courseplatform.core.errors import NotHere
from courseplatform.courses.access import Visit
from grading.anonymity import check_names
from grading.book.columns import Column, columns_of, piece_column
from grading.book.pieces import pieces_of_rows
from grading.book.scheme import scheme_of
from grading.book.work import work_rows
from grading.grade import Grade
from grading.grade_facts import grades_of, group_of
from grading.gradebook import Line, plain, standing_of
from grading.models.assignments import Assignment
from grading.models.grades import GradeKind, grade_path
from grading.selectors.grades import student_get
from grading.selectors.my_grade import measured_part


@dataclass(frozen=True)
class Reason:
    """One line of the sum. note: what it came to, or what was said. points: as text. is_sum: a line below the rule."""

    title: str
    points: str
    note: str = ""
    is_sum: bool = False


@dataclass(frozen=True)
class Happened:
    """What happened, by whom, when."""

    at: datetime
    who: str
    what: str


@dataclass(frozen=True)
class Link:
    label: str
    url: str


@dataclass(frozen=True)
class CellWhy:
    """value: `4.44 of 5`, as % of the course grade, or points where nothing is weighed. seen: what a change has to name as read, as
    grade_override asks for it; points and of: as they stand; None and 0 for what is not graded by points."""

    person: User
    column: Column
    value: str
    state: str
    reasons: tuple[Reason, ...] = ()
    events: tuple[Happened, ...] = ()
    links: tuple[Link, ...] = ()
    seen: int = 0
    points: Decimal | None = None
    of: Decimal = Decimal(0)

    @property
    def head(self) -> str:
        return f"{self.person.name}, {self.column.short}: {self.value}"


def cell(visit: Visit, person: int, column: str, now: datetime) -> CellWhy:
    """For the staff. Raises NotHere: no such student, or no such column; Forbidden: `names_hidden`. About twenty queries."""
    student = student_get(visit, person)
    scheme, rows = scheme_of(visit.course), work_rows(visit.course, [student.pk])
    found = next((one for one in columns_of(visit.course, scheme, rows, now) if one.key == column), None)
    if found is None:
        raise NotHere("The gradebook has no such column.")
    own = replace(scheme, components=tuple(one for one in scheme.components if one.key == found.component))
    pieces = pieces_of_rows(visit.course, own, rows, [student.pk], now, for_students=False)[student.pk]
    lines = [line for part in standing_of(own, pieces).parts for line in part.lines if _is_in(line, found)]
    if not found.is_work:
        return _of_source(student, found, lines)
    item = next(item for item in rows.items if item.slug == found.key)
    item.course = visit.course
    check_names(visit, item, student)
    state = rows.fact(item, student.pk, now, for_students=False).state
    return _of_work(student, found, item, lines[0] if lines else None, state)


def _is_in(line: Line, column: Column) -> bool:
    return column.key == piece_column(line.piece.key, line.piece.source)


def _of_source(student: User, column: Column, lines: list[Line]) -> CellWhy:
    reasons = [Reason(line.piece.title, _percent(line.percent), line.piece.says) for line in lines]
    sums = [Reason(line.piece.title, _percent(line.percent), line.arithmetic, is_sum=True) for line in lines]
    earned = [line.percent for line in lines if line.percent is not None]
    weight = sum(line.weight for line in lines)
    value = f"{plain(sum(earned, Decimal()))} of {plain(Decimal(weight))}" if earned else "nothing yet"
    links = tuple({line.piece.url: Link(line.piece.title, line.piece.url) for line in lines if line.piece.url}.values())
    return CellWhy(student, column, value, lines[0].piece.state if lines else "ahead", (*reasons, *sums), (), links)


def _percent(value: Decimal | None) -> str:
    return "" if value is None else plain(value)


def _of_work(student: User, column: Column, item: Assignment, line: Line | None, state: str) -> CellWhy:
    group = group_of(item, student)
    grades = grades_of(item, {one.pk for one in group.people} | {student.pk})
    grade = grades[student.pk]
    links = [Link("Mark it, or set it by hand", grade_path(item, "grades_person", person=student.pk))]
    if group.submission is not None:
        links.append(Link("What was handed in", group.submission.get_absolute_url()))
    measured = measured_part(item, student)
    if measured:
        links.append(Link(f"Result of attempt {measured['number']}", measured["url"]))
    reasons = [*_measured(measured["lines"] if measured else ()), *_marks(grade), *_sums(grade, line)]
    return CellWhy(
        student, column, _value(grade, line), state, tuple(reasons), tuple(_events(grade)), tuple(links),
        max(one.seen for one in grades.values()), grade.points, grade.of,
    )  # fmt: skip


def _value(grade: Grade, line: Line | None) -> str:
    if line is not None and line.percent is not None:
        return f"{plain(line.percent)} of {plain(line.weight)}"
    return "not graded" if grade.points is None else f"{plain(grade.points)} of {plain(grade.of)} points"


def _measured(lines: object) -> list[Reason]:
    """The criteria of the result, instead of their sum alone."""
    found = lines if isinstance(lines, list) else []
    return [
        Reason(
            str(line.get("title") or line.get("key", "")),
            "open" if line.get("left_open") else str(line.get("earned", "")), str(line.get("value", "")),
        )
        for line in found
    ]  # fmt: skip


def _marks(grade: Grade) -> list[Reason]:
    return [
        Reason(line.title, "" if line.points is None else plain(line.points), line.says or ("not graded" if line.points is None else ""))
        for line in grade.lines
        if line.kind == "rubric"
    ]  # fmt: skip


def _sums(grade: Grade, line: Line | None) -> list[Reason]:
    """What the parts add up to, what lateness takes, and what that gives of the course grade."""
    raw = [one.points for one in grade.lines if one.kind in ("benchmark", "rubric") and one.points is not None]
    found = [Reason(f"Points of {plain(grade.of)}", plain(sum(raw, Decimal())), is_sum=True)] if raw else []
    for one in grade.lines:
        if one.kind == "late" and one.points is not None:
            found.append(Reason(one.title, plain(one.points), one.says))
        if one.kind == "override" and one.points is not None:
            found.append(Reason("Set by hand", plain(one.points), one.says, is_sum=True))
    if line is not None and line.percent is not None:
        weighed = f"{plain(line.piece.points or Decimal())} × {plain(line.weight)} / {plain(line.piece.of)}"
        found.append(Reason(weighed, plain(line.percent), is_sum=True))
    elif line is not None:
        found.append(Reason(line.arithmetic, "", is_sum=True))
    return found


def _events(grade: Grade) -> list[Happened]:
    """Oldest first."""
    return [
        Happened(step.event.at, step.event.actor, _what(step.event.kind, step.title, step.event.reason, step.after))
        for step in grade.timeline
    ]


def _what(kind: str, title: str, reason: str, after: Decimal | None) -> str:
    if kind == GradeKind.NOTE:
        return f"note: {reason}"
    worth = "nothing any more" if after is None else plain(after)
    said = f" ({reason})" if kind != GradeKind.RUBRIC and reason else ""
    return f"{title}: {worth}{said}"
