"""Parts of a TFLite file beside the graph that is measured: nothing in them leads out of the file, or out of its lists.

A runtime reads some of them when it loads the model, another one when it is asked to. Fields:
tensorflow/lite/schema/schema.fbs.
"""

from collections.abc import Callable, Iterator
from typing import Any

from grading.bench.errors import BenchError

Count = Callable[[int], int]  # checks the length of a list against the file's
AGAIN = "Convert the model again."


def check_parts(model: Any, file_bytes: int, count: Count) -> None:
    """Raises BenchError: external_data, damaged_model."""
    if count(model.ExternalBuffersLength()) or count(model.ExternalBufferGroupsLength()):
        raise _outside()
    for place in range(count(model.MetadataBufferLength())):
        _check_place(model.MetadataBuffer(place), model.BuffersLength(), "buffer")
    for place in range(count(model.SignatureDefsLength())):
        _check_signature(model, model.SignatureDefs(place), count)
    for graph in (model.Subgraphs(place) for place in range(model.SubgraphsLength())):
        _check_graph(graph, file_bytes, count)


def _outside() -> BenchError:
    said = "Weights of this model lie in another file, which is not handed in with it."
    return BenchError("external_data", f"{said} Convert the model into one file.")


def _check_place(place: int, length: int, what: str) -> None:
    if not 0 <= place < length:
        raise BenchError("damaged_model", f"This file names {what} {place}, which does not exist. {AGAIN}")


def _check_graph(graph: Any, file_bytes: int, count: Count) -> None:
    tensors = count(graph.TensorsLength())
    if any(graph.Tensors(place).ExternalBuffer() for place in range(tensors)):
        raise _outside()
    for place in _ends(graph, count):
        _check_place(place, tensors, "tensor")
    for number in range(count(graph.OperatorsLength())):
        operator = graph.Operators(number)
        if operator.LargeCustomOptionsOffset() + operator.LargeCustomOptionsSize() > file_bytes:
            said = f"Options of operator {number + 1} of this model lie behind its end."
            raise BenchError("damaged_model", f"{said} Upload the whole file.")
        for place in _arguments(operator, count):
            if place != -1:  # an input that is left out
                _check_place(place, tensors, "tensor")


def _ends(graph: Any, count: Count) -> Iterator[int]:
    yield from (graph.Inputs(place) for place in range(count(graph.InputsLength())))
    yield from (graph.Outputs(place) for place in range(count(graph.OutputsLength())))


def _arguments(operator: Any, count: Count) -> Iterator[int]:
    yield from (operator.Inputs(place) for place in range(count(operator.InputsLength())))
    yield from (operator.Outputs(place) for place in range(count(operator.OutputsLength())))
    yield from (operator.Intermediates(place) for place in range(count(operator.IntermediatesLength())))


def _check_signature(model: Any, signature: Any, count: Count) -> None:
    _check_place(signature.SubgraphIndex(), model.SubgraphsLength(), "graph")
    tensors = count(model.Subgraphs(signature.SubgraphIndex()).TensorsLength())
    ends = [signature.Inputs(place) for place in range(count(signature.InputsLength()))]
    ends += [signature.Outputs(place) for place in range(count(signature.OutputsLength()))]
    for end in ends:
        _check_place(end.TensorIndex(), tensors, "tensor")
