"""A pipeline from its zip to a document, in the real sandbox: what comes out, and what every fault is called."""

from math import prod

import numpy as np
import onnx
import pytest
from onnx import helper, numpy_helper

from grading.bench.errors import BenchError
from grading.bench.pipeline import PipelineReport
from grading.bench.sandbox import detect
from grading.demo.digits import hidden_split, write_hidden
from grading.demo.run_models import accuracy_of, scores_of
from grading.measuring import measure_pipeline as module
from grading.spec import BenchSpec
from hardware.profiles import load_profiles
from tests.grading.bench.tiny import onnx_model, tiny_onnx
from tests.grading.pipelines.stages import DEMO, THREE, TWO, cut_in_two, dense, zipped


@pytest.fixture(scope="module")
def sandbox():
    return detect("auto")


@pytest.fixture
def measure(tmp_path, sandbox):
    inputs, labels = tmp_path / "inputs.npy", tmp_path / "labels.npy"
    write_hidden(hidden_split(), inputs, labels)

    def run(members, raw=TWO, **more):
        seen = []
        document = module.measure_pipeline(
            model=zipped(tmp_path / "handed-in.zip", members), name="handed-in.zip", spec=BenchSpec.parse(raw), lab="Lab 1", inputs=inputs,
            labels=labels, sandbox=sandbox, seed=3, on_progress=lambda *told: seen.append(told[0]), profiles=load_profiles(), **more,
        )  # fmt: skip
        return document | {"seen": list(dict.fromkeys(seen))}

    return run


@pytest.fixture
def refused(measure):
    def run(members, raw=TWO):
        with pytest.raises(BenchError) as found:
            measure(members, raw)
        return found.value

    return run


def test_two_halves_answer_as_the_whole_did(measure, tmp_path):
    inputs, labels = hidden_split()
    found = measure(cut_in_two(tmp_path))
    assert found["metrics"]["accuracy"] == pytest.approx(
        accuracy_of(scores_of(DEMO / "digits-middle.onnx", inputs), labels), abs=0.004
    )
    assert found["suspicions"] == []
    told = [
        phase for phase in found["seen"] if not phase.startswith("accuracy")
    ]  # which is often over before it is told
    assert told == ["check:1", "check:2", "timing:1", "timing:2", "points"]


def test_the_document_tells_each_stage_and_their_sum(measure, tmp_path):
    found = measure(cut_in_two(tmp_path))
    rows, verdict = found["environment"]["stages"], found["environment"]["devices"]["rpi-4-4gb"]
    assert [(row["key"], row["title"], row["file"]) for row in rows] == [
        ("encode", "Encoder", "encode.onnx"),
        ("classify", "Classify", "classify.onnx"),
    ]
    assert found["metrics"]["macs"] == sum(row["macs"] for row in rows)
    assert found["metrics"]["model_bytes"] == sum(row["bytes"] for row in rows)
    assert found["metrics"]["peak_activation_bytes"] == max(row["peak_activation_bytes"] for row in rows)
    assert found["host"]["p50_ms"] == pytest.approx(sum(row["p50_ms"] for row in rows))
    assert verdict["latency_ms"] == pytest.approx(sum(row["latency_ms"] for row in verdict["stages"]))
    assert found["metrics"]["frames_per_second"] == pytest.approx(1000 / verdict["latency_ms"], rel=1e-4)
    assert {row["isolation"] for row in rows} == {found["host"]["isolation"]}


def test_the_stored_report_reads_back(measure, tmp_path):
    told = {key: value for key, value in measure(cut_in_two(tmp_path))["report"].items() if key != "file"}
    assert [stage.key for stage in PipelineReport.from_json(told).stages] == ["encode", "classify"]


def test_a_stage_that_runs_twice_gets_half_of_what_the_one_before_answers(measure, tmp_path):
    """Two eyes: the answers of both calls come out side by side."""
    halves = TWO | {"pipeline": [{"key": "encode"}, {"key": "eye", "calls": 2}, {"key": "classify"}]}
    shape = (1, 64)
    keep = onnx_model([helper.make_node("Flatten", ["x"], ["y"])], {}, [("x", (1, 1, 8, 8))])
    weight = {"w": np.eye(32, dtype=np.float32)}
    eye = onnx_model([helper.make_node("MatMul", ["x", "w"], ["y"])], weight, [("x", (1, 32))])
    scores = {"w": np.eye(prod(shape), 10, dtype=np.float32)}
    last = onnx_model([helper.make_node("MatMul", ["x", "w"], ["y"])], scores, [("x", shape)])
    members = [
        (name, model.SerializeToString())
        for name, model in (("encode.onnx", keep), ("eye.onnx", eye), ("classify.onnx", last))
    ]
    found = measure(members, halves)
    inputs, labels = hidden_split()
    assert found["metrics"]["accuracy"] == pytest.approx(accuracy_of(inputs.reshape(-1, 64)[:, :10], labels))
    assert found["metrics"]["macs"] == 2 * 32 * 32 + 64 * 10


