"""Points that the staff gave for what a result had left open, when that result is counted or measured again."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from uuid import UUID

from grading.grade import Grade
from grading.models.grades import MEASUREMENT, GradeEvent, GradeKind
from grading.models.reruns import Rerun
from grading.models.runs import Result
from grading.models.submissions import Submission
from grading.reruns.choice import owner_key
from grading.reruns.table import Planned, Settled, settled_of


@dataclass(frozen=True)
class Given:
    """settled: what was given to `person`, and whether it stays. then: the attempt that counts afterwards; model: whose model it has."""

    person: int
    settled: Settled
    then: Submission
    model: UUID


def given_before(plan: Planned, grades: Mapping[int, Grade], rests_on: Mapping[int, Submission]) -> list[Given]:
    """Of everybody whose measured part was last said by a person."""
    found = []
    for person, submission in rests_on.items():
        choice, newest = plan.choices.get(owner_key(submission)), plan.newest.get(submission.measured_pk)
        if choice is None or newest is None or person not in grades:
            continue
        settled = settled_of(grades[person], newest[1], *plan.lines(submission, choice))
        if settled is not None and plan.proposal(choice.model) is not None:
            found.append(Given(person, settled, choice.then, choice.model))
    return found


def given_carry(rerun: Rerun, given: Iterable[Given], why: str) -> None:
    """Where the same lines are open, what was given is added to the new points; else the new points stand alone, and the open lines wait
    for the staff. In the transaction that applies the re-run."""
    for one in given:
        result = (
            Result.objects.filter(run__submission=one.model).order_by("-made_at", "-pk").only("pk", "earned").first()
        )
        if result is None:
            continue
        said = f"attempt {one.then.number}, {why}"
        points, actor = result.earned, MEASUREMENT
        if one.settled.stays:
            points, actor = result.earned + one.settled.given, rerun.decided_by
            said = f"{said} ({one.settled.given:.2f} points that the staff gave for open lines stay)"
        GradeEvent.objects.create(
            assignment=rerun.assignment, person_id=one.person, kind=GradeKind.BENCHMARK, points=points, reason=said, result=result,
            submission=one.then, actor=actor,
        )  # fmt: skip
