"""The part `lending` of the course file: by which rules the course lends, kept in Course.facts."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any

from courseplatform.courses.course_file.reading import Finding, Source
from courseplatform.courses.course_file.registry import Edited, FilePart, fact_part
from courseplatform.courses.course_file.words import Schema, choice, count, listed, mapping, slug
from courseplatform.courses.models import Course, ScheduleChange
from hardware.inventory.lending.policy import KEY, LendingPolicy
from hardware.models import Kind

AFTER_PERIPHERALS = 66  # the order of `peripherals`, registered before: of equals the earlier stands first
RULES_CHANGED = "The rules of lending were changed: "  # begins the line in the log that says so
RETURN_KIND = "hardware_return"
USUAL = LendingPolicy()


def _rule(schema: Schema, usual: str) -> Schema:
    """Says what holds where it is left out. No default of the schema: a rule that somebody wrote out stays written."""
    return {**schema, "description": f"{schema['description']} Left out: {usual}."}


def _switch(says: str) -> Schema:
    return _rule({"type": "boolean", "description": says}, "true")


SCHEMA = mapping(
    "By which rules the course lends its hardware.",
    borrowers=_rule(choice("Who borrows: teams, persons, or both.", "both", "team", "person"), USUAL.borrowers),
    approve=_rule(choice("Who answers a request: the staff, or nobody where something is free.", "staff", "automatic"), USUAL.approve),
    quota=mapping(
        "The most of a kind that one borrower has or has asked for at a time; a kind that is not named has no limit.",
        (),
        **{kind.value: count(f"{kind.label}: so many at most.", 1, 1000) for kind in Kind},
    ),
    returns=_rule(slug("The assignment of the kind hardware_return by which everything comes back."), "the only one there is"),
    longest_days=_rule(count("The most days of a loan that is not for the term.", 1, 366), "no limit"),
    pickup_days=_rule(count("What nobody picked up so many days after it began is released.", 1, 60), f"{USUAL.pickup_days}"),
    remind_days=_rule(
        {**listed(count("Days.", 0, 60), "How many days before the due time a borrower is reminded; an empty list: not at all.", 8), "minItems": 0},
        ", ".join(map(str, USUAL.remind_days)),
    ),
    hold_overdue=_switch("Who has something overdue is handed nothing new."),
    renewals=_rule(count("How often a borrower may renew a loan alone; 0: never.", 0, 20), f"{USUAL.renewals}"),
    renew_days=_rule(count("By how many days each time.", 1, 366), f"{USUAL.renew_days}"),
    open_to_requests=_switch("Students may ask on the page; false: at the desk only."),
    team_runners=_switch("A team enrols a board that it has on loan as a runner of its own; false: the staff make the codes."),
)  # fmt: skip


def check(source: Source) -> Iterator[Finding]:
    """Findings at their lines: `twice`, `unknown_assignment`, `not_a_return`, `two_returns`."""
    if KEY not in source.tree:
        return
    rules: dict[str, Any] = source.tree[KEY]
    days = rules.get("remind_days", [])
    if twice := sorted({day for day in days if days.count(day) > 1}):
        yield Finding(source.line(KEY, "remind_days"), "twice", f"{KEY}.remind_days names {twice[0]} twice.")
    kinds = {item["slug"]: item["kind"] for item in source.tree.get("assignments", [])}
    back = [name for name, kind in kinds.items() if kind == RETURN_KIND]
    if "returns" not in rules:
        if len(back) > 1:
            said = f"Hardware is returned by {' and by '.join(back)}. Say in {KEY}.returns which of them counts."
            yield Finding(source.line(KEY), "two_returns", said)
    elif rules["returns"] not in kinds:
        said = f"{KEY}.returns is {rules['returns']}, which is no assignment of the course. "
        yield Finding(source.line(KEY, "returns"), "unknown_assignment", said + _known(back))
    elif rules["returns"] not in back:
        said = f"{KEY}.returns is {rules['returns']}, of the kind {kinds[rules['returns']]}, by which no hardware comes back. "
        yield Finding(source.line(KEY, "returns"), "not_a_return", said + _known(back))


def _known(back: list[str]) -> str:
    return f"It has {', '.join(back)}." if back else f"It has none of the kind {RETURN_KIND}."


def _edited(course: Course, since: datetime | None) -> dict[str, Edited]:
    changes = ScheduleChange.objects.filter(course=course, sentence__startswith=RULES_CHANGED)
    last = (changes.filter(at__gt=since) if since else changes).first()
    return {"": Edited(last.by, last.at)} if last else {}


LENDING_PART: FilePart = replace(fact_part(KEY, AFTER_PERIPHERALS, SCHEMA, check), edited=_edited)
