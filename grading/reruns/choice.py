"""Which attempt of each owner would count after a re-run. Late days are those of the attempt that counts, so another one takes its place only
where it costs the same.

Where the best attempt by the new points costs something else, the one that counts stays, and whoever reads the table is told.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cached_property
from typing import Any
from uuid import UUID

from grading.handing_in.standing import active_of, models_of
from grading.handing_in.standing_rows import attempted_of, has_parts
from grading.late_rows.facts import LateFacts, circle_of, facts_of, key_of, person_key
from grading.late_rows.preview import verdict_of
from grading.models.assignments import Assignment
from grading.models.submissions import Submission

OwnerKey = tuple[int | None, int | None]  # team, or None and a person
Earned = Mapping[UUID, Decimal]


def owner_key(row: Submission) -> OwnerKey:
    return row.team_id, None if row.team_id else row.person_id


@dataclass(frozen=True)
class Cost:
    """What late days an attempt costs if it is the one that counts."""

    days_late: int = 0
    free_days: int = 0
    penalty: str = "0"
    accepted: bool = True


FREE = Cost()


@dataclass(frozen=True)
class Choice:
    """now, then: the attempts that count before and after. better: the one that would count if it did not cost something else.

    models: attempt -> the one whose model it is judged with. by: how much more `better` would give.
    """

    now: Submission
    then: Submission
    models: Mapping[Any, Any]
    better: Submission | None = None
    by: Decimal = Decimal()
    costs: tuple[Cost, Cost] = (FREE, FREE)

    @property
    def model(self) -> UUID:
        """The attempt whose model the grade rests on then."""
        found: UUID = self.models.get(self.then.pk) or self.then.pk
        return found


class LateCosts:
    """What late days attempts cost. The facts of everybody who is asked about are read once, when the first late attempt is met."""

    def __init__(self, assignment: Assignment, people: Iterable[int]) -> None:
        self.assignment, self.people = assignment, set(people)
        self._known: dict[UUID, Cost] = {}

    def of(self, row: Submission) -> Cost:
        if row.pk not in self._known:
            self._known[row.pk] = self._find(row)
        return self._known[row.pk]

    def _find(self, row: Submission) -> Cost:
        due = self.assignment.due_at
        if due is None or row.received_at <= due:
            return FREE
        if self._facts is None:
            return Cost(days_late=1)  # no rule counts, and people may: an attempt in time is another matter
        verdict = verdict_of(row, self._around(row))
        if verdict is None:
            return FREE
        return Cost(verdict.days_late, verdict.free_days_used, str(verdict.penalty_percent), verdict.accepted)

    @cached_property
    def _facts(self) -> LateFacts | None:
        return facts_of(circle_of(self.assignment.course, self.people))

    def _around(self, row: Submission) -> LateFacts:
        """The facts of this attempt's own circle: nothing outside it changes what it costs."""
        facts = self._facts
        if facts is None:
            raise ValueError("no late rule")
        inside, waiting = set[str](), [key_of(row.person_id, row.team_id), person_key(row.person_id)]
        while waiting:
            key = waiting.pop()
            if key not in inside:
                inside.add(key)
                waiting += self._linked[key]
        own = facts.circle
        return replace(
            facts,
            circle=replace(
                own,
                people={key: one for key, one in own.people.items() if key in inside},
                teams={key: one for key, one in own.teams.items() if key in inside},
            ),
            submissions=[one for one in facts.submissions if one.owner in inside],
            extensions=[one for one in facts.extensions if one.owner in inside],
            grants=[one for one in facts.grants if one.owner in inside],
            memberships=[one for one in facts.memberships if one.person in inside],
            excused=[one for one in facts.excused if one[0] in inside],
            requests=[one for one in facts.requests if one.owner in inside],
        )

    @cached_property
    def _linked(self) -> Mapping[str, list[str]]:
        found = defaultdict[str, list[str]](list)
        for one in self._facts.memberships if self._facts else ():
            found[one.person].append(one.team)
            found[one.team].append(one.person)
        return found


def by_owner(rows: Iterable[Submission]) -> dict[OwnerKey, list[Submission]]:
    """The attempts of each owner that are not refused as a whole, in the order in which they came."""
    found = defaultdict[OwnerKey, list[Submission]](list)
    for row in sorted(rows, key=lambda row: (row.received_at, row.number)):
        if row.counts is not False:
            found[owner_key(row)].append(row)
    return found


def choice_of(assignment: Assignment, rows: Sequence[Submission], earned: Earned, costs: LateCosts) -> Choice | None:
    """The attempt of one owner that counts once attempts have `earned` this; None where none counts now."""
    by_key: dict[Any, Submission] = {row.pk: row for row in rows}
    now = next((row for row in rows if row.is_active), None)
    if now is None:
        return None
    rule, tried = assignment.active_rule, attempted_of(rows, earned)
    models = models_of(tried, rule)

    def found(accepts: Callable[[Any], bool]) -> Any:
        return active_of(tried, rule, has_parts=has_parts(assignment), accepts=accepts)

    wanted = found(lambda key: costs.of(by_key[key]).accepted)
    if wanted is None or wanted == now.pk:
        return Choice(now, now, models)
    cost = costs.of(now)
    if costs.of(by_key[wanted]) == cost:
        return Choice(now, by_key[wanted], models)
    same = found(lambda key: costs.of(by_key[key]) == cost)
    then = by_key[same] if same is not None and costs.of(by_key[same]) == cost else now
    better = by_key[wanted]
    by = _worth(earned, models, wanted) - _worth(earned, models, then.pk)
    return Choice(now, then, models, better, by, (cost, costs.of(better)))


def _worth(earned: Earned, models: Mapping[Any, Any], key: Any) -> Decimal:
    return earned.get(models.get(key) or key, Decimal())
