"""What a hand-in costs, or would cost: for the page before it, and for its receipt."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import islice

from courseplatform.accounts.models import User
from courseplatform.courses.models import Course
from grading.late.clock import passed_boundaries
from grading.late.facts import HandIn, Verdict
from grading.late_facts import LateFacts, circle_of, facts_of, key_of, person_key
from grading.models.assignments import Assignment
from grading.models.submissions import Owner, Submission

ROWS = 8
HORIZON = timedelta(days=15)
LAST_MINUTE = timedelta(minutes=1)


def verdict_alone(facts: LateFacts, hand_in: HandIn, person: User) -> Verdict | None:
    """The verdict of one attempt as if it were the owner's only one at its assignment, everything else as it is."""
    others = [s for s in facts.submissions if (s.owner, s.assignment) != (hand_in.owner, hand_in.assignment)]
    alone = replace(facts, submissions=[*others, replace(hand_in, is_active=True, is_counted=True)])
    key = person_key(person.pk)
    return next((v for v in alone.assessment().verdicts if (v.person, v.assignment) == (key, hand_in.assignment)), None)


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


@dataclass(frozen=True)
class LateRow:
    """One row of `If it is late`: handed in by then, so many units late, so many left in the bank, at most so many percent."""

    by: datetime
    verdict: Verdict
    left: int | None
    is_now: bool


@dataclass(frozen=True)
class LateTable:
    """What handing in costs, now and later. `now`: the verdict at this moment. `bank`, `held`: what is left, of how many."""

    now: Verdict
    rows: list[LateRow]
    left: int | None
    held: int | None
    facts: LateFacts


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
        return verdict, _left(facts, hand_in, verdict)

    verdict_now, _ = at(now)
    rows = []
    for moment in _moments(facts, assignment, owner):
        verdict, left = at(moment)
        rows.append(LateRow(moment, verdict, left, is_now=False))
        if not verdict.accepted or not verdict.max_percent:
            break
    current = next((n for n, row in enumerate(rows) if now <= row.by), None)
    rows = [replace(row, is_now=n == current) for n, row in enumerate(rows)]
    return LateTable(verdict_now, rows, *_bank(facts, assignment, verdict_now), facts)


def _moments(facts: LateFacts, assignment: Assignment, owner: Owner) -> list[datetime]:
    """The due time of this owner, and the last minute before each later boundary."""
    deadline = facts.deadlines[assignment.slug]
    keys = {person_key(owner.person.pk), key_of(owner.person.pk, owner.team.pk if owner.team else None)}
    moved = [
        e.until
        for e in facts.extensions
        if e.assignment == assignment.slug and e.owner in keys and e.until and not e.keeps_penalty
    ]
    due = max([deadline.due, *moved])
    boundaries = islice(passed_boundaries(facts.policy, due, due + HORIZON), ROWS + 1)
    ends = [boundary - LAST_MINUTE if facts.policy.edge_is_late else boundary for boundary in boundaries]
    return [due, *(end for end in ends if end > due)][:ROWS]


def _left(facts: LateFacts, hand_in: HandIn, verdict: Verdict) -> int | None:
    others = [s for s in facts.submissions if (s.owner, s.assignment) != (hand_in.owner, hand_in.assignment)]
    with_it = replace(facts, submissions=[*others, replace(hand_in, is_active=True)]).assessment()
    bank = facts.policy.bank_for(hand_in.assignment)
    return with_it.balances[verdict.charged_to][bank.name] if bank and verdict.charged_to else None


def _bank(facts: LateFacts, assignment: Assignment, verdict: Verdict) -> tuple[int | None, int | None]:
    """What the bank that pays for this holds before this hand-in, and what it was given in all."""
    bank = facts.policy.bank_for(assignment.slug)
    if bank is None or verdict.charged_to is None:
        return None, None
    others = [s for s in facts.submissions if s.assignment != assignment.slug]
    left = replace(facts, submissions=others).assessment().balances[verdict.charged_to][bank.name]
    given = sum(g.days for g in facts.grants if (g.owner, g.bank) == (verdict.charged_to, bank.name))
    return left, bank.days + given
