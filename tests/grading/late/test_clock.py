"""Units late near clock changes of whole, half and left-out days: counted as walked, and never fewer for a later hand-in."""

import random
from datetime import UTC, datetime, time, timedelta
from fractions import Fraction
from zoneinfo import ZoneInfo

import pytest

from grading.late.clock import passed_boundaries, units_late
from grading.late.facts import Policy, Unit

EVENINGS = {  # before a clock change, in UTC; Samoa left out a whole day, Lord Howe changes by half an hour
    "America/New_York": [(2024, 3, 9), (2024, 11, 2)],
    "Europe/Zurich": [(2024, 3, 30), (2024, 10, 26)],
    "Australia/Lord_Howe": [(2024, 4, 6), (2024, 10, 5)],
    "America/Havana": [(2024, 3, 9), (2024, 11, 2)],
    "Pacific/Apia": [(2011, 12, 29)],
}


def policy_and_due(rng):
    zone = rng.choice(sorted(EVENINGS))
    due = datetime(*rng.choice(EVENINGS[zone]), 20, tzinfo=UTC) + timedelta(minutes=rng.randrange(2000))
    hours = Fraction(rng.choice([1, 3, 6, 42, 144]), 6)
    unit = Unit(
        rng.choice(["hours", "calendar_day"]), rng.choice([time(), time(1, 30), time(2, 30)]), rng.choice(["free", "counts"]), hours,
        rng.choice(["wall", "elapsed"]),
    )  # fmt: skip
    grace = {"grace_minutes": Fraction(rng.choice([0, 0, 1, 90])), "grace_at": rng.choice(["first", "every", "shift"])}
    more = {key: rng.choice(values) for key, values in CHOICES.items()}
    return Policy(ZoneInfo(zone), unit=unit, **grace, **more), due


CHOICES = {"edge": ["", "late", "on_time"], "minute": ["instant", "whole"], "weekend": ["counts", "skipped", "one"]}


@pytest.mark.parametrize("seed", range(150))
def test_units_are_those_of_the_boundaries_walked_and_never_fall(seed):
    rng = random.Random(seed)
    policy, due = policy_and_due(rng)
    step, before = timedelta(minutes=rng.choice([1, 10, 30])), 0
    for n in range(9):
        units = units_late(policy, due, due + step * n**3)
        assert units == sum(1 for _ in passed_boundaries(policy, due, due + step * n**3))
        assert units >= before
        assert n or units == 0
        before = units
