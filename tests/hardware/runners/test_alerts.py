"""What the staff hear of boards: each trouble once, together, and no more when it is over."""

from datetime import timedelta

import pytest
from django.utils import timezone

from courseplatform.notices.models import Notification
from hardware import leases
from hardware.models import BoardJob, Duty, Health, Runner, RunnerAlert, RunnerHour, Trouble
from hardware.runners import alerts
from hardware.runners.alerts import is_old, troubles_of
from hardware.runners.duty import health_clear
from tests.hardware.runners import boards
from tests.hardware.runners.boards import fresh, make_work

pytestmark = pytest.mark.django_db
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


def add_board(cast, name="pi4-01"):
    """One whose clock is right."""
    return boards.add_board(cast, name, clock_utc=timezone.now().isoformat())


def heard(cast):
    return list(
        Notification.objects.filter(person=cast.amit, kind="hardware").order_by("pk").values_list("title", flat=True)
    )


def test_a_board_that_fell_silent_with_a_run_is_told_of_after_a_minute_and_an_idle_one_after_an_hour(cast):
    runner, board = add_board(cast)
    idle, _ = add_board(cast, "pi4-02")
    work = make_work(cast)
    board.call(board.job(), "start")
    now = timezone.now()
    leases.sweep(now=now + 5 * MINUTE)
    alerts.sweep(now + 5 * MINUTE)
    assert heard(cast) == ["pi4-01 does not answer"]
    leases.job_cancel(work, by="amit")
    alerts.sweep(now + 65 * MINUTE)
    alerts.sweep(now + 66 * MINUTE)
    assert heard(cast) == ["pi4-01 does not answer", "pi4-02 does not answer"]
    alerts.sweep(now + 25 * HOUR)
    assert heard(cast)[2] == "2 troubles with runners: pi4-01, pi4-02"
    assert {one.what for one in RunnerAlert.objects.filter(ended_at=None)} == {Trouble.GONE}
    Runner.objects.update(last_seen_at=now + 26 * HOUR)
    alerts.sweep(now + 26 * HOUR)
    assert not RunnerAlert.objects.filter(ended_at=None).exists() and len(heard(cast)) == 3
    assert fresh(idle).status == Duty.ACTIVE and fresh(runner).status == Duty.ACTIVE


def test_what_comes_back_within_an_hour_is_the_same_trouble(cast):
    runner, _ = add_board(cast)
    now = timezone.now()
    for minutes, free in ((0, 1000), (10, 1 << 33), (20, 1000)):
        Runner.objects.update(state={"disk_free_bytes": free}, last_seen_at=now + minutes * MINUTE)
        alerts.sweep(now + minutes * MINUTE)
    assert heard(cast) == ["pi4-01 has a nearly full disk"]
    (row,) = RunnerAlert.objects.filter(runner=runner)
    assert row.ended_at is None and row.begun_at == now
    Runner.objects.update(state={"disk_free_bytes": 1 << 33})
    alerts.sweep(now + 25 * MINUTE)
    Runner.objects.update(state={"disk_free_bytes": 1000}, last_seen_at=now + 3 * HOUR)
    alerts.sweep(now + 3 * HOUR)
    assert len(heard(cast)) == 2


def test_a_board_that_fails_again_after_somebody_looked_is_news(cast):
    runner, board = add_board(cast)
    for _ in range(2):
        Runner.objects.filter(pk=runner.pk).update(checked_at=timezone.now() - timedelta(days=2))
        board.carry_out(board.job(), p50_ms=9.0)
        assert fresh(runner).health == Health.BAD
        alerts.sweep(timezone.now())
        health_clear(visit=cast.visit(cast.amit), runner=runner, why="the fan")
    assert heard(cast) == ["pi4-01 is not well"] * 2
    assert not RunnerAlert.objects.filter(ended_at=None).exists()


