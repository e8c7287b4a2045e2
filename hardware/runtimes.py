"""Runtimes as data: which files each loads, in which precisions, and with which operators.

One YAML file a runtime in hardware/runtimes/; its name is the slug that device profiles use. No database and no Django.
"""

from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import yaml

FOLDER = Path(__file__).parent / "runtimes"
PRECISIONS = ("fp32", "fp16", "int8")
ALL = "all"


class RuntimeDataError(ValueError):
    """A file that cannot be used; the sentence names file and key."""


@dataclass(frozen=True)
class RuntimeProfile:
    """One runtime.

    Attributes:
        operators: by format the operators it knows, by the format's own names; {"all"}: every standard one.
        int8_operators: the same for operators on 8-bit integers, where fewer are known there; else empty.
        precisions: of PRECISIONS.
        types: element types that its operators may make; empty: any.
        elsewhere: where an operator runs that it does not know ("the CPU"); "" where the model does not load at all.
        one_part: whatever comes after such an operator runs elsewhere too.
        most_elements: operator -> how many elements its input may have at most.
        no_activation: operators that it knows only without a fused activation.
        source: where the list comes from. checked: how much of it was compared with that.
    """

    slug: str
    name: str
    precisions: tuple[str, ...]
    operators: dict[str, frozenset[str]]
    source: str
    checked: str
    int8_operators: dict[str, frozenset[str]] = field(default_factory=dict)
    types: tuple[str, ...] = ()
    elsewhere: str = ""
    one_part: bool = False
    most_elements: dict[str, int] = field(default_factory=dict)
    no_activation: tuple[str, ...] = ()

    @property
    def formats(self) -> tuple[str, ...]:
        return tuple(self.operators)

    def knows(self, model_format: str, op: str, *, int8: bool) -> bool:
        """Whether it has an operator, on 8-bit integers or on anything else."""
        table = self.int8_operators if int8 and model_format in self.int8_operators else self.operators
        names = table.get(model_format, frozenset())
        return ALL in names or op in names


@cache
def load_runtimes(folder: Path = FOLDER) -> dict[str, RuntimeProfile]:
    """All runtimes by slug. Raises RuntimeDataError."""
    return {path.stem: read_runtime(path) for path in sorted(folder.glob("*.yaml"))}


def read_runtime(path: Path) -> RuntimeProfile:
    """Raises RuntimeDataError: no YAML, an unknown or missing key, a value of the wrong kind."""
    try:
        raw = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise RuntimeDataError(f"{path.name}: this is not YAML: {error}") from error
    if not isinstance(raw, dict):
        raise RuntimeDataError(f"{path.name}: expected a mapping.")
    if unknown := set(raw) - set(READERS):
        raise RuntimeDataError(f"{path.name}: unknown key {', '.join(sorted(map(str, unknown)))}.")
    if missing := {"name", "precisions", "operators", "source", "checked"} - set(raw):
        raise RuntimeDataError(f"{path.name}: missing key {', '.join(sorted(missing))}.")
    return RuntimeProfile(slug=path.stem, **{key: _read(path.name, key, value) for key, value in raw.items()})


def _read(file: str, key: str, value: Any) -> Any:
    try:
        return READERS[key](value)
    except (TypeError, ValueError, AttributeError) as error:
        raise RuntimeDataError(f"{file}: {key} is {value!r}, which cannot be used.") from error


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


def _truth(value: Any) -> bool:
    if not isinstance(value, bool):
        raise TypeError
    return value


def _words(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise TypeError
    return tuple(map(_text, value))


def _precisions(value: Any) -> tuple[str, ...]:
    found = _words(value)
    if not found or not set(found) <= set(PRECISIONS):
        raise ValueError
    return found


def _operators(value: Any) -> dict[str, frozenset[str]]:
    return {_text(name): frozenset(_text(names).split()) for name, names in value.items()}


def _limits(value: Any) -> dict[str, int]:
    if not all(type(most) is int and most > 0 for most in value.values()):
        raise ValueError
    return {_text(name): most for name, most in value.items()}


READERS: dict[str, Any] = {
    "name": _text,
    "precisions": _precisions,
    "operators": _operators,
    "int8_operators": _operators,
    "types": _words,
    "elsewhere": _text,
    "one_part": _truth,
    "most_elements": _limits,
    "no_activation": _words,
    "source": _text,
    "checked": _text,
}
