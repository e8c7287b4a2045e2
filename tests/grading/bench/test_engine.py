"""The engine with real models in the strongest sandbox of this machine."""

import hashlib
import os
from pathlib import Path

import numpy as np
import pytest
from onnx import TensorProto, helper

from grading.bench import engine
from grading.bench.errors import BenchError
from grading.bench.report import Report, TensorSpec
from grading.bench.sandbox import Budget, Limits, detect
from tests.grading.bench.test_onnx_weightless import beside
from tests.grading.bench.tiny import tiny_onnx
from tests.hardware.ondevice import models

INPUTS = np.random.default_rng(1).random((37, 4), dtype=np.float32)
WEIGHTS = np.array([[1, 0], [0, 1], [1, 1], [0, 2]], dtype=np.float32)


def report_for(kind, *shape):
    return Report(
        format=kind, bytes=0, sha256="", inputs=(TensorSpec("x", shape, "float32"),), outputs=(), params=0, macs=0,
        weight_bits={}, sparsity=0.0, weight_bytes=0, peak_activation_bytes=0, peak_operator=0, operators=(),
    )  # fmt: skip


@pytest.fixture(scope="module")
def sandbox():
    return detect("auto")


@pytest.fixture
def inputs(tmp_path):
    np.save(tmp_path / "inputs.npy", INPUTS)
    return tmp_path / "inputs.npy"


def measure(path, sandbox, inputs=None, kind="onnx", shape=(1, 4), **options):
    return engine.measure(path, report_for(kind, *shape), sandbox=sandbox, inputs=inputs, seed=5, **options)


def refused(path, sandbox, inputs, **options):
    with pytest.raises(BenchError) as caught:
        measure(path, sandbox, inputs, processes=1, **options)
    return caught.value


def test_predictions_come_back_in_the_order_of_the_file(tmp_path, sandbox, inputs):
    measured = measure(models.linear(tmp_path / "m.onnx"), sandbox, inputs)
    assert np.allclose(measured.predictions, INPUTS @ WEIGHTS, atol=1e-5)


def test_a_batch_that_does_not_divide_the_inputs_is_filled_up(tmp_path, sandbox, inputs):
    path = models.linear(tmp_path / "m.onnx", batch=8)
    assert np.allclose(measure(path, sandbox, inputs, shape=(8, 4)).predictions, INPUTS @ WEIGHTS, atol=1e-5)


@pytest.mark.parametrize("name", ["bfloat16 in", "bfloat16 out"])
@pytest.mark.parametrize("way", ["traced", "exported"])
def test_numbers_that_numpy_does_not_have_are_cast_at_the_border(answers, folder, sandbox, inputs, name, way):
    path = folder / "layers" / f"{name}.{'pt' if way == 'traced' else 'pt2'}"
    report = Report.from_json(answers[f"{name} {way}"]["report"])
    measured = engine.measure(path, report, sandbox=sandbox, inputs=inputs, seed=5)
    assert report.inputs[0].dtype == ("bfloat16" if name == "bfloat16 in" else "float32")
    assert np.allclose(measured.predictions, INPUTS @ [[1, 0], [0, 1], [1, 1], [0, 2]], atol=0.04)


def test_times_come_from_three_processes_with_their_first_runs_kept(tmp_path, sandbox):
    host = measure(models.linear(tmp_path / "m.onnx"), sandbox).host
    assert (host.processes, len(host.first_ms), len(host.samples_ms)) == (3, 10, 200)
    assert host.runs >= 150
    assert 0 < host.p50_ms <= host.p90_ms <= host.p99_ms
    assert len(host.medians_ms) == 3
    assert min(host.medians_ms) <= host.p50_ms <= max(host.medians_ms)
    assert host.isolation == sandbox.name
    assert host.peak_rss_bytes > 10 << 20


def test_without_inputs_nothing_is_predicted(tmp_path, sandbox):
    assert measure(models.linear(tmp_path / "m.onnx"), sandbox, processes=1).predictions == []


