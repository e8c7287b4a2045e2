"""Sizes in ONNX files: those that follow from others are computed, free ones are found and said, hostile ones end soon."""

import time
import tracemalloc

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from grading.bench.errors import BenchError
from grading.bench.inspection import onnx_folding, onnx_format
from grading.bench.inspection.onnx_shapes import Sizes
from grading.bench.report import report_of
from tests.grading.bench.tiny import ones, onnx_model

node = helper.make_node


def inspect(tmp_path, nodes, weights=None, inputs=(("x", (1, 4)),), shapes=(), opset=21, outputs=("y",)):
    model = onnx_model(nodes, weights, inputs, outputs)
    model.opset_import[0].version = opset
    path = tmp_path / "model.onnx"
    onnx.save(model, path)
    return report_of(onnx_format.read(path, list(shapes)), size=path.stat().st_size, sha256="0" * 64)


def refused(tmp_path, *args, **kwargs):
    with pytest.raises(BenchError) as caught:
        inspect(tmp_path, *args, **kwargs)
    assert caught.value.outcome == "refused"
    assert caught.value.message.endswith(".")
    return caught.value


def whole(*numbers):
    return np.array(numbers, np.int64)


# -- what exporters compute from sizes ---------------------------------------------------------------------------------

INDEX = {
    "zero": np.array(0),
    "one": np.array(1),
    "two": np.array(2),
    "z": whole(0),
    "o": whole(1),
    "all": whole(1 << 62),
}


def test_a_half_cut_at_half_of_the_size_is_a_half(tmp_path):
    """chunk, as torch.onnx.export writes it: Shape, Gather, Div, Unsqueeze, Slice."""
    nodes = [
        node("Shape", ["x"], ["s"]),
        node("Gather", ["s", "one"], ["n"]),
        node("Add", ["n", "one"], ["n1"]),
        node("Div", ["n1", "two"], ["half"]),
        node("Mul", ["half", "one"], ["end"]),
        node("Unsqueeze", ["end", "z"], ["e"]),
        node("Slice", ["x", "z", "e", "o"], ["a"]),
        node("Slice", ["x", "e", "all", "o"], ["b"]),
        node("Concat", ["b", "a"], ["c"], axis=1),
        node("MatMul", ["c", "w"], ["y"]),
    ]
    found = inspect(tmp_path, nodes, {**INDEX, "w": ones(7, 3)}, [("x", (1, 7))])
    assert [operator.op for operator in found.operators] == ["Slice", "Slice", "Concat", "MatMul"]
    assert [operator.output_shape for operator in found.operators] == [(1, 4), (1, 3), (1, 7), (1, 3)]
    assert (found.macs, found.params, found.peak_activation_bytes) == (21, 21, (7 + 4 + 3 + 7 - 7) * 4)


def test_channels_are_shuffled_by_sizes_that_are_computed(tmp_path):
    nodes = [
        node("Shape", ["x"], ["s"]),
        *(node("Gather", ["s", f"i{i}"], [f"d{i}"]) for i in range(4)),
        node("Div", ["d1", "two"], ["half"]),
        *(node("Unsqueeze", [name, "z"], [f"{name}u"]) for name in ("d0", "half", "d2", "d3")),
        node("Concat", ["d0u", "pair", "halfu", "d2u", "d3u"], ["apart"], axis=0),
        node("Reshape", ["x", "apart"], ["five"]),
        node("Transpose", ["five"], ["turned"], perm=[0, 2, 1, 3, 4]),
        node("Concat", ["d0u", "rest", "d2u", "d3u"], ["together"], axis=0),
        node("Reshape", ["turned", "together"], ["shuffled"]),
        node("Conv", ["shuffled", "w"], ["y"]),
    ]
    weights = {**INDEX, **{f"i{i}": np.array(i) for i in range(4)}, "pair": whole(2), "rest": whole(-1)}
    found = inspect(tmp_path, nodes, {**weights, "w": ones(3, 8, 1, 1)}, [("x", ("N", 8, 5, 5))])
    assert [operator.op for operator in found.operators] == ["Reshape", "Transpose", "Reshape", "Conv"]
    assert (found.macs, found.params) == (3 * 25 * 8, 24)


