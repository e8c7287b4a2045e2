"""A late policy in sentences, field by field: nothing is said that no field says."""

from collections.abc import Iterator
from typing import Any

PENALTIES = {
    "percent_of_max": "off the maximum", "percent_of_earned": "of what the work earned", "points": "points off", "cap": "lower as the most one can get",
}  # fmt: skip


def _days(number: float) -> str:
    return f"{number:g} late day" if number == 1 else f"{number:g} late days"


def policy_sentences(policy: dict[str, Any], zone: str = "") -> list[str]:
    """`zone`: the words of the zone in which a late day begins: New York time."""
    return [*_bank(policy), *_unit(policy, zone), *_after(policy), *_pass(policy.get("pass"))]


def _bank(policy: dict[str, Any]) -> Iterator[str]:
    banks = policy.get("banks") or ([policy["bank"]] if "bank" in policy else [])
    for bank in banks:
        whose = "each person" if bank.get("owner", "person") == "person" else "each team"
        name = f" ({bank['name']})" if "name" in bank else ""
        yield f"{_days(bank.get('days', 0))} without penalty for {whose}, over the whole term{name}."
    if policy.get("cap") is not None:
        yield f"At most {_days(policy['cap'])} on one assignment."


def _unit(policy: dict[str, Any], zone: str) -> Iterator[str]:
    unit = policy.get("unit", {})
    if unit.get("kind") == "hours":
        yield f"A late day is {unit.get('hours', 24)} hours, counted from the due time."
    elif unit.get("kind") == "calendar_day":
        begins = f"{unit.get('boundary', '00:00')} {zone}".strip()
        yield f"Late days are counted by the calendar: each new one begins at {begins}."
    grace = policy.get("grace", {})
    if grace.get("minutes"):
        yield f"{grace['minutes']} minutes after the due time nothing is late yet."
    weekend = {"skipped": "Saturdays and Sundays are not counted.", "one": "A weekend counts as one day."}
    if policy.get("weekend") in weekend:
        yield weekend[policy["weekend"]]


def _after(policy: dict[str, Any]) -> Iterator[str]:
    rule = policy.get("over", {}).get("rule", "penalty")
    if rule == "refuse":
        yield "When the late days are used up, nothing is taken any more."
    elif rule == "zero":
        yield "When the late days are used up, work is worth nothing."
    penalty = policy.get("penalty", {})
    if rule == "penalty" and penalty:
        yield from _penalty(penalty)


def _penalty(penalty: dict[str, Any]) -> Iterator[str]:
    of, sign = PENALTIES[penalty.get("kind", "percent_of_max")], "" if penalty.get("kind") == "points" else " %"
    steps = penalty.get("steps", [])
    for n, step in enumerate(steps, 1):
        tail = "; the work is worth nothing then" if step == 100 and penalty.get("kind") != "points" else ""
        yield f"After them, {n} day{'' if n == 1 else 's'} more: {step:g}{sign} {of}{tail}."
    if penalty.get("each"):
        yield f"{'Then' if steps else 'After them'} {penalty['each']:g}{sign} {of} for each further day."
    if penalty.get("most", 100) < 100 or (sign == "" and "most" in penalty):
        yield f"Never more than {penalty['most']:g}{sign}."


def _pass(rule: dict[str, Any] | None) -> Iterator[str]:
    if rule:
        note = f" {rule['note'].rstrip('.')}." if "note" in rule else ""
        yield f"To pass, at least {rule.get('turned_in', 0)} of {len(rule.get('of', []))} must be turned in.{note}"


pass_sentences = _pass
