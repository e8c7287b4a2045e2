"""Words for layers: short names that stay apart, and what each operator is. Pure: a report in, words out."""

import re
from collections import Counter, defaultdict
from math import prod
from typing import Any

Json = dict[str, Any]
MOST_LAYERS = 40  # rows of the table of layers; the CSV has all
MOST_PARTS = 8  # of a path that are looked at: a name is a stranger's
MOST_NAME = 28
CLASS_WORDS = {"conv": "conv", "depthwise": "depthwise", "dense": "dense", "matmul": "matrix product"}


def full_name(op: Json) -> str:
    return str(op["name"] or op["op"])


def short_names(operators: list[Json]) -> list[str]:
    """The last parts of each name that no other has: layer1.0/conv1 of /layer1/layer1.0/conv1/Conv. Equal names get their number."""
    paths = [[part for part in full_name(op).split("/") if part][-MOST_PARTS:] or [op["op"]] for op in operators]
    ends = Counter("/".join(path[-n:]) for path in paths for n in range(1, len(path) + 1))
    exact = [_apart(path, ends) for path in paths]
    brief = [_brief(parts, op["op"]) for parts, op in zip(exact, operators, strict=True)]
    seen = Counter(brief)
    names = [short if seen[short] == 1 else "/".join(parts) for short, parts in zip(brief, exact, strict=True)]
    seen = Counter(names)
    return [
        _cut(name) if seen[name] == 1 else f"{_cut(name)} no. {op['index'] + 1}"
        for name, op in zip(names, operators, strict=True)
    ]


def _apart(path: list[str], ends: Counter[str]) -> list[str]:
    return next((path[-n:] for n in range(1, len(path)) if ends["/".join(path[-n:])] == 1), path)


def _brief(parts: list[str], op: str) -> str:
    """Without the operator's own word at the end, and without what stands between the first part and the last."""
    if len(parts) > 1 and parts[-1] == op:
        parts = parts[:-1]
    return "/".join(parts if len(parts) < 3 else [parts[0], "…", parts[-1]])


def _cut(name: str) -> str:
    return name if len(name) <= MOST_NAME else f"…{name[1 - MOST_NAME :]}"


def times(shape: list[int]) -> str:
    return "×".join(str(n) for n in shape) or "scalar"


# -- what an operator is ----------------------------------------------------------------------------------------------


def what_each_is(report: Json) -> list[str]:
    """Kernel and channels where the report holds them or its counts leave one answer, else the operator's own word and the output's shape.

    Older reports hold no kernels. There, MACs for one output value are kernel area x input channels; the channels are those of an earlier
    tensor of the very size that the operator reads. Two answers are none.
    """
    by_size: defaultdict[int, set[tuple[int, ...]]] = defaultdict(set)
    for tensor in report["inputs"]:
        bits = re.search(r"\d+$", tensor["dtype"])
        by_size[int(bits[0] if bits else 8) * prod(tensor["shape"]) // 8].add(tuple(tensor["shape"]))
    words = []
    for op in report["operators"]:
        words.append(_what(op, by_size[op["input_bytes"]], channels_last=report["format"] == "tflite"))
        by_size[op["output_bytes"]].add(tuple(op["output_shape"]))
    return words


def _what(op: Json, sources: set[tuple[int, ...]], *, channels_last: bool) -> str:
    shape, kind = op["output_shape"], op["op_class"]
    if kind in {"conv", "depthwise"} and (op.get("kernel") or {}).get("size"):
        return _by_kernel(kind, op["kernel"])
    made = prod(shape)
    per_value = op["macs"] // made if made and op["macs"] and op["macs"] % made == 0 else 0
    found: str | None = None
    if per_value and kind == "dense":
        found = f"dense, {per_value} to {shape[-1]}"
    elif per_value and kind in {"conv", "depthwise"} and 3 <= len(shape) <= 5 and "transpose" not in op["op"].lower():
        found = _convolution(kind, tuple(shape), per_value, sources, channels_last=channels_last)
    if found:
        return found
    spelled = CLASS_WORDS.get(kind) or _spelled(op["op"])
    return f"{'transposed ' if kind == 'conv' and 'transpose' in op['op'].lower() else ''}{spelled}, to {times(shape)}"


def _by_kernel(kind: str, kernel: Json) -> str:
    """conv 3×3, 32 to 64, stride 2."""
    size, stride = times(kernel["size"]), max(kernel["stride"], default=1)
    word = "transposed conv" if kernel["transposed"] else kind
    channels = (
        str(kernel["out_channels"]) if kind == "depthwise" else f"{kernel['in_channels']} to {kernel['out_channels']}"
    )
    return f"{word} {size}, {channels}" + (f", stride {stride}" if stride > 1 else "")


def _convolution(
    kind: str, shape: tuple[int, ...], per_value: int, sources: set[tuple[int, ...]], *, channels_last: bool
) -> str | None:
    def parts(of: tuple[int, ...]) -> tuple[int, tuple[int, ...]]:
        return (of[-1], of[1:-1]) if channels_last else (of[1], of[2:])

    made, space = parts(shape)
    if kind == "depthwise":
        kernel = _kernel(per_value, len(space))
        return f"depthwise {kernel}, {made}" if kernel else None
    found = set()
    for source in sources:
        if len(source) != len(shape):
            continue
        read, around = parts(source)
        # A convolution never makes a picture larger; a transposed one, which counts otherwise, does.
        if read and per_value % read == 0 and all(a >= b for a, b in zip(around, space, strict=True)):
            found.add((read, _kernel(per_value // read, len(space))))
    found = {(read, kernel) for read, kernel in found if kernel} or found
    if len(found) != 1:
        return None
    read, kernel = found.pop()
    return f"conv {kernel}, {read} to {made}" if kernel else f"conv, {read} to {made}"


def _kernel(area: int, dimensions: int) -> str:
    """9 -> 3×3; empty where the area is not that of a kernel with equal sides."""
    side = round(area ** (1 / dimensions))
    return "×".join([str(side)] * dimensions) if side**dimensions == area else ""


def _spelled(op: str) -> str:
    """Relu, max pool 2d (MAX_POOL_2D), flatten (aten::flatten)."""
    word = op.rsplit("::", 1)[-1].strip("_")[:28]
    return word.lower().replace("_", " ") if word.isupper() else word.replace("_", " ")
