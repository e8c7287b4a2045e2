"""The class as its pages read it: the standing attempt of everybody, from narrow rows, in a fixed number of queries."""

from dataclasses import dataclass
from uuid import UUID

from django.db.models import Q
from django.db.models.functions import Coalesce

from courseplatform.courses.models import Enrolment, Role
from courseplatform.teams.models import Team
from grading.models.assignments import Assignment
from grading.models.class_points import ClassPoint
from grading.models.owners import Owner
from grading.models.runs import Run
from grading.models.submissions import Submission
from grading.ranks.class_front import ClassPicture
from grading.ranks.class_numbers import ClassNumbers, numbers_of

Key = tuple[str, int]  # of an owner: never shown to anybody


@dataclass(frozen=True)
class StandingAttempt:
    """The active attempt of one owner with the numbers of the model it is judged with. key: ("team" or "person", its key)."""

    key: Key
    number: int
    submission: UUID
    numbers: ClassNumbers


def key_of(owner: Owner) -> Key:
    return ("team", owner.team.pk) if owner.team else ("person", owner.person.pk)


def standing_attempts_of(assignment: Assignment) -> list[StandingAttempt]:
    """Of every team, and of every student without one who is in the course. Two queries, whatever the number of attempts.

    What the staff hand in to try the lab is in no class, nor is what a student left behind who dropped the course.
    """
    students = Enrolment.objects.filter(course=assignment.course_id, role=Role.STUDENT, is_active=True).values("person")
    active = Submission.objects.filter(assignment=assignment, is_active=True)
    active = active.filter(Q(team__isnull=False) | Q(person__in=students)).order_by()
    rows = active.annotate(measured=Coalesce("model_from", "pk")).values_list(
        "pk", "number", "team", "person", "measured"
    )
    points = {
        point.submission_id: point.values
        for point in ClassPoint.objects.filter(
            assignment=assignment, submission__in=active.values(measured=Coalesce("model_from", "pk"))
        )
    }
    return [
        StandingAttempt(("team", team) if team else ("person", person), number, pk, points[measured])
        for pk, number, team, person, measured in rows
        if measured in points
    ]


def class_picture(run: Run) -> ClassPicture:
    """The class around one measured run, as it would be if that attempt stood. Five queries."""
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
    before = ClassPoint.objects.filter(
        submission__in=Submission.objects.of_owner(submission.owner), assignment=assignment, submission__number__lt=submission.number
    ).order_by("submission__number")  # fmt: skip
    return ClassPicture(
        mine=mine, number=submission.number, others=tuple(others), total=owners_of(assignment), word=word_of(assignment),
        earlier=tuple((number, ClassNumbers.from_json(held, kind)) for number, held, kind in before.values_list("submission__number", "numbers", "kind")),
        rule=assignment.active_rule, is_active=submission.is_active,
    )  # fmt: skip


def owners_of(assignment: Assignment) -> int:
    """How many could have an attempt: the students of the course, or its teams."""
    if assignment.is_individual:
        return Enrolment.objects.filter(course=assignment.course_id, role=Role.STUDENT, is_active=True).count()
    return Team.objects.filter(course=assignment.course_id).standing().count()


def word_of(assignment: Assignment) -> str:
    return "student" if assignment.is_individual else "team"
