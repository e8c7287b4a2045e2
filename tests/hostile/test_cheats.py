"""The ways to cheat of the design page that change what is measured. What each trips is evidence for the staff, and honest work trips
nothing. The others are attacks on the sandbox (test_sandbox_attacks.py) and graphs that are refused (at the end of this file)."""

from dataclasses import replace

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from grading.bench import engine, suspicions
from grading.bench.canaries import jittered
from grading.bench.errors import BenchError
from grading.bench.host_peak import peak_macs_per_s
from grading.bench.measurement import HostTiming, Measurement
from grading.bench.report import OperatorReport, Report, TensorSpec
from grading.bench.sandbox.choice import detect
from grading.bench.signs import ProcessSigns, Signs, Stamps, signs_of
from hardware.ondevice import onnx_runtime, pairs, prediction, rehearsal
from hardware.ondevice import session as ondevice
from hardware.ondevice.sandbox.request import SandboxRequest
from hardware.ondevice.session import ModelError
from hardware.profiles import load_profiles
from tests.grading.bench.tiny import onnx_model
from tests.hostile import cheats
from tests.hostile.levels import ATTACK

SPEC = ondevice.TensorSpec("x", (1, 4), "float32")
NO_ANSWERS = suspicions.Answers(64, 0, 0)


@pytest.fixture(scope="module")
def box():
    return detect("auto")


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    return cheats.Lab(tmp_path_factory.mktemp("lab"))


def codes(found):
    return [row["code"] for row in found]


def report(**facts):
    known = {
        "format": "onnx", "bytes": 5000, "sha256": "0" * 64, "inputs": (TensorSpec("x", (1, 4), "float32"),), "outputs": (), "params": 1000,
        "macs": 1_000_000, "weight_bits": {"32": 1.0}, "sparsity": 0.0, "weight_bytes": 4000, "peak_activation_bytes": 16, "peak_operator": 0,
        "operators": (),
    }  # fmt: skip
    return Report(**(known | facts))


def measurement(ms=1.0, signs=None):
    host = HostTiming(ms, ms, ms, 50, [ms], [ms], [ms], 1, 1, "test")
    return Measurement(host, [], {}, [], signs or Signs())


def look(given=None, ms=1.0, signs=None, answers=NO_ANSWERS):
    return codes(suspicions.look(given or report(), measurement(ms, signs), answers))


# -- what it answers --------------------------------------------------------------------------------------------------


def test_an_honest_model_trips_nothing(lab, box, tmp_path):
    found = lab.measure(cheats.honest(lab), tmp_path, box)
    assert found["quality"]["accuracy"] == 1.0
    assert found["suspicions"] == []


def test_a_model_that_knows_the_inputs_by_a_fingerprint_is_parked(lab, box, tmp_path):
    found = lab.measure(cheats.fingerprint(lab), tmp_path, box)
    assert found["quality"]["accuracy"] == 1.0
    assert codes(found["suspicions"]) == ["knows_inputs_by_heart"]
    assert found["suspicions"][0]["facts"]["lost"] > 32


def test_a_model_that_holds_the_inputs_in_a_table_is_parked(lab, box, tmp_path):
    found = lab.measure(cheats.lookup_table(lab), tmp_path, box)
    assert found["quality"]["accuracy"] == 1.0
    assert "holds_hidden_inputs" in codes(found["suspicions"])


def test_scores_rest_on_the_inputs_as_they_are_and_not_on_the_changed_ones(lab, box, tmp_path):
    found = lab.measure(cheats.honest(lab), tmp_path, box)
    assert found["quality"]["n"] == len(lab.truth)


def test_a_changed_input_keeps_its_zeros_and_its_range():
    data = np.array([[0.0, 0.5, 1.0, -1.0]], np.float32)
    changed = jittered(data, 1)
    assert changed[0, 0] == 0 and changed.min() >= -1 and changed.max() <= 1
    assert 0 < abs(changed[0, 1] - 0.5) <= 0.01


@pytest.mark.parametrize(("lost", "won", "tripped"), [(15, 0, False), (16, 0, True), (20, 6, False), (64, 0, True)])
def test_a_few_answers_that_change_are_no_evidence(lost, won, tripped):
    assert (look(answers=suspicions.Answers(64, lost, won)) == ["knows_inputs_by_heart"]) is tripped


# -- its times --------------------------------------------------------------------------------------------------------


class Remembers:
    """Keeps its answers by the bytes of the input, and takes a millisecond for a new one."""

    faults = (RuntimeError,)

    def __init__(self, keeps):
        self.keeps, self.known = keeps, set()

    def run(self, arrays):
        key = arrays[0].tobytes()
        if not (self.keeps and key in self.known):
            sum(range(40_000))
        self.known.add(key)
        return [np.zeros((1, 2), np.float32)]

    def bind(self, arrays):
        return lambda: self.run(arrays)


