import time

import pytest

from hardware.ondevice.stats import percentile, thin
from hardware.ondevice.timing import Scenario, measure


@pytest.mark.parametrize(("percent", "expected"), [(0, 1), (50, 2.5), (90, 3.7), (100, 4)])
def test_percentiles_interpolate_between_the_closest_ranks(percent, expected):
    assert percentile([4, 1, 3, 2], percent) == pytest.approx(expected)


@pytest.mark.parametrize(("values", "percent"), [([], 50), ([1], 101), ([1], -1)])
def test_a_percentile_that_does_not_exist_is_refused(values, percent):
    with pytest.raises(ValueError):
        percentile(values, percent)


def test_thinning_keeps_order_and_both_halves():
    assert thin(range(1000), 4) == [0, 250, 500, 750]
    assert thin([3, 1], 4) == [3, 1]


def test_the_first_ten_runs_are_kept_apart_from_the_timed_ones():
    calls = []
    latency = measure(lambda: calls.append(1), Scenario(min_runs=5, min_s=0, max_runs=100, max_s=5), lambda *_: None)
    assert len(latency.first_ms) == 10
    assert len(latency.samples_ms) == 5
    assert len(calls) == 15


def test_timing_goes_on_until_enough_time_has_passed():
    scenario = Scenario(min_runs=1, min_s=0.05, max_runs=10_000_000, max_s=5)
    latency = measure(lambda: None, scenario, lambda *_: None)
    assert sum(latency.samples_ms) < 1000
    assert len(latency.samples_ms) > 1


def test_a_slow_model_is_timed_at_least_once_and_not_for_ever():
    latency = measure(lambda: time.sleep(0.03), Scenario(min_runs=50, min_s=0.3, max_s=0.02), lambda *_: None)
    assert (len(latency.first_ms), len(latency.samples_ms)) == (1, 1)
    assert latency.samples_ms[0] >= 30
