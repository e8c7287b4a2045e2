"""Rules on made-up series: when they open, when they close, that none flaps."""

from datetime import UTC, datetime, timedelta

import pytest

from courseplatform.status.hooks import registry
from courseplatform.status.rules import Rule, Where, step

RULE = Rule("x", "x", "It broke", opens_at=10, closes_under=5, opens_after_s=30, closes_after_s=60)
START = datetime(2026, 11, 3, 22, 0, tzinfo=UTC)


def played(values, rule=RULE, every_s=15, where=None):
    """(what, seconds since the start, worst) of each event of the series; and where it ends."""
    where, events = where or Where(), []
    for n, value in enumerate(values):
        where, event = step(rule, where, START + timedelta(seconds=n * every_s), value)
        if event:
            events.append((event.what, (event.at - START).total_seconds(), event.worst))
    return events, where


def test_it_opens_after_the_value_has_been_beyond_the_line_for_long_enough_and_is_dated_from_the_first_reading():
    assert played([0, 12, 12, 12])[0] == [("opened", 15.0, 12)]
    assert played([0, 12, 12])[0] == []


def test_one_reading_beyond_the_line_opens_nothing():
    assert played([0, 99, 0, 0, 99, 0])[0] == []


def test_it_closes_after_the_value_has_been_under_the_lower_line_and_tells_the_worst():
    events, where = played([12, 12, 20, 12, 4, 4, 4, 4, 4])
    assert events == [("opened", 0.0, 20), ("closed", 60.0, 20)]
    assert not where.is_open


def test_a_value_that_swings_around_one_line_opens_one_incident():
    events, _ = played([11, 9, 11, 11, 11] + [9, 11] * 50)
    assert [what for what, _, _ in events] == ["opened"]


def test_between_the_lines_an_open_one_stays_open():
    events, where = played([12, 12, 12] + [7] * 40)
    assert where.is_open
    assert len(events) == 1


def test_a_value_that_cannot_be_read_is_no_news():
    events, where = played([12, None, 12, 12, None, None, None])
    assert [what for what, _, _ in events] == ["opened"]
    assert where.is_open


def test_a_reading_that_is_told_twice_counts_once():
    where, _ = step(RULE, Where(), START, 12)
    again, event = step(RULE, where, START, 12)
    assert (again, event) == (where, None)
    older, event = step(RULE, where, START - timedelta(seconds=15), 0)
    assert (older, event) == (where, None)


def test_after_minutes_without_a_reading_what_was_pending_begins_anew():
    where, _ = step(RULE, Where(), START, 12)
    late, event = step(RULE, where, START + timedelta(minutes=10), 12)
    assert event is None
    assert late.above_since == START + timedelta(minutes=10)


def test_after_minutes_without_a_reading_an_open_one_is_still_open():
    _, where = played([12, 12, 12])
    late, event = step(RULE, where, START + timedelta(minutes=10), 12)
    assert (late.is_open, event) == (True, None)


def test_a_rule_that_would_flap_cannot_be_made():
    with pytest.raises(ValueError, match="flap"):
        Rule("x", "x", "It broke", opens_at=5, closes_under=6)


def test_each_registered_rule_reads_something_that_is_read_and_says_what_broke(db):
    kinds = {f"oldest_s.{kind}" for kind in ("live_runs", "mail", "board_runs", "reruns", "counts", "passback")}
    for rule in registry.rules.values():
        assert rule.probe in registry.probes or rule.probe in kinds, rule.key
        assert rule.title
        assert rule.now
        assert not rule.title.endswith(".")


def test_every_public_rule_says_what_it_means_for_people(db):
    assert all(rule.says(3.0) for rule in registry.rules.values() if rule.is_public)
