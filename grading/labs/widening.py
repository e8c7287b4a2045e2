"""Networks made wider without another answer: for submissions that are as good as the reference and cost more.

Net2Net (Chen, Goodfellow and Shlens, 2016): each channel stands several times, and whoever reads it divides by as many.
"""

from dataclasses import replace

import numpy as np

from grading.labs.nets import Array, Layer, Net


def widened(net: Net, times: int, until: int | None = None) -> Net:
    """Every layer before the last with `times` as many channels; until: only so many layers, of which the last is no depthwise one."""
    made, copies = list[Layer](), 1  # copies: of each channel that comes in
    stops = len(net.layers) - 1 if until is None else until
    for n, layer in enumerate(net.layers):
        becomes = times if n < stops else 1
        if layer.weight is None or layer.bias is None:
            becomes, weight, bias = copies, None, None
        elif layer.kind == "depthwise":
            becomes, weight, bias = copies, _copied(layer.weight, copies), _copied(layer.bias, copies)
        else:
            read = np.repeat(layer.weight, copies, axis=1) / copies
            weight, bias = _copied(read.astype(np.float32), becomes), _copied(layer.bias, becomes)
        channels, *size = layer.shape
        shape = (channels * becomes, size[0], size[1])
        made.append(replace(layer, weight=weight, bias=bias, shape=shape))
        copies = becomes
    return replace(net, layers=tuple(made))


def _copied(array: Array, times: int) -> Array:
    return np.repeat(array, times, axis=0)
