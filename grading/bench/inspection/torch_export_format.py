"""torch.export (.pt2) to Graph, from a copy without anything that loading would run (hardware/ondevice/pt2.py).

The sizes that the file claims are not believed: the graph is followed on an example.
"""

import io
import zipfile
from pathlib import Path
from typing import Any

import torch
import torch.export.pt2_archive._package  # loading would import it, in seconds: a waiting process has it then
from torch._ops import OpOverload
from torch.fx import Interpreter

from grading.bench.errors import BenchError
from grading.bench.graph import Graph
from grading.bench.inspection import torch_export_checks
from grading.bench.inspection.composites import arguments
from grading.bench.inspection.faults import FAULTS, first_line, raise_if_memory
from grading.bench.inspection.members import check_archive
from grading.bench.inspection.pickles import BROKEN_ZIP
from grading.bench.inspection.torch_export_effects import Effects
from grading.bench.inspection.traced import Recording
from hardware.ondevice.pt2 import Pt2Error, sanitise

NO_UPDATE = (
    "This program changes nothing that it keeps, so calling it again trains nothing. Export a step that writes the new weights "
    "into its buffers: grading/labs/step_file.py makes one of a module."
)


def read(path: Path, input_shapes: list[tuple[int, ...]], *, learns: bool = False) -> Graph:
    """learns: a training step, which has to change what it keeps (`no_update` where it does not); else nothing may be changed.

    Raises BenchError: those of the sanitiser, of torch_export_checks and of Effects, damaged_model, operator_not_counted, input_mismatch (the lab's size
    of a free dimension does not run).
    """
    torch.set_num_threads(1)
    program = _load(path)
    wanted = set(program.graph_signature.user_inputs)
    metas = {
        node.name: node.meta["val"]
        for node in program.graph.nodes
        if node.name in wanted and isinstance(node.meta["val"], torch.Tensor)
    }
    failure: Exception | None = None
    for shapes in _shapes(metas, input_shapes, program.range_constraints):
        try:
            return _follow(program, metas, shapes, learns=learns)
        except FAULTS as error:
            raise_if_memory(error)
            failure = error
    raise _does_not_run(metas, input_shapes, failure) from failure


def _does_not_run(metas: dict[str, torch.Tensor], hints: list[tuple[int, ...]], error: Exception | None) -> BenchError:
    why = f" ({first_line(error)})" if error else ""
    if hints and _free(metas):
        words = ", ".join("×".join(map(str, hint)) for hint in hints)
        said = f"This model does not run on an input of {words}{why}. Export it again for that input."
        return BenchError("input_mismatch", said, details={"shape": list(hints[0])})
    return BenchError(
        "damaged_model", f"The graph in this .pt2 does not run on its own input{why}. Export the model again."
    )


def _follow(program: Any, metas: dict[str, torch.Tensor], shapes: dict[str, list[int]], *, learns: bool) -> Graph:
    recording = Recording()
    effects = Effects(program.graph_signature, recording, learns=learns)
    stored = _stored(program, recording)
    values: list[Any] = []
    inputs: list[str] = []
    for node in program.graph.nodes:
        if node.name in metas:
            example = torch.zeros(shapes[node.name], dtype=metas[node.name].dtype)
            inputs.append(recording.input(example, node.name))
            values.append(example)
        elif node.op == "placeholder":
            values.append(stored[node.name])
    with torch.inference_mode():
        result = _Follower(program.graph_module, recording, effects).run(*values)
    if learns and not effects.has_learned:
        raise BenchError("no_update", NO_UPDATE)
    outputs = [
        value
        for spec, value in zip(program.graph_signature.output_specs, result, strict=True)
        if spec.kind.name == "USER_OUTPUT"
    ]
    return recording.graph("torch_export", inputs, outputs, _assumed(metas, shapes))


def _load(path: Path) -> Any:
    _check_pickles(path)
    copy = io.BytesIO()
    try:
        sanitise(str(path), copy)
    except Pt2Error as error:
        raise BenchError(error.code, str(error)) from error
    copy.seek(0)
    torch_export_checks.check(copy)
    copy.seek(0)
    try:
        return torch.export.load(copy)  # in the sandbox alone  # nosec B614
    except FAULTS as error:
        raise_if_memory(error)
        said = (
            f"This .pt2 does not load ({first_line(error)}). Save it again with torch.export.save of the same PyTorch."
        )
        raise BenchError("damaged_model", said) from error


