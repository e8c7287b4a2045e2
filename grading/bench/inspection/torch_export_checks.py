"""What must hold in a .pt2 before PyTorch reads its graph, whose own reader says one sentence for every fault.

The fields are those of torch/_export/serde/schema.py.
"""

import json
import zipfile
from collections.abc import Iterator
from math import prod
from typing import Any, BinaryIO

import torch
from torch._export.serde.schema import SCHEMA_VERSION, Argument

from grading.bench.errors import BenchError
from grading.bench.inspection.memory import MOST_BYTES
from hardware.ondevice.pt2 import CONSTANTS_CONFIG, MODEL, WEIGHTS_CONFIG

OPERATORS = "torch.ops.aten."
# ScalarType -> bytes of an element.
BYTES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 2, 7: 4, 8: 8, 9: 4, 10: 8, 11: 16, 12: 1, 13: 2, 28: 2, 29: 1, 30: 1, 31: 1, 32: 1,
         33: 1, 34: 4, 35: 8}  # fmt: skip
STRIDED = 7
KINDS = frozenset(Argument.__dataclass_fields__)
STORED = {"parameter": "parameter_name", "buffer": "buffer_name", "tensor_constant": "tensor_constant_name"}
AGAIN = "Export the model again with torch.export.save."
BROKEN = (KeyError, TypeError, AttributeError, ValueError, IndexError)


def check(copy: BinaryIO) -> None:
    """Check an archive that hardware/ondevice/pt2.py has let pass.

    Raises:
        BenchError: newer_format, newer_opset, sparse_tensor, unsorted_nodes, damaged_model, too_large, no_output, custom_operator.
    """
    with zipfile.ZipFile(copy) as archive:
        members = {entry.filename.partition("/")[2]: entry for entry in archive.infolist()}
        program = json.loads(archive.read(members[MODEL]))
        stored = set[str]()
        try:
            for config in (WEIGHTS_CONFIG, CONSTANTS_CONFIG):
                folder = config.rpartition("/")[0]
                for name, payload in json.loads(archive.read(members[config]))["config"].items():
                    record = members[f"{folder}/{payload['path_name']}"]
                    _check_tensor(name, payload["tensor_meta"], record.file_size)
                    stored.add(name)
            _check_version(program["schema_version"])
            _check_opset(program["opset_version"])
            graph, signature = program["graph_module"]["graph"], program["graph_module"]["signature"]
            _check_values(graph)
            _check_signature(signature, graph, stored)
            for place, node in enumerate(graph["nodes"]):
                _check_call(node, f"Operator {place + 1} ({str(node['target'])[:80]})")
        except BROKEN as error:
            raise _damaged("The exported graph does not have the form torch.export writes.") from error


def _damaged(said: str, code: str = "damaged_model") -> BenchError:
    return BenchError(code, f"{said} {AGAIN}")


def _check_version(version: dict[str, Any]) -> None:
    if version["major"] != SCHEMA_VERSION[0]:
        said = f"This .pt2 is in version {str(version['major'])[:20]} of its format; {SCHEMA_VERSION[0]} is known here."
        raise BenchError(
            "newer_format", f"{said} Export it with torch 2.8 up to {torch.__version__.partition('+')[0]}."
        )


def _check_opset(versions: dict[str, Any]) -> None:
    """PyTorch reads a file with newer operators as if it were its own; none of them is known to do the same."""
    newest = torch._C._get_max_operator_version()
    version = versions["aten"]
    if type(version) is not int or version < 1:
        raise _damaged("The version of PyTorch's operators in this .pt2 is no number above 0.")
    if version > newest:
        said = f"This .pt2 is written in version {version} of PyTorch's operators; up to {newest} are known here."
        raise BenchError(
            "newer_opset", f"{said} Export it with torch {torch.__version__.partition('+')[0]} or an older one."
        )


# -- weights ------------------------------------------------------------------------------------------------------------


def _check_tensor(name: str, meta: dict[str, Any], have: int) -> None:
    """The numbers of a tensor lie within its record. The record may be longer: torch writes all the memory of a slice."""
    each = BYTES.get(meta["dtype"])
    if each is None:
        raise _damaged(f"The tensor {name[:80]} has an unknown type.")
    if meta["layout"] != STRIDED:
        raise _damaged(f"The tensor {name[:80]} is not stored as a plain array.", "sparse_tensor")
    sizes, strides = ([size["as_int"] for size in meta[key]] for key in ("sizes", "strides"))
    offset = meta["storage_offset"]["as_int"]
    if not all(type(number) is int and number >= 0 for number in (offset, *sizes, *strides)):
        raise _damaged(f"The tensor {name[:80]} has a size that is no number, or a negative one.")
    if len(sizes) != len(strides):
        raise _damaged(f"The tensor {name[:80]} has {len(sizes)} sizes and {len(strides)} strides.")
    reach = offset + sum((size - 1) * stride for size, stride in zip(sizes, strides, strict=True)) + 1
    if prod(sizes) and (reach * each > have or have % each):
        raise _damaged(f"The tensor {name[:80]} needs {reach * each:,} bytes, and there are {have:,}.")


