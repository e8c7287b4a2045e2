"""`manage.py bench` on networks that cannot be run: described in JSON, or an ONNX file without its weights."""

import json

import onnx
import pytest
from onnx import TensorProto, helper

from grading.bench.on_device import AGREED, Choice, device_json
from hardware.profiles import load_profiles
from tests.grading.bench.test_bench_command import KEYS, bench
from tests.grading.bench.test_fit import int8_model, model
from tests.hardware.ondevice import models

SPEC = {"architecture": "mobilenet_v2", "width": 0.5, "resolution": 160}
CALIBRATION = ["group", "rows", "date", "model_out_median", "family_out_median"]
NOT_RUN = {"runs": 0, "p50_ms": None, "p90_ms": None, "p99_ms": None}


def described(folder, spec, name="net.json"):
    path = folder / name
    path.write_text(json.dumps(spec), encoding="utf-8")
    return path


def weightless(path):
    """A convolution whose weights are an input of the graph."""
    nodes = [helper.make_node("Conv", ["x", "w"], ["y"], kernel_shape=[3, 3], pads=[1, 1, 1, 1])]
    inputs = [
        helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 3, 8, 8]),
        helper.make_tensor_value_info("w", TensorProto.FLOAT, [4, 3, 3, 3]),
    ]
    outputs = [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 4, 8, 8])]
    onnx.save(
        helper.make_model(helper.make_graph(nodes, "g", inputs, outputs), opset_imports=[helper.make_opsetid("", 17)]),
        path,
    )
    return path


def test_what_cannot_be_run_is_counted_and_predicted_after_the_models(tmp_path):
    done = bench(
        tmp_path / "data", "--json", "--device", "rpi-4-4gb", "--arch", described(tmp_path, SPEC), weightless(tmp_path / "w.onnx"),
        models.linear(tmp_path / "m.onnx"),
    )  # fmt: skip
    rows = json.loads(done.stdout)
    assert done.returncode == 0, done.stderr
    assert [row["file"] for row in rows] == ["w.onnx", "m.onnx", "net.json"]
    for row in (rows[0], rows[2]):
        assert list(row) == KEYS
        assert row["host"].pop("reason").endswith(".")
        assert row["host"] == NOT_RUN
        assert row["devices"]["rpi-4-4gb"]["fits"]
    assert (rows[0]["macs"], rows[0]["params"]) == (8 * 8 * 4 * 27, 108)
    assert rows[1]["host"]["runs"] > 0
    assert rows[2]["params"] == pytest.approx(1.97e6, rel=0.02)
    device = rows[2]["devices"]["rpi-4-4gb"]
    assert list(device) == [*AGREED, "reasons"]
    assert list(device["calibration"]) == CALIBRATION
    assert device["latency_interval_ms"][0] < device["latency_ms"] < device["latency_interval_ms"][1]
    assert (device["mah_per_hour"], device["battery_hours"]) == (600, pytest.approx(4000 / 600))


def test_a_runtime_a_precision_and_threads_are_chosen(tmp_path):
    done = bench(
        tmp_path / "data", "--json", "--device", "rpi-4-4gb", "--device", "phone-mid", "--runtime", "tflite@2.4.1", "--precision", "int8",
        "--threads", "4", "--arch", described(tmp_path, SPEC),
    )  # fmt: skip
    (row,) = json.loads(done.stdout)
    pi, phone = row["devices"]["rpi-4-4gb"], row["devices"]["phone"]
    assert (pi["runtime"], pi["precision"], pi["threads"]) == ("tflite@2.4.1", "int8", 4)
    assert "int8/4" in pi["calibration"]["group"]
    assert pi["flash_needed_bytes"] == row["params"]
    assert (phone["latency_ms"], phone["latency_interval_ms"], phone["calibration"]) == (None, None, None)
    assert "phone" in phone["reason"]


def test_every_number_that_is_lacking_has_a_reason(tmp_path):
    done = bench(
        tmp_path / "data", "--json", "--device", "stm32f746", "--device", "rpi-4-4gb", "--precision", "int8", "--arch",
        described(tmp_path, SPEC),
    )  # fmt: skip
    (row,) = json.loads(done.stdout)
    chip, pi = row["devices"]["stm32f746"], row["devices"]["rpi-4-4gb"]
    assert chip["latency_ms"] > 0
    assert (chip["mah_per_hour"], chip["battery_hours"]) == (None, None)
    assert "nominal current" in chip["reason"]
    assert "reason" not in pi


def test_without_json_a_table_says_what_is_modelled(tmp_path):
    done = bench(tmp_path / "data", "--device", "rpi-4-4gb", "--device", "laptop", "--arch", described(tmp_path, SPEC))
    assert "not run: " in done.stdout
    assert "Latency, energy and hours are modelled" in done.stdout
    assert any(line.split()[:2] == ["rpi-4-4gb", "fits"] and "(" in line for line in done.stdout.splitlines())


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (["--runtime", "tensorflow"], "is not a runtime known here"), (["--runtime", "tflite@"], "is not a version"),
        (["--runtime", "tflite@nightly"], "is not a version"),
        (["--threads", "0"], "from 1 to 64"), (["--threads", "many"], "from 1 to 64"), (["--precision", "int4"], "is not a precision"),
    ],
)  # fmt: skip
def test_a_flag_that_makes_no_sense_is_a_sentence(tmp_path, flags, said):
    done = bench(tmp_path / "data", *flags, "x.onnx")
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_a_description_that_cannot_be_read_is_an_error_in_its_place(tmp_path):
    bad = described(tmp_path, {"layers": [{"kind": "warp"}]}, "bad.json")
    done = bench(
        tmp_path / "data",
        "--json",
        "--arch",
        bad,
        "--arch",
        tmp_path / "gone.json",
        "--arch",
        described(tmp_path, SPEC),
    )
    rows = json.loads(done.stdout)
    assert done.returncode == 1
    assert ["error" in row for row in rows] == [True, True, False]
    assert [row["file"] for row in rows] == ["bad.json", "gone.json", "net.json"]
    assert "Traceback" not in done.stderr


def test_the_processor_of_a_board_is_not_told_by_its_accelerator():
    profiles = load_profiles()
    told = {slug: device_json(int8_model(), profiles[slug]) for slug in ("coral-dev-1gb", "coral-dev-1gb-tpu")}
    assert told["coral-dev-1gb-tpu"]["runtime"].partition("@")[0] == "edgetpu"
    assert told["coral-dev-1gb"]["runtime"].partition("@")[0] in profiles["coral-dev-1gb"].runtimes


def test_what_would_be_after_a_conversion_is_not_refused_for_its_format():
    chip = load_profiles()["rpi-zero-w"]
    assert not device_json(model(), chip)["fits"]  # ONNX
    assert device_json(model(), chip, Choice(runtime="xnnpack"))["fits"]
    assert device_json(model(), chip, Choice(precision="int8"))["fits"]
