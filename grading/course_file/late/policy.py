"""The late policy of a file: what is wrong with it, and the policy it says. The course file and `late_report` read it alike."""

from collections import Counter
from collections.abc import Collection, Iterator
from datetime import time
from fractions import Fraction
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

from courseplatform.courses.course_file.reading import Finding, Path, Source
from grading.late.facts import Bank, PassRule, Penalty, Policy, Unit

EARLY = ("early", "bonus", "reward")
FREE_TEXT = {"note"}
DECAY = ("decay", "continuous", "linear", "exponential", "half_life", "per_minute", "per_second", "curve")


def exact(value: float) -> Fraction:
    """The number as it was written, not as a float holds it."""
    return Fraction(str(value))


def policy_of(tree: dict[str, Any], zone: ZoneInfo) -> Policy:
    """The policy that a checked mapping says; what is left out takes its default."""
    over, grace = tree.get("over", {}), tree.get("grace", {})
    rule = tree.get("pass")
    return Policy(
        zone=zone,
        banks=_banks(tree),
        unit=_unit(tree.get("unit", {})),
        edge=tree.get("edge", ""),
        minute=tree.get("minute", "instant"),
        grace_minutes=exact(grace.get("minutes", 0)),
        grace_at=grace.get("at", "first"),
        weekend=tree.get("weekend", "counts"),
        cap=None if tree.get("cap") is None else int(tree["cap"]),
        spend=tree.get("spend", "automatic"),
        order=tree.get("order", "submit_time"),
        over=over.get("rule", "penalty"),
        partial=over.get("partial", True),
        penalty=_penalty(tree.get("penalty", {})),
        team=tree.get("team", "each"),
        attempt=tree.get("attempt", "active"),
        pass_rule=PassRule(int(rule["turned_in"]), tuple(rule["of"])) if rule else None,
    )


def _banks(tree: dict[str, Any]) -> tuple[Bank, ...]:
    if tree.get("banks"):
        return tuple(
            Bank(int(b["days"]), b["owner"], b["name"], tuple(b["assignments"]) if b.get("assignments") else None)
            for b in tree["banks"]
        )
    return (Bank(int(tree["bank"]["days"]), tree["bank"]["owner"]),) if "bank" in tree else (Bank(),)


def _unit(tree: dict[str, Any]) -> Unit:
    usual = Unit()
    return Unit(
        tree.get("kind", usual.kind),
        time.fromisoformat(tree["boundary"]) if "boundary" in tree else usual.boundary,
        tree.get("due_day", usual.due_day),
        exact(tree["hours"]) if "hours" in tree else usual.hours,
        tree.get("clock", usual.clock),
    )


def _penalty(tree: dict[str, Any]) -> Penalty:
    return Penalty(
        tree.get("kind", "percent_of_max"),
        tuple(exact(step) for step in tree.get("steps", [])),
        exact(tree.get("each", 0)),
        exact(tree["most"]) if "most" in tree else None,
        exact(tree.get("used_unit_costs", 0)),
    )


def unlike_any_policy(source: Source, path: Path = ("policy",)) -> Iterator[Finding]:
    """What people ask of late policies and this one refuses in words, because to approximate it would be to grade by another rule."""
    yield from _asks_for(source, source.tree, path)


def _asks_for(source: Source, tree: Any, path: Path) -> Iterator[Finding]:
    value = tree
    for step in path:
        value = value.get(step, {}) if isinstance(value, dict) else {}
    for key, item in value.items() if isinstance(value, dict) else ():
        words = "" if key in FREE_TEXT else f"{key} {item}".lower() if isinstance(item, str) else key.lower()
        at = source.line(*path, key)
        if any(word in words for word in DECAY):
            yield Finding(
                at,
                "continuous_decay",
                "A penalty that grows with every minute is not taken, and not approximated; say it in steps.",
            )
        elif any(word in words for word in EARLY):
            yield Finding(
                at,
                "early_bonus",
                "A bonus for being early is not part of a late policy; give it as extra credit of the assignment.",
            )
        elif isinstance(item, dict):
            yield from _asks_for(source, tree, (*path, key))


def contradictions(source: Source, path: Path, known: Collection[str]) -> Iterator[Finding]:
    """What no schema can say about the policy at `path`; `known`: the names of the assignments."""
    tree: Any = source.tree
    for step in path:
        tree = tree[step]
    if "bank" in tree and tree.get("banks"):
        yield Finding(source.line(*path, "banks"), "two_ways", "The policy has bank and banks; say one of them.")
    yield from _bank_names(source, (*path, "banks"), tree.get("banks", []), known)
    penalty = tree.get("penalty", {})
    for n, (before, after) in enumerate(pairwise(penalty.get("steps", []))):
        if after < before:
            said = f"The steps fall from {before:g} to {after:g}: who hands in later would lose less."
            yield Finding(source.line(*path, "penalty", "steps", n + 1), "falling_steps", said)
    over = tree.get("over", {})
    if penalty.get("used_unit_costs") and over.get("rule", "penalty") == "penalty" and not over.get("partial", True):
        said = "used_unit_costs with partial: false makes it cheaper to be later than the bank reaches; leave one of them out."
        yield Finding(source.line(*path, "penalty", "used_unit_costs"), "later_is_cheaper", said)
    for n, name in enumerate(tree.get("pass", {}).get("of", [])):
        if name not in known:
            at = source.line(*path, "pass", "of", n)
            yield Finding(
                at,
                "unknown_assignment",
                f"{'.'.join(map(str, path))}.pass.of names {name}, and the file has no assignment of that name.",
            )
    yield from _twice(source, (*path, "pass", "of"), tree.get("pass", {}).get("of", []))


def _bank_names(source: Source, path: Path, banks: list[dict[str, Any]], known: Collection[str]) -> Iterator[Finding]:
    yield from _twice(source, path, [bank["name"] for bank in banks], "name")
    open_banks = [n for n, bank in enumerate(banks) if not bank.get("assignments")]
    if len(open_banks) > 1:
        said = "Two banks name no assignments, so both would pay for everything; say what each pays for."
        yield Finding(source.line(*path, open_banks[1]), "two_banks", said)
    payers: dict[str, str] = {}
    for n, bank in enumerate(banks):
        for k, name in enumerate(bank.get("assignments", [])):
            at = source.line(*path, n, "assignments", k)
            if name not in known:
                yield Finding(
                    at,
                    "unknown_assignment",
                    f"The bank {bank['name']} pays for {name}, and the file has no assignment of that name.",
                )
            elif name in payers:
                yield Finding(
                    at,
                    "two_banks",
                    f"{name} is paid by {payers[name]} and by {bank['name']}; one bank pays for an assignment.",
                )
            payers.setdefault(name, bank["name"])


def _twice(source: Source, path: Path, names: list[str], *below: str) -> Iterator[Finding]:
    seen: Counter[str] = Counter()
    for n, name in enumerate(names):
        seen[name] += 1
        if seen[name] == 2:
            yield Finding(source.line(*path, n, *below), "name_twice", f"{name} stands twice.")


names_twice = _twice
