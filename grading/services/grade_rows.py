"""The narrow rows of grades, kept true: written with whatever changes a grade, and folded again where somebody doubts them."""

from collections.abc import Collection, Mapping
from typing import Any

from django.db import connection, transaction

from courseplatform.courses.models import Course
from grading.book.now import now_of
from grading.grade_facts import grades_of
from grading.models.assignments import Assignment
from grading.models.grade_now import FIELDS, GradeNow
from grading.models.grades import GradeEvent
from grading.models.late_days import LateVerdict

Rows = Mapping[int, dict[str, Any]]


def grades_now_write(assignment: Assignment, people: Collection[int] | None = None) -> int:
    """Make the rows of these people say what their events fold to, in the transaction that changes it. Returns how many were otherwise.

    Whoever changes one person's grade has locked that person already, and shares the assignment with others; what changes everybody's
    (the rubric, the points, a release) has it alone, so that neither can fold what the other is about to change. A team's grades are
    folded at once: seven queries, whatever the number.

    Args:
        people: keys of persons; None: everybody who has a grade.
    """
    if people is not None and not people:
        return 0
    with transaction.atomic():
        _hold(assignment, is_alone=people is None)
        fresh = Assignment.objects.select_related("course").get(pk=assignment.pk)
        return _write(fresh, wanted_of(fresh, people))


def _hold(assignment: Assignment, *, is_alone: bool) -> None:
    """Until the end of the transaction. SQLite has one writer, which is a lock of its own."""
    if is_alone:
        list(Assignment.objects.select_for_update(no_key=True).filter(pk=assignment.pk).values_list("pk"))
    elif connection.vendor == "postgresql":  # Django knows no shared lock
        with connection.cursor() as cursor:
            cursor.execute("SELECT id FROM grading_assignment WHERE id = %s FOR SHARE", [assignment.pk])


def wanted_of(assignment: Assignment, people: Collection[int] | None = None) -> Rows:
    """Person -> the values of the row, for everybody who has a grade."""
    if people is None:
        people = set(GradeEvent.objects.filter(assignment=assignment).order_by().values_list("person", flat=True).distinct())  # fmt: skip
    folded = {person: now_of(grade) for person, grade in grades_of(assignment, people).items()}
    return {person: row for person, row in folded.items() if row is not None}


def differing(assignment: Assignment, wanted: Rows) -> dict[int, dict[str, Any]]:
    """Those of the wanted rows that are missing or say something else. One query."""
    held = GradeNow.objects.filter(assignment=assignment, person__in=wanted).values("person", *FIELDS)
    kept = {row.pop("person"): row for row in held}
    return {person: row for person, row in wanted.items() if kept.get(person) != row}


def _write(assignment: Assignment, wanted: Rows) -> int:
    """A row that was written meanwhile is written over: who comes last has folded last."""
    changed = differing(assignment, wanted)
    rows = [GradeNow(assignment=assignment, person_id=person, **row) for person, row in changed.items()]
    GradeNow.objects.bulk_create(
        rows, batch_size=500, update_conflicts=True, unique_fields=["assignment", "person"],
        update_fields=[*FIELDS, "changed_at"],
    )  # fmt: skip
    return len(rows)


def grades_now_of_late(course: Course) -> None:
    """Everybody whom lateness takes something: what it takes may be counted by another rule now."""
    rows = LateVerdict.objects.filter(assignment__course=course, assignment__grade_events__isnull=False)
    work = rows.order_by("assignment").values_list("assignment", flat=True).distinct()
    for assignment in Assignment.objects.filter(pk__in=list(work)).order_by("pk"):
        grades_now_write(assignment)
