"""Whose clock counts where several machines must agree, and that beat goes by none that is set."""

import pickle
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from courseplatform import beat
from courseplatform.core import clock


@pytest.fixture
def two_hours_ahead(monkeypatch):
    right = timezone.now
    monkeypatch.setattr(timezone, "now", lambda: right() + timedelta(hours=2))
    return right


@pytest.mark.django_db
@pytest.mark.real_database
def test_the_clock_of_the_database_counts_and_not_that_of_the_process(two_hours_ahead):
    off = clock.shared_now() - two_hours_ahead()
    assert (off > timedelta(hours=1)) == (connection.vendor == "sqlite")  # which lies on this very machine


def test_what_beat_woke_at_a_time_that_lies_ahead_is_due_now():
    every = beat.SCHEDULE["sweep"]["schedule"]
    assert every.is_due(every.now() + timedelta(hours=2)).is_due
    assert every.is_due(every.now() - timedelta(seconds=6)).is_due
    assert not every.is_due(every.now() - timedelta(seconds=1)).is_due


def test_beats_clock_goes_on_evenly_also_in_a_schedule_that_was_kept(monkeypatch):
    every = pickle.loads(pickle.dumps(beat.SCHEDULE["sweep"]["schedule"]))
    began = every.now()
    monkeypatch.setattr("time.time", lambda: 0.0)
    assert timedelta() <= every.now() - began < timedelta(seconds=5)
