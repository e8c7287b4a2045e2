"""What the charts of a course say: values by hand, and nothing, one, and ties."""

import json
from collections import Counter
from datetime import date, datetime, timedelta
from fractions import Fraction
from statistics import quantiles
from zoneinfo import ZoneInfo

import pytest

from grading.analytics import devices, waits
from grading.analytics.course_attempts import Came, attempts_chart
from grading.analytics.course_drawn import Work, floor_of, over_days, percent
from grading.analytics.course_graders import Graded, Grader, Marked, graders_chart, graders_of, strictness_words
from grading.analytics.course_head import head_of
from grading.analytics.course_labs import Spread, labs_chart
from grading.analytics.course_late import LateWords, Used, late_charts
from grading.analytics.course_span import Span
from grading.analytics.quantiles import HALF, NINE_TENTHS, quantile
from grading.analytics.waits import Night, Ours, Waits, line_of

ZONE = ZoneInfo("UTC")
SPAN = Span(date(2026, 11, 2), date(2026, 12, 13), ZONE)  # six whole weeks
NOW = datetime(2026, 11, 20, 12, tzinfo=ZONE)
LAB1 = Work(1, "Lab 1", datetime(2026, 11, 6, 23, 59, tzinfo=ZONE), "/lab1/")
LAB2 = Work(2, "Lab 2", datetime(2026, 11, 20, 23, 59, tzinfo=ZONE))
LAB3 = Work(3, "Lab 3")
WORKS = [LAB1, LAB2, LAB3]


def words(chart):
    return f"{chart.finding} {chart.more}".strip().replace("\u202f", " ").replace("\u00a0", " ")


# -- shared --


@pytest.mark.parametrize(
    ("share", "said"), [(0, "0"), (0.001, "under 1"), (0.37, "37"), (0.999, "over 99"), (1, "100")]
)
def test_percent_never_says_all_of_what_is_not(share, said):
    assert percent(share) == f"{said}\u202f%"


@pytest.mark.parametrize(
    "values", [[3.0], [1.0, 2.0], [5.0, 1.0, 4.0], [1.0, 1.0, 2.0, 8.0], [float(n) for n in range(11)]]
)
@pytest.mark.parametrize("part", [Fraction(1, 4), HALF, Fraction(3, 4), NINE_TENTHS])
def test_a_quantile_of_ranks_is_that_of_statistics(values, part):
    ranked = dict(enumerate(sorted(values), 1))
    expected = values[0] if len(values) == 1 else quantiles(values, n=20, method="inclusive")[int(part * 20) - 1]
    assert quantile(ranked, len(values), part) == pytest.approx(expected)


def test_due_times_at_one_moment_share_a_line_and_those_outside_have_none():
    also = Work(4, "Report 1", LAB1.due_at)
    away = Work(5, "Lab 9", datetime(2027, 3, 1, tzinfo=ZONE))
    found = over_days(SPAN, [LAB1, also, away, LAB3])
    assert len(found["shapes"]) == 1
    assert [one["text"] for one in found["annotations"]] == ["Lab 1 +1"]


def test_words_of_due_times_that_have_no_room_are_left_out_and_their_lines_stay():
    close = [Work(n, f"Report {n}", datetime(2026, 11, 9, n, tzinfo=ZONE)) for n in range(5)]
    found = over_days(SPAN, close)
    assert (len(found["shapes"]), len(found["annotations"])) == (5, 2)


@pytest.mark.parametrize(("lowest", "axis"), [(0, 0), (22, 0), (24, 20), (73, 70), (70, 60), (99, 90)])
def test_an_axis_of_percent_begins_below_its_lowest_value(lowest, axis):
    assert floor_of(lowest) == axis


# -- labs --


def test_without_a_whole_grade_it_says_what_will_be_here():
    chart = labs_chart([Spread(LAB1, 0, 7), Spread(LAB2, 0)])
    assert chart.finding == "No grade is complete yet."
    assert chart.figure is None
    assert [row[0] for row in chart.rows] == ["Lab 1"]


