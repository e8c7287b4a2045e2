"""The answer of `manage.py late_report`: the assessment of a file as plain values for JSON."""

from typing import Any

from grading.course_file.late.facts import LateFile, read_late_file
from grading.course_file.late.odd import odd_in_file
from grading.late.facts import Assessment, Verdict
from grading.late.money import shown
from grading.latepolicy import assess

Report = dict[str, Any]


def late_report(content: bytes) -> Report:
    """verdicts, balances, passes and findings of a file. Raises FileError when it cannot be taken."""
    found = read_late_file(content)
    assessment = assess(
        found.policy, found.deadlines, found.submissions, found.extensions, found.grants, found.memberships,
        people=found.people, teams=found.teams, excused=found.excused, requests=found.requests,
    )  # fmt: skip
    unnamed = {
        f"submissions[{n}]" for n, item in enumerate(found.source.tree.get("submissions", [])) if "id" not in item
    }
    return {
        "verdicts": [_verdict(verdict, unnamed) for verdict in assessment.verdicts],
        "balances": _balances(found, assessment),
        "passes": {person: {"ok": one.ok, "reasons": list(one.reasons)} for person, one in assessment.passes.items()},
        "findings": [
            {"code": one.code, "line": one.line, "sentence": one.sentence}
            for one in sorted(set(odd_in_file(found, assessment)))
        ],
    }


def _verdict(verdict: Verdict, unnamed: set[str]) -> Report:
    final = verdict.final_percent
    return {
        "person": verdict.person,
        "team": verdict.team,
        "assignment": verdict.assignment,
        "submission_id": None if verdict.submission_id in unnamed else verdict.submission_id,
        "charged_to": verdict.charged_to,
        "days_late": verdict.days_late,
        "free_days_used": verdict.free_days_used,
        "penalty_percent": shown(verdict.penalty_percent),
        "max_percent": shown(verdict.max_percent),
        "final_percent": None if final is None else shown(final),
        "accepted": verdict.accepted,
        "explanation": list(verdict.explanation),
    }


def _balances(found: LateFile, assessment: Assessment) -> Report:
    """One number for each owner, or one for each bank where the policy names several."""
    if any(bank.name for bank in found.policy.banks):
        return {owner: dict(banks) for owner, banks in assessment.balances.items()}
    return {owner: sum(banks.values()) for owner, banks in assessment.balances.items()}
