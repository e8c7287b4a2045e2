"""A board is calibrated: in parts, which survive what happens to boards, and whose numbers are believed no further than they are numbers."""

from datetime import timedelta
from functools import partial

import pytest
from django.utils import timezone

from hardware import leases
from hardware.models import BoardCalibration, BoardFile, BoardJob, CalibrationRow, CalibrationStatus, PartState, Status
from hardware.runners import calibrating
from tests.hardware.runners.boards import add_board, make_work
from tests.hardware.runners.sweeps import bracket, carry_out

pytestmark = [pytest.mark.django_db, pytest.mark.real_database]


@pytest.fixture(autouse=True)
def ended(monkeypatch):
    """Thirty small files in the place of a sweep; what is told at the end."""
    told = []
    names = [f"sweep/n{number}" for number in range(30)]
    networks = {
        name: calibrating.Network(name, "one 1x1 convolution", name.endswith("9"), 1000, partial(bytes, name, "utf-8"))
        for name in names
    }
    monkeypatch.setattr(calibrating, "_sources", [lambda runtime, precision: networks])
    monkeypatch.setattr(calibrating, "_listeners", [told.append])
    return told


def ask(board, **said):
    return board.send("POST", "/calibration", said)


def test_a_board_asks_twice_and_is_calibrated_once(cast):
    _, board = add_board(cast)
    assert (ask(board).status_code, board.said["status"], board.said["total"]) == (201, "measuring", 30)
    first = board.said["calibration"]
    assert (ask(board, threads=1).status_code, board.said["calibration"]) == (200, first)
    assert (ask(board, threads=4).status_code, board.said["error"]["code"]) == (409, "calibration_stands")
    assert BoardJob.objects.filter(purpose="calibrate").count() == 1
    other = add_board(cast, name="pi4-02")[1]
    assert other.send("GET", "/calibration").status_code == 404
    assert board.send("GET", "/calibration").status_code == 200


@pytest.mark.parametrize(
    ("said", "code"),
    [({"threads": 0}, "bad_threads"), ({"threads": 99}, "bad_threads"), ({"threads": "many"}, "bad_threads"), ({"threads": True}, "bad_threads"),
     ({"runtime": "tflite"}, "no_runtime"), ({"precision": "int8"}, "bad_precision"), ({"precision": [1]}, "bad_precision"),
      ({"runtime": ["onnx"]}, "no_runtime"), ({"runtime": {}}, "no_runtime")],
)  # fmt: skip
def test_what_cannot_be_calibrated_is_refused_with_the_reason(cast, said, code):
    _, board = add_board(cast)
    assert (ask(board, **said).status_code, board.said["error"]["code"]) == (422, code)