def test_padding_that_is_turned_around_before_it_is_used_is_followed(tmp_path):
    """F.pad: ConstantOfShape, Concat, Reshape, Slice backwards, Transpose, Cast."""
    nodes = [
        node("ConstantOfShape", ["missing"], ["none"], value=helper.make_tensor("", TensorProto.INT64, (1,), [0])),
        node("Concat", ["pads", "none"], ["p"], axis=0),
        node("Reshape", ["p", "pairs"], ["p2"]),
        node("Slice", ["p2", "last", "before", "z", "back"], ["p3"]),
        node("Transpose", ["p3"], ["p4"], perm=[1, 0]),
        node("Reshape", ["p4", "flat"], ["p5"]),
        node("Cast", ["p5"], ["p6"], to=TensorProto.INT64),
        node("Pad", ["x", "p6"], ["y"]),
    ]
    weights = {
        **INDEX, "missing": whole(4), "pads": whole(1, 2, 3, 4), "pairs": whole(-1, 2), "last": whole(-1),
        "before": whole(-(1 << 62)), "back": whole(-1), "flat": whole(-1),
    }  # fmt: skip
    found = inspect(tmp_path, nodes, weights, [("x", (1, 1, 8, 8))])
    assert found.outputs[0].shape == (1, 1, 8 + 3 + 4, 8 + 1 + 2)
    assert [operator.op for operator in found.operators] == ["Pad"]


def test_what_follows_from_sizes_alone_is_no_operator_and_no_parameter(tmp_path):
    nodes = [
        node("Shape", ["x"], ["s"]),
        node("Expand", ["none", "s"], ["state"]),
        node("MatMul", ["x", "w"], ["h"]),
        node("Add", ["h", "state"], ["y"]),
    ]
    found = inspect(tmp_path, nodes, {"none": np.zeros((1, 1), np.float32), "w": ones(4, 4)})
    assert ([operator.op for operator in found.operators], found.params, found.sparsity) == (["MatMul", "Add"], 16, 0.0)


def test_the_first_states_of_recurrent_layers_are_no_parameters(tmp_path):
    nodes = [
        node("Shape", ["x"], ["s"], start=1, end=2),
        node("Concat", ["o", "s", "hidden"], ["to"], axis=0),
        node("Expand", ["none", "to"], ["state"]),
        node("LSTM", ["x", "w", "r", "b", "", "state", "state"], ["y"], hidden_size=3),
    ]
    weights = {
        **INDEX, "hidden": whole(3), "none": np.zeros((1, 1, 1), np.float32), "w": ones(1, 12, 4), "r": ones(1, 12, 3),
        "b": ones(1, 24),
    }  # fmt: skip
    found = inspect(tmp_path, nodes, weights, [("x", (7, 1, 4))])
    assert (found.params, found.macs, found.sparsity) == (48 + 36 + 24, 7 * 12 * 7, 0.0)


@pytest.mark.parametrize("opset", [7, 9, 10, 11, 13, 17, 20, 22, 24])
def test_every_version_of_the_operators_is_followed(tmp_path, opset):
    by_input = opset >= 13
    nodes = [
        node("Conv", ["x", "w", "b"], ["c"], pads=[1, 1, 1, 1]),
        node("BatchNormalization", ["c", "s", "s", "s", "s"], ["n"]),
        node("Relu", ["n"], ["r"]),
        node("GlobalAveragePool", ["r"], ["p"]),
        node("Squeeze", ["p", "axes"], ["q"]) if by_input else node("Squeeze", ["p"], ["q"], axes=[2, 3]),
        node("Slice", ["q", "z", "three", "o"], ["f"])
        if opset >= 10
        else node("Slice", ["q"], ["f"], starts=[0], ends=[3], axes=[1]),
        node("Gemm", ["f", "dw", "db"], ["y"]),
    ]
    weights = {**INDEX, "w": ones(4, 1, 3, 3), "b": ones(4), "s": ones(4), "dw": ones(3, 2), "db": ones(2)}
    weights |= {"axes": whole(2, 3), "three": whole(3)}
    found = inspect(tmp_path, nodes, weights, [("x", (1, 1, 6, 6))], opset=opset)
    assert (found.macs, found.params) == (4 * 36 * 9 + 6, 36 + 4 + 4 + 6 + 2)


@pytest.mark.parametrize("op", ["GroupNormalization", "MeanVarianceNormalization"])
def test_normalisations_without_an_inference_of_their_own_keep_their_size(tmp_path, op):
    inputs = ["x", "s", "b"] if op == "GroupNormalization" else ["x"]
    attributes = {"num_groups": 2} if op == "GroupNormalization" else {}
    found = inspect(
        tmp_path, [node(op, inputs, ["y"], **attributes)], {"s": ones(4), "b": ones(4)}, [("x", (1, 4, 3, 3))]
    )
    assert (found.outputs[0].shape, found.params) == ((1, 4, 3, 3), 8 if len(inputs) == 3 else 0)


