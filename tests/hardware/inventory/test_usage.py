"""What was out when, against a count of every hour by hand."""

from datetime import UTC, date, datetime, timedelta
from random import Random
from zoneinfo import ZoneInfo

import pytest

from hardware.inventory.term.usage import Curve, Day, Peak, Span, days_of, share_out, short_of

START = datetime(2023, 10, 1, 4, tzinfo=UTC)  # midnight in New York
NEW_YORK = ZoneInfo("America/New_York")


def hour(number):
    return START + timedelta(hours=number)


def spans_of(seed, many=40, hours=24 * 45):
    random, found = Random(seed), []
    for _ in range(many):
        first = random.randrange(-60, hours)
        length = random.choice([1, 2, 5, 24, 24 * 14, 24 * 60])
        found.append(Span(random.randrange(3), hour(first), None if random.random() < 0.2 else hour(first + length)))
    return found


def by_hand(spans, moment):
    return sum(one.from_at <= moment and (one.until_at is None or moment < one.until_at) for one in spans)


@pytest.mark.parametrize("seed", range(6))
def test_the_curve_is_what_a_count_at_each_hour_finds(seed):
    spans, curve = spans_of(seed), Curve(spans_of(seed))
    found = [by_hand(spans, hour(n)) for n in range(24 * 45)]
    assert [curve(hour(n)) for n in range(24 * 45)] == found
    peak = curve.peak(START, hour(24 * 45 - 1))
    assert (peak.number, peak.at) == (max(found), hour(found.index(max(found))))
    whole = sum(found) / (50 * 24 * 45)
    assert share_out(spans, 50, START, hour(24 * 45)) == pytest.approx(whole)


@pytest.mark.parametrize("seed", range(6))
def test_days_are_those_of_the_wall_also_where_the_clocks_go_back(seed):
    """November 5 has 25 hours in New York; the last day ends now."""
    spans, now = spans_of(seed), hour(24 * 44 + 10)
    days = Curve(spans).days(date(2023, 10, 1), now, NEW_YORK)
    assert [one.day for one in days] == [date(2023, 10, 1) + timedelta(days=n) for n in range(len(days))]
    assert (days[-1].day, days[-1].out) == (now.astimezone(NEW_YORK).date(), by_hand(spans, now))
    for one in days[:-1]:
        hours = [n for n in range(24 * 46) if hour(n).astimezone(NEW_YORK).date() == one.day]
        assert len(hours) == (25 if one.day == date(2023, 11, 5) else 24)
        counts = [by_hand(spans, hour(n)) for n in hours]
        assert one == Day(one.day, counts[-1], max(counts))


def test_what_comes_back_and_goes_out_in_the_same_instant_is_one_thing():
    spans = [Span(1, hour(0), hour(5)), Span(1, hour(5), hour(9))]
    assert Curve(spans).peak(hour(0), hour(20)) == Peak(1, hour(0))
    assert Curve([]).peak(hour(0), hour(20)) == Peak()


@pytest.mark.parametrize("seed", range(4))
def test_days_of_waiting_are_each_counted_once(seed):
    spans, end = spans_of(seed, many=5), hour(24 * 44 + 10)
    hours = [n for n in range(24 * 44 + 10) if by_hand(spans, hour(n))]
    assert days_of(spans, START, end, NEW_YORK) == {hour(n).astimezone(NEW_YORK).date() for n in hours}


def test_what_to_buy_is_said_by_who_waited_and_not_by_what_was_out():
    nobody = short_of([], START, hour(900), NEW_YORK)
    assert not nobody.is_worth_buying
    two_days = short_of([Span(1, hour(10), hour(40), 2)], START, hour(900), NEW_YORK)
    assert (two_days.days, two_days.most, two_days.is_worth_buying) == (2, 2, False)
    three_days = short_of([Span(1, hour(10), hour(60)), Span(1, hour(20), None, 2)], START, hour(60), NEW_YORK)
    assert (three_days.days, three_days.most, three_days.most_at, three_days.is_worth_buying) == (3, 3, hour(20), True)
    assert three_days.item_days == pytest.approx((50 + 80) / 24)
    given_up = short_of([Span(1, hour(10), hour(12), went_without=True)], START, hour(900), NEW_YORK)
    assert (given_up.days, given_up.went_without, given_up.is_worth_buying) == (1, 1, True)
