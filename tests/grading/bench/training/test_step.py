"""One update step, counted by hand on a small network, and laws that hold on all published ones."""

import dataclasses

import pytest

from grading.bench.architectures.catalogue import build
from grading.bench.errors import BenchError
from grading.bench.inspection.__main__ import look_into
from grading.bench.report import report_of
from grading.bench.training.parameters import Own, own
from grading.bench.training.setting import OPTIMIZERS, Method, Setting
from grading.bench.training.step import update_of
from tests.grading.bench.tiny import tiny_onnx
from tests.parts import ROOT

MODELS = ROOT / "grading" / "demo" / "models"
PUBLISHED = {
    "mobilenet_v2": {}, "mobilenet_v1": {}, "efficientnet_lite": {"variant": 0}, "resnet": {"depth": 18}, "resnet8": {}, "dscnn": {},
    "squeezenet": {"version": "1.1"}, "shufflenet_v2": {"width": 1.0}, "vision_transformer": {"width": 64, "depth": 2, "heads": 2, "patch": 32},
}  # fmt: skip


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    """x(1,1,6,6) -> conv 3x3 to 2 -> relu -> max pool 2 -> flatten -> dense 18 to 3."""
    return look_into(tiny_onnx(tmp_path_factory.mktemp("tiny") / "tiny.onnx"), "onnx", [])


@pytest.fixture(scope="module", params=PUBLISHED)
def published(request):
    return report_of(build(request.param, **PUBLISHED[request.param]), size=0, sha256="0" * 64)


def test_full_fine_tuning_by_hand(tiny):
    update = update_of(tiny, Method.FULL, Setting(batch=1))
    memory, macs = update.memory, update.macs
    params, picture, wide, pooled, scores = 20 + 57, 36, 72, 18, 3
    assert update.trained_params == params
    assert (memory.weights_bytes, memory.gradients_bytes, memory.optimizer_bytes) == (4 * params, 4 * params, 0)
    # Input of both layers, a bit for each element of the ReLU, a byte for each maximum, logarithms of the scores, the label.
    assert memory.kept_bytes == 4 * picture + wide // 8 + pooled + 4 * pooled + 4 * scores + 8
    assert macs.forward == macs.weight_gradient == 72 * 9 + 18 * 3
    assert macs.input_gradient == 18 * 3  # nobody asks for the gradient of the picture


def test_pytorch_keeps_the_relu_and_its_indices_in_64_bits(tiny):
    kept = update_of(tiny, Method.FULL, Setting(batch=1)).pytorch.kept_bytes
    assert kept == 4 * (36 + 72 + 18) + 8 * 18 + 4 * 3 + 8


def test_the_fullest_moment_by_hand(tiny):
    """When the gradient of the convolution's output is made of that of the ReLU's: both, and what the convolution still needs."""
    peak = update_of(tiny, Method.FULL, Setting(batch=1)).memory.peak
    assert peak.kept_bytes == 4 * 36 + 72 // 8
    assert peak.transient_bytes == 4 * (72 + 72)


def test_the_last_layer_alone_keeps_what_it_reads_and_asks_for_no_gradient_below(tiny):
    update = update_of(tiny, Method.LAST_LAYER, Setting(batch=1))
    assert update.trained_params == 57
    assert update.memory.kept_bytes == 4 * 18 + 4 * 3 + 8
    assert (update.macs.weight_gradient, update.macs.input_gradient) == (54, 0)


def test_biases_alone_need_no_input_of_a_layer(tiny):
    update = update_of(tiny, Method.BIAS, Setting(batch=1))
    assert update.trained_params == 2 + 3
    assert update.memory.kept_bytes == 72 // 8 + 18 + 4 * 3 + 8
    assert (update.macs.weight_gradient, update.macs.input_gradient) == (0, 54)


def test_low_rank_adds_two_factors_to_each_layer(tiny):
    update = update_of(tiny, Method.LOW_RANK, Setting(batch=1, rank=2))
    assert update.trained_params == 2 * (9 + 2) + 2 * (18 + 3)
    assert update.memory.weights_bytes == 4 * (77 + update.trained_params)
    factors = 36 * 2 * (9 + 2) + 2 * (18 + 3)
    assert update.macs.forward == 702 + factors
    assert update.macs.weight_gradient == factors
    assert update.macs.input_gradient == 54 + 2 * (18 + 3)


def test_imprinting_is_one_inference_up_to_the_last_layer_and_a_sum(tiny):
    update = update_of(tiny, Method.IMPRINT, Setting(batch=5))
    assert update.trained_params == 18
    assert update.macs.total == 648
    assert update.memory.gradients_bytes == 0
    assert update.memory.peak_bytes == 4 * (77 + 18) + 4 * 18 + 4 * (72 + 72)
    assert update.to_json()["macs"] == 5 * 648


