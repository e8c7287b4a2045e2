"""One step on the graph: forward, loss, backward. Which operators get a gradient, and when each tensor is alive."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from grading.bench.cost.fusion import plain
from grading.bench.graph import OpClass
from grading.bench.report import OperatorReport, Report
from grading.bench.training.keeping import Asked, Kept, Rule, kept_by
from grading.bench.training.parameters import Trained, own

BYTES = 4  # float32: weights, activations, gradients and state alike
LABEL_BYTES = 8  # int64, as PyTorch's loss takes it
INPUT = -1  # all inputs of the model together, as in OperatorReport.sources
# Other names for bytes that are there: PyTorch's views, and what the other formats' runtimes do in place.
VIEWS = {
    "view", "viewcopy", "unsafeview", "reshape", "flatten", "unflatten", "squeeze", "unsqueeze", "expanddims", "identity", "alias",
    "detach", "contiguous", "dropout", "featuredropout", "expand", "expandas", "permute", "transpose", "t", "numpyt", "slice",
    "select", "narrow", "split", "splitwithsizes", "chunk", "unbind", "movedim", "to", "tocopy", "cast", "castlike", "stridedslice",
    "splitv", "unpack", "quantizelinear", "dequantizelinear", "quantize", "dequantize", "fakequant", "quantizepertensor",
    "dequantizepertensor", "quantizeperchannel", "dequantizeperchannel",
}  # fmt: skip


@dataclass
class Tape:
    """A step by one method, for one input of the file's own batch.

    elements: of each stored tensor, by the operator that made it (INPUT: the model's inputs). root: operator -> the operator whose bytes
    its output is. on_path: operators whose output gets a gradient. kept: by operator, only of those.
    """

    report: Report
    trained: Trained
    rule: Rule
    elements: dict[int, int] = field(default_factory=dict)
    root: dict[int, int] = field(default_factory=dict)
    on_path: frozenset[int] = frozenset()
    kept: dict[int, Kept] = field(default_factory=dict)

    @property
    def assumed(self) -> tuple[str, ...]:
        """Operators in no table, of which everything is taken as kept; each name once."""
        found = (self.report.operators[index].op for index, kept in self.kept.items() if kept.assumed)
        return tuple(dict.fromkeys(found))

    def sources_on_path(self, operator: OperatorReport) -> frozenset[int]:
        return frozenset(one for one in operator.sources if one in self.on_path)

    def stored(self) -> set[int]:
        """The tensors that wait for the backward pass, each once."""
        found: set[int] = set()
        for index, kept in self.kept.items():
            found |= {self.root[one] for one in kept.inputs}
            found |= {self.root[index]} if kept.output else set()
        return found

    def beside(self, index: int, stored: set[int]) -> int:
        """Bytes that an operator keeps besides tensors of the graph; a mask is needless where its output is kept."""
        kept = self.kept[index]
        bits = 0 if self.root[index] in stored else kept.bits
        return (bits + 7) // 8 + kept.extra + BYTES * kept.elements

    def kept_bytes(self) -> int:
        """All that waits when the loss is computed, for one input."""
        stored = self.stored()
        tensors = sum(BYTES * self.elements[one] for one in stored)
        return tensors + sum(self.beside(index, stored) for index in self.kept) + self.loss_bytes()

    def loss_bytes(self) -> int:
        """Logarithms of the scores and the label, which the derivative of cross-entropy reads."""
        return BYTES * self.outputs() + LABEL_BYTES if self.on_path else 0

    def outputs(self) -> int:
        return sum(_elements(tensor.shape) for tensor in self.report.outputs)


def tape_of(report: Report, trained: Trained, rule: Rule) -> Tape:
    """Follow one step. Weights that do not train, and what lies below the first that does, keep nothing."""
    tape = Tape(report, trained, rule, root={INPUT: INPUT})
    tape.elements[INPUT] = sum(_elements(tensor.shape) for tensor in report.inputs)
    on_path: set[int] = set()
    for operator in report.operators:
        index = operator.index
        tape.root[index] = tape.root[operator.sources[0]] if is_view(operator) else index
        if tape.root[index] == index:
            tape.elements[index] = operator.output_elements
        if trained.starts(index) or on_path.intersection(operator.sources):
            on_path.add(index)
    tape.on_path = frozenset(on_path)
    for operator in report.operators:
        if operator.index in on_path:
            tape.kept[operator.index] = kept_by(_asked(operator, tape))
    return tape


def is_view(operator: OperatorReport) -> bool:
    """Whether its output is the bytes of what it reads, under another shape."""
    known = plain(operator.op) in VIEWS and operator.op_class in (
        OpClass.RESHAPE,
        OpClass.QUANTISE,
        OpClass.ELEMENTWISE,
    )
    return known and bool(operator.sources)


def _asked(operator: OperatorReport, tape: Tape) -> Asked:
    trained = tape.trained
    trains = operator.index in trained.weights and (bool(own(operator).weight) or not operator.params)
    adapter = (trained.adapters or {}).get(operator.index)
    return Asked(operator, trains, tape.sources_on_path(operator), tape.rule, adapter)


def _elements(shape: tuple[int, ...]) -> int:
    total = 1
    for size in shape:
        total *= size
    return total


@dataclass(frozen=True)
class Peak:
    """Bytes for one input at the fullest moment: what waits for the backward pass, and all else that is alive then."""

    kept_bytes: int
    transient_bytes: int

    @property
    def bytes(self) -> int:
        return self.kept_bytes + self.transient_bytes


def peak_of(tape: Tape) -> Peak:
    """The fullest moment of the step. No tensor takes the place of another one, and a kernel's scratch memory is not counted."""
    last = 2 * len(tape.report.operators) + 1
    waits, other = [0] * (last + 1), [0] * (last + 1)
    for born, dies, size, is_kept in _lives(tape):
        change = waits if is_kept else other
        change[born] += size
        change[dies + 1] -= size
    best, alive_waits, alive_other = Peak(0, 0), 0, 0
    for step in range(last):
        alive_waits += waits[step]
        alive_other += other[step]
        if alive_waits + alive_other > best.bytes:
            best = Peak(alive_waits, alive_other)
    return best


def _lives(tape: Tape) -> Iterator[tuple[int, int, int, bool]]:
    """(first moment, last moment, bytes, whether it waits for the backward pass) of all that is stored.

    Moments: operator i runs at i, the loss at n, the backward pass of operator i at 2n - i.
    """
    n = len(tape.report.operators)
    dies, keeper = _readers(tape)
    for one, elements in tape.elements.items():
        back = 2 * n - keeper[one] if one in keeper else -1
        yield max(one, 0), max(dies[one], back), BYTES * elements, one in keeper
    yield from _gradients(tape)
    stored = tape.stored()
    for index in tape.kept:
        if size := tape.beside(index, stored):
            yield index, 2 * n - index, size, True
    if loss := tape.loss_bytes():
        yield n, n, loss, True


def _readers(tape: Tape) -> tuple[dict[int, int], dict[int, int]]:
    """Of each stored tensor: when the forward pass reads it last, and the first operator whose backward pass reads it."""
    n = len(tape.report.operators)
    dies = {one: max(one, 0) for one in tape.elements}
    keeper: dict[int, int] = {}
    read: set[int] = set()
    for operator in tape.report.operators:
        for source in operator.sources:
            dies[tape.root[source]] = operator.index
            read.add(source)
        kept = tape.kept.get(operator.index)
        if kept is not None:
            for root in {tape.root[one] for one in kept.inputs} | (
                {tape.root[operator.index]} if kept.output else set()
            ):
                keeper[root] = min(keeper.get(root, n), operator.index)
    for operator in tape.report.operators:
        if operator.index not in read:
            dies[tape.root[operator.index]] = n  # the loss reads what comes out
    return dies, keeper


def _gradients(tape: Tape) -> Iterator[tuple[int, int, int, bool]]:
    """The gradient of a tensor is alive from its last reader's backward pass to that of its maker."""
    n = len(tape.report.operators)
    latest: dict[int, int] = {}
    for operator in tape.report.operators:
        if operator.index in tape.on_path:
            for source in tape.sources_on_path(operator):
                latest[tape.root[source]] = max(latest.get(tape.root[source], 0), operator.index)
    for one in {tape.root[index] for index in tape.on_path}:
        if one not in tape.elements or one == INPUT:
            continue
        yield 2 * n - latest.get(one, n), 2 * n - one, BYTES * tape.elements[one], False
