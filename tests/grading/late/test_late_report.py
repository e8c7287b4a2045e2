"""manage.py late_report: one JSON object and nothing else, or refusals with file and line and nothing else."""

import json
import os
import subprocess
import sys
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command

from grading.course_file.late.facts import MOST_BYTES

ROOT = Path(__file__).resolve().parents[3]
GOOD = """\
zone: America/New_York
policy:
  bank: {days: 6, owner: person}
  unit: {kind: calendar_day, boundary: "00:00", due_day: free}
  over: {rule: penalty, partial: true}
  penalty: {kind: percent_of_earned, steps: [50, 100]}
  pass: {turned_in: 1, of: [lab1]}
assignments:
  lab1: {due: "2022-10-04 23:59", points: 100}
  lab2: {due: "2022-10-11 23:59", cutoff: {units: 3}}
people: [a, b]
teams:
  t1:
    - {person: a}
    - {person: b, from: "2022-09-20", to: null}
grants:
  - {owner: a, days: 2, from: "2022-10-01", reason: ill}
extensions:
  - {owner: a, assignment: lab1, until: "2022-10-07 23:59"}
excused:
  - {person: b, assignment: lab2}
requests:
  - {owner: a, assignment: lab1, units: 2, at: "2022-10-04 20:00"}
submissions:
  - {id: s1, owner: a, by: a, assignment: lab1, at: "2022-10-08 09:00", active: true, raw_percent: 90}
  - {id: s2, owner: t1, by: b, assignment: lab2, at: "2022-10-12 09:00"}
"""
KEYS = {"verdicts", "balances", "passes", "findings"}
VERDICT = {
    "person", "team", "assignment", "submission_id", "charged_to", "days_late", "free_days_used", "penalty_percent",
    "max_percent", "final_percent", "accepted", "explanation",
}  # fmt: skip


def answer(path):
    """(exit code, standard output, standard error)"""
    out, err, code = StringIO(), StringIO(), 0
    try:
        call_command("late_report", str(path), stdout=out, stderr=err)
    except SystemExit as stopped:
        code = stopped.code
    return code, out.getvalue(), err.getvalue()


@pytest.fixture
def write(tmp_path):
    def written(content):
        path = tmp_path / "term.yaml"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return written


def refusals(path):
    """(code, line) of each refusal, after everything that must hold of their form."""
    code, out, err = answer(path)
    assert (code, out) == (2, "")
    found = []
    for line in err.splitlines():
        assert line.startswith(f"{path}:"), line
        number, name, sentence = line.removeprefix(f"{path}:").split(":", 2)
        assert sentence.startswith(" ")
        assert sentence.endswith((".", "?")), line
        assert name == f" {name.strip()}"
        found.append((name.strip(), int(number)))
    assert found
    return found


def test_the_answer_is_one_json_object_with_the_agreed_keys(write):
    code, out, err = answer(write(GOOD))
    assert (code, err) == (0, "")
    report = json.loads(out)
    assert set(report) == KEYS
    assert [set(verdict) for verdict in report["verdicts"]] == [VERDICT] * 3
    assert all(set(finding) == {"code", "line", "sentence"} for finding in report["findings"])
    assert all(set(one) == {"ok", "reasons"} and one["reasons"] for one in report["passes"].values())
    assert all(verdict["explanation"] for verdict in report["verdicts"])


def test_numbers_are_numbers_and_what_is_not_known_is_null(write):
    report = json.loads(answer(write(GOOD))[1])
    first, second, _ = report["verdicts"]
    assert (first["days_late"], first["max_percent"], first["final_percent"], first["team"]) == (1, 100, 90, None)
    assert (second["team"], second["final_percent"], second["charged_to"]) == ("t1", None, "a")
    assert report["balances"] == {"a": 6, "b": 6}


def test_an_attempt_without_a_name_has_none_in_the_report(write):
    report = json.loads(answer(write(GOOD.replace("id: s1, ", "")))[1])
    assert [verdict["submission_id"] for verdict in report["verdicts"]] == [None, "s2", "s2"]


def test_with_several_banks_the_balance_has_one_number_for_each(write):
    banks = "banks: [{name: labs, days: 6, owner: person, assignments: [lab1]}, {name: rest, days: 1, owner: team}]"
    text = GOOD.replace("bank: {days: 6, owner: person}", banks).replace("reason: ill", "bank: labs")
    assert json.loads(answer(write(text))[1])["balances"] == {"a": {"labs": 7}, "b": {"labs": 6}, "t1": {"rest": 0}}


def test_findings_do_not_change_the_exit_code(write):
    code, out, _ = answer(write(GOOD.replace("cutoff: {units: 3}", 'cutoff: "2022-10-01 10:00"')))
    assert code == 0
    assert ("cutoff_before_due", 10) in {(one["code"], one["line"]) for one in json.loads(out)["findings"]}


