"""What must hold before an ONNX model is worked on: everything in it is bounded, known, inside the file and in order.

A small file can ask for much: functions that call each other twice, constants that double, sparse tensors of gigabytes.
"""

from collections.abc import Iterator
from math import prod
from typing import Any

import numpy as np
from onnx import IR_VERSION, TensorProto, defs

from grading.bench.errors import BenchError
from grading.bench.graph import Graph
from grading.bench.inspection.onnx_operators import COUNTED, RUNTIME_DOMAIN, RUNTIME_OPERATORS, STANDARD
from grading.bench.inspection.onnx_shapes import array_of
from grading.bench.inspection.onnx_weightless import EXTERNAL, is_absent

MOST_NODES, MOST_ENDS = 20_000, 100
MOST_FUNCTIONS, MOST_DEPTH = 500, 100
MOST_CONSTANTS = 50_000  # ONNX Runtime takes a minute to load more of them
MOST_WEIGHT_BYTES = 2 << 30
# What ONNX Runtime 1.31 loads; the onnx package here knows newer ones.
NEWEST_OPSET, NEWEST_IR = 26, 13
TYPES = frozenset(TensorProto.DataType.values())
RANDOM = {"RandomNormal", "RandomNormalLike", "RandomUniform", "RandomUniformLike", "Bernoulli", "Multinomial"}
# Where a tensor can hold its numbers.
FIELDS = ("raw_data", "float_data", "int32_data", "int64_data", "double_data", "uint64_data", "string_data")
# Where an operator takes the step between whole numbers. Of stored weights it may be 0: some converters write that for a
# channel of zeros alone.
WEIGHT_SCALE = 4
SCALES = {"QuantizeLinear": (1,), "DequantizeLinear": (1,), "QLinearConv": (1, 4, 6), "QLinearMatMul": (1, 4, 6)}
CONTROL_FLOW = {"If", "Loop", "Scan", "SequenceMap"}


def check(model: Any) -> None:
    """Everything that holds before shapes are inferred and functions are written out.

    Raises:
        BenchError: newer_opset, too_many_operators, control_flow, custom_operator, random_model, operator_not_counted,
            sparse_tensor, external_data, too_large, damaged_model.
    """
    graph = model.graph
    check_versions(model, (defs.onnx_opset_version(), IR_VERSION))
    if not graph.node:
        raise BenchError("damaged_model", "This ONNX file holds no operators. Export the model again.")
    if len(graph.node) > MOST_NODES or len(model.functions) > MOST_FUNCTIONS:
        raise BenchError("too_many_operators", f"This model has more than {MOST_NODES:,} operators.")
    if len(graph.initializer) > MOST_CONSTANTS:
        raise BenchError("too_many_operators", f"This model has more than {MOST_CONSTANTS:,} constants.")
    if max(len(graph.input), len(graph.output)) > MOST_NODES:
        raise BenchError("too_many_operators", f"This model has more than {MOST_NODES:,} inputs or outputs.")
    _check_names(model)
    functions = {(function.domain, function.name) for function in model.functions}
    if len({(each.domain, each.name, each.overload) for each in model.functions}) < len(model.functions):
        raise BenchError("damaged_model", "Two functions of this model have one name. Export the model again.")
    for node in _nodes(model):
        _check_node(node, functions)
    if graph.sparse_initializer:
        raise _sparse()
    _check_tensors(model)
    _check_expansion(model)


def check_versions(model: Any, newest: tuple[int, int] = (NEWEST_OPSET, NEWEST_IR)) -> None:
    """Versions that there are, up to these of the operators and of the format: those that ONNX Runtime loads.

    Raises:
        BenchError: newer_opset, damaged_model.
    """
    most, most_ir = newest
    standard = {opset.version for opset in model.opset_import if opset.domain in STANDARD}
    if len(standard) > 1:
        said = f"This model states {len(standard)} versions of the ONNX operators ({', '.join(map(str, sorted(standard)[:4]))})."
        raise BenchError("damaged_model", f"{said} Export it with one opset_version of at most {NEWEST_OPSET}.")
    version = max(standard, default=1)
    if not 1 <= version <= most:
        said = f"This model is written in version {version} of the ONNX operators; 1 to {most} are known here."
        code = "newer_opset" if version > most else "damaged_model"
        raise BenchError(code, f"{said} Export it with an opset_version of at most {NEWEST_OPSET}.")
    if not 0 <= model.ir_version <= most_ir:
        said = f"This file is in version {model.ir_version} of the ONNX format; 1 to {most_ir} are known here."
        code = "newer_opset" if model.ir_version > most_ir else "damaged_model"
        raise BenchError(code, f"{said} Export it with ir_version={NEWEST_IR} or an older onnx package.")


