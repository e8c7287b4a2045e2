"""Example inputs for a TorchScript model, whose file stores neither size nor type of them.

For each input the first layer that it reaches is looked up in the graph, without running anything of the model: its
weights tell the channels or features, and whether token numbers or real numbers go in. Common sizes fill the rest.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice, product
from typing import Any

import torch

from grading.bench.errors import BenchError
from grading.bench.inspection import torchscript_effects as effects
from grading.bench.inspection.call import base_of
from grading.bench.inspection.faults import FAULTS
from grading.bench.inspection.fused import FUSED
from grading.bench.inspection.products import COUNTED
from grading.bench.inspection.stored import unpacked

Shape = tuple[int, ...]
SIZES = (8, 16, 28, 32, 64, 96, 128, 160, 192, 224, 256)
SEQUENCE = 16
# For an input that meets no weights: features, a sequence, pictures of one and of three channels, a volume.
PLAIN: tuple[Shape, ...] = ((1, 8), (1, 8, 8), (1, 1, 8, 8), (1, 3, 8, 8), (1, 1, 8, 8, 8), (8,))
MOST_TRIES = 60
MOST_DEPTH = 100
EMBEDDINGS = {
    "embedding",
    "embedding_bag",
    "embedding_byte",
    "embedding_4bit",
    "embedding_bag_byte",
    "embedding_bag_4bit",
}
RECURRENT = {"lstm", "gru", "rnn_tanh", "rnn_relu", "quantized_lstm", "quantized_gru"}
# Names of operators whose weights are stored as (features made, features read).
OUT_BY_IN = ("linear", "cell", "attention", "transformer")
GIVE = "Give the shapes of its inputs (--input-shape 1x3x32x32), or export the model as ONNX or .pt2, which store them."


@dataclass(frozen=True)
class Guess:
    """Shapes and types that one input may have, the likelier first."""

    shapes: tuple[Shape, ...]
    types: tuple[torch.dtype, ...]


@dataclass(frozen=True)
class Layer:
    """What an input meets first: the operator, its constant weights, and whether these stand on the left."""

    base: str
    weight: torch.Tensor
    groups: int = 1
    transposed: bool = False
    first: bool = False


class Inputs:
    """What `forward` takes.

    Raises (on construction):
        BenchError: unknown_input where something other than tensors must be given.
    """

    def __init__(self, module: Any, graph: Any) -> None:
        self._seen: dict[str, Any] = {}
        self._module, self._steps = module, list(_walk(graph))
        arguments = module.forward.schema.arguments[1:]
        self.defaults = [argument.default_value if argument.has_default_value() else None for argument in arguments]
        self._wanted = [place for place, argument in enumerate(arguments) if _is_wanted(argument)]
        for place in self._wanted:
            if str(arguments[place].type) != "Tensor":
                said = f"This model takes {str(arguments[place].type)[:60]}, of which no example can be made here. "
                raise BenchError("unknown_input", said + "Let forward take tensors, each as an argument of its own.")
        names = [value.debugName() for value in graph.inputs()][1:]
        self.guesses = [self._guess(names[place]) for place in self._wanted]

    def examples(self, shapes: list[Shape]) -> Iterator[list[torch.Tensor]]:
        """Sets of tensors to try, the likelier first: of these shapes, or of guessed ones where there are none.

        Raises:
            BenchError: input_mismatch where the number of shapes is not that of the inputs.
        """
        if shapes and len(shapes) != len(self.guesses):
            raise BenchError("input_mismatch", f"This model takes {len(self.guesses)} inputs, not {len(shapes)}.")
        sizes = [(shape,) for shape in shapes] if shapes else [guess.shapes for guess in self.guesses]
        for types in _sets([guess.types for guess in self.guesses]):
            for chosen in _sets(sizes):
                yield [torch.zeros(shape, dtype=dtype) for shape, dtype in zip(chosen, types, strict=True)]

    def filled(self, examples: list[torch.Tensor]) -> list[Any]:
        """All arguments of `forward`: the examples, and the defaults of those that may be left out."""
        values = list(self.defaults)
        for place, example in zip(self._wanted, examples, strict=True):
            values[place] = example
        return values

    # -- what the graph tells ---------------------------------------------------------------------------------------

    def _guess(self, name: str) -> Guess:
        layer = self._first_layer(name)
        own = {parameter.dtype: None for parameter in self._module.parameters() if parameter.is_floating_point()}
        real = tuple(dict.fromkeys([torch.float32, *own]))
        if layer is None:
            return Guess(PLAIN, (*real, torch.int64))
        if layer.base in EMBEDDINGS:
            return Guess(((1, SEQUENCE), (SEQUENCE,), (1, 1), (1,)), (torch.int64, torch.int32, *real))
        return Guess(_shapes(layer), real)

    def _first_layer(self, name: str) -> Layer | None:
        """The first operator on the way of an input that multiplies or looks up weights."""
        reached = {name}
        for node, read, made in self._steps:
            if not any(value.debugName() in reached for value in read):
                continue
            base = base_of(node.kind())
            if base in COUNTED or base in EMBEDDINGS or node.kind() in FUSED:
                layer = self._layer(base, read)
                if layer is not None:
                    return layer
            reached.update(value.debugName() for value in made)
        return None

    def _layer(self, base: str, given: list[Any]) -> Layer | None:
        values = [self._stored(value, 0) for value in given]
        places = [place for place, value in enumerate(values) if _matrix(value) is not None]
        if not places:
            return None
        weight = _matrix(values[places[0]])
        if weight is None:
            return None
        # The general convolution tells by an argument what the others tell by their name.
        general = base in {"_convolution", "convolution"}
        transposed = "transpose" in base or (general and values[6:7] == [True])
        place = 8 if general else 7 if transposed else 6
        return Layer(base, weight, _groups(values, place), transposed, first=places[0] == 0)

    def _stored(self, value: Any, depth: int) -> Any:
        """What a value of the graph holds before anything runs: a constant, an attribute, or made of such. Else None."""
        name = value.debugName()
        if name not in self._seen and depth <= MOST_DEPTH:
            self._seen[name] = self._held_by(value, depth)
        return self._seen.get(name)

    def _held_by(self, value: Any, depth: int) -> Any:
        node = value.node()
        if node.kind() == "prim::Param":
            return self._module if value.type().kind() == "ClassType" else None
        if node.kind() == "prim::Constant":
            return value.toIValue()
        given = [self._stored(item, depth + 1) for item in node.inputs()]
        if node.kind() == "prim::GetAttr":
            return None if given[0] is None else getattr(given[0], "_c", given[0]).getattr(node.s("name"))
        if node.kind() == "prim::ListConstruct":
            return given
        if node.kind().startswith("aten::") and _made_of_tensors(node, given):
            return _computed(node, given)
        return None


def _groups(values: list[Any], place: int) -> int:
    packed = next((value for value in values if isinstance(value, torch.ScriptObject)), None)
    if packed is not None:
        return int(packed.groups()) if packed._has_method("groups") else 1
    groups = values[place] if place < len(values) else 1
    return groups if type(groups) is int and groups > 0 else 1


def _is_wanted(argument: Any) -> bool:
    return not argument.has_default_value() and not str(argument.type).startswith("Optional")


def _walk(block: Any) -> Iterator[tuple[Any, list[Any], list[Any]]]:
    """Every node in order with what it reads and makes; one with blocks before these (what they get) and after (makes)."""
    for node in block.nodes():
        read, made = list(node.inputs()), list(node.outputs())
        for inner in node.blocks():
            yield node, read, list(inner.inputs())
            yield from _walk(inner)
            read = [*read, *inner.outputs()]
        yield node, read, made


def _made_of_tensors(node: Any, given: list[Any]) -> bool:
    """A weight that is turned, cast, or computed from its norm and direction."""
    known = [value for item, value in zip(node.inputs(), given, strict=True) if item.type().kind() == "TensorType"]
    return bool(known) and all(isinstance(value, torch.Tensor) for value in known)


def _computed(node: Any, given: list[Any]) -> Any:
    """What the step makes. None where it would change what the file stores: nothing here is a run of the model."""
    known = effects.overload(node.kind(), node.schema())
    if known is None or len(known.names) != len(given):
        return None
    named = dict(zip(known.names, given, strict=True))
    if effects.written(node.kind(), known.schema, named) or effects.draws(
        node.kind(), known.schema.overload_name, named
    ):
        return None
    try:
        with torch.no_grad():
            return known.run(named)
    except FAULTS:
        return None


def _matrix(value: Any) -> torch.Tensor | None:
    """The first table of weights in a stored value; of packed ones, that of the layer."""
    if isinstance(value, torch.ScriptObject):
        try:
            return unpacked(value)[0][0]
        except (BenchError, *FAULTS):
            return None
    if isinstance(value, list):
        return next((found for item in value if (found := _matrix(item)) is not None), None)
    return value if isinstance(value, torch.Tensor) and value.is_floating_point() and value.dim() > 0 else None


def _shapes(layer: Layer) -> tuple[Shape, ...]:
    """Inputs that a layer could take, the smaller first."""
    size = layer.weight.shape
    if "conv" in layer.base and len(size) > 2:
        channels = size[0] if layer.transposed else size[1] * layer.groups
        return tuple((1, channels, *([side] * (len(size) - 2))) for side in SIZES)
    if layer.base in RECURRENT:
        return (1, SEQUENCE, size[1]), (SEQUENCE, 1, size[1])
    features = size[_features_at(layer)]
    return (1, features), (1, SEQUENCE, features), (features,), *((1, side, side, features) for side in SIZES[:1])


def _features_at(layer: Layer) -> int:
    """Which size of the weights is that of the input."""
    turned = layer.base in {"inner", "cdist", "bilinear"} or any(word in layer.base for word in OUT_BY_IN)
    if len(layer.weight.shape) < 2 or turned or layer.first:
        return -1
    return -2


def _sets(choices: list[tuple[Any, ...]]) -> Iterator[tuple[Any, ...]]:
    """One of each list: first those at the same place, then every combination, up to a limit."""
    longest = max(map(len, choices), default=0)
    together = [tuple(items[min(place, len(items) - 1)] for items in choices) for place in range(longest)]
    yield from dict.fromkeys([*together, *islice(product(*choices), MOST_TRIES)])
