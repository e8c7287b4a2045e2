"""What the staff do: send the grades of an assignment, or stop; send one again; compare with what the LMS shows."""

from decimal import Decimal, InvalidOperation

from django.db import transaction
from django.utils import timezone

from courseplatform.core.errors import BadInput, Conflict
from courseplatform.courses.access import Visit
from courseplatform.lti.models import CourseLink
from courseplatform.lti.scopes import LINE_ITEM, RESULTS, SCORE
from courseplatform.lti.selectors import column_of, link_of_course, subs_of
from grading.models.assignments import Assignment
from grading.models.passback import LONG_AGO, Passback, PassbackScore, PassbackTry, ScoreState
from grading.passback.collecting import students_of
from grading.passback.plan import stamp_after
from grading.passback.worth import worth_of
from grading.queue.wake import wake_passback

MOST_SHOWN = Decimal(99999)


def link_needed(assignment: Assignment) -> CourseLink:
    """Raises Conflict (`not_linked`)."""
    link = link_of_course(assignment.course)
    if link is None:
        raise Conflict("This course is connected with no LMS. Its page LMS says how.", code="not_linked")
    return link


@transaction.atomic
def passback_start(*, visit: Visit, assignment: Assignment) -> Passback:
    """Raises Conflict (`not_linked`, `no_grades_service`) or BadInput (`worth_nothing`)."""
    link = link_needed(assignment)
    has_column = bool(column_of(link, assignment.slug))
    if SCORE not in link.scopes or not (has_column or (link.lineitems_url and LINE_ITEM in link.scopes)):
        said = (
            "The LMS does not let us write grades. Its administrator allows the tool the scopes of the gradebook; "
            "then open Milliamp from the course there once."
        )
        raise Conflict(said, code="no_grades_service")
    if not worth_of(assignment):
        raise BadInput(f"{assignment.short} gives no points, so there is nothing to send.", code="worth_nothing")
    row, _ = Passback.objects.get_or_create(assignment=assignment, defaults={"started_by": visit.by[:120]})
    Passback.objects.filter(pk=row.pk).update(is_on=True, problem="", problem_says="", resume_at=LONG_AGO, seen="")
    transaction.on_commit(wake_passback)
    return Passback.objects.get(pk=row.pk)


def passback_stop(*, visit: Visit, assignment: Assignment) -> None:
    """What waits goes on waiting; what was sent stays in the LMS."""
    Passback.objects.filter(assignment=assignment).update(is_on=False)


@transaction.atomic
def passback_resume(*, visit: Visit, assignment: Assignment, new_column: bool = False) -> None:
    """Somebody has looked at the problem. new_column: look for the column again, and make it where it is gone."""
    changes = {"column_url": ""} if new_column else {}
    Passback.objects.filter(assignment=assignment).update(problem="", problem_says="", resume_at=LONG_AGO, **changes)
    now = timezone.now()
    PassbackScore.objects.filter(passback__assignment=assignment, state=ScoreState.PENDING).update(next_at=now)
    transaction.on_commit(wake_passback)


@transaction.atomic
def scores_send_again(*, visit: Visit, assignment: Assignment, score: int | None = None) -> int:
    """One score, or all that failed. The next sweep sends them with a new time. Returns how many."""
    rows = PassbackScore.objects.select_for_update().filter(passback__assignment=assignment)
    rows = rows.filter(pk=score) if score else rows.filter(state=ScoreState.FAILED)
    found = list(rows)
    for row in found:
        _again(row, visit.by)
    transaction.on_commit(wake_passback)
    return len(found)


def _again(row: PassbackScore, by: str) -> None:
    now = timezone.now()
    row.stamp, row.version, row.state = stamp_after(row.stamp, now), row.version + 1, ScoreState.PENDING
    row.tries, row.next_at, row.problem, row.problem_says = 0, now, "", ""
    row.save()
    PassbackTry.objects.create(score=row, points=row.points, of=row.of, outcome="asked", by=by[:120], says="Send again")


def passback_compare(*, visit: Visit, assignment: Assignment) -> int:
    """Ask the LMS what it shows, and keep it beside what was sent. Returns how many differ.

    Raises Conflict (`not_linked`, `no_column`, `no_results`), PlatformProblem.
    """
    from courseplatform.lti.services.gradebook import Gradebook

    link, row = link_needed(assignment), Passback.objects.filter(assignment=assignment).exclude(column_url="").first()
    if row is None:
        raise Conflict("Nothing of this assignment was sent yet.", code="no_column")
    if RESULTS not in link.scopes:
        raise Conflict("The LMS does not let us read what it shows (the scope for results).", code="no_results")
    shown = _shown(Gradebook(link).results(row.column_url))
    subs = subs_of(link, students_of(assignment))
    differ = 0
    for score in PassbackScore.objects.filter(passback=row, state=ScoreState.SENT):
        share = shown.get(subs.get(score.person_id, ""))
        there = None if share is None else (share * score.of).quantize(Decimal("0.0001"))
        PassbackScore.objects.filter(pk=score.pk, version=score.version).update(shown=there)
        differ += is_other(there, score.points)
    Passback.objects.filter(pk=row.pk).update(compared_at=timezone.now())
    return differ


def is_other(shown: Decimal | None, points: Decimal) -> bool:
    """Half a hundredth is rounding."""
    return shown is not None and abs(shown - points) > Decimal("0.005")


def _shown(results: list[dict[str, object]]) -> dict[str, Decimal]:
    """The LMS's id -> share of the maximum. What is no number is left out."""
    found = {}
    for one in results:
        try:
            score, most = Decimal(str(one.get("resultScore"))), Decimal(str(one.get("resultMaximum") or 1))
        except InvalidOperation:
            continue
        if score.is_finite() and most.is_finite() and 0 < most < MOST_SHOWN and abs(score) < MOST_SHOWN:
            found[str(one.get("userId"))] = score / most
    return found