def test_free_sizes_that_were_counted_are_those_that_are_timed(tmp_path, sandbox):
    """A scalar stands before the free input: sizes go to inputs by their place."""
    nodes = [helper.make_node("Conv", ["x", "w"], ["c"]), helper.make_node("Mul", ["c", "k"], ["y"])]
    inputs = [("k", TensorProto.FLOAT, []), ("x", TensorProto.FLOAT, ["N", 1, "H", "W"])]
    weights = {"w": np.ones((1, 1, 3, 3), np.float32)}
    path = models.save_onnx(tmp_path / "m.onnx", nodes, weights, inputs, [("y", TensorProto.FLOAT, None)])
    report = engine.inspect(path, sandbox=sandbox)
    assert [tensor.shape for tensor in report.inputs] == [(), (1, 1, 3, 3)]
    assert engine.measure(path, report, sandbox=sandbox, inputs=None, seed=5, processes=1).host.runs > 0


def test_the_environment_names_runtime_and_processor(tmp_path, sandbox):
    environment = measure(models.linear(tmp_path / "m.onnx"), sandbox, processes=1).environment
    assert environment["runtime"] == "ONNX Runtime"
    assert environment["runtime_version"]
    assert environment["cpu"]
    assert environment["threads"] == 1


def test_not_a_number_on_made_up_inputs_is_refused_with_how_often(tmp_path, sandbox, inputs):
    np.save(inputs, INPUTS - 0.5)
    error = refused(models.logarithm(tmp_path / "m.onnx"), sandbox, inputs)
    assert (error.code, error.outcome) == ("non_finite_output", "refused")
    assert error.details["of"] == 4
    assert "division by zero" in error.message


def test_a_wrong_shape_is_refused(tmp_path, sandbox, inputs):
    error = refused(models.linear(tmp_path / "m.onnx", size=3), sandbox, inputs, shape=(1, 3))
    assert (error.code, error.outcome) == ("input_mismatch", "refused")
    assert "1x3 float32" in error.message


def test_a_wrong_type_is_refused(tmp_path, sandbox, inputs):
    node = models.helper.make_node("Cast", ["x"], ["y"], to=TensorProto.FLOAT)
    path = models.save_onnx(
        tmp_path / "m.onnx", [node], {}, [("x", TensorProto.INT64, [1, 4])], [("y", TensorProto.FLOAT, [1, 4])]
    )
    assert refused(path, sandbox, inputs).code == "input_mismatch"


def test_garbage_is_refused_by_the_runtime(tmp_path, sandbox):
    (tmp_path / "m.onnx").write_bytes(b"\x08\x09garbage" * 50)
    error = refused(tmp_path / "m.onnx", sandbox, None)
    assert (error.code, error.outcome) == ("load_failed", "refused")


def test_a_folder_in_the_place_of_a_model_is_our_fault_when_it_is_measured(tmp_path, sandbox):
    error = refused(tmp_path, sandbox, None)
    assert (error.code, error.outcome) == ("not_a_file", "infrastructure")


def test_a_folder_is_refused_when_it_is_looked_into(tmp_path, sandbox):
    with pytest.raises(BenchError) as caught:
        engine.inspect(tmp_path, sandbox=sandbox)
    assert (caught.value.code, caught.value.outcome) == ("not_a_file", "refused")


def test_a_missing_file_is_our_fault(tmp_path, sandbox):
    assert refused(tmp_path / "gone.onnx", sandbox, None).outcome == "infrastructure"


def test_unreadable_inputs_are_our_fault(tmp_path, sandbox):
    (tmp_path / "inputs.npy").write_bytes(b"no array")
    error = refused(models.linear(tmp_path / "m.onnx"), sandbox, tmp_path / "inputs.npy")
    assert (error.code, error.outcome) == ("inputs_unreadable", "infrastructure")


def test_progress_names_its_phases_and_never_runs_past_the_end(tmp_path, sandbox, inputs):
    seen = []
    measure(models.linear(tmp_path / "m.onnx"), sandbox, inputs, on_progress=lambda *state: seen.append(state))
    assert seen[0] == ("timing", 0, 150)
    assert {phase for phase, _, _ in seen} <= {"timing", "accuracy"}
    assert all(0 <= done <= total for _, done, total in seen)


