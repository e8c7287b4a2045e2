"""Runs a TorchScript graph one node at a time, so that every operator is seen as the file stores it.

Calling the module would hide which branch was taken and why. Here a branch or a loop that depends on the values of the
input (and not only on its sizes) is refused: what such a model costs cannot be counted from one example.

Node kinds: torch/csrc/jit/ir and torch/csrc/jit/runtime/register_prim_ops.cpp.
"""

import operator
import re
from collections.abc import Callable
from functools import cache
from typing import Any

import torch

from grading.bench.errors import BenchError
from grading.bench.inspection.traced import Recording

MOST_STEPS = 200_000
NAMESPACES = {"aten", "quantized", "prims"}
FORBIDDEN = {"aten::from_file", "aten::save", "aten::wait", "aten::fork"}
# What these tell about a tensor does not depend on its values.
SHAPE_READERS = {"aten::size", "aten::dim", "aten::len", "aten::numel", "aten::is_floating_point", "aten::__is__",
                 "aten::__isnot__", "aten::stride", "aten::sym_size", "prim::dtype", "prim::device", "prim::layout",
                 "prim::is_quantized", "prim::requires_grad", "aten::is_complex", "prim::is_cuda",
                 "prim::is_nested", "prim::is_sparse", "prim::is_mkldnn", "prim::ndim", "aten::is_autocast_enabled"}  # fmt: skip
# Steps that only put values together or take them apart.
SIMPLE: dict[str, Callable[..., Any]] = {
    "prim::ListConstruct": lambda *given: list(given),
    "prim::TupleConstruct": lambda *given: given,
    "prim::DictConstruct": lambda *given: dict(zip(given[::2], given[1::2], strict=True)),
    "prim::ListUnpack": tuple,
    "prim::TupleUnpack": tuple,
    "prim::TupleIndex": lambda values, place: values[place],
    "prim::unchecked_cast": lambda value: value,
    "prim::unchecked_unwrap_optional": lambda value: value,
    "aten::_unwrap_optional": lambda value: value,
    "aten::list": list,
    "aten::__is__": lambda one, other: one is other,
    "aten::__isnot__": lambda one, other: one is not other,
}
# Of texts: the binding of the real ones takes the second for the name of a device.
TEXT: dict[str, Callable[..., Any]] = {"aten::eq": operator.eq, "aten::ne": operator.ne, "aten::add": operator.add}
# Types of a step's result that are no tensor: the binding adds two whole numbers as if they were tensors.
NUMBERS = {"IntType", "FloatType", "BoolType", "NumberType", "StringType"}


def refuse(what: str) -> BenchError:
    return BenchError("control_flow", f"This model {what}, so its cost cannot be counted from the file. "
                      "Save it with torch.jit.trace, or without that step.")  # fmt: skip


