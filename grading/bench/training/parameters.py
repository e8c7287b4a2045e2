"""Which of an operator's parameters are weights and which are biases, and which of them a method trains."""

from dataclasses import dataclass
from math import prod

from grading.bench.cost.classes import RECURRENT
from grading.bench.cost.fusion import plain
from grading.bench.graph import OpClass
from grading.bench.report import OperatorReport, Report
from grading.bench.training.setting import Method

LAYERS = (OpClass.CONV, OpClass.DEPTHWISE, OpClass.DENSE)
SUMS = {"add", "addv2", "biasadd", "sub", "rsub", "qlinearadd"}


@dataclass(frozen=True)
class Own:
    """Parameters of one operator. weight: factors (of products, of a normalisation, tables); bias: what is only added."""

    weight: int = 0
    bias: int = 0


@dataclass(frozen=True)
class Adapter:
    """Two factors beside a layer: rank x in x window, and out x rank.

    window: places of the layer's kernel. places: outputs of the layer over its channels.
    """

    rank: int
    read: int
    made: int
    window: int
    places: int

    @property
    def params(self) -> int:
        return self.rank * (self.read * self.window + self.made)

    @property
    def hidden(self) -> int:
        """Elements between the two factors, for one input."""
        return self.rank * self.places

    @property
    def macs(self) -> int:
        """Of one pass through both factors, for one input."""
        return self.params * self.places

    @property
    def per_read(self) -> int:
        """Of both factors, as features.Step has it: multiply-accumulates over the channels that each reads."""
        return self.places * (self.rank * self.window + self.made)

    @property
    def per_written(self) -> int:
        return self.places * (self.read * self.window + self.rank)


@dataclass(frozen=True)
class Trained:
    """What one method trains. weights, biases: operators whose own ones change; adapters: by operator.

    why: why the method cannot be used on this model, "" where it can.
    """

    weights: frozenset[int] = frozenset()
    biases: frozenset[int] = frozenset()
    adapters: dict[int, Adapter] | None = None
    why: str = ""

    def starts(self, index: int) -> bool:
        return index in self.weights or index in self.biases or index in (self.adapters or {})


def is_layer(operator: OperatorReport) -> bool:
    """Whether it multiplies with weights, its own or those it shares with a layer before it."""
    return operator.op_class in LAYERS or (operator.op_class == OpClass.MATMUL and operator.params > 0)


def is_recurrent(operator: OperatorReport) -> bool:
    return operator.op_class == OpClass.DENSE and bool(RECURRENT.search(operator.op))


def own(operator: OperatorReport) -> Own:
    """Split the parameters of an operator. Shared ones are counted where they are met first, as in the report."""
    params, kernel = operator.params, operator.kernel
    if operator.op_class == OpClass.ELEMENTWISE:
        return Own(bias=params) if plain(operator.op) in SUMS else Own(weight=params)
    if operator.op_class == OpClass.NORMALISE:
        # Scale and shift are of one size; where there is one of the two alone (RMS), it is the scale.
        channels = _channels(operator)
        return Own(params // 2, params - params // 2) if channels is None or params > channels else Own(params)
    if not is_layer(operator) or kernel is None or is_recurrent(operator):
        return Own(params)
    weight = kernel.in_channels // max(1, kernel.groups) * kernel.out_channels * prod(kernel.size)
    if params >= weight:
        return Own(weight, params - weight)
    return Own(bias=params) if params == kernel.out_channels else Own(params)


def _channels(operator: OperatorReport) -> int | None:
    """The only size with which scale and shift can agree; None where several can."""
    sizes = {size for size in operator.output_shape[1:] if size > 1}
    return next(iter(sizes)) if len(sizes) == 1 else None


def trained_by(method: Method, report: Report, rank: int) -> Trained:
    """What a method trains in this model; `why` where it has nothing to train."""
    if method is Method.FULL:
        return _full(report)
    if method is Method.BIAS:
        found = frozenset(op.index for op in report.operators if own(op).bias)
        return Trained(biases=found, why="" if found else "No layer of this model has a bias.")
    if method is Method.LOW_RANK:
        return _low_rank(report, rank)
    return _last(report) if method is Method.LAST_LAYER else _imprint(report)


def _full(report: Report) -> Trained:
    weights = frozenset(op.index for op in report.operators if own(op).weight or (is_layer(op) and op.params == 0))
    biases = frozenset(op.index for op in report.operators if own(op).bias)
    return Trained(weights, biases, why="" if report.params else "This model has no parameters.")


def last_layer(report: Report) -> OperatorReport | None:
    """The last operator that multiplies with weights."""
    return next((op for op in reversed(report.operators) if is_layer(op)), None)


def _last(report: Report) -> Trained:
    last = last_layer(report)
    if last is None:
        return Trained(why="No layer of this model has weights.")
    after = [op for op in report.operators[last.index :] if own(op).bias or own(op).weight]
    weights = {op.index for op in after if own(op).weight} | {last.index}
    return Trained(frozenset(weights), frozenset(op.index for op in after if own(op).bias))


def _imprint(report: Report) -> Trained:
    last = last_layer(report)
    is_dense = last is not None and last.op_class in (OpClass.DENSE, OpClass.MATMUL) and not is_recurrent(last)
    return Trained(why="" if is_dense else "Its last layer is not fully connected, so it has no row for each class.")


def _low_rank(report: Report, rank: int) -> Trained:
    found: dict[int, Adapter] = {}
    for op in report.operators:
        kernel = op.kernel
        if not is_layer(op) or is_recurrent(op) or kernel is None or kernel.groups != 1 or not op.params:
            continue
        window = prod(kernel.size)
        least = min(rank, kernel.in_channels * window, kernel.out_channels)
        if least > 0:
            places = max(1, op.output_elements // kernel.out_channels)
            found[op.index] = Adapter(least, kernel.in_channels, kernel.out_channels, window, places)
    why = "" if found else "No layer of this model is dense: there is nothing to which factors could be added."
    return Trained(adapters=found, why=why)
