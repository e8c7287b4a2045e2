"""ONNX files that hold no weights are counted as with them, and are never mistaken for ones that run."""

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from grading.bench.errors import BenchError
from grading.bench.inspection.__main__ import look_into
from tests.grading.bench.tiny import ones, onnx_model, save_onnx, tiny_onnx
from tests.grading.bench.windows import windows_onnx

node = helper.make_node


def beside(path, location="weights.bin", **said):
    """The model's weights of two dimensions and more said to lie in another file."""
    model = onnx.load(path)
    for tensor in model.graph.initializer:
        if len(tensor.dims) > 1:
            tensor.ClearField("raw_data")
            tensor.data_location = TensorProto.EXTERNAL
            tensor.external_data.add(key="location", value=location)
            for key, value in said.items():
                tensor.external_data.add(key=key, value=value)
    path.write_bytes(model.SerializeToString())
    return path


def as_inputs(path):
    """Every stored tensor of the model as an input of its type and shape."""
    model = onnx.load(path)
    for tensor in list(model.graph.initializer):
        model.graph.input.append(helper.make_tensor_value_info(tensor.name, tensor.data_type, list(tensor.dims)))
        model.graph.initializer.remove(tensor)
    path.write_bytes(model.SerializeToString())
    return path


def counted(report):
    return [
        (o.op, o.op_class, o.macs, o.params, o.weight_bytes, o.live_bytes, o.output_shape, o.kernel)
        for o in report.operators
    ]


@pytest.mark.parametrize("make", [tiny_onnx, windows_onnx])
@pytest.mark.parametrize("empty", [beside, as_inputs])
def test_a_file_without_weights_counts_as_the_same_file_with_them(tmp_path, make, empty):
    whole = look_into(make(tmp_path / "m.onnx"), "onnx", [])
    report = look_into(empty(tmp_path / "m.onnx"), "onnx", [], weightless=True)
    assert counted(report) == counted(whole)
    assert (report.params, report.macs, report.weight_bits) == (whole.params, whole.macs, whole.weight_bits)
    assert report.inputs == whole.inputs
    assert report.absent_weights
    assert not whole.absent_weights
    assert "absent_weights" in [finding.code for finding in report.findings]


def test_a_scale_and_a_token_that_are_inputs_in_another_form_are_weights(tmp_path):
    # timm: layer scale is reshaped before it is multiplied, the token of the class is expanded and put beside.
    steps = [
        node("MatMul", ["x", "w"], ["a"]),
        node("Reshape", ["gamma", "sizes"], ["g"]),
        node("Mul", ["a", "g"], ["b"]),
        node("Expand", ["token", "one"], ["t"]),
        node("Concat", ["t", "b"], ["y"], axis=1),
    ]
    stored = {"sizes": np.array([1, 1, 4], np.int64), "one": np.array([1, 1, 4], np.int64)}
    weights = {"w": ones(8, 4), "gamma": ones(4), "token": ones(1, 1, 4)}
    shapes = [(name, array.shape) for name, array in weights.items()]
    path = save_onnx(tmp_path / "m.onnx", steps, stored, [("x", (1, 5, 8)), *shapes])
    report = look_into(path, "onnx", [], weightless=True)
    assert [spec.name for spec in report.inputs] == ["x"]
    assert (report.params, report.macs) == (32 + 4 + 4, 5 * 8 * 4)


def test_the_sentence_names_the_file_or_the_first_input_that_is_a_weight(tmp_path):
    report = look_into(beside(tiny_onnx(tmp_path / "a.onnx")), "onnx", [], weightless=True)
    assert "weights.bin" in report.absent_weights
    assert report.absent_files == ("weights.bin",)
    report = look_into(as_inputs(tiny_onnx(tmp_path / "b.onnx")), "onnx", [], weightless=True)
    assert "w and 3 more" in report.absent_weights
    assert report.absent_files == ()


def refusal(path, **options):
    with pytest.raises(BenchError) as refused:
        look_into(path, "onnx", [], **options)
    return refused.value.code


@pytest.mark.parametrize(("empty", "code"), [(beside, "external_data"), (as_inputs, "weights_are_inputs")])
def test_what_is_handed_in_must_hold_its_weights(tmp_path, empty, code):
    assert refusal(empty(tiny_onnx(tmp_path / "m.onnx"))) == code


@pytest.mark.parametrize(
    "location", ["../weights.bin", "/etc/passwd", "a/b", "a\\b", "", "..", ".", "c:x", "a\nb", "x" * 300]
)
def test_a_path_out_of_the_folder_is_refused_also_where_the_weights_are_not_needed(tmp_path, location):
    assert refusal(beside(tiny_onnx(tmp_path / "m.onnx"), location), weightless=True) == "external_data"


@pytest.mark.parametrize("said", [{"length": "7"}, {"offset": "-4"}, {"length": "x"}, {"offset": "1" * 40}])
def test_what_the_file_says_of_absent_bytes_must_fit_the_shape(tmp_path, said):
    assert refusal(beside(tiny_onnx(tmp_path / "m.onnx"), **said), weightless=True) == "damaged_model"


def test_external_data_in_an_operator_is_refused_always(tmp_path):
    tensor = TensorProto(name="w", dims=[4, 4], data_type=TensorProto.FLOAT, data_location=TensorProto.EXTERNAL)
    tensor.external_data.add(key="location", value="weights.bin")
    steps = [node("Constant", [], ["w"], value=tensor), node("MatMul", ["x", "w"], ["y"])]
    assert refusal(save_onnx(tmp_path / "m.onnx", steps), weightless=True) == "external_data"


