"""Which constants of an ONNX file are weights, how often each counts, and in what it is stored."""

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from grading.bench.errors import BenchError
from grading.bench.inspection import onnx_format
from grading.bench.report import report_of
from tests.grading.bench.tiny import ones, onnx_model, save_onnx

node = helper.make_node


def inspect(path):
    return report_of(onnx_format.read(path, []), size=path.stat().st_size, sha256="0" * 64)


def report(tmp_path, *args, **kwargs):
    return inspect(save_onnx(tmp_path / "model.onnx", *args, **kwargs))


# -- added, multiplied, looked up -----------------------------------------------------------------------------------


def test_a_bias_added_behind_a_matrix_product_counts_as_that_of_a_dense_layer(tmp_path):
    apart = [node("MatMul", ["x", "w"], ["h"]), node("Add", ["h", "b"], ["y"])]
    together = [node("Gemm", ["x", "w", "b"], ["y"])]
    weights = {"w": ones(4, 3), "b": np.array([0, 1, 2], np.float32)}
    for nodes in (apart, together):
        found = report(tmp_path, nodes, weights)
        assert (found.params, found.sparsity) == (15, 1 / 15)


def test_a_bias_of_one_element_counts(tmp_path):
    nodes = [node("MatMul", ["x", "w"], ["h"]), node("Add", ["h", "b"], ["y"])]
    assert report(tmp_path, nodes, {"w": ones(4, 1), "b": ones(1)}).params == 5


def test_numbers_of_formulas_stay_out(tmp_path):
    nodes = [
        node("MatMul", ["x", "w"], ["h"]),
        node("ReduceMean", ["h"], ["m"], keepdims=1),
        node("Add", ["m", "epsilon"], ["e"]),
        node("Pow", ["e", "half"], ["p"]),
        node("Mul", ["h", "scale"], ["s"]),
        node("Div", ["s", "p"], ["d"]),
        node("Clip", ["d", "low", "high"], ["y"]),
    ]
    weights = {"w": ones(4, 4), "epsilon": ones(1), "half": ones(), "scale": ones(1), "low": ones(), "high": ones()}
    assert report(tmp_path, nodes, weights).params == 16


def test_the_mean_and_deviation_of_the_pictures_are_no_parameters(tmp_path):
    nodes = [node("Sub", ["x", "m"], ["c"]), node("Div", ["c", "s"], ["d"]), node("Conv", ["d", "w"], ["y"])]
    weights = {"m": ones(1, 3, 1, 1), "s": ones(1, 3, 1, 1), "w": ones(2, 3, 1, 1)}
    assert report(tmp_path, nodes, weights, [("x", (1, 3, 4, 4))]).params == 6


def test_a_causal_mask_is_no_parameter_and_makes_nothing_sparse(tmp_path):
    nodes = [node("MatMul", ["x", "w"], ["h"]), node("Add", ["h", "mask"], ["m"]), node("Softmax", ["m"], ["y"])]
    found = report(
        tmp_path, nodes, {"w": ones(4, 4), "mask": np.triu(np.full((4, 4), -1e9, np.float32), 1)}, [("x", (4, 4))]
    )
    assert (found.params, found.sparsity) == (16, 0.0)


def test_a_table_of_zeros_that_is_added_makes_nothing_sparse(tmp_path):
    nodes = [node("MatMul", ["x", "w"], ["h"]), node("Add", ["h", "zeros"], ["y"])]
    found = report(tmp_path, nodes, {"w": ones(4, 4), "zeros": np.zeros((4, 4), np.float32)}, [("x", (4, 4))])
    assert (found.params, found.sparsity) == (16, 0.0)


def test_a_position_embedding_counts_and_its_zeros_do_not(tmp_path):
    nodes = [node("MatMul", ["x", "w"], ["h"]), node("Add", ["h", "p"], ["y"])]
    table = np.array([[0, 1, 2, 3]] * 4, np.float32)
    found = report(tmp_path, nodes, {"w": ones(4, 4), "p": table}, [("x", (4, 4))])
    assert (found.params, found.sparsity) == (32, 0.0)


def test_a_table_of_places_to_look_up_is_no_embedding(tmp_path):
    nodes = [node("Gather", ["places", "x"], ["y"])]
    given = [("x", (1, 6), TensorProto.INT64)]
    assert report(tmp_path, nodes, {"places": np.arange(50)}, given).params == 0
    assert report(tmp_path, nodes, {"places": ones(50, 8)}, given).params == 400


# -- constants that are prepared from constants ----------------------------------------------------------------------