def test_one_grade_is_no_distribution():
    assert words(labs_chart([Spread(LAB1, 1, 0, 80, 80, 80, 80, 80)])) == "One grade is complete: 80 % in Lab 1."


def test_medians_are_compared_and_the_widest_is_named():
    chart = labs_chart([Spread(LAB1, 20, 1, 40, 70, 80, 90, 100), Spread(LAB2, 20, 0, 50, 60, 65, 70, 110)])
    assert (
        words(chart)
        == "Medians lie between 65 % in Lab 2 and 80 % in Lab 1. People are furthest apart in Lab 1: the middle half spans 20 points of 100."
    )
    assert chart.rows[1] == ["Lab 2", "20", "65.0", "60.0", "70.0", "50.0", "110.0", "0"]
    assert chart.shown["links"][0]["work"].url == "/lab1/"
    assert chart.figure["layout"]["xaxis"]["range"] == [30, pytest.approx(111.6)]


def test_equal_medians_are_no_contrast():
    same = [Spread(work, 3, 0, 70, 70, 70, 70, 70) for work in WORKS]
    assert words(labs_chart(same)) == "The median of each of the 3 assignments is 70 %."
    assert head_of(same, attempts=3, graders=[], waits=None, busy=None).title == "3 attempts, 3 assignments graded"


def test_many_that_share_the_lowest_median_are_counted():
    low = [Spread(Work(n, f"Lab {n}"), 2, 0, 50, 50, 50, 50, 50) for n in range(5)]
    assert "50 % in Lab 0, Lab 1 and 3 more" in words(labs_chart([*low, Spread(LAB1, 2, 0, 90, 90, 90, 90, 90)]))


# -- attempts --


def test_nobody_handed_in():
    chart = attempts_chart(WORKS, [], SPAN)
    assert chart.finding == "Nobody handed anything in from Nov 2 to Dec 13, 2026."
    assert (chart.rows, chart.figure) == ([], None)


def test_the_busiest_week_and_the_due_day_are_said():
    came = [
        Came(1, date(2026, 11, 6), 6),
        Came(1, date(2026, 11, 3), 2),
        Came(2, date(2026, 11, 21), 2),
        Came(3, date(2026, 12, 1), 5),
    ]
    chart = attempts_chart(WORKS, came, SPAN)
    assert (
        words(chart)
        == "53 % of the 15 attempts came in the week of Nov 2 to 8. 60 % came on the day on which they were due, 20 % on a later one."
    )
    assert list(chart.columns) == ["Week", "Lab 1", "Lab 2", "Lab 3", "All"]
    assert chart.rows == [
        ["Nov 2 to 8", "8", "0", "0", "8"],
        ["Nov 16 to 22", "0", "2", "0", "2"],
        ["Nov 30 to Dec 6", "0", "0", "5", "5"],
    ]
    assert chart.figure["data"][0]["y"] == [8, 0, 0, 0, 0, 0]


def test_a_tie_names_no_week_and_one_week_says_all():
    tie = attempts_chart(WORKS, [Came(3, date(2026, 11, 2), 3), Came(3, date(2026, 11, 9), 3)], SPAN)
    assert tie.finding == "6 attempts; at most 3 in a week, in 2 of them."
    one = attempts_chart(WORKS, [Came(3, date(2026, 11, 2), 1)], SPAN)
    assert one.finding == "All of it came in the week of Nov 2 to 8: 1 attempt."


def test_what_was_handed_in_before_or_after_the_span_is_not_in_it():
    assert attempts_chart(WORKS, [Came(1, date(2026, 11, 1), 3), Came(1, date(2026, 12, 14), 3)], SPAN).figure is None


# -- late days --