# -- folding, operator by operator -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("op", "given", "shapes", "expected", "attributes"),
    [
        ("Div", [whole(7, -7), whole(2, 2)], [(2,)], [[3, -3]], {}),
        ("Div", [np.float32([7]), np.float32([2])], [(1,)], [[3.5]], {}),
        ("Mod", [whole(-7), whole(3)], [(1,)], [[2]], {}),
        ("Mod", [whole(-7), whole(3)], [(1,)], [[-1]], {"fmod": 1}),
        ("Mul", [whole(3), np.array(4)], [(1,)], [[12]], {}),
        ("Min", [whole(3), whole(5), whole(4)], [(1,)], [[3]], {}),
        ("Gather", [whole(5, 6, 7), np.array(-1)], [()], [7], {}),
        ("Slice", [whole(1, 2, 3, 4), whole(-1), whole(-9), whole(0), whole(-2)], [(2,)], [[4, 2]], {}),
        ("Slice", [whole(1, 2, 3, 4)], [(2,)], [[2, 3]], {"starts": [1], "ends": [3]}),
        ("Split", [whole(1, 2, 3)], [(2,), (1,)], [[1, 2], [3]], {}),
        ("Range", [np.array(2), np.array(8), np.array(3)], [(2,)], [[2, 5]], {}),
        ("ReduceProd", [whole(2, 3, 4)], [()], [24], {"keepdims": 0}),
        ("ReduceSum", [whole(2, 3), whole(0)], [(1,)], [[5]], {}),
        ("ReduceSum", [whole(2, 3)], [(2,)], [[2, 3]], {"noop_with_empty_axes": 1}),
        ("Where", [np.array([True, False]), whole(1, 1), whole(2, 2)], [(2,)], [[1, 2]], {}),
        ("Equal", [whole(1, 2), whole(1, 1)], [(2,)], [[True, False]], {}),
        ("ScatterND", [whole(1, 2, 3), whole(0, 2).reshape(2, 1), whole(8, 9)], [(3,)], [[8, 2, 9]], {}),
        ("NonZero", [whole(0, 3, 0, 4)], [None], [[[1, 3]]], {}),
        ("Tile", [whole(1, 2), whole(2)], [(4,)], [[1, 2, 1, 2]], {}),
        ("Cast", [np.float32([2.7])], [(1,)], [[2]], {"to": TensorProto.INT64}),
        ("Squeeze", [whole(5), whole(0)], [()], [5], {}),
        ("Floor", [np.float32([2.7])], [(1,)], [[2]], {}),
        # "same" padding, as timm computes it: never below 0.
        ("Clip", [whole(-3, 5), np.array(0)], [(2,)], [[0, 5]], {}),
        ("Clip", [whole(-3, 5), None, np.array(4)], [(2,)], [[-3, 4]], {}),
        ("Clip", [np.float32([-3, 5])], [(2,)], [[0, 4]], {"min": 0.0, "max": 4.0}),
        ("Relu", [whole(-3, 5)], [(2,)], [[0, 5]], {}),
        # A quantiser takes the sizes that such padding is computed from for numbers of the network.
        ("QuantizeLinear", [np.float32([1.25, 1.75, 99, -1]), np.float32(0.5), np.int8(-3)], [(4,)], [[-1, 1, 127, -5]], {}),
        ("QuantizeLinear", [np.float32([-1, 400]), np.float32(1)], [(2,)], [[0, 255]], {}),
        ("DequantizeLinear", [np.int8([-128, 127]), np.float32(0.5), np.int8(-128)], [(2,)], [[0, 127.5]], {}),
        ("DequantizeLinear", [np.uint8([200]), np.float32(0.5)], [(1,)], [[100]], {}),
    ],
)  # fmt: skip
def test_a_step_of_a_chain_is_computed(op, given, shapes, expected, attributes):
    step = node(op, [str(i) for i in range(len(given))], [str(i) for i in range(len(shapes))], **attributes)
    found = onnx_folding.fold(step, given, shapes)
    assert [value.tolist() for value in found] == expected


