"""Pruning: single weights, which a file still stores and a board still multiplies, against whole channels, which are gone."""

from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from grading.labs.data import DIGITS
from grading.labs.files import DEMO, hidden_files
from grading.labs.fitting import Way, fitted
from grading.labs.nets import Array, Layer, Net, arrays_of, digits_net
from grading.labs.onnx_file import write_onnx

SPARSITY, CHANNELS, EPOCHS = 0.72, (12, 16), 25


def dense_net() -> Net:
    """What is pruned: the wide classifier of digits of the demo."""
    return digits_net(DEMO / "digits-wide.onnx")


def make_hidden(out: Path) -> tuple[Path, Path]:
    return hidden_files(DIGITS, out)


def make_reference(out: Path) -> Path:
    """Half the channels taken out, then the smallest weights of what is left set to zero, and trained on."""
    net = without_channels(dense_net(), *CHANNELS)
    net = fitted(net, *DIGITS.public(), Way(EPOCHS, high=DIGITS.high))
    return write_onnx(zeroed(net, SPARSITY, EPOCHS), out / "pruned-channels-and-weights.onnx")


def make_short(out: Path) -> Path:
    """As many zeros, and every channel still there: a board multiplies them all."""
    return write_onnx(zeroed(dense_net(), SPARSITY, EPOCHS), out / "pruned-weights-only.onnx")


def zeroed(net: Net, share: float, epochs: int) -> Net:
    """The smallest weights of each layer at zero, trained on with what is left. Biases stay."""
    masks = [np.ones_like(array) if array.ndim == 1 else _mask(array, share) for array in arrays_of(net)]
    begun = net.with_arrays([array * mask for array, mask in zip(arrays_of(net), masks, strict=True)])
    return fitted(begun, *DIGITS.public(), Way(epochs, 2e-3, DIGITS.high), masks=masks)


def _mask(weight: Array, share: float) -> Array:
    limit = np.quantile(np.abs(weight), share)
    kept: Array = (np.abs(weight) > limit).astype(np.float32)
    return kept


def without_channels(net: Net, first: int, second: int) -> Net:
    """Only `first` channels of the first two layers and `second` after the pointwise one: those whose weights weigh most."""
    conv, depthwise, pointwise, pool, dense = net.layers
    one = _heaviest(conv, first)
    weighed = replace(pointwise, weight=_of(pointwise.weight)[:, one])
    two = _heaviest(weighed, second)
    size = pool.shape[1] * pool.shape[2]
    into = _of(dense.weight).reshape(len(_of(dense.weight)), -1, size)[:, two].reshape(len(_of(dense.weight)), -1)
    return replace(net, layers=(
        _kept(conv, one), _kept(depthwise, one), _kept(weighed, two), replace(pool, shape=(second, *pool.shape[1:])),
        replace(dense, weight=into),
    ))  # fmt: skip


def _of(array: Array | None) -> Array:
    assert array is not None
    return array


def _heaviest(layer: Layer, count: int) -> NDArray[np.int64]:
    """The output channels with the largest sum of absolute weights (Li et al., 2017), in their order."""
    weighs = np.abs(_of(layer.weight)).reshape(layer.shape[0], -1).sum(axis=1)
    return np.sort(np.argsort(-weighs, kind="stable")[:count])


def _kept(layer: Layer, channels: NDArray[np.int64]) -> Layer:
    shape = (len(channels), *layer.shape[1:])
    return replace(layer, weight=_of(layer.weight)[channels], bias=_of(layer.bias)[channels], shape=shape)
