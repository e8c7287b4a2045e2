"""Explanations can be followed by hand to the number: a reader who knows only the sentences comes to the verdict's own values."""

import copy

import pytest
import yaml

from grading.course_file.late.report import late_report
from tests.grading.late.by_hand import Unfollowable, follow
from tests.grading.late.test_latepolicy import the_product
from tests.grading.late.test_second_opinion import CASES
from tests.grading.late.worlds import world

NUMBERS = ("days_late", "free_days_used", "penalty_percent", "max_percent", "accepted")


def compare(verdict):
    found = follow(verdict["explanation"])
    for key in NUMBERS:
        assert found[key] == pytest.approx(verdict[key], abs=0.011), (key, verdict)
    if found["final_percent"] is not None:
        assert found["final_percent"] == pytest.approx(verdict["final_percent"], abs=0.011), verdict
    elif verdict["final_percent"] is not None:
        assert verdict["max_percent"] == 0 == verdict["final_percent"], verdict


@pytest.mark.parametrize("first", range(0, 400, 100))
def test_a_reader_of_the_sentences_comes_to_the_numbers_of_the_verdict(first):
    followed = 0
    for seed in range(first, first + 100):
        for verdict in the_product(world(seed))["verdicts"]:
            compare(verdict)
            followed += 1
    assert followed > 200


def test_the_cases_worked_by_hand_are_followed_by_their_sentences_too():
    for case in CASES:
        for verdict in late_report(case.read_bytes())["verdicts"]:
            compare(verdict)


def test_a_number_changed_in_a_sentence_is_seen():
    """The reader is no rubber stamp: each number of the arithmetic, changed by itself, no longer follows."""
    sentences = [
        "Due Mon Oct 3, 23:59 EDT; handed in Fri Oct 7, 09:00 EDT.",
        "3 midnights passed (Wed Oct 5, 00:00 EDT; Thu Oct 6, 00:00 EDT; Fri Oct 7, 00:00 EDT) = 3 late days.",
        "The bank covers the smallest of 3 needed; 6 - 5 drawn for other work = 1 in the bank of a: 1.",
        "3 - 1 = 2 uncovered: the bank pays 1.",
        "Penalty for 2 late days: 20 + 10 x 1 = 30 % off the maximum.",
        "Maximum: 100 - 30 = 70 %.",
        "The work earned 90 %: 90 - 30 = 60 %.",
    ]
    assert (follow(sentences)["max_percent"], follow(sentences)["final_percent"]) == (70, 60)
    for n, (old, new) in [(1, ("= 3", "= 4")), (2, ("3 needed", "4 needed")), (2, ("5 drawn", "4 drawn")), (2, (": 1.", ": 2.")),
                          (3, ("= 2", "= 3")), (4, ("for 2", "for 3")), (4, ("x 1", "x 2")), (4, ("= 30", "= 35")), (5, ("= 70", "= 71")),
                          (5, ("100 - 30", "100 - 31")), (6, ("= 60", "= 61"))]:  # fmt: skip
        changed = list(sentences)
        changed[n] = changed[n].replace(old, new, 1)
        assert changed != sentences
        with pytest.raises(Unfollowable):
            follow(changed)


BASE = yaml.safe_load("""
zone: America/New_York
policy: {bank: {days: 1, owner: person}, penalty: {kind: percent_of_max, steps: [10, 30], each: 20}}
assignments: {lab: {due: "2022-10-03 23:59", points: 30}}
people: [a]
submissions: [{id: s, owner: a, by: a, assignment: lab, at: "2022-10-06 09:00", raw_percent: 90}]
""")


