"""Days and wall times of a form as instants, over clock changes too."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from courseplatform.core.errors import BadInput
from hardware.inventory.lending.time_ranges import (
    TimeRange,
    check_length,
    check_range,
    days_later,
    instant_of,
    range_of,
    range_words,
)

NEW_YORK = ZoneInfo("America/New_York")
NOW = datetime(2023, 10, 30, 14, 0, tzinfo=UTC)  # Mon Oct 30, 10:00 in New York


def code_of(act, *given, **named):
    with pytest.raises(BadInput) as caught:
        act(*given, **named)
    return caught.value.code


def days(first, last, at=None, until=None):
    return range_of(NEW_YORK, date(2023, *first), at, date(2023, *last), until, NOW)


def test_days_without_hours_are_whole_and_today_is_from_now_on():
    assert days((10, 30), (11, 3)) == TimeRange(NOW, datetime(2023, 11, 4, 3, 59, tzinfo=UTC))
    assert days((10, 31), (11, 3)).from_at == datetime(2023, 10, 31, 4, tzinfo=UTC)


def test_an_hour_that_the_clocks_skip_is_refused_and_one_that_comes_twice_is_the_first():
    def at(day, hour):
        return instant_of(NEW_YORK, day, hour, whole=time(), field="from_day")

    assert code_of(at, date(2023, 3, 12), time(2, 30)) == "skipped_time"
    assert at(date(2023, 11, 5), time(1, 30)) == datetime(2023, 11, 5, 5, 30, tzinfo=UTC)


def test_a_whole_day_begins_with_its_first_instant_where_midnight_is_skipped():
    beirut = ZoneInfo("Asia/Beirut")
    assert instant_of(beirut, date(2022, 3, 27), None, whole=time(), field="from_day") == datetime(2022, 3, 26, 22, tzinfo=UTC)  # fmt: skip


def test_a_range_over_a_clock_change_is_counted_on_the_wall():
    found = days((11, 4), (11, 6), time(10), time(10))
    assert found.until_at - found.from_at == timedelta(hours=49)
    check_length(found, zone=NEW_YORK, longest_days=2, last_at=None)
    assert code_of(check_length, found, zone=NEW_YORK, longest_days=1, last_at=None) == "too_long"
    assert days_later(NEW_YORK, found.from_at, 2) == found.until_at


@pytest.mark.parametrize(
    ("first", "last", "code"),
    [
        ((11, 3), (11, 2), "backwards"),
        ((10, 29), (11, 2), "past"),
        ((10, 30), (10, 30), None),
    ],
)
def test_what_is_no_range(first, last, code):
    found = days(first, last)
    if code is None:
        check_range(found, zone=NEW_YORK, now=NOW)
    else:
        assert code_of(check_range, found, zone=NEW_YORK, now=NOW) == code


def test_a_range_of_no_length_says_so():
    found = days((11, 3), (11, 3), time(10), time(10))
    with pytest.raises(BadInput, match="end when it begins") as caught:
        check_range(found, zone=NEW_YORK, now=NOW)
    assert caught.value.code == "backwards"


def test_an_hour_of_today_that_has_passed_is_past_unless_it_was_just_now():
    assert code_of(check_range, days((10, 30), (11, 3), time(9)), zone=NEW_YORK, now=NOW) == "past"
    assert days((10, 30), (11, 3), time(9, 55)).from_at == NOW


def test_nothing_is_asked_for_beyond_the_day_on_which_everything_comes_back():
    last = datetime(2023, 12, 8, 4, 59, tzinfo=UTC)
    check_length(days((12, 1), (12, 7)), zone=NEW_YORK, longest_days=None, last_at=last)
    with pytest.raises(BadInput, match="back by Thu Dec 7, 23:59") as caught:
        check_length(days((12, 1), (12, 8)), zone=NEW_YORK, longest_days=None, last_at=last)
    assert caught.value.code == "beyond_term"


def test_a_range_is_told_on_the_wall_of_the_course():
    assert range_words(NEW_YORK, days((11, 3), (11, 7))) == "from Fri Nov 3, 00:00 until Tue Nov 7, 23:59"
