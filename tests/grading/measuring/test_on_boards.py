"""A run that a board measures: checked by a worker, carried out by a runner, scored by a worker; and what becomes of it without a board."""

from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from django.utils import timezone

from courseplatform.notices.models import Notification
from grading.demo.digits import hidden_split, write_hidden
from grading.measuring import board_facts, worker
from grading.models import HiddenSet, Result, Run
from grading.models.boards import BoardRun
from grading.points.again import Stored, points_again
from grading.points.modelled import Modelled
from grading.points.on_board import put_measured
from grading.spec import BenchSpec
from hardware import leases
from hardware.models import BoardJob, Job, Outcome, Runner, Status
from hardware.ondevice.runner import carry_out
from hardware.runners.leasing import MOST_FAULTS
from tests.courseplatform.teams.builders import make_team
from tests.grading.measuring.carried import carried_out, ready_here
from tests.hardware.runners.boards import add_board
from tests.load.ten_times import MODELS
from tests.load.ten_times import SPEC as TEN_SPEC
from tests.people import FakeUpload, hand_in

pytestmark = [pytest.mark.django_db, pytest.mark.real_database]
BOARD = {"devices": ["rpi-4-4gb"], "run_on": "board", "board_wait": {"hours": 4}}

ON_TIME = {
    "key": "on_time",
    "title": "Latency",
    "points": 2,
    "metric": "latency_ms",
    "rule": {"kind": "at_most", "value": 1000},
}


@pytest.fixture
def lab(cast, settings, monkeypatch):
    """The lab of the digits, for boards; its hidden set lies where workers look for it."""
    ready_here(settings, monkeypatch)
    folder = Path(settings.DATA_DIR) / "hidden"
    folder.mkdir(exist_ok=True)
    write_hidden(hidden_split(), folder / "digits-inputs.npy", folder / "digits-labels.npy")
    hidden = HiddenSet.objects.create(
        slug="digits", title="Digits", inputs_file="digits-inputs.npy", labels_file="digits-labels.npy", count=len(hidden_split()[1]),
        inputs_sha256="0" * 64, labels_sha256="0" * 64,
    )  # fmt: skip
    spec = TEN_SPEC | BOARD
    spec["criteria"] = [*spec["criteria"], ON_TIME]
    cast.lab.bench_spec, cast.lab.hidden_set = spec, hidden
    cast.lab.save()
    return cast.lab


def handed_in(cast, name="digits-narrow.onnx"):
    hand_in(cast, cast.ruth, FakeUpload(name, MODELS / name))
    return Run.objects.get()


def test_from_a_hand_in_over_a_board_to_points(cast, lab, tmp_path, client, monkeypatch):
    _, board = add_board(cast)
    run = handed_in(cast)
    assert worker.work_once("bench@test")
    run.refresh_from_db()
    assert (run.status, run.faults) == (Status.QUEUED, 0) and run.not_before > timezone.now() + timedelta(minutes=10)
    assert run.moves.last().why == "It passed the check and waits for a board."
    job = board.job()
    # Whoever holds the board can read what lies on it: the hidden inputs never go there.
    assert job["title"] == "Lab 1, attempt 1" and [row["name"] for row in job["files"]] == ["model", "reference"]
    assert carried_out(board, job, tmp_path, monkeypatch, watts=2.0).status_code == 200
    run.refresh_from_db()
    assert run.not_before <= timezone.now()
    assert worker.work_once("bench@test")
    run.refresh_from_db()
    assert (run.status, run.outcome) == (Status.FINISHED, Outcome.MEASURED), run.error_message
    result = Result.objects.get(run=run)
    assert result.graded_by == "board pi4-01" and result.environment["graded_by"]["on"] == "board"
    assert result.metrics["latency_ms"] == pytest.approx(result.host["p50_ms"], rel=1e-4)
    kept = result.environment["on_board"]
    assert set(kept["bracket"]) == {"model", "before_ms", "after_ms", "drift_percent", "baseline_ms"}
    assert kept["bracket"]["model"] == "golden-1.onnx, onnx 1.22.1" and kept["bracket"]["baseline_ms"] == 5.0
    assert [set(window) for window in kept["windows"]] == [{"p50_ms", "p90_ms", "p99_ms", "first_ms"}] * 5
    assert [window["p50_ms"] for window in kept["windows"]] == result.host["medians_ms"]
    assert kept["samples"][-1][1:] == [48.312, 1500.0, False, 2.0] and kept["clock_mhz"] == {
        "least": 1500,
        "most": 1500,
    }
    assert (kept["runner_id"], kept["kernel"], kept["threads"]) == (str(Runner.objects.get().pk), "6.6", 1)
    energy = kept["energy"]
    assert (energy["source"], energy["idle_w"], energy["volts"]) == ("ina219@1-0040", 2.0, 5.0)
    assert energy["loaded_w"] == pytest.approx(2.0, abs=1e-4)
    assert energy["energy_mj"] == pytest.approx(2000 * energy["seconds"] / energy["inferences"], rel=1e-3)
    assert energy["mah"] == pytest.approx(energy["energy_mj"] / 5 / 3600, rel=1e-3)
    # At rest it draws as much, so points do not rest on what is left above idle.
    assert kept["energy_mj"] is None and kept["notes"] == [board_facts.UNTOLD]
    assert result.host["processes"] == 5 and result.metrics["accuracy"] > 0.9
    assert result.environment["devices"]["rpi-4-4gb"]["latency_ms"] is not None  # what was modelled stays beside it
    assert BoardRun.objects.count() == 1 and Decimal(result.earned) > 0
    line = next(line for line in result.points if line["key"] == "on_time")
    assert (line["basis"], line["earned"]) == ("measured", "2.00") and line["how"].startswith(
        "measured on pi4-01: median of"
    )
    # Counted again by other rules, the points still rest on the board and not on the model.
    spec = cast.lab.bench_spec | {"criteria": [ON_TIME | {"rule": {"kind": "at_most", "value": 0.0001}}]}
    stored = Stored(result.metrics, result.quality, result.environment, result.points)
    (again,) = points_again(BenchSpec.parse(spec), stored).lines
    assert (again.basis, again.earned, again.value) == ("measured", "0.00", line["value"])
    client.force_login(cast.ruth)
    page = client.get(run.get_absolute_url()).content.decode()
    assert "board pi4-01" in page and "measured on pi4-01, graded" in page and "modelled: " in page
    assert result.environment["on_host"]["processes"] == 1 and 'id="board-ask"' not in page