def test_progress_may_stop_the_run(tmp_path, sandbox):
    def stop(*state):
        raise InterruptedError("lease lost")

    with pytest.raises(InterruptedError):
        measure(models.linear(tmp_path / "m.onnx"), sandbox, on_progress=stop)


@pytest.fixture(scope="module")
def torch_models(tmp_path_factory):
    return models.make_torch_models(tmp_path_factory.mktemp("torch"))


@pytest.mark.parametrize(("name", "kind"), [("honest.pt", "torchscript"), ("honest.pt2", "torch_export")])
def test_torch_models_predict(torch_models, sandbox, inputs, name, kind):
    measured = measure(torch_models / name, sandbox, inputs, kind=kind)
    assert np.allclose(measured.predictions, np.stack([INPUTS.sum(1), INPUTS.max(1)], 1), atol=1e-5)
    assert measured.host.processes == 1


@pytest.mark.parametrize(
    ("name", "outcome", "code"),
    [
        ("loop.pt", "timed_out", "timed_out"),
        ("chatter.pt", "misbehaved", "output_flood"),
        ("hungry.pt", "out_of_memory", "out_of_memory"),
    ],
)
def test_hostile_torchscript_ends_with_its_outcome(torch_models, sandbox, name, outcome, code):
    error = refused(torch_models / name, sandbox, None, kind="torchscript", limits=Limits(wall_s=12))
    assert (error.outcome, error.code) == (outcome, code)


def test_torchscript_writes_nothing_outside(torch_models, sandbox):
    error = refused(torch_models / "writer.pt", sandbox, None, kind="torchscript")
    assert (error.code, error.outcome) == ("run_failed", "refused")
    assert not Path("/dev/shm/milliamp-planted").exists()


def test_inspection_takes_size_and_hash_outside_the_sandbox(tmp_path, sandbox):
    path = models.linear(tmp_path / "m.onnx")
    report = engine.inspect(path, sandbox=sandbox)
    assert report.bytes == path.stat().st_size
    assert report.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert report.macs == 8


def test_weights_in_a_file_that_is_there_are_refused_and_absent_ones_only_counted(tmp_path, sandbox):
    path = beside(tiny_onnx(tmp_path / "m.onnx"))
    assert "weights.bin" in engine.inspect(path, sandbox=sandbox, weightless=True).absent_weights
    (tmp_path / "weights.bin").write_bytes(b"\0" * 1024)
    with pytest.raises(BenchError) as refused:
        engine.inspect(path, sandbox=sandbox, weightless=True)
    assert refused.value.code == "external_data"


def test_a_budget_ends_a_run_and_says_what_it_was(torch_models, sandbox):
    error = refused(torch_models / "loop.pt", sandbox, None, kind="torchscript", limits=Limits(budget=Budget(3.0)))
    assert (error.code, error.outcome) == ("timed_out", "timed_out")
    assert "more than 3 s together" in error.message


def test_a_budget_that_is_nearly_used_up_starts_no_further_process(tmp_path, sandbox, monkeypatch):
    path = models.linear(tmp_path / "m.onnx")
    assert measure(path, sandbox, limits=Limits(budget=Budget(100.0))).host.processes == 3
    monkeypatch.setattr(engine, "TIME_TO_SPARE", 10**6)  # each of them is then too long for what is left
    assert measure(path, sandbox, limits=Limits(budget=Budget(100.0))).host.processes == 1


def test_an_input_that_fits_nowhere_is_refused_before_anything_runs(tmp_path, sandbox):
    error = refused(models.linear(tmp_path / "m.onnx"), sandbox, None, shape=(2**31, 8))
    assert error.code == "too_large"
    assert "2147483648×8" in error.message


def test_a_file_that_no_runtime_loads_is_not_read(tmp_path, sandbox):
    path = tmp_path / "m.onnx"
    path.write_bytes(b"\x08\x09")
    os.truncate(path, 1 << 40)
    with pytest.raises(BenchError) as caught:
        engine.inspect(path, sandbox=sandbox)
    assert caught.value.code == "too_large"
