"""The layers as a tree of the modules that their names tell: stem, in it conv1 and conv2. Pure: a report and costs in, rows out.

A name is a path (/stem/conv1/Conv, stem.conv1, layer1/layer1.0/conv1). A module that holds one operator is that operator's row; names
without parts make a flat list. What is not among the heaviest stands together in one row of its module.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from courseplatform.core import numbers
from grading.figures.costs import Costs
from grading.figures.layer_rows import MOST_LAYERS, MOST_PARTS, full_name, short_names, what_each_is

Json = dict[str, Any]
MOST_DEPTH = 4
MOST_LABEL = 24
MOST_IN_TREE = 240  # operators with a row of their own; the CSV has all
KIND_WORDS = {
    "conv": "conv", "depthwise": "depthwise", "dense": "dense", "matmul": "matrix product", "pool": "pool", "softmax": "softmax",
    "normalise": "normalise",
}  # fmt: skip


@dataclass(frozen=True)
class Leaf:
    """One operator: its index, and what it is called inside its module; "" for its own short name."""

    index: int
    label: str = ""

    def operators(self) -> list[int]:
        return [self.index]


@dataclass(frozen=True)
class Module:
    """label: as the row says it. children: in the order in which they first run."""

    label: str
    children: "list[Module | Leaf]" = field(default_factory=list)

    def operators(self) -> list[int]:
        return [index for child in self.children for index in child.operators()]


def path_of(name: str) -> list[str]:
    """/layer1/layer1.0/conv1/Conv -> layer1, 0, conv1, Conv. At most MOST_PARTS parts, the last ones."""
    name = name.split(";", maxsplit=1)[0].strip("/")
    parts = [part for part in (name.split("/") if "/" in name else name.split(".")) if part]
    found: list[str] = []
    for place, part in enumerate(parts):
        before = parts[place - 1] if place else ""
        found.append(part.removeprefix(f"{before}.") if before else part)
    return found[-MOST_PARTS:]


def tree_of(operators: list[Json]) -> Module:
    """The modules of a model; its root holds everything."""
    paths = _without_the_common([path_of(full_name(op)) or [str(op["op"])] for op in operators])
    root = Module("")
    modules: dict[tuple[str, ...], Module] = {(): root}
    for op, path in zip(operators, paths, strict=True):
        at: tuple[str, ...] = ()
        for part in path[: min(len(path) - 1, MOST_DEPTH)]:
            inside = (*at, part)
            if inside not in modules:
                modules[inside] = Module(_cut(part))
                modules[at].children.append(modules[inside])
            at = inside
        modules[at].children.append(Leaf(op["index"], _cut("/".join(path[len(at) :])) if at else ""))
    return _simplified(root)


def _without_the_common(paths: list[list[str]]) -> list[list[str]]:
    """Without the parts with which all of them begin."""
    while len(paths) > 1 and all(len(path) > 1 for path in paths) and len({path[0] for path in paths}) == 1:
        paths = [path[1:] for path in paths]
    return paths


def _simplified(module: Module) -> Module:
    """A module that holds one thing is that thing, under the module's name."""
    children: list[Module | Leaf] = []
    for child in module.children:
        if isinstance(child, Leaf):
            children.append(child)
            continue
        inner = _simplified(child)
        only = inner.children[0] if len(inner.children) == 1 else None
        if isinstance(only, Module):
            children.append(Module(_cut(f"{inner.label}/{only.label}"), only.children))
        else:
            # At the top an operator keeps its short name, which no other has.
            children.append(inner if only is None else Leaf(only.index, inner.label if module.label else ""))
    return Module(module.label, children)


def module_names(operators: list[Json]) -> list[str]:
    """For each operator the module of the first level that it belongs to, "" where it stands alone."""
    found = [""] * len(operators)
    for child in tree_of(operators).children:
        if isinstance(child, Module):
            for index in child.operators():
                found[index] = child.label
    return found


def tree_rows(report: Json, costs: Costs) -> list[Json]:
    """All rows in the order of the table, a module before what it holds.

    Each row: id, parent (an id or ""), depth, label, what, is_module, is_open, and the cells of `_cells`.
    """
    return _Rows(report, costs).all()


