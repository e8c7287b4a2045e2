"""The class as its pages read it: the standing attempt of everybody, from narrow rows, in a fixed number of queries."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, cast

from django.db.models import Case, Q, QuerySet, TextField, When
from django.db.models.functions import Cast

from courseplatform.core.kept import kept
from courseplatform.core.prepared import Prepared
from courseplatform.courses.models import Enrolment, Role
from courseplatform.teams.models import Team
from grading.models.assignments import Assignment
from grading.models.owners import Owner, PreparedOfOwner
from grading.models.runs import Run
from grading.models.submissions import Submission
from grading.ranks.class_front import ClassPicture
from grading.ranks.class_numbers import ClassNumbers, numbers_from_text, numbers_of

Key = tuple[str, int]  # of an owner: never shown to anybody


@dataclass(frozen=True)
class StandingAttempt:
    """The active attempt of one owner with the numbers of the model it is judged with. key: ("team" or "person", its key)."""

    key: Key
    number: int
    numbers: ClassNumbers


def key_of(owner: Owner) -> Key:
    return ("team", owner.team.pk) if owner.team else ("person", owner.person.pk)


def _standing(assignment: int, course: int) -> QuerySet[Submission]:
    """Numbers as text: of hundreds of rows hardly one is another than at the last page."""
    students = Enrolment.objects.filter(course=course, role=Role.STUDENT, is_active=True).values("person")
    active = Submission.objects.filter(
        Q(team__isnull=False) | Q(person__in=students), assignment=assignment, is_active=True
    )
    held = {name: Case(When(model_from=None, then=Cast(f"class_point__{name}", TextField())),
                       default=Cast(f"model_from__class_point__{name}", TextField())) for name in ("numbers", "kind")}  # fmt: skip
    rows = active.annotate(held=held["numbers"], of_kind=held["kind"]).filter(held__isnull=False).order_by()
    return cast("QuerySet[Submission]", rows.values_list("number", "team", "person", "held", "of_kind"))


def _earlier(mine: Q, assignment: int, number: int) -> QuerySet[Submission]:
    rows = Submission.objects.filter(mine, assignment=assignment, number__lt=number, class_point__isnull=False)
    held = Cast("class_point__numbers", TextField())
    return cast("QuerySet[Submission]", rows.order_by("number").values_list("number", held, "class_point__kind"))


STANDING = Prepared(_standing, assignment=int, course=int)
EARLIER = PreparedOfOwner(_earlier, assignment=int, number=int)


def standing_attempts_of(assignment: Assignment) -> list[StandingAttempt]:
    """Of every team, and of every student without one who is in the course. One query, whatever the number of attempts.

    What the staff hand in to try the lab is in no class, nor is what a student left behind who dropped the course.
    """
    return list(_attempts(tuple(STANDING(assignment=assignment.pk, course=assignment.course_id))))


@lru_cache(maxsize=20)
def _attempts(rows: tuple[Any, ...]) -> tuple[StandingAttempt, ...]:
    """Of the same rows the same, until somebody's standing attempt is another."""
    return tuple(
        StandingAttempt(("team", team) if team else ("person", person), number, numbers_from_text(text, kind))
        for number, team, person, text, kind in rows
    )


def class_picture(run: Run) -> ClassPicture:
    """The class around one measured run, as it would be if that attempt stood. Two queries, and how many they are."""
    submission, assignment = run.submission, run.submission.assignment
    own = key_of(submission.owner)
    others = [one.numbers for one in standing_attempts_of(assignment) if one.key != own]
    result = run.result
    mine = numbers_of(
        {
            "metrics": result.metrics,
            "quality": result.quality,
            "environment": result.environment,
            "earned": result.earned,
        },
        assignment.device,
    )
    before: Any = EARLIER(submission.owner, assignment=assignment.pk, number=submission.number)
    return ClassPicture(
        mine=mine, number=submission.number, others=tuple(others), total=owners_of(assignment), word=word_of(assignment),
        earlier=tuple((number, numbers_from_text(text, kind)) for number, text, kind in before),
        rule=assignment.active_rule, is_active=submission.is_active,
    )  # fmt: skip


def owners_of(assignment: Assignment) -> int:
    """How many could have an attempt: the students of the course, or its teams."""
    course = assignment.course_id
    if assignment.is_individual:
        students = Enrolment.objects.filter(course=course, role=Role.STUDENT, is_active=True)
        return kept("students", course, students.count)
    return kept("teams", course, Team.objects.filter(course=course).standing().count)


def word_of(assignment: Assignment) -> str:
    return "student" if assignment.is_individual else "team"
