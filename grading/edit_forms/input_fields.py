"""What a lab gives to a model, between fields and the course file: the type of its values and what is done to them first."""

from typing import Any

from grading.edit_forms.fields import plain
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
