"""What if: the most that can still be reached in each open assignment, by how late it comes."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, NamedTuple

from courseplatform.accounts.models import User
from courseplatform.core.by_value import ByValue
from courseplatform.teams.models import Team
from grading.late.facts import HandIn, Policy, Verdict
from grading.late.words_of_time import units
from grading.late_rows.facts import LateFacts, key_of, person_key
from grading.late_rows.preview import due_for, late_moments
from grading.latepolicy import Trials
from grading.models.assignments import Assignment
from grading.models.owners import Owner
from grading.selectors.late_words import percent

MOST_COLUMN = 14
BEYOND = 3  # so many moments past the one that is so many units late, for weekends and grace
Moment = tuple[
    int, datetime, datetime
]  # how many stand before it, the last minute that is so late, and when that is over
Judged = tuple[Verdict | None, int | None]


class Latest(NamedTuple):
    """The latest moment that is so many units late, judged. left: what the bank then holds."""

    verdict: Verdict
    left: int | None


_kept = ByValue[list[list[Latest | None]]](most=500)


def outlook(
    facts: LateFacts, work: Iterable[Assignment], person: User, team: Team | None, left: int | None, now: datetime
) -> dict[str, Any]:
    """A row for each assignment, a column for each of: on time, one unit, what is left, one more. Asks the database nothing.

    Args:
        work: not handed in yet. left: what the bank holds, None where no bank pays.
    """
    columns = sorted({0, 1, *([left, left + 1] if left is not None else [2])} & set(range(MOST_COLUMN)))
    rows, passed, asked = [], [], [(item, Owner(person, None if item.is_individual else team)) for item in work]
    to_come = [_to_come(facts, item, owner, columns[-1], now) for item, owner in asked]
    names = [(item.slug, key_of(person.pk, owner.team.pk if owner.team else None)) for item, owner in asked]
    judged = _kept.of(
        (facts.values, person.pk, names, to_come, columns), lambda: _all_judged(facts, asked, to_come, columns)
    )
    for (item, owner), found in zip(asked, judged, strict=True):
        cells = [_cell(facts.policy, one) for one in found]
        if any(cell["most"] for cell in cells):
            rows.append({"item": item, "due": due_for(facts, item, owner), "cells": cells})
        elif item.takes_anything:  # what is handed in elsewhere may be there long since
            passed.append(item)
    return {
        "heads": ["on time" if not late else units(facts.policy, late).replace("late ", "") for late in columns],
        "rows": rows, "passed": passed, "left": left,
    }  # fmt: skip


def _cell(policy: Policy, found: Latest | None) -> dict[str, Any]:
    """As words; empty where that moment has passed or does not come."""
    if found is None:
        return {"most": "", "left": None, "steps": ""}
    return _said(policy, found.verdict, found.left)


def _to_come(facts: LateFacts, item: Assignment, owner: Owner, most: int, now: datetime) -> list[Moment]:
    """The moments that are not over, each with how many stand before it: most work of a term is past, and then nothing of it is judged."""
    moments = late_moments(facts, item, owner, most=most + BEYOND)
    return [(n, by, ends) for n, (by, ends) in enumerate(moments) if max(by, ends) > now]


def _all_judged(
    facts: LateFacts, asked: list[tuple[Assignment, Owner]], to_come: list[list[Moment]], columns: list[int]
) -> list[list[Latest | None]]:
    trials = facts.trials()
    return [
        _latest(facts, trials, item, owner, moments, columns)
        for (item, owner), moments in zip(asked, to_come, strict=True)
    ]


def _latest(
    facts: LateFacts, trials: Trials, item: Assignment, owner: Owner, moments: list[Moment], columns: list[int]
) -> list[Latest | None]:
    """For each column the latest moment that is so many units late; each moment is judged once."""
    key, known = key_of(owner.person.pk, owner.team.pk if owner.team else None), dict[datetime, Judged]()
    found = []
    for late in columns:
        latest = None
        for n, by, _ in reversed(moments):
            if n >= late + BEYOND:
                continue
            hand_in = HandIn("new", key, item.slug, by, is_active=True)
            if late not in trials.units_of(person_key(owner.person.pk), hand_in):
                continue
            if by not in known:
                known[by] = _judged(facts, trials, hand_in, owner.person)
            verdict, left = known[by]
            if verdict is not None and verdict.days_late == late:
                latest = Latest(verdict, left)
                break
        found.append(latest)
    return found


def _judged(facts: LateFacts, trials: Trials, hand_in: HandIn, person: User) -> Judged:
    """Verdict and what the bank then holds, everything else as it is. One trial for both."""
    found = trials.with_one(hand_in)
    wanted = (person_key(person.pk), hand_in.assignment, hand_in.id)
    verdict = next((v for v in found.verdicts if (v.person, v.assignment, v.submission_id) == wanted), None)
    bank = facts.policy.bank_for(hand_in.assignment)
    if verdict is None or bank is None or verdict.charged_to is None:
        return verdict, None
    return verdict, found.balances[verdict.charged_to][bank.name]


def _said(policy: Policy, verdict: Verdict, left: int | None) -> dict[str, Any]:
    if not verdict.accepted:
        return {"most": "not taken", "left": left, "steps": "", "is_less": True}
    is_less = verdict.max_percent < 100
    steps = _steps(policy, verdict) if is_less else ""
    return {"most": f"{percent(verdict.max_percent)} %", "left": left, "is_less": is_less, "steps": steps}


def _steps(policy: Policy, verdict: Verdict) -> str:
    """`100 - 2 x (4 - 3)` where every further unit costs the same; else `100 - 50`."""
    penalty = policy.penalty
    is_plain = penalty.kind == "percent_of_max" and not penalty.steps and not penalty.used_unit_costs
    if is_plain and verdict.penalty_percent == penalty.each * (verdict.days_late - verdict.free_days_used):
        return f"100 - {percent(penalty.each)} x ({verdict.days_late} - {verdict.free_days_used})"
    return f"100 - {percent(verdict.penalty_percent)}"
