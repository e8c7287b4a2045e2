"""What a hand-in costs, or would cost: for the page before it, and for its receipt."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cached_property, lru_cache
from itertools import islice

from courseplatform.accounts.models import User
from courseplatform.courses.models import Course
from grading.late.clock import grace_of, passed_boundaries, read_clock
from grading.late.facts import ALL, Assessment, HandIn, Policy, Verdict
from grading.late_rows.facts import LateFacts, circle_of, facts_of, key_of, person_key
from grading.models.assignments import Assignment
from grading.models.owners import Owner
from grading.models.submissions import Submission

ROWS = 8
HORIZON = timedelta(days=15)
LAST_MINUTE = timedelta(minutes=1)


class Alone:
    """One attempt of an owner at an assignment as if it were the owner's only one there, everything else as it is; tried at many moments."""

    def __init__(self, facts: LateFacts, owner: str, assignment: str, person: User) -> None:
        self._assignment, self._person, self._bank = (
            assignment,
            person_key(person.pk),
            facts.policy.bank_for(assignment),
        )
        whose = {owner, self._person}  # also what the person handed in before they had a team
        others = [s for s in facts.submissions if s.assignment != assignment or s.owner not in whose]
        self._trials, self._facts, self._has_more = (
            replace(facts, submissions=others).trials(),
            facts,
            len(others) < len(facts.submissions),
        )

    def judged(self, hand_in: HandIn, *, explained: bool = True) -> tuple[Verdict | None, int | None]:
        """Its verdict, and what the bank that pays for it then holds; None where none pays. explained: the verdict says words."""
        found = self._trials.with_one(replace(hand_in, is_active=True, is_counted=True), explained=explained)
        wanted = (self._person, self._assignment)
        verdict = next((v for v in found.verdicts if (v.person, v.assignment) == wanted), None)
        return verdict, self._left(found, verdict)

    def left_before(self, verdict: Verdict) -> int | None:
        """What the bank that pays for it holds without it."""
        return self._left(self._trials.without(), verdict)

    def standing(self) -> Assessment:
        """What everything costs that is handed in already, without words."""
        return self._facts.assessment(explained=False) if self._has_more else self._trials.without()

    def _left(self, found: Assessment, verdict: Verdict | None) -> int | None:
        if verdict is None or self._bank is None or not verdict.charged_to:
            return None
        return found.balances[verdict.charged_to][self._bank.name]


def verdict_alone(facts: LateFacts, hand_in: HandIn, person: User) -> Verdict | None:
    """The verdict of one attempt as if it were the owner's only one at its assignment, everything else as it is."""
    return Alone(facts, hand_in.owner, hand_in.assignment, person).judged(hand_in)[0]


def verdict_of(submission: Submission, facts: LateFacts | None = None) -> Verdict | None:
    """What this attempt costs if it is the one that counts; None where the course states no rule or no due time."""
    assignment = submission.assignment
    facts = facts or facts_of(circle_of(assignment.course, {submission.person_id}))
    if facts is None or assignment.slug not in facts.deadlines:
        return None
    hand_in = HandIn(
        str(submission.pk), key_of(submission.person_id, submission.team_id), assignment.slug, submission.received_at,
        person_key(submission.person_id),
    )  # fmt: skip
    return verdict_alone(facts, hand_in, submission.person)


def is_free(assignment: Assignment, owner: Owner, now: datetime) -> bool:
    """Whether handing in at this moment costs nothing: it is not late, or no rule and no due time is stated."""
    if assignment.due_at is None:
        return True
    facts = facts_of(circle_of(assignment.course, {owner.person.pk}))
    if facts is None or assignment.slug not in facts.deadlines:
        return now <= assignment.due_at
    hand_in = HandIn("new", key_of(owner.person.pk, owner.team.pk if owner.team else None), assignment.slug, now)
    verdict = verdict_alone(facts, hand_in, owner.person)
    return verdict is not None and verdict.accepted and not verdict.days_late


@dataclass(frozen=True)
class CostNow:
    """What handing in at this moment costs. left: what the bank that pays for it holds before; None where none does. due: for this owner."""

    verdict: Verdict
    left: int | None
    due: datetime


def cost_now(facts: LateFacts, assignment: Assignment, owner: Owner, now: datetime) -> CostNow | None:
    """No query. None where the assignment has no due time."""
    if assignment.slug not in facts.deadlines:
        return None
    key = key_of(owner.person.pk, owner.team.pk if owner.team else None)
    alone = Alone(facts, key, assignment.slug, owner.person)
    verdict, _ = alone.judged(HandIn("new", key, assignment.slug, now))
    return CostNow(verdict, alone.left_before(verdict), due_for(facts, assignment, owner)) if verdict else None