def check_ends(graph: Any) -> None:
    """Raises BenchError (too_many_operators). Weights that are inputs are no longer among them."""
    if max(len(graph.input) - len(graph.initializer), len(graph.output)) > MOST_ENDS:
        raise BenchError("too_many_operators", f"This model has more than {MOST_ENDS} inputs or outputs.")


def check_order(graph: Any) -> None:
    """Every value is made once, and before it is read.

    Raises:
        BenchError: damaged_model, unsorted_nodes.
    """
    stored = [tensor.name for tensor in graph.initializer]
    if len(set(stored)) != len(stored):
        raise BenchError("damaged_model", "Two constants of this model have one name. Export the model again.")
    known = {*stored, *(value.name for value in graph.input)}
    all_made = {name for node in graph.node for name in node.output}
    for place, node in enumerate(graph.node):
        missing = [name for name in node.input if name and name not in known]
        if missing:
            code, why = (
                ("unsorted_nodes", "only a later one makes")
                if missing[0] in all_made
                else ("damaged_model", "nothing makes")
            )
            where = f"Operator {place + 1} ({node.op_type[:40]}) reads {missing[0][:80]}, which {why}."
            raise BenchError(code, f"{where} Export the model again, with operators in the order in which they run.")
        made = [name for name in node.output if name]
        if not made:
            raise BenchError("damaged_model", f"An operator {node.op_type[:40]} makes nothing. Export the model again.")
        if any(name in known for name in made):
            raise BenchError(
                "damaged_model", f"Two operators of this model make {made[0][:80]}. Export the model again."
            )
        known.update(made)


def check_numbers(graph: Any, constants: dict[str, Any]) -> None:
    """Constants that decide how an operator works.

    Raises:
        BenchError: weights_not_finite for a step that no quantisation has, random_model for a Dropout that is on.
    """
    for place, node in enumerate(graph.node):
        where = f"perator {place + 1} ({node.op_type[:40]})"
        for at in SCALES.get(node.op_type, ()):
            name = node.input[at] if at < len(node.input) else ""
            if name not in constants or is_absent(constants[name]):
                continue
            steps = array_of(constants[name]).astype(np.float64)
            may_be_0 = node.op_type == "DequantizeLinear" or at == WEIGHT_SCALE
            if not np.isfinite(steps).all() or (steps < 0).any() or (not may_be_0 and (steps == 0).any()):
                said = f"The quantisation step of o{where} is 0, negative, infinite or NaN."
                raise BenchError("weights_not_finite", f"{said} Quantise the model again, with examples of its input.")
        if node.op_type == "Dropout" and _is_on(node, constants):
            said = f"O{where} of this model drops numbers at random while it answers."
            raise BenchError("random_model", f"{said} Export it for inference (model.eval()), without that step.")


def _is_on(node: Any, constants: dict[str, Any]) -> bool:
    """Whether a Dropout is in training: its third input says so, which may also be left out."""
    switch = node.input[2] if len(node.input) > 2 else ""
    return bool(switch) and (switch not in constants or bool(array_of(constants[switch]).any()))


def check_outputs(stored: Any, graph: Graph) -> None:
    """An output has as many dimensions as the file says. Single sizes often differ, and runtimes let them.

    Raises:
        BenchError: damaged_model.
    """
    for value in stored.output:
        said, made = value.type.tensor_type.shape.dim, graph.tensors[value.name].shape
        if said and len(said) != len(made):
            sizes = "×".join(map(str, made))
            text = (
                f"The output {value.name[:80]} has {len(said)} dimensions by its description, and is made as {sizes}."
            )
            raise BenchError("damaged_model", f"{text} Export the model again.")


def _nodes(model: Any) -> Iterator[Any]:
    for holder in (model.graph, *model.functions):
        yield from holder.node


def _check_names(model: Any) -> None:
    """A name that is not UTF-8 comes out of protobuf as bytes, which fit neither a report nor another name."""
    named = (*model.graph.initializer, *model.graph.input, *model.graph.output, *model.functions)
    names = [item.name for item in named]
    for node in _nodes(model):
        names += [node.name, node.op_type, node.domain, *node.input, *node.output]
    if not all(isinstance(name, str) for name in names):
        raise BenchError("damaged_model", "A name in this ONNX file is not UTF-8. Export the model again.")


