"""TorchScript (.pt) to Graph. Loading one runs its code: this happens in the sandbox and nowhere else.

The file stores no input size. The lab's is taken; without one common sizes are tried (torchscript_inputs.py) until the
model runs, which the report then says.
"""

from pathlib import Path
from typing import Any

import torch

from grading.bench.errors import BenchError
from grading.bench.graph import Graph
from grading.bench.inspection.faults import FAULTS, first_line, raise_if_memory
from grading.bench.inspection.torchscript_inputs import GIVE, Inputs
from grading.bench.inspection.torchscript_interpreter import Interpreter
from grading.bench.inspection.traced import Recording


def read(path: Path, input_shapes: list[tuple[int, ...]]) -> Graph:
    """Raises BenchError: damaged_model, unknown_input, control_flow, operator_not_counted, input_mismatch (the lab's
    input does not run).
    """
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
    inputs = Inputs(module, graph)
    failure: Exception | None = None
    for examples in inputs.examples(input_shapes):
        try:
            found = _follow(module, graph, inputs, examples)
        except FAULTS as error:
            raise_if_memory(error)
            failure = failure or error
            continue  # another size or type may fit
        if not input_shapes:
            words = _words([(tuple(one.shape), one.dtype) for one in examples])
            said = f"TorchScript stores no input size; measured with {words}, the smallest tried that runs."
            found.findings.insert(0, ("input_shape_assumed", said))
        return found
    raise _does_not_run(inputs, input_shapes, failure)


def _does_not_run(inputs: Inputs, shapes: list[tuple[int, ...]], failure: Exception | None) -> BenchError:
    if not shapes:
        said = f"TorchScript stores no input size, and none of the common ones runs. {GIVE}"
        return BenchError("unknown_input", said)
    words = _words([(shape, guess.types[0]) for shape, guess in zip(shapes, inputs.guesses, strict=True)])
    why = f" ({first_line(failure)})" if failure else ""
    return BenchError(
        "input_mismatch",
        f"This model does not run on an input of {words}{why}. Save it again for that input.",
        details={"shape": list(shapes[0])},
    )


def _words(inputs: list[tuple[tuple[int, ...], torch.dtype]]) -> str:
    return " and ".join(f"{'×'.join(map(str, shape))} {str(dtype).rpartition('.')[2]}" for shape, dtype in inputs)


def _follow(module: Any, graph: Any, inputs: Inputs, examples: list[torch.Tensor]) -> Graph:
    recording = Recording()
    with torch.inference_mode():
        recording.store(list(module.parameters()), list(module.buffers()))
        names = [recording.input(example, f"input_{place}") for place, example in enumerate(examples)]
        result = Interpreter(recording).run(graph, module, inputs.filled(examples))
    return recording.graph("torchscript", names, result, [])
