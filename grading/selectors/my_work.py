"""What an assignment is for the person who asks: when it is due for them, how far they are, and what handing in now would cost."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from courseplatform.courses.access import Visit
from courseplatform.teams.models import Team
from courseplatform.teams.selectors.membership import team_now
from grading.handing_in.hand_in_rules import attempts_left_of
from grading.late_rows.facts import LateFacts, circle_of, dates_for, facts_of
from grading.late_rows.preview import CostNow, cost_now
from grading.models.assignments import Assignment
from grading.models.owners import Owner
from grading.selectors.assignments import Attempt, standing_attempts
from grading.selectors.badges import assignment_badge
from grading.selectors.handed import lacks, lacks_words


@dataclass(frozen=True)
class MyWork:
    """One assignment as it stands for one person. team: whose attempt it would be. state: the word of its badge.

    standing: the attempt that stands for it. cost: None where the course states no late rule, no due time, or the person is staff.
    """

    due_at: datetime | None
    team: Team | None
    state: str
    attempts_left: int
    standing: Attempt | None
    cost: CostNow | None


def my_work_add(visit: Visit, assignments: Iterable[Any], now: datetime) -> None:
    """Puts a `MyWork` as `mine` to each assignment. As many queries for one as for a course full of them."""
    items = list(assignments)
    team, standing, dates = team_now(visit, now), standing_attempts(visit), dates_for(visit)
    facts = None if visit.is_staff else facts_of(circle_of(visit.course, {visit.person.pk}))
    left = attempts_left_of(owner=Owner(visit.person, team), assignments=items)
    for item in items:
        owner = Owner(visit.person, None if item.is_individual else team)
        attempt, due_at = standing.get(item.pk), dates.due_of(item)
        badge = assignment_badge(
            item, handed_in=bool(attempt), run=attempt.run if attempt else None, now=now, due_at=due_at,
            is_excused=item.pk in dates.excused, lacks=lacks_words(lacks(attempt.submission, item)) if attempt else "",
        )  # fmt: skip
        item.mine = MyWork(due_at, owner.team, badge.word, left[item.pk], attempt, _cost(facts, item, owner, now))


def _cost(facts: LateFacts | None, item: Assignment, owner: Owner, now: datetime) -> CostNow | None:
    if facts is None or not item.takes_anything or not item.is_released(now):
        return None
    return cost_now(facts, item, owner, now)
