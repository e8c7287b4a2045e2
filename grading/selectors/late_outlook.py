"""What if: the most that can still be reached in each open assignment, by how late it comes."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from typing import Any

from courseplatform.accounts.models import User
from courseplatform.teams.models import Team
from grading.late.facts import HandIn, Policy, Verdict
from grading.late.words_of_time import units
from grading.late_rows.facts import LateFacts, key_of, person_key
from grading.late_rows.preview import due_for, late_moments
from grading.models.assignments import Assignment
from grading.models.owners import Owner
from grading.selectors.late_words import percent

MOST_COLUMN = 14


def outlook(
    facts: LateFacts, work: Iterable[Assignment], person: User, team: Team | None, left: int | None, now: datetime
) -> dict[str, Any]:
    """A row for each assignment, a column for each of: on time, one unit, what is left, one more. Asks the database nothing.

    Args:
        work: not handed in yet. left: what the bank holds, None where no bank pays.
    """
    columns = sorted({0, 1, *([left, left + 1] if left is not None else [2])} & set(range(MOST_COLUMN)))
    rows, passed = [], []
    for item in work:
        owner = Owner(person, None if item.is_individual else team)
        cells = [_cell(facts, item, owner, late, now) for late in columns]
        if any(cell["most"] for cell in cells):
            rows.append({"item": item, "due": due_for(facts, item, owner), "cells": cells})
        elif item.takes_anything:  # what is handed in elsewhere may be there long since
            passed.append(item)
    return {
        "heads": ["on time" if not late else units(facts.policy, late).replace("late ", "") for late in columns],
        "rows": rows, "passed": passed, "left": left,
    }  # fmt: skip


def _cell(facts: LateFacts, item: Assignment, owner: Owner, late: int, now: datetime) -> dict[str, Any]:
    """The latest moment that is so many units late, judged; empty where that moment has passed or does not come."""
    key = key_of(owner.person.pk, owner.team.pk if owner.team else None)
    moments = late_moments(facts, item, owner, most=late + 3)
    for by, ends in reversed(moments):
        verdict, left = _judged(facts, HandIn("new", key, item.slug, by, is_active=True), owner.person)
        if verdict is not None and verdict.days_late == late:
            return (
                _said(facts.policy, verdict, left) if max(by, ends) > now else {"most": "", "left": None, "steps": ""}
            )
    return {"most": "", "left": None, "steps": ""}


def _judged(facts: LateFacts, hand_in: HandIn, person: User) -> tuple[Verdict | None, int | None]:
    """Verdict and what the bank then holds, everything else as it is. One assessment for both."""
    found = replace(facts, submissions=[*facts.submissions, hand_in]).assessment()
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
