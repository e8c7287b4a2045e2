"""What a lab gives to a model, between fields and the course file: the type of its values and what is done to them first."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from django import forms

from grading.forms.editing.fields import numbers_of, plain
from grading.spec.inputs import RANGES

Item = dict[str, Any]
DTYPES = [
    ("float32", "float32"),
    ("uint8", "uint8: whole numbers from 0 to 255"),
    ("int8", "int8: whole numbers from -128 to 127"),
]
USUAL_RANGES = {name: {"low": low, "high": high} for name, (low, high) in RANGES.items()}
LISTS = ("mean", "std")


def normalise_of(data: Item, before: Item) -> Item:
    """{"normalise": ...} where any of its three fields is filled; a list of one that was written as a number stays one."""
    held = before.get("normalise", {})
    found: Item = {} if data["divide_by"] is None else {"divide_by": plain(data["divide_by"])}
    for key in LISTS:
        values = [plain(value) for value in data[key] or []]
        if values:
            found[key] = (
                held[key] if key in held and _listed(held[key]) == values else values[0] if len(values) == 1 else values
            )
    return {"normalise": found} if found else {}


def normalise_shown(source: Item) -> Item:
    held = source.get("normalise", {})
    lists = {key: ", ".join(str(value) for value in _listed(held.get(key))) for key in LISTS}
    return {"divide_by": held.get("divide_by"), **lists}


def _listed(value: Any) -> list[Any]:
    return [] if value is None else list(value) if isinstance(value, list | tuple) else [value]


def shapes_of(text: str) -> dict[str, list[int | float]]:
    """One layout a line: NCHW 1, 3, 32, 32. Raises ValidationError."""
    found: dict[str, list[int | float]] = {}
    for row in text.splitlines():
        if not row.strip():
            continue
        match = re.fullmatch(r"\s*([A-Za-z][\w-]*)\s*:?\s+(.+)", row)
        if match is None:
            said = "Write the name of the layout and then its numbers: NCHW 1, 3, 32, 32"
            raise forms.ValidationError(said, code="wrong_form")
        found[match[1]] = numbers_of(match[2])
    return found


def shapes_shown(shapes: Mapping[str, Sequence[Any]]) -> str:
    return "\n".join(f"{name} {', '.join(map(str, shape))}" for name, shape in shapes.items())
