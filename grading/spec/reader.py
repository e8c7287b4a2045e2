"""Reads what people write: strict, and every mistake names its place."""

from collections.abc import Mapping
from typing import Any

MOST = 1 << 50
MOST_NUMBER = 1e18


class SpecError(ValueError):
    """The spec cannot be used. Each of `sentences` names its place: `criteria[2].rule.from`."""

    def __init__(self, *sentences: str) -> None:
        super().__init__(" ".join(sentences))
        self.sentences = sentences


class Reader:
    """Reads one mapping, remembers what was read, and refuses the rest."""

    def __init__(self, raw: Any, place: str) -> None:
        if not isinstance(raw, Mapping):
            raise SpecError(f"{place}: expected a mapping, got {type(raw).__name__}.")
        self.raw, self.place, self.read = raw, place, set[str]()

    def _get(self, key: str, default: Any) -> Any:
        self.read.add(key)
        if key in self.raw:
            return self.raw[key]
        if default is None:
            raise SpecError(f"{self.place}.{key}: missing.")
        return default

    def text(self, key: str, default: str | None = None) -> str:
        value = self._get(key, default)
        if not isinstance(value, str):
            raise SpecError(f"{self.place}.{key}: expected text, got {value!r}.")
        return value

    def number(self, key: str, default: float | None = None) -> float:
        return plain_number(self._get(key, default), f"{self.place}.{key}")

    def flag(self, key: str, *, default: bool = False) -> bool:
        value = self._get(key, default)
        if not isinstance(value, bool):
            raise SpecError(f"{self.place}.{key}: expected true or false, got {value!r}.")
        return value

    def whole(self, key: str, default: int | None = None) -> int:
        value = self.number(key, default)
        if not value.is_integer() or abs(value) > MOST:
            raise SpecError(f"{self.place}.{key}: expected a whole number, got {value:g}.")
        return int(value)

    def choice(self, key: str, known: tuple[str, ...], default: str | None = None) -> str:
        value = self.text(key, default)
        if value not in known and (key in self.raw or value != default):
            raise SpecError(f"{self.place}.{key}: {value} is not one of {', '.join(known)}.")
        return value

    def take_list(self, key: str, default: list[Any] | None = None) -> list[Any]:
        value = self._get(key, default)
        if not isinstance(value, list | tuple):
            raise SpecError(f"{self.place}.{key}: expected a list, got {value!r}.")
        return list(value)

    def whole_numbers(self, key: str) -> tuple[int, ...]:
        value = self.take_list(key)
        if not value or not all(type(n) is int and 0 < n <= MOST for n in value):
            raise SpecError(f"{self.place}.{key}: a shape is made of whole numbers from 1 up, got {value!r}.")
        return tuple(value)

    def sub(self, key: str) -> "Reader":
        return Reader(self._get(key, None), f"{self.place}.{key}")

    def done(self, *also: str) -> None:
        if unknown := set(self.raw) - self.read - set(also):
            raise SpecError(f"{self.place}: unknown key {', '.join(sorted(map(str, unknown)))}.")


def plain_number(value: Any, place: str) -> float:
    """Raises SpecError: no number, or one that nothing here can be (nan, infinity, more than nineteen digits)."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise SpecError(f"{place}: expected a number, got {value!r}.")
    if not -MOST_NUMBER <= value <= MOST_NUMBER:
        raise SpecError(f"{place}: expected a number between -1e18 and 1e18.")
    return float(value)
