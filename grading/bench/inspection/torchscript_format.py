"""TorchScript (.pt) to Graph. Loading one runs its code: this happens in the sandbox and nowhere else.

The file stores no input size. The lab's is taken; without one the first weights tell the channels, and common sizes are
tried until the model runs, which the report then says.
"""

from pathlib import Path
from typing import Any

import torch

from grading.bench.errors import BenchError
from grading.bench.graph import Graph
from grading.bench.inspection.faults import FAULTS, first_line, raise_if_memory
from grading.bench.inspection.torchscript_interpreter import Interpreter
from grading.bench.inspection.traced import Recording

SIZES = (8, 16, 28, 32, 64, 96, 128, 160, 192, 224, 256)
SEQUENCE = 16


def read(path: Path, input_shapes: list[tuple[int, ...]]) -> Graph:
    """Raises BenchError: damaged_model, unknown_input, control_flow, input_mismatch (the lab's input does not run)."""
    torch.set_num_threads(1)
    try:
        module = torch.jit.load(str(path), map_location="cpu").eval()
        graph = module.inlined_graph
    except FAULTS as error:
        raise_if_memory(error)
        raise BenchError(
            "damaged_model",
            f"This TorchScript file does not load ({first_line(error)}). Save it again with torch.jit.save.",
        ) from error
    if input_shapes:
        return _on_given(module, graph, input_shapes)
    for shape in _guesses(module, graph):
        try:
            found = _follow(module, graph, [shape])
        except FAULTS as error:
            raise_if_memory(error)
            continue  # another size may fit
        words = "×".join(map(str, shape))
        found.findings.append(("input_shape_assumed", f"TorchScript stores no input size; measured with {words}."))
        return found
    raise BenchError(
        "unknown_input",
        "TorchScript stores no input size, and none of the common ones runs. "
        "Export the model as ONNX or .pt2, which store it.",
    )


def _on_given(module: Any, graph: Any, shapes: list[tuple[int, ...]]) -> Graph:
    try:
        return _follow(module, graph, shapes)
    except FAULTS as error:
        raise_if_memory(error)
        words = ", ".join("×".join(map(str, shape)) for shape in shapes)
        raise BenchError(
            "input_mismatch",
            f"This model does not run on an input of {words} float32 ({first_line(error)}). "
            "Save it again for that input.",
            details={"shape": list(shapes[0])},
        ) from error


def _follow(module: Any, graph: Any, shapes: list[tuple[int, ...]]) -> Graph:
    recording = Recording()
    examples = [torch.zeros(shape) for shape in shapes]
    inputs = [recording.input(example, f"input_{place}") for place, example in enumerate(examples)]
    if len(examples) != len(list(graph.inputs())) - 1:
        raise BenchError(
            "input_mismatch", f"This model takes {len(list(graph.inputs())) - 1} inputs, not {len(examples)}."
        )
    with torch.inference_mode():
        recording.store(list(module.parameters()), list(module.buffers()))
        result = Interpreter(recording).run(graph, module, examples)
    return recording.graph("torchscript", inputs, result, [])


def _guesses(module: Any, graph: Any) -> list[tuple[int, ...]]:
    """Inputs that the first layer could take."""
    weight, groups = _first_weight(module, graph)
    if weight is None or weight.dim() < 2:
        return [(1, 1)]
    features = int(weight.shape[1])
    if weight.dim() == 2:
        return [(1, features), (1, SEQUENCE, features)]
    return [(1, features * groups, *([size] * (weight.dim() - 2))) for size in SIZES]


def _first_weight(module: Any, graph: Any) -> tuple[torch.Tensor | None, int]:
    """Weights of the first layer in the order of the graph, and its groups; else the first matrix among all."""
    for node in graph.nodes():
        if node.kind() in {"aten::conv1d", "aten::conv2d", "aten::conv3d", "aten::_convolution", "aten::linear"}:
            given = list(node.inputs())
            weight = _stored(module, given[1])
            groups = _stored(module, given[8 if node.kind() == "aten::_convolution" else -1])
            if isinstance(weight, torch.Tensor):
                return weight, groups if isinstance(groups, int) and node.kind() != "aten::linear" else 1
        if node.kind() in {"aten::lstm", "aten::gru"}:
            # The sequence is free: with its three dimensions the guess of a matrix fits.
            lists = [value.node() for value in node.inputs() if value.node().kind() == "prim::ListConstruct"]
            first = _stored(module, next(iter(lists[-1].inputs()))) if lists else None
            if isinstance(first, torch.Tensor):
                return first, 1
        if node.kind().startswith("quantized::"):
            packed = next(
                (v for value in node.inputs() if isinstance(v := _stored(module, value), torch.ScriptObject)), None
            )
            if packed is not None:
                return packed.unpack()[0], 1
    return next((tensor for tensor in module.parameters() if tensor.dim() > 1), None), 1


def _stored(module: Any, value: Any) -> Any:
    """What a value of the graph holds before anything runs: a constant or an attribute. None for all else."""
    node = value.node()
    if node.kind() == "prim::Constant":
        return value.toIValue()
    if node.kind() == "prim::GetAttr":
        holder = _stored(module, next(iter(node.inputs())))
        return None if holder is None else getattr(holder, "_c", holder).getattr(node.s("name"))
    return module if node.kind() == "prim::Param" and value.type().kind() == "ClassType" else None
