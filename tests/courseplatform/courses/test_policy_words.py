"""The public page says every field of a late policy: none can change without a sentence that changes with it."""

import copy
from dataclasses import replace
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import yaml

from courseplatform.courses.policy_words import pass_sentences, policy_sentences
from grading.course_file.late.policy import policy_of
from grading.course_file.late.schema import POLICY

COURSES = Path(__file__).resolve().parents[3] / "courses"
DAYS = {
    "bank": {"days": 6, "owner": "person"},
    "unit": {"kind": "calendar_day", "boundary": "00:00", "due_day": "free"},
    "edge": "late",
    "minute": "instant",
    "grace": {"minutes": 10, "at": "first"},
    "weekend": "counts",
    "cap": 2,
    "spend": "automatic",
    "order": "submit_time",
    "over": {"rule": "penalty", "partial": True},
    "penalty": {"kind": "percent_of_max", "steps": [10, 20], "each": 5, "most": 50, "used_unit_costs": 1},
    "team": "each",
    "attempt": "active",
    "pass": {"turned_in": 1, "of": ["lab1", "lab2"], "note": "Also for zero credit."},
}
HOURS = DAYS | {"unit": {"kind": "hours", "hours": 12, "clock": "wall"}}
BANKS = {key: value for key, value in DAYS.items() if key != "bank"} | {
    "banks": [
        {"name": "Labs", "days": 3, "owner": "person", "assignments": ["lab1"]},
        {"name": "Project", "days": 2, "owner": "person"},
    ]
}
# (policy, path of the field, other values): every value that a choice has is here.
FIELDS = [
    (DAYS, "bank.days", [0, 5]), (DAYS, "bank.owner", ["team"]),
    (BANKS, "banks.0.name", ["All labs"]), (BANKS, "banks.0.days", [4]), (BANKS, "banks.0.owner", ["team"]),
    (BANKS, "banks.0.assignments", [["lab2"], ["lab1", "lab2"]]),
    (DAYS, "unit.kind", ["hours"]), (DAYS, "unit.boundary", ["06:00"]), (DAYS, "unit.due_day", ["counts"]),
    (HOURS, "unit.hours", [24, 6]), (HOURS, "unit.clock", ["elapsed"]),
    (DAYS, "edge", ["on_time"]), (DAYS, "minute", ["whole"]),
    (DAYS, "grace.minutes", [0, 1, 15]), (DAYS, "grace.at", ["every", "shift"]),
    (DAYS, "weekend", ["skipped", "one"]), (DAYS, "cap", [None, 1, 3]),
    (DAYS, "spend", ["asked"]), (DAYS, "order", ["due_date"]),
    (DAYS, "over.rule", ["refuse", "zero"]), (DAYS, "over.partial", [False]), (DAYS | {"over": {"rule": "zero"}}, "over.partial", [False]),
    (DAYS, "penalty.kind", ["percent_of_earned", "points", "cap"]), (DAYS, "penalty.steps", [[], [10], [10, 30]]),
    (DAYS, "penalty.each", [0, 6]), (DAYS, "penalty.most", [40, 100]), (DAYS, "penalty.used_unit_costs", [0, 2.5]),
    (DAYS, "team", ["all", "poorest"]), (DAYS, "attempt", ["last", "best", "last_affordable"]),
    (DAYS, "pass.turned_in", [2]), (DAYS, "pass.of", [["lab1", "lab3"]]), (DAYS, "pass.note", ["Another."]),
]  # fmt: skip


def leaves(schema, path=()):
    if "properties" in schema:
        for key, inner in schema["properties"].items():
            yield from leaves(inner, (*path, key))
    elif "properties" in schema.get("items", {}):
        yield from leaves(schema["items"], (*path, "0"))
    else:
        yield ".".join(path)


def changed(policy, path, value):
    policy = copy.deepcopy(policy)
    *parents, key = path.split(".")
    here = policy
    for step in parents:
        here = here[int(step)] if step.isdigit() else here[step]
    here[key] = value
    return policy


def test_every_field_of_the_contract_is_tried_here():
    assert {path for _, path, _ in FIELDS} == set(leaves(POLICY))


@pytest.mark.parametrize(
    ("policy", "path", "values"), FIELDS, ids=lambda value: value if isinstance(value, str) else ""
)
def test_changing_a_field_changes_the_sentences(policy, path, values):
    said = [policy_sentences(policy), *(policy_sentences(changed(policy, path, value)) for value in values)]
    assert len({tuple(sentences) for sentences in said}) == len(said)


