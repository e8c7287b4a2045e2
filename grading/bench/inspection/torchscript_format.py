"""TorchScript (.pt) to Graph. Loading one runs its code: this happens in the sandbox and nowhere else.

The file stores no input size. The lab's is taken; without one common sizes are tried (torchscript_inputs.py) until the
model runs, which the report then says.
"""

import re
import zipfile
from pathlib import Path
from typing import Any

import torch

from grading.bench.errors import BenchError
from grading.bench.graph import Graph
from grading.bench.inspection.faults import FAULTS, first_line, raise_if_memory
from grading.bench.inspection.members import check_archive
from grading.bench.inspection.pickles import BROKEN_ZIP
from grading.bench.inspection.torchscript_inputs import GIVE, Inputs
from grading.bench.inspection.torchscript_interpreter import Interpreter, ModelRaisedError, refuse
from grading.bench.inspection.torchscript_provenance import stateful
from grading.bench.inspection.torchscript_source import Source
from grading.bench.inspection.torchscript_walk import check_all_steps
from grading.bench.inspection.traced import Recording
from hardware.ondevice.torchscript_runtime import state_of
from hardware.ondevice.words import raised_by_itself

# What PyTorch says of a file -> what that means to whoever made it.
MEANINGS = (
    ("Expected Object but got", "its data.pkl holds no module"),
    ("not in the map", "an attribute that its class declares is not stored"),
    ("has no attribute 'inlined_graph'", "its class has no method forward"),
    ("codec can't decode", "a text in it is not UTF-8"),
    ("expected 1 element on the stack", "its data.pkl is no single value"),
    ("Unexpected end of pickler archive", "its data.pkl or constants.pkl is empty"),
    ("parse the version", "its member `version` holds no number"),
)
UNKNOWN = re.compile(r"Unknown (?:builtin op: |type name '__torch__\.(?=torch\.classes))([\w:.]+\w)")
NEWER = re.compile(r"file with version (\d+), but the maximum supported version for reading is (\d+)")


def read(path: Path, input_shapes: list[tuple[int, ...]]) -> Graph:
    """Raises BenchError: damaged_model, unknown_input, operator_not_counted, input_mismatch (the lab's input does not run),
    model_raised, and those of the interpreter.
    """
    torch.set_num_threads(1)
    source = _source(path)
    try:
        module = torch.jit.load(str(path), map_location="cpu").eval()  # in the sandbox alone  # nosec B614
        graph = module.inlined_graph
        before = state_of(module)
    except (*FAULTS, torch.jit.Error) as error:
        raise_if_memory(error)
        raise _does_not_load(error) from error
    source.check_attributes(module)
    check_all_steps(module, graph)
    inputs = Inputs(module, graph)
    failure: Exception | None = None
    for examples in inputs.examples(input_shapes):
        try:
            found = _follow(module, graph, inputs, examples)
        except FAULTS as error:
            raise_if_memory(error)
            failure = failure or error
            continue  # another size or type may fit
        if state_of(module) != before:
            raise stateful("changes what it keeps while it runs")
        if not input_shapes:
            words = _words([(tuple(one.shape), one.dtype) for one in examples])
            said = f"TorchScript stores no input size; measured with {words}, the smallest tried that runs."
            found.findings.insert(0, ("input_shape_assumed", said))
        return found
    raise _does_not_run(inputs, input_shapes, failure)


def _source(path: Path) -> Source:
    """What can be told before PyTorch loads the file, which runs its code: what its pickles call, and its code as text."""
    try:
        with zipfile.ZipFile(path) as archive:
            check_archive(archive)
            return Source(archive)
    except BROKEN_ZIP as error:
        said = "This TorchScript file is damaged or cut off. Save it again with torch.jit.save, and upload it whole."
        raise BenchError("damaged_model", said) from error


