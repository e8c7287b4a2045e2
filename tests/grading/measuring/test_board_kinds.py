"""Training steps and models in a row on a board: carried out by the agent's own code, scored by ours, with points that rest on what was measured."""

from pathlib import Path

import numpy as np
import pytest

from grading.demo.digits import hidden_split, write_hidden
from grading.figures import Given, figure_of
from grading.measuring import worker
from grading.models import HiddenSet, Result, Run
from hardware.models import Outcome, Status
from hardware.profiles import load_profiles
from tests.grading.bench import training_steps as steps
from tests.grading.measuring.carried import carried_out, ready_here
from tests.grading.ml_tasks.specs import criterion, raw
from tests.grading.pipelines.stages import TWO, cut_in_two, upload
from tests.hardware.runners.boards import add_board
from tests.people import FakeUpload, hand_in

pytestmark = pytest.mark.django_db
ON_BOARD = {"devices": ["rpi-4-4gb"], "run_on": "board", "board_wait": {"hours": 4}}
ON_TIME = criterion("latency_ms", "at_most", value=100_000)


@pytest.fixture
def lab(cast, settings, monkeypatch):
    """A function: the lab asks for this, with a hidden set of these files."""
    ready_here(settings, monkeypatch)
    folder = Path(settings.DATA_DIR) / "hidden"
    folder.mkdir(exist_ok=True)

    def asks(spec, write):
        write(folder / "kind-inputs.npy", folder / "kind-labels.npy")
        cast.lab.hidden_set = HiddenSet.objects.create(
            slug="kind", title="Kind", inputs_file="kind-inputs.npy", labels_file="kind-labels.npy",
            count=len(np.load(folder / "kind-labels.npy")), inputs_sha256="0" * 64, labels_sha256="0" * 64,
        )  # fmt: skip
        cast.lab.bench_spec = spec
        cast.lab.save()

    return asks


def measured(cast, handed_in, folder, monkeypatch, spoil=None, **board_facts):
    """The run of a hand-in, over a board to its end; and the job that the board had."""
    _, board = add_board(cast, **board_facts)
    hand_in(cast, cast.ruth, handed_in)
    assert worker.work_once("bench@test")
    run = Run.objects.get()
    assert run.status == Status.QUEUED, (run.outcome, run.error_message)
    job = board.job()
    assert carried_out(board, job, folder, monkeypatch, watts=2.0, spoil=spoil).status_code == 200, board.said
    assert worker.work_once("bench@test")
    run.refresh_from_db()
    return run, job


def given_of(result, lab):
    """What figures are drawn from."""
    document = {
        name: getattr(result, name) for name in ("report", "host", "metrics", "quality", "points", "environment")
    }
    return Given(document, lab.spec, load_profiles())


def line_of(result, key):
    return next(line for line in result.points if line["key"] == key)


@pytest.mark.whole  # a step learns in test_measure_step.py; a board feeds models and answers in those below
def test_a_training_step_learns_on_the_board_and_its_points_rest_on_what_was_measured(cast, lab, tmp_path, monkeypatch):
    def write(inputs, labels):
        for path, data in zip((inputs, labels), steps.data(), strict=True):
            np.save(path, data)

    learns = [
        criterion("accuracy_gain", "ramp", **{"from": 0.0, "to": 0.4}),
        criterion("step_peak_bytes", "at_most", value=1e9),
    ]
    lab(raw("training_step", [*learns, ON_TIME], wall_s=240, **ON_BOARD), write)
    handed_in = FakeUpload("step.pt2", steps.learner(tmp_path / "step.pt2"))
    runtimes = {"onnx": "1.22.1", "torch_export": "2.9.1"}
    run, job = measured(cast, handed_in, tmp_path, monkeypatch, runtimes=runtimes)
    assert (run.status, run.outcome) == (Status.FINISHED, Outcome.MEASURED), run.error_message
    assert (job["plan"]["needs_memory_limit"], job["plan"]["reference"]) == (True, None)
    assert len(job["plan"]["steps"]) == 5
    result = Result.objects.get()
    kept, host = result.environment["on_board"], result.host
    assert result.quality["n"] == steps.HELD and result.metrics["accuracy_gain"] > 0.2
    assert result.metrics["step_peak_bytes"] > 0 and len(result.quality["loss"]) == 40
    assert host["processes"] == 5 and result.metrics["latency_ms"] == pytest.approx(host["p50_ms"], rel=1e-4)
    assert (line_of(result, "latency_ms")["basis"], line_of(result, "latency_ms")["earned"]) == ("measured", "1.00")
    assert [window["p50_ms"] for window in kept["windows"]] == host["medians_ms"]
    assert "own record of one step, on pi4-01." in figure_of(given_of(result, cast.lab), "step-memory").how
    assert kept["bracket"] is None and "No reference model" in kept["notes"][0]
    assert kept["energy"]["inferences"] > 0 and kept["energy"]["loaded_w"] == pytest.approx(2.0, abs=1e-4)


def test_models_in_a_row_are_fed_by_the_board_and_scored_as_one(cast, lab, tmp_path, monkeypatch):
    lab(
        {**TWO, **ON_BOARD, "criteria": [*TWO["criteria"], ON_TIME]},
        lambda *paths: write_hidden(hidden_split(), *paths),
    )
    handed_in = upload(tmp_path / "handed-in.zip", cut_in_two(tmp_path))
    run, job = measured(cast, handed_in, tmp_path, monkeypatch)
    assert (run.status, run.outcome) == (Status.FINISHED, Outcome.MEASURED), run.error_message
    assert [row["name"] for row in job["files"]] == ["inputs.npy", "model", "model-2", "reference"]
    fed = [step.get("feed") for step in job["plan"]["steps"]]
    assert [bool(one) for one in fed] == [False] * 9 + [True]
    result = Result.objects.get()
    kept, rows = result.environment["on_board"], result.environment["stages"]
    assert result.metrics["accuracy"] > 0.9
    assert result.host["p50_ms"] == pytest.approx(sum(row["p50_ms"] for row in rows))
    assert result.metrics["latency_ms"] == pytest.approx(result.host["p50_ms"], rel=1e-4)
    assert line_of(result, "latency_ms")["basis"] == line_of(result, "rate")["basis"] == "measured"
    assert [window["p50_ms"] for window in kept["windows"]] == pytest.approx(result.host["medians_ms"])
    said = figure_of(given_of(result, cast.lab), "stages")
    assert (
        said.basis == "measured" and said.finding.endswith("that pi4-01 measured.") and said.shown["there"] == "pi4-01"
    )
    # Each of the two draws 2 W while it runs: what one input takes is the sum, and not the mean.
    energy = kept["energy"]
    assert energy["energy_mj"] > 2000 * energy["seconds"] / energy["inferences"]


def test_a_stage_that_fails_on_the_board_is_named_and_is_the_students(cast, lab, tmp_path, monkeypatch):
    lab({**TWO, **ON_BOARD}, lambda *paths: write_hidden(hidden_split(), *paths))
    handed_in = upload(tmp_path / "handed-in.zip", cut_in_two(tmp_path))

    def spoil(folder):
        (folder / "model").write_bytes(b"\x08 no model any more")

    run, _ = measured(cast, handed_in, tmp_path, monkeypatch, spoil=spoil)
    assert (run.status, run.outcome, run.faults) == (Status.FINISHED, Outcome.REFUSED, 0)
    assert run.error_message.startswith("encode.onnx: ")
