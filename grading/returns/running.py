"""A return of hardware that is late and not over yet: what it would cost if everything came back at this moment. Nothing of it is charged."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime

from courseplatform.courses.models import Course
from courseplatform.teams.models import Membership
from grading.late.facts import Assessment, HandIn, Verdict
from grading.late.words_of_time import unit_word, units
from grading.late_rows.facts import LateFacts, circle_of, facts_of, key_of
from grading.returns.work import return_of
from grading.selectors.late_words import percent
from hardware.inventory.selectors.returns import term_returns

RUNNING = "running-"
STILL_OUT = "something still out"


@dataclass(frozen=True)
class Running:
    """What one borrower still has, and what it costs so far. verdict: of the member whom it costs most, or of the one who asks.

    out: pieces that are out. left: what the bank that would pay holds now; None where no bank pays.
    """

    owner: str
    out: int
    verdict: Verdict
    left: int | None


def running_returns(
    facts: LateFacts, now: datetime, *, person: str | None = None, found: Assessment | None = None
) -> list[Running]:
    """Of whoever in these facts is late with something. One assessment, and one more for each borrower beside another of the same person.

    Args:
        person: whose cost is asked for; None: of each borrower the highest.
        found: what `facts.assessment()` says, where it is known.
    """
    late, item = {key: row.out for key, row in facts.lent.items() if row.out}, facts.return_work
    if not late or item is None or now <= facts.deadlines[item.slug].due:
        return []
    found = found or facts.assessment(explained=False)
    together = _judged(facts, item.slug, late, now)
    rows = []
    for owner, out in late.items():
        said = [one for one in together if one.submission_id == RUNNING + owner] or _judged(
            facts, item.slug, [owner], now
        )
        mine = [one for one in said if person in (None, one.person) and (one.days_late or not one.accepted)]
        if mine:
            verdict = max(mine, key=lambda one: (one.free_days_used, one.penalty_percent, one.person))
            rows.append(Running(owner, out, verdict, _left(facts, found, verdict)))
    return rows


def _judged(facts: LateFacts, back: str, owners: Collection[str], now: datetime) -> list[Verdict]:
    """As if these borrowers brought everything at this moment."""
    others = [one for one in facts.submissions if one.assignment != back or one.owner not in owners]
    new = [HandIn(RUNNING + owner, owner, back, now, None, is_active=True, verb=STILL_OUT) for owner in owners]
    said = replace(facts, submissions=[*others, *new]).assessment().verdicts
    return [one for one in said if one.submission_id.startswith(RUNNING)]


def _left(facts: LateFacts, found: Assessment, verdict: Verdict) -> int | None:
    bank = facts.policy.bank_for(verdict.assignment)
    return found.balances[verdict.charged_to][bank.name] if bank and verdict.charged_to else None


def running_in(
    course: Course,
    now: datetime,
    *,
    people: Collection[int] | None = None,
    teams: Collection[int] | None = None,
    person: str | None = None,
) -> tuple[LateFacts, list[Running]] | None:
    """Of these borrowers (None: of everybody) as far as they are late, for `person` where one is named.

    None where nobody is, or the course states no rule. Two queries then, and about 15 else.
    """
    item = return_of(course)
    if item is None or item.due_at is None or item.due_at >= now:
        return None
    late = [row for row in term_returns(course, people=people, teams=teams) if row.out]
    if not late:
        return None
    members = Membership.objects.filter(team__in=[row.team for row in late if row.team])
    wanted = set(members.values_list("person", flat=True)) | {row.person for row in late if row.person}
    facts = facts_of(circle_of(course, wanted))
    if facts is None:
        return None
    owners = {key_of(row.person, row.team) for row in late}
    return facts, [one for one in running_returns(facts, now, person=person) if one.owner in owners]


def so_far(facts: LateFacts, verdict: Verdict) -> str:
    """2 late days so far."""
    return f"{units(facts.policy, verdict.days_late)} so far"


def cost_so_far(facts: LateFacts, one: Running) -> str:
    """`costs 1 late day of 3 left`, `costs no late day, but at most 98 % can be reached`, `too late, not accepted`."""
    verdict, policy = one.verdict, facts.policy
    if not verdict.accepted:
        return "is more than the late policy takes"
    used, most = verdict.free_days_used, f"at most {percent(verdict.max_percent)} % can be reached"
    said = f"costs {units(policy, used)} of {one.left} left" if used else f"costs no {unit_word(policy, 1)}"
    if not verdict.penalty_percent:
        return said
    return f"{said}, and {most}" if used else f"{said}, but {most}"
