"""When a class handed in, and its late days: counted by hand."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from grading.analytics.attempts import ClassOfAttempts, attempts_chart, finding
from grading.analytics.late import ClassOfLateDays, finding_left, finding_used, late_chart

ZONE = ZoneInfo("America/New_York")
DUE = datetime(2023, 11, 3, 23, 59, tzinfo=ZONE)
NOW = DUE + timedelta(days=9)


def attempts(*hours, due=DUE, now=NOW, owners=2, **more):
    """hours: before the due time; negative: after it."""
    return ClassOfAttempts("team", [DUE - timedelta(hours=one) for one in hours], due, now, owners, 10, **more)


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (attempts(0.5), "The one attempt came on the due day, in its last hour."),
        (attempts(5), "The one attempt came on the due day."),
        (attempts(-2), "The one attempt came after the due time."),
        (attempts(50), "The one attempt came before the due day."),
        (attempts(0.2, 0.5, 3, 30), "75\u202f% of the 4 attempts came on the due day, 2 in its last hour."),
        (attempts(3, 30), "50\u202f% of the 2 attempts came on the due day, none in its last hour."),
        (attempts(0.1, 0.2), "100\u202f% of the 2 attempts came on the due day, all of them in its last hour."),
        (attempts(-30, 40), "None of the 2 attempts came on the due day in time; 1 after the due time."),
        (attempts(30, 40, due=None), "Most attempts came on Thu Nov 2: 2 of 2. There is no due time."),
        (attempts(30, 50, due=None), "Most attempts came on each of 2 days: 1 of 2. There is no due time."),
        (attempts(30, now=DUE - timedelta(days=1)), "1 attempt so far; it is due Fri Nov 3, 23:59 EDT."),
    ],
)  # fmt: skip
def test_the_sentence_is_true_of_each_way_to_hand_in(found, said):
    assert finding(found) == said


def test_the_hour_before_the_due_time_is_the_last_to_its_second():
    found = attempts(0, 1, 0.999, -0.001)
    assert (found.last_hour, found.before_it, found.late_on_day, found.after) == (2, 1, 1, 1)


def test_every_day_has_a_row_and_the_due_day_its_parts():
    found = attempts(0.5, 3, 30, -5, -5)
    chart = attempts_chart(found)
    assert len(chart.rows) == 14
    assert chart.rows[-3:] == [["Thu Nov 2", "1", "0", "0"], ["Fri Nov 3", "2", "1", "0"], ["Sat Nov 4", "2", "0", "2"]]
    assert chart.note == "5 attempts of 2 teams: 2.5 on average, of 10."


def test_waiting_is_told_for_the_due_day():
    found = attempts_chart(attempts(0.5, longest_wait=timedelta(minutes=9), failed=1))
    assert found.more == "Longest wait that day 9\u00a0min; 1 run failed on our side."
    long = attempts_chart(attempts(0.5, overlong=2))
    assert long.more == "2 runs waited longer than a day; no run failed on our side."
    assert attempts_chart(attempts(0.5)).more == "Nobody waited for a result that day; no run failed on our side."


def test_nothing_handed_in_draws_nothing():
    chart = attempts_chart(ClassOfAttempts("team", [], DUE, NOW, 0, 10))
    assert (chart.finding, chart.figure) == ("Nothing was handed in yet.", None)


def test_a_term_of_days_has_dates_every_week_and_no_numbers():
    chart = attempts_chart(attempts(1, 24 * 70))
    assert len(chart.figure["layout"]["xaxis"]["ticktext"]) == 11
    assert not any(one["text"] == "1" for one in chart.figure["layout"]["annotations"])


def late(*used, left=(), **more):
    return ClassOfLateDays("Lab 3", "team", used=used, left=left, **more)


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (late(0, 0), "Nobody used a late day for Lab 3."),
        (late(0), "The one team used no late day for Lab 3."),
        (late(1), "1 team used 1 late day for Lab 3."),
        (late(0, 1, 1, 2), "3 teams used 4 late days for Lab 3."),
    ],
)
def test_late_days_used_are_summed(found, said):
    assert finding_used(found) == said


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (late(0, left=(0, -1, 3), to_come=2), "2 teams have none left, with two pieces of work to come."),
        (late(0, left=(0, 3)), "1 team has none left."),
        (late(0, left=(1, 3)), "Every team has at least 1 late day left."),
    ],
)
def test_late_days_left_are_told(found, said):
    assert finding_left(found) == said


def test_both_charts_count_every_number_of_days():
    chart = late_chart(late(0, 2, 2, 3, left=(5, 0, 2), absent=1, held=5))
    assert chart.rows == [["0", "1"], ["1", "0"], ["2", "2"], ["3", "1"], ["not handed in", "1"]]
    assert chart.more == "2\u00a0×\u00a02 + 1\u00a0×\u00a03."
    (left,) = chart.also
    assert left.rows == [["0", "1"], ["1", "0"], ["2", "1"], ["3", "0"], ["4", "0"], ["5", "1"]]
    assert left.more == "Mean 2.33 of 5."


def test_without_a_policy_or_a_hand_in_the_words_say_so():
    assert late_chart(ClassOfLateDays("Lab 3", has_policy=False)).finding == "This course states no late policy."
    assert late_chart(late()).finding == "No team of the class has a bank of late days yet."
    nobody = late_chart(late(left=(5, 5), absent=2))
    assert (nobody.finding, nobody.figure, len(nobody.also)) == ("No team handed in yet.", None, 1)
