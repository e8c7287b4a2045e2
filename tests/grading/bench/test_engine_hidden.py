"""Nothing about hidden inputs leaves the sandbox but scores: no text, no number, and no try that costs nothing."""

import numpy as np
import pytest
from onnx import TensorProto, helper

from grading.bench import engine
from grading.bench.errors import BenchError
from grading.bench.sandbox import SandboxResult, detect
from grading.bench.verdicts import SAFE_CODES, raise_for
from hardware.ondevice.hidden import SENTENCES
from tests.grading.bench.test_engine import report_for
from tests.hardware.ondevice import models

# The one input that made-up ones of the same range do not hit: four numbers that are almost the largest.
SECRET = np.array([0.97, 0.98, 0.96, 0.97], dtype=np.float32)
INPUTS = np.vstack([np.random.default_rng(1).random((36, 4), dtype=np.float32) * 0.9, SECRET, [[1, 0, 0, 0]]]).astype(
    "f4"
)
NODE, FLOAT, INT = helper.make_node, TensorProto.FLOAT, TensorProto.INT64
SHAPE = [("x", FLOAT, [1, 4])]


@pytest.fixture(scope="module")
def sandbox():
    return detect("auto")


@pytest.fixture
def inputs(tmp_path):
    np.save(tmp_path / "inputs.npy", INPUTS)
    return tmp_path / "inputs.npy"


def is_secret():
    """1 for inputs whose smallest number is above 0.95, else 0."""
    return [
        NODE("ReduceMin", ["x"], ["least"], axes=[1], keepdims=0),
        NODE("Sub", ["least", "limit"], ["above"]),
        NODE("Ceil", ["above"], ["one"]),
        NODE("Cast", ["one"], ["count"], to=INT),
    ]


def save(path, nodes, **weights):
    weights |= {"limit": np.array([0.95], dtype=np.float32)}
    return models.save_onnx(path, [*is_secret(), *nodes], weights, SHAPE, [("y", FLOAT, None)])


def fails_on_the_secret(path):
    """The runtime says which place of the table it missed, and that could spell the whole input."""
    nodes = [NODE("Gather", ["table", "count"], ["row"]), NODE("Add", ["x", "row"], ["y"])]
    return save(path, nodes, table=np.zeros((1, 4), dtype=np.float32))


def wider_for_the_secret(path):
    nodes = [
        NODE("Add", ["count", "unit"], ["times"]),
        NODE("Concat", ["unit", "times"], ["repeats"], axis=0),
        NODE("Tile", ["x", "repeats"], ["y"]),
    ]
    return save(path, nodes, unit=np.array([1], dtype=np.int64))


def no_number_for_the_secret(path):
    nodes = [
        NODE("Sub", ["limit", "least"], ["below"]), NODE("Log", ["below"], ["log"]), NODE("Add", ["x", "log"], ["y"]),
    ]  # fmt: skip
    return save(path, nodes)


def measured(path, sandbox, inputs, **options):
    return engine.measure(
        path, report_for("onnx", 1, 4), sandbox=sandbox, inputs=inputs, seed=5, processes=1, **options
    )


def failed(path, sandbox, inputs, **options):
    with pytest.raises(BenchError) as caught:
        measured(path, sandbox, inputs, **options)
    return caught.value


@pytest.mark.parametrize(
    ("make", "code", "outcome"),
    [
        (fails_on_the_secret, "run_failed", "crashed"),
        (wider_for_the_secret, "output_mismatch", "misbehaved"),
        (no_number_for_the_secret, "non_finite_output", "crashed"),
    ],
)
def test_what_fails_on_a_hidden_input_is_said_in_a_fixed_sentence_and_counts(
    tmp_path, sandbox, inputs, make, code, outcome
):
    error = failed(make(tmp_path / "m.onnx"), sandbox, inputs)
    assert error.to_json() == {"code": code, "message": SENTENCES[code][1], "outcome": outcome, "details": {}}


