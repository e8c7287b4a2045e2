"""What the late-day rules say of returns of hardware. Not kept as rows, since a kept verdict is of a hand-in: asked for where it is shown.

The rows made here look like kept ones and are never saved; `submission` is None.
"""

from collections.abc import Collection
from decimal import Decimal

from django.utils import timezone

from courseplatform.courses.models import Course
from courseplatform.teams.models import Membership, Team
from grading.late.facts import Verdict
from grading.late.money import shown
from grading.late_rows.facts import Circle, circle_of, facts_of, policy_for, team_key
from grading.models.assignments import Assignment
from grading.models.late_days import LateVerdict
from grading.returns.work import is_return, return_of
from hardware.inventory.selectors.returns import term_returns


def return_verdicts(
    course: Course, people: Collection[int] | None = None, *, team: Team | None = None, explained: bool = True
) -> list[LateVerdict]:
    """Of these people (None: everybody), for whoever has brought everything back; `team`: only what is said of the return of this team.

    Two queries where nobody has, 14 else.
    """
    if policy_for(course) is None or (item := return_of(course)) is None:
        return []
    back = [row for row in term_returns(course) if row.returned_at is not None]
    of_teams = Membership.objects.filter(team__in=[row.team for row in back if row.team])
    wanted = set(of_teams.values_list("person", flat=True)) | {row.person for row in back if row.person}
    wanted = wanted if people is None else wanted & set(people)
    if not wanted:
        return []
    circle = circle_of(course, wanted)
    facts = facts_of(circle)
    found = facts.assessment(explained=explained).verdicts if facts else ()
    made = (
        _as_row(circle, item, verdict)
        for verdict in found
        if is_return(verdict.submission_id) and (team is None or verdict.team == team_key(team.pk))
    )
    return [row for row in made if row.person_id in wanted]


def _as_row(circle: Circle, item: Assignment, verdict: Verdict) -> LateVerdict:
    return LateVerdict(
        assignment=item, person=circle.people[verdict.person], days_late=verdict.days_late, free_days_used=verdict.free_days_used,
        penalty_percent=Decimal(str(shown(verdict.penalty_percent))), max_percent=Decimal(str(shown(verdict.max_percent))),
        accepted=verdict.accepted, explanation=list(verdict.explanation), counted_at=timezone.now(),
    )  # fmt: skip
