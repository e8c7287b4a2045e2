"""What stands beside the graph that is measured, where a runtime or another tool would still look; and odd constants."""

import copy
from collections.abc import Iterator

import numpy as np
import onnx
from onnx import TensorProto, helper

from tests.grading.bench.tiny import ones, onnx_model
from tests.hostile.bad_files import onnx_files
from tests.hostile.bad_files.case import Case
from tests.hostile.bad_files.onnx_outside import outside
from tests.hostile.bad_files.tflite_build import CODE, case, changed, one, schema

node = helper.make_node


def cases() -> Iterator[Case]:
    yield from _tflite_places()
    yield from _tflite_kinds()
    yield from _onnx_training()
    yield from _onnx_attributes()
    yield from _onnx_numbers()


def _signature(graph: int, tensor: int) -> schema.SignatureDefT:
    signature = schema.SignatureDefT()
    end = schema.TensorMapT()
    end.name, end.tensorIndex = b"x", tensor
    signature.inputs, signature.outputs, signature.signatureKey = [end], [], b"serving_default"
    signature.subgraphIndex = graph
    return signature


def _tflite_places() -> Iterator[Case]:
    def with_group(model):
        group, buffer = schema.ExternalBufferGroupT(), schema.ExternalBufferT()
        group.name = b"../../etc/passwd"
        buffer.id, buffer.group, buffer.length = 1, 0, 64
        model.externalBufferGroups, model.externalBuffers = [group], [buffer]

    yield case("outside-group", changed(with_group), "weights in a file outside", "external_data")
    named = changed(lambda model: model.subgraphs[0].tensors[0].__setattr__("externalBuffer", 1))
    yield case("outside-tensor", named, "a tensor in a file outside", "external_data")

    def with_options(model):
        step = model.subgraphs[0].operators[0]
        step.largeCustomOptionsOffset, step.largeCustomOptionsSize = 100, 10**12

    yield case("options-behind", changed(with_options), "options longer than the file", "damaged_model")

    def with_second(model):
        model.subgraphs.append(copy.deepcopy(model.subgraphs[0]))
        model.subgraphs[1].operators[0].inputs = [9999]

    yield case("second-graph-far", changed(with_second), "tensor 9999 in a second graph", "damaged_model")
    for word, place in {"graph": (77, 0), "tensor": (0, 9999)}.items():
        signed = changed(lambda model, at=place: model.__setattr__("signatureDefs", [_signature(*at)]))
        yield case(f"signature-{word}", signed, f"a signature of a {word} that is not there", "damaged_model")
    metadata = changed(lambda model: model.__setattr__("metadataBuffer", [9999, -1]))
    yield case("metadata-buffer-far", metadata, "metadata in buffer 9999", "damaged_model")


def _tflite_kinds() -> Iterator[Case]:
    def with_flex(model):
        kind = schema.OperatorCodeT()
        kind.builtinCode = kind.deprecatedBuiltinCode = CODE.CUSTOM
        kind.customCode = b"FlexReadFile"
        model.operatorCodes.append(kind)

    yield case("custom-unused", changed(with_flex), "a Flex operator that no graph has", "custom_operator")

    def first(model):
        return model.subgraphs[0].operators[0]

    odd = changed(lambda model: first(model).builtinOptions.__setattr__("fusedActivationFunction", 99))
    yield case("activation-unknown", odd, "activation 99", "custom_operator")

    def with_type(model):
        model.subgraphs[0].tensors[first(model).inputs[1]].type = schema.TensorType.INT32

    yield case("weights-int32", changed(with_type), "floats that say they are whole numbers", "damaged_model")

    def with_name(model):
        model.subgraphs[0].tensors[model.subgraphs[0].inputs[0]].name = b"\xff\xfe"

    yield case("name-not-utf8", changed(with_name), "a name that is no text", "damaged_model")
    options = schema.SplitOptionsT()
    options.numSplits = 1
    split = one(CODE.SPLIT, options=(schema.BuiltinOptions.SplitOptions, options))
    yield case("split-of-nothing", split, "a Split without what it cuts", "damaged_model")
    model = one(CODE.RELU)
    for tensor in model.subgraphs[0].tensors:
        tensor.type, tensor.quantization = schema.TensorType.INT8, schema.QuantizationParametersT()
        tensor.quantization.scale, tensor.quantization.zeroPoint = [0.5], [999]
    yield case("zero-point-far", model, "zero point 999 of an int8", "damaged_model")


