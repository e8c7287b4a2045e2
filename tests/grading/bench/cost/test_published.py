"""Labels of published rows: one name for one thing, and sentences for what cannot be read."""

from collections import Counter

import pytest

from grading.bench.cost.published import COLUMNS, conditions, network_of, published_rows, read_rows
from grading.bench.cost.samples import groups_of
from grading.bench.errors import BenchError

ROW = {"device": "Raspberry Pi 4B 4GB (1.5 GHz)", "model": "mobilenet-v2-0.5-160", "runtime": "TFLite v2.4.1 (ruy)", "precision": "fp32",
       "threads": "4 (inferred)", "latency_ms": "12.5", "energy_mJ": "", "source": "here stat=p90"}  # fmt: skip


def table(tmp_path, *rows, columns=COLUMNS):
    path = tmp_path / "own.csv"
    lines = [",".join(columns), *(",".join(str(row[name]) for name in columns) for row in rows)]
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.mark.parametrize(
    ("change", "group"),
    [
        ({}, "rpi-4b/tflite@2.4.1/fp32/4"),
        ({"device": "Raspberry Pi 4B (1.8 GHz)", "runtime": "ncnn CPU", "precision": "fp32 (ncnn default opts)"}, "rpi-4b/ncnn/fp32/4"),
        ({"device": "rpi-4b", "runtime": "tflite@2.16", "threads": "2"}, "rpi-4b/tflite@2.16/fp32/2"),
        ({"runtime": "X-CUBE-AI 8.1.0", "precision": "int8"}, "rpi-4b/x-cube-ai@8.1/int8/4"),
        ({"runtime": "ArmNN v21.02 (Neon)"}, "rpi-4b/armnn@21.02/fp32/4"),
        ({"threads": ""}, "rpi-4b/tflite@2.4.1/fp32/unknown"),
        ({"device": "Jetson Nano", "runtime": "TensorRT (torch2trt)", "precision": "fp16 (unverified)", "threads": "GPU"},
         "jetson-nano/tensorrt/fp16/gpu"),
    ],
)  # fmt: skip
def test_labels_get_one_name(tmp_path, change, group):
    (row,) = read_rows(table(tmp_path, ROW | change))
    assert row.group == group
    assert row.unused == ""


@pytest.mark.parametrize(
    ("model", "family", "parameters"),
    [
        ("mobilenet-v1-0.25-128", "mobilenet-v1", {"width": 0.25, "resolution": 128}),
        ("efficientnet-lite3", "efficientnet-lite", {"variant": 3}),
        ("MLPerfTiny-IC (ResNet-8 CIFAR10)", "resnet8", {}),
        ("squeezenet", "squeezenet", {"version": "1.1", "resolution": 227}),
        ("a network of ours", "", {}),
    ],
)
def test_a_network_is_known_by_what_tables_call_it(model, family, parameters):
    found = network_of(model)
    assert (found[0], found[2]) == (family, parameters)


def test_statistic_fan_and_meter_come_from_the_source():
    assert conditions("stat=p50; [Yokogawa; fan off] energy DERIVED") == {
        "statistic": "p50", "fan": "off", "meter": "Yokogawa WT333E, wall, 1 Hz"}  # fmt: skip
    assert conditions("1000/median throughput; energy=median uJ/inf")["meter"] == "power monitor, board supply"
    assert conditions("avg of 10 loops") == {"statistic": "mean", "fan": "", "meter": ""}


@pytest.mark.parametrize("column", ["latency_ms", "energy_mJ"])
@pytest.mark.parametrize("value", ["-1", "nan", "inf", "0", "fast"])
def test_a_number_that_is_none_is_refused_with_its_line(tmp_path, column, value):
    with pytest.raises(BenchError) as caught:
        read_rows(table(tmp_path, ROW, ROW | {column: value}))
    assert caught.value.code == "bad_measurements"
    assert f"line 3: {column} is '{value}'" in caught.value.message


def test_a_missing_column_is_refused(tmp_path):
    with pytest.raises(BenchError, match="lacks the column threads"):
        read_rows(table(tmp_path, ROW, columns=[name for name in COLUMNS if name != "threads"]))


def test_the_file_in_the_tree_is_read_whole_and_says_what_is_not_used():
    rows = published_rows()
    assert len(rows) == 645
    assert Counter(bool(row.unused) for row in rows) == {False: 644, True: 1}
    assert next(row.model for row in rows if row.unused) == "YOLOv5n"
    assert all(row.source for row in rows)


def test_eight_groups_of_the_file_are_large_enough_to_grade():
    graded = [group for group in groups_of(list(published_rows())).values() if group.graded]
    assert {group.name for group in graded} == {
        f"rpi-4b/{runtime}/{precision}/4"
        for runtime in ("tflite@2.4.1", "tflite@2.7.1", "armnn@21.02", "armnn@22.05") for precision in ("fp32", "int8")
    }  # fmt: skip
