"""What no report may hold. A file may claim any size; what comes out of the sandbox is refused as forged beyond these."""

from grading.bench.errors import BenchError
from grading.bench.graph import Graph, Operator, Tensor

MOST_OPERATORS = 20_000
MOST_TENSORS = 100  # inputs, and outputs
MOST_RANK = 8  # also of what the harness takes (hardware/ondevice/harness.py, shape)
MOST_ELEMENTS = 1 << 40
LARGEST = 1 << 62


def check_bounds(graph: Graph) -> None:
    """Raises BenchError: too_large, too_many_operators, too_many_dimensions, zero_size, damaged_model."""
    if len(graph.operators) > MOST_OPERATORS:
        raise BenchError("too_many_operators", f"This model has more than {MOST_OPERATORS:,} operators.")
    if max(len(graph.inputs), len(graph.outputs)) > MOST_TENSORS:
        raise BenchError("too_many_operators", f"This model has more than {MOST_TENSORS} inputs or outputs.")
    for tensor in graph.tensors.values():
        _check_size(tensor)
    for name in (*graph.inputs, *graph.outputs):
        if 0 in graph.tensors[name].shape:
            said = f"The input or output {name[:80]} has a size of 0, so there is nothing to measure."
            raise BenchError("zero_size", f"{said} Export the model with sizes of at least 1.")
    _check_empty(graph)
    if any(operator.macs < 0 for operator in graph.operators):
        raise BenchError("damaged_model", "An operator of this model computes less than nothing. Export it again.")
    for place, operator in enumerate(graph.operators):
        _check_window(place, operator)
    if sum(operator.macs for operator in graph.operators) >= LARGEST:
        raise BenchError("too_large", "This model computes more than any device ever could. Export it again.")


def _check_size(tensor: Tensor) -> None:
    name = tensor.name[:80]
    if len(tensor.shape) > MOST_RANK:
        said = f"Tensor {name} has {len(tensor.shape)} dimensions; at most {MOST_RANK} can be measured."
        raise BenchError("too_many_dimensions", f"{said} Export the model with fewer.")
    if any(size < 0 for size in tensor.shape):
        shape = "×".join(map(str, tensor.shape))
        said = f"Tensor {name} would have the size {shape}: a window is larger than what it slides over."
        raise BenchError("damaged_model", f"{said} Export the model with larger fixed input sizes.")
    if tensor.elements > MOST_ELEMENTS:
        raise BenchError("too_large", f"Tensor {name} is larger than any device can hold. Export the model again.")


def _check_empty(graph: Graph) -> None:
    """What an operator makes, or learned, must hold something; what is left out, or that nobody reads, may be empty."""
    used = {name for operator in graph.operators for name in operator.inputs}.union(graph.outputs)
    for place, operator in enumerate(graph.operators):
        names = [*operator.outputs[:1], *(name for name in operator.outputs[1:] if name in used), *operator.weights]
        empty = next(
            (graph.tensors[name] for name in names if name in graph.tensors and 0 in graph.tensors[name].shape), None
        )
        if empty is not None:
            shape = "×".join(map(str, empty.shape))
            what = "has the weight" if empty.constant else "makes the tensor"
            said = (
                f"Operator {place + 1} ({operator.op[:60]}) {what} {empty.name[:60]} of {shape}, which holds nothing."
            )
            raise BenchError("zero_size", f"{said} Export the model with sizes of at least 1.")


def _check_window(place: int, operator: Operator) -> None:
    kernel = operator.kernel
    if kernel is None:
        return
    lists = (kernel.size, kernel.stride, kernel.dilation)
    counts = (kernel.groups, *kernel.size, *kernel.stride, *kernel.dilation)
    if (
        max(map(len, lists)) > MOST_RANK
        or not 1 <= min(counts) <= max(counts) < LARGEST
        or min(kernel.in_channels, kernel.out_channels) < 0
    ):
        said = f"Operator {place + 1} ({operator.op[:60]}) has a window, a stride or a number of groups below 1."
        raise BenchError("damaged_model", f"{said} Export the model again.")
