"""Hand-made cases of the late-day contract: each field value, with its arithmetic in the comments of the case.

`IMPLEMENTATIONS` takes whatever reads a parsed document and gives the report; the same cases judge all of them.
"""

import json
from pathlib import Path

import pytest
import yaml

from tests.grading.late.second_opinion import report as second_opinion
from tests.grading.late.worlds import world

CASES = sorted((Path(__file__).parent / "cases").glob("*.yaml"))
IMPLEMENTATIONS = {"second opinion": second_opinion}


def differences(expected, report):
    """What the case says and the report does not; a case names only what matters."""
    verdicts = {(v["person"], v["assignment"]): v for v in report["verdicts"]}
    for line in expected["verdicts"]:
        found = verdicts.get((line["person"], line["assignment"]), {})
        for key, value in line.items():
            if found.get(key, "nothing") != value:
                yield f"{line['person']} {line['assignment']}: {key} is {found.get(key, 'nothing')}, not {value}"
    for line in expected.get("absent", []):
        if (line["person"], line["assignment"]) in verdicts:
            yield f"{line['person']} {line['assignment']}: judged"
    if "balances" in expected and expected["balances"] != report["balances"]:
        yield f"balances are {report['balances']}, not {expected['balances']}"
    for person, line in expected.get("passes", {}).items():
        if report["passes"][person]["ok"] is not line["ok"]:
            yield f"{person}: passes is {report['passes'][person]}"


@pytest.mark.parametrize("case", CASES, ids=lambda path: path.stem)
@pytest.mark.parametrize("implementation", IMPLEMENTATIONS.values(), ids=IMPLEMENTATIONS)
def test_a_case_comes_out_as_worked_by_hand(implementation, case):
    expected = json.loads(case.with_suffix("").with_suffix(".expected.json").read_text())
    document = yaml.safe_load(case.read_text())
    assert list(differences(expected, implementation(document))) == []


def test_every_case_says_what_is_expected_and_why():
    for case in CASES:
        assert case.with_name(f"{case.stem}.expected.json").exists(), case
        assert case.read_text().startswith("# "), case
    assert len(CASES) >= 60


def test_a_wrong_number_is_seen():
    expected = {"verdicts": [{"person": "a", "assignment": "lab", "days_late": 1}], "balances": {"a": 1}}
    report = {"verdicts": [{"person": "a", "assignment": "lab", "days_late": 2}], "balances": {"a": 2}, "passes": {}}
    assert len(list(differences(expected, report))) == 2


@pytest.mark.parametrize("implementation", IMPLEMENTATIONS.values(), ids=IMPLEMENTATIONS)
def test_the_same_facts_in_any_order_give_the_same_report(implementation):
    for seed in range(100):
        document = world(seed)
        turned = {key: list(reversed(value)) if isinstance(value, list) else value for key, value in document.items()}
        assert implementation(turned) == implementation(document), seed


def test_a_seed_makes_the_same_world_twice():
    assert [world(seed) for seed in range(20)] == [world(seed) for seed in range(20)]
    assert world(1) != world(2)