def test_the_program_itself_answers_and_refuses(write, tmp_path):
    """Once as people call it: exit codes, and each stream holds its own and nothing else, also where no letter beyond ASCII is taken."""
    env = os.environ | {
        "DATA_DIR": str(tmp_path / "data"),
        "DJANGO_SETTINGS_MODULE": "courseplatform.settings",
        "PYTHONIOENCODING": "ascii",
    }
    path = write(GOOD.replace("[a, b]", "[a, b, Zoë]"))
    call = [sys.executable, "manage.py", "late_report", str(path)]
    good = subprocess.run(call, cwd=ROOT, env=env, capture_output=True, text=True, timeout=120, check=False)
    assert (good.returncode, good.stderr) == (0, "")
    assert json.loads(good.stdout)["balances"] == {"a": 6, "b": 6, "Zoë": 6}
    path.write_text(GOOD.replace("people:", "poeple:"))
    bad = subprocess.run(call, cwd=ROOT, env=env, capture_output=True, text=True, timeout=120, check=False)
    assert (bad.returncode, bad.stdout) == (2, "")
    assert bad.stderr.splitlines()[-1] == f"{path}:11: unknown_key: The file has no key poeple. Did you mean people?"


BANK = "bank: {days: 6, owner: person}"
TWO_BANKS = "banks: [{name: x, days: 1, owner: person, assignments: [lab1]}, {name: y, days: 1, owner: team, assignments: [%s]}]"
WRONG = [
    # words that the file does not know, or lacks
    ("weekend", BANK, f"{BANK}\n  weekends: counts", "unknown_key", 4),
    ("key below", "points: 100", "point: 100", "unknown_key", 9),
    ("no zone", "zone: America/New_York\n", "", "missing_key", 1),
    ("no people", "people: [a, b]\n", "", "missing_key", 1),
    ("no policy", GOOD[GOOD.index("policy:"):GOOD.index("assignments:")], "", "missing_key", 1),
    ("no due", 'due: "2022-10-11 23:59", ', "", "missing_key", 10),
    ("no owner of a bank", ", owner: person", "", "missing_key", 3),
    ("no days of a bank", "days: 6, ", "", "missing_key", 3),
    ("neither until nor units", ', until: "2022-10-07 23:59"', "", "missing_key", 19),
    ("no points for a penalty in points", "percent_of_earned", "points", "missing_key", 10),
    ("no bank for a grant", BANK, TWO_BANKS % "lab2", "missing_key", 17),
    ("zone", "America/New_York", "America/Springfield", "unknown_zone", 1),
    ("zone that is a folder", "America/New_York", "America", "unknown_zone", 1),
    ("zone outside", "America/New_York", "../../etc/passwd", "unknown_zone", 1),
    ("owner", "owner: a, by: a", "owner: c, by: a", "unknown_name", 25),
    ("by", "by: b", "by: c", "unknown_name", 26),
    ("by a team", "by: b", "by: t1", "unknown_name", 26),
    ("member", "{person: a}", "{person: c}", "unknown_name", 14),
    ("assignment", "assignment: lab2, at", "assignment: lab9, at", "unknown_name", 26),
    ("grant of nobody", "owner: a, days", "owner: z, days", "unknown_name", 17),
    ("grant for no bank", "reason: ill", "bank: labs", "unknown_name", 17),
    ("extension of nobody", "owner: a, assignment: lab1, until", "owner: z, assignment: lab1, until", "unknown_name", 19),
    ("excused from nothing", "person: b, assignment: lab2", "person: b, assignment: lab9", "unknown_name", 21),
    ("request of nobody", "owner: a, assignment: lab1, units", "owner: z, assignment: lab1, units", "unknown_name", 23),
    ("rule of passing", "of: [lab1]", "of: [lab9]", "unknown_assignment", 7),
    ("bank of an assignment", BANK, TWO_BANKS % "lab9", "unknown_assignment", 3),
    ("grant to a team", "owner: a, days", "owner: t1, days", "no_bank", 17),
    # what stands twice, or contradicts
    ("key", "zone: America/New_York", "zone: UTC\nzone: UTC", "key_twice", 2),
    ("assignment twice", "  lab2:", "  lab1:", "key_twice", 10),
    ("person twice", "people: [a, b]", "people: [a, b, a]", "name_twice", 11),
    ("person and team", "  t1:", "  a:", "name_twice", 13),
    ("attempt", "id: s2", "id: s1", "name_twice", 26),
    ("bank twice", BANK, (TWO_BANKS % "lab2").replace("name: y", "name: x"), "name_twice", 3),
    ("passing twice", "of: [lab1]", "of: [lab1, lab1]", "name_twice", 7),
    ("bank and banks", BANK, f"{BANK}\n  {TWO_BANKS % 'lab2'}", "two_ways", 4),
    ("until and units", ', until: "2022-10-07 23:59"', ', until: "2022-10-07 23:59", units: 1', "two_ways", 19),
    ("two banks for one", BANK, TWO_BANKS % "lab1", "two_banks", 3),
    ("two banks for all", BANK, "banks: [{name: x, days: 1, owner: person}, {name: y, days: 1, owner: person}]", "two_banks", 3),
    ("two active", "id: s2, owner: t1, by: b, assignment: lab2", "id: s2, owner: a, by: a, active: true, assignment: lab1", "two_active", 26),
    ("two teams", "grants:", "  t2: [{person: a}]\ngrants:", "two_teams", 16),
    ("one team twice", "    - {person: a}", "    - {person: a}\n    - {person: a}", "two_teams", 15),
    ("membership", 'from: "2022-09-20", to: null', 'from: "2022-09-20", to: "2022-09-20"', "ends_before_it_begins", 15),
    ("not yet a member", 'from: "2022-09-20"', 'from: "2022-10-20"', "not_a_member", 26),
    ("no longer a member", "to: null", 'to: "2022-10-12 09:00"', "not_a_member", 26),
    ("for another person", "by: a", "by: b", "not_a_member", 25),
    # rules that later would be cheaper, or that no step says
    ("falling steps", "[50, 100]", "[50, 20]", "falling_steps", 6),
    ("used units, all or nothing", "partial: true}\n  penalty: {", "partial: false}\n  penalty: {used_unit_costs: 1, ", "later_is_cheaper", 6),
    ("decay", "steps: [50, 100]", "decay: 0.1", "continuous_decay", 6),
    ("decay by kind", "percent_of_earned", "linear", "continuous_decay", 6),
    ("early", "  pass:", "  early_bonus: 5\n  pass:", "early_bonus", 7),
    # values
    ("negative", "days: 6", "days: -1", "too_small", 3),
    ("negative step", "[50, 100]", "[-5, 100]", "too_small", 6),
    ("negative result", "raw_percent: 90", "raw_percent: -1", "too_small", 25),
    ("huge", "points: 100", "points: 1.0e+308", "too_large", 9),
    ("more digits than Python writes", "points: 100", f"points: 0x{'f' * 4000}", "not_a_value", 9),
    ("not a number", "raw_percent: 90", "raw_percent: .nan", "not_a_value", 25),
    ("without end", "points: 100", "points: .inf", "not_a_value", 9),
    ("true for a number", "days: 6", "days: true", "wrong_type", 3),
    ("true for a percentage", "raw_percent: 90", "raw_percent: true", "wrong_type", 25),
    ("half a day", "days: 6", "days: 1.5", "wrong_type", 3),
    ("text for a number", "points: 100", "points: 1e308", "wrong_type", 9),
    ("number for text", "people: [a, b]", "people: [a, b, 7]", "wrong_type", 11),
    ("list for a mapping", GOOD[GOOD.index("  t1:"):GOOD.index("grants:")], "  [] \n", "wrong_type", 12),
    ("no value", "people: [a, b]", "people:", "wrong_type", 11),
    ("word", "due_day: free", "due_day: sometimes", "not_a_choice", 4),
    ("fold", 'at: "2022-10-08 09:00"', 'at: "2022-10-08 09:00", fold: 2', "not_a_choice", 25),
    ("clock", '"00:00"', '"24:00"', "wrong_form", 4),
    ("clock with a line break", '"00:00"', r'"00:00\n"', "wrong_form", 4),
    ("clock in other digits", '"00:00"', '"00:0\u0663"', "wrong_form", 4),
    ("no name", "id: s1", 'id: ""', "empty", 25),
    ("long name", "id: s1", f"id: {'s' * 201}", "too_long", 25),
    # moments
    ("moment", '"2022-10-04 23:59"', '"October 4"', "wrong_form", 9),
    ("moment with a line break", '"2022-10-04 23:59"', r'"2022-10-04 23:59\n"', "wrong_form", 9),
    ("day", '"2022-10-04 23:59"', '"2022-02-30 23:59"', "no_such_time", 9),
    ("due skipped", '"2022-10-04 23:59"', '"2022-03-13 02:30"', "no_such_time", 9),
    ("at skipped", '"2022-10-12 09:00"', '"2022-03-13 02:30"', "no_such_time", 26),
    ("until skipped", 'until: "2022-10-07 23:59"', 'until: "2022-03-13 02:30"', "no_such_time", 19),
    ("cutoff skipped", "cutoff: {units: 3}", 'cutoff: "2022-03-13 02:30"', "no_such_time", 10),
    ("grant skipped", 'from: "2022-10-01"', 'from: "2022-03-13 02:30"', "no_such_time", 17),
    ("member skipped", 'from: "2022-09-20"', 'from: "2022-03-13 02:30"', "no_such_time", 15),
    ("end skipped", "to: null", 'to: "2023-03-12 02:30"', "no_such_time", 15),
    ("request skipped", '"2022-10-04 20:00"', '"2022-03-13 02:30"', "no_such_time", 23),
    ("year 1", '"2022-10-04 23:59"', '"0001-01-01 00:00"', "no_such_time", 9),
    ("year 9999", '"2022-10-12 09:00"', '"9999-12-31T23:59:59Z"', "no_such_time", 26),
    ("fold where there is one", 'at: "2022-10-08 09:00"', 'at: "2022-10-08 09:00", fold: 1', "not_twice", 25),
    ("fold with an offset", 'at: "2022-10-08 09:00"', 'at: "2022-11-06T01:30:00-05:00", fold: 1', "not_twice", 25),
    # YAML
    ("anchor", "zone: A", "zone: &z A", "anchor", 1),
    ("alias", "people: [a, b]", "people: *all", "alias", 11),
    ("tag", "days: 6", "days: !!int 6", "tag", 3),
    ("two documents", "policy:\n", "---\npolicy:\n", "two_documents", 2),
    ("tab", "  pass:", "\tpass:", "tab", 7),
    ("bracket", "[a, b]", "[a, b", "not_yaml", 12),
    ("number as a key", "  lab2:", "  2:", "key_not_text", 10),
    ("list as a key", "  lab2:", "  [2]:", "key_not_text", 10),
    ("depth", "people: [a, b]", f"people: {'[' * 20}{']' * 20}", "too_deep", 11),
]  # fmt: skip


