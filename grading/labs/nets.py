"""Small networks as plain layers with their weights: what the labs train, prune, quantize and export."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

Array = NDArray[np.float32]
Pads = tuple[int, int, int, int]  # top, left, bottom, right


@dataclass(frozen=True)
class Layer:
    """One step. kind: conv, depthwise, pool (the largest of 2 x 2), mean (over height and width), dense.

    weight: conv (out, in, h, w); depthwise (channels, 1, h, w); dense (out, in) with its input in the order channels, height, width.
    is_relu: nothing below zero comes out. shape: of what comes out, (channels, height, width); a dense layer's is (out, 1, 1).
    """

    name: str
    kind: str
    shape: tuple[int, int, int]
    weight: Array | None = None
    bias: Array | None = None
    stride: int = 1
    pads: Pads = (0, 0, 0, 0)
    is_relu: bool = False

    @property
    def groups(self) -> int:
        return self.shape[0] if self.kind == "depthwise" else 1


@dataclass(frozen=True)
class Net:
    """shape: of the input, (channels, height, width). layers: from input to scores."""

    shape: tuple[int, int, int]
    layers: tuple[Layer, ...]

    @property
    def weighted(self) -> list[Layer]:
        return [layer for layer in self.layers if layer.weight is not None]

    def with_arrays(self, arrays: Sequence[Array]) -> "Net":
        """The same network with other weights: weight and bias of each layer that has them, in order."""
        left = iter(arrays)
        made = [
            replace(layer, weight=next(left), bias=next(left)) if layer.weight is not None else layer
            for layer in self.layers
        ]
        return replace(self, layers=tuple(made))


@dataclass(frozen=True)
class Plan:
    """What a network is to be made of. width: channels that come out; a depthwise layer keeps those that come in. size: of the window."""

    kind: str
    width: int = 0
    size: tuple[int, int] = (3, 3)
    stride: int = 1


def separable(width: int, stride: int = 1) -> tuple[Plan, Plan]:
    """A depthwise 3 x 3 and a pointwise layer, as MobileNet has them (Howard et al., 2017)."""
    return Plan("depthwise", stride=stride), Plan("conv", width, (1, 1))


def drawn(shape: tuple[int, int, int], plans: Sequence[Plan], classes: int, seed: int) -> Net:
    """A network with weights drawn at random after He et al. (2015), a mean over the picture, and a dense layer of `classes` scores."""
    rng, layers, now = np.random.default_rng(seed), list[Layer](), shape
    for n, plan in enumerate((*plans, Plan("mean"), Plan("dense", classes)), 1):
        layers.append(_layer(rng, plan, now, f"{plan.kind}{n}"))
        now = layers[-1].shape
    return Net(shape, tuple(layers))


def _layer(rng: np.random.Generator, plan: Plan, given: tuple[int, int, int], name: str) -> Layer:
    channels, height, width = given
    if plan.kind == "mean":
        return Layer(name, "mean", (channels, 1, 1))
    if plan.kind == "dense":
        inputs = channels * height * width
        weight = rng.normal(0, np.sqrt(1 / inputs), (plan.width, inputs)).astype(np.float32)
        return Layer(name, "dense", (plan.width, 1, 1), weight, np.zeros(plan.width, np.float32))
    is_depthwise = plan.kind == "depthwise"
    made, each = (channels, 1) if is_depthwise else (plan.width, channels)
    top, bottom = _same(height, plan.size[0], plan.stride)
    left, right = _same(width, plan.size[1], plan.stride)
    spread = np.sqrt(2 / (each * plan.size[0] * plan.size[1]))
    kernels: Array = rng.normal(0, spread, (made, each, *plan.size)).astype(np.float32)
    shape = (made, -(-height // plan.stride), -(-width // plan.stride))
    return Layer(name, plan.kind, shape, kernels, np.zeros(made, np.float32), plan.stride, (top, left, bottom, right), True)  # fmt: skip


def _same(length: int, window: int, stride: int) -> tuple[int, int]:
    """Zeros before and after, as TensorFlow's SAME counts them: where one is over, it comes after."""
    total = max((-(-length // stride) - 1) * stride + window - length, 0)
    return total // 2, total - total // 2


def activations(net: Net, inputs: Any, arrays: Sequence[Any] | None = None) -> Iterator[Any]:
    """What each layer gives for inputs (n, *shape), as torch tensors; arrays: weights in place of the network's own."""
    flat = [torch.from_numpy(array) for array in arrays_of(net)] if arrays is None else arrays
    left, now = iter(flat), inputs
    for layer in net.layers:
        if layer.kind == "pool":
            now = functional.max_pool2d(now, 2)
        elif layer.kind == "mean":
            now = now.mean(dim=(2, 3), keepdim=True)
        elif layer.kind == "dense":
            now = functional.linear(now.flatten(1), next(left), next(left))
        else:
            top, before, bottom, after = layer.pads
            padded = functional.pad(now, (before, after, top, bottom))
            now = functional.conv2d(padded, next(left), next(left), layer.stride, groups=layer.groups)
        now = functional.relu(now) if layer.is_relu else now
        yield now


def scores(net: Net, inputs: Array, arrays: Sequence[Any] | None = None) -> Any:
    """The scores of inputs (n, *shape): a tensor (n, classes)."""
    *_, last = activations(net, torch.from_numpy(inputs), arrays)
    return last.flatten(1)


def arrays_of(net: Net) -> list[Array]:
    return [array for layer in net.weighted for array in (layer.weight, layer.bias) if array is not None]


def digits_net(path: Path) -> Net:
    """One of the demo's classifiers of digits (grading/demo/models/digits-*.onnx) as layers."""
    import onnx
    from onnx import numpy_helper

    held = {
        one.name: np.array(numpy_helper.to_array(one), np.float32) for one in onnx.load(str(path)).graph.initializer
    }
    first, second, same = held["conv_w"].shape[0], held["pw_w"].shape[0], (1, 1, 1, 1)
    return Net((1, 8, 8), (
        Layer("conv", "conv", (first, 8, 8), held["conv_w"], held["conv_b"], pads=same, is_relu=True),
        Layer("depthwise", "depthwise", (first, 8, 8), held["dw_w"], held["dw_b"], pads=same, is_relu=True),
        Layer("pointwise", "conv", (second, 8, 8), held["pw_w"], held["pw_b"], is_relu=True),
        Layer("pool", "pool", (second, 4, 4)),
        Layer("dense", "dense", (held["fc_w"].shape[0], 1, 1), held["fc_w"], held["fc_b"]),
    ))  # fmt: skip
