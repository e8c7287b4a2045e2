"""Where the values of a TorchScript graph come from: which depend on what stands in the input, which outlive one call.

Both follow the value and not only its name: a view shares its tensor's memory, a list holds what was put into it.
"""

from collections.abc import Iterable, Iterator
from typing import Any

import torch

from grading.bench.errors import BenchError


def stateful(what: str) -> BenchError:
    return BenchError("stateful_model", f"This model {what}, so one answer depends on the answers before it and the check "
                      "does not see what is graded. Save it without that step, after model.eval().")  # fmt: skip


def parts(value: Any) -> Iterator[Any]:
    """A value and all that it holds."""
    yield value
    if isinstance(value, list | tuple):
        for item in value:
            yield from parts(item)
    elif isinstance(value, dict):
        for item in value.values():
            yield from parts(item)


def identity(value: Any) -> tuple[str, int] | None:
    """What two names for one piece of memory have in common. None for values that nothing can change."""
    if isinstance(value, torch.Tensor):
        try:
            return "storage", value.untyped_storage()._cdata
        except (NotImplementedError, RuntimeError):  # a layout without one storage
            return "tensor", id(value)
    return ("container", id(value)) if isinstance(value, list | dict) else None


class Provenance:
    """Taint and lifetime of the values in `values`, by their names in the graph."""

    def __init__(self, values: dict[str, Any]) -> None:
        self._values = values
        self.tainted: set[str] = set()  # values that depend on what stands in the input, or on nothing one can know
        self._parts: dict[str, list[bool]] = {}  # of a tuple: which of its parts are tainted
        self._pairs: set[str] = set()  # lists of what a dictionary holds, as pairs
        self._kept: dict[tuple[str, int], Any] = {}  # held here, so that no identity is given twice

    def keep(self, value: Any) -> Any:
        """Remember that the file holds this value: it is there before the call and after it."""
        for part in parts(value):
            mark = identity(part)
            if mark is not None:
                self._kept[mark] = part
        return value

    def check_write(self, target: Any, step: str) -> None:
        """Raises BenchError (`stateful_model`) where the target belongs to the file."""
        if any(identity(part) in self._kept for part in parts(target)):
            raise stateful(f"changes a value that it keeps ({step[:60]})")

    def any_tainted(self, names: Iterable[str]) -> bool:
        return not self.tainted.isdisjoint(names)

    def write(self, name: str) -> None:
        """Something tainted was written into the value of this name, and so into all that share it."""
        self.tainted.add(name)
        mark = identity(self._values[name])
        for other, value in self._values.items():
            if any(identity(part) == mark for part in parts(value)):
                self.tainted.add(other)
                self._parts.pop(other, None)

    def carry(self, targets: list[str], sources: list[str]) -> None:
        """Values get a second name: out of a branch, or into the next turn of a loop."""
        for target, source in zip(targets, sources, strict=True):
            if source in self.tainted:
                self.tainted.add(target)
            if source in self._parts:
                self._parts[target] = self._parts[source]
            else:
                self._parts.pop(target, None)

    def put_together(self, target: str, sources: list[str]) -> None:
        """A tuple is made."""
        self._parts[target] = [source in self.tainted for source in sources]

    def list_items(self, kind: str, source: str, made: list[str]) -> None:
        """Of a dictionary's items the keys are never tainted."""
        if kind == "aten::items":
            self._pairs.update(made)
        elif kind == "aten::__getitem__" and source in self._pairs:
            self._parts.update({name: [False, True] for name in made})

    def take_apart(self, source: str, targets: list[str], place: int | None = None) -> None:
        """A tuple is unpacked, or one place is taken from it."""
        if source not in self.tainted:
            return
        known = self._parts.get(source)
        if place is not None and known is not None:
            known = [known[place]]
        if known is None or len(known) != len(targets):
            known = [True] * len(targets)
        self.tainted.update(target for target, is_tainted in zip(targets, known, strict=True) if is_tainted)
