"""A network as TFLite, in float32 or in whole numbers of eight bits.

Layouts: input NHWC, convolution weights OHWI, depthwise 1HWO; a dense layer reads its input as height, width, channels.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from ai_edge_litert import schema_py_generated as schema
from numpy.typing import NDArray

from grading.demo.quantize import activation_scale, quantized
from grading.demo.tflite_builder import Builder, Scale
from grading.labs.nets import Array, Layer, Net, activations

CODE, KIND, OPTIONS = schema.BuiltinOperator, schema.TensorType, schema.BuiltinOptions
CODES = {
    "conv": CODE.CONV_2D, "depthwise": CODE.DEPTHWISE_CONV_2D, "pool": CODE.MAX_POOL_2D, "mean": CODE.MEAN,
    "dense": CODE.FULLY_CONNECTED,
}  # fmt: skip
HEIGHT_AND_WIDTH = np.array([1, 2], dtype=np.int32)


@dataclass(frozen=True)
class Ranges:
    """Smallest and largest value of the input and of what each layer gives."""

    given: tuple[float, float]
    made: tuple[tuple[float, float], ...]


def ranges_over(net: Net, samples: Array, low: float, high: float, cut: float = 5e-4) -> Ranges:
    """Seen over samples (n, *shape); low, high: of any input of the lab.

    cut: the share of values at either end that may be clipped, so that a few large ones do not take the steps from all the others.
    Scores are never clipped.
    """
    with torch.no_grad():
        *inner, last = (out.numpy() for out in activations(net, torch.from_numpy(samples)))
    seen = [tuple(np.quantile(out, (cut, 1 - cut)).tolist()) for out in inner]
    return Ranges((low, high), (*seen, (float(last.min()), float(last.max()))))


def write_tflite(net: Net, target: Path, ranges: Ranges | None = None) -> Path:
    """float32 where no ranges are given; else int8 inside and out, with a scale for each output channel. Raises OSError."""
    builder, kind = Builder(), KIND.FLOAT32 if ranges is None else KIND.INT8
    channels, height, width = net.shape
    scale = activation_scale(*ranges.given) if ranges else None
    current = first = builder.activation("image", (1, height, width, channels), kind, scale)
    given = net.shape
    for n, layer in enumerate(net.layers):
        inputs = [current, *_constants(builder, layer, given, scale)]
        if ranges and layer.kind != "pool":  # which only chooses among values
            scale = activation_scale(*ranges.made[n])
        is_last = n == len(net.layers) - 1
        current = builder.activation("scores" if is_last else layer.name, _shape(layer), kind, scale)
        builder.operator(CODES[layer.kind], inputs, current, _options(layer))
        given = layer.shape
    builder.write(target, [first], [current])
    return target


def _shape(layer: Layer) -> tuple[int, ...]:
    channels, height, width = layer.shape
    return (1, channels) if layer.kind == "dense" else (1, height, width, channels)


def _constants(builder: Builder, layer: Layer, given: tuple[int, int, int], of_input: Scale | None) -> list[int]:
    if layer.kind == "mean":
        return [builder.constant(f"{layer.name}/axes", HEIGHT_AND_WIDTH, KIND.INT32)]
    if layer.weight is None or layer.bias is None:
        return []
    weight, axis = _arranged(layer, given)
    names = f"{layer.name}/w", f"{layer.name}/b"
    if of_input is None:
        return [builder.constant(name, values.astype(np.float32), KIND.FLOAT32) for name, values in zip(names, (weight, layer.bias), strict=True)]  # fmt: skip
    stored, of_weight = quantized(weight, axis, per_channel=layer.kind != "dense")
    of_bias = Scale((of_weight.scale * of_input.scale[0]).astype(np.float32))
    bias = np.round(layer.bias / of_bias.scale).astype(np.int32)
    return [builder.constant(names[0], stored, KIND.INT8, of_weight), builder.constant(names[1], bias, KIND.INT32, of_bias)]  # fmt: skip


def _arranged(layer: Layer, given: tuple[int, int, int]) -> tuple[NDArray[Any], int]:
    """The weights as TFLite has them, and their axis of the output channels."""
    assert layer.weight is not None
    if layer.kind == "depthwise":
        return layer.weight.transpose(1, 2, 3, 0), 3
    if layer.kind == "conv":
        return layer.weight.transpose(0, 2, 3, 1), 0
    made = len(layer.weight)
    return layer.weight.reshape(made, *given).transpose(0, 2, 3, 1).reshape(made, -1), 0


def _options(layer: Layer) -> tuple[int, Any]:
    kind = schema.ActivationFunctionType
    activation = kind.RELU if layer.is_relu else kind.NONE
    if layer.kind == "dense":
        dense = schema.FullyConnectedOptionsT()
        dense.fusedActivationFunction = activation
        return OPTIONS.FullyConnectedOptions, dense
    if layer.kind == "mean":
        mean = schema.ReducerOptionsT()
        mean.keepDims = True
        return OPTIONS.ReducerOptions, mean
    if layer.kind == "pool":
        pool = schema.Pool2DOptionsT()
        pool.padding, pool.strideH, pool.strideW, pool.filterHeight, pool.filterWidth = schema.Padding.VALID, 2, 2, 2, 2
        return OPTIONS.Pool2DOptions, pool
    is_depthwise = layer.kind == "depthwise"
    conv = schema.DepthwiseConv2DOptionsT() if is_depthwise else schema.Conv2DOptionsT()
    conv.padding, conv.strideH, conv.strideW, conv.fusedActivationFunction = schema.Padding.SAME, layer.stride, layer.stride, activation  # fmt: skip
    if is_depthwise:
        conv.depthMultiplier = 1
        return OPTIONS.DepthwiseConv2DOptions, conv
    return OPTIONS.Conv2DOptions, conv
