"""docs/late-days.md agrees with what it describes: its example runs, its sentences are those printed, no field and no code is missing."""

import re
from pathlib import Path

import pytest
import yaml

from grading.course_file.late.report import late_report
from grading.course_file.late.schema import LATE_FILE, POLICY
from tests.courseplatform.courses.test_policy_words import leaves
from tests.grading.late.test_findings import FOUND
from tests.grading.late.test_late_report import NO_FILES, WRONG

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "docs" / "late-days.md").read_text()
YAML = re.findall(r"^```yaml\n(.*?)^```", TEXT, re.MULTILINE | re.DOTALL)
SENTENCES = re.findall(r"^```text\n(.*?)^```", TEXT, re.MULTILINE | re.DOTALL)
CODE = re.compile(r"`([a-z_]+)`")


def section(title):
    return TEXT.split(f"\n## {title}\n")[1].split("\n## ")[0]


def first_cells(title):
    """The words in code of the first cell of each row of the tables of a section."""
    return [
        word
        for row in re.findall(r"^\| (`.*?) \|", section(title), re.MULTILINE)
        for word in re.findall(r"`([^`]+)`", row)
    ]


@pytest.fixture(scope="module")
def report():
    return late_report(YAML[0].encode())


def test_the_example_runs_and_nothing_in_it_is_odd(report):
    assert report["findings"] == []
    assert len(report["verdicts"]) == 4
    assert report["balances"] == {"ruth": 0, "daniel": 4, "sofia": 6}


def test_the_explanation_beside_the_example_is_the_one_that_is_printed(report):
    (verdict,) = [one for one in report["verdicts"] if (one["person"], one["assignment"]) == ("ruth", "lab2")]
    assert SENTENCES[0].splitlines() == verdict["explanation"]


def test_what_is_said_about_the_example_holds(report):
    (lab1,) = [one for one in report["verdicts"] if (one["person"], one["assignment"]) == ("ruth", "lab1")]
    assert (lab1["days_late"], lab1["free_days_used"], lab1["max_percent"]) == (8, 6, 0)


def test_every_field_of_the_policy_has_its_row():
    named = set(first_cells("The policy"))
    assert {path for path in leaves(POLICY) if path.split(".")[0] not in {"bank", "banks", "pass"}} <= named
    assert {"bank", "banks", "pass"} <= named


def test_every_value_that_a_field_takes_is_named():
    said = section("The policy")
    choices = re.findall(r"'enum': \[([^\]]*)\]", str(POLICY))
    assert [value for line in choices for value in re.findall(r"'(\w+)'", line) if f"`{value}`" not in said] == []


def test_every_key_of_the_file_is_named():
    said = set(CODE.findall(section("The file")))
    assert set(LATE_FILE["properties"]) <= said
    for schema in LATE_FILE["properties"].values():
        of_list = schema.get("items", schema.get("additionalProperties", {}))
        inner = of_list.get("items", of_list) if isinstance(of_list, dict) else {}
        assert set(inner.get("properties", {})) <= said


def test_every_key_of_the_answer_is_named(report):
    said = set(CODE.findall(section("The answer")))
    assert set(report) <= said
    assert set(report["verdicts"][0]) <= said


def test_the_codes_of_refusals_are_those_that_the_tests_bring_about():
    tried = {code for _, _, _, code, _ in WRONG} | {code for _, code, _ in NO_FILES} | {"cannot_be_read"}
    said = section("When a file is refused")
    general = set(CODE.findall(said.split("(")[2].split("):\n")[0]))
    assert general | set(first_cells("When a file is refused")) == tried


def test_the_codes_of_findings_are_those_that_the_tests_bring_about():
    assert set(first_cells("Findings")) == {code for _, _, code, _ in FOUND}


def test_the_policy_of_11_767_is_what_its_case_is_judged_by():
    case = yaml.safe_load((ROOT / "tests" / "grading" / "late" / "cases" / "real_11_767_2022.yaml").read_text())
    assert yaml.safe_load(YAML[1]) == case["policy"]


def test_the_policy_of_6_s965_is_that_of_its_course_file():
    """The file says every field; the example leaves out what is default anyway, and counts other work to pass."""
    shipped = yaml.safe_load((ROOT / "courses" / "mit-6-s965-f22.yaml").read_text())["late_policy"]["policy"]
    example = yaml.safe_load(YAML[0])["policy"]
    for key, value in example.items():
        if isinstance(value, dict) and key != "pass":
            assert shipped[key] | value == shipped[key]
        elif key != "pass":
            assert shipped[key] == value
