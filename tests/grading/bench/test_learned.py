"""Which constants count as weights, by what they meet; on graphs written by hand."""

import numpy as np
import pytest

from grading.bench.errors import BenchError
from grading.bench.graph import Graph, OpClass, Operator, Tensor
from grading.bench.inspection.learned import is_mask, settle, sources
from grading.bench.report import report_of

ELEMENTWISE, DENSE, RESHAPE, QUANTISE = OpClass.ELEMENTWISE, OpClass.DENSE, OpClass.RESHAPE, OpClass.QUANTISE


def constant(name, *shape, zeros=0, dtype="float32", mask=False):
    return Tensor(name, shape, dtype, constant=True, zeros=zeros, mask=mask)


def layer(made="h", **kwargs):
    return Operator("layer", "MatMul", DENSE, ["x", "w"], [made], macs=16, weights=["w"], **kwargs)


def met(op, table, made="y", given="h", op_class=ELEMENTWISE):
    return Operator(op, op, op_class, [given, table], [made], tables=[table])


def report(operators, *constants, sizes=None):
    """x(1, 4) meets w(4, 4); every other tensor has the size of x unless `sizes` says otherwise."""
    tensors = {tensor.name: tensor for tensor in (constant("w", 4, 4), *constants)}
    for name in ["x", *(name for operator in operators for name in (*operator.inputs, *operator.outputs))]:
        tensors.setdefault(name, Tensor(name, (sizes or {}).get(name, (1, 4)), "float32"))
    graph = Graph("onnx", tensors, operators, ["x"], [operators[-1].outputs[0]])
    settle(graph)
    return report_of(graph, size=1, sha256="0" * 64)


def added(operators, *constants, **kwargs):
    """Parameters beside the 16 of w."""
    return report(operators, *constants, **kwargs).params - 16


@pytest.mark.parametrize("op", ["Add", "MUL", "aten::add.Tensor", "aten::mul_"])
def test_a_vector_behind_a_layer_is_its_bias_or_scale(op):
    assert added([layer(), met(op, "b")], constant("b", 4)) == 4


def test_what_meets_only_the_input_is_a_mean_or_deviation_and_no_parameter():
    operators = [met("Sub", "m", "c", "x"), met("Div", "s", "d", "c"), layer()]
    assert added(operators, constant("m", 4), constant("s", 4)) == 0


def test_the_input_in_another_form_is_still_the_input():
    turned = Operator("turned", "Transpose", RESHAPE, ["x"], ["t"])
    assert added([turned, met("Sub", "m", "c", "t"), layer()], constant("m", 4)) == 0


def test_a_table_of_many_values_counts_and_its_zeros_do_not():
    found = report([layer(), met("Add", "p")], constant("p", 1, 8, 4, zeros=30), sizes={"h": (1, 8, 4), "y": (1, 8, 4)})
    assert (found.params, found.sparsity) == (16 + 32, 0.0)


def test_zeros_of_a_bias_count_as_those_of_any_weight():
    assert report([layer(), met("Add", "b")], constant("b", 4, zeros=4)).sparsity == 4 / 20


def test_a_mask_is_no_parameter():
    sizes = {"h": (1, 8, 8), "y": (1, 8, 8)}
    assert added([layer(), met("Add", "m")], constant("m", 8, 8, zeros=36, mask=True), sizes=sizes) == 0


def test_a_vector_of_two_values_is_no_mask():
    assert added([layer(), met("Add", "b")], constant("b", 4, zeros=2, mask=True)) == 4


def test_a_scale_of_zeros_alone_was_not_learned():
    assert added([layer(), met("Mul", "c")], constant("c", 4, zeros=4)) == 0


def test_a_token_beside_the_tokens_counts_but_padding_with_zeros_does_not():
    def beside(table):
        return [layer(), met("Concat", "t", op_class=RESHAPE)], table

    assert added(*beside(constant("t", 1, 4, zeros=1))) == 4
    assert added(*beside(constant("t", 1, 4, zeros=4, mask=True))) == 0


