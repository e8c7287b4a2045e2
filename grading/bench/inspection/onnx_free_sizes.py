"""Sizes that an ONNX file leaves free: the lab's where it gives them, else the smallest with which every operator works."""

from typing import Any

from onnx import TensorProto, helper

from grading.bench.errors import BenchError
from grading.bench.inspection.onnx_shapes import Sizes, Unfit, Walk

MOST_STEPS = 100_000  # operators looked at while sizes are tried
# Sizes to try where the file leaves them free: the smallest ones, then those that halve evenly or are usual.
TRIED = (*range(1, 17), 20, 24, 28, 32, 40, 48, 64, 80, 96, 112, 128, 160, 192, 224, 256, 299, 320, 384, 416, 448, 512,
         640, 768, 1024)  # fmt: skip
FREE = -1  # how some converters write a free size
FIXED = "Export the model with fixed input sizes (no dynamic axes)"


def infer(model: Any, constants: dict[str, Any], hints: list[tuple[int, ...]]) -> tuple[Sizes, list[tuple[str, str]]]:
    """Sizes of everything, and findings that name each size that had to be assumed.

    Args:
        hints: input shapes that the lab gives; one of the same rank fills the free sizes of an input.

    Raises:
        BenchError: damaged_model where sizes contradict each other, unknown_shape where free sizes fit no assumption,
            unsupported_input.
    """
    inputs = [_Input(value, hints) for value in model.graph.input if value.name not in constants]
    walk = Walk(model, constants)
    symbols = {size for given in inputs for size in given.sizes if isinstance(size, str)}
    if not symbols:
        try:
            return walk.sizes({given.name: given.typed({}) for given in inputs}), _findings(inputs, {})
        except Unfit as error:
            if any(given.hinted for given in inputs):
                raise BenchError("unknown_shape", f"With the lab's input size, {error}. {FIXED}.") from error
            said = f"The sizes in this file do not fit together: {error}. Export the model again"
            raise BenchError("damaged_model", f"{said}, with an input that is large enough for it.") from error
    chosen, found = _try(walk, inputs, symbols)
    return found, _findings(inputs, chosen)


class _Input:
    """An input of the model. sizes: numbers, or the name of a free size; free ones of a hinted input are the hint's."""

    def __init__(self, value: Any, hints: list[tuple[int, ...]]) -> None:
        kind = value.type.tensor_type
        if not value.type.HasField("tensor_type") or kind.elem_type in (TensorProto.STRING, TensorProto.UNDEFINED):
            raise BenchError("unsupported_input", f"The input {value.name[:80]} is no tensor of numbers.")
        if not kind.HasField("shape"):
            raise BenchError("unknown_shape", f"The input {value.name[:80]} has no size. {FIXED}.")
        self.name, self.kind = value.name, kind.elem_type
        stored = kind.shape.dim
        hint = next((hint for hint in hints if len(hint) == len(stored)), None)
        self.sizes: list[int | str] = []
        free = 0
        for place, size in enumerate(stored):
            if size.HasField("dim_value") and size.dim_value < FREE:
                said = f"The input {value.name[:80]} has the size {size.dim_value}. {FIXED}."
                raise BenchError("damaged_model", said)
            if size.HasField("dim_value") and size.dim_value != FREE:
                self.sizes.append(int(size.dim_value))
                continue
            free += 1
            self.sizes.append(hint[place] if hint else size.dim_param or f"{value.name}:{place}")
        self.free, self.hinted = free > 0, bool(free and hint)

    def shape(self, chosen: dict[str, int]) -> tuple[int, ...]:
        return tuple(chosen[size] if isinstance(size, str) else size for size in self.sizes)

    def typed(self, chosen: dict[str, int]) -> Any:
        return helper.make_tensor_type_proto(self.kind, self.shape(chosen))


def _try(walk: "Walk", inputs: list[_Input], symbols: set[str]) -> tuple[dict[str, int], Sizes]:
    """The smallest sizes with which every operator works: a free batch is 1, all other free sizes are equal."""
    batches = {given.sizes[0] for given in inputs if given.sizes and isinstance(given.sizes[0], str)}
    varied = symbols - batches or symbols
    spare, reason, steps = None, "none was tried", 0
    for size in TRIED:
        chosen = dict.fromkeys(symbols, 1) | dict.fromkeys(varied, size)
        try:
            found = walk.sizes({given.name: given.typed(chosen) for given in inputs})
        except Unfit as error:
            reason = str(error)
        else:
            if not found.empty:
                return chosen, found
            spare = spare or (chosen, found)
        steps += len(walk.nodes)
        if steps > MOST_STEPS:
            break
    if spare is None:
        said = f"An input leaves sizes free, and none that was tried works: {reason}."
        raise BenchError("unknown_shape", f"{said} {FIXED}, such as 1×3×224×224.")
    return spare


def _findings(inputs: list[_Input], chosen: dict[str, int]) -> list[tuple[str, str]]:
    found = []
    for given in inputs:
        if given.free:
            shape = "×".join(map(str, given.shape(chosen)))
            why = "as the lab gives it" if given.hinted else "the smallest that works, with a batch of 1"
            said = f"The input {given.name[:80]} leaves sizes free; it is counted and measured as {shape}, {why}."
            found.append(("free_size", f"{said} Export with fixed sizes to choose them."))
    return found
