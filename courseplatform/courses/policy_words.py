"""A late policy in sentences, field by field, as the public page of policies shows it.

A field that is left out is told by what then holds, since one silent line can decide a grade; a field that decides nothing here (the
order where the best attempt is judged, a rule for members' banks where the banks are the teams') is not told. The rules themselves are
in `grading/latepolicy.py`, which this room does not know; a test compares what both take for a field that is left out.
"""

from collections.abc import Iterator, Mapping
from typing import Any

Facts = dict[str, Any]
Names = Mapping[str, str]
NO_NAMES: Names = {}
BY_BALANCE = {"best", "last_affordable"}  # which attempt is judged hangs on the bank, so these go by due time
OFF = {
    "percent_of_max": " % off the maximum",
    "percent_of_earned": " % off what the work earned",
    "points": " points off",
    "cap": " % off the most one can get",
}


def policy_sentences(policy: Facts, zone: str = "", names: Names = NO_NAMES) -> list[str]:
    """`zone`: the words of the zone in which a late day begins: New York time. `names`: of assignments, by the name in the file."""
    return [
        *_bank(policy, names),
        *_spending(policy),
        *_unit(policy.get("unit", {}), zone),
        *_edges(policy),
        *_grace(policy),
        *_weekend(policy),
        *_over(policy),
        *_penalty(policy),
        *_team(policy),
        *_attempt(policy),
        *pass_sentences(policy.get("pass"), names),
    ]


def _is_hours(policy: Facts) -> bool:
    return bool(policy.get("unit", {}).get("kind", "calendar_day") == "hours")


def _unit_name(policy: Facts) -> str:
    """late day, or late unit where it is hours and not 24 of them."""
    return "late unit" if _is_hours(policy) and policy["unit"].get("hours", 24) != 24 else "late day"


def _many(policy: Facts, number: float) -> str:
    return f"{number:g} {_unit_name(policy)}{'' if number == 1 else 's'}"


def _listed(assignments: list[str], names: Names) -> str:
    return ", ".join(names.get(name, name) for name in assignments)


# -- the bank


def _banks(policy: Facts) -> list[Facts]:
    return policy.get("banks") or ([policy["bank"]] if "bank" in policy else [])


def _bank(policy: Facts, names: Names) -> Iterator[str]:
    banks = _banks(policy)
    for bank in banks:
        whose = "each person" if bank.get("owner", "person") == "person" else "each team"
        name = f"{bank['name']}: " if "name" in bank else ""
        what = ""
        if bank.get("assignments"):
            what = f", for {_listed(bank['assignments'], names)}"
        elif len(banks) > 1:
            what = ", for all other work"
        yield f"{name}{_many(policy, bank.get('days', 0))} without penalty for {whose}, over the whole term{what}."
    if not banks:
        yield f"There are no {_unit_name(policy)}s without penalty."
    elif policy.get("cap") is not None:
        yield f"At most {_many(policy, policy['cap'])} on one assignment."
    else:
        yield "All of them may go to one assignment."


def _spending(policy: Facts) -> Iterator[str]:
    if not _banks(policy):
        return
    by_due = policy.get("order", "submit_time") == "due_date" or policy.get("attempt") in BY_BALANCE
    order = "in the order in which work is due" if by_due else "in the order in which work is handed in"
    if policy.get("spend", "automatic") == "asked":
        yield f"They are used only when asked for, {order}."
    else:
        yield f"They are used by themselves, {order}."


# -- what is late


def _unit(unit: Facts, zone: str) -> Iterator[str]:
    if unit.get("kind", "calendar_day") == "hours":
        hours = unit.get("hours", 24)
        yield f"A late {'day' if hours == 24 else 'unit'} is {hours:g} hour{'' if hours == 1 else 's'}, counted from the due time."
        if unit.get("clock", "wall") == "elapsed":
            yield "When the clocks change, the hours that pass count, not the clock on the wall."
        else:
            yield "When the clocks change, the clock on the wall counts, not the hours that pass."
        return
    begins = f"{unit.get('boundary', '00:00')} {zone}".strip()
    yield f"Late days are counted by the calendar: each new one begins at {begins}."
    if unit.get("due_day", "free") == "counts":
        yield "The first one begins at the due time."
    else:
        yield "From the due time to the first of these nothing is late."


