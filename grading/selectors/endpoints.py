"""What the API reads beyond what pages do: the course of an object named by its key alone, and lists without the large documents."""

from typing import Any
from uuid import UUID

from django.db.models import Prefetch, Q, QuerySet

from courseplatform.accounts.models import User
from courseplatform.core.errors import NotHere
from courseplatform.courses.access import Visit, visit_of
from courseplatform.courses.models import Course
from grading.anonymity import check_names, masked
from grading.models.assignments import Assignment
from grading.models.runs import Run
from grading.models.submissions import Submission

DOCUMENTS = ("report", "host", "metrics", "quality", "points", "environment")  # of a result: hundreds of KB each


def visit_by_submission(person: User, submission: UUID) -> Visit:
    """The person's visit to the course of a hand-in. Raises NotHere; whether this hand-in may be seen is asked afterwards."""
    return _visit(person, Q(assignments__submissions=submission), "There is no such hand-in, or it is not yours.")


def visit_by_piece(person: User, piece: UUID) -> Visit:
    """The same for a piece."""
    return _visit(person, Q(assignments__pieces=piece), "There is no such part, or it is not yours.")


def visit_by_run(person: User, run: UUID) -> Visit:
    """The same for a run."""
    return _visit(person, Q(assignments__submissions__runs=run), "There is no such run, or it is not yours.")


def _visit(person: User, found_by: Q, said: str) -> Visit:
    slug = Course.objects.of(person).filter(found_by).values_list("slug", flat=True).first()
    if slug is None:
        raise NotHere(said)
    return visit_of(person, slug)


def submissions_of(visit: Visit, assignment: Assignment, email: str = "") -> "QuerySet[Submission]":
    """The hand-ins to an assignment that the visitor may see, of one person where an address is given."""
    found = Submission.objects.visible_to(visit).filter(assignment=assignment)
    if email:
        check_names(visit, assignment)
        found = found.filter(person__email=email.strip().lower()[:254].replace("\0", ""))
    return with_brief_runs(found)


def with_brief_runs(submissions: "QuerySet[Submission]") -> "QuerySet[Submission]":
    """With person, course and runs, in a fixed number of queries; of results only the points."""
    runs = Run.objects.select_related("result").defer(*(f"result__{name}" for name in DOCUMENTS))
    runs = runs.order_by("-queued_at")
    return submissions.select_related("assignment__course", "person", "team", "model_from").prefetch_related(
        "late_verdicts", "pieces__person", Prefetch("runs", queryset=runs), Prefetch("model_from__runs", queryset=runs)
    )


def submission_brief(visit: Visit, pk: Any) -> Submission:
    """Raises NotHere: also for somebody else's."""
    found = with_brief_runs(Submission.objects.visible_to(visit)).filter(pk=pk).first()
    if found is None:
        raise NotHere("There is no such hand-in, or it is not yours.")
    return masked(visit, found)
