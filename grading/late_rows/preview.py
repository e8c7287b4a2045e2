"""What a hand-in costs, or would cost: for the page before it, and for its receipt."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import islice

from courseplatform.accounts.models import User
from courseplatform.courses.models import Course
from grading.late.clock import grace_of, passed_boundaries, read_clock
from grading.late.facts import HandIn, Verdict
from grading.late_rows.facts import LateFacts, circle_of, facts_of, key_of, person_key
from grading.models.assignments import Assignment
from grading.models.owners import Owner
from grading.models.submissions import Submission

ROWS = 8
HORIZON = timedelta(days=15)
LAST_MINUTE = timedelta(minutes=1)


def verdict_alone(facts: LateFacts, hand_in: HandIn, person: User) -> Verdict | None:
    """The verdict of one attempt as if it were the owner's only one at its assignment, everything else as it is."""
    others = _others(facts, hand_in, person)
    alone = replace(facts, submissions=[*others, replace(hand_in, is_active=True, is_counted=True)])
    key = person_key(person.pk)
    return next((v for v in alone.assessment().verdicts if (v.person, v.assignment) == (key, hand_in.assignment)), None)


def _others(facts: LateFacts, hand_in: HandIn, person: User) -> list[HandIn]:
    """All attempts but those that this one would take the place of: its owner's, and the person's own from before they had a team."""
    owners = {hand_in.owner, person_key(person.pk)}
    return [s for s in facts.submissions if s.assignment != hand_in.assignment or s.owner not in owners]


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
    hand_in = HandIn("new", key_of(owner.person.pk, owner.team.pk if owner.team else None), assignment.slug, now)
    verdict = verdict_alone(facts, hand_in, owner.person)
    if verdict is None:
        return None
    return CostNow(verdict, _bank(facts, assignment, owner, verdict)[0], due_for(facts, assignment, owner))


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
    due: when it is due for this owner."""

    now: Verdict
    rows: list[LateRow]
    left: int | None
    held: int | None
    facts: LateFacts
    due: datetime

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

    def at(moment: datetime) -> tuple[Verdict, int | None]:
        hand_in = HandIn("new", key_of(owner.person.pk, owner.team.pk if owner.team else None), assignment.slug, moment)
        verdict = verdict_alone(facts, hand_in, owner.person)
        if verdict is None:
            raise LookupError(assignment.slug)
        return verdict, _left(facts, hand_in, verdict, owner.person)

    verdict_now, _ = at(now)
    rows = []
    for moment, ends in late_moments(facts, assignment, owner):
        verdict, left = at(moment)
        rows.append(LateRow(moment, verdict, left, is_now=False, ends=ends))
        if not verdict.accepted or not verdict.max_percent:
            break
    read = read_clock(facts.policy, now)
    current = next((n for n, row in enumerate(rows) if read <= row.by or read < row.ends), None)
    rows = [replace(row, is_now=n == current) for n, row in enumerate(rows)]
    return LateTable(
        verdict_now, rows, *_bank(facts, assignment, owner, verdict_now), facts, due_for(facts, assignment, owner)
    )


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
    policy, due = facts.policy, due_for(facts, assignment, owner)
    found, spared = [(due, due)], due + grace_of(policy)
    for boundary in islice(passed_boundaries(policy, due, due + HORIZON), most + 1):
        by = boundary - LAST_MINUTE if policy.edge_is_late else boundary
        if by > due:
            found.append((by, max(boundary, spared)))
        else:
            found[0] = (due, max(boundary, spared))
    return found[:most]


def _left(facts: LateFacts, hand_in: HandIn, verdict: Verdict, person: User) -> int | None:
    with_it = replace(
        facts, submissions=[*_others(facts, hand_in, person), replace(hand_in, is_active=True)]
    ).assessment()
    bank = facts.policy.bank_for(hand_in.assignment)
    return with_it.balances[verdict.charged_to][bank.name] if bank and verdict.charged_to else None


def _bank(facts: LateFacts, assignment: Assignment, owner: Owner, verdict: Verdict) -> tuple[int | None, int | None]:
    """What the bank that pays for this holds before this hand-in, and what it was given in all."""
    bank = facts.policy.bank_for(assignment.slug)
    if bank is None or verdict.charged_to is None:
        return None, None
    key = key_of(owner.person.pk, owner.team.pk if owner.team else None)
    others = _others(facts, HandIn("new", key, assignment.slug, facts.deadlines[assignment.slug].due), owner.person)
    left = replace(facts, submissions=others).assessment().balances[verdict.charged_to][bank.name]
    given = sum(g.days for g in facts.grants if (g.owner, g.bank) == (verdict.charged_to, bank.name))
    return left, bank.days + given