def _edges(policy: Facts) -> Iterator[str]:
    edge = policy.get("edge") or ("on_time" if _is_hours(policy) else "late")
    side = "is late by it" if edge == "late" else "is not late by it yet"
    yield f"Work handed in at the very moment when a {_unit_name(policy)} begins {side}; at the due time itself it is on time."
    if policy.get("minute", "instant") == "whole":
        yield "Seconds are dropped before times are compared: 23:59:59 is 23:59."
    else:
        yield "Every second counts."


def _grace(policy: Facts) -> Iterator[str]:
    grace = policy.get("grace", {})
    minutes = grace.get("minutes", 0)
    if not minutes:
        yield "There is no grace after the due time."
        return
    many = f"{minutes:g} minute{'' if minutes == 1 else 's'}"
    yield {
        "first": f"Up to {many} after the due time nothing is late; later, everything counts from the due time.",
        "every": f"The due time and the beginning of each {_unit_name(policy)} are taken to be {many} later.",
        "shift": f"The due time is taken to be {many} later, and everything counts from there.",
    }[grace.get("at", "first")]


def _weekend(policy: Facts) -> Iterator[str]:
    yield {
        "counts": "Saturdays and Sundays count like other days.",
        "skipped": f"A {_unit_name(policy)} that begins on a Saturday or a Sunday is not counted.",
        "one": f"All {_unit_name(policy)}s that begin on one weekend count as one.",
    }[policy.get("weekend", "counts")]


# -- what it costs


def _over(policy: Facts) -> Iterator[str]:
    over = policy.get("over", {})
    rule, partial = over.get("rule", "penalty"), over.get("partial", True)
    if rule == "refuse":
        yield "Where these do not cover all of a delay, late work is not taken."
    elif rule == "zero":
        used = "those that are left are used for it" if partial else "none are used for it"
        yield f"Where these do not cover all of a delay, late work is taken and worth nothing; {used}."
    elif partial:
        yield "Where these do not cover all of a delay, they cover what they can, and the rest is penalised."
    else:
        yield "Where these do not cover all of a delay, none are used, and all of it is penalised."


def _penalty(policy: Facts) -> Iterator[str]:
    penalty, unit = policy.get("penalty", {}), _unit_name(policy).removeprefix("late ")
    if policy.get("over", {}).get("rule", "penalty") == "penalty":
        steps, each = penalty.get("steps", []), penalty.get("each", 0)
        kind = penalty.get("kind", "percent_of_max")
        off = OFF[kind]
        for n, step in enumerate(steps, 1):
            tail = "; the work is worth nothing then" if step == 100 and kind != "points" else ""
            yield f"After them, {n} {unit}{'' if n == 1 else 's'} more: {step:g}{off}{tail}."
        if each:
            yield f"{'Then' if steps else 'After them'} {each:g}{off} for each further {unit}."
        if not each and not any(steps):
            yield "After them, being late costs nothing."
        elif "most" in penalty and (kind == "points" or penalty["most"] < 100):
            yield f"Never more than {penalty['most']:g}{' points' if kind == 'points' else ' %'}."
    if penalty.get("used_unit_costs"):
        yield f"Each {_unit_name(policy)} that is used costs {penalty['used_unit_costs']:g} %."


# -- whose, and which


def _team(policy: Facts) -> Iterator[str]:
    if all(bank.get("owner") == "team" for bank in _banks(policy)):
        return
    days = f"{_unit_name(policy)}s"
    yield {
        "each": f"For a team's work each member uses their own {days}, and is judged alone.",
        "all": f"For a team's work {days} are used only when every member has enough of them.",
        "poorest": f"For a team's work each member uses as many {days} as the one with the fewest has left.",
    }[policy.get("team", "each")]


def _attempt(policy: Facts) -> Iterator[str]:
    days = f"{_unit_name(policy)}s"
    yield {
        "active": "Of several attempts the active one counts; where none is, the last.",
        "last": "Of several attempts the last one counts that is not past a cutoff.",
        "best": "Of several attempts the one with the best result counts.",
        "last_affordable": f"Of several attempts the last one counts that the {days} cover in full; where there is none, the first that is late.",
    }[policy.get("attempt", "active")]


def pass_sentences(rule: Facts | None, names: Names = NO_NAMES) -> Iterator[str]:
    """What must be turned in to pass."""
    if rule:
        of = rule.get("of", [])
        note = f" {rule['note'].rstrip('.')}." if "note" in rule else ""
        yield f"To pass, at least {rule.get('turned_in', 0)} of {len(of)} must be turned in: {_listed(of, names)}.{note}"
