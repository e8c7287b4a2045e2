"""The cell of a gradebook: the whole grade set by hand from there, and taken back by who has set it."""

from collections.abc import Collection
from decimal import Decimal

from django.db import transaction

from courseplatform.accounts.models import User
from courseplatform.core.errors import BadInput, Conflict
from courseplatform.core.markdown import escaped
from courseplatform.courses.access import Visit
from grading.anonymity import check_names
from grading.grade import Grade
from grading.grade_facts import group_of
from grading.models.assignments import Assignment
from grading.models.grades import GradeEvent, GradeKind
from grading.services.grade_writing import desk_locked, events_add, grade_changed_tell
from grading.services.grades import grade_override


@transaction.atomic
def book_cell_set(
    *, visit: Visit, assignment: Assignment, person: User, points: Decimal | None, reason: str, seen: int,
    is_for_one: bool = False,
) -> list[int]:  # fmt: skip
    """Set the whole grade by hand; None lifts it. Returns the keys of the events, with which it is undone.

    Raises what `grade_override` raises; Forbidden: `names_hidden`.
    """
    check_names(visit, assignment, person)
    newest = GradeEvent.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
    grade_override(
        visit=visit,
        assignment=assignment,
        person=person,
        points=points,
        reason=reason,
        seen=seen,
        is_for_one=is_for_one,
    )
    people = group_of(assignment, person).people
    mine = GradeEvent.objects.filter(assignment=assignment, person__in=people, kind=GradeKind.OVERRIDE, pk__gt=newest)
    return list(mine.filter(actor_person=visit.person).order_by("pk").values_list("pk", flat=True))


@transaction.atomic
def book_edit_undo(*, visit: Visit, assignment: Assignment, person: User, events: Collection[int]) -> None:
    """Put back what stood before the own edit, by another event: nothing is deleted. Once, and only while nobody has changed it since.

    Args:
        person: one of those whose grade was set. events: what `book_cell_set` returned.

    Raises BadInput: `no_such_edit`. Conflict: `changed_since`.
    """
    desk = desk_locked(assignment, person)
    people = {one.pk: one for one in desk.group.people}
    mine = GradeEvent.objects.filter(pk__in=events, assignment=assignment, kind=GradeKind.OVERRIDE)
    rows = list(mine.filter(actor_person=visit.person).order_by("pk"))
    if not rows or len(rows) != len(set(events)):
        raise BadInput("There is no such change of yours.", code="no_such_edit")
    if any(row.person_id not in people or desk.grades[row.person_id].seen != row.pk for row in rows):
        said = "Somebody has changed this grade since, so yours is not undone. Look at what it is now."
        raise Conflict(said, code="changed_since")
    for row in rows:
        before, why = _before(desk.grades[row.person_id], row.pk)
        events_add(
            visit=visit, desk=desk, people=[people[row.person_id]], kind=GradeKind.OVERRIDE, points=before, reason=why
        )
    grade_changed_tell(desk=desk, people=[people[row.person_id] for row in rows], text=escaped("Undone"))


def _before(grade: Grade, event: int) -> tuple[Decimal | None, str]:
    """What was set by hand before an event (None: nothing), and the reason for what is put back."""
    places = [place for place, step in enumerate(grade.timeline) if step.event.id == event]
    step = grade.timeline[places[0]]
    earlier = [one.event for one in grade.timeline[: places[0]] if one.event.kind == GradeKind.OVERRIDE]
    if step.before is None or not earlier:
        return None, "Undone"
    return step.before, f"Undone; before it stood: {earlier[-1].reason}"[:4000]