def late(used, left=None, span=SPAN):
    return late_charts(WORKS, used, {"student": Counter({5: 3, 0: 1})} if left is None else left, span, LateWords())


def test_a_course_without_late_days_says_so_and_nothing_else():
    (chart,) = late([], left={})
    assert chart.finding == "This course has no late days."


def test_late_days_by_week_go_on_from_what_was_used_before():
    used = [
        Used(1, date(2026, 10, 1), 4),
        Used(1, date(2026, 11, 7), 3),
        Used(2, date(2026, 11, 21), 1),
        Used(9, date(2026, 11, 21), 1),
    ]
    over, each = late(used)
    assert words(over) == "5 late days were used, most for Lab 1: 3. 60 % of them in the week of Nov 2 to 8."
    assert [row[1:] for row in over.rows] == [["3", "7"], ["0", "7"], ["2", "9"], ["0", "9"], ["0", "9"], ["0", "9"]]
    assert each.rows == [["Lab 1", "3"], ["Lab 2", "1"], ["other", "1"]]
    assert words(each) == "Lab 1 cost 60 % of them."


def test_what_a_later_count_took_back_gives_no_share_above_all():
    over, each = late([Used(1, date(2026, 11, 7), 3), Used(2, date(2026, 11, 14), -1)])
    assert "%" not in words(over)
    assert words(each) == "Lab 1 cost the most: 3."


def test_nobody_used_any():
    over, each = late([Used(1, date(2026, 10, 1), 1)])
    assert words(over) == "No late day was used in these days. 1 late day went before that."
    assert each.finding == "No late day was used for any assignment."
    assert over.figure is None and each.figure is None


def test_left_counts_everybody_also_who_is_below_nothing():
    left = {"student": Counter({2: 2, 0: 1, -1: 1}), "team": Counter({1: 1})}
    chart = late([], left)[1].also[0]
    assert (
        words(chart)
        == "2 of 4 students have none left; each of 1 team has some left. A student has 0.8 on average. A team has 1.0 on average."
    )
    assert chart.rows == [["−1", "1", "0"], ["0", "1", "0"], ["1", "0", "1"], ["2", "2", "0"]]


def test_nobody_is_in_the_course():
    assert "no student is in the course" in late([], {"student": Counter()})[1].also[0].finding


# -- graders --


def test_each_grader_has_one_row_over_all_assignments():
    graded = [Graded(1, "Amit", 2, 8, 10, 600, 1), Graded(1, "Amit", 2, 4, 10), Graded(2, "Priya", 1, 0, 0)]
    amit, priya = graders_of(graded, [])
    assert (amit.reports, amit.minutes, amit.share) == (4, 10, 0.6)
    assert (priya.minutes, priya.share, priya.off) == (None, None, None)


def marks(**by_name):
    return [
        Marked(report, n, name, share)
        for n, (name, shares) in enumerate(by_name.items())
        for report, share in enumerate(shares)
        if share is not None
    ]


def test_off_by_is_the_own_mark_beside_the_mean_of_the_others_on_the_same_reports():
    rows = {
        one.name: one
        for one in graders_of(
            [], marks(Amit=[0.8, 0.9, 0.7], Tomas=[0.8, 0.9, 0.7], Priya=[0.7, 0.8, 0.6], Alone=[None] * 3)
        )
    }
    assert rows["Priya"].off == pytest.approx(-10)
    assert rows["Amit"].off == pytest.approx(5)
    assert rows["Priya"].shared == 3
    chart = graders_chart(list(rows.values()), is_withheld=False)
    assert chart.finding == "On 3 shared reports Priya gives 10.0 of 100 points less than the others."
    assert strictness_words(list(rows.values())) == "one grader is stricter than the others"


def test_of_two_who_compare_one_is_beside_the_other_and_nobody_is_stricter():
    graders = graders_of([], marks(Amit=[0.8, 0.9, 0.7], Priya=[0.7, 0.8, 0.6]))
    assert (
        graders_chart(graders, is_withheld=False).finding
        == "On 3 shared reports Amit gives 10.0 of 100 points more than Priya."
    )
    assert strictness_words(graders) == "graders differ on the same reports"