def test_all_parts_end_as_rows_and_whoever_waits_is_told_once(cast, ended):
    runner, board = add_board(cast)
    ask(board)
    sizes = []
    while job := board.job():
        assert job["purpose"] == "calibrate" and {file["name"] for file in job["files"]} >= {"golden", "n0"}
        sizes.append(len(job["plan"]["steps"]) // calibrating.WINDOWS)
        assert (
            carry_out(board, job, lambda place, window: (2.0 + place) * (1.5 if window == 1 else 1.0)).status_code
            == 200
        ), board.said
    calibration = BoardCalibration.objects.get()
    assert (sizes, calibration.status, len(ended), board.said["job"]) == (
        [12, 12, 6],
        CalibrationStatus.MEASURED,
        1,
        None,
    )
    assert CalibrationRow.objects.count() == 30
    row = CalibrationRow.objects.get(network="sweep/n3")
    assert (row.p50_ms, row.low_ms, row.high_ms, row.windows, row.inferences) == (5.0, 5.0, 7.5, 5, 100)
    assert (row.runtime_version, row.clock_mhz, row.temperature_c, row.thermal, row.is_whole) == (
        "1.31.1",
        1500,
        51.5,
        "ok",
        False,
    )
    assert board.send("GET", "/calibration").status_code == 200 and (board.said["done"], board.said["status"]) == (
        30,
        "measured",
    )
    assert calibration.board == "rpi-4b" and runner.calibrations.count() == 1


def test_a_board_that_is_killed_repeats_a_part_and_no_more(cast):
    _, board = add_board(cast)
    ask(board)
    carry_out(board, board.job())
    lost = board.job()
    board.call(lost, "start")
    leases.sweep(now=timezone.now() + timedelta(minutes=5))
    BoardJob.objects.filter(status=Status.QUEUED).update(not_before=timezone.now())
    again = board.job()
    assert again["lease"] == lost["lease"] and again["attempt"] == lost["attempt"] + 1
    assert carry_out(board, again).status_code == 200
    assert CalibrationRow.objects.count() == 24
    assert carry_out_late(board, lost) == 410 and CalibrationRow.objects.count() == 24


def carry_out_late(board, job):
    end = {"outcome": "infrastructure", "why": "", "results": None, "log": {"bytes": 0}, "environment": bracket()}
    return board.call(job, "finish", **end).status_code


def test_a_part_during_which_the_golden_model_moved_is_measured_again_three_times_at_most(cast, ended):
    _, board = add_board(cast)
    ask(board)
    count = 0
    while job := board.job():
        moved = bracket(5.0, 5.0 if count > 0 else 7.0)
        count += 1
        carry_out(board, job, environment=moved)
    assert (count, CalibrationRow.objects.count()) == (4, 30)
    states = list(BoardCalibration.objects.get().parts.values_list("state", flat=True))
    assert states == [PartState.UNSTEADY, *[PartState.MEASURED] * 3]
    ask(board)
    while job := board.job():
        carry_out(board, job, environment=bracket(5.0, 7.0))
    newest = BoardCalibration.objects.first()
    assert (newest.status, newest.parts.count(), newest.rows.count(), len(ended)) == (CalibrationStatus.FAILED, 9, 0, 2)


@pytest.mark.parametrize(
    "environment",
    [
        {},
        {"bracket": None},
        {"bracket": {"before_p50_ms": "5", "after_p50_ms": 5}},
        {"bracket": bracket(0, 0)["bracket"]},
    ],
)
def test_an_environment_that_says_nothing_is_not_steady(cast, environment):
    _, board = add_board(cast)
    ask(board)
    assert carry_out(board, board.job(), environment=environment or {"x": 1}).status_code == 200
    assert BoardCalibration.objects.get().parts.first().state == PartState.UNSTEADY


@pytest.mark.parametrize(
    "changes",
    [{"ended": "crashed"}, {"wall_s": 0.001}, {"frames": [["latency", {"samples_ms": ["x"]}]]}, {"name": "other"}],
)
def test_what_is_no_time_makes_no_row(cast, changes):
    _, board = add_board(cast)
    ask(board)
    assert carry_out(board, board.job(), **changes).status_code == 200
    calibration = BoardCalibration.objects.get()
    assert (CalibrationRow.objects.count(), calibration.parts.first().state) == (0, PartState.FAILED)
    assert carry_out(board, board.job(), **changes).status_code == 200
    calibration.refresh_from_db()
    assert (calibration.status, calibration.why) == (CalibrationStatus.FAILED, "2 parts could not be measured.")


def test_a_person_who_hands_in_waits_for_one_part_and_no_other_board_takes_any(cast):
    _, board = add_board(cast)
    other = add_board(cast, name="pi4-02")[1]
    ask(board)
    assert other.job() is None
    part = board.job()
    handed_in = make_work(cast)
    carry_out(board, part)
    assert board.job()["lease"] == str(handed_in.pk)


def test_files_of_a_part_are_few_enough_for_a_slow_line_and_gone_when_it_has_ended(
    cast, monkeypatch, django_capture_on_commit_callbacks
):
    monkeypatch.setattr(calibrating, "MOST_PART_BYTES", 30)  # a file here has nine or ten bytes
    _, board = add_board(cast)
    ask(board)
    job = board.job()
    assert len(job["files"]) == 1 + 3
    with django_capture_on_commit_callbacks(execute=True):
        carry_out(board, job)
    left = BoardFile.objects.filter(job=job["lease"])
    assert [row.name for row in left] == ["results.json"]
    assert CalibrationRow.objects.count() == 3 and len(board.job()["files"]) == 4


def test_a_board_asks_twelve_times_a_day_at_most(cast):
    runner, board = add_board(cast)
    for _ in range(12):
        assert ask(board).status_code == 201
        calibrating.calibration_cancel(calibration=runner.calibrations.first(), by="helen@x")
    assert (ask(board).status_code, board.said["error"]["code"]) == (409, "too_many_calibrations")
    BoardCalibration.objects.update(asked_at=timezone.now() - timedelta(hours=25))
    assert ask(board).status_code == 201


def test_cancelled_no_further_part_is_made(cast, ended):
    _, board = add_board(cast)
    ask(board)
    job = board.job()
    board.call(job, "start")
    calibrating.calibration_cancel(calibration=BoardCalibration.objects.get(), by="helen@x")
    assert (
        board.call(job, "beat", phase="x", done=0, total=0, state={}).status_code == 200
        and board.said["do"] == "cancel"
    )
    board.call(job, "finish", outcome="cancelled", why="", results=None, log={"bytes": 0}, environment={})
    assert board.job() is None and BoardCalibration.objects.get().status == CalibrationStatus.CANCELLED
    assert ask(board).status_code == 201  # and may be begun anew
