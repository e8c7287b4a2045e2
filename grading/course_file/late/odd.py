"""What a late-day file may say and its author may not have meant: told beside the report, never refused."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from courseplatform.courses.course_file.reading import Finding, Path, Source
from grading.course_file.late.facts import LateFile
from grading.late.clock import counted_due
from grading.late.facts import Assessment, Membership, Policy


def odd_in_policy(source: Source, path: Path, policy: Policy) -> Iterator[Finding]:
    """Fields of the policy at `path` that decide nothing, or leave something open."""
    tree: Any = source.tree
    for step in path:
        tree = tree[step]

    def at(*keys: str | int) -> int:
        return source.line(*path, *keys)

    if "edge" not in tree:
        then = "late" if policy.edge_is_late else "on time"
        yield Finding(
            at("unit"), "edge_left_out", f"No rule says what a hand-in exactly at a boundary is; it counts as {then}."
        )
    yield from _odd_unit(tree.get("unit", {}), policy, at)
    yield from _odd_penalty(tree, policy, at)
    richest = max((bank.days for bank in policy.banks), default=0)
    if policy.cap is not None and policy.cap > richest:
        yield Finding(
            at("cap"),
            "cap_above_bank",
            f"The cap of {policy.cap} is above the bank of {richest}, so only grants can reach it.",
        )
    if policy.team != "each" and all(bank.owner == "team" for bank in policy.banks):
        yield Finding(
            at("team"),
            "team_without_effect",
            "The banks are the teams', so a rule for members' own banks decides nothing.",
        )
    if policy.attempt in {"best", "last_affordable"} and tree.get("order") == "submit_time":
        said = f"With attempt: {policy.attempt} the bank always pays in order of due times; order: submit_time decides nothing."
        yield Finding(at("order"), "order_without_effect", said)
    rule = policy.pass_rule
    if rule and rule.turned_in > len(rule.of):
        yield Finding(
            at("pass"), "pass_out_of_reach", f"{rule.turned_in} of {len(rule.of)} cannot be turned in; nobody passes."
        )


def _odd_unit(unit: dict[str, Any], policy: Policy, at: Any) -> Iterator[Finding]:
    idle = ("boundary", "due_day") if policy.unit.kind == "hours" else ("hours", "clock")
    for key in idle:
        if key in unit:
            yield Finding(
                at("unit", key),
                "unit_without_effect",
                f"unit.{key} decides nothing where a unit is of the kind {policy.unit.kind}.",
            )


def _odd_penalty(tree: dict[str, Any], policy: Policy, at: Any) -> Iterator[Finding]:
    penalty = policy.penalty
    costs = bool(penalty.each or any(penalty.steps))
    if policy.over != "penalty" and costs:
        said = f"Uncovered work is {'refused' if policy.over == 'refuse' else 'worth nothing'}, so the penalty never applies."
        yield Finding(at("penalty"), "penalty_never_applies", said)
    if policy.over == "penalty" and not costs:
        key = "penalty" if "penalty" in tree else "over"
        yield Finding(at(key), "late_costs_nothing", "Uncovered units have no penalty, so being late costs nothing.")
    if penalty.most is not None and penalty.most == 0 and costs:
        yield Finding(at("penalty", "most"), "penalty_never_applies", "most is 0, so the penalty never applies.")
    if penalty.most is not None and any(step > penalty.most for step in penalty.steps):
        yield Finding(at("penalty", "steps"), "steps_above_most", "A step is above most, which takes its place.")
    if penalty.used_unit_costs and not any(bank.days for bank in policy.banks):
        yield Finding(
            at("penalty", "used_unit_costs"), "penalty_never_applies", "The bank is empty, so its units cost nothing."
        )
    elif penalty.used_unit_costs and policy.team == "all" and any(bank.owner == "person" for bank in policy.banks):
        said = "With team: all nobody is covered once one member's bank is empty; used_unit_costs can make that the cheaper way to be late."
        yield Finding(at("penalty", "used_unit_costs"), "later_can_be_cheaper", said)


def odd_in_file(found: LateFile, assessment: Assessment) -> Iterator[Finding]:
    """Everything odd about a file."""
    yield from odd_in_policy(found.source, ("policy",), found.policy)
    yield from _odd_assignments(found)
    yield from _odd_favours(found)
    yield from _odd_hand_ins(found, assessment)


def _odd_assignments(found: LateFile) -> Iterator[Finding]:
    for name, deadline in found.deadlines.items():

        def odd(key: str, code: str, sentence: str, name: str = name) -> Finding:
            return Finding(found.source.line("assignments", name, key), code, sentence)

        bank = found.policy.bank_for(name)
        if bank is None:
            yield odd("", "no_bank", f"No bank pays for {name}.")
        if isinstance(deadline.cutoff, datetime) and deadline.cutoff < deadline.due:
            yield odd(
                "cutoff", "cutoff_before_due", f"The cutoff of {name} is before its due time, which holds instead."
            )
        if isinstance(deadline.cap, int) and deadline.no_late:
            yield odd("cap", "cap_without_effect", f"{name} takes nothing late, so its cap decides nothing.")
        elif isinstance(deadline.cap, int) and bank and deadline.cap > bank.days:
            said = f"The cap of {deadline.cap} is above the bank of {bank.days}, so only grants can reach it."
            yield odd("cap", "cap_above_bank", said)


def _odd_favours(found: LateFile) -> Iterator[Finding]:
    for n, extension in enumerate(found.extensions):
        due = found.deadlines[extension.assignment].due
        if extension.until and extension.until <= counted_due(found.policy, due):
            said = f"The extension of {extension.owner} for {extension.assignment} ends when it is due anyway."
            yield Finding(found.source.line("extensions", n), "extension_without_effect", said)
    if found.policy.spend == "automatic" and found.requests:
        said = "Late days are spent by themselves, so requests decide nothing."
        yield Finding(found.source.line("requests"), "requests_without_effect", said)


def _odd_hand_ins(found: LateFile, assessment: Assessment) -> Iterator[Finding]:
    judged = {(verdict.team or verdict.person, verdict.assignment) for verdict in assessment.verdicts}
    people = set(found.people)
    members: dict[str, list[Membership]] = defaultdict(list)
    for one in found.memberships:
        members[one.team].append(one)
    for n, hand_in in enumerate(found.submissions):
        at = found.source.line("submissions", n)
        if hand_in.is_active and not hand_in.is_counted:
            yield Finding(at, "active_not_counted", f"{hand_in.id} is active and not counted, so it is not judged.")
        is_of_nobody = hand_in.owner not in people and not any(
            one.holds_at(hand_in.at) for one in members[hand_in.owner]
        )
        if hand_in.is_counted and is_of_nobody and (hand_in.owner, hand_in.assignment) not in judged:
            said = f"{hand_in.owner} had no member when {hand_in.id} was handed in, so it is nobody's."
            yield Finding(at, "nobody_judged", said)