@pytest.mark.parametrize("keeps", [True, False])
def test_a_model_that_remembers_answers_is_slower_on_new_inputs(keeps):
    found = pairs.measure(Remembers(keeps), np.ones((4, 4), np.float32), SPEC)
    assert len(found["same_ms"]) == len(found["unique_ms"]) >= pairs.LEAST_PAIRS
    signs = Signs((), tuple(found["same_ms"]), tuple(found["unique_ms"]))
    assert look(signs=signs) == (["slower_on_new_inputs"] if keeps else [])


def test_one_slow_moment_of_the_machine_is_no_evidence():
    assert look(signs=Signs((), (1.0,) * 9, (1.0, *(9.0,) * 8))) == []


class Waits:
    """Answers as an honest model while it is warmed up and timed, and otherwise later."""

    faults = (RuntimeError,)
    outputs = (ondevice.TensorSpec("y", (1, 2), "float32"),)
    inputs = (SPEC,)

    def __init__(self, calls):
        self.calls = calls

    def run(self, arrays):
        self.calls -= 1
        return [arrays[0][:, :2] * (1 if self.calls >= 0 else -1)]

    def has_changed(self):
        return False


def answered(session, data):
    known = rehearsal.rehearse(session, data, 1)
    prediction.predict(session, data, known, 1, lambda piece: None, lambda done, total: None)


@pytest.mark.parametrize("calls", [5, 20])
def test_a_model_that_tells_warm_up_from_the_rest_gives_unstable_answers(calls):
    data = np.random.default_rng(1).random((30, 4), dtype=np.float32)
    with pytest.raises(ModelError) as caught:
        answered(Waits(calls), data)
    assert caught.value.code == "unstable_output"
    answered(Waits(1000), data)


def test_what_is_timed_is_a_whole_answer(lab, tmp_path):
    """A session hands over arrays with their numbers in them, so nothing is left to do after the clock has stopped."""
    path = tmp_path / "model.onnx"
    onnx.save(cheats.honest(lab), path)
    session = onnx_runtime.load(str(path), ondevice.Options())
    picture = lab.pictures[:1].reshape(1, 1, cheats.SIDE, cheats.SIDE)
    answer = session.run([picture])[0]
    assert type(answer) is np.ndarray
    assert int(answer.argmax()) == lab.truth[0]


def test_work_in_background_threads_shows_as_processor_time():
    assert look(signs=Signs((ProcessSigns(8.0, 4.0, 2.0, 2.1),))) == ["more_threads_than_given"]
    assert look(signs=Signs((ProcessSigns(4.0, 4.0, 2.0, 2.1),))) == []


def test_times_that_do_not_add_up_show_against_our_clock():
    assert look(signs=Signs((ProcessSigns(1.0, 9.0, 0.1, 5.0),))) == ["clock_differs"]
    assert look(signs=Signs((ProcessSigns(1.0, 9.0, 0.3, 1.1),))) == []


def test_a_patched_timer_is_seen_from_outside(box):
    """The attack has the nonce, which no model has, and reports microseconds for what took two seconds."""
    stamps = Stamps()
    request = SandboxRequest("{inputs}/attack.py", ("patch_timer",), {"attack.py": ATTACK})
    result = box.run(request, lambda kind, body: stamps.take(kind))
    assert result.ended == "ok"
    assert look(signs=signs_of([result], [stamps])) == ["clock_differs"]


def test_more_time_than_has_passed_is_refused(box, tmp_path, monkeypatch):
    monkeypatch.setattr(
        engine, "_harness_request",
        lambda *_: SandboxRequest("{inputs}/attack.py", ("stretch_timer",), {"attack.py": ATTACK}),
    )  # fmt: skip
    with pytest.raises(BenchError) as caught:
        engine.measure(ATTACK, report(), sandbox=box, inputs=None, seed=1, processes=1)
    assert (caught.value.code, caught.value.outcome) == ("forged_result", "misbehaved")


@pytest.mark.parametrize(
    "body", [{"same_ms": [1.0], "unique_ms": []}, {"same_ms": [None], "unique_ms": ["x"]}, {"same_ms": [1.0] * 99, "unique_ms": [1.0] * 99}, {}]
)  # fmt: skip
def test_signs_that_do_not_hold_together_are_left_out(box, body):
    stamps, request = Stamps(), SandboxRequest("{inputs}/attack.py", ("patch_timer",), {"attack.py": ATTACK})
    result = box.run(request, lambda kind, body: stamps.take(kind))
    forged = result.__class__(**{**vars(result), "frames": (*result.frames, ("pairs", body))})
    assert signs_of([forged], [stamps]).same_ms == ()


# -- physics ----------------------------------------------------------------------------------------------------------

CPUINFO = "processor : 0\nflags\t\t: fpu sse2 avx2 fma\ncpu MHz\t\t: 2000.0\n"


def test_the_peak_follows_from_the_flags_and_the_clock():
    assert peak_macs_per_s(32, CPUINFO) == 16 * 4.0e9
    assert peak_macs_per_s(8, CPUINFO) == 64 * 4.0e9
    assert peak_macs_per_s(8, CPUINFO.replace("fma", "avx512_vnni")) == 128 * 4.0e9
    assert peak_macs_per_s(32, "") == 8 * 6.5e9


