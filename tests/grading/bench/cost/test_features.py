"""What kind of work an operator is, what costs nothing, and how much is moved: worked out by hand."""

from dataclasses import replace

import pytest

from grading.bench.cost.classes import Work, work_of
from grading.bench.cost.features import steps_of
from grading.bench.cost.form import CONSTANT, GENERIC, PARTS, PLACE, features, parts_of, spreads
from grading.bench.cost.fusion import Fusion, plain
from grading.bench.graph import Kernel, OpClass
from grading.bench.report import OperatorReport, Report
from tests.grading.bench.cost.networks import built, report


def works(found):
    return [step.work for step in steps_of(found)]


@pytest.mark.parametrize(
    ("step", "work"),
    [
        (lambda b, x: b.conv(x, 4), Work.POINTWISE),
        (lambda b, x: b.depthwise(x, 3), Work.DEPTHWISE_SMALL),
        (lambda b, x: b.depthwise(x, 5), Work.DEPTHWISE_LARGE),
        (lambda b, x: b.conv(x, 4, 3), Work.WINOGRAD),
        (lambda b, x: b.conv(x, 4, 3, 2), Work.DENSE),
        (lambda b, x: b.conv(x, 4, 3, dilation=2), Work.DENSE),
        (lambda b, x: b.conv(x, 4, 5), Work.DENSE),
        (lambda b, x: b.conv(x, 4, 3, groups=2), Work.GROUPED),
        (lambda b, x: b.transposed(x, 4), Work.TRANSPOSED),
        (lambda b, x: b.dense(x, 4), Work.FULLY_CONNECTED),
        (lambda b, x: b.conv(b.global_pool(x), 4), Work.FULLY_CONNECTED),
        (lambda b, x: b.dense(b.tokens(x), 4), Work.POINTWISE),
        (lambda b, x: b.activation(x, "hard_swish"), Work.ACTIVATION),
        (lambda b, x: b.softmax(x), Work.NORMALISE),
        (lambda b, x: b.pool(x), Work.REST),
    ],
)
def test_the_class_of_work_follows_from_the_kernel(step, work):
    assert works(built(step))[-1] == work


def test_a_convolution_that_reads_pictures_is_the_first_one():
    assert works(built(lambda b, x: b.conv(x, 8, 3), size=(1, 3, 16, 16))) == [Work.FIRST]


def test_a_convolution_over_a_video_is_not_taken_for_the_first_one():
    first = built(lambda b, x: b.conv(x, 8, 3), size=(1, 3, 16, 16)).operators[0]
    assert work_of(replace(first, kernel=Kernel((3, 3, 3), (1, 1, 1), (1, 1, 1), 1, 3, 8))) == Work.DENSE


def test_the_numbers_of_a_convolution_are_those_worked_out_by_hand():
    (step,) = steps_of(built(lambda b, x: b.conv(x, 4, 3, 2)))
    places = 8 * 8
    assert step.macs == places * 4 * 9 * 8
    assert (step.per_read, step.per_written) == (places * 4 * 9, places * 9 * 8)
    assert step.moved == 8 * 16 * 16 + 4 * places
    assert step.weights == 4 * 8 * 9


def scaled(b, x, op):
    """Something element by element with one stored number for each channel."""
    return b.emit(op, OpClass.ELEMENTWISE, [x], b.size(x), weights=((b.channels(x), 1, 1),))


@pytest.mark.parametrize(
    "chain", [("MUL", "ADD"), ("ADD", "MUL", "ADD"), ("SUB", "BATCH_NORM"), ("BATCH_NORM", "ADD")], ids="-".join
)
def test_a_normalisation_in_parts_disappears_into_the_layer_before(chain):
    def parts(b, x):
        for op in chain:
            x = scaled(b, x, op)
        return b.activation(x, "relu")

    assert works(built(lambda b, x: parts(b, b.conv(x, 4)))) == [Work.POINTWISE]
    assert Work.POINTWISE not in works(built(parts))
    assert works(built(lambda b, x: scaled(b, b.pool(x), "MUL"))) == [Work.REST, Work.REST]


def test_a_scale_after_a_layer_that_is_read_twice_stays():
    def twice(b, x):
        y = b.conv(x, 4)
        return b.add(scaled(b, y, "MUL"), y)

    assert works(built(twice)) == [Work.POINTWISE, Work.REST, Work.REST]


def test_relu_and_views_cost_nothing_and_hard_swish_does():
    relu = built(lambda b, x: b.flatten(b.activation(b.conv(x, 4), "relu")))
    assert works(relu) == [Work.POINTWISE]
    swish = built(lambda b, x: b.flatten(b.activation(b.conv(x, 4), "hard_swish")))
    assert works(swish) == [Work.POINTWISE, Work.ACTIVATION]


def test_a_relu_whose_input_is_read_elsewhere_too_is_an_operator():
    def twice(b, x):
        y = b.conv(x, 8)
        return b.add(b.activation(y, "relu"), y)

    assert works(built(twice)) == [Work.POINTWISE, Work.ACTIVATION, Work.REST]


def test_x_times_its_sigmoid_is_one_activation():
    def silu(b, x):
        return b.activation(b.conv(x, 4), "silu")

    found = built(silu)
    assert works(found) == [Work.POINTWISE, Work.ACTIVATION]
    assert steps_of(found)[1].moved == 2 * 4 * 16 * 16