class Interpreter:
    """One pass over the graph of a module.

    Raises (from `run`):
        BenchError: control_flow, custom_operator, too_many_operators.
        RuntimeError and its like: whatever PyTorch says about the input.
    """

    def __init__(self, recording: Recording) -> None:
        self.recording = recording
        self.values: dict[str, Any] = {}
        self.tainted: set[str] = set()  # values that depend on what stands in the input
        self.steps = 0
        self.places: dict[str, str] = {}  # of modules and their attributes, by the name of the value
        self.packed: dict[str, Any] = {}  # by place
        self.kinds: dict[str, Callable[[Any], Any]] = {
            "prim::Constant": _constant, "prim::GetAttr": self._attribute, "prim::SetAttr": self._set,
            "prim::If": self._if, "prim::Loop": self._loop, "prim::RaiseException": self._raise,
            "prim::Uninitialized": _nothing, "prim::Print": _nothing, "aten::warn": _nothing,
            "aten::append": self._append,
            **{kind: self._simple(step) for kind, step in SIMPLE.items()},
        }  # fmt: skip

    def run(self, graph: Any, module: Any, inputs: list[Any]) -> Any:
        """What the graph returns for `inputs`; what among them is no tensor is part of the model."""
        names = [value.debugName() for value in graph.inputs()]
        self.values.update(zip(names, [module, *inputs], strict=True))
        self.tainted.update(
            name for name, value in zip(names[1:], inputs, strict=True) if isinstance(value, torch.Tensor)
        )
        self._block(graph.nodes())
        found = tuple(self.values[value.debugName()] for value in graph.outputs())
        return found[0] if len(found) == 1 else found

    def _block(self, nodes: Any) -> None:
        steps = list(nodes)
        last: dict[str, int] = {}
        for index, node in enumerate(steps):
            last |= dict.fromkeys(_reads(node), index)
        own = {value.debugName() for node in steps for value in node.outputs()}
        for index, node in enumerate(steps):
            self._node(node)
            for name in [name for name in _reads(node) if last[name] == index and name in own]:
                if isinstance(self.values.get(name), torch.Tensor) and name in self.tainted:
                    del self.values[name]  # activations are large; nothing in this block reads it any more
                    last[name] = -1

    def _node(self, node: Any) -> None:
        self.steps += 1
        if self.steps > MOST_STEPS:
            raise BenchError("too_many_operators", f"This model takes more than {MOST_STEPS:,} steps.")
        kind = node.kind()
        known = self.kinds.get(kind)
        result = known(node) if known else self._operator(node, kind)
        self._bind(node, result)
        if kind not in SHAPE_READERS and any(value.debugName() in self.tainted for value in node.inputs()):
            self.tainted.update(value.debugName() for value in node.outputs())

    def _given(self, node: Any) -> list[Any]:
        return [self.values[value.debugName()] for value in node.inputs()]

    def _bind(self, node: Any, result: Any) -> None:
        names = [value.debugName() for value in node.outputs()]
        if len(names) == 1:
            unpacked = node.kind() in {"prim::ListUnpack", "prim::TupleUnpack"}
            self.values[names[0]] = result[0] if unpacked else result
        elif names:
            self.values.update(zip(names, result, strict=True))

    # -- steps that are no operators --------------------------------------------------------------------------------

    def _simple(self, step: Callable[..., Any]) -> Callable[[Any], Any]:
        return lambda node: step(*self._given(node))

    def _attribute(self, node: Any) -> Any:
        """An attribute; one of packed weights is the same object each time, which torch.ScriptObject does not tell."""
        holder = self._given(node)[0]
        place = self.places.get(next(node.inputs()).debugName(), "") + "." + node.s("name")
        self.places[node.output().debugName()] = place
        found = getattr(holder, "_c", holder).getattr(node.s("name"))
        return self.packed.setdefault(place, found) if isinstance(found, torch.ScriptObject) else found

    def _free(self, node: Any, *places: int) -> None:
        """The values at these places may not depend on the input."""
        names = [value.debugName() for value in node.inputs()]
        if any(names[place] in self.tainted for place in places):
            raise refuse("branches on the values of its input")

    def _if(self, node: Any) -> Any:
        self._free(node, 0)
        block = list(node.blocks())[0 if self._given(node)[0] else 1]
        self._block(block.nodes())
        return self._leave(block, node)

    def _loop(self, node: Any) -> Any:
        self._free(node, 0, 1)
        most, goes_on, *carried = self._given(node)
        (block,) = node.blocks()
        names = [value.debugName() for value in block.inputs()]
        self._carry(names[1:], [value.debugName() for value in node.inputs()][2:])
        turn = 0
        while turn < most and goes_on:
            self.values.update(zip(names, [turn, *carried], strict=True))
            self._block(block.nodes())
            said = [value.debugName() for value in block.outputs()]
            if said[0] in self.tainted:
                raise refuse("loops until its values are right")
            goes_on, *carried = (self.values[name] for name in said)
            self._carry(names[1:], said[1:])
            turn += 1
            self.steps += 1
            if self.steps > MOST_STEPS:
                raise BenchError("too_many_operators", f"This model takes more than {MOST_STEPS:,} steps.")
        self._carry([value.debugName() for value in node.outputs()], names[1:])
        return carried[0] if len(carried) == 1 else carried

    def _leave(self, block: Any, node: Any) -> Any:
        names = [value.debugName() for value in block.outputs()]
        self._carry([value.debugName() for value in node.outputs()], names)
        found = [self.values[name] for name in names]
        return found[0] if len(found) == 1 else found

    def _carry(self, targets: list[str], sources: list[str]) -> None:
        self.tainted.update(target for target, source in zip(targets, sources, strict=True) if source in self.tainted)

    def _raise(self, node: Any) -> Any:
        raise ValueError(str(self._given(node)[0])[:300])

    def _set(self, node: Any) -> Any:
        raise refuse(f"changes its own {node.s('name')} while it runs")

    def _append(self, node: Any) -> Any:
        values, item = self._given(node)
        values.append(item)  # the binding of the real one works on a copy
        if list(node.inputs())[1].debugName() in self.tainted:
            self.tainted.add(next(iter(node.inputs())).debugName())
        return values

    # -- operators --------------------------------------------------------------------------------------------------

    def _operator(self, node: Any, kind: str) -> Any:
        space = kind.partition("::")[0]
        if kind in FORBIDDEN or space not in {*NAMESPACES, "prim"}:
            raise BenchError("custom_operator", f"This model calls {kind[:80]}, which cannot be measured here. "
                             "Use PyTorch's own tensor operators.")  # fmt: skip
        try:
            call, _ = torch._C._jit_get_operation(kind)
        except RuntimeError as error:
            raise refuse(f"holds the step {kind[:60]}") from error
        given = self._given(node)
        if given and isinstance(given[0], str) and kind in TEXT:
            return TEXT[kind](*given)
        if space not in NAMESPACES:
            return call(*given)
        names, plain = _names(node.schema())
        named = dict(zip(names, given, strict=False))

        def step() -> Any:
            return call(*given[:plain], **dict(zip(names[plain:], given[plain:], strict=True)))

        if all(value.type().kind() in NUMBERS for value in node.outputs()):
            result = step()
            return result.item() if isinstance(result, torch.Tensor) else result
        return self.recording.run(kind, named, step)


def _nothing(_: Any) -> None:
    """A step without a value that matters here."""


def _constant(node: Any) -> Any:
    output = node.output()
    return None if output.type().kind() == "FunctionType" else output.toIValue()


def _reads(node: Any) -> set[str]:
    """Names that a node reads, in the blocks inside it too."""
    found = {value.debugName() for value in node.inputs()}
    for block in node.blocks():
        found.update(value.debugName() for value in block.outputs())
        for inner in block.nodes():
            found |= _reads(inner)
    return found


@cache
def _names(schema: str) -> tuple[tuple[str, ...], int]:
    """Names in `aten::f(Tensor self, int[2] size=[1, 1], *, Tensor(a!)? out=None) -> Tensor`, and how many come before `*`."""
    depth, inside = 0, ""
    for letter in schema[schema.find("(") + 1 :]:
        depth += (letter in "([") - (letter in ")]")
        if depth < 0:
            break
        inside += ";" if letter == "," and depth == 0 else letter
    parts = [part.strip().partition("=")[0] for part in inside.split(";") if part.strip()]
    plain = parts.index("*") if "*" in parts else len(parts)
    return tuple(re.split(r"\s+", part)[-1] for part in parts if part != "*"), plain