def _check_node(node: Any, functions: set[tuple[str, str]]) -> None:
    name = f"{node.domain}.{node.op_type}"[:100].lstrip(".") or "an operator without a name"
    if (node.domain, node.op_type) in functions:
        return
    if any(map(is_absent, _in_branches(node))):
        raise BenchError("external_data", EXTERNAL)
    if node.op_type in CONTROL_FLOW or any(map(_graphs_of, node.attribute)):
        raise BenchError(
            "control_flow",
            f"This model branches ({name}), so its cost cannot be counted. Export it without control flow.",
        )
    known = defs.has(node.op_type, "") if node.domain in STANDARD else False
    if not known and not (node.domain == RUNTIME_DOMAIN and node.op_type in RUNTIME_OPERATORS):
        raise BenchError(
            "custom_operator",
            f"This model uses {name}, which cannot be measured here. Export it with standard ONNX operators only.",
        )
    if node.op_type in RANDOM:
        said = f"This model draws a random number while it answers ({name}), so one input can be answered in two ways."
        raise BenchError("random_model", f"{said} Export it for inference (model.eval()), without that step.")
    if node.op_type not in COUNTED:
        raise BenchError(
            "operator_not_counted",
            f"This model uses {name}, whose multiply-accumulates are not counted here, so none of it is. "
            "Export it with the operators that it is made of.",
        )
    if any(item.HasField("sparse_tensor") or item.sparse_tensors for item in node.attribute):
        raise _sparse()


def _sparse() -> BenchError:
    return BenchError("sparse_tensor", "This model stores weights in ONNX's sparse form. Export it with dense tensors.")


def _check_tensors(model: Any) -> None:
    expanded = 0
    for tensor in (*_constants_in_nodes(model), *_in_training(model)):
        if is_absent(tensor):
            raise BenchError("external_data", EXTERNAL)
        if prod(tensor.dims) <= MOST_WEIGHT_BYTES and tensor.data_type != TensorProto.STRING:
            array_of(tensor)  # its bytes must fill its size, also where nobody reads it
    for tensor in (*model.graph.initializer, *_constants_in_nodes(model), *_in_training(model)):
        _check_numbers(tensor)
        expanded += prod(tensor.dims)
        if expanded > MOST_WEIGHT_BYTES:
            raise BenchError("too_large", "The constants of this model expand to more than 2 GiB.")


def _check_numbers(tensor: Any) -> None:
    if tensor.data_type not in TYPES or any(size < 0 for size in tensor.dims):
        raise BenchError("damaged_model", f"The constant {tensor.name[:80]} has no valid type or size. Export again.")
    if sum(bool(getattr(tensor, field)) for field in FIELDS) > 1:
        said = f"The constant {tensor.name[:80]} holds its numbers twice, in two ways."
        raise BenchError("damaged_model", f"{said} Export the model again.")


def _constants_in_nodes(model: Any) -> Iterator[Any]:
    for node in _nodes(model):
        for attribute in node.attribute:
            yield from _in_attribute(attribute)
    for function in model.functions:
        for default in function.attribute_proto:
            yield from _in_attribute(default)


def _in_training(model: Any) -> Iterator[Any]:
    """Constants of the graphs that a training runtime would run; no runtime of ours opens them."""
    for training in model.training_info:
        for graph in (training.initialization, training.algorithm):
            yield from _in_graph(graph)


def _in_attribute(attribute: Any) -> Iterator[Any]:
    """Tensors of an attribute by what it holds, not by its type: whoever loads files of weights looks at the former."""
    yield from ([attribute.t] if attribute.HasField("t") else [])
    yield from attribute.tensors
    sparse = [*([attribute.sparse_tensor] if attribute.HasField("sparse_tensor") else []), *attribute.sparse_tensors]
    for tensor in sparse:
        yield from (tensor.values, tensor.indices)


def _in_branches(node: Any) -> Iterator[Any]:
    """Constants of the graphs inside a node, however deep; protobuf itself bounds the depth."""
    for attribute in node.attribute:
        for graph in _graphs_of(attribute):
            yield from _in_graph(graph)


def _graphs_of(attribute: Any) -> list[Any]:
    return [*([attribute.g] if attribute.HasField("g") else []), *attribute.graphs]


def _in_graph(graph: Any) -> Iterator[Any]:
    yield from graph.initializer
    for sparse in graph.sparse_initializer:
        yield from (sparse.values, sparse.indices)
    for node in graph.node:
        for item in node.attribute:
            yield from _in_attribute(item)
        yield from _in_branches(node)


def _check_expansion(model: Any) -> None:
    """How many nodes there are once every function is written out; a function may not call itself."""
    functions = {(function.domain, function.name): function for function in model.functions}
    sizes: dict[tuple[str, str], int] = {}

    def size(key: tuple[str, str], above: tuple[tuple[str, str], ...]) -> int:
        if key in above or len(above) > MOST_DEPTH:
            raise BenchError(
                "damaged_model", f"The function {key[1][:80]} of this model calls itself, or others too deeply."
            )
        if key not in sizes:
            sizes[key] = sum(count(node, (*above, key)) for node in functions[key].node)
        return sizes[key]

    def count(node: Any, above: tuple[tuple[str, str], ...]) -> int:
        key = (node.domain, node.op_type)
        return size(key, above) if key in functions else 1

    if sum(count(node, ()) for node in model.graph.node) > MOST_NODES:
        raise BenchError("too_many_operators", f"Written out, this model has more than {MOST_NODES:,} operators.")
