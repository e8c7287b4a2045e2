"""Reports that every grader marks once more, blindly, so that graders can be compared on the same work. No grade changes by it."""

from collections.abc import Sequence

from django.db import transaction

from courseplatform.core.errors import BadInput, Conflict
from courseplatform.courses.access import Visit
from grading.models.assignments import Assignment
from grading.models.desk import SAMPLES_FROM, GradingSheet, Purpose

MOST_SAMPLES = 20


@transaction.atomic
def samples_choose(*, visit: Visit, assignment: Assignment, count: int) -> int:
    """Take this many finished reports, spread from the weakest to the best, beside those that are samples already. Returns how many.

    Raises BadInput (`sample_count`), Conflict (`too_few_done`).
    """
    if not 1 <= count <= MOST_SAMPLES:
        raise BadInput(f"Take 1 to {MOST_SAMPLES} reports.", code="sample_count", details={"field": "count"})
    rows = GradingSheet.objects.select_for_update(no_key=True).filter(assignment=assignment, purpose=Purpose.GRADE)
    done = list(rows.done().filter(is_sample=False).order_by("points", "number"))
    if len(done) < count:
        said = f"{len(done)} finished reports are no samples yet. Take fewer, or wait until more are done."
        raise Conflict(said, code="too_few_done")
    GradingSheet.objects.filter(pk__in=[row.pk for row in _spread(done, count)]).update(is_sample=True)
    return count


def _spread(done: Sequence[GradingSheet], count: int) -> list[GradingSheet]:
    """From each of `count` equal parts of the row its middle."""
    return [done[(2 * n + 1) * len(done) // (2 * count)] for n in range(count)]


@transaction.atomic
def samples_prepare(*, visit: Visit, assignment: Assignment) -> None:
    """An empty sheet of this grader's for each sample that they have none of."""
    list(Assignment.objects.select_for_update(no_key=True).filter(pk=assignment.pk))
    wanted = GradingSheet.objects.filter(assignment=assignment, purpose=Purpose.GRADE, is_sample=True)
    mine = GradingSheet.objects.filter(purpose=Purpose.SAMPLE, grader=visit.person)
    new = list(wanted.exclude(pk__in=mine.values("sample_of")).order_by("number"))
    taken = GradingSheet.objects.filter(assignment=assignment, purpose=Purpose.SAMPLE).values_list("number", flat=True)
    for number, row in enumerate(new, max(taken, default=SAMPLES_FROM) + 1):
        GradingSheet.objects.create(
            assignment=assignment, purpose=Purpose.SAMPLE, number=number, submission_id=row.submission_id, sample_of=row,
            grader=visit.person,
        )  # fmt: skip
