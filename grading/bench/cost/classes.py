"""Which kind of work an operator is, for a device: what decides its cost beside the multiply-accumulates.

The classes are those that differ in the kernels of every runtime seen: the first convolution, 1x1, depthwise small and
large, 3x3 with stride 1 (Winograd), other dense ones, grouped, transposed, fully connected, products of computed matrices,
recurrent layers, activations with transcendental functions, and the rest, which only moves data.
"""

import re
from enum import StrEnum
from math import prod

from grading.bench.graph import OpClass
from grading.bench.report import OperatorReport


class Work(StrEnum):
    FIRST = "first convolution"
    POINTWISE = "1x1 convolution"
    DEPTHWISE_SMALL = "depthwise 3x3"
    DEPTHWISE_LARGE = "depthwise 5x5 and larger"
    WINOGRAD = "dense 3x3 with stride 1"
    DENSE = "other dense convolution"
    GROUPED = "grouped convolution"
    TRANSPOSED = "transposed convolution"
    FULLY_CONNECTED = "fully connected"
    MATMUL = "product of computed matrices"
    RECURRENT = "recurrent layer"
    ACTIVATION = "activation that is computed by itself"
    NORMALISE = "normalisation or softmax"
    REST = "data moved"


MULTIPLYING = (
    Work.FIRST, Work.POINTWISE, Work.DEPTHWISE_SMALL, Work.DEPTHWISE_LARGE, Work.WINOGRAD, Work.DENSE, Work.GROUPED,
    Work.TRANSPOSED, Work.FULLY_CONNECTED, Work.MATMUL, Work.RECURRENT,
)  # fmt: skip
# Each step waits for the one before, so its products are of a matrix and one vector.
RECURRENT = re.compile(r"lstm|gru|rnn", re.IGNORECASE)
# Up to how many channels a convolution reads pictures and not features.
FIRST_CHANNELS = 4


def work_of(operator: OperatorReport) -> Work:
    """The class of work of one operator."""
    op_class = operator.op_class
    if op_class in (OpClass.CONV, OpClass.DEPTHWISE):
        return _convolution(operator)
    if op_class == OpClass.DENSE:
        if RECURRENT.search(operator.op):
            return Work.RECURRENT
        return Work.FULLY_CONNECTED if _rows(operator) <= 1 else Work.POINTWISE
    if op_class == OpClass.MATMUL:
        return Work.MATMUL
    if op_class == OpClass.ACTIVATION:
        return Work.ACTIVATION
    if op_class in (OpClass.NORMALISE, OpClass.SOFTMAX):
        return Work.NORMALISE
    return Work.REST


def _rows(operator: OperatorReport) -> int:
    """How many vectors meet the same weights. Many of them cost what a 1x1 convolution over as many places costs."""
    out = operator.kernel.out_channels if operator.kernel else 0
    return operator.output_elements // out if out else 1


def _convolution(operator: OperatorReport) -> Work:
    kernel = operator.kernel
    if kernel is None:
        return Work.DEPTHWISE_SMALL if operator.op_class == OpClass.DEPTHWISE else Work.DENSE
    if kernel.transposed:
        return Work.TRANSPOSED
    if kernel.groups > 1:
        if kernel.groups != kernel.in_channels:
            return Work.GROUPED
        return Work.DEPTHWISE_SMALL if max(kernel.size, default=1) <= 3 else Work.DEPTHWISE_LARGE
    return _dense(operator)


def _dense(operator: OperatorReport) -> Work:
    kernel = operator.kernel
    assert kernel is not None
    places = prod(operator.output_shape) // kernel.out_channels if kernel.out_channels else 0
    if places <= 1 and prod(kernel.size) == 1:
        return Work.FULLY_CONNECTED
    if kernel.in_channels <= FIRST_CHANNELS and len(kernel.size) <= 2:  # a video is not what was measured
        return Work.FIRST
    if prod(kernel.size) == 1:
        return Work.POINTWISE
    plain = set(kernel.stride) <= {1} and set(kernel.dilation) <= {1}
    return Work.WINOGRAD if plain and kernel.size == (3, 3) else Work.DENSE
