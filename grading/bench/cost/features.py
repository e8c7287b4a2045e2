"""What a report says about the work of a model, at a precision: the numbers that the cost model multiplies.

Pure Python: pages may ask for it.
"""

import weakref
from dataclasses import dataclass
from math import prod

from grading.bench.cost.classes import MULTIPLYING, Work, work_of
from grading.bench.cost.fusion import Fusion
from grading.bench.report import OperatorReport, Report

BYTES = {"fp32": 4, "fp16": 2, "int8": 1}


@dataclass(frozen=True)
class Step:
    """One operator that costs something.

    macs: multiply-accumulates. per_read: the same divided by the channels that are read for each output, so outputs times
    places of the kernel; per_written: divided by the channels that are written. moved: elements of activations read and
    written. weights: elements of its weights.
    """

    index: int
    work: Work
    macs: int
    per_read: float
    per_written: float
    moved: int
    weights: int


class _Last:
    """The steps of the report that was asked for last: one model is asked for on many devices, one after the other."""

    def __init__(self) -> None:
        self.found: tuple[weakref.ref[Report], list[Step]] | None = None

    def of(self, report: Report) -> list[Step]:
        found = self.found
        if found is None or found[0]() is not report:
            found = self.found = weakref.ref(report), _steps(report)
        return found[1]


_LAST = _Last()


def steps_of(report: Report) -> list[Step]:
    """The operators that cost something, in order; not to be changed."""
    return _LAST.of(report)


def _steps(report: Report) -> list[Step]:
    fusion = Fusion(report)
    return [_step(operator, fusion) for operator in report.operators if operator.index not in fusion.inside]


def _step(operator: OperatorReport, fusion: Fusion) -> Step:
    work = Work.ACTIVATION if operator.index in fusion.gated else work_of(operator)
    moved = operator.output_elements + _read(operator, fusion)
    if operator.index in fusion.gated:
        moved = 2 * operator.output_elements
    per_read, per_written = _per_channel(operator, work)
    return Step(operator.index, work, operator.macs, per_read, per_written, moved, _weights(operator))


def _read(operator: OperatorReport, fusion: Fusion) -> int:
    """Elements read, without what a fused padding only adds around them."""
    total = operator.input_elements
    for source in operator.sources:
        if source in fusion.inside:
            pad = fusion.operators[source]
            total -= pad.output_elements - pad.input_elements if pad.output_elements > pad.input_elements > 0 else 0
    return max(total, 0)


def _per_channel(operator: OperatorReport, work: Work) -> tuple[float, float]:
    kernel = operator.kernel
    if work not in MULTIPLYING or kernel is None:
        return 0.0, 0.0
    read = kernel.in_channels // max(1, kernel.groups)
    return operator.macs / max(1, read), operator.macs / max(1, kernel.out_channels)


def _weights(operator: OperatorReport) -> int:
    """From the kernel where there is one: weights that two layers share are read by both."""
    kernel = operator.kernel
    if kernel is None or operator.op_class in ("pool", "matmul"):
        return operator.params
    return kernel.in_channels // max(1, kernel.groups) * kernel.out_channels * prod(kernel.size)
