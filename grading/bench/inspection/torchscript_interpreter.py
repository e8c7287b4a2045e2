"""Runs a TorchScript graph one node at a time, so that every operator is seen as the file stores it.

Calling the module would hide which branch was taken and why. What is counted in one call must hold for every call. So
here a branch, a loop or a size that depends on the values of the input (and not only on its sizes) is refused, and so
is a model that changes what it keeps, or draws random numbers.

Node kinds: torch/csrc/jit/ir and torch/csrc/jit/runtime/register_prim_ops.cpp.
"""

from collections.abc import Callable
from typing import Any

import torch

from grading.bench.errors import BenchError
from grading.bench.inspection import torchscript_containers as containers
from grading.bench.inspection import torchscript_effects as effects
from grading.bench.inspection.torchscript_provenance import Provenance, stateful
from grading.bench.inspection.torchscript_walk import check_step
from grading.bench.inspection.traced import Recording

MOST_STEPS = 200_000
MOST_TURNS = 20_000
# What these tell about a tensor or a list does not depend on its values.
SHAPE_READERS = {"aten::size", "aten::dim", "aten::len", "aten::numel", "aten::is_floating_point", "aten::__is__",
                 "aten::__isnot__", "aten::sym_size", "prim::dtype", "prim::device", "prim::layout",
                 "prim::is_quantized", "prim::requires_grad", "aten::is_complex", "prim::is_cuda", "prim::is_nested",
                 "prim::type", "prim::is_sparse", "prim::is_mkldnn", "prim::ndim", "aten::is_autocast_enabled"}  # fmt: skip
SIZED = (torch.Tensor, list, tuple, dict)
# Steps of the runtime that are operators under another name.
NOTED_AS = {"prim::abs": "aten::abs", "prim::data": "aten::detach"}


def refuse(what: str) -> BenchError:
    return BenchError("control_flow", f"This model {what}, so its cost cannot be counted from the file. "
                      "Save it with torch.jit.trace, or without that step.")  # fmt: skip


def _is_same(one: Any, other: Any) -> bool:
    """Python and TorchScript agree on None and on tensors; of numbers and lists they do not mean the same."""
    if one is None or other is None or (isinstance(one, torch.Tensor) and isinstance(other, torch.Tensor)):
        return one is other
    raise refuse("asks whether two values are one object")


# Steps that only put values together or take them apart.
SIMPLE: dict[str, Callable[..., Any]] = {
    "prim::ListConstruct": lambda *given: list(given),
    "prim::ListUnpack": tuple,
    "prim::unchecked_cast": lambda value: value,
    "prim::unchecked_unwrap_optional": lambda value: value,
    "aten::_unwrap_optional": lambda value: value,
    "aten::__is__": _is_same,
    "aten::__isnot__": lambda one, other: not _is_same(one, other),
}


class ModelRaisedError(ValueError):
    """The model's own code raised; the text is what it said."""


