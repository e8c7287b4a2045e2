"""What follows from another rubric for everybody who was graded: written behind the locks that graders take. The page and the course file
both end here."""

from collections.abc import Sequence
from typing import Any

from django.utils import timezone

from courseplatform.accounts.models import User
from courseplatform.core.markdown import escaped
from courseplatform.courses.models import Enrolment
from courseplatform.notices.services.notifications import notification_send
from grading.course_file.rubric import rubric_load
from grading.grade_facts import judged, who_see
from grading.models.assignments import Assignment
from grading.models.grades import GradeEvent, GradeKind, RubricItem, grade_path
from grading.rubric_plan import RubricPlan, changes_rubric, plan_rubric
from grading.services.grade_rows import grades_now_write
from grading.services.grade_writing import MOST_LETTERS

BATCH = 500
Rubric = Sequence[dict[str, Any]]


def rubric_follow(*, row: Assignment, rubric: Rubric, by: str) -> list[str]:
    """Make the rubric hold the items of an entry that was checked, of a row that the caller has saved in its transaction.

    Returns sentences about what stays or does not add up.
    """
    if not changes_rubric(row, rubric):
        return rubric_load(row, list(rubric))
    lock_class(row)
    plan = plan_rubric(row, rubric)
    said = rubric_load(row, list(rubric))
    grade_again(row=row, plan=plan, by=by)
    return said


def lock_class(row: Assignment) -> None:
    """Whoever marks anybody waits: the lock of `desk_locked`, for everybody, in its order. One query."""
    rows = Enrolment.objects.select_for_update(no_key=True).filter(course=row.course_id)
    list(rows.order_by("pk").values_list("pk"))


def grade_again(*, row: Assignment, plan: RubricPlan, by: str, person: User | None = None) -> None:
    """An event for each mark that becomes another one, behind `lock_class`, once the rows of the rubric are written. A fixed number of
    queries. by: who is named."""
    items = {item.key: item for item in RubricItem.objects.filter(assignment=row)}
    rests_on = judged(row, {one.person.pk for one in plan.changes if one.moved})
    events = [
        GradeEvent(
            assignment=row, person=one.person, kind=GradeKind.RUBRIC, item=items[moved.item.key], points=moved.after.points,
            options=list(moved.after.options), reason=escaped(" ".join(moved.why))[:MOST_LETTERS],
            submission=rests_on.get(one.person.pk), actor=by[:120], actor_person=person,
        )
        for one in plan.changes
        for moved in one.moved
    ]  # fmt: skip
    GradeEvent.objects.bulk_create(events, batch_size=BATCH)
    grades_now_write(row)
    _tell(row, plan)


def _tell(row: Assignment, plan: RubricPlan) -> None:
    """Whoever sees another sum now."""
    see = who_see(row, {one.person.pk for one in plan.totals}) if plan.is_visible else set()
    people = [one.person for one in plan.totals if one.person.pk in see]
    if not people:
        return
    notification_send(
        course=row.course, people=people, kind="grade", key=f"rubric-{row.pk}-{timezone.now():%Y%m%d%H%M%S%f}",
        title=f"Your grade of {row.short} changed with its rubric", text=escaped(" ".join(plan.said)), path=grade_path(row),
    )  # fmt: skip
