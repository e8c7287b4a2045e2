"""What a made-up hand-in would come to: the rules asked about one attempt that nobody made."""

from dataclasses import dataclass
from datetime import datetime

from courseplatform.accounts.models import User
from courseplatform.core.errors import BadInput, Conflict
from courseplatform.courses.access import Visit
from grading.course_file.late.times import NoSuchTime, parse_moment
from grading.late.facts import HandIn, Verdict
from grading.late.money import shown
from grading.late_rows.facts import LateFacts, circle_of, facts_of, key_of, person_key
from grading.late_rows.preview import verdict_alone
from grading.models.assignments import Assignment

MADE_UP = "made-up"


@dataclass(frozen=True)
class Tried:
    """What the made-up hand-in costs one person. maximum: percent that perfect work would still get."""

    person: User
    verdict: Verdict

    @property
    def maximum(self) -> str:
        return f"{shown(self.verdict.max_percent)} %" if self.verdict.accepted else "refused"


def tried(visit: Visit, *, owner: str, assignment: Assignment, at: str) -> list[Tried]:
    """The verdict of one made-up attempt for its owner, or for each member that the team has at that time.

    Args:
        owner: `p12` a person, `t3` a team. at: a wall time of the course, or an instant with its offset.

    Raises BadInput: `wrong_form`, `no_such_time`; Conflict: `no_late_policy`, `nobody_judged`.
    """
    try:
        moment = parse_moment(at.replace("T", " ", 1), visit.course.tz)
    except NoSuchTime as error:
        raise BadInput(str(error), code=error.code, details={"field": "at"}) from error
    facts = facts_of(circle_of(visit.course, _people(visit, owner)))
    if facts is None:
        raise Conflict("This course states no late policy, so nothing costs anything.", code="no_late_policy")
    members = _judged(facts, owner, moment)
    if not members:
        raise Conflict("This team had no member at that time, so the hand-in would be nobody's.", code="nobody_judged")
    hand_in = HandIn(MADE_UP, owner, assignment.slug, moment)
    found = ((person, verdict_alone(facts, hand_in, person)) for person in members)
    return [Tried(person, verdict) for person, verdict in found if verdict is not None]


def _people(visit: Visit, owner: str) -> set[int]:
    pk = int(owner[1:])
    if owner == person_key(pk):
        return {pk}
    team = visit.course.teams.filter(pk=pk).prefetch_related("memberships").first()
    return {row.person_id for row in team.memberships.all()} if team else set()


def _judged(facts: LateFacts, owner: str, at: datetime) -> list[User]:
    if owner in facts.circle.people:
        return [facts.circle.people[owner]]
    rows = (row for row in facts.circle.memberships if key_of(None, row.team_id) == owner)
    return [row.person for row in rows if row.since_at <= at and (row.until_at is None or at < row.until_at)]