class Interpreter:
    """One pass over the graph of a module.

    Raises (from `run`):
        BenchError: control_flow, custom_operator, endless_loop, random_model, stateful_model, too_large,
            too_many_operators.
        ModelRaisedError: the model raises by itself.
        RuntimeError and its like: whatever PyTorch says about the input.
    """

    def __init__(self, recording: Recording) -> None:
        self.recording = recording
        self.values: dict[str, Any] = {}
        self.provenance = Provenance(self.values)
        self.tainted = self.provenance.tainted
        self.steps = 0
        self.places: dict[str, str] = {}  # of modules and their attributes, by the name of the value
        self.packed: dict[str, Any] = {}  # by place
        self.kinds: dict[str, Callable[[Any], Any]] = {
            "prim::Constant": self._constant, "prim::GetAttr": self._attribute, "prim::SetAttr": self._set,
            "prim::If": self._if, "prim::Loop": self._loop, "prim::RaiseException": self._raise,
            "prim::Uninitialized": _nothing, "prim::Print": _nothing, "aten::warn": _nothing,
            "aten::tensor": self._tensor, "aten::format": self._words, "aten::str": self._words,
            "prim::DictConstruct": self._dict, "prim::TupleConstruct": self._tuple,
            "prim::TupleUnpack": self._untuple, "prim::TupleIndex": self._untuple,
            **{kind: self._simple(step) for kind, step in SIMPLE.items()},
        }  # fmt: skip

    def run(self, graph: Any, module: Any, inputs: list[Any]) -> Any:
        """What the graph returns for `inputs`; what among them is no tensor is part of the model."""
        names = [value.debugName() for value in graph.inputs()]
        self.values.update(zip(names, [module, *inputs], strict=True))
        for name, value in zip(names[1:], inputs, strict=True):
            if isinstance(value, torch.Tensor):
                self.tainted.add(name)
            else:
                self.provenance.keep(value)
        self._block(graph)
        found = tuple(self.values[value.debugName()] for value in graph.outputs())
        return found[0] if len(found) == 1 else found

    def _block(self, block: Any) -> None:
        self._take(_plan(block))

    def _take(self, plan: list[tuple[Any, list[str]]]) -> None:
        for node, done in plan:
            self._node(node)
            for name in done:
                if isinstance(self.values.get(name), torch.Tensor) and name in self.tainted:
                    del self.values[name]  # activations are large; nothing in this block reads it any more

    def _node(self, node: Any) -> None:
        self._step()
        kind = node.kind()
        known = self.kinds.get(kind)
        result = known(node) if known else self._operator(node, kind)
        if isinstance(result, str | list | dict):
            containers.check_length(len(result), kind)
        self._bind(node, result)
        if self._follows_input(node, kind):
            self.tainted.update(_made(node))

    def _step(self) -> None:
        self.steps += 1
        if self.steps > MOST_STEPS:
            raise BenchError("too_many_operators", f"This model takes more than {MOST_STEPS:,} steps.")

    def _follows_input(self, node: Any, kind: str) -> bool:
        """Whether what the node makes depends on what stands in the input. Branches and tuples say so themselves."""
        if kind in {
            "prim::If",
            "prim::Loop",
            "prim::TupleConstruct",
            "prim::TupleUnpack",
            "prim::TupleIndex",
            "aten::keys",
        }:
            return False  # keys of a table are never the input's: see _dict and _container
        tainted = [name for name in _taken(node) if name in self.tainted]
        if kind in SHAPE_READERS:
            return any(self.values[name] is not None and not isinstance(self.values[name], SIZED) for name in tainted)
        return bool(tainted)

    def _given(self, node: Any) -> list[Any]:
        return [self.values[name] for name in _taken(node)]

    def _bind(self, node: Any, result: Any) -> None:
        names = _made(node)
        if len(names) == 1:
            unpacked = node.kind() in {"prim::ListUnpack", "prim::TupleUnpack"}
            self.values[names[0]] = result[0] if unpacked else result
        elif names:
            self.values.update(zip(names, result, strict=True))

    # -- steps that are no operators --------------------------------------------------------------------------------

    def _simple(self, step: Callable[..., Any]) -> Callable[[Any], Any]:
        return lambda node: step(*self._given(node))

    def _constant(self, node: Any) -> Any:
        output = node.output()
        return None if output.type().kind() == "FunctionType" else self.provenance.keep(output.toIValue())

    def _attribute(self, node: Any) -> Any:
        """An attribute; one of packed weights is the same object each time, which torch.ScriptObject does not tell."""
        holder = self._given(node)[0]
        place = self.places.get(_taken(node)[0], "") + "." + node.s("name")
        self.places[_made(node)[0]] = place
        found = getattr(holder, "_c", holder).getattr(node.s("name"))
        return (
            self.packed.setdefault(place, found)
            if isinstance(found, torch.ScriptObject)
            else self.provenance.keep(found)
        )

    def _dict(self, node: Any) -> Any:
        if self.provenance.any_tainted(_taken(node)[::2]):
            raise refuse("keeps a table by the values of its input")
        given = self._given(node)
        return dict(zip(given[::2], given[1::2], strict=True))

    def _tuple(self, node: Any) -> Any:
        names, (made,) = _taken(node), _made(node)
        self.provenance.put_together(made, names)
        self.tainted.update([made] if self.provenance.any_tainted(names) else [])
        return tuple(self._given(node))

    def _untuple(self, node: Any) -> Any:
        source, *place = _taken(node)
        self._free(node, *range(1, 1 + len(place)))
        index = self.values[place[0]] if place else None
        self.provenance.take_apart(source, _made(node), index)
        return tuple(self.values[source]) if index is None else self.values[source][index]

    def _free(self, node: Any, *places: int) -> None:
        """The values at these places may not depend on the input."""
        names = _taken(node)
        if self.provenance.any_tainted(names[place] for place in places):
            raise refuse("branches on the values of its input")

    def _if(self, node: Any) -> Any:
        self._free(node, 0)
        block = list(node.blocks())[0 if self._given(node)[0] else 1]
        self._block(block)
        names = [value.debugName() for value in block.outputs()]
        self.provenance.carry(_made(node), names)
        found = [self.values[name] for name in names]
        return found[0] if len(found) == 1 else found

    def _loop(self, node: Any) -> Any:
        turns = 0
        try:
            for turns, carried in enumerate(self._turns(node)):  # noqa: B007 how far it came is part of the sentence
                pass
        except BenchError as error:
            if error.code != "too_many_operators":
                raise
            said = f"A loop of this model had not ended after {max(turns, 1):,} turns. Write it so that it ends, or make it shorter."
            raise BenchError("endless_loop", said) from error
        return carried[0] if len(carried) == 1 else carried

    def _turns(self, node: Any) -> Any:
        """What the loop carries, before its first turn and after each."""
        self._free(node, 0, 1)
        most, goes_on, *carried = self._given(node)
        (block,) = node.blocks()
        names = [value.debugName() for value in block.inputs()]
        self.provenance.carry(names[1:], _taken(node)[2:])
        self.provenance.carry(_made(node), _taken(node)[2:])
        yield carried
        turn, plan = 0, _plan(block)
        while turn < most and goes_on:
            self.values.update(zip(names, [turn, *carried], strict=True))
            self._take(plan)
            said = [value.debugName() for value in block.outputs()]
            if said[0] in self.tainted:
                raise refuse("loops until its values are right")
            goes_on, *carried = (self.values[name] for name in said)
            self.provenance.carry(names[1:], said[1:])
            self.provenance.carry(_made(node), said[1:])
            turn += 1
            self._step()
            if turn >= MOST_TURNS:
                raise BenchError("too_many_operators", f"A loop of this model takes more than {MOST_TURNS:,} turns.")
            yield carried

    def _raise(self, node: Any) -> Any:
        raise ModelRaisedError(str(self._given(node)[0])[:300])

    def _tensor(self, node: Any) -> Any:
        """A tensor of numbers that are written in the model. PyTorch's binding does not take its lists."""
        data, dtype, *_ = self._given(node)

        def made() -> torch.Tensor:
            tensor = torch.tensor(data)
            return tensor if dtype is None else torch.ops.aten.to.dtype(tensor, dtype)

        return self.recording.run(node.kind(), {}, made)

    def _words(self, node: Any) -> Any:
        """Python writes most values in another way than TorchScript; nothing may hang on a text that holds such."""
        given = self._given(node)
        form, *rest = map(str, given)
        pieces = form.split("{}")
        if all(type(value) in {int, str} for value in given) and len(pieces) == len(rest) + 1:
            return "".join(map("".join, zip(pieces, [*rest, ""], strict=True)))
        self.tainted.update(_made(node))
        return " ".join([form.replace("{}", "…") if rest else form, *rest])[:300]

    def _set(self, node: Any) -> Any:
        raise stateful(f"changes its own {node.s('name')[:60]} while it runs")

    # -- operators --------------------------------------------------------------------------------------------------

    def _operator(self, node: Any, kind: str) -> Any:
        check_step(node)
        given = self._given(node)
        if containers.is_container_step(kind, given):
            return self._container(node, kind, given)
        known = effects.overload(kind, node.schema())
        if known is None:
            raise refuse(f"holds the step {kind[:60]}")
        named = dict(zip(known.names, given, strict=True))
        self._check_effects(node, kind, known.schema, named)
        if kind in NOTED_AS or not kind.startswith("prim::"):
            lost = self.recording.has_lost(self.values[name] for name in _taken(node) if name in self.tainted)
            result = self.recording.run(NOTED_AS.get(kind, kind), named, lambda: known.run(named), lost=lost)
        else:
            _check_no_tensor_is_made(kind, known.schema)
            result = known.run(named)
        self._check_lists(node, kind, given, result)
        if effects.leaves_memory(kind):
            self.tainted.update(_made(node))
        return result

    def _check_effects(self, node: Any, kind: str, schema: Any, named: dict[str, Any]) -> None:
        """What the operator may not do, and taint that goes with what it writes."""
        if effects.draws(kind, schema.overload_name, named):
            raise effects.random_model(kind)
        reads = dict(zip(named, _taken(node), strict=False))
        tainted = {argument for argument, name in reads.items() if name in self.tainted}
        if effects.sizes_follow_values(kind, schema, named, tainted):
            raise refuse(f"lets the values of its input decide over sizes ({kind[:60]})")
        for argument in effects.written(kind, schema, named):
            if isinstance(named[argument], list | dict):  # those that are known here are no operators: see containers
                raise refuse(f"holds the step {kind[:60]} on a list")
            self.provenance.check_write(named[argument], kind)
            if (tainted or effects.leaves_memory(kind)) and reads[argument] not in self.tainted:
                self.provenance.write(reads[argument])

    def _check_lists(self, node: Any, kind: str, given: list[Any], result: Any) -> None:
        """PyTorch's binding copies lists; and how long a list is must not follow from values."""
        if not isinstance(result, list | dict | tuple):
            return
        if any(containers.holds_containers(value) for value in given):
            raise refuse(f"holds the step {kind[:60]} on lists of lists")
        scalars = [name for name in _taken(node) if not isinstance(self.values[name], SIZED)]
        if isinstance(result, list | dict) and self.provenance.any_tainted(scalars):
            raise refuse(f"lets the values of its input decide over sizes ({kind[:60]})")

    def _container(self, node: Any, kind: str, given: list[Any]) -> Any:
        names = _taken(node)
        content = containers.CONTENT.get(kind)
        places = [name for place, name in enumerate(names[1:], start=1) if place != content]
        if self.provenance.any_tainted(places) and not (kind == "aten::__getitem__" and containers.is_plain(given[0])):
            raise refuse(f"picks from a list by the values of its input ({kind[:60]})")
        if kind in containers.WRITERS:
            self.provenance.check_write(given[0], kind)
        result = containers.run(kind, given)
        self.provenance.list_items(kind, names[0], _made(node))
        if kind in containers.WRITERS and self.provenance.any_tainted(names[1:]) and names[0] not in self.tainted:
            self.provenance.write(names[0])
        return result


