"""TorchScript models. Loading one runs code from the file, so this module runs only in a sandbox."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from hardware.ondevice.session import ModelError, Options, TensorSpec, fault_of
from hardware.ondevice.torch_session import TORCH_FAULTS, TorchSession, fingerprint, prepare


def load(path: str, options: Options) -> TorchSession:
    """Load the model at ``path``; ``options.shapes`` must name its input shapes. Raises ModelError."""
    torch = prepare(options.threads)
    if not options.shapes:
        raise ModelError("input_shape_unknown", "A TorchScript file does not say what shape its input has.")
    unknown = [name for name in options.types if not isinstance(getattr(torch, name, None), torch.dtype)]
    if unknown:
        raise ModelError("type_not_supported", f"PyTorch has no numbers of the type {unknown[0]}.")
    types = [*options.types, *["float32"] * len(options.shapes)]
    inputs = [
        TensorSpec(f"input_{index}", shape, dtype) for index, (shape, dtype) in enumerate(zip(options.shapes, types))
    ]
    try:
        module = torch.jit.load(path, map_location="cpu").eval()
        return TorchSession("TorchScript", module, inputs, lambda: state_of(module))
    except TORCH_FAULTS as error:
        raise fault_of("load", error) from error


def state_of(module: Any) -> str:
    """A hash over everything that the module's graph reads besides its input: attributes of any kind, and constants."""
    return fingerprint(_read_values(module))


def _read_values(module: Any) -> Iterator[Any]:
    graph = module.inlined_graph
    known = {next(graph.inputs()).debugName(): module}
    for node in _every_node(graph):
        if node.kind() == "prim::GetAttr":
            holder = known.get(node.input().debugName())
            if holder is not None:
                value = getattr(holder, "_c", holder).getattr(node.s("name"))
                known[node.output().debugName()] = value
                yield value
        elif node.kind() == "prim::Constant" and node.output().type().kind() != "FunctionType":
            yield node.output().toIValue()


def _every_node(block: Any) -> Iterator[Any]:
    for node in block.nodes():
        yield node
        for inner in node.blocks():
            yield from _every_node(inner)