def test_external_data_inside_a_branch_is_refused_with_the_branch(tmp_path):
    tensor = TensorProto(name="w", dims=[1, 4], data_type=TensorProto.FLOAT, data_location=TensorProto.EXTERNAL)
    tensor.external_data.add(key="location", value="weights.bin")
    made = helper.make_tensor_value_info("z", TensorProto.FLOAT, [1, 4])
    body = helper.make_graph([node("Identity", ["w"], ["z"])], "branch", [], [made], [tensor])
    steps = [node("If", ["c"], ["y"], then_branch=body, else_branch=body)]
    path = save_onnx(tmp_path / "m.onnx", steps, {"c": np.array(True)})
    assert refusal(path, weightless=True) == "external_data"


def test_a_turned_quantised_weight_is_one_too(tmp_path):
    steps = [
        node("DequantizeLinear", ["q", "s", "z"], ["w"]),
        node("Transpose", ["w"], ["t"]),
        node("MatMul", ["x", "t"], ["m"]),
        node("Add", ["m", "b"], ["y"]),
    ]
    inputs = [("x", (1, 4)), ("q", (3, 4), TensorProto.INT8), ("s", ()), ("z", (), TensorProto.INT8), ("b", (3,))]
    path = tmp_path / "m.onnx"
    onnx.save(onnx_model(steps, {}, inputs), path)
    report = look_into(path, "onnx", [], weightless=True)
    assert [tensor.name for tensor in report.inputs] == ["x"]
    assert (report.macs, report.params) == (12, 15)
    assert report.weight_bits == {"8": 12 / 15, "32": 3 / 15}


W = (8, 3, 3, 3)
CONV = node("Conv", ["x", "W"], ["y"])
PARTS = {
    "first": np.array([0]),
    "last": np.array([8]),
    "half": np.float32(0.5),
    "shape": np.array(W),
    "inner": np.array([1, 2, 3]),
}


@pytest.mark.parametrize(
    ("steps", "weights", "params"),
    [
        ([node("Sub", ["w", "half"], ["W"])], {"w": W}, 216),
        ([node("Sub", ["w", "z"], ["a"]), node("Mul", ["a", "s"], ["W"])], {"w": W, "z": (), "s": ()}, 216),
        ([node("Mul", ["w", "mask"], ["W"])], {"w": W, "mask": W}, 216),
        ([node("Concat", ["v", "w"], ["W"], axis=0)], {"v": (4, 3, 3, 3), "w": (4, 3, 3, 3)}, 216),
        ([node("Slice", ["w", "first", "last"], ["W"])], {"w": (16, 3, 3, 3)}, None),
        ([node("Split", ["w"], ["other", "W"], axis=0, num_outputs=2)], {"w": (16, 3, 3, 3)}, None),
        ([node("Expand", ["w", "shape"], ["W"])], {"w": (8, 1, 1, 1)}, 8),
        ([node("ReduceL2", ["w", "inner"], ["n"]), node("Div", ["w", "n"], ["W"])], {"w": W}, 216),
        ([node("ReduceMean", ["x"], ["m"]), node("Add", ["w", "m"], ["W"])], {"w": W}, None),
    ],
)
def test_a_weight_that_is_scaled_masked_cut_or_put_together_is_one_too(tmp_path, steps, weights, params):
    path = save_onnx(tmp_path / "m.onnx", [*steps, CONV], PARTS, [*weights.items(), ("x", (1, 3, 8, 8))])
    report = look_into(path, "onnx", [], weightless=True)
    assert [tensor.name for tensor in report.inputs] == ["x"]
    assert report.macs == 8 * 27 * 6 * 6
    assert report.absent_weights
    assert params is None or report.params == params


def test_the_matrix_of_an_einsum_is_a_weight_too(tmp_path):
    steps = [node("Einsum", ["x", "w"], ["y"], equation="bij,jk->bik")]
    path = save_onnx(tmp_path / "m.onnx", steps, {}, [("x", (1, 4, 8)), ("w", (8, 2))])
    report = look_into(path, "onnx", [], weightless=True)
    assert (report.params, report.macs, [tensor.name for tensor in report.inputs]) == (16, 64, ["x"])


def test_two_inputs_of_a_product_stay_inputs_where_the_model_has_weights(tmp_path):
    steps = [node("MatMul", ["x", "w"], ["a"]), node("MatMul", ["a", "z"], ["y"])]
    path = save_onnx(tmp_path / "m.onnx", steps, {"w": ones(4, 5)}, [("x", (1, 4)), ("z", (5, 2))])
    for weightless in (False, True):
        report = look_into(path, "onnx", [], weightless=weightless)
        assert [tensor.name for tensor in report.inputs] == ["x", "z"]
        assert not report.absent_weights


def test_running_statistics_as_inputs_are_no_parameters(tmp_path):
    steps = [node("BatchNormalization", ["x", "s", "b", "m", "v"], ["y"])]
    path = save_onnx(tmp_path / "m.onnx", steps, {}, [("x", (1, 2, 4, 4)), *((name, (2,)) for name in "sbmv")])
    report = look_into(path, "onnx", [], weightless=True)
    assert (report.params, [tensor.name for tensor in report.inputs]) == (4, ["x"])


def test_a_weight_that_leaves_its_size_open_is_refused(tmp_path):
    path = save_onnx(
        tmp_path / "m.onnx", [node("Conv", ["x", "w"], ["y"])], {}, [("x", (1, 2, 4, 4)), ("w", (2, None, 3, 3))]
    )
    assert refusal(path, weightless=True) == "unknown_shape"