def _training(change) -> onnx.ModelProto:
    model = onnx_model([node("MatMul", ["x", "w"], ["y"])], {"w": ones(4, 2)})
    change(model.training_info.add())
    return model


def _onnx_training() -> Iterator[Case]:
    short = TensorProto(name="q", data_type=TensorProto.FLOAT, dims=[1000], raw_data=b"abc")
    stored = _training(lambda training: training.initialization.initializer.append(short))
    yield onnx_files.case("training-short", stored, "a size its bytes do not fill, for training", "damaged_model")
    made = _training(lambda training: training.algorithm.node.append(node("Constant", [], ["q"], value=short)))
    yield onnx_files.case("training-node-short", made, "the same in a Constant", "damaged_model")
    hidden = onnx.SparseTensorProto(values=outside("../w", (1,)), indices=short, dims=[4])
    sparse = _training(lambda training: training.initialization.sparse_initializer.append(hidden))
    yield onnx_files.case("training-sparse-outside", sparse, "sparse weights outside", "external_data")


def _onnx_attributes() -> Iterator[Case]:
    """An attribute says that it is a number, and holds something else: who looks for files looks at what it holds."""
    info = helper.make_tensor_value_info("b", TensorProto.FLOAT, [4, 2])
    branch = helper.make_graph([], "branch", [], [info], [outside("../w")])
    for word, value in {"tensor": outside("../w"), "tensors": [outside("../w")], "graph": branch}.items():
        model = onnx_model([node("Relu", ["x"], ["y"])])
        hidden = helper.make_attribute("secret", value)
        hidden.type = onnx.AttributeProto.INT
        model.graph.node[0].attribute.append(hidden)
        yield onnx_files.case(f"mistyped-{word}", model, f"a {word} outside that says it is a number", "external_data")


def _onnx_numbers() -> Iterator[Case]:
    for word, step in {"zero": 0, "nan": np.nan, "inf": np.inf}.items():
        nodes = [node("QuantizeLinear", ["x", "s", "z"], ["q"]), node("DequantizeLinear", ["q", "s", "z"], ["y"])]
        constants = {"s": np.float32(step), "z": np.uint8(0)}
        model = onnx_model(nodes, constants)
        yield onnx_files.case(f"step-{word}", model, f"a quantisation step of {step}", "weights_not_finite")
    statistics = {name: ones(4) for name in ("s", "b", "m")} | {"v": np.full(4, np.nan, np.float32)}
    normal = node("BatchNormalization", ["x", *statistics], ["y"])
    model = onnx_model([normal], statistics, [("x", (1, 4, 2, 2))])
    yield onnx_files.case("variance-nan", model, "a running variance of NaN", "weights_not_finite")
    training = {"r": np.float32(0.5), "t": np.array(True)}
    model = onnx_model([node("Dropout", ["x", *training], ["y"])], training)
    yield onnx_files.case("dropout-on", model, "a Dropout in training", "random_model")
    function = helper.make_function(
        "local", "F", ["a"], ["b"], [node("Relu", ["a"], ["b"])], [helper.make_opsetid("", 21)]
    )
    twice = onnx_model([node("F", ["x"], ["y"], domain="local")], functions=[function, function], domains=("local",))
    yield onnx_files.case("function-twice", twice, "two functions of one name", "damaged_model")
