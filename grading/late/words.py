"""The explanation of a verdict: sentences that can be followed by hand, from the due time to the last number."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from fractions import Fraction
from itertools import islice
from zoneinfo import ZoneInfo

from grading.late.clock import grace_of, is_in_grace, passed_boundaries
from grading.late.facts import ALL, Deadline, HandIn, PassRule, Penalty, Policy, Request
from grading.late.lateness import Lateness
from grading.late.money import Outcome, cap_of, rule_of, shown

NAMED_BOUNDARIES = 7


def moment(at: datetime, zone: ZoneInfo) -> str:
    """Tue Oct 4, 23:59 EDT; seconds where there are some."""
    local = at.astimezone(zone)
    clock = f"{local:%H:%M}"
    if local.second or local.microsecond:
        clock = f"{local:%H:%M:%S}" + (f".{local.microsecond:06}".rstrip("0") if local.microsecond else "")
    return f"{local:%a %b} {local.day}, {clock} {local:%Z}"


def unit_word(policy: Policy, count: int) -> str:
    """`late days`, or `units of 12 h` where a unit is not a day."""
    if policy.unit.kind == "hours" and policy.unit.hours != Fraction(24):
        return f"unit{'' if count == 1 else 's'} of {shown(policy.unit.hours)} h"
    return "late day" if count == 1 else "late days"


def explain(
    policy: Policy, deadline: Deadline, hand_in: HandIn, outcome: Outcome, *,
    payer: str | None, final: Fraction | None, is_excused: bool, requests: Iterable[Request],
) -> Iterator[str]:  # fmt: skip
    """One sentence a step. The first says the two times that are compared, the last what perfect work would still get."""
    late = outcome.lateness
    yield f"Due {moment(deadline.due, policy.zone)}; handed in {moment(hand_in.at, policy.zone)}."
    if is_excused:
        yield "Excused: never late and never charged."
        yield from _end(policy, outcome, hand_in, final)
        return
    yield from _extended(policy, deadline, late)
    yield from _counted(policy, hand_in, late)
    yield from _relieved(policy, late)
    if late.is_cut:
        yield f"{_cutoff_words(policy, deadline, late)} Refused; nothing is charged."
    elif late.needed:
        yield from _covered(policy, deadline, outcome, payer, list(requests))
        yield from _rest(policy, deadline, outcome)
    if outcome.accepted and not outcome.is_zero:
        yield from _penalty(policy, deadline, outcome)
    yield from _end(policy, outcome, hand_in, final)


def _extended(policy: Policy, deadline: Deadline, late: Lateness) -> Iterator[str]:
    if late.due > deadline.due:
        yield f"An extension moves the due time to {moment(late.due, policy.zone)}."
    if late.relief.units:
        kept = ", which stay penalised" if late.relief.keeps_penalty else ""
        yield f"An extension covers {late.relief.units} {unit_word(policy, late.relief.units)}{kept}."


def _counted(policy: Policy, hand_in: HandIn, late: Lateness) -> Iterator[str]:
    if is_in_grace(policy, late.due, hand_in.at):
        grace = grace_of(policy)
        in_grace = grace and hand_in.at > late.due
        yield (
            f"Within {shown(policy.grace_minutes)} minutes of grace: on time." if in_grace else "On time: 0 late days."
        )
        return
    named = [moment(b, policy.zone) for b in islice(passed_boundaries(policy, late.due, hand_in.at), NAMED_BOUNDARIES)]
    more = f" and {late.units - len(named)} more" if late.units > len(named) else ""
    what = "midnight" if policy.unit.kind == "calendar_day" and str(policy.unit.boundary) == "00:00:00" else "boundary"
    if not named:
        yield f"No {what} that counts was passed: 0 {unit_word(policy, 0)}."
        return
    many = {"midnight": "midnights", "boundary": "boundaries"}[what] if late.units > 1 else what
    yield f"{late.units} {many} passed ({'; '.join(named)}{more}) = {late.units} {unit_word(policy, late.units)}{_weekend(policy)}."


def _weekend(policy: Policy) -> str:
    return {"counts": "", "skipped": ", Saturdays and Sundays not counted", "one": ", a weekend counted once"}[
        policy.weekend
    ]


def _relieved(policy: Policy, late: Lateness) -> Iterator[str]:
    if late.relieved:
        yield f"The extension covers {late.relieved}: {late.units} - {late.relieved} = {late.needed} for the bank."


def _cutoff_words(policy: Policy, deadline: Deadline, late: Lateness) -> str:
    if isinstance(deadline.cutoff, int):
        reach = f" and {late.relief.units} of the extension" if late.relief.units else ""
        return f"More than {deadline.cutoff} {unit_word(policy, deadline.cutoff)}{reach} late: past the cutoff."
    if deadline.cutoff is None:
        return "Past the cutoff."
    return f"Past the cutoff, {moment(max(deadline.cutoff, late.effective_due), policy.zone)}."


def _covered(
    policy: Policy, deadline: Deadline, outcome: Outcome, payer: str | None, requests: list[Request]
) -> Iterator[str]:
    late, cover = outcome.lateness, outcome.cover
    limits = [f"{late.needed} needed"]
    cap = cap_of(policy, deadline)
    if deadline.no_late:
        yield "No late hand-in is taken for this assignment: the bank pays nothing."
    elif cap is not None:
        limits.append(f"{cap} at most on one assignment")
    if policy.spend == "asked":
        yield _asked(late, requests)
        limits.append(f"{sum(r.units for r in requests)} asked for")
    if payer is None:
        yield "No bank pays for this assignment."
        return
    limits.append(f"{cover.balance} in the bank of {payer}")
    own = min(cover.wanted, cover.balance)
    if not deadline.no_late:
        yield f"The bank covers the smallest of {', '.join(limits)}: {own}."
    if cover.units < own:
        why = (
            "not every member of the team can cover it"
            if policy.team == "all"
            else "the poorest member's bank covers for all"
        )
        yield f"For the team {cover.units}: {why}."


def _asked(late: Lateness, requests: list[Request]) -> str:
    if not requests:
        return "Late days are spent only when asked for, and nobody asked."
    after = [r for r in requests if r.at is not None and r.at > late.effective_due]
    when = (
        "after the due time"
        if len(after) == len(requests)
        else "in part after the due time"
        if after
        else "before the due time"
    )
    return f"Asked for {sum(r.units for r in requests)}, {when}."


def _rest(policy: Policy, deadline: Deadline, outcome: Outcome) -> Iterator[str]:
    late, units = outcome.lateness, outcome.cover.units
    left = late.needed - units
    if not left:
        yield f"{late.needed} - {units} = 0 uncovered; the bank pays {outcome.charged}."
        return
    rule = rule_of(policy, deadline)
    said = {
        "refuse": "what the bank does not cover is refused; nothing is charged",
        "zero": f"what the bank does not cover is taken, and worth nothing; the bank pays {outcome.charged}",
        "penalty": f"the bank pays {outcome.charged}"
        if policy.partial
        else f"the bank pays only for all of it, so it pays nothing and all {late.needed} are penalised",
    }[rule]
    yield f"{late.needed} - {units} = {left} uncovered: {said}."


def _penalty(policy: Policy, deadline: Deadline, outcome: Outcome) -> Iterator[str]:
    penalty, used = policy.penalty, policy.penalty.used_unit_costs * outcome.charged
    if outcome.penalised:
        yield f"Penalty for {outcome.penalised}: {_amount(penalty, deadline, outcome.penalised)}."
    if used:
        each = shown(penalty.used_unit_costs)
        yield f"Each unit of the bank that is used costs {each} %: {each} x {outcome.charged} = {shown(used)} %."


OF = {
    "percent_of_max": " % off the maximum", "percent_of_earned": " % of what the work earned",
    "points": " points off", "cap": " % lower is the most it can get",
}  # fmt: skip


def _amount(penalty: Penalty, deadline: Deadline, units: int) -> str:
    steps = penalty.steps
    last = steps[-1] if steps else Fraction()
    beyond = max(units - len(steps), 0)
    amount = last + penalty.each * beyond if beyond else steps[units - 1]
    if beyond and steps:
        said = f"{shown(last)} + {shown(penalty.each)} x {beyond} = {shown(amount)}"
    elif beyond:
        said = f"{shown(penalty.each)} x {beyond} = {shown(amount)}"
    else:
        said = f"{shown(amount)}"
    if penalty.most is not None and amount > penalty.most:
        said, amount = f"{said}, at most {shown(penalty.most)}", penalty.most
    points = ""
    if penalty.kind == "points" and deadline.points:
        percent = min(amount * ALL / deadline.points, ALL)
        points = f"; {shown(amount)} of {shown(deadline.points)} = {shown(percent)} %"
    return f"{said}{OF[penalty.kind]}{points}"


def _end(policy: Policy, outcome: Outcome, hand_in: HandIn, final: Fraction | None) -> Iterator[str]:
    if not outcome.accepted:
        yield "Not accepted: the maximum is 0 %."
    elif outcome.is_zero:
        yield "Taken as turned in, and worth 0 %."
    else:
        yield f"Maximum: 100 - {shown(outcome.lost)} = {shown(outcome.maximum)} %."
    if final is not None and hand_in.raw_percent is not None and outcome.accepted and not outcome.is_zero:
        yield f"The work earned {shown(hand_in.raw_percent)} %: {_final(policy, outcome, hand_in.raw_percent)}{shown(final)} %."


def _final(policy: Policy, outcome: Outcome, raw: Fraction) -> str:
    if not outcome.lost:
        return "it gets "
    if policy.penalty.kind == "percent_of_earned":
        return f"{shown(raw)} x {shown(outcome.maximum)} / 100 = "
    if policy.penalty.kind == "cap":
        return f"the smaller of {shown(raw)} and {shown(outcome.maximum)} = "
    return f"{shown(raw)} - {shown(outcome.lost)} = "


def pass_reasons(rule: PassRule, done: set[str], excused: set[str]) -> Iterator[str]:
    """Why somebody passes or does not, as far as it hangs on what was turned in."""
    named = f" ({', '.join(sorted(done))})" if done else ""
    yield f"{len(done)} of {len(rule.of)} turned in{named}; {rule.turned_in} are needed."
    if excused:
        needed = max(rule.turned_in - len(excused), 0)
        yield f"Excused from {', '.join(sorted(excused))}: {rule.turned_in} - {len(excused)} = {needed} needed."
