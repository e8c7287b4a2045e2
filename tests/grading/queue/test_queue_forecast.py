"""The range that a run is promised: whether results come inside it, and what it does where little is known."""

import heapq
import math
import random
import time

import pytest

from grading.queue.forecast import Held, Pace, forecast


def times(chance, centre, spread, count):
    return [math.exp(math.log(centre) + chance.gauss(0, spread)) for _ in range(count)]


def kept_promises(*, evidence, ahead, workers, spread, trials=300, begun=0.0):
    """Share of results that came inside the range, for runs whose times are drawn from one distribution that the forecast does not know."""
    inside = 0
    for trial in range(trials):
        chance = random.Random(trial)
        centre = chance.uniform(4, 60)
        took = times(chance, centre, spread, evidence)
        others = times(chance, centre, spread, workers)
        elapsed = [one * chance.random() for one in others]
        free = [one - gone for one, gone in zip(others, elapsed, strict=True)]
        heapq.heapify(free)
        for one in times(chance, centre, spread, ahead):
            heapq.heapreplace(free, free[0] + one)
        truth = free[0] + times(chance, centre, spread, 1)[0]
        said = forecast(
            own=took, held=[Held(took, gone) for gone in elapsed], ahead=[(took, ahead)], workers=workers, seed=trial
        )
        inside += said.end.low_s <= truth <= said.end.high_s
    return inside / trials


@pytest.mark.parametrize(
    ("evidence", "ahead", "workers", "spread"),
    [(3, 2, 1, 0.3), (8, 2, 1, 0.3), (8, 9, 2, 0.5), (40, 0, 1, 0.5), (40, 2, 1, 0.15), (40, 40, 4, 0.3)],
)
def test_about_eight_to_nine_of_ten_results_come_inside_the_range(evidence, ahead, workers, spread):
    assert kept_promises(evidence=evidence, ahead=ahead, workers=workers, spread=spread, trials=80) >= 0.7


def test_with_enough_runs_the_range_is_as_narrow_as_it_may_be():
    """A range of an hour would always be kept."""
    shares = [kept_promises(evidence=40, ahead=ahead, workers=2, spread=0.3, trials=80) for ahead in (0, 3, 12)]
    assert 0.75 <= sum(shares) / len(shares) <= 0.95


def test_without_three_runs_there_is_no_range():
    assert forecast(own=[3.0, 4.0], workers=1, seed=1) is None


def test_who_is_next_on_an_idle_machine_starts_at_once():
    said = forecast(own=[3.0, 4.0, 5.0], workers=2, seed=1)
    assert said.start.low_s == said.start.high_s == 0.0
    assert 2 < said.end.low_s < 4 < said.end.high_s < 8


def test_more_workers_make_it_sooner_and_more_ahead_later():
    own = [10.0, 11.0, 9.0, 10.0]
    waits = [
        forecast(own=own, ahead=[(own, ahead)], workers=workers, seed=5).start.high_s
        for ahead, workers in ((4, 4), (4, 2), (4, 1), (9, 1))
    ]
    assert waits == sorted(waits) and waits[0] < waits[1] < waits[2] < waits[3]


def test_what_has_run_for_long_has_less_left_and_one_past_all_others_is_called_so():
    own = [10.0, 12.0, 14.0, 11.0, 13.0]
    early, late = (forecast(own=own, running_for_s=gone, workers=1, seed=2) for gone in (1.0, 9.0))
    assert late.end.high_s < early.end.high_s and early.start is None and not early.is_overdue
    assert forecast(own=own, running_for_s=20.0, workers=1, seed=2).is_overdue


def test_a_re_run_that_makes_way_holds_nobody_up():
    own = [60.0, 61.0, 62.0]
    assert forecast(own=own, held=[Held(own, 1.0, yields=True)], workers=1, seed=1).start.high_s <= 1.5


def test_the_same_run_is_promised_the_same_at_the_same_moment():
    own = [3.0, 9.0, 5.0]
    first, second = (forecast(own=own, ahead=[(own, 30)], workers=1, seed=77) for _ in range(2))
    assert first == second


def test_a_line_of_two_thousand_is_played_through_in_less_than_a_fifth_of_a_second():
    own, other = [3.0, 9.0, 5.0], [2.0, 2.5, 4.0]
    began = time.perf_counter()
    said = forecast(own=own, ahead=[(own, 1000), (other, 1000)], workers=4, seed=77)
    assert time.perf_counter() - began < 1.0  # a fifth of a second with room for a busy machine
    mean = 1000 * (17 / 3 + 8.5 / 3) / 4
    assert 0.4 * mean < said.start.low_s < mean < said.start.high_s < 2.5 * mean


# -- what drifts ------------------------------------------------------------------------------------------------------


def drifting(trials, ahead, watched_s, *, knows_pace):
    """Share of results inside the range where the examples were slow and what comes is quicker by half: four workers on two cores, for which
    fifty people have just stopped handing in."""
    inside = 0
    for trial in range(trials):
        chance = random.Random(trial)
        took = times(chance, 10, 0.3, 12)
        quick = times(chance, 6, 0.3, ahead + 2)
        last = sum(math.log(one / 10) for one in times(chance, 6, 0.3, 8)) / 10
        pace = Pace(last if knows_pace else 0.0, watched_s)
        said = forecast(own=took, held=[Held(took, 0.0)], ahead=[(took, ahead)], workers=1, seed=trial, pace=pace)
        inside += said.end.low_s <= sum(quick) <= said.end.high_s
    return inside / trials


def test_the_last_few_jobs_set_the_pace():
    assert drifting(80, 8, 3600, knows_pace=False) < 0.3
    assert drifting(80, 8, 3600, knows_pace=True) > 0.75


def test_who_has_watched_for_a_minute_promises_less_than_who_has_watched_for_days():
    took = tuple(times(random.Random(1), 10, 0.3, 40))
    ranges = [
        forecast(own=took, ahead=[(took, 20)], workers=1, seed=1, pace=Pace(0.0, watched_s)).end
        for watched_s in (60, 3600, 86400)
    ]
    widths = [one.high_s / one.low_s for one in ranges]
    assert widths[0] > widths[1] > widths[2] > 1.2


def test_nothing_that_lies_ahead_of_an_idle_worker_can_drift_far():
    took = tuple(times(random.Random(1), 10, 0.1, 40))
    near = forecast(own=took, workers=1, seed=1, pace=Pace(0.0, 3600)).end
    assert near.high_s / near.low_s < 2