def test_work_for_which_no_board_works_is_told_of_once_for_its_kind(cast):
    runner, _ = add_board(cast)
    Runner.objects.filter(pk=runner.pk).update(status=Duty.PAUSED)
    now = timezone.now()
    for n in range(3):
        make_work(cast, owner=f"person:{n}")
    alerts.sweep(now + 5 * MINUTE)
    assert heard(cast) == []
    BoardJob.objects.update(queued_at=now - 20 * MINUTE)
    alerts.sweep(now)
    alerts.sweep(now + MINUTE)
    assert heard(cast) == ["No board for work that waits: rpi-4-4gb"]
    text = Notification.objects.filter(person=cast.amit).get().text
    assert "Put a board on duty" in text and "No board that could take it works just now" in text
    Runner.objects.filter(pk=runner.pk).update(status=Duty.ACTIVE)
    alerts.sweep(now)
    assert not RunnerAlert.objects.filter(ended_at=None).exists()


def test_work_that_no_board_could_ever_take_is_told_of_at_once_and_once(cast):
    runner, _ = add_board(cast)
    make_work(cast)
    work = make_work(cast, owner="person:2", tags=["camera"])
    alerts.tell_unmet(work, timezone.now())
    alerts.sweep(timezone.now())
    assert heard(cast) == ["No board for work that waits: rpi-4-4gb"]
    assert "pi4-01 has no tag camera" in RunnerAlert.objects.get(ended_at=None).said
    Runner.objects.filter(pk=runner.pk).update(tags=["camera"])
    alerts.sweep(timezone.now())
    assert not RunnerAlert.objects.filter(ended_at=None).exists()


def test_boards_of_the_demo_and_of_courses_that_are_over_trouble_nobody(cast):
    add_board(cast)
    long_ago = timezone.now() - timedelta(days=2)
    Runner.objects.update(is_demo=True, last_seen_at=long_ago)
    assert alerts.sweep(timezone.now()) == 1 and heard(cast) == []
    RunnerAlert.objects.all().delete()
    type(cast.course).objects.filter(pk=cast.course.pk).update(ends_on=(timezone.now() - timedelta(days=30)).date())
    Runner.objects.update(is_demo=False)
    assert alerts.sweep(timezone.now()) == 0 and heard(cast) == []


@pytest.mark.parametrize(
    ("change", "heat", "what"),
    [
        ({}, (0, 2880), set()),
        ({}, (300, 2880), {Trouble.THROTTLED}),
        ({}, (30, 40), set()),  # too little is known
        ({"clock_skew_s": -3600.0}, (0, 0), {Trouble.CLOCK}),
        ({"clock_skew_s": 299.0}, (0, 0), set()),
        ({"state": {"disk_free_bytes": 1 << 29}}, (0, 0), {Trouble.DISK}),
        ({"state": {"disk_free_bytes": "much"}}, (0, 0), set()),
        ({"facts": {"agent": "0.9.12+abc"}}, (0, 0), {Trouble.AGENT}),
        ({"health": Health.BAD}, (0, 0), {Trouble.BAD}),
        ({"status": Duty.PAUSED, "last_seen_at": None}, (0, 0), set()),
    ],
)
def test_what_is_wrong_with_a_board(change, heat, what):
    now = timezone.now()
    given = {"name": "pi4-01", "last_seen_at": now - MINUTE, "facts": {"agent": "1.0.0+abc"}, "clock_skew_s": 0.2}
    assert set(troubles_of(Runner(**given | change), heat, None, now)) == what


@pytest.mark.parametrize(
    ("agent", "old"),
    [("1.0.0+x", False), ("0.9.9", True), ("", False), ("banana", False), ("1.0.0.1", False), ("²", False)],
)
def test_only_an_earlier_release_is_old(agent, old):
    assert is_old(agent) is old


def test_hours_of_a_day_decide_whether_a_board_is_slowed_down_often(cast):
    runner, _ = add_board(cast)
    now = timezone.now()
    for n in range(3):
        RunnerHour.objects.create(runner=runner, at=now - n * HOUR, samples=120, throttled=20)
    alerts.sweep(now)
    assert heard(cast) == ["pi4-01 is slowed down often"]