def test_who_agree_are_told_to_agree():
    graders = graders_of(
        [Graded(n, name, 2, 8, 10) for n, name in enumerate(("Amit", "Priya"))],
        marks(Amit=[0.8, 0.9, 0.7], Priya=[0.8, 0.9, 0.7]),
    )
    assert words(graders_chart(graders, is_withheld=False)).endswith(
        "On the same reports all who marked them agree within 2 of 100 points."
    )


def test_only_shared_reports_were_marked():
    assert (
        graders_chart(graders_of([], marks(Amit=[0.8], Priya=[0.7])), is_withheld=False).finding
        == "Only shared reports were marked in these days."
    )


def test_two_shared_reports_say_nothing_yet():
    graders = graders_of(
        [Graded(0, "Amit", 2, 8, 10), Graded(1, "Priya", 2, 4, 10)], marks(Amit=[0.9, 0.9], Priya=[0.1, 0.1])
    )
    chart = graders_chart(graders, is_withheld=False)
    assert words(chart).startswith("2 graders did 4 reports; each gave 40 to 80 % of the points.")
    assert strictness_words(graders) == ""


def test_a_report_that_one_grader_alone_marked_compares_nobody():
    assert graders_of([], [Marked(1, 1, "Amit", 0.5)])[0].off is None


def test_graders_none_one_and_of_one_name():
    assert graders_chart([], is_withheld=False).figure is None
    one = graders_chart(graders_of([Graded(1, "Amit", 12, 50, 100)], []), is_withheld=False)
    assert words(one) == "Amit graded all 12 reports, and gave 50 % of the points."
    two = graders_of([Graded(1, "Li", 1, 1, 2), Graded(2, "Li", 1, 2, 2)], [])
    assert sorted(one.name for one in two) == ["Li", "Li (2)"]


def test_who_has_shared_reports_to_mark_is_told_that_some_is_withheld():
    chart = graders_chart([Grader("Amit", 1, None, 0.5)], is_withheld=True)
    assert "Mark the shared reports that wait for you" in chart.more


# -- boards --


def hours(device, day, known=24.0, worked=12.0, **more):
    return devices.BoardHours(device, day, known, worked, **more)


LAST_WEEK = Span(date(2026, 11, 14), date(2026, 11, 20), ZONE)


def test_shares_are_of_the_known_time_and_the_busiest_is_first():
    rows = [
        hours("Pi", date(2026, 11, 3)),
        hours("Nano", date(2026, 11, 15), worked=18.0, away=6.0),
        hours("Nano", date(2026, 10, 1)),
    ]
    uses = devices.uses_of(rows, {"Pi": 2, "Nano": 1, "Zero": 1}, {"Pi": 5}, SPAN, LAST_WEEK)
    assert [(one.device, one.share, one.last_week) for one in uses] == [
        ("Nano", 0.75, 0.75),
        ("Pi", 0.5, None),
        ("Zero", 0, None),
    ]
    chart = devices.boards_chart(uses, devices.HostUse(3, 0.5), SPAN)
    assert words(chart) == (
        "Boards were busy 62 % of the time: Nano most, 75 %, and Pi least, 50 %. Nano was away 25 % of it. Workers of the site measured 3 runs in 30 min."
    )
    assert chart.rows[0] == ["Nano", "1", "0", "18.0", "75.0", "0.0", "0.0", "25.0", "0.0", "75.0"]
    assert chart.rows[2] == ["Zero", "1", "0", *["–"] * 7]
    assert chart.rows[3][:4] == [devices.HOST, "–", "3", "0.5"]


