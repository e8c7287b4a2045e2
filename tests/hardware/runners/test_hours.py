"""Spells of boards with their ends, and samples that become hours and go."""

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from hardware import leases
from hardware.models import BoardLease, Ended, Purpose, Runner, RunnerEvent, RunnerHour, RunnerSample
from hardware.runners import hours
from hardware.runners.duty import duty_change
from hardware.runners.figures import use_figure
from tests.hardware.runners.boards import add_board, facts_of, fresh, make_work

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 11, 3, 12, tzinfo=UTC)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


def spells(runner):
    return [(one.how, one.why) for one in runner.leases.filter(job__purpose=Purpose.MEASURE).order_by("at", "pk")]


def test_each_spell_keeps_how_it_ended_also_when_the_job_goes_elsewhere(cast):
    first, board = add_board(cast)
    second, other = add_board(cast, "pi4-02")
    work = make_work(cast)
    board.call(board.job(), "start")
    leases.sweep(now=timezone.now() + timedelta(minutes=5))
    assert spells(first) == [(Ended.FAILED, "no sign of life from runner pi4-01")]
    type(work).objects.filter(pk=work.pk).update(not_before=timezone.now())
    other.carry_out(other.job())
    assert spells(second) == [(Ended.MEASURED, "")]
    make_work(cast)
    other.job()
    assert spells(second)[1] == ("", "")
    duty_change(visit=cast.visit(cast.helen), runner=second, to="quarantined", why="smells")
    assert spells(second)[1] == (Ended.GIVEN_BACK, "the runner was put into quarantine")
    assert first.leases.get(job=work).ended_at is not None


def test_what_changes_on_a_machine_is_kept_with_what_it_was(cast):
    runner, board = add_board(cast)
    board.facts = facts_of(
        install_id=board.facts["install_id"], boot_id="boot-2", kernel="6.12", runtimes={"onnx": "1.23.0"}
    )
    board.poll()
    said = {event.what: event.said for event in RunnerEvent.objects.filter(runner=runner)}
    assert said == {"boot_id": "", "kernel": "6.6 to 6.12", "runtimes": "onnx 1.22.1 to onnx 1.23.0"}
    board.poll()
    assert RunnerEvent.objects.count() == 3


def sampled(runner, begun, minutes, **facts):
    RunnerSample.objects.bulk_create(
        RunnerSample(runner=runner, at=begun + n * timedelta(seconds=30), **facts) for n in range(2 * minutes)
    )


def a_runner(cast, name="pi4-01", enrolled=NOON, seen=None):
    course = cast.course
    return Runner.objects.create(
        course=course, name=name, device="rpi-4-4gb", enrolled_at=enrolled, last_seen_at=seen or NOON + 3 * HOUR
    )


def a_spell(cast, runner, at, minutes, how=Ended.MEASURED, **fields):
    job = make_work(cast, **fields)
    return BoardLease.objects.create(runner=runner, job=job, attempt=1, at=at, ended_at=at + minutes * MINUTE, how=how)


def test_an_hour_is_summed_once_from_samples_and_spells(cast):
    runner = a_runner(cast)
    sampled(runner, NOON, 30, temperature_c=50.0, clock_mhz=1500.0)
    sampled(runner, NOON + 30 * MINUTE, 10, temperature_c=70.0, clock_mhz=900.0, is_throttled=True)
    sampled(runner, NOON + HOUR, 61)
    a_spell(cast, runner, NOON + 50 * MINUTE, 20)  # reaches into the next hour
    a_spell(cast, runner, NOON + 5 * MINUTE, 3, purpose=Purpose.HEALTH)
    a_spell(cast, runner, NOON + 20 * MINUTE, 4, how=Ended.FAILED)
    assert hours.sweep(NOON + 2 * HOUR + 3 * MINUTE)["hours"] == 2
    first, second = RunnerHour.objects.filter(runner=runner).order_by("at")
    assert (first.at, first.samples, first.throttled) == (NOON, 80, 20)
    assert (first.temperature_c, first.hottest_c, first.slowest_mhz) == (55.0, 70.0, 900.0)
    assert (first.worked_s, first.checked_s, first.failed_s) == (600, 180, 240)
    assert first.away_s == pytest.approx(20 * 60 + 30) and second.worked_s == 600
    assert second.temperature_c is None and second.away_s == 0
    assert hours.sweep(NOON + 2 * HOUR + 4 * MINUTE) == {"hours": 0, "samples": 0}


def test_a_board_that_is_silent_is_away_for_whole_hours_and_after_a_month_forgotten(cast):
    runner = a_runner(cast, enrolled=NOON + 30 * MINUTE, seen=NOON + 40 * MINUTE)
    sampled(runner, NOON + 30 * MINUTE, 10)
    hours.sweep(NOON + 3 * HOUR + 3 * MINUTE)
    away = [round(row.away_s / 60) for row in RunnerHour.objects.order_by("at")]
    assert away == [20, 60, 60]  # what was before it enrolled is no absence
    assert hours.sweep(NOON + timedelta(days=40))["hours"] == 0 and RunnerHour.objects.count() == 3


def test_after_the_site_was_away_it_catches_up_in_bounded_steps(cast):
    a_runner(cast, seen=NOON + 5 * HOUR)
    now = NOON + timedelta(days=3, minutes=5)
    assert [hours.sweep(now)["hours"] for _ in range(3)] == [48, 24, 0]


def test_samples_go_after_two_weeks_and_never_before_their_hour_is_written(cast):
    runner = a_runner(cast, seen=NOON + timedelta(days=14))
    sampled(runner, NOON, 60, temperature_c=50.0)
    sampled(runner, NOON + timedelta(days=14), 60, temperature_c=50.0)
    late = NOON + timedelta(days=15)
    Runner.objects.update(summed_until=NOON - HOUR)
    assert hours._expired(late) == 0
    while hours.sweep(late)["hours"]:
        pass
    assert RunnerSample.objects.count() == 120 and RunnerHour.objects.get(at=NOON).samples == 120
    assert fresh(runner).summed_until == NOON + timedelta(days=15) - HOUR


@pytest.mark.parametrize(
    ("known_h", "worked_s", "said"),
    [
        (168, 900.0, "It measured 25 % of the last 7 days."),
        (168, 2.5, "It measured 7 min of the last 7 days."),
        (2, 120.0, "It measured 3 % of its first 2 h."),
        (2, 10.0, "It measured 20 s of its first 2 h."),
        (2, 0.0, "It measured nothing in its first 2 h."),
    ],
)
def test_of_a_board_that_came_just_now_the_figure_speaks_of_what_is_known(known_h, worked_s, said):
    """worked_s: in each hour."""
    nothing = {"checked_s": 0.0, "failed_s": 0.0, "away_s": 0.0}
    rows = [RunnerHour(at=NOON - n * HOUR, worked_s=worked_s, **nothing) for n in range(known_h, 0, -1)]
    found = use_figure(rows, by_day=True, span="the last 7 days", zone=UTC, since=NOON - 7 * 24 * HOUR)
    assert found.finding.replace("\u00a0", " ") == said