@pytest.mark.parametrize(("optimizer", "state"), [("sgd", 0), ("momentum", 1), ("adam", 2)])
def test_the_state_of_the_optimizer_is_that_of_the_trained_parameters(tiny, optimizer, state):
    memory = update_of(tiny, Method.LAST_LAYER, Setting(optimizer=optimizer)).memory
    assert memory.optimizer_bytes == 4 * 57 * state


def test_the_same_network_costs_the_same_from_onnx_tflite_and_torch_export():
    """What waits for the backward pass and what is multiplied; TFLite fuses the ReLU, so it holds fewer tensors at once."""
    found = {}
    for ending, kind in ((".onnx", "onnx"), (".tflite", "tflite"), (".pt2", "torch_export")):
        update = update_of(look_into(MODELS / f"digits-narrow{ending}", kind, []), Method.FULL, Setting())
        found[kind] = (update.trained_params, update.memory.kept_bytes, update.pytorch.kept_bytes, update.macs)
    assert found["onnx"] == found["tflite"] == found["torch_export"]


def test_a_report_of_before_sources_were_kept_is_refused_with_what_to_do(tiny):
    older = dataclasses.replace(tiny, operators=tuple(dataclasses.replace(op, sources=()) for op in tiny.operators))
    with pytest.raises(BenchError) as caught:
        update_of(older, Method.FULL, Setting())
    assert caught.value.code == "unknown_structure"
    assert "Run the model again" in caught.value.message


def test_a_method_that_has_nothing_to_train_says_why(tiny):
    bare = dataclasses.replace(tiny, operators=tuple(op for op in tiny.operators if op.op_class != "dense"))
    assert "not fully connected" in update_of(bare, Method.IMPRINT, Setting()).why
    no_bias = dataclasses.replace(
        tiny, operators=tuple(dataclasses.replace(op, params=own(op).weight) for op in tiny.operators)
    )
    assert "has a bias" in update_of(no_bias, Method.BIAS, Setting()).why
    assert update_of(no_bias, Method.BIAS, Setting()).to_json().keys() == {"method", "title", "why"}


def test_parameters_are_split_into_factors_and_what_is_added(tiny):
    assert own(tiny.operators[0]) == Own(weight=18, bias=2)
    assert own(tiny.operators[-1]) == Own(weight=54, bias=3)


def test_full_fine_tuning_trains_every_parameter(published):
    assert update_of(published, Method.FULL, Setting()).trained_params == published.params


def test_backward_costs_at_most_twice_the_forward_pass_and_less_by_every_other_method(published):
    updates = {method: update_of(published, method, Setting()) for method in Method}
    full = updates[Method.FULL].macs
    assert full.forward == published.macs
    assert full.forward < full.weight_gradient + full.input_gradient <= 2 * full.forward
    for method in (Method.LAST_LAYER, Method.BIAS, Method.IMPRINT):
        if not updates[method].why:
            assert updates[method].macs.total < full.total


def test_memory_grows_with_the_batch_by_the_same_amount_each_time(published):
    for method in Method:
        one, two, five = (update_of(published, method, Setting(batch=batch)).memory for batch in (1, 2, 5))
        if one is None or method is Method.IMPRINT:
            continue
        step = two.peak_bytes - one.peak_bytes
        assert step > 0
        assert five.peak_bytes == one.peak_bytes + 4 * step
        assert five.kept_bytes == 5 * one.kept_bytes


def test_the_parts_of_the_peak_add_up_and_no_optimizer_makes_it_smaller(published):
    before = 0
    for optimizer in OPTIMIZERS:
        told = update_of(published, Method.FULL, Setting(optimizer=optimizer)).to_json()
        parts = ("weights_bytes", "gradients_bytes", "optimizer_bytes", "activations_at_peak_bytes", "transient_bytes")
        assert sum(told[part] for part in parts) == told["peak_bytes"] > before
        assert told["fixed_bytes"] + 8 * told["per_input_bytes"] == told["peak_bytes"]
        before = told["peak_bytes"]


def test_the_peak_is_at_least_what_waits_when_the_loss_is_computed(published):
    for method in Method:
        memory = update_of(published, method, Setting(batch=1)).memory
        if memory is not None and method is not Method.IMPRINT:
            assert memory.peak.bytes >= memory.kept_bytes


def test_training_holds_at_least_what_an_inference_holds(published):
    for method in (Method.FULL, Method.LAST_LAYER, Method.BIAS):
        update = update_of(published, method, Setting(batch=1))
        idle = update_of(published, Method.IMPRINT, Setting(batch=1))
        if update.memory is not None and idle.memory is not None:
            assert update.memory.peak.bytes >= idle.memory.peak.transient_bytes
