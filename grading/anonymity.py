"""Whether a grader may see whose work it is. Everybody who shows a name, a team, an address or a file name beside graded work asks here.

Where the course file says `anonymous`, the names are hidden from all staff until the grades are released; students see their own work as
ever. An instructor who has to know looks with a click, which the sheet keeps (services/sheet_looks.py).
"""

from courseplatform.core.errors import Forbidden
from courseplatform.courses.access import Visit, asked_once
from grading.grade_facts import is_visible, release_of
from grading.models.assignments import Assignment
from grading.models.desk import GradingSheet, Purpose
from grading.models.grades import GradeRelease
from grading.models.submissions import Submission


def names_hidden(visit: Visit, assignment: Assignment) -> bool:
    """One query where the assignment is anonymous, none elsewhere."""
    return visit.is_staff and assignment.is_anonymous and not _is_out(visit, assignment)


@asked_once
def _is_out(visit: Visit, assignment: Assignment) -> bool:
    return is_visible(release_of(assignment))


@asked_once
def hidden_assignments(visit: Visit) -> frozenset[int]:
    """Keys of the assignments of the course whose names are hidden now; empty for students. Two queries at most."""
    if not visit.is_staff:
        return frozenset()
    found = set(Assignment.objects.filter(course=visit.course, is_anonymous=True).values_list("pk", flat=True))
    if not found:
        return frozenset()
    newest = {row.assignment_id: row.is_released for row in GradeRelease.objects.filter(assignment__in=found)}
    return frozenset(pk for pk in found if not newest.get(pk, False))


def shown_owner(visit: Visit, submission: Submission, name: str) -> str:
    """`name`, or Report 18 where the names are hidden."""
    return report_name(submission) if names_hidden(visit, submission.assignment) else name


def report_name(submission: Submission) -> str:
    """Report 18: what a piece of work is called while nobody is to know whose it is. One query."""
    rows = GradingSheet.objects.filter(assignment=submission.assignment_id, purpose=Purpose.GRADE)
    of_owner = rows.filter(team=submission.team_id) if submission.team_id else rows.filter(person=submission.person_id)
    found = of_owner.filter(team__isnull=submission.team_id is None).first()
    return f"Report {found.number}" if found else "A report"


def check_names(visit: Visit, assignment: Assignment) -> None:
    """Raises Forbidden (`names_hidden`): the page is about a person, and nobody is to know now whose work is whose."""
    if names_hidden(visit, assignment):
        said = f"The names of {assignment.short} are hidden until its grades are released. Grade it at the desk, where each report has a number."
        raise Forbidden(said, code="names_hidden")