def test_no_board_and_boards_of_which_nothing_is_known():
    none = devices.boards_chart([], devices.HostUse(0, 0), SPAN)
    assert none.finding == "No board measures for this course."
    new = devices.boards_chart(devices.uses_of([], {"Pi": 1}, {}, SPAN, LAST_WEEK), devices.HostUse(0, 0), SPAN)
    assert new.finding == "Nothing is known of the boards from Nov 2 to Dec 13, 2026."
    assert devices.term_chart([hours("Pi", date(2026, 10, 1))], SPAN, WORKS) is None


def test_a_week_of_which_nothing_is_known_is_a_gap_and_no_zero():
    chart = devices.term_chart(
        [hours("Pi", date(2026, 11, 3)), hours("Pi", date(2026, 11, 17), worked=0.0)], SPAN, WORKS
    )
    assert chart.figure["data"][0]["y"] == [50.0, None, 0.0, None, None, None]
    assert [row[0] for row in chart.rows] == ["Nov 2 to 8", "Nov 16 to 22"]
    assert (
        chart.finding.replace("\u202f", " ") == "The boards were busiest in the week of Nov 2 to 8: 50 % of the time."
    )


def test_lent_out_says_the_most_and_the_mean_and_what_is_not_owned():
    days = [devices.OutDay(date(2026, 11, 2) + timedelta(days=n), out) for n, out in enumerate((0, 4, 4, 2))]
    chart = devices.out_chart(days, 5, "boards", SPAN, WORKS)
    assert (
        words(chart) == "At most 4 of 5 boards were out at once, first on Nov 3. On an average day 50 % of them were."
    )
    assert devices.out_chart([], 0, "boards", SPAN, WORKS).finding == "The course has no boards to lend."
    assert devices.out_chart(days[:1], 5, "boards", SPAN, WORKS).figure is None


# -- the line --


def of(*seconds):
    return Waits(len(seconds), dict(enumerate(sorted(seconds), 1)))


def test_waits_of_each_day_and_of_all():
    by_day = {date(2026, 11, 6): of(1, 2, 300), date(2026, 11, 3): of(0.2)}
    chart = waits.waits_chart(by_day, SPAN, WORKS, of(0.2, 1, 2, 300))
    assert words(chart).startswith(
        "Half of the 4 runs waited 1.5 s or less, nine in ten 3 min 31 s. Slowest on Fri Nov 6:"
    )
    assert chart.rows == [
        ["Tue Nov 3", "1", "0.2\u00a0s", "0.2\u00a0s", "0.2\u00a0s"],
        ["Fri Nov 6", "3", "2.0\u00a0s", "4\u00a0min", "5\u00a0min"],
    ]
    assert min(chart.figure["data"][2]["y"]) == 1, "a wait under a second is drawn at one: the axis is logarithmic"


def test_no_run_and_one_run():
    assert waits.waits_chart({}, SPAN, WORKS, None).figure is None
    one = waits.waits_chart({date(2026, 11, 3): of(42)}, SPAN, WORKS, of(42))
    assert words(one) == "The one run waited 42 s."


def test_the_line_is_counted_at_the_end_of_each_minute():
    assert line_of({-5: 2, 0: 1}, {-5: 1, 3: 2}) == {-5: 1, 0: 2, 3: 0}
    assert line_of({}, {}) == {}


def test_the_longest_line_is_that_of_the_night_and_a_tie_takes_the_one_to_which_more_came():
    calm = Night(LAB1, LAB1.due_at, {-10: 2, 0: 0}, 9, of(5, 6))
    night = Night(LAB2, LAB2.due_at, {-65: 1, -20: 7, 15: 0}, 12, of(10, 1200))
    chart = waits.nights_chart([calm, night])
    assert (
        words(chart)
        == "The line was longest for Lab 2: 7 runs 20 min before the due time. 12 runs came that night; the longest wait was 20 min."
    )
    assert chart.rows[1][:4] == ["Lab 2, Nov 20, 23:59", "12", "7", "23:39"]
    tie = Night(LAB2, LAB2.due_at, {0: 2}, 10, of(1))
    assert "for Lab 2: 2 runs at the due time" in waits.nights_chart([calm, tie]).finding


