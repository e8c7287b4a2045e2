"""Verdicts of the late-day rules as words: badges, costs, and the policy in one line.

Whether something is late is decided in grading/latepolicy.py. Only where a course states no late rule there is nothing to ask, and
`plain_late` compares the two times: the one place that does.
"""

import re
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction
from uuid import UUID
from zoneinfo import ZoneInfo

from courseplatform.core import numbers
from courseplatform.core.badges import Badge
from courseplatform.core.prepared import Prepared
from grading.late.facts import Bank, Penalty, Policy, Verdict
from grading.late.money import shown
from grading.late.words_of_time import unit_length, unit_word, units
from grading.late_rows.facts import policy_for
from grading.models.late_days import LateVerdict
from grading.models.submissions import Submission

Judged = Verdict | LateVerdict
FRACTION = re.compile(r"(:(?:0[1-9]|[1-5]\d))\.\d+")
KINDS = {
    "percent_of_max": "% off the maximum", "percent_of_earned": "% off what the work earned", "points": "points off",
    "cap": "% lower is the most that it can get",
}  # fmt: skip


def percent(value: Fraction | Decimal) -> str:
    """At most two decimals: 98, 97.5."""
    return f"{shown(Fraction(value))}"


def plain_late(submission: Submission) -> timedelta:
    """How long after the due time it arrived; zero when on time. For courses that state no late rule."""
    if submission.due_at is None:
        return timedelta(0)
    return max(submission.received_at - submission.due_at, timedelta(0))


VERDICTS = Prepared(lambda submissions: LateVerdict.objects.filter(submission__in=submissions), submissions=list[UUID])


def verdicts_of(submissions: list[UUID]) -> dict[UUID, list[LateVerdict]]:
    """Those of each attempt, for `kept_verdict`. One query."""
    found: dict[UUID, list[LateVerdict]] = {pk: [] for pk in submissions}
    for row in VERDICTS(submissions=submissions):
        if row.submission_id:
            found[row.submission_id].append(row)
    return found


def kept_verdict(submission: Submission) -> LateVerdict | None:
    """What the rules say of this attempt if it is the judged one: of whoever sent it, else of the first member. Reads what was prefetched."""
    kept = sorted(submission.late_verdicts.all(), key=lambda row: (row.person_id != submission.person_id, row.pk))
    return kept[0] if kept else None


def owner_line(submission: Submission) -> str:
    """Ruth Adeyemi for team Magpie."""
    team = f" for team {submission.team.name}" if submission.team else ""
    return f"{submission.person}{team}"


def late_seconds(submission: Submission) -> int:
    """For the API: seconds after the due time, 0 where the late policy finds it on time."""
    kept = kept_verdict(submission)
    if kept is not None and not kept.days_late:
        return 0
    return int(plain_late(submission).total_seconds())


def late_badge(submission: Submission) -> Badge:
    """`1 late day`, `2 late days, -4 %`, `on time`; where no rule is stated, how long after the due time."""
    policy = policy_for(submission.assignment.course)
    if policy is None or submission.due_at is None:
        return on_time_badge(submission)
    kept = kept_verdict(submission)
    if kept is None:
        return Badge("neutral", "info", "not counted" if submission.counts is False else "another attempt counts")
    return verdict_badge(kept, policy)


def on_time_badge(submission: Submission) -> Badge:
    """By the clock alone: of an attempt on which no rule has been asked yet."""
    late = plain_late(submission)
    return Badge("warn", "triangle", f"{numbers.span(late)} late") if late else Badge("good", "check", "on time")


def verdict_badge(verdict: Judged, policy: Policy) -> Badge:
    if not verdict.accepted:
        return Badge("bad", "octagon", "too late, not accepted")
    if not verdict.days_late:
        return Badge("good", "check", "on time")
    lost = f", −{percent(verdict.penalty_percent)}{numbers.NARROW}%" if verdict.penalty_percent else ""
    return Badge("warn", "triangle", units(policy, verdict.days_late) + lost)


def cost_words(verdict: Judged, policy: Policy) -> str:
    """What it costs, as the end of a sentence: `no late day`, `1 late day, and at most 98 % can be reached`."""
    used = verdict.free_days_used
    most = f"at most {percent(verdict.max_percent)}{numbers.NARROW}% can be reached"
    if not used:
        return f"no {unit_word(policy, 1)}, but {most}" if verdict.penalty_percent else f"no {unit_word(policy, 1)}"
    return f"{units(policy, used)}, and {most}" if verdict.penalty_percent else units(policy, used)


def steps_of(verdict: Judged) -> list[str]:
    """The explanation, without fractions of a second where the whole second decides already: boundaries lie on whole minutes."""
    return [FRACTION.sub(r"\1", step) for step in verdict.explanation]


def arithmetic(verdict: Judged) -> str:
    """The steps after the bank was asked, up to the last number; only the last step where nothing is uncovered."""
    steps = steps_of(verdict)
    first = next((n for n, step in enumerate(steps) if " uncovered" in step), len(steps) - 1)
    return " ".join(steps[first:])


def policy_line(policy: Policy) -> str:
    """The policy in one line, for people who read no fields."""
    parts = [" and ".join(_bank(bank, policy) for bank in policy.banks), _counted(policy)]
    if policy.cap is not None:
        parts.append(f"at most {policy.cap} on one assignment")
    if policy.spend == "asked":
        parts.append("spent only when asked for")
    after = {"refuse": "nothing is taken", "zero": "work is worth nothing"}.get(policy.over) or _penalty(policy)
    return f"{', '.join(parts)}; after them {after}"


def _bank(bank: Bank, policy: Policy) -> str:
    whose = "team" if bank.owner == "team" else "person"
    return f"{units(policy, bank.days)} for each {whose}{f' ({bank.name})' if bank.name else ''}"


def _counted(policy: Policy) -> str:
    unit = policy.unit
    if unit.kind == "hours":
        return f"in units of {unit_length(policy)}"
    at = "midnight" if not (unit.boundary.hour or unit.boundary.minute) else f"{unit.boundary:%H:%M}"
    return f"counted at {at} {zone_words(policy.zone)} time"


def _penalty(policy: Policy) -> str:
    penalty: Penalty = policy.penalty
    if not penalty.steps and not penalty.each:
        return "nothing more is lost"
    each = f"{shown(penalty.each)} {KINDS[penalty.kind]} for each further one" if penalty.each else ""
    steps = f"{', '.join(str(shown(step)) for step in penalty.steps)} {KINDS[penalty.kind]}" if penalty.steps else ""
    return ", then ".join(part for part in (steps, each) if part)


def zone_words(zone: ZoneInfo) -> str:
    """New York."""
    return str(zone).rsplit("/", 1)[-1].replace("_", " ")