def test_weights_put_together_from_two_count_both_and_their_zeros(tmp_path):
    nodes = [node("Concat", ["a", "b"], ["w"], axis=1), node("MatMul", ["x", "w"], ["y"])]
    found = report(tmp_path, nodes, {"a": np.zeros((4, 5), np.float32), "b": ones(4, 3)})
    assert (found.params, found.macs, found.sparsity) == (32, 32, 20 / 32)


def test_a_weight_times_its_scale_is_that_weight(tmp_path):
    nodes = [node("Mul", ["a", "s"], ["w"]), node("MatMul", ["x", "w"], ["y"])]
    found = report(tmp_path, nodes, {"a": np.eye(4, dtype=np.float32), "s": ones(1, 4)})
    assert (found.params, found.sparsity) == (16, 12 / 16)


def test_a_weight_behind_a_mask_is_as_sparse_as_the_mask(tmp_path):
    nodes = [node("Mul", ["a", "mask"], ["w"]), node("MatMul", ["x", "w"], ["y"])]
    found = report(tmp_path, nodes, {"a": ones(4, 4), "mask": np.eye(4, dtype=np.float32)})
    assert (found.params, found.sparsity) == (16, 12 / 16)


def test_a_slice_of_a_weight_is_the_stored_weight_counted_once(tmp_path):
    nodes = [
        node("Slice", ["a", "begin", "end", "axis"], ["w"]),
        node("MatMul", ["x", "w"], ["h"]),
        node("MatMul", ["x", "a"], ["g"]),
        node("Concat", ["h", "g"], ["y"], axis=1),
    ]
    weights = {"a": ones(4, 16), "begin": np.array([0]), "end": np.array([4]), "axis": np.array([1])}
    found = report(tmp_path, nodes, weights)
    assert (found.params, found.macs) == (64, 4 * 4 + 4 * 16)


def test_weights_stored_in_whole_numbers_and_scaled_keep_their_bits(tmp_path):
    nodes = [node("Cast", ["a"], ["f"], to=1), node("Mul", ["f", "s"], ["w"]), node("MatMul", ["x", "w"], ["y"])]
    found = report(tmp_path, nodes, {"a": np.eye(4, dtype=np.int8), "s": np.float32(0.1)})
    assert (found.params, found.weight_bits, found.sparsity) == (16, {"8": 1.0}, 12 / 16)


def test_the_zero_point_of_a_weight_that_was_turned_is_that_of_the_stored_one(tmp_path):
    nodes = [
        node("Transpose", ["q"], ["t"], perm=[1, 0]),
        node("DequantizeLinear", ["t", "s", "z"], ["w"]),
        node("MatMul", ["x", "w"], ["y"]),
    ]
    weights = {"q": np.full((3, 4), 128, np.uint8), "s": np.float32(0.1), "z": np.uint8(128)}
    assert report(tmp_path, nodes, weights).sparsity == 1.0


def test_zero_points_for_each_block_are_told_apart(tmp_path):
    weights = {"q": np.array([[1], [1], [2], [2]], np.int8), "s": ones(2, 1), "z": np.array([[1], [2]], np.int8)}
    nodes = [
        node("DequantizeLinear", ["q", "s", "z"], ["w"], axis=0, block_size=2),
        node("MatMul", ["x", "w"], ["y"]),
    ]
    assert report(tmp_path, nodes, weights).sparsity == 1.0


def test_an_einstein_sum_of_three_counts_all_its_weights(tmp_path):
    nodes = [node("Einsum", ["x", "v", "w"], ["y"], equation="bd,de,ef->bf")]
    found = report(tmp_path, nodes, {"v": ones(4, 10), "w": ones(10, 3)})
    assert (found.macs, found.params) == (4 * 10 + 10 * 3, 70)


def test_an_einstein_sum_with_an_ellipsis_counts_every_dimension_under_it(tmp_path):
    nodes = [node("Einsum", ["x", "w"], ["y"], equation="...d,ed->...e")]
    assert report(tmp_path, nodes, {"w": ones(5, 4)}, [("x", (1, 16, 4))]).macs == 16 * 4 * 5


def test_an_einstein_sum_of_hundreds_is_refused(tmp_path):
    equation = ",".join(["b"] * 100) + "->b"
    with pytest.raises(BenchError) as caught:
        report(tmp_path, [node("Einsum", ["x"] * 100, ["y"], equation=equation)], {}, [("x", (4,))])
    assert (caught.value.code, caught.value.outcome) == ("too_large", "refused")