def test_a_table_that_is_a_weight_elsewhere_keeps_its_zeros():
    found = report([layer(), met("Add", "w")], sizes={"h": (4, 4), "y": (4, 4)})
    assert found.params == 16
    again = report([layer(), met("Add", "w")], constant("w", 4, 4, zeros=8), sizes={"h": (4, 4), "y": (4, 4)})
    assert again.sparsity == 0.5


ONE = {"h": (1, 1), "y": (1, 1), "r": (1, 1)}


def test_one_number_added_to_a_layer_of_one_channel_is_its_bias():
    assert added([layer(), met("Add", "b")], constant("b", 1), sizes=ONE) == 1


def test_one_number_added_to_what_a_scale_made_of_such_a_layer_is_its_bias():
    scaled = Operator("scaled", "Mul", ELEMENTWISE, ["h", "x"], ["r"])
    assert added([layer(), scaled, met("Add", "b", given="r")], constant("b", 1), sizes=ONE) == 1


@pytest.mark.parametrize(
    ("op", "shape", "sizes"),
    [
        ("Mul", (1,), ONE),  # a scale
        ("Add", (), ONE),  # a constant of the formula
        ("Add", (1,), {}),  # a layer of four channels
    ],
)
def test_any_other_single_number_stays_out(op, shape, sizes):
    assert added([layer(), met(op, "b")], constant("b", *shape), sizes=sizes) == 0


def test_one_number_added_to_what_no_layer_made_is_an_epsilon():
    pooled = Operator("pooled", "ReduceMean", OpClass.POOL, ["h"], ["r"])
    assert added([layer(), pooled, met("Add", "e", given="r")], constant("e", 1), sizes=ONE) == 0


def test_the_scales_of_a_sum_of_integers_stay_out():
    operators = [
        layer("sum"),
        Operator("cast", "Cast", RESHAPE, ["sum"], ["h"]),
        met("Mul", "s"),
        met("Add", "b", "z", "y"),
    ]
    integers = Tensor("sum", (1, 4), "int32")
    assert added(operators, integers, constant("s", 4), constant("b", 4)) == 4


def test_the_scale_that_a_quantisation_finds_carries_nothing_learned():
    quantised = Operator("q", "DynamicQuantizeLinear", QUANTISE, ["h"], ["q", "scale", "zero"])
    found = added([layer(), quantised, met("Mul", "s", "both", "scale"), met("Add", "b", "z", "q")],
                  constant("s", 4), constant("b", 4))  # fmt: skip
    assert found == 4


@pytest.mark.parametrize(
    ("values", "expected"),
    [([0, 0], True), ([0, 1, 1], True), ([0, -1e9], True), ([0, 1, 2], False), ([1, 2], False), ([3, 3], True)],
)
def test_a_mask_holds_at_most_one_value_beside_zeros(values, expected):
    assert is_mask(np.array(values, np.float32)) is expected


@pytest.mark.parametrize(
    ("op_class", "op", "expected"),
    [
        (RESHAPE, "Slice", ("small",)),
        (RESHAPE, "Concat", ("small", "large")),
        (RESHAPE, "CONCATENATION", ("small", "large")),
        (ELEMENTWISE, "Mul", ("large",)),
        (DENSE, "Gemm", ("small", "large")),
        (OpClass.NORMALISE, "LpNormalization", ("small",)),
    ],
)
def test_a_constant_of_constants_stands_for_what_is_stored(op_class, op, expected):
    operands = [(constant("a", 4), ["small"]), (constant("b", 4, 4), ["large"])]
    assert sources(op_class, op, operands) == expected


def test_the_zeros_with_which_a_recurrent_cell_begins_are_no_weights():
    operands = [(constant("state", 1, 4, zeros=4), ["state"]), (constant("w", 4, 4), ["w"])]
    assert sources(DENSE, "Gemm", operands) == ("w",)


def test_a_constant_of_more_parts_than_any_exporter_makes_is_refused():
    operands = [(constant("a", 4), [str(i)]) for i in range(1001)]
    with pytest.raises(BenchError) as caught:
        sources(RESHAPE, "Concat", operands)
    assert (caught.value.code, caught.value.outcome) == ("too_large", "refused")
