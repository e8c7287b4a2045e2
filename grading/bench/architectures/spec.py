"""Reads an architecture that somebody described in JSON: a published one by name, or a list of layers.

The file is a stranger's: sizes are bounded, unknown keys refused, and every refusal names the layer. docs/arch-spec.md explains
the format, docs/arch-spec.schema.json is its schema.
"""

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, NoReturn

from grading.bench.architectures.builder import ACTIVATIONS, Builder, ShapeError
from grading.bench.architectures.catalogue import ARCHITECTURES, Parameter
from grading.bench.architectures.spec_values import (
    MOST_CHANNELS,
    Refused,
    bad,
    channels,
    number,
    one_of,
    padding,
    shown,
    side,
    text,
    whole,
    yes_or_no,
)  # fmt: skip
from grading.bench.errors import BenchError
from grading.bench.files import file_size, unreadable
from grading.bench.graph import Graph
from grading.bench.report import report_of

MOST_BYTES = 2 * 1024 * 1024
MOST_LAYERS = 10_000
MOST_INPUTS = 1_000
MOST_AXES = 3
Check = Callable[[Any], Any]
activation = one_of(*ACTIVATIONS, "silu")

_WINDOW: dict[str, Check] = {"size": side, "stride": side, "padding": padding}
_LAYER: dict[str, Check] = {"channels": channels, "activation": activation, "bias": yes_or_no}
# Kind of layer -> (how many inputs, keys it must have, keys it may have, method of Builder). -1: one or more inputs.
KINDS: dict[str, tuple[int, tuple[str, ...], dict[str, Check], str]] = {
    "conv": (1, ("channels",), {**_LAYER, **_WINDOW, "groups": channels, "dilation": side}, "conv"),
    "depthwise": (
        1,
        (),
        {**_WINDOW, "dilation": side, "activation": activation, "bias": yes_or_no, "multiplier": whole},
        "depthwise",
    ),
    "transposed": (1, ("channels",), {**_WINDOW, "channels": channels, "activation": activation}, "transposed"),
    "dense": (1, ("channels",), _LAYER, "dense"),
    "matmul": (2, (), {"transposed": yes_or_no, "heads": whole}, "matmul"),
    "max_pool": (1, ("size",), _WINDOW, "pool"),
    "mean_pool": (1, ("size",), _WINDOW, "pool"),
    "global_pool": (1, (), {}, "global_pool"),
    "add": (2, (), {"activation": activation}, "add"),
    "multiply": (2, (), {}, "multiply"),
    "concat": (-1, (), {"axis": lambda value: whole(value, 1, MOST_AXES)}, "concat"),
    "slice": (1, ("channels",), {"channels": channels}, "slice"),
    "shuffle": (1, (), {}, "shuffle"),
    "resize": (1, ("scale",), {"scale": lambda value: whole(value, 1, 16)}, "resize"),
    "flatten": (1, (), {}, "flatten"),
    "tokens": (1, (), {}, "tokens"),
    "activation": (1, ("activation",), {"activation": activation}, "activation"),
    "softmax": (1, (), {}, "softmax"),
    "layer_norm": (1, (), {}, "norm"),
    "scale": (1, (), {"activation": activation}, "scale"),
}
# Keys of the file -> names of Builder's parameters.
RENAMED = {"channels": "out"}
# Those that Builder takes by place, and in which order, after the inputs.
BY_PLACE = {"slice": ("channels",), "resize": ("scale",), "activation": ("activation",)}


def load_spec(path: Path) -> Graph:
    """The graph that a file describes.

    Raises:
        BenchError: file_missing, not_a_file, file_unreadable (infrastructure); spec_too_large, bad_spec, zero_size, too_large,
            damaged_model (refused), with a sentence that names the place.
    """
    size = file_size(path)
    if size > MOST_BYTES:
        raise BenchError(
            "spec_too_large", f"{path.name[:80]} has {size:,} bytes; a description has at most {MOST_BYTES:,}."
        )
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise unreadable(path, error) from error
    return read_spec(_parsed(raw))


def read_spec(raw: Any) -> Graph:
    """The graph of a description that was parsed. Raises BenchError as load_spec does."""
    if not isinstance(raw, dict):
        raise bad("The description", "expected an object with the key architecture or layers.")
    graph = _named(raw) if "architecture" in raw else _layers(raw)
    report_of(graph, size=0, sha256="")  # refuses what no report may hold
    return graph


def _parsed(raw: bytes) -> Any:
    def not_finite(name: str) -> NoReturn:
        raise ValueError(f"{name} is no number that can be used")

    def without_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) < len(pairs):
            raise ValueError("a key stands twice in one object")
        return found

    try:
        # Some editors put a mark in front that says it is UTF-8.
        return json.loads(raw.decode("utf-8-sig"), parse_constant=not_finite, object_pairs_hook=without_doubles)
    except UnicodeDecodeError:
        raise BenchError("bad_spec", "The description is not UTF-8 text. Save it as UTF-8.") from None
    except RecursionError:
        raise BenchError("bad_spec", "The description is nested too deeply. It needs three levels.") from None
    except json.JSONDecodeError as error:
        said = f"The description is no JSON: line {error.lineno}, column {error.colno}. Check commas and quotes there."
        raise BenchError("bad_spec", said) from None
    except ValueError as error:
        said = "a number has too many digits" if "digits" in str(error) else str(error)
        raise BenchError("bad_spec", f"The description cannot be read: {said}.") from None


