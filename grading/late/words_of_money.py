"""The part of an explanation that is about the bank and the penalty."""

from collections.abc import Iterator
from fractions import Fraction

from grading.late.facts import ALL, Deadline, Penalty, Policy, Request
from grading.late.lateness import Lateness
from grading.late.money import Holding, Outcome, cap_of, loss, rule_of, shown
from grading.late.words_of_time import units


def covered(
    policy: Policy, deadline: Deadline, outcome: Outcome, payer: str | None, requests: list[Request]
) -> Iterator[str]:
    """What the bank covers, and why no more."""
    late, cover = outcome.lateness, outcome.cover
    if deadline.no_late:
        yield "No late hand-in is taken for this assignment: the bank pays nothing."
        return
    limits = [f"{late.needed} needed"]
    cap = cap_of(policy, deadline)
    if cap is not None:
        limits.append(f"{cap} at most on one assignment")
    if policy.spend == "asked":
        yield _asked(late, requests)
        limits.append(f"{sum(r.units for r in requests)} asked for")
    if payer is None:
        yield "Nobody's bank pays for this: 0."
        return
    limits.append(f"{_held(cover.holding)} in the bank of {payer}")
    own = min(cover.wanted, cover.holding.left)
    yield f"The bank covers the smallest of {'; '.join(limits)}: {own}."
    if cover.units < own:
        why = (
            "not every member of the team can cover it"
            if policy.team == "all"
            else "the poorest member's bank covers for all"
        )
        yield f"For the team {cover.units}: {why}."


def _held(holding: Holding) -> str:
    """4, or 6 + 1 granted - 3 drawn = 4."""
    if not holding.granted and not holding.drawn:
        return str(holding.left)
    granted = f" + {holding.granted} granted" if holding.granted else ""
    drawn = f" - {holding.drawn} drawn for other work" if holding.drawn else ""
    none = ", so 0" if holding.days + holding.granted < holding.drawn else ""
    return f"{holding.days}{granted}{drawn} = {holding.days + holding.granted - holding.drawn}{none}"


def _asked(late: Lateness, requests: list[Request]) -> str:
    if not requests:
        return "Late days are spent only when asked for, and nobody asked."
    dated = [r.at for r in requests if r.at is not None]
    after = [at for at in dated if at > late.effective_due]
    if not dated:
        when = "the file says not when"
    elif not after:
        when = "before the due time"
    else:
        when = "after the due time" if len(after) == len(requests) else "in part after the due time"
    return f"Asked for {sum(r.units for r in requests)}, {when}."


def rest(policy: Policy, deadline: Deadline, outcome: Outcome) -> str:
    """What becomes of the units that the bank does not cover."""
    late, many = outcome.lateness, outcome.cover.units
    left = late.needed - many
    if not left:
        return f"{late.needed} - {many} = 0 uncovered: the bank pays {outcome.charged}."
    said = {
        "refuse": "what the bank does not cover is refused; nothing is charged",
        "zero": f"what the bank does not cover is taken, and worth nothing; the bank pays {outcome.charged}",
        "penalty": f"the bank pays {outcome.charged}"
        if policy.partial
        else f"the bank pays all or nothing, so it pays 0 and {late.needed} {'is' if late.needed == 1 else 'are'} penalised",
    }[rule_of(policy, deadline)]
    return f"{late.needed} - {many} = {left} uncovered: {said}."


def penalty_parts(policy: Policy, deadline: Deadline, outcome: Outcome) -> list[Fraction]:
    """Percent lost for late units and for units of the bank, each where it costs something."""
    late = loss(policy.penalty, outcome.penalised, deadline.points)
    return [part for part in (late, policy.penalty.used_unit_costs * outcome.charged) if part]


def penalty_sentences(policy: Policy, deadline: Deadline, outcome: Outcome) -> Iterator[str]:
    """What is lost, and by which arithmetic. Nothing where the work is refused or worth nothing anyway."""
    if not outcome.accepted or outcome.is_zero:
        return
    penalty = policy.penalty
    if outcome.penalised and loss(penalty, outcome.penalised, deadline.points):
        yield f"Penalty for {units(policy, outcome.penalised)}: {_amount(penalty, deadline, outcome.penalised)}."
    elif outcome.penalised:
        yield f"{units(policy, outcome.penalised)} cost{'s' if outcome.penalised == 1 else ''} nothing."
    used = penalty.used_unit_costs * outcome.charged
    if used:
        each = shown(penalty.used_unit_costs)
        yield f"Each unit that the bank pays costs {each} %: {each} x {outcome.charged} = {shown(used)} %."


OF = {
    "percent_of_max": " % off the maximum", "percent_of_earned": " % off what the work earned",
    "points": " points off", "cap": " % off the most it can get",
}  # fmt: skip


def _amount(penalty: Penalty, deadline: Deadline, many: int) -> str:
    steps = penalty.steps
    beyond = many - len(steps)
    last = steps[-1] if steps else Fraction()
    if beyond <= 0:
        amount = steps[many - 1]
        said = f"{shown(amount)}"
    elif not penalty.each:
        amount = last
        said = f"the last step, {shown(amount)}"
    else:
        amount = last + penalty.each * beyond
        first = f"{shown(last)} + " if steps else ""
        said = f"{first}{shown(penalty.each)} x {beyond} = {shown(amount)}"
    limits = [penalty.most] if penalty.most is not None else []
    most = min([*limits, ALL] if penalty.kind != "points" else limits, default=amount)
    if amount > most:
        said, amount = f"{said}, at most {shown(most)}", most
    return f"{said}{OF[penalty.kind]}{_of_points(penalty, deadline, amount)}"


def _of_points(penalty: Penalty, deadline: Deadline, amount: Fraction) -> str:
    if penalty.kind != "points" or not deadline.points:
        return ""
    if amount > deadline.points:
        return f", more than all {shown(deadline.points)} = 100 %"
    return f"; {shown(amount)} of {shown(deadline.points)} = {shown(amount * ALL / deadline.points)} %"
