"""One tiny network in every format, small enough to count by hand, and builders for models that should be refused.

x(1,1,6,6) -> conv 3x3 to 2 channels -> relu -> max pool 2 -> flatten -> dense 18 to 3.
"""

from pathlib import Path

import numpy as np
import onnx
from ai_edge_litert import schema_py_generated as schema
from onnx import TensorProto, helper, numpy_helper

from grading.demo.tflite_builder import Builder

MACS = 2 * 6 * 6 * 9 + 18 * 3
PARAMS = (2 * 9 + 2) + (18 * 3 + 3)
PEAK_BYTES = 2 * (2 * 6 * 6 * 4)  # the relu: what it reads and what it makes
CODE, KIND, OPTIONS = schema.BuiltinOperator, schema.TensorType, schema.BuiltinOptions


def ones(*shape, dtype=np.float32):
    return np.ones(shape, dtype)


# -- ONNX -------------------------------------------------------------------------------------------------------------


def onnx_model(nodes, weights=None, inputs=(("x", (1, 4)),), outputs=("y",), functions=(), domains=(), sparse=()):
    """weights: name -> array or TensorProto. inputs: (name, shape[, type])."""
    stored = [
        numpy_helper.from_array(np.asarray(value), name) if isinstance(value, np.ndarray | np.generic) else value
        for name, value in (weights or {}).items()
    ]
    given = [helper.make_tensor_value_info(i[0], i[2] if len(i) > 2 else TensorProto.FLOAT, i[1]) for i in inputs]
    made = [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in outputs]
    graph = helper.make_graph(nodes, "graph", given, made, stored, sparse_initializer=list(sparse))
    opsets = [helper.make_opsetid("", 21), *(helper.make_opsetid(domain, 1) for domain in domains)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=10, functions=list(functions))


def save_onnx(path, *args, **kwargs):
    onnx.save(onnx_model(*args, **kwargs), path)
    return Path(path)


def tiny_onnx(path, batch=1):
    nodes = [
        helper.make_node("Conv", ["x", "w", "b"], ["conv"], pads=[1, 1, 1, 1]),
        helper.make_node("Relu", ["conv"], ["relu"]),
        helper.make_node("MaxPool", ["relu"], ["pool"], kernel_shape=[2, 2], strides=[2, 2]),
        helper.make_node("Flatten", ["pool"], ["flat"]),
        helper.make_node("Gemm", ["flat", "dw", "db"], ["y"], transB=1),
    ]
    weights = {"w": ones(2, 1, 3, 3), "b": ones(2), "dw": ones(3, 18), "db": ones(3)}
    return save_onnx(path, nodes, weights, [("x", (batch, 1, 6, 6))])


# -- TFLite -----------------------------------------------------------------------------------------------------------


def conv_options(padding=schema.Padding.SAME, stride=1):
    options = schema.Conv2DOptionsT()
    options.padding, options.strideW, options.strideH = padding, stride, stride
    return OPTIONS.Conv2DOptions, options


def pool_options(size=2):
    options = schema.Pool2DOptionsT()
    options.padding, options.strideW, options.strideH = schema.Padding.VALID, size, size
    options.filterWidth = options.filterHeight = size
    return OPTIONS.Pool2DOptions, options


NONE = (OPTIONS.NONE, None)


def tiny_tflite(path, conv_output=(1, 6, 6, 2)):
    builder = Builder()
    x = builder.activation("x", (1, 6, 6, 1), KIND.FLOAT32)
    conv = builder.activation("conv", conv_output, KIND.FLOAT32)
    relu = builder.activation("relu", conv_output, KIND.FLOAT32)
    pool = builder.activation("pool", (1, 3, 3, 2), KIND.FLOAT32)
    flat = builder.activation("flat", (1, 18), KIND.FLOAT32)
    y = builder.activation("y", (1, 3), KIND.FLOAT32)
    w, b = builder.constant("w", ones(2, 3, 3, 1), KIND.FLOAT32), builder.constant("b", ones(2), KIND.FLOAT32)
    dw, db = builder.constant("dw", ones(3, 18), KIND.FLOAT32), builder.constant("db", ones(3), KIND.FLOAT32)
    shape = builder.constant("shape", np.array([1, 18], np.int32), KIND.INT32)
    builder.operator(CODE.CONV_2D, [x, w, b], conv, conv_options())
    builder.operator(CODE.RELU, [conv], relu, NONE)
    builder.operator(CODE.MAX_POOL_2D, [relu], pool, pool_options())
    builder.operator(CODE.RESHAPE, [pool, shape], flat, NONE)
    dense = schema.FullyConnectedOptionsT()
    builder.operator(CODE.FULLY_CONNECTED, [flat, dw, db], y, (OPTIONS.FullyConnectedOptions, dense))
    builder.write(path, [x], [y])
    return path


def one_tflite(path, code, constants=(), shape=(1, 4), output=(1, 4), options=NONE, change=None):
    """x -> one operator with constants (name, array, type) -> y. change: takes the builder before it writes."""
    builder = Builder()
    x, y = builder.activation("x", shape, KIND.FLOAT32), builder.activation("y", output, KIND.FLOAT32)
    stored = [builder.constant(name, array, kind) for name, array, kind in constants]
    builder.operator(code, [x, *stored], y, options)
    if change is not None:
        change(builder)
    builder.write(path, [x], [y])
    return path
