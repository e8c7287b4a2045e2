"""TFLite files: counted from the flatbuffer, and every place and length in it held against the file."""

import flatbuffers
import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema

from grading.bench.errors import BenchError
from grading.bench.inspection import tflite_format
from grading.bench.inspection.tflite_operators import CONTROL_FLOW, COUNTED
from grading.bench.report import report_of
from grading.demo import tflite_builder
from grading.demo.tflite_builder import Scale
from tests.grading.bench import tiny
from tests.grading.bench.tiny import CODE, KIND, NONE, OPTIONS, one_tflite, ones


def inspect(path):
    return report_of(tflite_format.read(path, []), size=path.stat().st_size, sha256="0" * 64)


def one(tmp_path, *args, **kwargs):
    return inspect(one_tflite(tmp_path / "model.tflite", *args, **kwargs))


def refused(path):
    with pytest.raises(BenchError) as caught:
        inspect(path)
    assert caught.value.outcome == "refused"
    assert caught.value.message.endswith(".")
    return caught.value.code


def rewritten(path, change):
    """The file with its model changed by `change`, which gets the object form of the schema."""
    model = schema.ModelT.InitFromObj(schema.Model.GetRootAs(path.read_bytes(), 0))
    change(model)
    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), file_identifier=b"TFL3")
    path.write_bytes(bytes(builder.Output()))
    return path


# -- counting ---------------------------------------------------------------------------------------------------------


def test_the_tiny_network_is_counted_as_by_hand(tmp_path):
    found = inspect(tiny.tiny_tflite(tmp_path / "tiny.tflite"))
    assert (found.macs, found.params, found.peak_activation_bytes) == (tiny.MACS, tiny.PARAMS, tiny.PEAK_BYTES)
    assert [operator.op_class for operator in found.operators] == ["conv", "activation", "pool", "reshape", "dense"]
    assert (found.inputs[0].name, found.outputs[0].name) == ("x", "y")


def test_a_transposed_convolution_multiplies_each_input_with_its_kernel(tmp_path):
    options = schema.TransposeConvOptionsT()
    options.strideH = options.strideW = 1

    def reorder(builder):
        builder.operators[0].inputs = [3, 2, 0]  # output shape, weights, input

    found = one(
        tmp_path, CODE.TRANSPOSE_CONV,
        [("w", ones(2, 3, 3, 4), KIND.FLOAT32), ("shape", np.array([1, 7, 7, 2], np.int32), KIND.INT32)],
        shape=(1, 5, 5, 4), output=(1, 7, 7, 2), options=(OPTIONS.TransposeConvOptions, options), change=reorder,
    )  # fmt: skip
    assert (found.macs, found.params) == (5 * 5 * 4 * 2 * 9, 2 * 9 * 4)


def test_a_matrix_product_counts_along_its_inner_size(tmp_path):
    found = one(
        tmp_path, CODE.BATCH_MATMUL, [("w", ones(2, 4, 3), KIND.FLOAT32)], shape=(2, 5, 4), output=(2, 5, 3),
        options=(OPTIONS.BatchMatMulOptions, schema.BatchMatMulOptionsT()),
    )  # fmt: skip
    assert (found.macs, found.params, found.operators[0].op_class) == (2 * 5 * 3 * 4, 24, "matmul")


def test_four_bit_weights_are_four_bits(tmp_path):
    def pack(builder):
        builder.tensors[2].shape = [2, 4]
        builder.tensors[2].type = KIND.INT4

    found = one(
        tmp_path, CODE.FULLY_CONNECTED, [("w", np.array([0x10, 0x00, 0x21, 0xFF], np.uint8), KIND.UINT8)],
        output=(1, 2), options=(OPTIONS.FullyConnectedOptions, schema.FullyConnectedOptionsT()), change=pack,
    )  # fmt: skip
    assert (found.weight_bits, found.weight_bytes, found.params) == ({"4": 1.0}, 4, 8)
    assert found.sparsity == 3 / 8