def test_a_board_that_reports_times_of_a_dream_is_kept_back_for_the_staff(cast, lab, tmp_path, client, monkeypatch):
    """A student's own board, with an agent that they have changed."""
    honest = carry_out.Run.results_document

    def dream(run):
        said = honest(run)
        for step in said["steps"]:
            quick = {"first_ms": [0.002] * 10, "samples_ms": [0.001] * 200}
            step["frames"] = [[kind, body | quick if kind == "latency" else body] for kind, body in step["frames"]]
        return said

    monkeypatch.setattr(carry_out.Run, "results_document", dream)
    _, board = add_board(cast)
    run = handed_in(cast, "digits-narrow.onnx")
    assert worker.work_once("bench@test")
    assert carried_out(board, board.job(), tmp_path, monkeypatch).status_code == 200
    assert worker.work_once("bench@test")
    run.refresh_from_db()
    assert run.status == Status.PARKED and not Result.objects.filter(run=run).exists()
    client.force_login(cast.helen)
    page = client.get(run.get_absolute_url()).content.decode()
    assert "Faster than a runtime can be called" in page and "are said to take 0.0010 ms" in page
    client.force_login(cast.ruth)
    assert "said to take" not in client.get(run.get_absolute_url()).content.decode()


def test_without_a_board_in_time_it_is_measured_here_and_says_so(cast, lab):
    add_board(cast)
    run = handed_in(cast)
    assert worker.work_once("bench@test")
    Runner.objects.update(last_seen_at=timezone.now() - timedelta(hours=1))
    Job.objects.filter(pk=run.pk).update(queued_at=timezone.now() - timedelta(hours=5), not_before=timezone.now())
    assert worker.work_once("bench@test")
    run.refresh_from_db()
    assert run.status == Status.PARKED  # the lab asks the staff whether that may count
    assert BoardJob.objects.get(board_run__for_job=run).outcome == Outcome.CANCELLED


def test_a_board_that_fails_costs_the_student_nothing(cast, lab):
    _, board = add_board(cast)
    run = handed_in(cast)
    assert worker.work_once("bench@test")
    for _ in range(MOST_FAULTS):
        BoardJob.objects.filter(status=Status.QUEUED).update(not_before=timezone.now())
        job = board.job()
        if job["purpose"] == "health":
            board.carry_out(job)
            job = board.job()
        assert (
            board.call(job, "finish", outcome="infrastructure", why="no space left", log={"bytes": 0}).status_code
            == 200
        )
    run.refresh_from_db()
    assert run.not_before <= timezone.now() and run.faults == 0
    assert worker.work_once("bench@test")
    run.refresh_from_db()
    assert run.status == Status.PARKED


def test_cancelling_the_run_takes_it_off_the_board(cast, lab):
    _, board = add_board(cast)
    run = handed_in(cast)
    assert worker.work_once("bench@test")
    job = board.job()
    board.call(job, "start")
    leases.job_cancel(run, by="ruth")
    assert board.call(job, "beat").json() == {"do": "cancel"}


