"""torch.export (.pt2) to Graph, from a copy without anything that loading would run (hardware/ondevice/pt2.py).

The sizes that the file claims are not believed: the graph is followed on an example.
"""

import io
from pathlib import Path
from typing import Any

import torch
from torch._ops import OpOverload
from torch.fx import Interpreter

from grading.bench.errors import BenchError
from grading.bench.graph import Graph
from grading.bench.inspection.composites import arguments
from grading.bench.inspection.faults import FAULTS, first_line, raise_if_memory
from grading.bench.inspection.traced import Recording
from hardware.ondevice.pt2 import Pt2Error, sanitise


def read(path: Path, input_shapes: list[tuple[int, ...]]) -> Graph:
    """Raises BenchError: those of the sanitiser, damaged_model, input_mismatch."""
    torch.set_num_threads(1)
    program = _load(path)
    recording = Recording()
    findings: list[tuple[str, str]] = []
    placeholders = [node for node in program.graph.nodes if node.op == "placeholder"]
    wanted = set(program.graph_signature.user_inputs)
    stored = _stored(program, recording)
    values: list[torch.Tensor] = []
    inputs: list[str] = []
    for node in placeholders:
        if node.name in wanted:
            hint = input_shapes[len(inputs)] if len(inputs) < len(input_shapes) else ()
            example = torch.zeros(_shape(node.meta["val"], hint, findings), dtype=node.meta["val"].dtype)
            inputs.append(recording.input(example, node.name))
            values.append(example)
        else:
            values.append(stored[node.name])
    try:
        with torch.inference_mode():
            result = _Follower(program.graph_module, recording).run(*values)
    except FAULTS as error:
        raise_if_memory(error)
        said = f"The graph in this .pt2 does not run on its own input ({first_line(error)}). Export the model again."
        raise BenchError("damaged_model", said) from error
    outputs = [
        value
        for spec, value in zip(program.graph_signature.output_specs, result, strict=True)
        if spec.kind.name == "USER_OUTPUT"
    ]
    return recording.graph("torch_export", inputs, outputs, findings)


def _load(path: Path) -> Any:
    copy = io.BytesIO()
    try:
        sanitise(str(path), copy)
    except Pt2Error as error:
        raise BenchError(error.code, str(error)) from error
    copy.seek(0)
    try:
        return torch.export.load(copy)
    except FAULTS as error:
        raise_if_memory(error)
        said = (
            f"This .pt2 does not load ({first_line(error)}). Save it again with torch.export.save of the same PyTorch."
        )
        raise BenchError("damaged_model", said) from error


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


def _shape(meta: Any, hint: tuple[int, ...], findings: list[tuple[str, str]]) -> list[int]:
    """A free size is that of the hint, else 1: the batch."""
    if any(not isinstance(size, int) for size in meta.shape) and not findings:
        findings.append(
            (
                "free_size",
                "An input has a free size; it is measured with the lab's size, or with 1 where the lab gives none.",
            )
        )
    return [
        size if isinstance(size, int) else hint[place] if place < len(hint) else 1
        for place, size in enumerate(meta.shape)
    ]


class _Follower(Interpreter):  # type: ignore[misc]  # torch is not typed here
    """Runs a graph node by node and notes each call."""

    def __init__(self, module: torch.fx.GraphModule, recording: Recording) -> None:
        super().__init__(module)
        self.recording = recording

    def call_function(self, target: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        call = super().call_function
        if not isinstance(target, OpOverload):  # arithmetic over sizes, or one result of several
            return call(target, args, kwargs)
        named = arguments(target, args, kwargs)
        return self.recording.run(target._schema.name, named, lambda: call(target, args, kwargs))
