"""Two models layer by layer, by the names of their layers: what costs more, what less, what is new, what is gone. Pure: two reports in."""

from collections import Counter
from dataclasses import dataclass
from typing import Any

from courseplatform.core import numbers
from grading.figures.layer_rows import full_name, short_names

Json = dict[str, Any]
MOST_ROWS = 40
FACTS = (
    ("macs", "MACs"),
    ("weight_bytes", "Weights, bytes"),
    ("live_bytes", "Memory in use, bytes"),
)


@dataclass(frozen=True)
class LayerChange:
    """One layer. older, newer: fact -> value; None where the model has no such layer. is_same: all facts and the operator are equal."""

    name: str
    full_name: str
    older: Json | None
    newer: Json | None

    @property
    def is_same(self) -> bool:
        return self.older is not None and self.older == self.newer

    def change(self, fact: str) -> int:
        return int((self.newer or {}).get(fact, 0)) - int((self.older or {}).get(fact, 0))


def layer_changes(older: Json, newer: Json) -> list[LayerChange]:
    """Every layer of both, in the order of the newer one; those that only the older has come last.

    Layers are the same where their full names are; of several with one name the first goes with the first. A report of an earlier version, or
    one without operators, has no layers.
    """
    before, after = _named(older), _named(newer)
    found = [
        LayerChange(short, key[0], before[key][1] if key in before else None, facts)
        for key, (short, facts) in after.items()
    ]
    return found + [
        LayerChange(short, key[0], facts, None) for key, (short, facts) in before.items() if key not in after
    ]


def _named(report: Json) -> dict[tuple[str, int], tuple[str, Json]]:
    operators = report.get("operators") or []
    seen = Counter[str]()
    found = {}
    for op, short in zip(operators, short_names(operators), strict=True):
        name = full_name(op)
        found[name, seen[name]] = (short, {"op": op["op"]} | {fact: op.get(fact, 0) for fact, _ in FACTS})
        seen[name] += 1
    return found


@dataclass(frozen=True)
class LayerTable:
    """rows: the layers that differ most, at most MOST_ROWS. same, more: how many are equal, and how many more differ. sentence: what is seen."""

    rows: list[Json]
    same: int
    more: int
    sentence: str


def layer_table(older: Json, newer: Json) -> LayerTable | None:
    """None where one of the two has no layers to compare."""
    changes = layer_changes(older, newer)
    if not (older.get("operators") and newer.get("operators")):
        return None
    differ = [one for one in changes if not one.is_same]
    ranked = sorted(
        differ,
        key=lambda one: (-abs(one.change("macs")), -abs(one.change("live_bytes")), -abs(one.change("weight_bytes"))),
    )
    kept = {id(one) for one in ranked[:MOST_ROWS]}
    rows = [_row(one) for one in differ if id(one) in kept]
    return LayerTable(
        rows, len(changes) - len(differ), max(len(differ) - MOST_ROWS, 0), _sentence(changes, differ, ranked)
    )


def _row(one: LayerChange) -> Json:
    state = (
        "only in the newer attempt" if one.older is None else "only in the older attempt" if one.newer is None else ""
    )
    cells = [
        {"label": label, "older": _said(one.older, fact), "newer": _said(one.newer, fact), "change": _change(one, fact)}
        for fact, label in FACTS
    ]
    ops = list(dict.fromkeys(side["op"] for side in (one.older, one.newer) if side))
    return {"name": one.name, "full_name": one.full_name, "state": state, "op": " → ".join(ops), "cells": cells}


def _said(side: Json | None, fact: str) -> str:
    return "–" if side is None else numbers.count(side[fact])


def _change(one: LayerChange, fact: str) -> str:
    by = one.change(fact)
    return f"{'+' if by > 0 else '−' if by < 0 else ''}{numbers.count(abs(by))}" if by else ""


def _sentence(changes: list[LayerChange], differ: list[LayerChange], ranked: list[LayerChange]) -> str:
    in_both = [one for one in changes if one.older is not None and one.newer is not None]
    if not in_both:
        return "No layer has the same name in both, so each stands by itself. Exported in another format, the same layers have other names."
    if not differ:
        return f"All {len(changes)} layers cost the same in both."
    total = sum(one.change("macs") for one in changes)
    same_way = [one for one in ranked if one.change("macs") * total > 0]
    if not same_way:
        return f"{len(differ)} of {len(changes)} layers differ; the multiply-accumulates are the same in sum."
    top = same_way[0]
    less = "fewer" if total < 0 else "more"
    most = f"; most of it in {top.name}" if abs(top.change("macs")) > abs(total) / 2 else ""
    return f"{len(differ)} of {len(changes)} layers differ: {numbers.macs(abs(total))} {less}{most}."