def test_more_products_than_the_processor_can_do_are_no_honest_time():
    macs = int(peak_macs_per_s(32) * 1e-3)
    assert look(report(macs=int(1.1 * macs))) == ["faster_than_the_processor"]
    assert look(report(macs=int(0.9 * macs))) == []


def test_a_board_cannot_do_more_than_its_own_processor():
    """What the worker's own processor could do says nothing of a board, whose owner may have changed its agent."""
    board = load_profiles()["rpi-4-4gb"]
    roof = suspicions.roof_of(board)
    assert roof.macs_per_s == 96e9 / 2 * 4
    (row,) = suspicions.look(report(), measurement(0.004), NO_ANSWERS, roof)
    assert row["code"] == "faster_than_the_processor"
    assert row["sentence"].endswith("A Raspberry Pi 4, 4 GB does at most 192, so they were not all done.")
    assert suspicions.look(report(), measurement(0.1), NO_ANSWERS, roof) == []
    assert codes(suspicions.look(report(macs=1000), measurement(0.001), NO_ANSWERS, roof)) == ["faster_than_a_call"]
    assert suspicions.roof_of(replace(board, peak_fp32_gflops=0, peak_int8_gops=0)) is None


def test_a_tiny_model_has_no_speed():
    assert look(report(macs=1000), ms=1e-9) == []


def test_fewer_instructions_than_the_products_need():
    found = suspicions.too_few_instructions(1000.0, report())
    assert found is not None and found.code == "too_few_instructions"
    assert suspicions.too_few_instructions(1_000_000 / 8, report()) is None
    assert suspicions.too_few_instructions(1_000_000 / 32, report(weight_bits={"8": 1.0})) is None


# -- what is counted --------------------------------------------------------------------------------------------------


def test_weights_of_four_bits_packed_in_bytes_are_parked(lab, box, tmp_path):
    found = lab.measure(cheats.packed(lab), tmp_path, box)
    assert codes(found["suspicions"]) == ["weights_unpacked"]
    assert found["suspicions"][0]["facts"] == {"operator": 1, "used": 640.0, "stored": 320}


def test_a_weight_that_an_earlier_layer_shares_is_no_evidence():
    tied = OperatorReport(1, "o", "MatMul", "dense", 64 * 64, 64, 256, 4, 4, 4, (1, 64))
    assert look(report(operators=(tied,))) == []


def test_bytes_hidden_in_the_metadata_are_parked(lab, box, tmp_path):
    found = lab.measure(cheats.metadata(lab), tmp_path, box)
    assert codes(found["suspicions"]) == ["bytes_outside_the_weights"]
    assert found["metrics"]["model_bytes"] > 2 << 20


def test_a_constant_that_is_no_initializer_counts_as_a_parameter(box, tmp_path):
    value = numpy_helper.from_array(np.ones((4, 3), np.float32), "v")
    nodes = [helper.make_node("Constant", [], ["w"], value=value), helper.make_node("MatMul", ["x", "w"], ["y"])]
    path = tmp_path / "constant.onnx"
    onnx.save(onnx_model(nodes), path)
    found = engine.inspect(path, sandbox=box)
    assert (found.params, found.weight_bits) == (12, {"32": 1.0})


# -- graphs that may be refused at once -------------------------------------------------------------------------------


def branch():
    value = helper.make_tensor_value_info("z", TensorProto.FLOAT, None)
    inner = helper.make_graph([helper.make_node("Relu", ["x"], ["z"])], "b", [], [value])
    easy = helper.make_node("ReduceMax", ["x"], ["m"], keepdims=0)
    test = helper.make_node("Cast", ["m"], ["c"], to=TensorProto.BOOL)
    return onnx_model([easy, test, helper.make_node("If", ["c"], ["y"], then_branch=inner, else_branch=inner)])


def elsewhere():
    tensor = numpy_helper.from_array(np.ones((4, 2), np.float32), "w")
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="../weights.bin")
    return onnx_model([helper.make_node("MatMul", ["x", "w"], ["y"])], {"w": tensor})


REFUSED = {
    "early exit on easy data, control flow": ("control_flow", branch),
    "a size that depends on the data": (
        "unknown_shape",
        lambda: onnx_model(
            [helper.make_node("NonZero", ["x"], ["i"]), helper.make_node("Cast", ["i"], ["y"], to=TensorProto.FLOAT)]
        ),
    ),
    "a custom operator": (
        "custom_operator",
        lambda: onnx_model([helper.make_node("Skip", ["x"], ["y"], domain="mine")], domains=["mine"]),
    ),
    "external data": ("external_data", elsewhere),
}


@pytest.mark.parametrize("what", REFUSED)
def test_a_graph_with_this_is_refused_and_costs_nothing(box, tmp_path, what):
    code, build = REFUSED[what]
    path = tmp_path / "model.onnx"
    path.write_bytes(build().SerializeToString())
    with pytest.raises(BenchError) as caught:
        engine.inspect(path, sandbox=box)
    assert (caught.value.code, caught.value.outcome) == (code, "refused")
