"""Whose cost differs between two states of the facts: what a change does to people, verdict by verdict."""

from dataclasses import dataclass

from courseplatform.accounts.models import User
from grading.late.facts import ALL, Verdict
from grading.late.money import shown
from grading.late_rows.facts import LateFacts


@dataclass(frozen=True)
class CostChange:
    """One verdict that would be another. before, after: None where nothing is handed in, or nothing is judged any more."""

    person: User
    assignment: str
    before: Verdict | None
    after: Verdict | None

    @property
    def words(self) -> str:
        """`1 of the bank, at most 98 %, then at most 100 %`."""
        return f"{self.words_before}, then {self.words_after}"

    @property
    def words_before(self) -> str:
        return _words(self.before)

    @property
    def words_after(self) -> str:
        return _words(self.after)


def _words(verdict: Verdict | None) -> str:
    if verdict is None:
        return "not judged"
    used = f"{verdict.free_days_used} of the bank, " if verdict.free_days_used else ""
    return f"{used}at most {shown(verdict.max_percent)} %" if verdict.accepted else "refused"


def compared(now: LateFacts | None, then: LateFacts | None) -> list[CostChange]:
    """The verdicts whose cost differs, by person and assignment. None: the course states no rule, so nothing costs anything."""
    before, after = _verdicts(now), _verdicts(then)
    facts = then or now
    if facts is None:
        return []
    is_new = now is None or then is None
    return [
        CostChange(facts.circle.people[key[0]], key[1], before.get(key), after.get(key))
        for key in sorted({*before, *after})
        if _cost(before.get(key)) != _cost(after.get(key))
        and not (is_new and _is_free(before.get(key) or after.get(key)))
    ]


def _verdicts(facts: LateFacts | None) -> dict[tuple[str, str], Verdict]:
    return {(v.person, v.assignment): v for v in facts.assessment(explained=False).verdicts} if facts else {}


def _is_free(verdict: Verdict | None) -> bool:
    return verdict is not None and verdict.accepted and not verdict.free_days_used and verdict.max_percent == ALL


def _cost(verdict: Verdict | None) -> object:
    return verdict and (
        verdict.charged_to,
        verdict.free_days_used,
        verdict.max_percent,
        verdict.accepted,
        verdict.days_late,
    )
