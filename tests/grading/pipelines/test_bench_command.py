"""`manage.py bench --pipeline`: a row of a model with the stages besides, and every misuse in a sentence."""

import json

import pytest

from tests.grading.bench.test_bench_command import KEYS, bench
from tests.grading.pipelines.stages import DEMO, cut_in_two, dense


def test_a_pipeline_is_a_row_with_stages_and_frames_per_second_besides(tmp_path):
    encode, classify = cut_in_two(tmp_path)
    done = bench(
        tmp_path / "data", "--json", "--device", "rpi-4-4gb", "--device", "laptop", "--pipeline", encode, classify, "--calls", "1,2"
    )  # fmt: skip
    (row,) = json.loads(done.stdout)
    assert done.returncode == 0, done.stderr
    assert list(row) == [*KEYS, "stages", "frames_per_second"]
    assert row["file"] == "encode.onnx + classify.onnx"
    assert [(stage["key"], stage["calls"]) for stage in row["stages"]] == [("encode", 1), ("classify", 2)]
    assert row["macs"] == sum(stage["calls"] * stage["macs"] for stage in row["stages"])
    whole = row["devices"]["rpi-4-4gb"]["latency_ms"]
    assert sum(stage["devices"]["rpi-4-4gb"]["latency_ms"] for stage in row["stages"]) == pytest.approx(whole)
    assert row["frames_per_second"] == {"rpi-4-4gb": pytest.approx(1000 / whole), "laptop": None}


def test_models_come_first_and_the_pipeline_last(tmp_path):
    one, two = DEMO / "digits-narrow.onnx", dense(tmp_path / "next.onnx", 4, 2)
    done = bench(tmp_path / "data", "--json", "--device", "laptop", one, "--pipeline", one, two)
    assert [row["file"] for row in json.loads(done.stdout)] == ["digits-narrow.onnx", "digits-narrow.onnx + next.onnx"]


def test_the_table_of_stages_is_printed_for_a_person(tmp_path):
    done = bench(tmp_path / "data", "--device", "rpi-4-4gb", "--pipeline", *cut_in_two(tmp_path))
    assert "stage          calls" in done.stdout
    assert "frames a second, modelled" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--pipeline", "a.onnx"], "A pipeline has 2 to 8 models; --pipeline names 1."),
        (["--pipeline", "a.onnx", "b.onnx", "--calls", "1,2,3"], "--calls gives 3 numbers, and --pipeline names 2 models."),
        (["--pipeline", "a.onnx", "b.onnx", "--calls", "1,0"], "'1,0' are no calls"),
        (["a.onnx", "--calls", "1,2"], "--pipeline names 0 models"),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_a_usage_error(tmp_path, arguments, says):
    done = bench(tmp_path / "data", *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert says in done.stderr


def test_a_bad_stage_is_named_in_the_error_of_its_row(tmp_path):
    encode, _ = cut_in_two(tmp_path)
    done = bench(tmp_path / "data", "--json", "--pipeline", encode, tmp_path / "gone.onnx")
    (row,) = json.loads(done.stdout)
    assert (done.returncode, list(row)) == (1, ["file", "error"])
    assert row["error"]["message"].startswith("gone.onnx: There is no file")