def test_the_same_failure_on_made_up_inputs_is_quoted_and_costs_nothing(tmp_path, sandbox, inputs):
    nodes = [NODE("Add", ["count", "unit"], ["place"]), NODE("Gather", ["table", "place"], ["row"]),
             NODE("Add", ["x", "row"], ["y"])]  # fmt: skip
    path = save(
        tmp_path / "m.onnx", nodes, table=np.zeros((1, 4), dtype=np.float32), unit=np.array([1], dtype=np.int64)
    )
    error = failed(path, sandbox, inputs)
    assert (error.code, error.outcome) == ("run_failed", "refused")
    assert "out of data bounds" in error.message


def test_another_number_of_scores_than_the_lab_asks_for_is_refused_at_once(tmp_path, sandbox, inputs):
    error = failed(models.linear(tmp_path / "m.onnx"), sandbox, inputs, scores=3)
    assert (error.code, error.outcome) == ("output_mismatch", "refused")
    assert "returns 2 numbers" in error.message


def test_a_model_that_draws_random_numbers_is_refused(tmp_path, sandbox, inputs):
    nodes = [NODE("RandomUniformLike", ["x"], ["noise"]), NODE("Add", ["x", "noise"], ["y"])]
    path = models.save_onnx(tmp_path / "m.onnx", nodes, {}, SHAPE, [("y", FLOAT, [1, 4])])
    error = failed(path, sandbox, inputs)
    assert (error.code, error.outcome) == ("unstable_output", "refused")


def test_times_are_taken_before_the_model_sees_a_hidden_input(tmp_path, sandbox, inputs):
    seen = []
    measured(models.linear(tmp_path / "m.onnx"), sandbox, inputs, on_progress=lambda *state: seen.append(state[0]))
    assert seen == sorted(seen, key=["timing", "accuracy"].index)


@pytest.fixture(scope="module")
def torch_models(tmp_path_factory):
    return models.make_torch_models(tmp_path_factory.mktemp("torch"))


@pytest.mark.parametrize("name", ["counter.pt", "lister.pt"])
def test_a_model_that_keeps_something_is_noticed_when_it_runs(torch_models, sandbox, inputs, name):
    """Also where the check had let it through."""
    with pytest.raises(BenchError) as caught:
        engine.measure(
            torch_models / name, report_for("torchscript", 1, 4), sandbox=sandbox, inputs=inputs, seed=5, processes=1
        )
    assert caught.value.code in {"stateful_model", "unstable_output"}


def test_a_model_that_spells_its_input_in_an_error_spells_made_up_ones_only(torch_models, sandbox, inputs):
    with pytest.raises(BenchError) as caught:
        engine.measure(
            torch_models / "speller.pt", report_for("torchscript", 1, 4), sandbox=sandbox, inputs=inputs, seed=5
        )
    assert caught.value.outcome == "refused"
    spelt = {"".join("0BCDEFGHIJ"[int(value * 9)] for value in row) for row in INPUTS}
    assert not any(word in caught.value.message for word in spelt)


def ended_with_hidden_inputs_inside(ended, code, message, *frames):
    result = SandboxResult(
        ended,
        code,
        message,
        (("hidden", {}), *frames),
        None,
        None,
        "",
        wall_s=1,
        cpu_s=1,
        peak_rss_bytes=1,
        isolation="x",
    )
    with pytest.raises(BenchError) as caught:
        raise_for(result)
    return caught.value


@pytest.mark.parametrize("code", ["sandbox_failed", "killed_from_outside"])
def test_what_our_machine_loses_while_hidden_inputs_are_answered_is_not_the_model(code):
    error = ended_with_hidden_inputs_inside("infrastructure", code, "The container engine does not answer.")
    assert (error.outcome, error.message) == ("infrastructure", "The container engine does not answer.")


@pytest.mark.parametrize("code", sorted(SAFE_CODES - SENTENCES.keys()))
def test_a_process_that_speaks_with_the_code_of_its_watcher_says_nothing_and_saves_no_attempt(code):
    said = {"code": code, "message": "The input was 0.97 0.98.", "outcome": "infrastructure"}
    error = ended_with_hidden_inputs_inside("ok", "", "", ("error", said))
    assert (error.outcome, error.message) == SENTENCES["run_failed"]
