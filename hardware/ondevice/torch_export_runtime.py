"""torch.export models (.pt2), loaded from a copy that pt2.sanitise has checked and emptied of what would run."""

from __future__ import annotations

import io
from typing import Any

from hardware.ondevice.pt2 import Pt2Error, sanitise
from hardware.ondevice.session import ModelError, Options, TensorSpec, fault_of
from hardware.ondevice.torch_session import TORCH_FAULTS, TorchSession, fingerprint, prepare


def load(path: str, options: Options) -> TorchSession:
    """Load the model at ``path``. Raises ModelError."""
    module, inputs = loaded(path, options)
    return TorchSession("torch.export", module, inputs, lambda: fingerprint([*module.parameters(), *module.buffers()]))


def loaded(path: str, options: Options) -> tuple[Any, list[TensorSpec]]:
    """The program at ``path`` as a module, and the tensors that it takes. Raises ModelError."""
    copy = io.BytesIO()
    try:
        sanitise(path, copy)
    except Pt2Error as error:
        raise ModelError(error.code, str(error)) from error
    torch = prepare(options.threads)
    copy.seek(0)
    try:
        program = torch.export.load(copy)
        return program.module(), _inputs(program, options)
    except TORCH_FAULTS as error:
        raise fault_of("load", error) from error


def _inputs(program: Any, options: Options) -> list[TensorSpec]:
    """The tensors the program takes, in order, by its own graph. Free sizes become 1 or the given ones."""
    wanted = {spec.arg.name for spec in program.graph_signature.input_specs if spec.kind.name == "USER_INPUT"}
    found: list[TensorSpec] = []
    for node in program.graph.nodes:
        if node.op == "placeholder" and node.name in wanted:
            value = node.meta["val"]
            given = options.shapes[len(found)] if len(found) < len(options.shapes) else ()
            shape = tuple(_size(size, given, position) for position, size in enumerate(value.shape))
            found.append(TensorSpec(node.name, shape, str(value.dtype).rpartition(".")[2]))
    return found


def _size(size: Any, given: tuple[int, ...], position: int) -> int:
    if isinstance(size, int):
        return size
    return given[position] if position < len(given) else 1
