"""Matrix products that are written element by element: multiplied with a table, then added up over a dimension.

That is the arithmetic of a dense layer without its name, so it costs and counts the same in every format. Two ways of
adding up are known: a sum or mean over a dimension along which the table varies, and a chain of additions over at least
MOST_PLAIN + 1 products. Fewer products in a chain are no layer: a weighted fusion has two or three, a rotary embedding two.
Nor are those of a residual network whose blocks are scaled: there each product is computed from the sum before it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import reduce
from operator import or_
from typing import Any

from grading.bench.graph import Graph, OpClass, Operator, Tensor
from grading.bench.inspection.kernels import product

MOST_PLAIN = 3
MULTIPLYING = {"mul", "qlinearmul", "mul_scalar", "multiply", "div"}
ADDING = {"add", "sub", "rsub", "sum", "add_n", "qlinearadd", "addcmul", "addcdiv"}
SUMMING = {
    "reducesum", "reducemean", "globalaveragepool", "averagepool", "qlinearglobalaveragepool", "qlinearaveragepool",
    "cumsum", "sum", "mean", "average_pool_2d", "nansum", "nanmean", "avg_pool1d", "avg_pool2d", "avg_pool3d",
    "adaptive_avg_pool1d", "adaptive_avg_pool2d", "adaptive_avg_pool3d", "_adaptive_avg_pool2d",
}  # fmt: skip
JOINING = {"concat", "concatenation", "cat", "pack", "stack", "qlinearconcat"}
PASSING = {OpClass.RESHAPE, OpClass.QUANTISE}
UNCHANGED = {"neg", "identity"}
MOST_BENDS = 8  # a hard swish written out has four
BENDING = {OpClass.ACTIVATION, OpClass.ELEMENTWISE, OpClass.QUANTISE}
INTEGERS = {"int64", "int32", "bool", "string"}


@dataclass(frozen=True)
class _Products:
    """What a tensor holds: products made by these operators; along which of its dimensions their tables vary.

    varies: None where it is no longer known which dimension is which.
    root: the operator that multiplied or added last.
    """

    makers: frozenset[int]
    varies: tuple[bool, ...] | None
    root: int


def count_disguised(graph: Graph) -> None:
    """Give the multiplications that are matrix products their MACs, their weights and the class of a layer."""
    held: dict[str, _Products] = {}
    before: dict[str, int] = {}  # which roots a tensor was computed from, one bit each
    found: dict[int, int] = {}  # operator that multiplies -> operator that adds up
    gates = _gates(graph)
    for place, operator in enumerate(graph.operators):
        names = [name for name in dict.fromkeys(operator.inputs) if name in held]
        roots = _all(before.get(name, 0) for name in operator.inputs)
        before |= dict.fromkeys(operator.outputs, roots)
        name = _plain(operator)
        given = _beside(names, held, before) if name in ADDING else [held[each] for each in names]
        if name in SUMMING and _adds_up(operator, graph):
            found |= {maker: place for one in given if _contracts(one, operator) for maker in one.makers}
            continue
        made = None if place in gates else _made(graph, operator, place, name, given)
        if made is None:
            continue
        if name in ADDING and len(made.makers) > MOST_PLAIN:
            found |= {maker: found.get(maker, place) for maker in made.makers}
        held |= dict.fromkeys(operator.outputs, made)
        before |= dict.fromkeys(operator.outputs, roots | 1 << made.root)
    for maker, adder in found.items():
        _become_layer(graph, maker, adder)
    _report(graph, found)


def _beside(names: list[str], held: dict[str, _Products], before: dict[str, int]) -> list[_Products]:
    """The products that are added up, without those of a sum from which another one of them was computed."""
    reached = {name: _all(before[other] for other in names if other != name) for name in names}
    return [held[name] for name in names if not reached[name] >> held[name].root & 1]


def _all(roots: Iterable[int]) -> int:
    return reduce(or_, roots, 0)


def _plain(operator: Operator) -> str:
    return operator.op.rpartition("::")[2].partition(".")[0].rstrip("_").lower()


def _adds_up(operator: Operator, graph: Graph) -> bool:
    """ONNX's Sum and PyTorch's sum differ: the one adds its inputs, the other the elements of its only one."""
    return operator.op_class is OpClass.POOL or _plain(operator) == "cumsum"


def _made(graph: Graph, operator: Operator, place: int, name: str, given: list[_Products]) -> _Products | None:
    """The products in what an operator makes; None where it makes none."""
    output = graph.tensors[operator.outputs[0]]
    own = _multiplied(graph, operator, place, name, output)
    if own is not None:
        return own if name in MULTIPLYING else _joined([own, *given], _either([own, *given]), place)
    if not given:
        return None
    if name in ADDING:
        return _joined(given, given[0].varies if len(given) == 1 else _either(given), place)
    if name in JOINING:
        return _joined(given, None, given[0].root)
    if operator.op_class in PASSING or name in UNCHANGED:
        read = graph.tensors[operator.inputs[0]]
        kept = read.shape == output.shape and name in UNCHANGED
        return _joined(given, given[0].varies if kept else None, given[0].root)
    return None


def _multiplied(graph: Graph, operator: Operator, place: int, name: str, output: Tensor) -> _Products | None:
    """Products of this operator itself: with a table, or of two tensors that are both computed."""
    if name not in MULTIPLYING | {"addcmul", "addcdiv"}:
        return None
    names = _factors(graph, operator)
    if len(set(names)) < 2 or graph.tensors[names[0]].constant:
        return None
    deciding = [
        graph.tensors[one] for one in names if graph.tensors[one].constant or not graph.tensors[names[1]].constant
    ]
    each = [_sizes(tensor.shape, len(output.shape)) for tensor in deciding]
    varies = tuple(all(size > 1 for size in sizes) for sizes in zip(*each, strict=True))
    return _Products(frozenset({place}), varies, place)


def _factors(graph: Graph, operator: Operator) -> list[str]:
    """The two tensors that are multiplied, computed ones first. Scales of a quantisation, which stand beside them, are none:
    a table is larger."""
    names = operator.inputs[1:] if _plain(operator).startswith("addc") else operator.inputs
    numbers = [name for name in names if graph.tensors[name].dtype not in INTEGERS]
    constants = sorted((n for n in numbers if graph.tensors[n].constant), key=lambda n: -graph.tensors[n].elements)
    return [*(name for name in numbers if not graph.tensors[name].constant), *constants][:2]


def _gates(graph: Graph) -> set[int]:
    """Operators of which one factor is the other one bent number by number, as x times its sigmoid: no weights, no layer."""
    makers = {name: operator for operator in graph.operators for name in operator.outputs}
    pairs = {
        place: _factors(graph, operator)
        for place, operator in enumerate(graph.operators)
        if _plain(operator) in MULTIPLYING
    }
    return {
        place
        for place, names in pairs.items()
        if len(set(names)) == 2 and any(_bent_from(graph, makers, one, other) for one, other in (names, names[::-1]))
    }


def _bent_from(graph: Graph, makers: dict[str, Operator], name: str, origin: str) -> bool:
    for _ in range(MOST_BENDS):
        operator = makers.get(name)
        if operator is None or operator.op_class not in BENDING:
            return False
        computed = [each for each in operator.inputs if not graph.tensors[each].constant]
        numbers = all(graph.tensors[each].elements == 1 for each in operator.inputs if graph.tensors[each].constant)
        if len(computed) != 1 or not numbers:
            return False
        name = computed[0]
        if name == origin:
            return True
    return False


def _sizes(shape: tuple[int, ...], rank: int) -> tuple[int, ...]:
    return (1,) * (rank - len(shape)) + shape[-rank:] if rank else ()


def _joined(given: Iterable[_Products], varies: tuple[bool, ...] | None, root: int) -> _Products:
    return _Products(frozenset().union(*(one.makers for one in given)), varies, root)


def _either(given: list[_Products]) -> tuple[bool, ...] | None:
    known = [one.varies for one in given if one.varies is not None]
    if len(known) < len(given) or len({len(one) for one in known}) > 1:
        return None
    return tuple(any(column) for column in zip(*known, strict=True))


def _contracts(held: _Products, operator: Operator) -> bool:
    """Whether an operator adds up over a dimension along which the tables vary."""
    if held.varies is None or operator.reduces is None:
        return True
    if not operator.reduces:
        return any(held.varies)
    rank = len(held.varies)
    return any(held.varies[axis] for axis in operator.reduces if -rank <= axis < rank)


def _become_layer(graph: Graph, maker: int, adder: int) -> None:
    operator = graph.operators[maker]
    output = graph.tensors[operator.outputs[0]]
    constants = [name for name in _factors(graph, operator) if graph.tensors[name].constant]
    operator.macs = max(operator.macs, output.elements)
    operator.op_class = OpClass.DENSE if constants else OpClass.MATMUL
    operator.kernel = product(operator.macs, graph.tensors[graph.operators[adder].outputs[0]].shape)
    for name in (operator.tables if constants else ()) or [
        stored for each in constants for stored in _stored(graph.tensors[each])
    ]:
        if name not in operator.weights and graph.tensors[name].dtype not in INTEGERS:
            operator.weights.append(name)


def _stored(tensor: Tensor) -> list[str]:
    """Names of what a constant of PyTorch is made of."""
    parts: list[Any] = getattr(tensor, "stored", [tensor])
    return [part.name for part in parts]


def _report(graph: Graph, found: dict[int, int]) -> None:
    if found:
        maker, adder = min(found.items())
        one, other = graph.operators[maker], graph.operators[adder]
        more = f" So do {len(found) - 1} more." if len(found) > 1 else ""
        said = (
            f"Operator {maker + 1} ({one.op[:40]}) multiplies number by number, and operator {adder + 1} ({other.op[:40]}) "
            f"adds the products up. That is a matrix product, so its multiply-accumulates are counted.{more}"
        )
        graph.findings.append(("product_by_elements", said))