def test_zeros_of_quantised_weights_are_those_equal_to_the_zero_point(tmp_path):
    def point(builder):
        builder.tensors[2].quantization = schema.QuantizationParametersT()
        builder.tensors[2].quantization.scale = [1.0, 1.0]
        builder.tensors[2].quantization.zeroPoint = [1, 2]
        builder.tensors[2].quantization.quantizedDimension = 0

    weights = np.array([[1, 1, 0, 2], [2, 2, 2, 1]], np.int8)
    found = one(
        tmp_path, CODE.FULLY_CONNECTED, [("w", weights, KIND.INT8)], output=(1, 2),
        options=(OPTIONS.FullyConnectedOptions, schema.FullyConnectedOptionsT()), change=point,
    )  # fmt: skip
    assert found.sparsity == 5 / 8


def test_half_precision_weights_behind_dequantize_are_sixteen_bits(tmp_path):
    def unpack(builder):
        half = builder.constant("half", ones(2, 4, dtype=np.float16), KIND.FLOAT16)
        full = builder.activation("full", (2, 4), KIND.FLOAT32)
        builder.operators[0].inputs = [0, full]
        builder.operator(CODE.DEQUANTIZE, [half], full, NONE)
        builder.operators.reverse()

    found = one(
        tmp_path, CODE.FULLY_CONNECTED, output=(1, 2), change=unpack,
        options=(OPTIONS.FullyConnectedOptions, schema.FullyConnectedOptionsT()),
    )  # fmt: skip
    assert (found.weight_bits, found.params, found.macs) == ({"16": 1.0}, 8, 8)
    assert len(found.operators) == 1


def test_shapes_and_axes_are_no_parameters(tmp_path):
    axes = ("axes", np.array([1], np.int32), KIND.INT32)
    assert one(tmp_path, CODE.MEAN, [axes], output=(1,)).params == 0


def test_a_three_dimensional_convolution_counts_its_kernel_at_every_place(tmp_path):
    options = schema.Conv3DOptionsT()
    options.strideD = options.strideH = options.strideW = 1
    found = one(
        tmp_path, CODE.CONV_3D, [("w", ones(3, 3, 3, 2, 4), KIND.FLOAT32), ("b", ones(4), KIND.FLOAT32)],
        shape=(1, 5, 5, 5, 2), output=(1, 5, 5, 5, 4), options=(OPTIONS.Conv3DOptions, options),
    )  # fmt: skip
    assert (found.macs, found.params) == (125 * 4 * 54, 220)


def test_a_free_size_is_said_with_the_size_that_was_taken(tmp_path):
    def free(builder):
        builder.tensors[0].shapeSignature = [-1, 4]

    found = one(tmp_path, CODE.RELU, change=free)
    assert [finding.code for finding in found.findings] == ["free_size"]
    assert "1×4" in found.findings[0].sentence


def test_state_that_is_kept_between_runs_lives_all_the_time(tmp_path):
    def keep(builder):
        state = builder.activation("state", (1, 100), KIND.FLOAT32)
        builder.tensors[state].isVariable = True

    assert one(tmp_path, CODE.RELU, change=keep).peak_activation_bytes == 16 + 16 + 400


def test_weights_behind_the_flatbuffer_count(tmp_path):
    path = one_tflite(tmp_path / "model.tflite", CODE.PRELU, [("t", ones(1, 4), KIND.FLOAT32)])

    def move(model):
        model.buffers[1].data, model.buffers[1].offset, model.buffers[1].size = None, 100_000, 16

    rewritten(path, move)
    size = path.stat().st_size

    def settle(model):
        model.buffers[1].offset = size

    rewritten(path, settle)
    path.write_bytes(path.read_bytes() + ones(1, 4).tobytes())
    assert inspect(path).params == 4


def test_an_int8_model_says_its_zero_point_apart_from_its_scale(tmp_path):
    scale = Scale(np.array([0.5], np.float32), zero=3)

    def typed(builder):
        for index in (0, 1):
            builder.tensors[index].type = KIND.INT8
            builder.tensors[index].quantization = schema.QuantizationParametersT()
            builder.tensors[index].quantization.scale = [float(scale.scale[0])]
            builder.tensors[index].quantization.zeroPoint = [scale.zero]

    found = one(tmp_path, CODE.RELU, change=typed)
    assert (found.inputs[0].dtype, found.params, found.peak_activation_bytes) == ("int8", 0, 8)


# -- refusing ---------------------------------------------------------------------------------------------------------


