"""The rubric of an assignment changed on its page: looked at, and applied only as it was looked at."""

from django.db import transaction

from courseplatform.core.errors import BadInput, Conflict, NotHere
from courseplatform.courses.access import Visit
from grading.course_file.assignment_item import item_of, session_days
from grading.course_file.item_check import refused_in_item
from grading.course_file.placed import Placed
from grading.course_file.rubric import rubric_load
from grading.models.assignments import Assignment
from grading.rubric_plan import RubricPlan, plan_rubric
from grading.services.course_log import change_log
from grading.services.rubric_writing import Rubric, grade_again, lock_class

DIFFERS = (
    "Nothing was applied: what would happen is no longer what you looked at. Somebody graded or changed the rubric meanwhile, or the form "
    "says something else. Look at it again."
)


@transaction.atomic
def rubric_change(*, visit: Visit, slug: str, rubric: Rubric, seen: str) -> RubricPlan:
    """Make the rubric hold these items, and grade anew whoever was graded by what changed. Returns what was done.

    Args:
        rubric: as the course file says it, in its order; what it leaves out is withdrawn. seen: the digest of the plan that was looked at.

    Raises:
        BadInput: `no_change`, or with the code of what the course file refuses. NotHere.
        Conflict: `preview_differs`: what would happen is no longer what was looked at.
    """
    row = _locked(visit, slug)
    for refused in refused_in_rubric(row, rubric):
        raise BadInput(refused.sentence, code=refused.code, details={"path": list(refused.path)})
    plan = plan_rubric(row, rubric)
    if not plan.said:
        raise BadInput("The rubric says this already; nothing is changed.", code="no_change")
    if plan.digest != seen:
        raise Conflict(DIFFERS, code="preview_differs")
    rubric_load(row, list(rubric))
    grade_again(row=row, plan=plan, by=visit.person.name, person=visit.person)
    count = len(plan.totals)
    change_log(
        visit=visit,
        sentence=f"{row.short}: the rubric was changed, and {count} grade{'s' * (count != 1)} with it.",
        is_told=False,
    )
    return plan


def refused_in_rubric(row: Assignment, rubric: Rubric) -> list[Placed]:
    """Why the course file would not take these items: places from the rubric on."""
    item = {key: value for key, value in item_of(row, session_days(row.course)).items() if key != "rubric"}
    item |= {"rubric": list(rubric)} if rubric else {}
    found = [one for one in refused_in_item(item, row.course) if one.path[:1] == ("rubric",)]
    return [Placed(one.path[1:], one.code, one.sentence) for one in found]


def _locked(visit: Visit, slug: str) -> Assignment:
    """The people first and then the assignment, as whoever marks somebody takes them: their row of grades shares the assignment."""
    kept = Assignment.objects.kept_of(visit.course).filter(slug=slug)
    if (asked := kept.first()) is not None:
        lock_class(asked)
    rows = Assignment.objects.select_for_update(of=("self",), no_key=True).select_related("course", "hidden_set")
    found = rows.filter(pk__in=kept).first()
    if found is None:
        raise NotHere("There is no such assignment in this course.")
    return found