# -- the graph ----------------------------------------------------------------------------------------------------------


def _names(value: Any) -> Iterator[str]:
    """Values of the graph that an argument or a result names."""
    if isinstance(value, list):
        for item in value:
            yield from _names(item)
    elif isinstance(value, dict):
        for key, item in value.items():
            if key in ("name", "as_name") and isinstance(item, str):
                yield item
            else:
                yield from _names(item)


def _arguments(node: dict[str, Any]) -> list[Any]:
    return [given["arg"] for given in node["inputs"]]


def _check_described(name: str, meta: dict[str, Any]) -> None:
    """What the graph says of a value. A size may be an expression; then nothing is told by it."""
    each = BYTES.get(meta["dtype"])
    if each is None:
        raise _damaged(f"The tensor {name[:80]} has an unknown type.")
    fixed = [size["as_int"] for size in meta["sizes"] if "as_int" in size]
    if not all(type(size) is int and size >= 0 for size in fixed):
        raise _damaged(f"The tensor {name[:80]} has a size that is no number, or a negative one.")
    if prod(fixed) * each > MOST_BYTES:
        said = f"The tensor {name[:80]} of {'×'.join(map(str, fixed))} has more than {MOST_BYTES:,} bytes."
        raise BenchError("too_large", f"{said} Make the layers of this model or its input smaller.")


def _check_values(graph: dict[str, Any]) -> None:
    """Every value is made once, before it is read, and has a size."""
    known = set(_names(graph["inputs"]))
    made_later = {name for node in graph["nodes"] for name in _names(node["outputs"])}
    for name, meta in graph["tensor_values"].items():
        _check_described(name, meta)
    described = {name for key in ("tensor_values", "sym_int_values", "sym_bool_values", "sym_float_values")
                 for name in graph.get(key) or ()}  # fmt: skip
    for place, node in enumerate(graph["nodes"]):
        where = f"Operator {place + 1} ({str(node['target'])[:80]})"
        for name in _names(_arguments(node)):
            if name not in known:
                later = name in made_later
                why = "only a later one makes" if later else "nothing makes"
                raise _damaged(
                    f"{where} reads {name[:80]}, which {why}.", "unsorted_nodes" if later else "damaged_model"
                )
            if name not in described:
                raise _damaged(f"{where} reads {name[:80]}, whose size is not in this file.")
        made = list(_names(node["outputs"]))
        if known & set(made):
            raise _damaged(f"{where} makes a value that is there already.")
        known.update(made)
    returned = list(_names(graph["outputs"]))
    missing = [name for name in returned if name not in known]
    if missing:
        raise _damaged(f"The output {missing[0][:80]} of this model is made by nothing.")
    if not returned:
        raise BenchError("no_output", "This model returns no tensor. Export it so that it returns its scores.")


def _check_signature(signature: dict[str, Any], graph: dict[str, Any], stored: set[str]) -> None:
    for key in ("input_specs", "output_specs"):
        ends = graph[key.partition("_")[0] + "s"]
        if len(signature[key]) != len(ends):
            raise _damaged(
                f"The graph has {len(ends)} {key.partition('_')[0]}s, and its signature {len(signature[key])}."
            )
    for spec in signature["input_specs"]:
        for kind, body in spec.items():
            name = body[STORED[kind]] if kind in STORED else None
            # What is computed anew in each call is not stored: a buffer that is not persistent is among the constants.
            if name is not None and name not in stored:
                raise _damaged(f"The weights {str(name)[:80]} are not in this file.")


def _check_call(node: dict[str, Any], where: str) -> None:
    """The operator exists, and has what it needs and nothing else."""
    target = node["target"]
    if not target.startswith("torch.ops."):
        if any("as_tensor" in argument for argument in _arguments(node)):
            raise _damaged(f"{where} is arithmetic over sizes, and is given a tensor.")
        return
    if not target.startswith(OPERATORS):
        return  # other name spaces come with packages of PyTorch that are loaded when they are needed
    name, _, overload = target.removeprefix(OPERATORS).partition(".")
    packet = getattr(torch.ops.aten, name, None)
    if packet is None or overload not in packet.overloads():
        said = f"{where} does not exist in torch {torch.__version__.partition('+')[0]}."
        raise BenchError("custom_operator", f"{said} Export the model with PyTorch's own operators.")
    odd = [kind for argument in _arguments(node) for kind in argument if kind not in KINDS]
    if odd:
        raise _damaged(f"{where} is given a value of the kind {odd[0][:40]}, which there is not.")
    known = {argument.name: argument for argument in getattr(packet, overload)._schema.arguments}
    given = {argument["name"] for argument in node["inputs"]}
    more = sorted(given - known.keys())
    if more:
        raise _damaged(f"{where} has an argument {more[0][:40]}, which this operator does not take.")
    lacking = [key for key, argument in known.items() if not argument.has_default_value() and key not in given]
    if lacking:
        raise _damaged(f"{where} lacks its argument {lacking[0][:40]}.")