@pytest.mark.parametrize(
    ("op", "given", "shapes"),
    [
        ("Sin", [np.float32([1])], [(1,)]),  # not in any chain of sizes
        ("Add", [whole(1, 2), whole(1, 2, 3)], [(3,)]),  # do not fit each other
        ("QuantizeLinear", [np.float32([1, 2]), np.float32([1, 2]), np.int8([0, 0])], [(2,)]),  # a step for each
        ("Add", [whole(1), whole(2)], [(3,)]),  # other sizes than inferred
        ("Gather", [whole(1), np.array(5)], [()]),  # outside
        ("Slice", [whole(1, 2), whole(0), whole(2), whole(0), whole(0)], [(2,)]),  # no step
        ("Tile", [whole(1, 2), whole(1 << 40)], [(1 << 41,)]),  # too large
        ("Range", [np.array(0), np.array(1 << 40), np.array(1)], [None]),  # of unknown size
        ("Expand", [whole(1), whole(1 << 20, 1 << 20)], [(1 << 20, 1 << 20)]),
    ],
)  # fmt: skip
def test_what_is_not_computed_is_not_known(op, given, shapes):
    step = node(op, [str(i) for i in range(len(given))], ["y"])
    assert onnx_folding.fold(step, given, shapes) is None


def test_values_are_kept_only_as_long_as_there_is_room():
    sizes = Sizes(room=10)
    for name in "abc":
        sizes.keep(name, whole(1, 2, 3, 4))
    assert sorted(sizes.values) == ["a", "b"]


HUGE = whole(1 << 19, 1 << 19)
HOSTILE = {
    "a constant filled to terabytes": [node("ConstantOfShape", ["huge"], ["c"])],
    "a constant stretched to terabytes": [node("Expand", ["one", "huge"], ["c"])],
    "a constant repeated to terabytes": [node("Tile", ["table", "huge"], ["c"])],
    "a range of a million millions": [node("Range", ["zero", "most", "one"], ["r"]), node("Identity", ["r"], ["c"])],
    "constants that double": [
        node("Concat", ["table" if i == 0 else f"d{i}"] * 2, [f"d{i + 1}"], axis=0) for i in range(38)
    ] + [node("Identity", ["d38"], ["c"])],
}  # fmt: skip


@pytest.mark.parametrize("what", HOSTILE)
def test_constants_that_grow_are_not_made(tmp_path, what):
    weights = {**INDEX, "huge": HUGE, "table": ones(1, 1), "most": np.array(1 << 39)}
    nodes = [*HOSTILE[what], node("Shape", ["c"], ["s"]), node("Relu", ["x"], ["y"])]
    tracemalloc.start()
    begun = time.monotonic()
    found = inspect(tmp_path, nodes, weights)
    spent, (_, most) = time.monotonic() - begun, tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (found.params, found.macs) == (0, 0)
    assert (spent < 2, most < 20 << 20) == (True, True)


def test_thousands_of_values_cost_bounded_time_and_memory(tmp_path):
    weights = {"table": np.arange(4096), "o": whole(1)}
    nodes = [node("Add", ["table" if i == 0 else f"t{i}", "o"], [f"t{i + 1}"]) for i in range(5000)]
    tracemalloc.start()
    begun = time.monotonic()
    inspect(tmp_path, [*nodes, node("Relu", ["x"], ["y"])], weights)
    spent, (_, most) = time.monotonic() - begun, tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (spent < 10, most < 64 << 20) == (True, True)


# -- free sizes --------------------------------------------------------------------------------------------------------

CONV = [node("Conv", ["x", "w"], ["c"]), node("Relu", ["c"], ["y"])]
KERNEL = {"w": ones(4, 3, 3, 3)}


def test_free_sizes_are_the_smallest_with_which_every_operator_works(tmp_path):
    found = inspect(tmp_path, CONV, KERNEL, [("x", ("N", 3, "H", "W"))])
    assert found.inputs[0].shape == (1, 3, 3, 3)
    assert found.macs == 4 * 27
    assert [finding.code for finding in found.findings] == ["free_size"]
    assert "1×3×3×3" in found.findings[0].sentence


def test_free_sizes_must_let_parts_of_the_network_meet_again(tmp_path):
    """Halved twice and doubled twice, as in a U-Net, only multiples of 4 fit beside the input."""
    nodes = [
        node("MaxPool", ["x"], ["a"], kernel_shape=[2, 2], strides=[2, 2]),
        node("MaxPool", ["a"], ["b"], kernel_shape=[2, 2], strides=[2, 2]),
        node("Resize", ["b", "", "four"], ["c"]),
        node("Concat", ["x", "c"], ["y"], axis=1),
    ]
    found = inspect(tmp_path, nodes, {"four": np.float32([1, 1, 4, 4])}, [("x", ("N", 3, "H", "W"))])
    assert found.inputs[0].shape == (1, 3, 4, 4)