@pytest.mark.parametrize(("name", "old", "new", "code", "line"), WRONG, ids=[row[0] for row in WRONG])
def test_what_is_wrong_is_refused_with_its_line(write, name, old, new, code, line):
    assert old in GOOD, name
    assert (code, line) in refusals(write(GOOD.replace(old, new, 1)))


NO_FILES = [
    (b"", "not_a_mapping", 1),
    (b"# only a comment\n", "not_a_mapping", 1),
    (b"- zone: UTC\n", "not_a_mapping", 1),
    (b"zone: UTC\npeople: [\xff]\n", "not_utf", 2),
    (GOOD.encode("utf-16"), "not_utf", 1),
    (bytes(range(256)), "not_utf", 2),
    (b"zone: UTC\n\x00\x01", "not_yaml", 2),
    (b"zone: UTC\na: " + b"[" * 10_000, "not_yaml", 2),
    (b"zone: UTC\na:\n" + b"".join(b" " * n + b"-\n" for n in range(1, 200)), "too_deep", 18),
    (b"#" * (MOST_BYTES + 1), "too_large", 1),
]
KINDS = ["empty", "comment", "list", "byte", "utf-16", "binary", "zeros", "10 000 deep", "200 deep", "over 5 MB"]


@pytest.mark.parametrize(("content", "code", "line"), NO_FILES, ids=KINDS)
def test_what_is_no_such_file_is_refused(write, content, code, line):
    assert refusals(write(content)) == [(code, line)]