def custom(model):
    model.operatorCodes[0].builtinCode, model.operatorCodes[0].deprecatedBuiltinCode = CODE.CUSTOM, CODE.CUSTOM
    model.operatorCodes[0].customCode = b"FlexErf"


def coded(code):
    def change(model):
        model.operatorCodes[0].builtinCode, model.operatorCodes[0].deprecatedBuiltinCode = code, min(code, 127)

    return change


def put(path, value):
    """A change of one field: `subgraphs.0.tensors.0.shape`."""

    def change(model):
        target = model
        *steps, last = path.split(".")
        for step in steps:
            target = target[int(step)] if step.isdigit() else getattr(target, step)
        setattr(target, last, value)

    return change


HOSTILE = {
    "an operator of somebody": ("custom_operator", custom),
    "an operator of StableHLO": ("custom_operator", coded(CODE.STABLEHLO_DOT_GENERAL)),
    "an operator that does not exist": ("custom_operator", coded(5000)),
    "a loop": ("control_flow", coded(CODE.WHILE)),
    "a branch": ("control_flow", coded(CODE.IF)),
    "weights outside the graph": ("operator_not_counted", coded(CODE.READ_VARIABLE)),
    "a look-up in sparse weights": ("operator_not_counted", coded(CODE.EMBEDDING_LOOKUP_SPARSE)),
    "no graph": ("damaged_model", put("subgraphs", [])),
    "no operators": ("damaged_model", put("subgraphs.0.operators", [])),
    "no inputs": ("damaged_model", put("subgraphs.0.inputs", [])),
    "an input that does not exist": ("damaged_model", put("subgraphs.0.inputs", [99])),
    "an operator that reads what does not exist": ("damaged_model", put("subgraphs.0.operators.0.inputs", [99])),
    "an operator that makes nothing": ("damaged_model", put("subgraphs.0.operators.0.outputs", [])),
    "an operator of no kind": ("damaged_model", put("subgraphs.0.operators.0.opcodeIndex", 7)),
    "a buffer that does not exist": ("damaged_model", put("subgraphs.0.tensors.2.buffer", 99)),
    "a constant with too few bytes": ("damaged_model", put("subgraphs.0.tensors.2.shape", [1, 400])),
    "a negative size": ("damaged_model", put("subgraphs.0.tensors.0.shape", [-4, -1])),
    "a type that does not exist": ("damaged_model", put("subgraphs.0.tensors.0.type", 99)),
    "terabytes": ("too_large", put("subgraphs.0.tensors.0.shape", [1 << 30, 1 << 30])),
    "weights behind the end of the file": ("damaged_model", put("buffers.1.offset", 1 << 40)),
    "an operator that writes what is stored": ("damaged_model", put("subgraphs.0.operators.0.outputs", [2])),
    "an operator that writes the input": ("damaged_model", put("subgraphs.0.operators.0.outputs", [0])),
    "an operator that writes twice": ("damaged_model", put("subgraphs.0.operators.0.outputs", [1, 1])),
    "an input of no size": ("zero_size", put("subgraphs.0.tensors.0.shape", [1, 0])),
    "nine dimensions": ("too_many_dimensions", put("subgraphs.0.tensors.1.shape", [1] * 9)),
    "tensors of text": ("unknown_type", put("subgraphs.0.tensors.1.type", KIND.STRING)),
    "weights in the sparse form": ("sparse_tensor", put("subgraphs.0.tensors.2.sparsity", schema.SparsityParametersT())),
}  # fmt: skip


@pytest.mark.parametrize("what", HOSTILE)
def test_a_model_with_this_is_refused(tmp_path, what):
    code, change = HOSTILE[what]
    constants = [("t", ones(1, 4), KIND.FLOAT32)]
    path = one_tflite(tmp_path / "model.tflite", CODE.GATHER, constants)
    assert refused(rewritten(path, change)) == code


def test_sizes_smaller_than_what_the_operators_make_are_refused(tmp_path):
    assert refused(tiny.tiny_tflite(tmp_path / "forged.tflite", conv_output=(1, 1, 1, 2))) == "damaged_model"


