"""Post-training quantization of the demo's network: ranges of the activations from samples, then scales for all.

After https://ai.google.dev/edge/litert/models/quantization_spec: int8 activations with one scale and zero point each,
int8 weights with zero point 0 and a scale per output channel, int32 biases whose scale is the product of both.
"""

import numpy as np
from numpy.typing import NDArray

from grading.demo.tflite_builder import Scale
from grading.demo.weights import Array, Weights

INT8_LOW, INT8_HIGH = -128, 127


def activation_scale(low: float, high: float) -> Scale:
    """The scale for values from low to high; zero stays exactly representable, because padding is made of it."""
    low, high = min(low, 0.0), max(high, 0.0)
    scale = (high - low) / (INT8_HIGH - INT8_LOW) or 1.0
    zero = int(np.clip(round(INT8_LOW - low / scale), INT8_LOW, INT8_HIGH))
    return Scale(np.array([scale], dtype=np.float32), zero)


def quantized(weight: Array, axis: int, *, per_channel: bool) -> tuple[NDArray[np.int8], Scale]:
    """The weights in int8, -127 to 127, and their scales along `axis` (or one for all)."""
    others = tuple(i for i in range(weight.ndim) if i != axis or not per_channel)
    most = np.abs(weight).max(axis=others, keepdims=True)
    scale = np.where(most > 0, most / INT8_HIGH, 1.0).astype(np.float32)
    stored = np.clip(np.round(weight / scale), -INT8_HIGH, INT8_HIGH).astype(np.int8)
    return stored, Scale(scale.reshape(-1), axis=axis if per_channel else 0)


def activation_ranges(weights: Weights, samples: Array) -> dict[str, tuple[float, float]]:
    """Layer name -> smallest and largest activation over the samples (n, 1, 8, 8), computed with numpy alone."""
    ranges = {"image": (0.0, 16.0)}
    x = _relu(_conv3(samples.astype(np.float32), weights.conv, weights.conv_bias))
    ranges["conv"] = (0.0, float(x.max()))
    x = _relu(_conv3(x, weights.depthwise, weights.depthwise_bias))
    ranges["depthwise"] = (0.0, float(x.max()))
    x = np.einsum("nchw,dc->ndhw", x, weights.pointwise[:, :, 0, 0])
    x = _relu(x + weights.pointwise_bias[None, :, None, None])
    ranges["pointwise"] = (0.0, float(x.max()))
    pooled = x.reshape(len(x), -1, 4, 2, 4, 2).max(axis=(3, 5)).reshape(len(x), -1)
    scores = pooled @ weights.dense.T + weights.dense_bias
    ranges["dense"] = (float(scores.min()), float(scores.max()))
    return ranges


def _relu(x: Array) -> Array:
    return np.maximum(x, np.float32(0))


def _conv3(x: Array, kernels: Array, bias: Array) -> Array:
    """3 x 3 with padding, one input channel a kernel: (n, 1 or c, 8, 8), kernels (c, 1, 3, 3) -> (n, c, 8, 8)."""
    padded = np.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1)))
    total = np.zeros((len(x), len(kernels), 8, 8), dtype=np.float32)
    for i in range(3):
        for j in range(3):
            total += padded[:, :, i : i + 8, j : j + 8] * kernels[None, :, 0, i, j, None, None]
    return total + bias[None, :, None, None]
