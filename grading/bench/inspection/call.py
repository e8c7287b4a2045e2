"""One call of a tensor operator of PyTorch, with the graph's tensors for its own."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from grading.bench.errors import BenchError
from grading.bench.graph import Tensor


class Kind(Enum):
    """What a file says of a constant: trained, kept beside what is trained (a buffer), or nothing."""

    LEARNED = "learned"
    KEPT = "kept"
    UNTOLD = "untold"


@dataclass
class Constant(Tensor):
    """A tensor of the file, or one computed from such alone: then `sources` are those that are stored.

    turn: where it is one stored tensor with its dimensions in another order, that order; else None.
    """

    kind: Kind = Kind.UNTOLD
    sources: list["Constant"] = field(default_factory=list)
    turn: tuple[int, ...] | None = None

    @property
    def stored(self) -> list["Constant"]:
        return self.sources or [self]


class Packed(list[Constant]):
    """Weights that a quantised layer keeps in an object of its own: the weight, then the bias where there is one.

    stride, dilation, groups: of a convolution, which keeps them there too; empty and 0 where it does not say.
    """

    stride: tuple[int, ...] = ()
    dilation: tuple[int, ...] = ()
    groups: int = 0


def base_of(op: str) -> str:
    """An operator's name without its name space, its overload and the underscore of in-place forms."""
    name = op.rpartition("::")[2].partition(".")[0]
    return name if name.startswith("__") else name.rstrip("_")


@dataclass
class Call:
    """args: by schema name, in the order of the schema; tensors as Tensor, packed weights as Packed, lists as lists."""

    op: str
    args: dict[str, Any]
    outputs: list[Tensor]

    @property
    def base(self) -> str:
        return base_of(self.op)

    def tensors(self, *skipped: str) -> Iterator[tuple[str, Tensor]]:
        """(argument, tensor) for every tensor among the arguments, those in lists too."""
        for name, value in self.args.items():
            if name not in skipped:
                yield from ((name, tensor) for tensor in _flat(value))

    def shape(self, place: int) -> tuple[int, ...]:
        """Shape of the argument at this place of the schema: names differ between operators, places hardly do."""
        value = list(self.args.values())[place] if place < len(self.args) else None
        tensor = next(_flat(value), None)
        if tensor is None:
            said = f"An operator {self.op[:60]} lacks its argument {place + 1}. Export the model again."
            raise BenchError("damaged_model", said)
        return tensor.shape

    def weight_shape(self) -> tuple[int, ...]:
        """Shape of the weights of a convolution: packed ones stand anywhere, else they come second, after a gradient third."""
        packed = next((value for value in self.args.values() if isinstance(value, Packed)), None)
        return packed[0].shape if packed else self.shape(2 if self.base == "convolution_backward" else 1)


def _flat(value: Any) -> Iterator[Tensor]:
    if isinstance(value, Tensor):
        yield value
    elif isinstance(value, list):
        for item in value:
            yield from _flat(item)