class _Rows:
    def __init__(self, report: Json, costs: Costs) -> None:
        self.report, self.costs = report, costs
        self.operators: list[Json] = report["operators"]
        self.names, self.whats = short_names(self.operators), what_each_is(report)
        most = MOST_IN_TREE if len(self.operators) <= MOST_IN_TREE else MOST_LAYERS
        ranked = sorted(
            (op["index"] for op in self.operators if self.weight([op["index"]])), key=lambda n: -self.weight([n])
        )
        self.own_row = {*ranked[:most], report["peak_operator"]}
        if len(self.operators) <= MOST_LAYERS:
            self.own_row = set(range(len(self.operators)))
        self.rows: list[Json] = []

    def weight(self, indices: Iterable[int]) -> float:
        """By what rows are ranked: modelled time, else MACs, else memory."""
        if self.costs.operators:
            return sum(self.costs.operators.get(index, 0.0) for index in indices)
        key = "macs" if self.report["macs"] else "live_bytes"
        return float(sum(self.operators[index][key] for index in indices))

    def all(self) -> list[Json]:
        self.add(tree_of(self.operators).children, parent="", depth=0)
        return self.rows

    def add(self, children: list[Module | Leaf], *, parent: str, depth: int) -> None:
        heaviest = max(
            (child for child in children if isinstance(child, Module)),
            key=lambda one: self.weight(one.operators()),
            default=None,
        )
        rest: list[int] = []
        for child in children:
            if isinstance(child, Module):
                inside = child.operators()
                row = self.row(inside, parent, depth, child.label, self.what_inside(inside))
                self.rows.append(row | {"is_module": True, "is_open": child is heaviest})
                self.add(child.children, parent=row["id"], depth=depth + 1)
            elif child.index in self.own_row:
                self.rows.append(self.leaf(child, parent, depth))
            else:
                rest.append(child.index)
        if len(rest) == 1:
            self.rows.append(self.leaf(Leaf(rest[0]), parent, depth))
        elif rest:
            row = self.row(rest, parent, depth, f"{len(rest)} more", "each is in the CSV")
            self.rows.append(row | {"is_rest": True, "is_top": False, "is_peak": False})

    def leaf(self, found: Leaf, parent: str, depth: int) -> Json:
        index = found.index
        row = self.row([index], parent, depth, found.label or self.names[index], self.whats[index])
        fused = index in self.costs.fused
        return row | {"is_operator": True, "full_name": full_name(self.operators[index]), "is_fused": fused}

    def what_inside(self, indices: list[int]) -> str:
        """conv, depthwise: the kinds of work in it, or how many layers."""
        kinds = Counter(
            KIND_WORDS[op["op_class"]] for op in (self.operators[n] for n in indices) if op["op_class"] in KIND_WORDS
        )
        layers = sum(kinds.values()) or len(indices)
        many = f"{layers} layer{'' if layers == 1 else 's'}"
        return f"{many}: {', '.join(kinds)}" if 0 < len(kinds) <= 3 else many

    def row(self, indices: list[int], parent: str, depth: int, label: str, what: str) -> Json:
        return {
            "id": f"layer-{len(self.rows)}", "parent": parent, "depth": depth, "label": label, "what": what, "is_module": False,
            "is_open": False, "is_operator": False, "is_fused": False, "is_rest": False, **self._cells(indices),
        }  # fmt: skip

    def _cells(self, indices: list[int]) -> Json:
        report, ops = self.report, [self.operators[index] for index in indices]
        macs, live = sum(op["macs"] for op in ops), max(op["live_bytes"] for op in ops)
        whole = self.costs.latency_ms if self.costs.operators else report["macs"]
        spent = self.weight(indices) if self.costs.operators else float(macs)
        share = spent / whole if whole else 0.0
        return {
            "macs": of_unit(macs, report["macs"]), "params": numbers.count(sum(op["params"] for op in ops)),
            "ms": _milliseconds(spent), "share": share, "percent": f"{100 * share:.1f}",
            "live_share": live / max(report["peak_activation_bytes"], 1), "live_kib": numbers.digits(live / 1024),
            "is_top": len(indices) == 1 and share > 0.25,
            "is_peak": len(indices) == 1 and live == report["peak_activation_bytes"],
        }  # fmt: skip


def unit_of(total: int) -> tuple[str, float]:
    """(unit, how many MACs one is) in which all MACs of a table are given."""
    return ("M", 1e6) if total >= 1_000_000 else ("k", 1e3)


def of_unit(macs: int, total: int) -> str:
    return numbers.digits(macs / unit_of(total)[1]) if macs else "0"


def _milliseconds(value: float) -> str:
    return numbers.digits(value, 3 if value >= 1 else 2) if value else "0"


def _cut(name: str) -> str:
    return name if len(name) <= MOST_LABEL else f"…{name[1 - MOST_LABEL :]}"