def test_a_model_that_fails_the_check_never_reaches_a_board(cast, lab):
    add_board(cast)
    run = handed_in(cast, "wrong-shape.onnx")
    assert worker.work_once("bench@test")
    run.refresh_from_db()
    assert run.outcome == Outcome.REFUSED and not BoardRun.objects.exists()


def test_what_no_board_has_is_told_to_the_staff_at_once_and_measured_here_after_the_wait(cast, lab, client):
    add_board(cast)
    lab.bench_spec = lab.bench_spec | {"board": {"tags": ["camera"]}, "fallback": "emulation"}
    lab.save()
    run = handed_in(cast)
    assert worker.work_once("bench@test")
    asked = BoardJob.objects.get(purpose="measure")
    assert asked.tags == ["camera"]
    titles = Notification.objects.filter(kind="hardware").values_list("person__name", "title")
    said = "No board for work that waits: rpi-4-4gb"
    assert {(name, said) for name in ("Helen", "Ines", "Amit")} == set(titles)
    Job.objects.filter(pk=run.pk).update(not_before=timezone.now())
    assert worker.work_once("bench@test")
    run.refresh_from_db()
    assert run.status == Status.QUEUED and "pi4-01 has no tag camera" in run.moves.last().why
    Job.objects.filter(pk=run.pk).update(not_before=timezone.now(), queued_at=timezone.now() - timedelta(hours=5))
    assert worker.work_once("bench@test")
    run.refresh_from_db()
    assert run.outcome == Outcome.MEASURED
    graded = run.result.environment["graded_by"]
    assert graded["reason"] == "No board tagged camera was free within 4 h."
    client.force_login(cast.ruth)
    assert graded["reason"] in client.get(run.get_absolute_url()).content.decode()


def test_what_a_charge_gives_follows_the_time_that_was_measured():
    extrapolated, unmetered = "Extrapolated: a size.", "Nobody metered it."
    found = Modelled(
        metrics={"latency_ms": 50.0, "battery_hours": 6.0, "inferences_per_charge": 432_000.0, "mah_per_1000_inferences": 8.0},
        left_open={"latency_ms": extrapolated, "inferences_per_charge": extrapolated, "mah_per_1000_inferences": unmetered},
    )  # fmt: skip
    put_measured(
        found,
        {"runner": "pi4-01", "device": "pi", "energy_mj": None, "p50_ms": 40.0, "medians_ms": [32.0, 48.0], "runs": 9},
        "pi",
    )
    assert found.metrics == {
        "latency_ms": 40.0, "frames_per_second": 25.0, "battery_hours": 6.0, "inferences_per_charge": 540_000.0, "mah_per_1000_inferences": 6.4,
    }  # fmt: skip
    assert found.intervals["inferences_per_charge"] == (450_000.0, 675_000.0)
    assert found.intervals["mah_per_1000_inferences"] == (5.12, 7.68)
    assert found.left_open == {"mah_per_1000_inferences": unmetered}
    assert found.measured == {"latency_ms", "frames_per_second"}
    assert found.how["latency_ms"] == "measured on pi4-01: median of 9 inferences in 2 windows"


def test_of_a_training_step_steps_are_what_was_timed():
    found = Modelled()
    board = {
        "runner": "pi4-01",
        "device": "pi",
        "energy_mj": None,
        "p50_ms": 40.0,
        "medians_ms": [32.0, 48.0],
        "runs": 9,
    }
    put_measured(found, board, "pi", of_steps=True)
    assert found.how["latency_ms"] == "measured on pi4-01: median of 9 steps in 2 windows"


def test_a_lab_that_is_changed_while_a_board_measures_is_answered_by_its_new_rules(cast, lab, tmp_path, monkeypatch):
    """The board only timed the model: what the lab now shows it, it is shown here, and no board is asked again."""
    _, board = add_board(cast)
    run = handed_in(cast)
    assert worker.work_once("bench@test")
    assert carried_out(board, board.job(), tmp_path, monkeypatch).status_code == 200
    source = lab.bench_spec["input"]
    lab.bench_spec = lab.bench_spec | {"input": source | {"normalise": {"divide_by": 1000}}}
    lab.save()
    assert worker.work_once("bench@test")
    run.refresh_from_db()
    assert (run.status, run.outcome) == (Status.FINISHED, Outcome.MEASURED), run.error_message
    assert run.result.metrics["accuracy"] < 0.9 and BoardRun.objects.count() == 1


def test_in_a_lab_that_everybody_does_alone_the_board_of_ones_team_is_ones_own(cast, lab):
    magpie = make_team(cast, "Magpie", cast.ruth)
    _, own = add_board(cast, name="magpie-pi", team=magpie)
    handed_in(cast)
    assert worker.work_once("bench@test")
    assert BoardJob.objects.get(purpose="measure").team == magpie
    assert own.job()["title"] == "Lab 1, attempt 1"