def _does_not_load(error: BaseException) -> BenchError:
    if newer := NEWER.search(str(error)):
        said = f"This TorchScript file is in version {newer[1]} of its format; {newer[2]} is the newest known here."
        return BenchError("newer_format", f"{said} Save it with torch {torch.__version__.partition('+')[0]} or older.")
    if own := raised_by_itself(str(error)):
        said = f"This model raises by itself while it is loaded: {own.rstrip('.')[:160]}."
        return BenchError("model_raised", f"{said} Save it again without that step.")
    if unknown := UNKNOWN.search(str(error)):
        said = f"This model uses {unknown[1][:80]}, which is none of PyTorch's own operators."
        return BenchError("custom_operator", f"{said} Save it again without it.")
    why = next((meaning for mark, meaning in MEANINGS if mark in str(error)), first_line(error).rstrip(".:"))
    return BenchError(
        "damaged_model", f"This TorchScript file does not load: {why}. Save it again with torch.jit.save."
    )


def _does_not_run(inputs: Inputs, shapes: list[tuple[int, ...]], failure: Exception | None) -> BenchError:
    if not shapes:
        why = f" ({_reason(failure)})" if failure else ""
        said = f"TorchScript stores no input size, and none of the common ones runs{why}. {GIVE}"
        return BenchError("unknown_input", said)
    words = _words([(shape, guess.types[0]) for shape, guess in zip(shapes, inputs.guesses, strict=True)])
    details = {"shape": list(shapes[0])}
    if isinstance(failure, ModelRaisedError):
        said = f"This model stops by itself on an input of {words}. It raises: {first_line(failure)}"
        return BenchError("model_raised", said.rstrip(".") + ".", details=details)
    why = f" ({first_line(failure)})" if failure else ""
    said = f"This model does not run on an input of {words}{why}. Save it again for that input."
    return BenchError("input_mismatch", said, details=details)


def _reason(failure: Exception) -> str:
    by_itself = (
        "the model raises by itself: " if isinstance(failure, ModelRaisedError) else "the first that was tried: "
    )
    return by_itself + (first_line(failure).rstrip(".") or "no reason given")


def _words(inputs: list[tuple[tuple[int, ...], torch.dtype]]) -> str:
    return " and ".join(f"{'×'.join(map(str, shape))} {str(dtype).rpartition('.')[2]}" for shape, dtype in inputs)


def _follow(module: Any, graph: Any, inputs: Inputs, examples: list[torch.Tensor]) -> Graph:
    """What is counted in one call must hold for every call: another input takes the same steps."""
    found = _one_call(module, graph, inputs, examples)
    again = _another_call(module, graph, inputs, examples)
    if _steps(found) != _steps(again):
        raise refuse("takes other steps on another input")
    return found


def _another_call(module: Any, graph: Any, inputs: Inputs, examples: list[torch.Tensor]) -> Graph:
    """On chance numbers. Whole ones may be places in a table or lengths, where only those that ran are sure to be right."""
    chance = torch.Generator().manual_seed(1)
    others = [_other(example, chance) for example in examples]
    try:
        return _one_call(module, graph, inputs, others)
    except FAULTS:
        if all(map(_is_real, examples)):
            raise
        pairs = zip(examples, others, strict=True)
        return _one_call(module, graph, inputs, [other if _is_real(other) else example for example, other in pairs])


def _other(example: torch.Tensor, chance: torch.Generator) -> torch.Tensor:
    if _is_real(example):
        return torch.rand(example.shape, generator=chance, dtype=example.dtype)
    return torch.randint(0, 2, example.shape, generator=chance).to(example.dtype)


def _is_real(example: torch.Tensor) -> bool:
    return bool(example.is_floating_point() or example.is_complex())


def _one_call(module: Any, graph: Any, inputs: Inputs, examples: list[torch.Tensor]) -> Graph:
    recording = Recording()
    with torch.inference_mode():
        recording.store(list(module.parameters()), list(module.buffers()))
        names = [recording.input(example, f"input_{place}") for place, example in enumerate(examples)]
        result = Interpreter(recording).run(graph, module, inputs.filled(examples))
    return recording.graph("torchscript", names, result, [])


def _steps(graph: Graph) -> list[Any]:
    return [(each.op, each.macs, [graph.tensors[name].shape for name in each.outputs]) for each in graph.operators]
