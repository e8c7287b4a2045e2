"""The golden model before and after a run: what is too far apart is the board's fault, goes back into the line, and is never a result."""

import pytest
from django.utils import timezone

from hardware.models import BoardJob, Health, Outcome, Runner, Status
from hardware.runners.health import golden_step
from hardware.runners.waiting import waits
from tests.hardware.runners.boards import add_board, make_work

pytestmark = pytest.mark.django_db
REFERENCE = golden_step("onnx", "reference", "model")


@pytest.fixture
def asked(cast):
    """A board whose golden model takes 5 ms, and a job with a reference on it."""
    runner, board = add_board(cast)
    work = make_work(cast, plan={"steps": [], "reference": REFERENCE})
    return runner, board, work


def ended(board, work, **environment):
    """One attempt, ended as done with this environment; the job afterwards."""
    work.refresh_from_db()
    BoardJob.objects.filter(pk=work.pk).update(not_before=work.queued_at)
    job = board.job()
    while job["purpose"] == "health":  # a board in doubt is checked first
        board.carry_out(job)
        job = board.job()
    assert board.carry_out(job, environment=environment).status_code == 200, board.said
    work.refresh_from_db()
    return work


def took(before_ms, after_ms):
    return {"bracket": {"before_p50_ms": before_ms, "after_p50_ms": after_ms}}


def test_what_stands_keeps_its_bracket_as_the_site_reckons_it(asked):
    _, board, work = asked
    done = ended(board, work, **took(5.0, 5.25))
    assert (done.status, done.outcome, done.faults) == (Status.FINISHED, Outcome.MEASURED, 0)
    assert done.environment["bracket"] == {
        "model": "golden-1.onnx, onnx 1.22.1", "before_ms": 5.0, "after_ms": 5.25, "drift_percent": 5.0, "baseline_ms": 5.0,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (took(4.7, 5.3), "4.70 ms before the run and 5.30 ms after it; a board repeats to 10 %"),
        (took(5.3, 4.7), "5.30 ms before the run and 4.70 ms after it"),
        (took(7.0, 7.1), "7.00 ms before the run, and 5.00 ms is this board's baseline"),
        (took(5.4, 5.6), "5.60 ms after the run, and 5.00 ms is this board's baseline"),
        ({}, "did not say how long the golden model took"),
        (took("5", True), "did not say how long the golden model took"),
        (took(0, float(10**9)), "did not say how long the golden model took"),
    ],
)
def test_what_is_too_far_apart_is_the_boards_fault_and_it_is_checked_before_anything_else(asked, said, why):
    runner, board, work = asked
    given_back = ended(board, work, **said)
    assert (given_back.status, given_back.faults, given_back.environment) == (Status.QUEUED, 1, {})
    assert why in given_back.moves.last().why
    runner.refresh_from_db()
    assert runner.health == Health.UNKNOWN and why in runner.health_why
    assert board.job()["purpose"] == "health"


@pytest.mark.parametrize(
    "said", [{"thermal": "throttled"}, {"samples": [[0.0, 60.0, 1500, False, None], [1.0, 82.0, 600, True, None]]}]
)
def test_a_run_that_was_held_back_is_repeated_whatever_its_agent_calls_it(asked, said):
    runner, board, work = asked
    given_back = ended(board, work, **took(5.0, 5.0), **said)
    assert (given_back.status, given_back.faults) == (Status.QUEUED, 1)
    assert given_back.moves.last().why == "the board was throttled while it measured"
    runner.refresh_from_db()
    assert runner.health == Health.GOOD  # heat is no doubt of the board: it cools down and measures again
    assert ended(board, work, **took(5.0, 5.0)).outcome == Outcome.MEASURED


def test_after_four_such_attempts_the_job_ends_as_ours(asked):
    _, board, work = asked
    for _ in range(4):
        work = ended(board, work, **took(5.0, 9.0))
    assert (work.status, work.outcome) == (Status.FINISHED, Outcome.INFRASTRUCTURE)


@pytest.mark.real_database
def test_a_runtime_by_which_the_board_is_not_checked_is_compared_with_what_it_took_before(cast):
    runner, board = add_board(cast, runtimes={"onnx": "1.22.1", "tflite": "2.4.1"})
    reference = golden_step("tflite", "reference", "model")
    first, second = (make_work(cast, runtime="tflite", plan={"steps": [], "reference": reference}) for _ in range(2))
    assert ended(board, first, **took(8.0, 8.1)).environment["bracket"]["baseline_ms"] is None
    assert "8.00 ms is this board's baseline" in ended(board, second, **took(12.0, 12.1)).moves.last().why
    assert ended(board, second, **took(8.2, 8.1)).environment["bracket"]["baseline_ms"] == 8.0
    assert Runner.objects.get().pk == runner.pk


def test_a_site_says_how_far_its_boards_repeat(asked, settings):
    settings.BOARD_REPEATS_PERCENT = 30
    _, board, work = asked
    assert ended(board, work, **took(4.5, 5.5)).outcome == Outcome.MEASURED


def test_models_in_a_row_go_only_to_a_board_that_runs_all_their_formats(cast):
    _, board = add_board(cast)
    work = make_work(cast, more_runtimes=["tflite"])
    assert board.job() is None
    assert "pi4-01 runs no tflite" in waits(work, timezone.now()).sentence
    board.facts["runtimes"]["tflite"] = "2.4.1"
    assert board.carry_out(board.job()).status_code == 200  # other runtimes: its golden model comes first
    assert board.job()["lease"] == str(work.pk)
