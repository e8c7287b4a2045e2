"""Lists and dictionaries of TorchScript, on Python's own.

PyTorch's binding works on copies: an operator that changes a list would change nothing here, and the interpreter would
then take another branch than the model does.
"""

from collections.abc import Callable
from typing import Any

from grading.bench.errors import BenchError

# Values of a list or letters of a text. Few doublings make more of them than there is memory, and no model needs them.
MOST_HELD = 1_000_000
Container = list[Any] | dict[Any, Any]


def _append(values: list[Any], item: Any) -> Any:
    values.append(item)
    return values


def _extend(values: list[Any], items: list[Any]) -> Any:
    values.extend(items)
    return values


def _repeat(values: list[Any], times: int) -> Any:
    values *= times
    return values


def _set_item(values: Any, key: Any, item: Any) -> Any:
    values[key] = item
    return values


def _delete(values: Any, key: Any) -> None:
    del values[key]


def _sort(values: list[Any], reverse: bool = False) -> None:
    values.sort(reverse=reverse)


def _slice(values: list[Any], start: int | None, end: int | None, step: int = 1) -> list[Any]:
    return values[start:end:step]


WRITERS: dict[str, Callable[..., Any]] = {
    "aten::append": _append, "aten::extend": _extend, "aten::add_": _extend, "aten::mul_": _repeat,
    "aten::insert": lambda values, place, item: values.insert(place, item),
    "aten::pop": lambda values, *key: values.pop(*key), "aten::popitem": lambda values: values.popitem(),
    "aten::clear": lambda values: values.clear(), "aten::reverse": lambda values: values.reverse(),
    "aten::remove": lambda values, item: values.remove(item), "aten::sort": _sort, "aten::_set_item": _set_item,
    "aten::Delete": _delete, "aten::setdefault": lambda values, key, item: values.setdefault(key, item),
    "aten::update": lambda values, other: values.update(other),
}  # fmt: skip
READERS: dict[str, Callable[..., Any]] = {
    "aten::__getitem__": lambda values, key: values[key],
    "aten::get": lambda values, key, *default: values.get(key, *default),
    "aten::values": lambda values: list(values.values()), "aten::keys": list,
    "aten::items": lambda values: list(values.items()), "aten::copy": lambda values: values.copy(),
    "aten::list": list, "aten::slice": _slice, "aten::add": lambda one, other: one + other,
    "aten::mul": lambda values, times: values * times,
}  # fmt: skip
REPEATERS = {"aten::mul", "aten::mul_"}
# Where among the arguments stands what becomes content; all others are places, keys and counts.
CONTENT = {"aten::append": 1, "aten::extend": 1, "aten::add_": 1, "aten::insert": 2, "aten::_set_item": 2,
           "aten::setdefault": 2, "aten::update": 1, "aten::add": 1}  # fmt: skip


def check_length(length: int, kind: str) -> None:
    """Raises BenchError: too_large."""
    if length > MOST_HELD:
        said = f"The step {kind[:60]} of this model makes a list or a text of more than {MOST_HELD:,} parts."
        raise BenchError("too_large", f"{said} Keep numbers in a tensor, and save the model again.")


def is_container_step(kind: str, given: list[Any]) -> bool:
    return bool(given) and isinstance(given[0], list | dict) and (kind in WRITERS or kind in READERS)


def run(kind: str, given: list[Any]) -> Any:
    """Raises LookupError, ValueError, TypeError as the model itself would, and BenchError (too_large)."""
    if kind in REPEATERS:
        check_length(len(given[0]) * given[1], kind)
    return (WRITERS.get(kind) or READERS[kind])(*given)


def is_plain(values: Container) -> bool:
    """Only numbers and text: whichever of them is taken, nothing has another size."""
    items = values.values() if isinstance(values, dict) else values
    return all(isinstance(item, int | float | complex | str | bool) for item in items)


def holds_containers(value: Any) -> bool:
    """A list or dictionary inside another one, which the binding would copy."""
    if not isinstance(value, list | dict | tuple):
        return False
    items = value.values() if isinstance(value, dict) else value
    return any(isinstance(item, list | dict) or holds_containers(item) for item in items)