def test_a_gate_of_squeeze_and_excite_is_no_silu():
    def gate(b, x):
        return b.multiply(x, b.conv(b.global_pool(x), 8, activation="sigmoid"))

    assert works(built(gate)) == [Work.REST, Work.FULLY_CONNECTED, Work.ACTIVATION, Work.REST]


@pytest.mark.parametrize(
    "name",
    ["aten::relu_", "aten.relu.default", "RELU", "Relu", "aten::relu"],
)
def test_a_name_is_the_same_in_every_format(name):
    assert plain(name) == "relu"


def operator(index, op, op_class, sources, **more):
    return OperatorReport(
        index=index, name=f"o{index}", op=op, op_class=op_class, macs=more.pop("macs", 0), params=more.pop("params", 0), weight_bytes=0,
        input_bytes=0, output_bytes=0, live_bytes=0, output_shape=more.pop("shape", (1, 8, 4, 4)),
        input_elements=more.pop("reads", 128), output_elements=more.pop("writes", 128), sources=tuple(sources), **more,
    )  # fmt: skip


def stored(*operators):
    return replace(report("dscnn"), operators=operators)


CONV = {"macs": 8 * 8 * 9 * 16, "params": 576, "kernel": Kernel((3, 3), (1, 1), (1, 1), 1, 8, 8)}


def test_padding_batch_normalisation_and_quantisation_disappear_in_the_layer():
    found = stored(
        operator(0, "QuantizeLinear", OpClass.QUANTISE, [-1]),
        operator(1, "Pad", OpClass.RESHAPE, [0], reads=128, writes=288),
        operator(2, "Conv", OpClass.CONV, [1], reads=288, **CONV),
        operator(3, "BatchNormalization", OpClass.NORMALISE, [2], params=16),
        operator(4, "Clip", OpClass.ACTIVATION, [3]),
        operator(5, "DequantizeLinear", OpClass.QUANTISE, [4]),
    )
    (step,) = steps_of(found)
    assert step.index == 2
    assert step.moved == 256  # not what the padding adds
    assert Fusion(found).inside == {0, 1, 3, 4, 5}


@pytest.mark.parametrize("halved_first", [True, False])
def test_gelu_that_is_stored_in_parts_is_one_activation(halved_first):
    parts = [
        operator(0, "Conv", OpClass.CONV, [-1], **CONV),
        operator(1, "Div", OpClass.ELEMENTWISE, [0]),
        operator(2, "Erf", OpClass.ACTIVATION, [1]),
        operator(3, "Add", OpClass.ELEMENTWISE, [2]),
    ]
    if halved_first:
        parts += [operator(4, "Mul", OpClass.ELEMENTWISE, [0]), operator(5, "Mul", OpClass.ELEMENTWISE, [4, 3])]
    else:
        parts += [operator(4, "Mul", OpClass.ELEMENTWISE, [0, 3]), operator(5, "Mul", OpClass.ELEMENTWISE, [4])]
    assert works(stored(*parts)) == [Work.WINOGRAD, Work.ACTIVATION]


def test_an_error_function_by_itself_keeps_what_is_around_it():
    parts = [operator(0, "Erf", OpClass.ACTIVATION, [-1]), operator(1, "Add", OpClass.ELEMENTWISE, [0])]
    assert works(stored(*parts)) == [Work.ACTIVATION, Work.REST]


def test_a_normalisation_after_a_concatenation_stays():
    found = stored(
        operator(0, "Concat", OpClass.RESHAPE, [-1]),
        operator(1, "BatchNormalization", OpClass.NORMALISE, [0], params=16),
    )
    assert [step.index for step in steps_of(found)] == [0, 1]


def test_what_a_report_does_not_tell_of_a_kernel_is_taken_as_dense():
    bare = operator(0, "Conv", OpClass.CONV, [-1], macs=10, params=5)
    assert work_of(bare) == Work.DENSE
    assert work_of(replace(bare, op_class=OpClass.DEPTHWISE)) == Work.DEPTHWISE_SMALL
    assert steps_of(stored(bare))[0].weights == 5


@pytest.mark.parametrize("kind", GENERIC)
@pytest.mark.parametrize("precision", ["fp32", "fp16", "int8"])
def test_the_features_of_a_model_are_the_sum_of_its_operators_and_a_constant(kind, precision):
    steps = steps_of(report("mobilenet_v3_small"))
    total = features(steps, precision, kind)
    assert sum(total) == pytest.approx(
        sum(sum(parts_of(step, precision, kind).values()) for step in steps) + GENERIC[kind].constant
    )
    assert total[PLACE["operator"]] == pytest.approx(len(steps) * GENERIC[kind].operator)
    assert total[CONSTANT] > 0
    assert len(total) == len(PARTS) == len(spreads(kind))


def test_fewer_bytes_move_at_fewer_bits():
    steps = steps_of(report("mobilenet_v1"))
    place = PLACE["activations"]
    at = {name: features(steps, name, "processor")[place] for name in ("fp32", "fp16", "int8")}
    assert at["fp32"] == pytest.approx(2 * at["fp16"]) == pytest.approx(4 * at["int8"])


def test_a_report_without_operators_costs_the_constant():
    empty: Report = stored()
    assert features(steps_of(empty), "fp32", "processor")[:-1] == [0.0] * CONSTANT
