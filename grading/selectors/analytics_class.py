"""Whose work a piece of work is in the analytics of a lab: teams or people with their grades taken apart. A fixed number of queries."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

from django.db.models import Max, Q

from courseplatform.accounts.models import User
from courseplatform.courses.access import Visit
from courseplatform.courses.models import Enrolment, Role
from courseplatform.teams.selectors.membership import teams_at
from grading.analytics.grade_parts import only_measured, parts_of, taken_apart
from grading.analytics.points_facts import ClassOfPoints, Part, Unit
from grading.anonymity import names_hidden, numbers_of
from grading.grade import Grade
from grading.grade_facts import Facts, judged, measured_of
from grading.models.assignments import Assignment
from grading.models.grades import GradeEvent, GradeKind
from grading.models.submissions import Submission
from grading.selectors.class_points import Key, word_of
from grading.spec import Criterion, SpecError

Lines = list[dict[str, Any]]


@dataclass(frozen=True)
class Class:
    """people: key of each student -> whose work theirs is. names: of those owners, as this visitor may read them. arrived: each attempt that
    counts, by its owner."""

    people: dict[int, Key]
    names: dict[Key, str]
    arrived: list[tuple[Key, datetime]]
    is_hidden: bool

    @property
    def handed_in(self) -> set[Key]:
        return {key for key, _ in self.arrived}


def class_of(visit: Visit, assignment: Assignment) -> Class:
    """The students of the course by whose attempt theirs is judged with; who has none, by the team of today. Six queries."""
    enrolled = Enrolment.objects.filter(course=assignment.course_id, role=Role.STUDENT, is_active=True)
    people = [row.person for row in enrolled.select_related("person").order_by("person__name", "person__pk")]
    rows, teams = judged(assignment), {} if assignment.is_individual else teams_at(visit.course)
    keys, names = dict[int, Key](), dict[Key, str]()
    for person in people:
        row = rows.get(person.pk)
        team = row.team if row is not None else teams.get(person.pk)
        keys[person.pk] = ("team", team.pk) if team else ("person", person.pk)
        names[keys[person.pk]] = team.name if team else person.name
    if is_hidden := names_hidden(visit, assignment):
        numbers = numbers_of(visit, assignment)
        names = {key: f"Report {numbers[key]}" if key in numbers else f"A {word_of(assignment)}" for key in names}
    return Class(keys, names, _arrived(assignment, set(names), people), is_hidden)


def _arrived(assignment: Assignment, owners: set[Key], people: list[User]) -> list[tuple[Key, datetime]]:
    """Attempts of the class: not those of the staff who try the lab, nor what was no hand-in. One query."""
    rows = Submission.objects.filter(assignment=assignment, spares_attempt=False).exclude(counts=False).order_by()
    students = {person.pk for person in people}
    found = []
    for person, team, at in rows.values_list("person", "team", "received_at"):
        key: Key = ("team", team) if team else ("person", person)
        if key in owners or (not team and person in students):
            found.append((key, at))
    return found


def points_read(assignment: Assignment, group: Class, facts: Facts, now: datetime) -> ClassOfPoints:
    """Everybody's grade, taken apart. While no grade is complete, what was measured. One query."""
    grades, lines = {person: facts.grade(person) for person in group.people}, _lines(assignment)
    parts = parts_of(_criteria(assignment), facts.items, [row for held in lines.values() for row in held])
    is_so_far = not any(grade.is_complete for grade in grades.values())
    apart = {
        person: found
        for person, grade in grades.items()
        if (grade.is_complete or is_so_far)
        and (found := _apart(grade, lines.get(person), is_so_far=is_so_far)) is not None
    }
    members = defaultdict[Key, list[int]](list)
    for person, key in group.people.items():
        members[key].append(person)
    handed = group.handed_in
    units = [
        _unit(key, name, key in handed, [apart[one] for one in members[key] if one in apart])
        for key, name in group.names.items()
    ]
    is_so_far = is_so_far and bool(apart)
    return ClassOfPoints(
        word_of(assignment), measured_of(assignment) if is_so_far else _worth(grades, assignment), _shown(parts, is_so_far=is_so_far), units,
        is_so_far=is_so_far, is_due=assignment.is_past_due(now), takes_files=assignment.takes_anything,
    )  # fmt: skip


def _worth(grades: dict[int, Grade], assignment: Assignment) -> Decimal:
    return next((grade.of for grade in grades.values()), assignment.points)


def _criteria(assignment: Assignment) -> tuple[Criterion, ...]:
    try:
        return tuple(assignment.spec.criteria) if assignment.takes_model else ()
    except SpecError:
        return ()


def _lines(assignment: Assignment) -> dict[int, Lines]:
    """Person -> the lines of the result that their measured part rests on. One query."""
    newest = GradeEvent.objects.filter(assignment=assignment, kind=GradeKind.BENCHMARK).order_by().values("person")
    last = newest.annotate(last=Max("pk", filter=Q(result__isnull=False))).values("last")
    return dict(GradeEvent.objects.filter(pk__in=last).order_by().values_list("person", "result__points"))


def _apart(grade: Grade, lines: Lines | None, *, is_so_far: bool) -> dict[str, Fraction] | None:
    """None for a grade of which nothing is known."""
    found = taken_apart(grade, lines)
    return (only_measured(found) if is_so_far else found) or (None if is_so_far or grade.points is None else {})


def _unit(key: Key, name: str, has_handed_in: bool, found: list[dict[str, Fraction]]) -> Unit:
    """Of a team the mean of its people, who differ only where lateness or the staff told them apart."""
    if not found:
        return Unit(key, name, has_handed_in)
    names = dict.fromkeys(part for one in found for part in one)
    parts = {part: sum((one.get(part, Fraction()) for one in found), Fraction()) / len(found) for part in names}
    return Unit(key, name, has_handed_in, sum(parts.values(), Fraction()), parts)


def _shown(parts: list[Part], *, is_so_far: bool) -> list[Part]:
    return [part for part in parts if part.key.startswith("measured:")] if is_so_far else parts
