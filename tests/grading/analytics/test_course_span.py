"""Which days a course's analytics speak of, and the bars that they are drawn in."""

from datetime import date
from zoneinfo import ZoneInfo

import pytest

from courseplatform.core.errors import BadInput
from grading.analytics.course_span import Span, span_of

ZONE = ZoneInfo("America/New_York")
TERM = {"starts_on": date(2026, 9, 22), "ends_on": date(2027, 1, 1), "today": date(2026, 11, 28), "zone": ZONE}


def of(query, **more):
    return span_of(query, **(TERM | more))


def test_nobody_chose_the_term_until_today():
    found = of({})
    assert (found.first, found.last, found.query) == (date(2026, 9, 22), date(2026, 11, 28), "")
    assert found.words == "Sep 22 to Nov 28, 2026"


def test_a_term_that_has_ended_is_shown_to_its_end_and_one_to_come_on_its_first_day():
    assert of({}, today=date(2027, 6, 1)).last == date(2027, 1, 1)
    early = of({}, today=date(2026, 9, 1))
    assert early.first == early.last == date(2026, 9, 22)


def test_a_course_without_days_shows_sixteen_weeks():
    found = of({}, starts_on=None, ends_on=None)
    assert (found.days, found.last) == (113, date(2026, 11, 28))


def test_weeks_are_counted_back_from_today():
    found = of({"weeks": "2"})
    assert (found.first, found.last, found.days, found.query) == (date(2026, 11, 15), date(2026, 11, 28), 14, "weeks=2")


def test_one_end_alone_takes_the_other_from_the_term():
    assert of({"from": "2026-11-01"}).last == date(2026, 11, 28)
    assert of({"to": "2026-10-01"}).first == date(2026, 9, 22)


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({"weeks": "0"}, "not_weeks"), ({"weeks": "58"}, "not_weeks"), ({"weeks": "1.5"}, "not_weeks"), ({"weeks": "٣"}, "not_weeks"),
        ({"weeks": "2", "to": "2026-10-01"}, "two_ranges"), ({"from": "yesterday"}, "not_a_day"), ({"from": "2026-02-30"}, "not_a_day"),
        ({"from": "20260901"}, "not_a_day"), ({"to": "9999-12-31"}, "not_a_day"), ({"from": "2026-11-02", "to": "2026-11-01"}, "backwards"),
        ({"from": "2025-01-01", "to": "2026-11-01"}, "too_long"),
    ],
)  # fmt: skip
def test_what_is_no_range_is_refused_with_a_sentence(query, code):
    with pytest.raises(BadInput) as refused:
        of(query)
    assert refused.value.code == code
    assert refused.value.message.endswith(".")


def test_up_to_five_weeks_have_a_bar_a_day_and_more_one_a_week_from_monday():
    days = Span(date(2026, 11, 1), date(2026, 12, 5), ZONE)
    assert (days.is_by_day, len(days.bins), days.bins[0].label) == (True, 35, "Sun Nov 1")
    weeks = Span(date(2026, 11, 1), date(2026, 12, 6), ZONE)
    assert [(one.label, one.days) for one in weeks.bins] == [
        ("Sun Nov 1", 1), ("Nov 2 to 8", 7), ("Nov 9 to 15", 7), ("Nov 16 to 22", 7), ("Nov 23 to 29", 7), ("Nov 30 to Dec 6", 7),
    ]  # fmt: skip


def test_a_day_lies_in_its_bar():
    weeks = Span(date(2026, 11, 4), date(2026, 12, 31), ZONE)
    for n, one in enumerate(weeks.bins):
        assert weeks.place(one.first) == weeks.place(one.last) == n
    assert weeks.place(date(2026, 11, 3)) is None
    assert weeks.place(date(2027, 1, 1)) is None


def test_its_ends_are_midnights_of_the_course_also_where_the_clock_changes():
    found = Span(date(2026, 11, 1), date(2026, 11, 1), ZONE)
    assert (found.ends_at.utcoffset() - found.starts_at.utcoffset()).total_seconds() == -3600
