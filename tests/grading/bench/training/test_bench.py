"""`manage.py bench --training`, and one step on each device as bench and results hold it."""

import json
import re

import pytest

from courseplatform.core import numbers
from grading.bench.training.on_device import TRAINING_SAID, training_json
from grading.bench.training.setting import Method, Setting
from grading.bench.training.step import update_of
from grading.bench_command.text import as_text
from hardware.profiles import load_profiles
from tests.grading.bench.cost.networks import report
from tests.grading.bench.test_bench_command import KEYS, bench
from tests.parts import ROOT

ALL = load_profiles()
PI, CHIP, TPU = (ALL[slug] for slug in ("rpi-4-4gb", "stm32f746", "coral-dev-1gb-tpu"))
MODEL = ROOT / "grading" / "demo" / "models" / "digits-wide.onnx"
V2 = report("mobilenet_v2")


@pytest.fixture(scope="module")
def told():
    return training_json(V2, {one.slug: one for one in (PI, CHIP, TPU)}, Setting(batch=8))


def test_json_has_one_more_key_and_only_where_it_is_asked_for(tmp_path):
    asked = '{"methods": ["bias", "full"], "optimizer": "adam", "batch": 4}'
    done = bench(tmp_path / "data", "--json", "--device", "stm32f746", "--training-as", asked, MODEL)
    (row,) = json.loads(done.stdout)
    assert done.returncode == 0, done.stderr
    assert list(row) == [*KEYS, "training"]
    training = row["training"]
    assert (training["batch"], training["optimizer"], training["precision"]) == (4, "adam", "fp32")
    assert [method["method"] for method in training["methods"]] == ["bias", "full"]
    assert training["methods"][1]["optimizer_bytes"] == 2 * 4 * 6410


@pytest.mark.parametrize("said", ["x", "{", '{"batch": 0}', '{"epochs": 1}', "[]", "null", "[" * 5000])
def test_what_makes_no_sense_is_a_usage_error(tmp_path, said):
    done = bench(tmp_path / "data", "--training-as", said, MODEL)
    assert (done.returncode, done.stdout) == (2, "")
    assert "Traceback" not in done.stderr
    assert "--training-as" in done.stderr


def test_a_person_can_read_it(told):
    row = {
        "file": "m.onnx", "format": "onnx", "bytes": 1, "inputs": [], "outputs": [], "params": 1, "macs": 1, "weight_bits": {"32": 1.0},
        "sparsity": 0.0, "peak_activation_bytes": 1, "host": {"runs": 0, "reason": "no"}, "devices": {}, "training": told,
    }  # fmt: skip
    text = as_text(row, [])
    assert f"{numbers.count(V2.params)} parameters" in text
    assert re.search(r"coral-dev-1gb-tpu +- +- +- +- +fits", text)
    assert "no calibration measured training" in text
    assert "It was stored before." in as_text(row | {"training": {"reason": "It was stored before."}}, [])


def test_the_largest_batch_fits_and_one_more_does_not():
    for method in (Method.FULL, Method.LAST_LAYER, Method.BIAS, Method.LOW_RANK):
        largest = training_json(V2, {PI.slug: PI}, Setting((method,)))["devices"][PI.slug]["methods"][method][
            "largest_batch"
        ]
        for batch, fits in ((largest, True), (largest + 1, False)):
            own = training_json(V2, {PI.slug: PI}, Setting((method,), batch=batch))["devices"][PI.slug]["methods"][
                method
            ]
            assert own["fits"] is fits
            assert (own["ram_needed_bytes"] <= PI.left_bytes) is fits


def test_weights_in_flash_take_no_ram_unless_they_change(told):
    chip = training_json(V2, {CHIP.slug: CHIP}, Setting((Method.BIAS, Method.FULL), batch=1))["devices"][CHIP.slug][
        "methods"
    ]
    for method in (Method.BIAS, Method.FULL):
        memory = update_of(V2, method, Setting(batch=1)).memory
        activations = memory.peak.bytes
        needed = CHIP.runtime_bytes["tinyengine"] + memory.changing_bytes + memory.gradients_bytes + activations
        assert chip[method]["ram_needed_bytes"] == needed


def test_an_accelerator_without_gradients_says_so_and_still_imprints(told):
    methods = told["devices"][TPU.slug]["methods"]
    assert "No runtime of the Coral Dev Board, 1 GB, Edge TPU computes gradients" in methods["full"]["why"]
    assert (methods["full"]["largest_batch"], methods["full"]["fits"]) == (0, False)
    assert methods["imprint"]["why"] == ""


def test_every_time_is_extrapolated_and_its_interval_is_at_least_nine_times_as_wide_as_its_lower_end(told):
    device = told["devices"][PI.slug]
    assert TRAINING_SAID in device["flags"]
    for own in device["methods"].values():
        low, high = own["latency_interval_ms"]
        assert own["extrapolated"]
        assert low < own["latency_ms"] < high
        assert high / low >= 9
        assert own["energy_mj"] > 0


def test_a_step_takes_longer_the_more_it_trains_and_the_larger_the_batch(told):
    times = {method: own["latency_ms"] for method, own in told["devices"][PI.slug]["methods"].items()}
    assert times["imprint"] < times["last_layer"] < times["bias"] < times["full"]
    assert 2 < times["full"] / times["imprint"] < 5
    twice = training_json(V2, {PI.slug: PI}, Setting(batch=16))["devices"][PI.slug]["methods"]["full"]["latency_ms"]
    assert 1.5 < twice / times["full"] <= 2


def test_adam_takes_longer_than_sgd_by_what_it_moves():
    one, other = (
        training_json(V2, {PI.slug: PI}, Setting((Method.FULL,), optimizer))["devices"][PI.slug]["methods"]["full"][
            "latency_ms"
        ]
        for optimizer in ("sgd", "adam")
    )
    assert one < other < 2 * one


def test_only_the_devices_that_are_asked_for_are_timed():
    found = training_json(V2, {one.slug: one for one in (PI, CHIP)}, Setting((Method.FULL,)), timed=())
    assert found["devices"][PI.slug]["methods"]["full"]["latency_ms"] is None
    assert found["devices"][PI.slug]["methods"]["full"]["largest_batch"] > 0


def test_pytorch_takes_smaller_batches_where_it_runs(told):
    methods = told["devices"][PI.slug]["methods"]
    assert methods["bias"]["pytorch_largest_batch"] < methods["bias"]["largest_batch"]
    assert told["devices"][CHIP.slug]["methods"]["bias"]["pytorch_largest_batch"] is None


def test_it_is_plain_json(told):
    assert json.loads(json.dumps(told, allow_nan=False)) == told
