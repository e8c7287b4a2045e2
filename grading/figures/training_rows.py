"""The tables of the figure Training: a row for each way of training, and one for each board. Pure: stored numbers in, rows out."""

from collections.abc import Iterable
from typing import Any

from courseplatform.core import numbers
from courseplatform.core.badges import Badge
from hardware.profiles import today_slug

Json = dict[str, Any]
NONE = "–"
MANY = 4096  # nobody trains on more at once; beyond it the number says nothing
WHAT = {
    "full": "every weight and bias", "last_layer": "the last layer that multiplies", "bias": "what is only added (TinyTL)",
    "low_rank": "two factors beside each dense layer (LoRA)", "imprint": "a new class, without a gradient",
}  # fmt: skip


def usable(told: Json) -> list[Json]:
    """The methods that can be used on this model, in the lab's order."""
    return [method for method in told.get("methods", []) if not method["why"]]


def method_rows(told: Json, slug: str, parts: Iterable[tuple[str, str, str]]) -> list[Json]:
    """slug: of the lab's first board, "" without one. parts: (key, token, word) of what is stacked in the bar."""
    widest = max(method["peak_bytes"] for method in usable(told))
    device = told["devices"].get(slug)
    rows = []
    for method in told["methods"]:
        row: Json = {"title": method["title"], "what": WHAT[method["method"]], "why": method["why"]}
        if not method["why"]:
            row |= _counted(method, widest, list(parts)) | _on_board(device, method["method"], told["batch"])
        rows.append(row)
    return rows


def _counted(method: Json, widest: int, parts: list[tuple[str, str, str]]) -> Json:
    said = ", ".join(f"{word} {numbers.size(method[key])}" for key, _, word in parts if method[key])
    return {
        "params": numbers.count(method["trained_params"]), "peak": numbers.size(method["peak_bytes"]), "macs": _millions(method["macs"]),
        "kept": numbers.size(method["kept_bytes"]), "pytorch_kept": numbers.size(method["pytorch_kept_bytes"]),
        "bar": _bar(method, widest, parts), "said": said, "assumed": ", ".join(method["assumed"]),
    }  # fmt: skip


def _bar(method: Json, widest: int, parts: list[tuple[str, str, str]]) -> list[dict[str, str]]:
    """Rectangles in a box of 100 x 8, side by side."""
    found, x = [], 0.0
    for key, token, _ in parts:
        width = 100 * method[key] / widest
        if width:
            found.append({"x": f"{x:.3f}", "width": f"{width:.3f}", "token": token})
        x += width
    return found


def _on_board(device: Json | None, method: str, batch: int) -> Json:
    if device is None:
        return {}
    own = device["methods"][method]
    return {
        "badge": badge(own, batch), "latency": _digits(own["latency_ms"]), "interval": _interval(own["latency_interval_ms"]),
        "energy": _digits(own["energy_mj"]), "reason": own["why"] or own["reason"],
    }  # fmt: skip


def badge(own: Json, batch: int) -> Badge:
    """What of the batch fits a board."""
    if own["why"]:
        return Badge("neutral", "octagon", "no gradients there")
    if own["largest_batch"] is None:
        return Badge("good", "check", "fits") if own["fits"] else Badge("bad", "octagon", "does not fit")
    if own["fits"]:
        largest = own["largest_batch"]
        return Badge("good", "check", inputs(largest) if largest > MANY else f"up to {inputs(largest)}")
    return Badge(
        "bad", "octagon", f"up to {own['largest_batch']} of {batch}" if own["largest_batch"] else "not one input"
    )


def inputs(largest: int) -> str:
    """520364 -> over 4 096."""
    return f"over {numbers.count(MANY)}" if largest > MANY else numbers.count(largest)


def device_rows(told: Json, lab_boards: Iterable[str]) -> list[Json]:
    """One row a board, the lab's first and in its order: the largest batch by each method."""
    order = {today_slug(slug): place for place, slug in enumerate(lab_boards)}
    rows = [(slug, _device_row(device, told, slug in order)) for slug, device in told["devices"].items()]
    return [row for _, row in sorted(rows, key=lambda pair: order.get(pair[0], len(order)))]


def _device_row(device: Json, told: Json, is_lab: bool) -> Json:
    cells = []
    for method in usable(told):
        own = device["methods"][method["method"]]
        cells.append({"title": method["title"], "says": _says(own), "is_short": not own["fits"] and not own["why"]})
    return {"name": device["name"], "is_lab": is_lab, "left": numbers.size(device["ram_limit_bytes"]), "cells": cells}


def _says(own: Json) -> str:
    """The largest batch in a word or two."""
    if own["why"]:
        return "no gradients"
    if own["largest_batch"] is None:
        return "fits" if own["fits"] else "does not fit"
    return inputs(own["largest_batch"]) if own["largest_batch"] else "not one"


def _digits(value: float | None) -> str:
    return NONE if value is None else numbers.digits(value)


def _interval(ends: list[float] | None) -> str:
    return f"({numbers.digits(ends[0])}-{numbers.digits(ends[1])})" if ends else ""


def _millions(macs: int) -> str:
    return numbers.digits(macs / 1e6)