def sentences(**changes):
    """The explanation of a hand-in three late days after its due time, with one already covered by the bank."""
    document = copy.deepcopy(BASE)
    for path, value in changes.items():
        *parents, key = path.split("__")
        here = document
        for step in parents:
            here = here[int(step)] if isinstance(here, list) else here.setdefault(step, {})
        here[key] = value
    return the_product(document)["verdicts"][0]["explanation"]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, "3 midnights passed (Tue Oct 4, 00:00 EDT; Wed Oct 5, 00:00 EDT; Thu Oct 6, 00:00 EDT) = 3 late days."),
        ({}, "Penalty for 2 late days: 30 % off the maximum."),
        ({"policy__penalty": {"kind": "points", "each": 20}}, "Penalty for 2 late days: 20 x 2 = 40 points off, more than all 30 = 100 %."),
        ({"policy__penalty": {"steps": [10], "each": 0}}, "Penalty for 2 late days: the last step, 10 % off the maximum."),
        ({"policy__penalty": {"kind": "cap", "each": 60}}, "Penalty for 2 late days: 60 x 2 = 120, at most 100 % off the most it can get."),
        ({"policy__penalty": {}}, "2 late days cost nothing."),
        ({"policy__penalty": {}}, "Nothing is lost: the maximum is 100 %."),
        ({"policy__penalty": {"each": 10, "used_unit_costs": 5}}, "Together 20 + 5 = 25 %."),
        ({"policy__over": {"partial": False}}, "3 - 1 = 2 uncovered: the bank pays all or nothing, so it pays 0 and 3 are penalised."),
        ({"policy__over": {"rule": "refuse"}}, "3 - 1 = 2 uncovered: what the bank does not cover is refused; nothing is charged."),
        ({"policy__edge": "on_time", "submissions__0__at": "2022-10-07 00:00"}, "Handed in exactly at a midnight, which is not passed yet."),
        ({"submissions__0__at": "2022-10-07 00:00"}, "Handed in exactly at a midnight, which counts as passed."),
        ({"policy__minute": "whole", "submissions__0__at": "2022-10-03 23:59:59.9"},
         "Due Mon Oct 3, 23:59 EDT; handed in Mon Oct 3, 23:59:59.9 EDT, which counts as 23:59: seconds are dropped."),
        ({"policy__grace": {"minutes": 1, "at": "shift"}}, "Grace of 1 minute: it counts as due Tue Oct 4, 00:00 EDT."),
        ({"policy__grace": {"minutes": 9, "at": "every"}}, "Grace of 9 minutes: the due time and each boundary are that much later."),
        ({"policy__spend": "asked"}, "Late days are spent only when asked for, and nobody asked."),
        ({"policy__spend": "asked", "requests": [{"owner": "a", "assignment": "lab", "units": 1, "at": "2022-10-05 10:00"}]},
         "Asked for 1, after the due time."),
        ({"policy__spend": "asked", "requests": [{"owner": "a", "assignment": "lab", "units": 2}]}, "Asked for 2, the file says not when."),
        ({"assignments__lab__cutoff": {"units": 2}}, "3 late days are more than 2: past the cutoff. Refused; nothing is charged."),
        ({"assignments__lab__cutoff": "2022-10-05 12:00"}, "Past the cutoff, Wed Oct 5, 12:00 EDT. Refused; nothing is charged."),
        ({"assignments__lab__cutoff": "2022-10-05 06:00", "extensions": [{"owner": "a", "assignment": "lab", "units": 1}]},
         "Past the cutoff, Wed Oct 5, 06:00 EDT, which the extension moves to Thu Oct 6, 06:00 EDT. Refused; nothing is charged."),
        ({"extensions": [{"owner": "a", "assignment": "lab", "units": 1, "keeps_penalty": True}]},
         "An extension covers 1 late day, which stays penalised."),
        ({"grants": [{"owner": "a", "days": 1}]}, "The bank covers the smallest of 3 needed; 1 + 1 granted = 2 in the bank of a: 2."),
        ({"policy__unit": {"kind": "hours", "hours": 48}}, "Penalty for 1 unit of 48 h: 10 % off the maximum."),
        ({"policy__unit": {"kind": "hours", "hours": 0.5}},
         "Penalty for 114 units of 30 min: 30 + 20 x 112 = 2270, at most 100 % off the maximum."),
        ({"excused": [{"person": "a", "assignment": "lab"}]}, "Excused: never late and never charged."),
    ],
)  # fmt: skip
def test_each_rule_says_what_it_did(changes, said):
    assert said in sentences(**changes)


@pytest.mark.parametrize(
    ("policy", "active", "why"),
    [
        ({}, True, "the active one."),
        ({}, False, "none is active, and it is the last that is not past the cutoff."),
        ({"attempt": "last"}, False, "the last that is not past the cutoff."),
        ({"attempt": "best"}, False, "the one with the best result."),
        ({"attempt": "last_affordable"}, False, "the bank covers none in full, and it is the first that is late."),
        (
            {"attempt": "last_affordable", "bank": {"days": 3, "owner": "person"}},
            False,
            "the last that the bank covers in full.",
        ),
    ],
)
def test_of_several_attempts_it_says_why_this_one_is_judged(policy, active, why):
    document = copy.deepcopy(BASE)
    document["policy"] |= policy
    document["submissions"][0]["active"] = active
    document["submissions"].append(document["submissions"][0] | {"id": "t", "at": "2022-10-08 09:00", "active": False})
    assert f"Of 2 attempts this one is judged: {why}" in the_product(document)["verdicts"][0]["explanation"]
