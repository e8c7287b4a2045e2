"""Whether a grader may see whose work it is. Everybody who shows a name, a team, an address or a file name beside graded work asks here.

Where the course file says `anonymous`, the names are hidden from all staff until the grades are released; students see their own work as
ever. An instructor who has to know looks with a click, which the sheet keeps (services/sheet_looks.py).

What staff fetch is masked in memory where it is fetched: the person and the team get a stand-in with the same key, whose name is that of
the report. Such a row is read and never saved.
"""

from copy import copy
from typing import Any, TypeVar

from django.db.models import OuterRef, Q, QuerySet, Subquery

from courseplatform.accounts.models import User
from courseplatform.core.errors import Forbidden
from courseplatform.courses.access import Visit, asked_once
from courseplatform.courses.models import Course
from courseplatform.teams.models import Team
from grading.grade_facts import is_visible, release_of
from grading.models.assignments import Assignment
from grading.models.desk import GradingSheet, Purpose
from grading.models.grades import GradeRelease
from grading.models.pieces import Piece
from grading.models.submissions import Submission
from grading.parts import STATEMENT

NOT_SAID = "Hidden until the grades are released."
Row = TypeVar("Row", Submission, Piece)


def names_hidden(visit: Visit, assignment: Assignment) -> bool:
    """One query where the assignment is anonymous, none elsewhere."""
    return visit.is_staff and assignment.is_anonymous and not _is_out(visit, assignment)


@asked_once
def _is_out(visit: Visit, assignment: Assignment) -> bool:
    return is_visible(release_of(assignment))


@asked_once
def hidden_assignments(visit: Visit) -> frozenset[int]:
    """Keys of the assignments of the course whose names are hidden now; empty for students. Two queries at most."""
    return nameless_in(visit.course) if visit.is_staff else frozenset()


def nameless_in(course: Course) -> frozenset[int]:
    """The same, whoever of the staff asks. Two queries at most."""
    found = set(Assignment.objects.filter(course=course, is_anonymous=True).values_list("pk", flat=True))
    newest = (
        {row.assignment_id: row.is_released for row in GradeRelease.objects.filter(assignment__in=found)}
        if found
        else {}
    )
    return frozenset(pk for pk in found if not newest.get(pk, False))


def with_a_name(rows: "QuerySet[Any]", assignment: str = "assignment") -> "QuerySet[Any]":
    """Of these rows those whose assignment hides no names now, inside one query. assignment: the column that leads to it."""
    newest = (
        GradeRelease.objects.filter(assignment=OuterRef(f"{assignment}_id")).order_by("-pk").values("is_released")[:1]
    )
    found: QuerySet[Any] = rows.alias(is_out=Subquery(newest))
    return found.filter(Q(is_out=True) | Q(**{f"{assignment}__is_anonymous": False}))


@asked_once
def numbers_of(visit: Visit, assignment: Assignment) -> dict[tuple[str, int | None], int]:
    """("team" or "person", key) -> number of the report. One query."""
    rows = GradingSheet.objects.filter(assignment=assignment, purpose=Purpose.GRADE)
    return {
        ("team", team) if team else ("person", person): number
        for team, person, number in rows.values_list("team", "person", "number")
    }


def report_name(visit: Visit, row: Submission | Piece) -> str:
    """Report 18: what a piece of work is called while nobody is to know whose it is."""
    key = ("team", row.team_id) if row.team_id else ("person", row.person_id)
    number = numbers_of(visit, row.assignment).get(key)
    return f"Report {number}" if number else "A report"


def masked(visit: Visit, submission: Submission) -> Submission:
    """As this visitor may see it."""
    if not names_hidden(visit, submission.assignment):
        return submission
    _mask(visit, submission)
    submission.is_masked = True  # type: ignore[attr-defined]
    if submission.file_name:
        submission.file_name = f"model{_ending(submission.file_name)}"
    if submission.model_from is not None:
        submission.model_from.assignment = submission.assignment
        masked(visit, submission.model_from)
    for piece in getattr(submission, "_prefetched_objects_cache", {}).get("pieces", ()):
        piece.assignment = submission.assignment
        masked_piece(visit, piece)
    return submission


def masked_piece(visit: Visit, piece: Piece) -> Piece:
    """As this visitor may see it: also who did what, and with whom they talked."""
    if not names_hidden(visit, piece.assignment) or (piece.team_id is None and piece.person_id == visit.person.pk):
        return piece
    _mask(visit, piece)
    if piece.file_name:
        piece.file_name = f"{report_name(visit, piece).lower().replace(' ', '-')}{_ending(piece.file_name)}"
    if piece.kind == "contributions":
        rows = [row | {"person": n, "name": f"Member {n}"} for n, row in enumerate(piece.data["rows"], 1)]
        piece.data = piece.data | {"rows": rows}
    if piece.kind == STATEMENT:
        piece.text = NOT_SAID
    return piece


def _mask(visit: Visit, row: Row) -> None:
    name = report_name(visit, row)
    address = f"{name.lower().replace(' ', '-')}@names.invalid"
    row.person = User(pk=row.person_id, name=name, email=address)
    if row.team is not None:
        team: Team = copy(row.team)
        team.name, team.slug = name, "names-hidden"
        row.team = team
    if isinstance(row, Submission):
        row.statement = NOT_SAID if row.statement else ""


def _ending(file_name: str) -> str:
    ending = file_name.rsplit(".", 1)[-1].lower()
    return f".{ending}" if "." in file_name and ending.isalnum() else ""


def check_names(visit: Visit, assignment: Assignment, person: User | None = None) -> None:
    """The page is about a person. Raises Forbidden (`names_hidden`) while nobody is to know whose work is whose, but for an instructor who
    has looked at the name of this person's report."""
    if not names_hidden(visit, assignment) or (person is not None and _has_looked(visit, assignment, person)):
        return
    said = f"The names of {assignment.short} are hidden until its grades are released. Grade it at the desk, where each report has a number."
    raise Forbidden(said, code="names_hidden")


def _has_looked(visit: Visit, assignment: Assignment, person: User) -> bool:
    sheets = GradingSheet.objects.filter(assignment=assignment, purpose=Purpose.GRADE)
    mine = sheets.filter(person=person) | sheets.filter(team__memberships__person=person)
    return any(look["person"] == visit.person.pk for row in mine.distinct() for look in row.looks)