def _nothing(_: Any) -> None:
    """A step without a value that matters here."""


def _check_no_tensor_is_made(kind: str, schema: Any) -> None:
    """The few steps of the runtime that compute with tensors are made when a model is optimised for one machine."""
    if kind != "prim::NumToTensor" and any("Tensor" in str(each.type) for each in schema.returns):
        raise BenchError("custom_operator", f"This model holds the step {kind[:60]}, which PyTorch makes for one machine and "
                         "which cannot be counted. Save the model as it was before torch.jit.optimize_for_inference.")  # fmt: skip


def _taken(node: Any) -> list[str]:
    return [value.debugName() for value in node.inputs()]


def _made(node: Any) -> list[str]:
    return [value.debugName() for value in node.outputs()]


def _plan(block: Any) -> list[tuple[Any, list[str]]]:
    """The nodes of a block in their order, each with the values of this block that none after it reads."""
    steps = list(block.nodes())
    last: dict[str, int] = {}
    for index, node in enumerate(steps):
        last |= dict.fromkeys(_reads(node), index)
    own = {name for node in steps for name in _made(node)} - {value.debugName() for value in block.outputs()}
    done: dict[int, list[str]] = {}
    for name, index in last.items():
        if name in own:
            done.setdefault(index, []).append(name)
    return [(node, done.get(index, [])) for index, node in enumerate(steps)]


def _reads(node: Any) -> set[str]:
    """Names that a node reads, in the blocks inside it too."""
    found = set(_taken(node))
    for block in node.blocks():
        found.update(value.debugName() for value in block.outputs())
        for inner in block.nodes():
            found |= _reads(inner)
    return found