def _named(raw: dict[str, Any]) -> Graph:
    name = raw["architecture"]
    if not isinstance(name, str) or name not in ARCHITECTURES:
        raise bad("architecture", f"{shown(name)} is not known. Known: {', '.join(sorted(ARCHITECTURES))}.")
    build, parameters = ARCHITECTURES[name]
    given = {key: value for key, value in raw.items() if key not in ("architecture", "comment")}
    if unknown := sorted(set(given) - set(parameters)):
        raise bad(name, f"it has no parameter {shown(unknown[0])}. It takes {', '.join(parameters)}.")
    values = {
        key: _checked(f"{name}, {key}", partial(_parameter, parameters[key]), value) for key, value in given.items()
    }
    try:
        return build(**values)
    except ShapeError as error:
        raise bad(name, f"with these parameters {error}.") from None


def _parameter(wanted: Parameter, value: Any) -> Any:
    kind, bounds = wanted
    if kind is bool:
        return yes_or_no(value)
    if kind is str:
        return one_of(*bounds)(value)
    if len(bounds) != 2:
        if isinstance(value, bool) or value not in bounds:
            raise Refused(f"expected one of {', '.join(map(str, bounds))}, not {shown(value)}")
        return kind(value)
    return whole(value, *bounds) if kind is int else number(value, *bounds)


def _checked(place: str, check: Check, value: Any) -> Any:
    try:
        return check(value)
    except Refused as error:
        raise bad(place, f"{error}.") from None


def _layers(raw: dict[str, Any]) -> Graph:
    if unknown := sorted(set(raw) - {"input", "layers", "outputs", "quantised", "comment"}):
        raise bad("The description", f"the key {shown(unknown[0])} is not known.")
    layers = raw.get("layers")
    if not isinstance(layers, list) or not 0 < len(layers) <= MOST_LAYERS:
        raise bad("layers", f"expected a list of 1 to {MOST_LAYERS:,} layers.")
    quantised = _checked("quantised", yes_or_no, raw.get("quantised", False))
    builder = Builder((1, *_checked("input", _shape, raw.get("input"))), quantised)
    made = {"input": builder.input}
    last = "input"
    for index, layer in enumerate(layers, start=1):
        last = _layer(builder, made, last, index, layer)
    outputs = raw.get("outputs", [last])
    if (
        not isinstance(outputs, list)
        or not outputs
        or any(not isinstance(name, str) or name not in made for name in outputs)
    ):
        raise bad("outputs", "expected a list of names of layers.")
    return builder.graph(*dict.fromkeys(made[name] for name in outputs))


def _shape(value: Any) -> tuple[int, ...]:
    if not isinstance(value, list) or not 1 <= len(value) <= MOST_AXES:
        raise Refused("expected [channels, height, width], [tokens, features] or [features], without the batch")
    return tuple(whole(size, 1, MOST_CHANNELS) for size in value)


def _layer(builder: Builder, made: dict[str, str], last: str, index: int, raw: Any) -> str:
    """Adds one layer; returns its name."""
    if not isinstance(raw, dict):
        raise bad(f"layer {index}", "expected an object.")
    name = _checked(f"layer {index}, name", text, raw.get("name", f"layer{index}"))
    place = f'layer {index} "{name}"'
    if name in made:
        raise bad(place, "another layer has this name.")
    kind = raw.get("kind")
    if not isinstance(kind, str) or kind not in KINDS:
        raise bad(place, f"{shown(kind)} is no kind of layer. Kinds: {', '.join(KINDS)}.")
    count, needed, known, method = KINDS[kind]
    given = {key: value for key, value in raw.items() if key not in ("kind", "name", "inputs", "comment")}
    if unknown := sorted(set(given) - set(known)):
        raise bad(place, f"{kind} has no key {shown(unknown[0])}. It takes {', '.join(known) or 'none'}.")
    if missing := [key for key in needed if key not in given]:
        raise bad(place, f"{kind} needs the key {missing[0]}.")
    values = {key: _checked(f"{place}, {key}", known[key], value) for key, value in given.items()}
    inputs = _inputs(place, raw, made, last, count)
    if kind in ("max_pool", "mean_pool"):
        values = {"stride": values["size"], **values, "kind": kind.removesuffix("_pool")}
    made[name] = _call(builder, place, method, inputs if count >= 0 else [inputs], values, f"{index}:{name}")
    return str(name)


def _inputs(place: str, raw: dict[str, Any], made: dict[str, str], last: str, count: int) -> list[Any]:
    names = raw.get("inputs", [last])
    if (
        not isinstance(names, list)
        or not 0 < len(names) <= MOST_INPUTS
        or not all(isinstance(name, str) for name in names)
    ):
        raise bad(place, f"inputs is a list of 1 to {MOST_INPUTS:,} names, not {shown(names)}.")
    if count >= 0 and len(names) != count:
        raise bad(place, f"it takes {count} input{'s' if count > 1 else ''}, not {len(names)}: list them under inputs.")
    if lost := [name for name in names if name not in made]:
        said = f"its input {shown(lost[0])} is no earlier layer. Layers stand in the order in which they run, without cycles."
        raise bad(place, said)
    return [made[name] for name in names]


def _call(builder: Builder, place: str, method: str, inputs: list[Any], values: dict[str, Any], label: str) -> str:
    first = [values.pop(key) for key in BY_PLACE.get(method, ()) if key in values]
    named = {RENAMED.get(key, key): value for key, value in values.items()}
    try:
        return str(getattr(builder, method)(*inputs, *first, **named, name=label))
    except ShapeError as error:
        raise bad(place, f"{error}.") from None
