"""The demo's network as TFLite, in float32 and as a full-integer model.

Layouts: input NHWC, convolution weights OHWI, depthwise 1HWO. The dense layer's input is flattened as HWC here, as CHW
in PyTorch.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from ai_edge_litert import schema_py_generated as schema

from grading.demo.quantize import activation_ranges, activation_scale, quantized
from grading.demo.tflite_builder import Builder, Scale
from grading.demo.weights import Array, Weights

CODE, KIND, OPTIONS = schema.BuiltinOperator, schema.TensorType, schema.BuiltinOptions


@dataclass(frozen=True)
class Layer:
    """One operator with its weights in TFLite's layout; `axis` is that of the output channels."""

    name: str
    code: int
    output: tuple[int, ...]
    constants: tuple[Array, Array] | None = None
    axis: int = 0


def write_tflite(weights: Weights, target: Path) -> None:
    """float32: input `image` 1x8x8x1, output `scores` 1x10."""
    builder = Builder()
    current = first = builder.activation("image", (1, 8, 8, 1), KIND.FLOAT32)
    for layer in _layers(weights):
        inputs = [current]
        for suffix, values in zip("wb", layer.constants or (), strict=False):
            inputs.append(builder.constant(f"{layer.name}/{suffix}", values.astype(np.float32), KIND.FLOAT32))
        current = builder.activation(_output_name(layer), layer.output, KIND.FLOAT32)
        builder.operator(layer.code, inputs, current, _options(layer.code))
    builder.write(target, [first], [current])


def write_tflite_int8(weights: Weights, samples: Array, target: Path) -> None:
    """Full integer: int8 in and out, 32-bit biases. `samples` (n, 1, 8, 8) give the ranges of the activations."""
    builder, ranges = Builder(), activation_ranges(weights, samples)
    scale = activation_scale(*ranges["image"])
    current = first = builder.activation("image", (1, 8, 8, 1), KIND.INT8, scale)
    for layer in _layers(weights):
        inputs = [current]
        if layer.constants is not None:
            inputs += _int8_constants(builder, layer, scale)
            scale = activation_scale(*ranges[layer.name])
        # Pooling takes over the scale of its input: it only chooses among values.
        current = builder.activation(_output_name(layer), layer.output, KIND.INT8, scale)
        builder.operator(layer.code, inputs, current, _options(layer.code))
    builder.write(target, [first], [current])


def _int8_constants(builder: Builder, layer: Layer, of_input: Scale) -> list[int]:
    assert layer.constants is not None
    weight, bias = layer.constants
    stored, of_weight = quantized(weight, layer.axis, per_channel=layer.code != CODE.FULLY_CONNECTED)
    of_bias = Scale((of_weight.scale * of_input.scale[0]).astype(np.float32))
    return [
        builder.constant(f"{layer.name}/w", stored, KIND.INT8, of_weight),
        builder.constant(f"{layer.name}/b", np.round(bias / of_bias.scale).astype(np.int32), KIND.INT32, of_bias),
    ]


def _layers(weights: Weights) -> list[Layer]:
    first, second = weights.first, weights.second
    conv = weights.conv.transpose(0, 2, 3, 1)
    depthwise = weights.depthwise.transpose(1, 2, 3, 0)
    pointwise = weights.pointwise.transpose(0, 2, 3, 1)
    dense = weights.dense.reshape(10, second, 4, 4).transpose(0, 2, 3, 1).reshape(10, -1)
    depthwise_constants = (depthwise, weights.depthwise_bias)
    return [
        Layer("conv", CODE.CONV_2D, (1, 8, 8, first), (conv, weights.conv_bias)),
        Layer("depthwise", CODE.DEPTHWISE_CONV_2D, (1, 8, 8, first), depthwise_constants, axis=3),
        Layer("pointwise", CODE.CONV_2D, (1, 8, 8, second), (pointwise, weights.pointwise_bias)),
        Layer("pool", CODE.MAX_POOL_2D, (1, 4, 4, second)),
        Layer("dense", CODE.FULLY_CONNECTED, (1, 10), (dense, weights.dense_bias)),
    ]


def _output_name(layer: Layer) -> str:
    return "scores" if layer.name == "dense" else layer.name


def _options(code: int) -> tuple[int, Any]:
    relu = schema.ActivationFunctionType.RELU
    if code == CODE.CONV_2D:
        conv = schema.Conv2DOptionsT()
        conv.padding, conv.strideW, conv.strideH, conv.fusedActivationFunction = schema.Padding.SAME, 1, 1, relu
        return OPTIONS.Conv2DOptions, conv
    if code == CODE.DEPTHWISE_CONV_2D:
        depthwise = schema.DepthwiseConv2DOptionsT()
        depthwise.padding, depthwise.strideW, depthwise.strideH = schema.Padding.SAME, 1, 1
        depthwise.depthMultiplier, depthwise.fusedActivationFunction = 1, relu
        return OPTIONS.DepthwiseConv2DOptions, depthwise
    if code == CODE.MAX_POOL_2D:
        pool = schema.Pool2DOptionsT()
        pool.padding, pool.strideW, pool.strideH, pool.filterWidth, pool.filterHeight = schema.Padding.VALID, 2, 2, 2, 2
        return OPTIONS.Pool2DOptions, pool
    return OPTIONS.FullyConnectedOptions, schema.FullyConnectedOptionsT()
