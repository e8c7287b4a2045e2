"""Why a job for a board waits: what each board does or lacks, how many stand before it, and how long that takes."""

from datetime import timedelta

import pytest
from django.utils import timezone

from hardware.models import BoardJob, Duty, Job, Outcome, Runner, Status
from hardware.runners.duty import duty_change
from hardware.runners.waiting import waits
from tests.courseplatform.teams.builders import make_team
from tests.hardware.runners.boards import add_board, make_work

pytestmark = pytest.mark.django_db
SENSOR = [{"name": "ina219@1-0040", "kind": "hwmon", "rail": ""}]


def told(job):
    return waits(BoardJob.objects.get(pk=job.pk), timezone.now())


def took(cast, runner, *seconds):
    """Runs that this board has measured, of so many seconds each."""
    for n, each in enumerate(seconds):
        job, begun = make_work(cast, owner=f"past:{n}"), timezone.now() - timedelta(hours=2)
        ended = {"status": Status.FINISHED, "outcome": Outcome.MEASURED, "finished_at": begun + timedelta(seconds=each)}
        Job.objects.filter(pk=job.pk).update(leased_at=begun, **ended)
        BoardJob.objects.filter(pk=job.pk).update(taken_by=runner)


def test_a_free_board_takes_it_within_seconds(cast):
    add_board(cast)
    found = told(make_work(cast))
    assert found.sentence == "pi4-01 is free, and this run is the next."
    assert (found.before, found.least, found.most) == (0, timedelta(0), timedelta(seconds=10))


def test_behind_others_the_range_is_what_the_newest_runs_took(cast):
    runner, board = add_board(cast)
    took(cast, runner, 100, 110, 120, 130, 140)
    for owner in ("a", "b", "c"):
        make_work(cast, owner=owner)
    board.job()
    found = told(make_work(cast, owner="d"))
    assert (
        found.before == 2
        and found.sentence
        == "pi4-01 has measured another run for 0 s, and 2 runs stand before it.".replace("0 s", "0\xa0s")
    )
    assert timedelta(seconds=310) <= found.least <= timedelta(seconds=312)
    assert timedelta(seconds=416) <= found.most <= timedelta(seconds=418)


def test_without_runs_to_go_by_no_range_is_said(cast):
    _, board = add_board(cast)
    make_work(cast, owner="a")
    board.job()
    found = told(make_work(cast, owner="b"))
    assert (found.before, found.least, found.most) == (0, None, None)


def test_what_no_board_has_is_named_beside_what_each_lacks(cast):
    add_board(cast)
    found = told(make_work(cast, tags=["camera"], needs_power_sensor=True))
    assert found.nobody_can and found.most is None
    assert found.sentence == (
        "No board here can take it: it asks for a Raspberry Pi 4, 4 GB, tagged camera with a power sensor, and pi4-01 has no tag camera."
    )


def test_a_course_without_such_a_board_says_so(cast):
    assert told(make_work(cast)).sentence.endswith("and the course has none.")


@pytest.mark.parametrize(
    ("spoil", "state", "said"),
    [
        (
            lambda cast, runner: Runner.objects.update(last_seen_at=timezone.now() - timedelta(minutes=5)),
            "away",
            "has not answered for",
        ),
        (lambda cast, runner: Runner.objects.update(health="bad"), "barred", "is not well"),
        (
            lambda cast, runner: duty_change(visit=cast.visit(cast.amit), runner=runner, to=Duty.PAUSED),
            "barred",
            "is not on duty (paused)",
        ),
        (lambda cast, runner: Runner.objects.update(health="unknown"), "checking", "measures its golden model first"),
    ],
)
def test_a_board_that_could_and_does_not_says_what_it_does(cast, spoil, state, said):
    runner, _ = add_board(cast)
    spoil(cast, runner)
    found = told(make_work(cast))
    assert not found.nobody_can and found.boards[0].state == state and found.boards[0].said.startswith(said)
    assert said in found.sentence


def test_boards_of_other_teams_are_not_told(cast):
    magpie, heron = make_team(cast, "Magpie", cast.ruth), make_team(cast, "Heron", cast.daniel)
    add_board(cast, name="magpie-pi", team=magpie)
    found = told(make_work(cast, team=heron))
    assert found.boards == () and found.sentence.endswith("and those of the course work for other teams.")
    assert [one.name for one in told(make_work(cast, team=magpie)).boards] == ["magpie-pi"]


def test_before_counts_what_a_board_that_could_take_it_takes_first(cast):
    add_board(cast)
    add_board(cast, name="pi4-02", tags=["camera"], sensors=SENSOR)
    Runner.objects.filter(name="pi4-02").update(health="unknown")
    make_work(cast, owner="a", runtime="tflite")  # no board here runs it, so it stands in nobody's way
    make_work(cast, owner="b")
    assert told(make_work(cast, owner="c", tags=["camera"], needs_power_sensor=True)).before == 1


def test_what_is_held_and_what_has_ended_waits_for_nothing(cast):
    _, board = add_board(cast)
    job = make_work(cast)
    work = board.job()
    assert told(job).sentence == "pi4-01 measures it."
    board.carry_out(work)
    assert told(job).sentence == "It waits no more: it has ended."


def test_the_number_of_queries_does_not_grow_with_the_boards(cast, django_assert_max_num_queries):
    for n in range(6):
        add_board(cast, name=f"pi4-{n:02}")
    for n in range(12):
        make_work(cast, owner=f"o{n}")
    job = BoardJob.objects.select_related("course").get(pk=make_work(cast, owner="last").pk)
    with django_assert_max_num_queries(8):
        waits(job, timezone.now())