def test_a_product_smaller_than_its_operands_make_is_refused(tmp_path):
    path = one_tflite(
        tmp_path / "model.tflite", CODE.BATCH_MATMUL, [("w", ones(2, 4, 3), KIND.FLOAT32)], (2, 5, 4), (2, 1, 3),
        (OPTIONS.BatchMatMulOptions, schema.BatchMatMulOptionsT()),
    )  # fmt: skip
    assert refused(path) == "damaged_model"


# What cannot be counted. A new schema fails this test until each of its operators was looked at.
REFUSED = {
    "HASHTABLE", "HASHTABLE_FIND", "HASHTABLE_IMPORT", "HASHTABLE_LOOKUP", "HASHTABLE_SIZE", "LSH_PROJECTION",
    "CONCAT_EMBEDDINGS", "SKIP_GRAM", "EMBEDDING_LOOKUP_SPARSE", "DENSIFY", "VAR_HANDLE", "READ_VARIABLE",
    "ASSIGN_VARIABLE", "PLACEHOLDER_FOR_GREATER_OP_CODES", "CUSTOM", "DELEGATE", *CONTROL_FLOW,
}  # fmt: skip


def test_every_builtin_operator_is_counted_or_refused():
    known = {name for name, value in vars(CODE).items() if isinstance(value, int) and not name.startswith("STABLEHLO_")}
    assert known - COUNTED == REFUSED


def test_a_dense_layer_without_weights_is_refused(tmp_path):
    assert refused(one_tflite(tmp_path / "model.tflite", CODE.FULLY_CONNECTED)) == "damaged_model"


def test_a_convolution_without_strides_is_refused(tmp_path):
    path = one_tflite(
        tmp_path / "model.tflite", CODE.CONV_2D, [("w", ones(2, 3, 3, 1), KIND.FLOAT32)], (1, 6, 6, 1), (1, 6, 6, 2),
        tiny.conv_options(stride=0),
    )  # fmt: skip
    assert refused(path) == "damaged_model"


def dilated(path, *, signed, pieces):
    """A 3x3 convolution with a dilation of 2, as TensorFlow writes it. pieces: of the batch, as the file stores them."""
    b = tflite_builder.Builder()
    shapes = {"x": (1, 8, 8, 2), "cut": (pieces, 6, 6, 2), "made": (pieces, 4, 4, 5), "y": (1, 8, 8, 5)}
    x, cut, made, y = (b.activation(name, shape, KIND.FLOAT32) for name, shape in shapes.items())
    if signed:
        for place in (x, cut, made, y):
            b.tensors[place].shapeSignature = [-1, *b.tensors[place].shape[1:]]
    block = b.constant("block", np.array([2, 2], np.int32), KIND.INT32)
    pads = b.constant("pads", np.array([[2, 2], [2, 2]], np.int32), KIND.INT32)
    crops = b.constant("crops", np.zeros((2, 2), np.int32), KIND.INT32)
    weight = b.constant("w", np.ones((5, 3, 3, 2), np.float32), KIND.FLOAT32)
    bias = b.constant("b", np.ones(5, np.float32), KIND.FLOAT32)
    options = schema.Conv2DOptionsT()
    options.padding, options.strideH, options.strideW = schema.Padding.VALID, 1, 1
    b.operator(CODE.SPACE_TO_BATCH_ND, [x, block, pads], cut, NONE)
    b.operator(CODE.CONV_2D, [cut, weight, bias], made, (OPTIONS.Conv2DOptions, options))
    b.operator(CODE.BATCH_TO_SPACE_ND, [made, block, crops], y, NONE)
    b.write(path, [x], [y])
    return path


@pytest.mark.parametrize(("signed", "pieces"), [(True, 1), (False, 4)])
def test_a_picture_that_is_cut_into_a_free_batch_counts_whole(tmp_path, signed, pieces):
    # Where the batch is free the file stores 1 for it, also for the four pieces.
    report = inspect(dilated(tmp_path / "m.tflite", signed=signed, pieces=pieces))
    assert report.macs == 8 * 8 * 5 * 9 * 2
    assert report.peak_activation_bytes == (4 * 4 * 4 * 5 + 8 * 8 * 5) * 4


def test_a_file_may_not_say_that_fewer_pieces_come_out_of_a_convolution(tmp_path):
    assert refused(dilated(tmp_path / "m.tflite", signed=False, pieces=1)) == "damaged_model"
