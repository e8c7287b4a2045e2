"""Moments as people write them, with an offset or on the wall of the course's zone."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from grading.course_file.late.times import NoSuchTime, day_or_moment, parse_day, parse_moment

NEW_YORK = ZoneInfo("America/New_York")


@pytest.mark.parametrize(
    "text",
    [
        "2022-10-04 23:59", "2022-10-04T23:59", "2022-10-04 23:59:00", "2022-10-04 23:59:00.0", "2022-10-05T03:59:00Z", "2022-10-05 03:59Z",
        "2022-10-05 03:59 Z", "2022-10-04T23:59-04:00", "2022-10-04T23:59-0400", "2022-10-04T23:59-04", "2022-10-05T09:29:00.000000+05:30",
    ],
)  # fmt: skip
def test_one_instant_can_be_written_in_many_forms(text):
    assert parse_moment(text, NEW_YORK) == datetime(2022, 10, 5, 3, 59, tzinfo=UTC)


def test_parts_of_a_second_are_kept():
    assert parse_moment("2022-10-04 23:59:59.000001", NEW_YORK).microsecond == 1
    assert parse_moment("2022-10-04 23:59:59.9", NEW_YORK).microsecond == 900_000


@pytest.mark.parametrize(
    "text",
    [
        "2022-10-04", "2022-10-04 23:59\n", "2022-10-04 23:59 ", " 2022-10-04 23:59", "2022-10-04 23", "04.10.2022 23:59", "2022-10-04 23:59 EDT",
        "2022-10-04 23:59+25:00", "2022-10-04 23:59:59.0000001", "2022-10-0\u0664 23:59", "23:59", "",
    ],
)  # fmt: skip
def test_another_form_is_refused(text):
    with pytest.raises(NoSuchTime) as caught:
        parse_moment(text, NEW_YORK)
    assert caught.value.code == "wrong_form"


@pytest.mark.parametrize(
    "text",
    [
        "2022-13-01 00:00",
        "2022-02-29 00:00",
        "2022-10-04 24:00",
        "2022-10-04 23:60",
        "2022-03-13 02:30",
        "1969-12-31 23:59",
    ],
)
def test_a_time_that_never_was_is_refused(text):
    with pytest.raises(NoSuchTime) as caught:
        parse_moment(text, NEW_YORK)
    assert caught.value.code == "no_such_time"


def test_of_two_equal_wall_times_the_first_is_meant_and_fold_says_the_second():
    first, second = (parse_moment("2022-11-06 01:30", NEW_YORK, fold) for fold in (None, 1))
    assert (first.hour, second.hour) == (5, 6)
    assert parse_moment("2022-11-06 01:30", NEW_YORK, 0) == first


@pytest.mark.parametrize("text", ["2022-11-06 00:30", "2022-11-06 02:00", "2022-11-06T01:30-05:00"])
def test_fold_is_refused_where_there_is_one_time(text):
    with pytest.raises(NoSuchTime) as caught:
        parse_moment(text, NEW_YORK, 1)
    assert caught.value.code == "not_twice"


def test_a_day_is_its_midnight_and_where_that_is_skipped_the_moment_after():
    assert day_or_moment("2022-10-05", NEW_YORK) == datetime(2022, 10, 5, 4, tzinfo=UTC)
    havana = ZoneInfo("America/Havana")  # the clocks go from 23:59 to 01:00
    assert day_or_moment("2022-03-13", havana).astimezone(havana).hour == 1


def test_a_day_is_only_a_day_that_the_calendar_has():
    assert parse_day("2024-02-29") == date(2024, 2, 29)
    assert parse_day("2024-02-29 10:00") is None
    with pytest.raises(NoSuchTime):
        parse_day("2023-02-29")
