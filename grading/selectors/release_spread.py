"""How released grades are spread, as students may see it: where the release says so, and for enough people that no number tells of one."""

from collections import defaultdict
from collections.abc import Collection
from decimal import Decimal
from typing import Any

from django.db.models import Exists, OuterRef, QuerySet

from courseplatform.courses.models import Course, Enrolment, Role
from grading.models.assignments import Assignment
from grading.models.grade_now import GradeNow
from grading.models.grades import GradeRelease, ReleasedTo
from grading.releases.drawing import Drawn, drawn
from grading.releases.spread import LEAST, Spread, spread_of


def complete_grades(course: Course) -> "QuerySet[GradeNow]":
    """Of the students who are in the course now."""
    here = Enrolment.objects.filter(course=course, person=OuterRef("person"), role=Role.STUDENT, is_active=True)
    return GradeNow.objects.filter(Exists(here), assignment__course=course, is_complete=True, points__isnull=False)


def is_shown(release: GradeRelease) -> bool:
    return release.is_released and release.statistics_shown and release.works >= LEAST


def my_spread(assignment: Assignment, release: GradeRelease, own: Decimal | None, of: Decimal) -> Drawn | None:
    """For a student who sees the grade, with their own place in it; None where the release shows none. One query."""
    if not is_shown(release):
        return None
    rows = _of_release(complete_grades(assignment.course), release)
    points = rows.filter(assignment=assignment).values_list("points", flat=True)
    found = spread_of([value for value in points if value is not None], of)
    return drawn(found, own) if found else None


def _of_release(rows: "QuerySet[GradeNow]", release: GradeRelease) -> "QuerySet[GradeNow]":
    return rows.filter(person__in=release.people.values("person")) if release.is_partial else rows


def spreads_of(course: Course, slugs: Collection[str], person: int) -> dict[str, Spread]:
    """Slug of an assignment -> how its grades are spread, of those that this student sees and may see the spread of. Three queries at most."""
    releases = GradeRelease.objects.filter(assignment__course=course, assignment__slug__in=slugs).order_by("pk")
    newest = {row.assignment_id: row for row in releases.select_related("assignment")}
    shown = {pk: row for pk, row in newest.items() if is_shown(row)}
    if not shown:
        return {}
    some = {row.pk: pk for pk, row in shown.items() if row.is_partial}
    only = defaultdict[int, set[int]](set)
    if some:
        for release, one in ReleasedTo.objects.filter(release__in=some).values_list("release", "person"):
            only[some[release]].add(one)
    points, of = defaultdict[int, list[Decimal]](list), dict[int, Decimal]()
    for pk, one, value, whole in complete_grades(course).filter(assignment__in=shown).values_list("assignment", "person", "points", "of"):  # fmt: skip
        if value is not None and (pk not in some.values() or one in only[pk]):
            points[pk].append(value)
            of[pk] = whole
    seen = [pk for pk in points if pk not in some.values() or person in only[pk]]
    found = {shown[pk].assignment.slug: spread_of(points[pk], of[pk]) for pk in seen}
    return {slug: spread for slug, spread in found.items() if spread is not None}


def spread_json(spread: Spread) -> dict[str, Any]:
    """As the API says it."""
    return {
        "count": spread.count, "of": spread.of, "mean": spread.mean, "lower_quartile": spread.lower, "median": spread.median,
        "upper_quartile": spread.upper,
        "steps": [
            {"from_points": spread.of * n / len(spread.steps), "to_points": spread.of * (n + 1) / len(spread.steps), "count": count}
            for n, count in enumerate(spread.steps)
        ],
    }  # fmt: skip