@dataclass(frozen=True)
class LateRow:
    """One row of `If it is late`: handed in by then, so many units late, so many left in the bank, at most so many percent.

    ends: the instant up to which that holds; the last minute shown ends with it."""

    by: datetime
    verdict: Verdict
    left: int | None
    is_now: bool
    ends: datetime

    @property
    def cost(self) -> tuple[object, ...]:
        """What a person pays for handing in by then."""
        return (self.verdict.free_days_used, self.verdict.max_percent, self.verdict.accepted)


@dataclass(frozen=True)
class LateTable:
    """What handing in costs, now and later. `now`: the verdict at this moment. `left`, `held`: what the bank holds, of how many.
    due: when it is due for this owner. Of the rows only the last that costs points says how it comes to that."""

    now: Verdict
    rows: list[LateRow]
    left: int | None
    held: int | None
    facts: LateFacts
    due: datetime
    alone: Alone

    @cached_property
    def standing(self) -> Assessment:
        return self.alone.standing()

    def next_change(self) -> LateRow | None:
        """The first row after the present one that costs something else; it begins where the row before it ends."""
        current = next((n for n, row in enumerate(self.rows) if row.is_now), None)
        if current is None:
            return None
        return next((row for row in self.rows[current + 1 :] if row.cost != self.rows[current].cost), None)

    def changes_at(self) -> datetime | None:
        """The instant from which handing in costs more than now; None where it stays as it is."""
        row = self.next_change()
        return self.rows[self.rows.index(row) - 1].ends if row else None


def late_table(course: Course, assignment: Assignment, owner: Owner, now: datetime) -> LateTable | None:
    """The costs of handing in at this moment and at each later boundary. None where the course states no rule or no due time."""
    facts = facts_of(circle_of(course, {owner.person.pk}))
    if facts is None or assignment.slug not in facts.deadlines:
        return None

    key = key_of(owner.person.pk, owner.team.pk if owner.team else None)
    alone = Alone(facts, key, assignment.slug, owner.person)
    verdict_now, _ = alone.judged(HandIn("new", key, assignment.slug, now))
    if verdict_now is None:
        raise LookupError(assignment.slug)
    rows = []
    for moment, ends in late_moments(facts, assignment, owner):
        verdict, left = alone.judged(HandIn("new", key, assignment.slug, moment), explained=False)
        if verdict is None:
            continue  # before they were in this team
        rows.append(LateRow(moment, verdict, left, is_now=False, ends=ends))
        if not verdict.accepted or not verdict.max_percent:
            break
    read = read_clock(facts.policy, now)
    current = next((n for n, row in enumerate(rows) if read <= row.by or read < row.ends), None)
    rows = [replace(row, is_now=n == current) for n, row in enumerate(rows)]
    dearest = next((n for n in reversed(range(len(rows))) if rows[n].verdict.max_percent < ALL), None)
    if dearest is not None:  # the one whose arithmetic a page shows
        verdict, _ = alone.judged(HandIn("new", key, assignment.slug, rows[dearest].by))
        rows[dearest] = replace(rows[dearest], verdict=verdict or rows[dearest].verdict)
    left, held = alone.left_before(verdict_now), _held(facts, assignment, verdict_now)
    return LateTable(verdict_now, rows, left, held, facts, due_for(facts, assignment, owner), alone)


def due_for(facts: LateFacts, assignment: Assignment, owner: Owner) -> datetime:
    """When it is due for this owner: the latest of the due time and the extensions that move it."""
    keys = {person_key(owner.person.pk), key_of(owner.person.pk, owner.team.pk if owner.team else None)}
    moved = [
        e.until
        for e in facts.extensions
        if e.assignment == assignment.slug and e.owner in keys and e.until and not e.keeps_penalty
    ]
    return max([facts.deadlines[assignment.slug].due, *moved])


def late_moments(
    facts: LateFacts, assignment: Assignment, owner: Owner, most: int = ROWS
) -> list[tuple[datetime, datetime]]:
    """The due time of this owner and the last minute before each later boundary, each with the instant at which it is over."""
    return list(_moments(facts.policy, due_for(facts, assignment, owner), most))


@lru_cache(maxsize=2000)
def _moments(policy: Policy, due: datetime, most: int) -> tuple[tuple[datetime, datetime], ...]:
    found, spared = [(due, due)], due + grace_of(policy)
    for boundary in islice(passed_boundaries(policy, due, due + HORIZON), most + 1):
        by = boundary - LAST_MINUTE if policy.edge_is_late else boundary
        if by > due:
            found.append((by, max(boundary, spared)))
        else:
            found[0] = (due, max(boundary, spared))
    return tuple(found[:most])


def _held(facts: LateFacts, assignment: Assignment, verdict: Verdict) -> int | None:
    """What the bank that pays for this was given in all."""
    bank = facts.policy.bank_for(assignment.slug)
    if bank is None or verdict.charged_to is None:
        return None
    return bank.days + sum(g.days for g in facts.grants if (g.owner, g.bank) == (verdict.charged_to, bank.name))
