"""Several models as one report, and what a device says of them together."""

import json
from dataclasses import replace

import pytest

from grading.advice.what_if import edit_stage
from grading.bench import edits
from grading.bench.errors import BenchError
from grading.bench.inspection.__main__ import look_into
from grading.bench.on_device import Choice, device_json, prediction_of
from grading.bench.pipeline import PipelineReport, StagePart, merged, span_of
from grading.figures.layer_tree import module_names
from hardware.profiles import load_profiles
from tests.grading.bench.tiny import MACS, PARAMS, PEAK_BYTES, tiny_onnx
from tests.parts import ROOT

DEMO = ROOT / "grading" / "demo" / "models"
PI, DISCO = "rpi-4-4gb", "stm32f746"


@pytest.fixture
def tiny(tmp_path):
    path = tiny_onnx(tmp_path / "tiny.onnx")
    return replace(look_into(path, "onnx", []), bytes=path.stat().st_size)


@pytest.fixture
def small():
    path = DEMO / "digits-narrow.tflite"
    return replace(look_into(path, "tflite", []), bytes=path.stat().st_size)


@pytest.fixture
def whole(tiny, small):
    stages = (StagePart("detect", "Detect", 1, "detect.onnx", tiny), StagePart("eyes", "Eyes", 2, "eyes.tflite", small))
    return merged(stages, sha256="0" * 64)


def test_work_counts_for_every_call_and_weights_once(whole, small):
    assert whole.macs == MACS + 2 * small.macs
    assert whole.params == PARAMS + small.params == sum(op.params for op in whole.operators)
    assert whole.weight_bytes == 4 * PARAMS + small.weight_bytes
    assert len(whole.operators) == 5 + 2 * len(small.operators)
    assert [op.index for op in whole.operators] == list(range(len(whole.operators)))


def test_only_one_stage_runs_at_a_time_so_the_largest_peak_is_the_peak(whole, small):
    assert whole.peak_activation_bytes == max(PEAK_BYTES, small.peak_activation_bytes)
    assert whole.operators[whole.peak_operator].live_bytes == whole.peak_activation_bytes


def test_stages_are_the_first_level_of_the_layers(whole):
    names = module_names(whole.to_json()["operators"])
    assert list(dict.fromkeys(names)) == ["detect", "eyes 1", "eyes 2"]


def test_an_operator_of_the_whole_is_found_in_its_stage(whole, small):
    assert span_of(whole, 4) == (0, 0, 4)
    assert span_of(whole, 5) == (1, 0, 0)
    assert span_of(whole, 5 + len(small.operators)) == (1, 1, 0)
    with pytest.raises(IndexError):
        span_of(whole, len(whole.operators))


def test_a_stored_report_reads_back_as_it_was_and_costs_the_same(whole):
    read = PipelineReport.from_json(json.loads(json.dumps(whole.to_json())))
    assert read.to_json() == whole.to_json()
    board = load_profiles()[PI]
    assert device_json(read, board) == device_json(whole, board)


@pytest.mark.parametrize("spoil", [{"stages": None}, {"stages": [{}]}, {"operators": []}, {"operators": [{}] * 99}])
def test_a_stored_report_that_does_not_hold_together_is_refused(whole, spoil):
    with pytest.raises(BenchError) as refused:
        PipelineReport.from_json(json.loads(json.dumps(whole.to_json())) | spoil)
    assert refused.value.code == "bad_report"


def test_latency_and_energy_are_the_sums_of_the_stages_with_all_calls(whole, tiny, small):
    board = load_profiles()[PI]
    found, one, two = (prediction_of(report, board, Choice()) for report in (whole, tiny, small))
    assert found.latency_ms == pytest.approx(one.latency_ms + 2 * two.latency_ms)
    assert found.energy_mj == pytest.approx(one.energy_mj + 2 * two.energy_mj)
    low, high = found.latency_interval_ms
    assert low == pytest.approx(one.latency_interval_ms[0] + 2 * two.latency_interval_ms[0])
    assert low < found.latency_ms < high
    assert [cost.index for cost in found.operators] == list(range(len(whole.operators)))
    told = device_json(whole, board)["stages"]
    assert [row["key"] for row in told] == ["detect", "eyes"]
    assert sum(row["latency_ms"] for row in told) == pytest.approx(found.latency_ms)


def test_memory_of_a_board_holds_the_weights_of_all_and_the_activations_of_one(whole, tiny, small):
    board = load_profiles()[PI]
    found, one, two = (device_json(report, board)["ram_needed_bytes"] for report in (whole, tiny, small))
    assert max(one, two) < found < one + two


def test_a_board_that_loads_one_stage_only_names_the_other(whole):
    found = device_json(whole, load_profiles()[DISCO])
    assert not found["fits"]
    assert "Detect:" in found["why"]


def test_a_pipeline_of_too_many_operators_is_refused(small):
    many = replace(small, operators=small.operators * 400)
    with pytest.raises(BenchError) as refused:
        merged((StagePart("a", "A", 16, "a.tflite", many),) * 2, sha256="")
    assert refused.value.code == "too_many_operators"


def test_a_change_of_one_layer_is_made_in_all_calls_of_its_stage(tiny):
    wide = look_into(DEMO / "digits-wide.onnx", "onnx", [])
    conv = next(op.index for op in wide.operators if op.op_class == "conv")
    whole = merged((StagePart("a", "A", 1, "a", tiny), StagePart("b", "B", 2, "b", wide)), sha256="")
    alone, edited = (
        edit(report, at) for edit, report, at in ((edits.strided, wide, conv), (_strided_in_stage, whole, 5 + conv))
    )
    assert alone.report.macs < wide.macs
    assert edited.report.macs == tiny.macs + 2 * alone.report.macs
    assert _strided_in_stage(whole, 5 + conv + len(wide.operators)) is None, "the second call is the same layer again"


def _strided_in_stage(report, index):
    return edit_stage(edits.strided, report, index)


def test_stages_of_several_precisions_and_formats_keep_their_own_calibration(tiny):
    quantized = replace(look_into(DEMO / "digits-middle-int8.tflite", "tflite", []), bytes=6000)
    whole = merged((StagePart("a", "A", 1, "a", tiny), StagePart("b", "B", 1, "b", quantized)), sha256="")
    found = device_json(whole, load_profiles()[PI])
    assert [row["precision"] for row in found["stages"]] == ["fp32", "int8"]
    assert found["precision"] == "fp32 and int8"
    assert " and " in found["calibration"]["group"]
    assert whole.weight_bits == {"8": pytest.approx(0.9, abs=0.1), "32": pytest.approx(0.1, abs=0.1)}


def test_a_stage_that_no_calibration_speaks_for_leaves_the_whole_without_a_number(tiny, small):
    whole = merged((StagePart("a", "A", 1, "a", tiny), StagePart("b", "B", 1, "b", small)), sha256="")
    found = device_json(whole, load_profiles()["laptop"])
    assert found["latency_ms"] is None
    assert found["operators"] == []
    assert found["reason"].startswith("A: ")
