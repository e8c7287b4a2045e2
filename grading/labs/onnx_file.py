"""A network as ONNX, node by node."""

from pathlib import Path

from onnx import TensorProto, helper, numpy_helper, save_model

from grading.labs.nets import Layer, Net

OPSET, IR_VERSION = 17, 8


def write_onnx(net: Net, target: Path) -> Path:
    """Input `image` 1 x channels x height x width float32, output `scores` 1 x classes, or as large as its last layer. Raises OSError."""
    nodes, constants, last = [], [], "image"
    for n, layer in enumerate(net.layers):
        made = "scores" if n == len(net.layers) - 1 else layer.name
        if layer.kind == "dense":
            nodes.append(helper.make_node("Flatten", [last], [f"{layer.name}_flat"], name=f"{layer.name}_flat"))
            last = f"{layer.name}_flat"
        summed = f"{layer.name}_sum" if layer.is_relu else made
        nodes.append(_node(layer, last, summed))
        if layer.is_relu:
            nodes.append(helper.make_node("Relu", [summed], [made], name=f"{layer.name}_relu"))
        if layer.weight is not None and layer.bias is not None:
            constants += [numpy_helper.from_array(layer.weight, f"{layer.name}_w"), numpy_helper.from_array(layer.bias, f"{layer.name}_b")]  # fmt: skip
        last = made
    end = net.layers[-1]
    made_shape = [1, end.shape[0]] if end.kind == "dense" else [1, *end.shape]  # a network may be one half of another
    graph = helper.make_graph(
        nodes, "lab", [helper.make_tensor_value_info("image", TensorProto.FLOAT, [1, *net.shape])],
        [helper.make_tensor_value_info("scores", TensorProto.FLOAT, made_shape)], constants,
    )  # fmt: skip
    opset = helper.make_opsetid("", OPSET)
    model = helper.make_model(graph, opset_imports=[opset], ir_version=IR_VERSION, producer_name="milliamp-labs")
    save_model(model, str(target))
    return target


def _node(layer: Layer, given: str, made: str) -> object:
    weights = [f"{layer.name}_w", f"{layer.name}_b"]
    if layer.kind == "dense":
        return helper.make_node("Gemm", [given, *weights], [made], name=layer.name, transB=1)
    if layer.kind == "mean":
        return helper.make_node("GlobalAveragePool", [given], [made], name=layer.name)
    if layer.kind == "pool":
        return helper.make_node("MaxPool", [given], [made], name=layer.name, kernel_shape=[2, 2], strides=[2, 2])
    strides = [layer.stride, layer.stride]
    return helper.make_node("Conv", [given, *weights], [made], name=layer.name, pads=list(layer.pads), strides=strides, group=layer.groups)  # fmt: skip
