"""The sweep as TFLite files, in floats and in int8: LiteRT runs them, and they count as their descriptions do."""

import pytest
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.interpreter import Interpreter

from grading.bench.architectures import tflite_writer as writer
from grading.bench.architectures.builder import Builder
from grading.bench.architectures.onnx_writer import CannotWrite
from grading.bench.cost.features import steps_of
from grading.bench.cost.form import PROCESSOR, features
from grading.bench.cost.sweep import PREFIX, networks
from grading.bench.inspection.tflite_format import read
from grading.bench.report import report_of

ONE_OF_EACH = [
    "first-16-48", "1x1-64-64-28-x4", "depthwise3-64-56-2", "depthwise5-96-28", "3x3-64-14-x4", "dense3-2-16-32-56", "grouped-64-8-14",
    "transposed-64-32-14", "connected-256-256-x4", "tokens-64-64-256", "product-64", "sigmoid-64-28", "hardswish-32-56", "tanh-64-28", "silu-32-28",
    "softmax-64-64", "maxpool-16-56", "meanpool-64-28", "meanall-256-14", "add-64-28", "multiply-16-28", "concat-64-28", "resize-16-28",
    "shuffle-64-28", "slice-64-56", "mobilenet_v2-0.35-96", "shufflenet_v2-0.5-96", "unet-48-16", "plain-32-16", "resnet8-32", "dscnn",
    "perceptron-64-32",
]  # fmt: skip


@pytest.mark.parametrize("precision", ["fp32", "int8"])
@pytest.mark.parametrize("name", ONE_OF_EACH)
def test_a_network_runs_and_counts_as_its_description(tmp_path, name, precision):
    network = networks()[PREFIX + name]
    path = tmp_path / "model.tflite"
    path.write_bytes(network.file("tflite", precision))
    interpreter = Interpreter(model_path=str(path), num_threads=1)
    interpreter.allocate_tensors()
    interpreter.invoke()
    described, stored = (report_of(graph, size=0, sha256="") for graph in (network.graph(precision), read(path, [])))
    assert (stored.macs, stored.params, stored.weight_bits) == (described.macs, described.params, described.weight_bits)
    counted = [features(steps_of(report), precision, PROCESSOR) for report in (stored, described)]
    assert counted[0] == pytest.approx(counted[1])


def test_numbers_of_operators_and_options_are_those_of_the_schema():
    assert all(getattr(schema.BuiltinOperator, name) == code for name, code in writer.CODES.items())
    wanted = {
        "Conv2DOptions": writer.CONV, "DepthwiseConv2DOptions": writer.DEPTHWISE, "Pool2DOptions": writer.POOL, "FullyConnectedOptions": writer.DENSE,
        "SoftmaxOptions": writer.SOFTMAX, "ConcatenationOptions": writer.CONCAT, "AddOptions": writer.ADD, "ReshapeOptions": writer.RESHAPE,
        "MulOptions": writer.MUL, "TransposeOptions": writer.TRANSPOSE, "ReducerOptions": writer.REDUCE, "SliceOptions": writer.SLICE,
        "TransposeConvOptions": writer.UP, "ResizeNearestNeighborOptions": writer.RESIZE, "HardSwishOptions": writer.HARD_SWISH,
        "BatchMatMulOptions": writer.MATMUL,
    }  # fmt: skip
    assert {name: getattr(schema.BuiltinOptions, name) for name in wanted} == wanted


def test_a_file_reads_back_as_it_was_written(tmp_path):
    """By the schema's own reader: names, shapes, scales, and buffers where the runtime wants them aligned."""
    data = networks()[PREFIX + "plain-32-16"].file("tflite", "int8")
    assert data == networks()[PREFIX + "plain-32-16"].file("tflite", "int8") and data[4:8] == b"TFL3"
    model = schema.ModelT.InitFromPackedBuf(data, 0)
    (graph,) = model.subgraphs
    first = graph.operators[0]
    assert (model.version, model.description, len(graph.inputs), len(graph.outputs)) == (3, b"milliamp", 1, 1)
    weight = graph.tensors[first.inputs[1]]
    assert (list(weight.shape), weight.quantization.zeroPoint.tolist()) == ([16, 3, 3, 3], [0])
    assert (
        first.builtinOptions.strideH,
        first.builtinOptions.padding,
        first.builtinOptions.fusedActivationFunction,
    ) == (1, 0, 1)
    stored = model.buffers[weight.buffer].data
    assert len(stored) == 432 and stored.all() and data.find(bytes(stored.tobytes())) % 16 == 0


def test_what_is_not_written_as_tflite_is_left_out_of_its_sweep():
    left_out = {name.removeprefix(PREFIX).split("-")[0] for name, one in networks().items() if not one.is_for("tflite")}
    assert left_out == {"norm", "vision_transformer", "mobilenet_v3_small", "densenet"}
    builder = Builder((1, 16, 8))
    with pytest.raises(CannotWrite, match="LAYER_NORM"):
        writer.write_tflite(builder.graph(builder.norm(builder.input)))