def test_the_four_longest_lines_are_drawn_and_all_are_in_the_table():
    nights = [Night(Work(n, f"Lab {n}"), LAB1.due_at, {-10: n}, 9, of(5)) for n in range(1, 8)]
    chart = waits.nights_chart(nights)
    assert {one["name"] for one in chart.figure["data"]} == {"Lab 4", "Lab 5", "Lab 6", "Lab 7"}
    assert len(chart.rows) == 7


def test_nights_without_anybody():
    assert waits.nights_chart([Night(LAB1, LAB1.due_at, {}, 0)]).figure is None
    idle = waits.nights_chart([Night(LAB1, LAB1.due_at, {-5: 0}, 1, of(2))])
    assert idle.finding == "Nobody waited on a night on which work was due."
    assert idle.figure is None


def test_failures_that_were_ours():
    none = waits.ours_chart([Ours(date(2026, 11, 3), 4, 0, 0)], SPAN, WORKS)
    assert (none.finding, none.figure) == ("None of 4 runs failed through a fault of ours.", None)
    some = waits.ours_chart([Ours(date(2026, 11, 3), 10, 1, 3), Ours(date(2026, 10, 1), 5, 5, 5)], SPAN, WORKS)
    assert some.finding.replace("\u202f", " ") == "1 run of 10 ended through a fault of ours, 10 %."
    again = waits.ours_chart([Ours(date(2026, 11, 3), 10, 0, 1)], SPAN, WORKS)
    assert again.finding.startswith("No run was lost")
    assert "No run came into the line" in waits.ours_chart([], SPAN, WORKS).finding


# -- the head, and all of them --


def test_the_head_names_the_lowest_median_and_a_long_wait():
    spreads = [Spread(LAB1, 4, 0, 50, 60, 70, 80, 90), Spread(LAB2, 4, 0, 80, 80, 80, 80, 80)]
    head = head_of(spreads, attempts=9, graders=[], waits=of(1, 2000), busy=0.5)
    assert (
        head.title.replace("\u202f", " ").replace("\u00a0", " ")
        == "Lab 1 has the lowest median, 70 %; one run in ten waited 30 min or more"
    )
    assert "Boards were busy 50" in head.sentence
    assert head_of([], attempts=0, graders=[], waits=None, busy=None).title == "Nothing was handed in yet"


def test_every_figure_is_json_and_colours_are_names_of_tokens():
    day = date(2026, 11, 6)
    over, each = late([Used(1, day, 2)])
    charts = [
        labs_chart([Spread(LAB1, 4, 0, 50, 60, 70, 80, 90)]), attempts_chart(WORKS, [Came(1, day, 2)], SPAN), over, each, each.also[0],
        graders_chart([Grader("Amit", 2, 3, 0.5)], is_withheld=False), devices.term_chart([hours("Pi", day)], SPAN, WORKS),
        devices.boards_chart(devices.uses_of([hours("Pi", day)], {"Pi": 1}, {}, SPAN, LAST_WEEK), devices.HostUse(0, 0), SPAN),
        devices.out_chart([devices.OutDay(day, 1)], 2, "boards", SPAN, WORKS), waits.waits_chart({day: of(1)}, SPAN, WORKS, of(1)),
        waits.nights_chart([Night(LAB1, LAB1.due_at, {0: 1}, 1, of(1))]), waits.ours_chart([Ours(day, 1, 1, 1)], SPAN, WORKS),
    ]  # fmt: skip
    for chart in charts:
        assert chart.figure is not None and chart.height > 0, chart.key
        assert all(len(row) == len(chart.columns) for row in chart.rows), chart.key
        text = json.dumps(chart.figure)
        assert "#" not in text and "NaN" not in text, chart.key