def test_the_middle_of_a_group_normalisation_is_filling(tmp_path):
    nodes = [
        node("Reshape", ["x", "apart"], ["r"]),
        node("InstanceNormalization", ["r", "ones", "zeros"], ["n"]),
        node("Reshape", ["n", "back"], ["b"]),
        node("Conv", ["b", "w"], ["y"]),
    ]
    weights = {"apart": np.array([1, 2, -1]), "back": np.array([1, 4, 3, 3]), "ones": ones(2), "w": ones(1, 4, 1, 1),
               "zeros": np.zeros(2, np.float32)}  # fmt: skip
    assert report(tmp_path, nodes, weights, [("x", (1, 4, 3, 3))]).params == 4


# -- quantised ---------------------------------------------------------------------------------------------------------


def test_scales_for_each_channel_are_no_parameters(tmp_path):
    """As quantize_dynamic writes it; the second layer has what the first has learned in its scale."""

    def layer(given, made, tag):
        return [
            node("DynamicQuantizeLinear", [given], [f"q{tag}", f"s{tag}", f"z{tag}"]),
            node("MatMulInteger", [f"q{tag}", "w", f"z{tag}"], [f"i{tag}"]),
            node("Cast", [f"i{tag}"], [f"c{tag}"], to=1),
            node("Mul", [f"s{tag}", "scales"], [f"m{tag}"]),
            node("Mul", [f"c{tag}", f"m{tag}"], [f"h{tag}"]),
            node("Add", [f"h{tag}", f"b{tag}"], [made]),
        ]

    weights = {
        "w": ones(4, 4, dtype=np.int8),
        "scales": np.arange(1, 5, dtype=np.float32),
        "b1": ones(4),
        "b2": ones(4),
    }
    found = report(tmp_path, [*layer("x", "h", 1), *layer("h", "y", 2)], weights)
    assert (found.params, found.macs) == (16 + 4 + 4, 32)


def quantised(between):
    return [
        node("QuantizeLinear", ["x", "s", "z"], ["q"]),
        node("DequantizeLinear", ["q", "s", "z"], ["d"]),
        *between,
        node("QuantizeLinear", ["h", "s", "z"], ["p"]),
        node("DequantizeLinear", ["p", "s", "z"], ["y"]),
    ]


def test_floats_between_quantised_operators_are_said(tmp_path):
    weights = {"s": np.float32(1), "z": np.int8(0), "w": ones(4, 4, dtype=np.int8)}
    layer = [node("DequantizeLinear", ["w", "s", "z"], ["f"]), node("MatMul", ["d", "f"], ["h"])]
    found = report(tmp_path, quantised(layer), weights)
    assert [finding.code for finding in found.findings] == ["float_between_quantised"]
    assert (found.weight_bits, found.peak_activation_bytes) == ({"8": 1.0}, 32)


def test_a_model_of_quantised_operators_has_no_floats_between_them(tmp_path):
    weights = {"s": np.float32(1), "z": np.int8(0), "w": ones(4, 4, dtype=np.int8)}
    nodes = [
        node("QuantizeLinear", ["x", "s", "z"], ["q"]),
        node("QLinearMatMul", ["q", "s", "z", "w", "s", "z", "s", "z"], ["p"]),
        node("DequantizeLinear", ["p", "s", "z"], ["y"]),
    ]
    found = report(tmp_path, nodes, weights)
    assert (found.findings, found.operators[1].op_class, found.peak_activation_bytes) == ((), "dense", 20)


@pytest.mark.parametrize(
    ("kind", "bits"),
    [
        (TensorProto.FLOAT4E2M1, "4"), (TensorProto.INT4, "4"), (TensorProto.UINT4, "4"), (TensorProto.INT2, "2"),
        (TensorProto.UINT2, "2"), (TensorProto.FLOAT8E4M3FN, "8"), (TensorProto.FLOAT8E5M2FNUZ, "8"),
        (TensorProto.BFLOAT16, "16"),
    ],
)  # fmt: skip
def test_every_stored_type_has_its_bits(tmp_path, kind, bits):
    packed = helper.make_tensor("q", kind, (4, 2), [0, 1, 0, 1, 0, 0, 0, 1])
    widen = (
        node("Cast", ["q"], ["w"], to=1)
        if kind == TensorProto.BFLOAT16
        else node("DequantizeLinear", ["q", "scale"], ["w"])
    )
    model = onnx_model([widen, node("MatMul", ["x", "w"], ["y"])], {"q": packed, "scale": np.float32(1)})
    model.opset_import[0].version, model.ir_version = 25, 13
    onnx.save(model, tmp_path / "m.onnx")
    found = inspect(tmp_path / "m.onnx")
    assert (found.weight_bits, found.weight_bytes, found.sparsity) == ({bits: 1.0}, int(bits), 5 / 8)
