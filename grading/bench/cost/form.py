"""The form of the cost model: a sum of parts, each work times a coefficient, and what is believed of a coefficient beforehand.

latency_ms = sum over parts of exp(theta[part]) x generic_ms[part]. The generic milliseconds are those of a middling device of
its kind; theta says how a device and its runtime differ from it. The generic ratios are rounded from published figures of
such devices (the README beside hardware/published/latency.csv); they decide only where a calibration says nothing.
"""

from dataclasses import dataclass

from grading.bench.cost.classes import MULTIPLYING, Work
from grading.bench.cost.features import BYTES, Step

PROCESSOR, ACCELERATOR, MICROCONTROLLER = "processor", "accelerator", "microcontroller"
PARTS = (
    *(str(work) for work in MULTIPLYING), "places written", "places read", "activations", "weights", "moving", "activation",
    "normalise", "operator", "constant",
)  # fmt: skip
PLACE = {part: index for index, part in enumerate(PARTS)}
CONSTANT = PLACE["constant"]
# Layers that are no product of matrices.
PLAIN = (Work.DEPTHWISE_SMALL, Work.DEPTHWISE_LARGE, Work.FULLY_CONNECTED, Work.RECURRENT)
Pair = tuple[float, float]


@dataclass(frozen=True)
class Generic:
    """A middling device. Pairs are for floats and for int8.

    throughput: GMAC/s of each class of work. per_read, per_written: ns for each output place of a kernel, and for each input
    place: the parts of a matrix product that do not shrink with the channels it reads, or writes. bandwidth: GB/s of layers,
    moving: of operators that only move data. activation, normalise: elements a ns. operator, constant: ms for each operator,
    and once. spread: one standard deviation of log throughput around these, once the whole speed is known.
    """

    throughput: dict[Work, Pair]
    per_read: Pair
    per_written: Pair
    bandwidth: float
    moving: float
    activation: Pair
    normalise: Pair
    operator: float
    constant: float
    spread: float


_BOARD = Generic(
    throughput={
        Work.FIRST: (6.0, 8.0), Work.POINTWISE: (10.0, 18.0), Work.DEPTHWISE_SMALL: (2.5, 3.5), Work.DEPTHWISE_LARGE: (2.5, 3.5),
        Work.WINOGRAD: (13.0, 18.0), Work.DENSE: (9.0, 16.0), Work.GROUPED: (4.0, 6.0), Work.TRANSPOSED: (5.0, 8.0),
        Work.FULLY_CONNECTED: (4.0, 8.0), Work.MATMUL: (7.0, 10.0), Work.RECURRENT: (2.0, 4.0),
    },
    per_read=(1.2, 0.8), per_written=(0.5, 0.5), bandwidth=4.0, moving=2.5, activation=(0.25, 0.4), normalise=(0.2, 0.2),
    operator=0.01, constant=0.1, spread=0.7,
)  # fmt: skip
# A Cortex-M at 200 MHz: about one cycle a multiply-accumulate in int8, memory as fast as the core, nothing to wake.
_CORE = Generic(
    throughput={
        Work.FIRST: (0.03, 0.12), Work.POINTWISE: (0.04, 0.18), Work.DEPTHWISE_SMALL: (0.03, 0.09),
        Work.DEPTHWISE_LARGE: (0.03, 0.09), Work.WINOGRAD: (0.04, 0.2), Work.DENSE: (0.04, 0.2), Work.GROUPED: (0.03, 0.12),
        Work.TRANSPOSED: (0.03, 0.1), Work.FULLY_CONNECTED: (0.04, 0.18), Work.MATMUL: (0.04, 0.12),
        Work.RECURRENT: (0.03, 0.12),
    },
    per_read=(20.0, 20.0), per_written=(5.0, 5.0), bandwidth=0.2, moving=0.05, activation=(0.002, 0.02),
    normalise=(0.001, 0.002), operator=0.003, constant=0.01, spread=0.35,
)  # fmt: skip
# Many units at once: fast where a layer fills them, slow in depthwise layers, and something to start for every operator.
_MANY = Generic(
    throughput={
        Work.FIRST: (60.0, 200.0), Work.POINTWISE: (120.0, 500.0), Work.DEPTHWISE_SMALL: (10.0, 80.0),
        Work.DEPTHWISE_LARGE: (10.0, 80.0), Work.WINOGRAD: (180.0, 600.0), Work.DENSE: (120.0, 500.0),
        Work.GROUPED: (30.0, 80.0), Work.TRANSPOSED: (50.0, 200.0), Work.FULLY_CONNECTED: (10.0, 50.0),
        Work.MATMUL: (60.0, 200.0), Work.RECURRENT: (5.0, 25.0),
    },
    per_read=(0.1, 0.05), per_written=(0.05, 0.03), bandwidth=12.0, moving=10.0, activation=(4.0, 4.0), normalise=(2.0, 2.0),
    operator=0.03, constant=0.3, spread=1.0,
)  # fmt: skip
GENERIC = {PROCESSOR: _BOARD, ACCELERATOR: _MANY, MICROCONTROLLER: _CORE}
# The same of the other parts.
SPREAD = {
    "places written": 2.0, "places read": 2.0, "activations": 0.85, "weights": 1.4, "moving": 0.85, "activation": 1.1,
    "normalise": 1.1, "operator": 1.0, "constant": 1.0,
}  # fmt: skip


@dataclass(frozen=True)
class Precision:
    """Which of a pair, and bytes of an element. At fp16 a processor computes as at fp32."""

    column: int
    bytes: int


PRECISIONS = {name: Precision(1 if name == "int8" else 0, size) for name, size in BYTES.items()}


def spreads(kind: str) -> list[float]:
    """Standard deviation of each of PARTS. A microcontroller has no caches and no threads that could make devices differ."""
    less = 0.5 if kind == MICROCONTROLLER else 1.0
    return [SPREAD[part] * less if part in SPREAD else GENERIC[kind].spread for part in PARTS]


def parts_of(step: Step, precision: str, kind: str) -> dict[int, float]:
    """Part -> generic milliseconds of one operator. kind: one of GENERIC."""
    stored, generic = PRECISIONS[precision], GENERIC[kind]
    column = stored.column
    moved_mb, weights_mb = step.moved * stored.bytes / 1e6, step.weights * stored.bytes / 1e6
    found: dict[int, float] = {PLACE["operator"]: generic.operator}
    if step.work in MULTIPLYING:
        found[PLACE[step.work]] = step.macs / 1e6 / generic.throughput[step.work][column]
        found[PLACE["activations"]] = moved_mb / generic.bandwidth
        found[PLACE["weights"]] = weights_mb / generic.bandwidth
        if step.work not in PLAIN:
            found[PLACE["places written"]] = step.per_read / 1e6 * generic.per_read[column]
            found[PLACE["places read"]] = step.per_written / 1e6 * generic.per_written[column]
    elif step.work == Work.ACTIVATION:
        found[PLACE["activation"]] = step.moved / 2e6 / generic.activation[column]
    elif step.work == Work.NORMALISE:
        found[PLACE["normalise"]] = step.moved / 2e6 / generic.normalise[column]
    else:
        found[PLACE["moving"]] = (moved_mb + weights_mb) / generic.moving
    return found


def features(steps: list[Step], precision: str, kind: str) -> list[float]:
    """Generic milliseconds of each of PARTS for a whole model."""
    total = [0.0] * len(PARTS)
    for step in steps:
        for part, value in parts_of(step, precision, kind).items():
            total[part] += value
    total[CONSTANT] = GENERIC[kind].constant
    return total
