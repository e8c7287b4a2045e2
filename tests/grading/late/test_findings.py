"""What a late-day file says and its author may not have meant: each finding once, with its line; told, and never refused."""

import json

import pytest

from grading.course_file.late.report import late_report

PLAIN = """\
zone: America/New_York
policy:
  bank: {days: 6, owner: person}
  unit: {kind: calendar_day}
  edge: late
  penalty: {kind: percent_of_max, each: 10}
assignments:
  lab1: {due: "2022-10-04 23:59", points: 100}
people: [a, b]
teams:
  t1: [{person: a}]
  t2: [{person: b, to: "2022-10-01"}]
submissions:
  - {id: s1, owner: a, by: a, assignment: lab1, at: "2022-10-04 09:00"}
"""


def findings(text):
    return {(one["code"], one["line"]) for one in late_report(text.encode())["findings"]}


def test_a_file_in_which_all_is_meant_has_none():
    assert findings(PLAIN) == set()


FOUND = [
    ("  edge: late\n", "", "edge_left_out", 4),
    ("  unit: {kind: calendar_day}\n  edge: late\n", "", "edge_left_out", 2),
    ("{kind: calendar_day}", "{kind: calendar_day, hours: 24}", "unit_without_effect", 4),
    ("{kind: calendar_day}", '{kind: hours, boundary: "00:00"}', "unit_without_effect", 4),
    ("  edge: late\n", "  edge: late\n  cap: 7\n", "cap_above_bank", 6),
    ("points: 100", "cap: 7", "cap_above_bank", 8),
    ("points: 100", "cap: 1, no_late: true", "cap_without_effect", 8),
    ("owner: person}", "owner: team}\n  team: all", "team_without_effect", 4),
    ("  edge: late\n", "  edge: late\n  attempt: best\n  order: submit_time\n", "order_without_effect", 7),
    ("  edge: late\n", "  edge: late\n  pass: {turned_in: 2, of: [lab1]}\n", "pass_out_of_reach", 6),
    ("  edge: late\n", "  edge: late\n  over: {rule: refuse}\n", "penalty_never_applies", 7),
    ("each: 10", "each: 10, most: 0", "penalty_never_applies", 6),
    ("days: 6, owner: person}", "days: 0, owner: person}\n  penalty: {each: 1, used_unit_costs: 1}\n  minute: whole", "penalty_never_applies", 4),
    ("each: 10}", "each: 10, used_unit_costs: 5}\n  team: all", "later_can_be_cheaper", 6),
    ("each: 10", "each: 0", "late_costs_nothing", 6),
    ("  penalty: {kind: percent_of_max, each: 10}\n", "  over: {partial: true}\n", "late_costs_nothing", 6),
    ("each: 10", "steps: [10, 90], most: 50", "steps_above_most", 6),
    ("bank: {days: 6, owner: person}", "banks: [{name: x, days: 6, owner: person, assignments: [lab2]}]", "no_bank", 8),
    ("points: 100", 'cutoff: "2022-10-04 12:00"', "cutoff_before_due", 8),
    ("submissions:", 'extensions:\n  - {owner: a, assignment: lab1, until: "2022-10-04 20:00"}\nsubmissions:', "extension_without_effect", 14),
    ("submissions:", "requests:\n  - {owner: a, assignment: lab1, units: 1}\nsubmissions:", "requests_without_effect", 13),
    ("by: a", "active: true, counted: false", "active_not_counted", 14),
    ("owner: a, by: a", "owner: t2", "nobody_judged", 14),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "code", "line"), FOUND)
def test_what_is_odd_is_told_with_its_line(old, new, code, line):
    text = PLAIN.replace(old, new, 1)
    if "used_unit_costs" in new:
        text = text.replace("  penalty: {kind: percent_of_max, each: 10}\n", "")
    if "lab2" in new:
        text = text.replace("people:", '  lab2: {due: "2022-10-05 23:59"}\npeople:')
    assert text != PLAIN
    assert (code, line) in findings(text)


def test_each_code_is_said_in_a_sentence():
    report = late_report(PLAIN.replace("  edge: late\n", "").replace("each: 10", "each: 0").encode())
    assert [one["sentence"] for one in report["findings"]] == [
        "No rule says what a hand-in exactly at a boundary is; it counts as late.",
        "Uncovered units have no penalty, so being late costs nothing.",
    ]
    assert json.loads(json.dumps(report)) == report
