"""Which constants of a model were learned: one rule for every format (docs/measurement.md, What is counted).

An adapter names as `weights` of an operator what its place says: operands of multiply-accumulates, their biases, scale
and shift of a normalisation, tables of embeddings. Constants that are added to or multiplied with a tensor, or stand
beside it in a concatenation, may be a bias, a position embedding, a mask or the mean of the pictures: those it names as
`tables`, and `settle` decides by what they meet.
"""

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from grading.bench.errors import BenchError
from grading.bench.graph import Graph, OpClass, Operator, Tensor

MOST_SOURCES = 1000
ADDING = {"add", "sub", "rsub", "sum", "add_n", "qlinearadd"}
LAYERS = {OpClass.CONV, OpClass.DEPTHWISE, OpClass.DENSE, OpClass.MATMUL}
KEEPING = {OpClass.RESHAPE, OpClass.QUANTISE, OpClass.ELEMENTWISE}


def settle(graph: Graph) -> None:
    """Move the learned ones of `tables` to `weights`.

    A table is learned if it meets what weights have made, not the input in another form: the mean and deviation of the
    pictures are no parameters. It is a bias or a scale if at most one of its sizes is above 1. A larger one (a position
    embedding) counts unless it holds only one value beside zeros, as masks and padding do; its zeros do not make a model
    sparse, because they save no multiplication. Nothing is scaled by zeros alone: those are the first state of a
    recurrent cell. What scales a sum of integers is the scale of their quantisation. One single number counts only as
    the bias of a layer of one channel.
    """
    placed = {name for operator in graph.operators for name in operator.weights}
    flow = _Flow(graph)
    for operator in graph.operators:
        for name in flow.step(operator):
            if name not in operator.weights:
                operator.weights.append(name)
            if name not in placed and not _is_vector(operator, graph.tensors[name]):
                graph.tensors[name].zeros = 0


class _Flow:
    """Follows through the operators what weights have made."""

    def __init__(self, graph: Graph) -> None:
        self.tensors = graph.tensors
        self.learned: set[str] = set()
        self.layers: set[str] = set()  # what a layer made, at most rescaled since: its bias may still come
        self.sums: set[str] = set()  # of these, sums of integers that still lack their scale

    def step(self, operator: Operator) -> list[str]:
        """The tables of this operator that are learned."""
        met = [name for name in dict.fromkeys(operator.inputs) if name in self.learned]
        found = [name for name in operator.tables if met and self._counts(operator, met, self.tensors[name])]
        if not (met or operator.weights):
            return found
        # Of the outputs of a quantisation only the first is what went in; the others are its scale and zero point.
        self.learned.update(operator.outputs[:1] if operator.op_class is OpClass.QUANTISE else operator.outputs)
        made = operator.outputs[0]
        if operator.op_class in LAYERS and operator.weights:
            self.layers.add(made)
            if self.tensors[made].dtype == "int32":
                self.sums.add(made)
        elif operator.op_class in KEEPING and len(met) == 1 and not _adds(operator):
            self.layers.update({made} if met[0] in self.layers else ())
            self.sums.update({made} if met[0] in self.sums and operator.op_class is not OpClass.ELEMENTWISE else ())
        return found

    def _counts(self, operator: Operator, met: list[str], table: Tensor) -> bool:
        if table.elements == 1:
            return bool(table.shape) and _adds(operator) and any(self._of_one_channel(name) for name in met)
        scaling = operator.op_class is OpClass.ELEMENTWISE and not _adds(operator)
        if scaling and (table.zeros == table.elements or any(name in self.sums for name in met)):
            return False
        return _is_vector(operator, table) or not table.mask

    def _of_one_channel(self, name: str) -> bool:
        shape = self.tensors[name].shape
        return name in self.layers and 1 in (shape[-1:] + shape[1:2])


def _adds(operator: Operator) -> bool:
    name = operator.op.rpartition("::")[2].partition(".")[0].rstrip("_")
    return name.lower() in ADDING


def _is_vector(operator: Operator, table: Tensor) -> bool:
    """A bias or scale for each channel. What stands beside a tensor in a concatenation is none."""
    return operator.op_class is OpClass.ELEMENTWISE and sum(size > 1 for size in table.shape) <= 1


def is_mask(values: NDArray[np.generic]) -> bool:
    """Whether there is at most one value beside zeros."""
    zeros = values == 0
    if zeros.all():
        return True
    first = values.reshape(-1)[int(np.argmin(zeros))]
    return bool((zeros | (values == first)).all())


def sources(operator_class: OpClass, op: str, operands: Iterable[tuple[Tensor, Sequence[str]]]) -> tuple[str, ...]:
    """The stored tensors that a constant made of constants stands for, so that each counts once and as it is stored.

    Another form of one operand (turned, sliced, cast) is that operand. Of a product or a sum it is the largest operand:
    the others are its scale or its mask. What is put together from several stands for all of them; so does what a layer
    makes of a constant, unless that is the zeros with which a recurrent cell begins.

    Args:
        operands: each with the names of the stored tensors that it stands for.

    Raises:
        BenchError: too_large, for more than any exporter puts together.
    """
    given = list(operands)
    if operator_class is OpClass.ELEMENTWISE:
        numbers = [pair for pair in given if pair[0].dtype != "bool"] or given
        return tuple(max(numbers, key=lambda pair: pair[0].elements)[1]) if numbers else ()
    if operator_class in LAYERS:
        given = [pair for place, pair in enumerate(given) if place or pair[0].zeros != pair[0].elements]
    joined = operator_class in LAYERS or op.lower() in {"concat", "concatenation", "pack"}
    found = tuple(dict.fromkeys(name for _, names in (given if joined else given[:1]) for name in names))
    if len(found) > MOST_SOURCES:
        raise BenchError("too_large", f"A constant of this model is made of more than {MOST_SOURCES:,} others.")
    return found
