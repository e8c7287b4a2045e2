"""The measured part of grades: an event whenever the active attempt, or its newest result, is worth something else than before."""

from collections.abc import Collection
from uuid import UUID

from django.db.models import OuterRef, Subquery

from courseplatform.accounts.models import User
from courseplatform.notices.services.notifications import notification_send
from grading.grade_facts import judged, who_see
from grading.models.assignments import Assignment
from grading.models.grades import MEASUREMENT, GradeEvent, GradeKind, grade_path
from grading.models.runs import Result
from grading.models.submissions import Submission
from grading.services.grade_rows import grades_now_write


def benchmarks_record(
    *, assignment: Assignment, people: Collection[int] | None = None, why: str = "", is_told: bool = True
) -> int:
    """Write what the active attempts are worth now, in the transaction of the caller. Doing it twice writes nothing the second time.

    Args:
        people: keys of persons; None: everybody. why: what led to it, besides the attempt. is_told: off where the caller tells them.

    Returns how many events it wrote. A dozen queries, whatever their number.
    """
    active = judged(assignment, people)
    results = _newest({row.measured_pk for row in active.values()})
    last = _last(assignment, active)
    rows = [
        GradeEvent(
            assignment=assignment, person_id=person, kind=GradeKind.BENCHMARK, points=result.earned, submission=row, result=result,
            reason=f"attempt {row.number}{why and f', {why}'}", actor=MEASUREMENT,
        )
        for person, row in active.items()
        if (result := results.get(row.measured_pk)) is not None and not _is_said(last.get(person), result)
    ]  # fmt: skip
    GradeEvent.objects.bulk_create(rows, batch_size=500)
    if rows or last:  # also where no event was needed: a result that was counted again leaves other points open
        grades_now_write(assignment, None if people is None else active.keys())
    if is_told:
        _tell(assignment, [row.person_id for row in rows if row.person_id in last])
    return len(rows)


def _tell(assignment: Assignment, people: Collection[int]) -> None:
    """Whose measured part was there already and is another one now, while they see their grade: a run that was made again says so."""
    people = who_see(assignment, people) if people else ()
    if not people:
        return
    newest = GradeEvent.objects.filter(assignment=assignment, person__in=people).order_by("pk").last()
    notification_send(
        course=assignment.course, people=User.objects.filter(pk__in=people), kind="grade",
        key=f"grade-event-{newest.pk if newest else 0}", title=f"The measured part of your grade of {assignment.short} changed",
        path=grade_path(assignment),
    )  # fmt: skip


def _newest(submissions: Collection[UUID]) -> dict[UUID, Result]:
    """Submission -> its newest result, without the large documents."""
    rows = Result.objects.filter(run__submission__in=submissions).order_by("made_at", "pk").select_related("run")
    return {row.run.submission_id: row for row in rows.only("pk", "earned", "of", "made_at", "run__submission_id")}


def _is_said(last: GradeEvent | None, result: Result) -> bool:
    """Whether the newest measured event says this already: of this result, and its points. What a person gave for open lines stands."""
    if last is None or last.result_id != result.pk:
        return False
    return last.points == result.earned or last.actor != MEASUREMENT


def _last(assignment: Assignment, people: Collection[int]) -> dict[int, GradeEvent]:
    """Person -> their newest measured event."""
    of_person = GradeEvent.objects.filter(
        assignment=assignment, kind=GradeKind.BENCHMARK, person=OuterRef("person")
    ).order_by("-pk")
    rows = GradeEvent.objects.filter(assignment=assignment, person__in=people, kind=GradeKind.BENCHMARK)
    return {row.person_id: row for row in rows.filter(pk=Subquery(of_person.values("pk")[:1]))}


def benchmark_record(*, submission: Submission) -> int:
    """The same for the owner of one attempt, and everybody of its team."""
    people = {submission.person_id}
    if submission.team is not None:
        people |= set(submission.team.memberships.values_list("person", flat=True))
    return benchmarks_record(assignment=submission.assignment, people=people)
