"""The table of layers: short names that stay apart, what each operator is, and which rows are shown. Pure: a report in, rows out."""

import re
from collections import Counter, defaultdict
from math import prod
from typing import Any

from courseplatform.core import numbers

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


def layer_rows(report: Json) -> list[Json]:
    """The operators with the most MACs and the one at the peak, in stored order; all others in one row."""
    operators = report["operators"]
    names, whats = short_names(operators), what_each_is(report)
    by = "macs" if report["macs"] else "live_bytes"
    ranked = sorted((op for op in operators if op[by]), key=lambda op: -op[by])
    heaviest = {op["index"] for op in ranked[:MOST_LAYERS]} | {report["peak_operator"]}
    rest = [op for op in operators if op["index"] not in heaviest]
    if len(rest) == 1:
        heaviest, rest = heaviest | {rest[0]["index"]}, []
    shown = [_row(op, names[op["index"]], whats[op["index"]], report) for op in operators if op["index"] in heaviest]
    return [*shown, _rest(rest, report)] if rest else shown


def _row(op: Json, name: str, what: str, report: Json) -> Json:
    macs, live = max(report["macs"], 1), max(report["peak_activation_bytes"], 1)
    return {
        "number": op["index"] + 1, "name": name, "full_name": full_name(op), "what": what, "macs": amount(op["macs"]),
        "params": numbers.count(op["params"]), "macs_share": op["macs"] / macs, "macs_percent": f"{100 * op['macs'] / macs:.1f}",
        "live_share": op["live_bytes"] / live, "live_kib": numbers.digits(op["live_bytes"] / 1024),
        "is_top": op["macs"] > 0.25 * macs, "is_peak": op["live_bytes"] == report["peak_activation_bytes"], "is_rest": False,
    }  # fmt: skip


def _rest(rest: list[Json], report: Json) -> Json:
    """All other operators in one row."""
    total = {key: sum(op[key] for op in rest) for key in ("macs", "params")}
    most = {"macs": total["macs"], "params": total["params"], "live_bytes": max(op["live_bytes"] for op in rest)}
    row = _row({"index": -1, "name": "", "op": "", **most}, f"{len(rest)} more", "each is in the CSV", report)
    return row | {"number": "", "full_name": "", "is_top": False, "is_peak": False, "is_rest": True}


def amount(macs: int) -> str:
    return numbers.macs(macs).removesuffix(f"{numbers.NARROW}MACs") if macs else "0"


def times(shape: list[int]) -> str:
    return "×".join(str(n) for n in shape) or "scalar"


# -- what an operator is ----------------------------------------------------------------------------------------------


def what_each_is(report: Json) -> list[str]:
    """Kernel and channels where the report's counts leave one answer, else the operator's own word; then the output's shape.

    The report holds no attributes. MACs for one output value are kernel area x input channels; the channels are those of an earlier
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