def test_5_mb_are_read_to_the_last_byte(write):
    path = write(GOOD + "#" * (MOST_BYTES - len(GOOD)))
    assert path.stat().st_size == 5_000_000
    assert answer(path)[0] == 0


@pytest.mark.parametrize("name", ["missing.yaml", "."])
def test_a_missing_file_and_a_folder_cannot_be_read(tmp_path, name):
    assert refusals(f"{tmp_path}/{name}") == [("cannot_be_read", 1)]


def test_everything_wrong_is_named_at_once_in_the_order_of_the_lines(write):
    text = (
        GOOD.replace("by: b", "by: zoe").replace("{person: a}", "{person: yan}").replace("lab1, until", "lab7, until")
    )
    assert refusals(write(text)) == [("unknown_name", 14), ("unknown_name", 19), ("unknown_name", 26)]


def test_a_line_break_in_a_name_does_not_break_a_refusal_in_two(write):
    text = GOOD.replace("  lab2:", '  "lab\\u20282":').replace("assignment: lab2, at", 'assignment: "lab\\u20289", at')
    assert ("unknown_name", 26) in refusals(write(text))


def test_the_note_of_a_rule_of_passing_may_speak_of_a_bonus(write):
    path = write(GOOD.replace("of: [lab1]", "of: [lab1], note: early work and bonus work count"))
    assert answer(path)[0] == 0
