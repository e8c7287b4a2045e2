"""Whose cost changes, before it is changed: the same rules asked twice, once as things are and once as they would be."""

from collections.abc import Callable
from dataclasses import dataclass

from courseplatform.accounts.models import User
from courseplatform.courses.models import Course
from grading.late.facts import Verdict
from grading.late.money import shown
from grading.late_facts import LateFacts, circle_of, everybody, facts_of

Change = Callable[[LateFacts], None]


@dataclass(frozen=True)
class CostChange:
    """One verdict that would be another. before, after: None where nothing is handed in, or nothing is judged any more."""

    person: User
    assignment: str
    before: Verdict | None
    after: Verdict | None

    @property
    def words(self) -> str:
        """`1 late day, at most 98 %` before and after."""
        return f"{_words(self.before)}, then {_words(self.after)}"


def _words(verdict: Verdict | None) -> str:
    if verdict is None:
        return "not judged"
    used = f"{verdict.free_days_used} of the bank, " if verdict.free_days_used else ""
    return f"{used}at most {shown(verdict.max_percent)} %" if verdict.accepted else "refused"


def cost_changes(course: Course, change: Change, people: set[int] | None = None) -> list[CostChange]:
    """What `change` would do to the verdicts of everybody, or of the circle around `people`. Writes nothing.

    Args:
        change: changes the facts in place: adds an extension, moves a deadline, takes another policy.
    """
    circle = everybody(course) if people is None else circle_of(course, people)
    now, then = facts_of(circle), facts_of(circle)
    if now is None or then is None:
        return []
    change(then)
    before = {(v.person, v.assignment): v for v in now.assessment().verdicts}
    after = {(v.person, v.assignment): v for v in then.assessment().verdicts}
    return [
        CostChange(circle.people[key[0]], key[1], before.get(key), after.get(key))
        for key in sorted({*before, *after})
        if _cost(before.get(key)) != _cost(after.get(key))
    ]


def _cost(verdict: Verdict | None) -> object:
    return verdict and (
        verdict.charged_to,
        verdict.free_days_used,
        verdict.max_percent,
        verdict.accepted,
        verdict.days_late,
    )