def test_stages_on_made_up_numbers_are_measured_and_nothing_is_scored(measure, tmp_path):
    detect = (DEMO / "digits-narrow.onnx").read_bytes()
    gaze = dense(tmp_path / "gaze.onnx", 6, 10)
    found = measure(
        [("detect.onnx", detect), ("landmarks.onnx", tiny_onnx(tmp_path / "l.onnx").read_bytes()), gaze], THREE
    )
    assert "accuracy" not in found["metrics"]
    assert [row["calls"] for row in found["environment"]["stages"]] == [1, 2, 1]
    assert found["metrics"]["frames_per_second"] > 0
    assert not any(phase.startswith("accuracy:2") for phase in found["seen"])


# -- what is wrong, and with which stage ------------------------------------------------------------------------------


def test_swapped_stages_say_which_takes_what_it_is_not_given(refused, tmp_path):
    encode, classify = cut_in_two(tmp_path)
    error = refused([("encode.onnx", classify.read_bytes()), ("classify.onnx", encode.read_bytes())])
    assert error.code == "input_mismatch"
    assert error.message.startswith("encode.onnx: This model expects an input of 1×8×4×4")
    assert error.details["stage"] == "encode"


def test_neighbours_of_different_sizes_say_both(refused, tmp_path):
    error = refused([cut_in_two(tmp_path)[0], dense(tmp_path / "classify.onnx", 60, 10)])
    assert error.code == "stage_mismatch"
    assert "encode answers 1×8×4×4, which are 128 numbers; classify takes 1×60, which are 60" in error.message


def test_as_many_numbers_in_another_order_are_not_passed_on_in_silence(refused, tmp_path):
    nodes = [helper.make_node("Flatten", ["x"], ["f"]), helper.make_node("MatMul", ["f", "w"], ["y"])]
    turned = onnx_model(nodes, {"w": np.ones((128, 10), np.float32)}, [("x", (1, 4, 4, 8))])
    error = refused([cut_in_two(tmp_path)[0], ("classify.onnx", turned.SerializeToString())])
    assert (error.code, "in another order" in error.message) == ("stage_mismatch", True)


def test_the_last_stage_has_to_answer_what_the_lab_asks(refused, tmp_path):
    error = refused([cut_in_two(tmp_path)[0], dense(tmp_path / "classify.onnx", 128, 7)])
    assert error.code == "output_mismatch"
    assert error.message.startswith("classify.onnx: This model answers 1×7")
    assert [row["label"] for row in error.details["compare"]] == ["Output"]


def test_a_stage_of_its_own_has_to_take_what_the_lab_says(refused, tmp_path):
    detect = (DEMO / "digits-narrow.onnx").read_bytes()
    members = [("detect.onnx", detect), dense(tmp_path / "landmarks.onnx", 4, 6), dense(tmp_path / "gaze.onnx", 6, 10)]
    error = refused(members, THREE)
    assert error.message == (
        "landmarks.onnx: This model expects an input of 1×4. The lab asks for 1×1×6×6. Export it again with that input."
    )


@pytest.mark.parametrize(
    ("content", "code"),
    [(b"%PDF-1.7 report", "pdf_not_model"), (b"", "empty_file"), (b"\x08\x09", "damaged_model"), (b"PK\x03\x04 no", "bad_zip")],
)  # fmt: skip
def test_what_is_no_model_is_named_with_its_stage(refused, tmp_path, content, code):
    error = refused([cut_in_two(tmp_path)[0], ("classify.onnx", content)])
    assert (error.code, error.message.startswith("classify.onnx: "), error.outcome) == (code, True, "refused")


def test_a_stage_that_answers_nan_is_named(refused, tmp_path):
    nodes = [helper.make_node("Flatten", ["x"], ["f"]), helper.make_node("Log", ["f"], ["y"])]
    log = onnx_model(nodes, {}, [("x", (1, 1, 8, 8))])
    error = refused([("encode.onnx", log.SerializeToString()), dense(tmp_path / "classify.onnx", 64, 10)])
    assert error.message.startswith("encode.onnx: ")
    assert error.code == "non_finite_output"


def test_answers_too_large_to_hand_on_are_refused_before_anything_runs(refused, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "MOST_ANSWER_BYTES", 1 << 16)
    error = refused(cut_in_two(tmp_path))
    assert error.code == "output_too_large"
    assert "This stage answers 128 numbers each time it runs" in error.message


def test_hidden_inputs_in_any_stage_are_found(measure, tmp_path):
    inputs, _ = hidden_split()
    encode, classify = cut_in_two(tmp_path)
    model = onnx.load(classify)
    model.graph.initializer.append(numpy_helper.from_array(inputs, "held"))
    found = measure([encode, (classify.name, model.SerializeToString())])
    assert "holds_hidden_inputs" in {row["code"] for row in found["suspicions"]}


def test_nothing_of_the_zip_is_left_in_the_work_folder(measure, tmp_path):
    work = tmp_path / "work"
    work.mkdir()
    measure(cut_in_two(tmp_path), work=work)
    assert list(work.iterdir()) == []


def test_a_stage_that_no_calibration_met_leaves_the_rate_to_the_staff(tmp_path, measure):
    raw = TWO | {"devices": ["rpi-4-4gb"]}
    line = next(one for one in measure(cut_in_two(tmp_path), raw)["points"] if one["key"] == "rate")
    assert line["left_open"].startswith("Extrapolated: Encoder: ")