def _check_pickles(path: Path) -> None:
    """Sample inputs are pickled. They are never loaded, but a file that would call something there is refused."""
    try:
        with zipfile.ZipFile(path) as archive:
            check_archive(archive)
    except BROKEN_ZIP as error:
        raise BenchError(
            "bad_archive", "This .pt2 is damaged or cut off. Save it again, and upload it whole."
        ) from error


def _stored(program: Any, recording: Recording) -> dict[str, Any]:
    """Weights, buffers and constants by the name of the placeholder that takes them; the recording is told which is which."""
    found: dict[str, Any] = {}
    learned: list[torch.Tensor] = []
    kept: list[torch.Tensor] = []
    for spec in program.graph_signature.input_specs:
        if hasattr(spec.arg, "value"):  # an argument that was fixed when the model was exported
            found[spec.arg.name] = spec.arg.value
        elif spec.target is not None:
            table = program.state_dict if spec.target in program.state_dict else program.constants
            if not isinstance(table.get(spec.target), torch.Tensor):
                raise BenchError(
                    "damaged_model", f"The weights {spec.target[:80]} are not in this file. Export the model again."
                )
            tensor = found[spec.arg.name] = table[spec.target].detach()
            if spec.kind.name == "PARAMETER":
                learned.append(tensor)
            elif spec.kind.name == "BUFFER":
                kept.append(tensor)
    recording.store(learned, kept)
    return found


def _shapes(
    metas: dict[str, torch.Tensor], hints: list[tuple[int, ...]], ranges: dict[Any, Any]
) -> list[dict[str, list[int]]]:
    """Shapes to try, by the input's name. A free size is that of the hint, else the least that the file allows."""
    tries: list[dict[str, list[int]]] = []
    # torch writes a least size of 2 also where nobody asked for it, so 1 is tried first.
    for ignored in (2, 1):
        least = {str(symbol): int(span.lower) for symbol, span in ranges.items() if span.lower > ignored}
        chosen = {
            name: [
                size if isinstance(size, int) else hint[place] if place < len(hint) else _size(size, least)
                for place, size in enumerate(meta.shape)
            ]
            for (name, meta), hint in zip(metas.items(), [*hints, *[()] * len(metas)], strict=False)
        }
        if chosen not in tries:
            tries.append(chosen)
    return tries


def _size(size: torch.SymInt, least: dict[str, int]) -> int:
    """The least that a size can be, which may be an expression over others: 2*s."""
    expression = size.node.expr
    found = expression.subs({symbol: least.get(str(symbol), 1) for symbol in expression.free_symbols})
    return max(int(found), least.get(str(expression), 1))


def _free(metas: dict[str, torch.Tensor]) -> list[str]:
    """Inputs of which a size is not fixed."""
    return [name for name, meta in metas.items() if any(not isinstance(size, int) for size in meta.shape)]


def _assumed(metas: dict[str, torch.Tensor], shapes: dict[str, list[int]]) -> list[tuple[str, str]]:
    free = _free(metas)
    if not free:
        return []
    words = ", ".join("×".join(map(str, shapes[name])) for name in free[:4])
    said = f"An input has a free size; measured as {words}: the lab's size, or the least that the file allows."
    return [("free_size", said)]


class _Follower(Interpreter):  # type: ignore[misc]  # torch is not typed here
    """Runs a graph node by node and notes each call."""

    def __init__(self, module: torch.fx.GraphModule, recording: Recording, effects: Effects) -> None:
        super().__init__(module)
        self.recording, self.effects = recording, effects

    def placeholder(self, target: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        return self.effects.placed(target, super().placeholder(target, args, kwargs))

    def call_function(self, target: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        self.effects.check(target, args, kwargs)
        call = super().call_function
        if not isinstance(target, OpOverload):  # arithmetic over sizes, or one result of several
            return call(target, args, kwargs)
        named = arguments(target, args, kwargs)
        lost = self.effects.has_lost(named)
        return self.recording.run(target._schema.name, named, lambda: call(target, args, kwargs), lost=lost)
