"""The arithmetic of participation, without a database."""

from decimal import Decimal

import pytest

from courseplatform.participation.scheme import EachScheme, Facts, how_to_earn, scheme_of, standings
from tests.courseplatform.participation.builders import BONUS, EACH


def each(count, scheme=EACH):
    return standings(scheme_of(scheme), {1: Facts({("question", "class"): count})})[1]


def bonus(people, scheme=BONUS):
    """people: person -> {kind: count}."""
    facts = {
        person: Facts({(kind, "piazza"): count for kind, count in counts.items()}) for person, counts in people.items()
    }
    return standings(scheme_of(scheme), facts)


@pytest.mark.parametrize(
    ("count", "percent", "above"), [(0, 0, 0), (1, 1, 0), (14, 14, 0), (15, 15, 0), (16, 15, 1), (40, 15, 25)]
)
def test_each_credit_is_one_percent_up_to_the_cap(count, percent, above):
    found = each(count)
    assert (found.count, found.percent, found.above) == (count, percent, above)
    assert found.is_at_cap == (count >= 15)


def test_the_sum_says_count_cap_and_what_was_above():
    assert each(17).sentence.replace("\u202f", " ") == (
        "Questions and answers: 17 credits × 1 % = 17 %. Counts: 15 %. 2 % above the cap of 15 % do not count."
    )


def test_half_percents_are_exact():
    found = each(7, {"each_percent": 0.1, "cap_percent": 1})
    assert found.percent == Decimal("0.7") and found.words.replace("\u202f", " ") == "0.7 of 1 %"


def test_all_channels_and_contributions_count_alike_and_a_survey_does_not():
    facts = Facts({("question", "class"): 2, ("answer", "zoom"): 1, ("other", "slack"): 1, ("evaluation", "other"): 5})
    assert standings(scheme_of(EACH), {1: facts})[1].percent == 4


def test_the_bonus_adds_its_parts_and_stops_at_the_cap():
    found = bonus({1: {"question": 3, "evaluation": 1, "karma": 2}})[1]
    assert [line.percent for line in found.lines] == [3, 1, 1]
    assert (found.percent, found.above) == (4, 1)


def test_only_the_top_ten_contributors_get_their_part():
    found = bonus({n: {"answer": n} for n in range(1, 13)})
    assert {person for person, standing in found.items() if standing.percent} == set(range(3, 13))
    assert "the top 10 begin at 3" in found[1].lines[0].arithmetic


def test_a_tie_at_the_tenth_place_is_decided_for_the_student():
    found = bonus({n: {"question": max(n, 4)} for n in range(1, 13)})  # 1 to 4 share the ninth place
    assert all(standing.percent == 3 for standing in found.values())
    assert "place 9 of the top 10, shared by 4, and a tie is decided for the student" in found[2].lines[0].arithmetic


def test_nobody_is_a_top_contributor_without_a_contribution():
    assert bonus({1: {}, 2: {"karma": 1}})[1].percent == 0


def test_a_part_may_ask_for_a_channel():
    parts = [{"key": "contributors", "title": "Forum", "percent": 3, "top": 10, "channels": ["piazza"]}]
    scheme = scheme_of({"bonus": True, "cap_percent": 4, "parts": parts})
    found = standings(scheme, {1: Facts({("question", "class"): 9}), 2: Facts({("question", "piazza"): 1})})
    assert (found[1].percent, found[2].percent) == (0, 3)


@pytest.mark.parametrize(
    "facts",
    [None, {}, [], "15", {"each_percent": 1}, {"cap_percent": "x", "each_percent": 1}, {"cap_percent": "NaN", "each_percent": 1},
     {"cap_percent": 15, "each_percent": -1}, {"cap_percent": True, "each_percent": 1}, {"bonus": True, "cap_percent": 4},
     {"bonus": True, "cap_percent": 4, "parts": [3, {"title": "no percent"}]}],
)  # fmt: skip
def test_what_is_no_scheme_is_none(facts):
    assert scheme_of(facts) is None


def test_two_parts_without_a_key_do_not_hide_each_other():
    parts = [{"title": "Forum", "percent": 2, "top": 1}, {"title": "Office", "percent": 1, "top": 5}]
    found = standings(
        scheme_of({"bonus": True, "cap_percent": 4, "parts": parts}), {1: Facts({("question", "class"): 1})}
    )
    assert [line.label for line in found[1].lines] == ["Forum", "Office"] and found[1].percent == 3


def test_the_rule_is_said_in_the_courses_words():
    assert (
        how_to_earn(scheme_of(EACH))[0].replace("\u202f", " ")
        == "Novel question or helpful answer: 1 % each, up to 15 % of the grade."
    )
    assert isinstance(scheme_of(EACH), EachScheme)
    assert "10 people" in how_to_earn(scheme_of(BONUS))[0]
    assert "no percent" in how_to_earn(None)[0]