LEFT_OUT = [
    ("unit", DAYS["unit"]), ("edge", "late"), ("minute", "instant"), ("grace", {"minutes": 0, "at": "first"}), ("weekend", "counts"),
    ("cap", None), ("spend", "automatic"), ("order", "submit_time"), ("over", {"rule": "penalty", "partial": True}),
    ("penalty", {"kind": "percent_of_max", "steps": [], "each": 0, "used_unit_costs": 0}), ("team", "each"), ("attempt", "active"),
]  # fmt: skip


@pytest.mark.parametrize(("field", "usual"), LEFT_OUT, ids=[field for field, _ in LEFT_OUT])
def test_a_field_left_out_is_told_as_its_default(field, usual):
    without = {key: value for key, value in DAYS.items() if key != field}
    assert policy_sentences(without) == policy_sentences(without | {field: usual})


def test_hours_are_on_time_at_their_end_where_nothing_is_said():
    without = {key: value for key, value in HOURS.items() if key != "edge"}
    assert policy_sentences(without) == policy_sentences(without | {"edge": "on_time"})


@pytest.mark.parametrize(("field", "usual"), LEFT_OUT, ids=[field for field, _ in LEFT_OUT])
def test_what_is_told_of_a_field_left_out_is_what_grading_takes_for_it(field, usual):
    without = {key: value for key, value in DAYS.items() if key != field}
    holds, said = (policy_of(policy, ZoneInfo("UTC")) for policy in (without, without | {field: usual}))
    assert replace(holds, edge=said.edge) == said
    assert holds.edge_is_late is said.edge_is_late


def test_the_two_courses_own_rules_read_well():
    mit = yaml.safe_load((COURSES / "mit-6-s965-f22.yaml").read_text())["late_policy"]["policy"]
    assert policy_sentences(mit, "New York time", {f"lab{n}": f"Lab {n}" for n in range(5)}) == [
        "6 late days without penalty for each person, over the whole term.",
        "At most 6 late days on one assignment.",
        "They are used by themselves, in the order in which work is handed in.",
        "Late days are counted by the calendar: each new one begins at 00:00 New York time.",
        "From the due time to the first of these nothing is late.",
        "Work handed in at the very moment when a late day begins is late by it; at the due time itself it is on time.",
        "Every second counts.",
        "There is no grace after the due time.",
        "Saturdays and Sundays count like other days.",
        "Where these do not cover all of a delay, they cover what they can, and the rest is penalised.",
        "After them, 1 day more: 50 % off what the work earned.",
        "After them, 2 days more: 100 % off what the work earned; the work is worth nothing then.",
        "For a team's work each member uses their own late days, and is judged alone.",
        "Of several attempts the active one counts; where none is, the last.",
        "To pass, at least 3 of 4 must be turned in: Lab 1, Lab 2, Lab 3, Lab 4.",
    ]
    cmu = {"bank": {"days": 5, "owner": "team"}, "unit": {"kind": "hours"}, "penalty": {"each": 2}}
    assert policy_sentences(cmu) == [
        "5 late days without penalty for each team, over the whole term.",
        "All of them may go to one assignment.",
        "They are used by themselves, in the order in which work is handed in.",
        "A late day is 24 hours, counted from the due time.",
        "When the clocks change, the clock on the wall counts, not the hours that pass.",
        "Work handed in at the very moment when a late day begins is not late by it yet; at the due time itself it is on time.",
        "Every second counts.",
        "There is no grace after the due time.",
        "Saturdays and Sundays count like other days.",
        "Where these do not cover all of a delay, they cover what they can, and the rest is penalised.",
        "After them 2 % off the maximum for each further day.",
        "Of several attempts the active one counts; where none is, the last.",
    ]


def test_what_decides_nothing_is_not_told():
    by_balance = DAYS | {"attempt": "best"}
    assert policy_sentences(by_balance) == policy_sentences(by_balance | {"order": "due_date"})
    of_teams = DAYS | {"bank": {"days": 6, "owner": "team"}}
    assert policy_sentences(of_teams) == policy_sentences(of_teams | {"team": "all"})


def test_no_rule_of_passing_says_nothing():
    assert list(pass_sentences(None)) == []