def test_free_sizes_are_those_of_the_lab_where_it_gives_them(tmp_path):
    found = inspect(tmp_path, CONV, KERNEL, [("x", ("N", 3, "H", "W"))], [(1, 3, 8, 6)])
    assert (found.inputs[0].shape, found.macs) == ((1, 3, 8, 6), 4 * 6 * 4 * 27)
    assert "1×3×8×6, as the lab gives it" in found.findings[0].sentence


def test_a_size_of_the_lab_with_which_nothing_works_is_refused(tmp_path):
    error = refused(tmp_path, CONV, KERNEL, [("x", ("N", 3, "H", "W"))], [(1, 3, 1, 1)])
    assert error.code == "unknown_shape"
    assert "fixed input sizes" in error.message


def test_free_sizes_with_which_nothing_works_are_refused(tmp_path):
    nodes = [node("Reshape", ["x", "flat"], ["f"]), node("MatMul", ["f", "w"], ["y"])]
    error = refused(tmp_path, nodes, {"flat": whole(1, -1), "w": ones(7919, 2)}, [("x", ("N", 3, "H", "W"))])
    assert error.code == "unknown_shape"
    assert "fixed input sizes" in error.message


def test_equal_names_of_free_sizes_are_equal_sizes(tmp_path):
    nodes = [node("MatMul", ["x", "z"], ["y"])]
    found = inspect(tmp_path, nodes, {}, [("x", ("N", 2, "K")), ("z", ("N", "K", 2))])
    assert [tensor.shape for tensor in found.inputs] == [(1, 2, 1), (1, 1, 2)]
    assert [finding.code for finding in found.findings] == ["free_size", "free_size"]


def test_a_time_that_is_the_first_and_only_free_size_may_be_above_one(tmp_path):
    nodes = [node("Unsqueeze", ["x", "z"], ["u"]), node("Transpose", ["u"], ["t"], perm=[0, 2, 1]),
             node("Conv", ["t", "w"], ["y"])]  # fmt: skip
    found = inspect(tmp_path, nodes, {**INDEX, "w": ones(2, 3, 5)}, [("x", ("T", 3))])
    assert (found.inputs[0].shape, found.macs) == ((5, 3), 2 * 15)


def test_fixed_sizes_that_become_negative_are_refused_and_cost_nothing(tmp_path):
    error = refused(tmp_path, CONV, KERNEL, [("x", (1, 3, 1, 1))])
    assert error.code == "damaged_model"
    assert "operator 1 (Conv)" in error.message


def test_weights_for_other_channels_than_the_input_has_are_refused(tmp_path):
    assert refused(tmp_path, CONV, KERNEL, [("x", (1, 4, 8, 8))]).code == "damaged_model"


def test_a_free_number_of_features_is_that_of_the_weights(tmp_path):
    nodes = [node("GRU", ["x", "w", "r"], ["y"], hidden_size=3)]
    found = inspect(tmp_path, nodes, {"w": ones(1, 9, 4), "r": ones(1, 9, 3)}, [("x", ("T", 1, "F"))])
    assert (found.inputs[0].shape, found.macs) == ((1, 1, 4), 9 * (4 + 3))


def test_an_input_of_size_zero_is_refused(tmp_path):
    nodes = [node("Concat", ["x", "z"], ["y"], axis=1)]
    assert refused(tmp_path, nodes, {}, [("x", (1, 4)), ("z", (1, 0))]).code == "zero_size"


def test_nine_dimensions_are_refused(tmp_path):
    assert refused(tmp_path, [node("Relu", ["x"], ["y"])], {}, [("x", (1,) * 9)]).code == "too_many_dimensions"


def test_a_file_without_a_version_of_its_operators_is_damaged(tmp_path):
    model = onnx_model([node("Relu", ["x"], ["y"])])
    del model.opset_import[:]
    (tmp_path / "m.onnx").write_bytes(model.SerializeToString())
    with pytest.raises(BenchError) as caught:
        onnx_format.read(tmp_path / "m.onnx", [])
    assert caught.value.code == "damaged_model"


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        ({"value_ints": [2, 2]}, (2, 2)),
        ({"value": numpy_helper.from_array(whole(4, 1))}, (4, 1)),
        ({"value_int": 4}, (4,)),
    ],
)
def test_sizes_are_read_from_every_form_of_a_constant(tmp_path, attributes, expected):
    nodes = [node("Constant", [], ["to"], **attributes)]
    if "value_int" in attributes:
        nodes.append(node("Unsqueeze", ["to", "z"], ["to1"]))
    nodes.append(node("Reshape", ["x", nodes[-1].output[0]], ["y"]))
    assert inspect(tmp_path, nodes, INDEX).outputs[0].shape == expected
