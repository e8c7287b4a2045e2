"""When a reminder is due: mornings of the course's wall clock, each once, right over clock changes."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hardware.inventory.due.reminding import days_words, reminder_due

NEW_YORK = ZoneInfo("America/New_York")
DUE = datetime(2023, 12, 7, 23, 59, tzinfo=NEW_YORK)


def name_at(moment, due=DUE, days=(7, 1)):
    found = reminder_due(due, moment, zone=NEW_YORK, days_before=days)
    return found.name if found else None


@pytest.mark.parametrize(("day", "hour", "name"), [
    ((11, 30), 7, None), ((11, 30), 8, "soon-7"), ((12, 5), 23, "soon-7"), ((12, 6), 8, "soon-1"), ((12, 7), 7, "soon-1"),
    ((12, 7), 8, "today"), ((12, 7), 23, "today"), ((12, 8), 7, None), ((12, 8), 8, "over-1"), ((12, 10), 9, "over-3"),
    ((12, 11), 9, "over-3"), ((12, 16), 9, "over-3"), ((12, 17), 8, "over-10"), ((12, 24), 9, "over-17"),
])  # fmt: skip
def test_mornings_name_the_reminder(day, hour, name):
    assert name_at(datetime(2023, *day, hour, tzinfo=NEW_YORK)) == name


def test_after_a_year_nobody_is_reminded_anew():
    names = {name_at(DUE + timedelta(days=days)) for days in range(364, 800)}
    assert names == {"over-360"}


def test_what_is_due_at_dawn_is_not_called_due_today_when_it_is_past():
    due = datetime(2023, 12, 7, 6, 0, tzinfo=NEW_YORK)
    assert name_at(datetime(2023, 12, 7, 5, 59, tzinfo=NEW_YORK), due) == "soon-1"
    assert name_at(datetime(2023, 12, 7, 9, 0, tzinfo=NEW_YORK), due) is None


def test_a_morning_is_eight_on_the_wall_on_both_sides_of_a_clock_change():
    due = datetime(2023, 11, 8, 12, 0, tzinfo=NEW_YORK)  # the clock went back on Nov 5
    found = reminder_due(due, datetime(2023, 11, 2, tzinfo=NEW_YORK), zone=NEW_YORK, days_before=(7, 1))
    assert found is not None and (found.name, found.at.isoformat()) == ("soon-7", "2023-11-01T08:00:00-04:00")


@given(st.integers(0, 900), st.integers(0, 23), st.sets(st.integers(1, 60), max_size=4))
def test_nobody_is_reminded_before_the_first_morning_and_the_moment_has_always_come(ahead, hour, days):
    now = (DUE - timedelta(days=60) + timedelta(days=ahead)).replace(hour=hour)
    found = reminder_due(DUE, now, zone=NEW_YORK, days_before=days)
    assert found is None or found.at <= now


def test_the_same_morning_gives_the_same_reminder_however_often_it_is_asked():
    names = [name_at(DUE - timedelta(days=7) + timedelta(minutes=7 * n)) for n in range(6000)]
    seen = [name for n, name in enumerate(names) if n == 0 or names[n - 1] != name]
    assert [name for name in seen if name] == [
        "soon-7",
        "soon-1",
        "today",
        "over-1",
        "over-2",
        "over-3",
        "over-10",
        "over-17",
    ]


def test_days_are_said_as_people_say_them():
    said = [days_words(DUE, DUE - timedelta(days=days), NEW_YORK) for days in (7, 1, 0.1, -1, -5)]
    assert said == [
        "due back in 7 days",
        "due back tomorrow",
        "due back today",
        "was due back yesterday",
        "was due back 5 days ago",
    ]
