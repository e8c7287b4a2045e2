"""What may stand in a device profile, and what is wrong with one: the file of a shipped device, a file or a form of a course.

Strict, and all faults at once, each with its key and (of a file) its line. No database and no Django.
"""

import math
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import MISSING, dataclass, fields
from pathlib import Path
from typing import Any

import yaml

from hardware.profiles import (
    FORMATS,
    OTHER_RUNTIMES,
    POWER_AT,
    RUNTIMES,
    TIERS,
    DeviceProfile,
    ProfileError,
)

Values = dict[str, Any]
# What stands in a file as well as what is taken from its name.
KEYS = {field.name: field for field in fields(DeviceProfile) if field.name != "slug"}
PEAKS = ("fp32_gflops", "fp16_gflops", "int8_gops")
# Numbers that are easily wrong: each must say where it was measured, or that it is an estimate. Key -> what sources calls it.
NEED_A_SOURCE = {
    "system_bytes": "system_bytes", "runtime_bytes": "runtime_bytes", "runtime_flash_bytes": "runtime_flash_bytes",
    "nominal_current_ma": "nominal_current_ma", "memory_bandwidth_mb_s": "memory_bandwidth_mb_s", "idle_mw": "idle_mw",
    "loaded_mw": "loaded_mw", "accelerator": "accelerator", "peak_fp32_gflops": "peaks", "peak_fp16_gflops": "peaks",
    "peak_int8_gops": "peaks",
}  # fmt: skip
SOURCES = ("hardware", *dict.fromkeys(NEED_A_SOURCE.values()))
MOST_TEXT_BYTES, MOST_WORDS, MOST_NAME = 64 << 10, 600, 80
MOST_DEPTH, MOST_EVENTS = 4, 2_000  # of a file; a profile nests two deep and has some two hundred
MOST_BYTES, MOST_NUMBER = 1 << 50, 10**9
SLUG = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?")
CHOICES: dict[str, tuple[str, ...]] = {"tier": TIERS, "power_at": POWER_AT}


@dataclass(frozen=True)
class Fault:
    """key: "" where the whole is meant. line: of the file, 0 where there is none."""

    key: str
    sentence: str
    line: int = 0

    @property
    def said(self) -> str:
        return f"Line {self.line}: {self.sentence}" if self.line else self.sentence


class ProfileFaults(ProfileError):
    def __init__(self, faults: list[Fault]) -> None:
        super().__init__(" ".join(fault.said for fault in faults))
        self.faults = faults


def read_profile(path: Path) -> DeviceProfile:
    """A shipped profile; its slug is the name of the file. Raises ProfileError, the sentence begins with the name of the file."""
    try:
        return profile_from_text(path.stem, path.read_text(encoding="utf-8"))
    except ProfileError as error:
        raise ProfileError(f"{path.name}: {error}") from error


def profile_from_text(slug: str, text: str) -> DeviceProfile:
    """Raises ProfileFaults."""
    values, lines = values_of(text)
    try:
        return profile_of(slug, values)
    except ProfileFaults as error:
        raise ProfileFaults(
            [Fault(f.key, f.sentence, lines.get(f.key, lines.get(f.key.split(".")[0], 0))) for f in error.faults]
        ) from error


def profile_of(slug: str, values: Mapping[str, Any]) -> DeviceProfile:
    """Raises ProfileFaults: an unknown or missing key, a value of the wrong kind, a number without a source."""
    if found := list(_faults(values)):
        raise ProfileFaults(found)
    plain: Values = {key: tuple(value) if isinstance(value, list) else value for key, value in values.items()}
    return DeviceProfile(slug=slug, **plain)


def without_defaults(values: Mapping[str, Any]) -> Values:
    """In the order of the keys, and only what says something: what a profile would be without is left out."""
    said = {name: values[name] for name in KEYS if name in values}
    return {name: value for name, value in said.items() if is_needed(name) or value != _default(name)}


def is_needed(name: str) -> bool:
    field = KEYS[name]
    return field.default is MISSING and field.default_factory is MISSING


def _default(name: str) -> Any:
    field = KEYS[name]
    default = field.default_factory() if field.default_factory is not MISSING else field.default
    return list(default) if isinstance(default, tuple) else default


def text_of(values: Mapping[str, Any]) -> str:
    """The file that says the same; `values_of` reads it back."""
    plain = {name: list(value) if isinstance(value, tuple) else value for name, value in values.items()}
    return yaml.safe_dump(plain, sort_keys=False, allow_unicode=True, width=120)


def values_of(text: str) -> tuple[Values, dict[str, int]]:
    """The mapping that a file holds, and the line of each key (`sources.idle_mw` for one inside).

    Raises ProfileFaults: too long, no YAML, no mapping, a key twice, nested too deep, a reference with *.
    """
    if len(text.encode("utf-8", "replace")) > MOST_TEXT_BYTES:
        raise ProfileFaults([Fault("", f"A profile has at most {MOST_TEXT_BYTES >> 10} KiB; this text is longer.")])
    try:
        _refuse_growth(text)
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        values = yaml.safe_load(text)
    except ProfileFaults:
        raise
    except yaml.YAMLError as error:
        raise ProfileFaults([_no_yaml(error)]) from error
    except (ValueError, OverflowError) as error:  # a date that does not exist, a number too long
        raise ProfileFaults([Fault("", "A value in it cannot be read as YAML; put texts into quotes.")]) from error
    if not isinstance(node, yaml.MappingNode) or not isinstance(values, dict):
        raise ProfileFaults([Fault("", "expected a mapping: one `key: value` a line.")])
    return values, _lines(node)


def _refuse_growth(text: str) -> None:
    """Before anything is built, event by event: an alias can stand for a thousand others, what nests some ten thousand deep keeps the
    scanner busy for hours, and ten thousand values take it ten seconds. Raises ProfileFaults, YAMLError."""
    depth = 0
    for count, event in enumerate(yaml.parse(text, Loader=yaml.SafeLoader)):
        line = event.start_mark.line + 1 if event.start_mark else 0
        if count > MOST_EVENTS:
            raise ProfileFaults([Fault("", "It holds far more values than a profile has keys.", line)])
        if isinstance(event, yaml.AliasEvent):
            raise ProfileFaults([Fault("", "It refers back with * to another place; write the value out.", line)])
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > MOST_DEPTH:
            raise ProfileFaults(
                [Fault("", f"Values nest deeper than {MOST_DEPTH} levels here; a profile needs two.", line)]
            )


def _no_yaml(error: yaml.YAMLError) -> Fault:
    mark = getattr(error, "problem_mark", None)
    why = str(getattr(error, "problem", "") or "it holds a sign that YAML does not allow")
    return Fault("", f"this is not YAML: {why[:120]}.", mark.line + 1 if mark else 0)


def _lines(node: yaml.MappingNode, before: str = "") -> dict[str, int]:
    """Raises ProfileFaults where a key stands twice: YAML would take the last one and say nothing."""
    found: dict[str, int] = {}
    for key, value in node.value:
        name, line = f"{before}{key.value}", key.start_mark.line + 1
        if name in found:
            raise ProfileFaults([Fault(name, f"{name} stands twice, first at line {found[name]}.", line)])
        found[name] = line
        if isinstance(value, yaml.MappingNode) and not before:
            found |= _lines(value, f"{name}.")
    return found


def _faults(values: Mapping[str, Any]) -> Iterator[Fault]:
    for name in values:
        if name not in KEYS:
            yield Fault(str(name), f"unknown key {str(name)[:60]}.")
    for name in KEYS:
        if name in values:
            yield from _value_faults(name, values[name])
        elif is_needed(name):
            yield Fault(name, f"missing key {name}.")
    known = {name: value for name, value in values.items() if name in KEYS and not list(_value_faults(name, value))}
    yield from _source_faults(known)
    yield from _runtime_faults(known)
    if known.get("system_bytes", 0) >= known.get("ram_bytes", MOST_BYTES):
        yield Fault("system_bytes", "system_bytes leaves no RAM for a model; it must be less than ram_bytes.")
    if (known.get("idle_mw") or known.get("loaded_mw")) and not known.get("power_at"):
        yield Fault("power_at", "power_at must say where the power is metered: wall, dc or chip.")


def _source_faults(values: Values) -> Iterator[Fault]:
    sources = values.get("sources")
    if sources is None:
        return
    needed = dict.fromkeys(["hardware", *(source for key, source in NEED_A_SOURCE.items() if values.get(key))])
    for name in needed:
        if not sources.get(name, "").strip():
            said = f"sources says nothing about {name}: write where it is from, or `estimate of ours`."
            yield Fault("sources", said)
    for name in sources:
        if name not in SOURCES:
            yield Fault(
                f"sources.{name}", f"sources.{name[:60]}: there is no such source; known are {', '.join(SOURCES)}."
            )


def _runtime_faults(values: Values) -> Iterator[Fault]:
    shares, flash = values.get("runtime_bytes", {}), values.get("runtime_flash_bytes", {})
    for name in dict.fromkeys((*values.get("formats", {}).values(), *values.get("runtimes", ()))):
        if name not in shares:
            yield Fault("runtime_bytes", f"runtime_bytes says nothing about {name}.")
        if values.get("flash_bytes") and name not in flash:
            yield Fault(
                "runtime_flash_bytes", f"runtime_flash_bytes says nothing about {name}, and flash_bytes limits."
            )


def _text(value: Any) -> bool:
    """Lines of letters. A sign that nothing prints (a NUL, half a surrogate) could not be stored or sent."""
    return isinstance(value, str) and len(value) <= MOST_WORDS and all(map(str.isprintable, value.split("\n")))


def _line(value: Any) -> bool:
    return _text(value) and "\n" not in value


def _whole(value: Any) -> bool:
    return type(value) is int and 0 <= value <= MOST_BYTES


def _number(value: Any) -> bool:
    return type(value) in (int, float) and math.isfinite(value) and 0 <= value <= MOST_NUMBER


def _one_of(*known: str) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, str) and value in known


def _list_of(kind: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, list | tuple) and len(value) <= 40 and all(map(kind, value))


def _mapping(keys: Callable[[Any], bool], kind: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda value: (
        isinstance(value, Mapping) and len(value) <= 40 and all(map(keys, value)) and all(map(kind, value.values()))
    )


RUNTIME = _one_of(*RUNTIMES, *OTHER_RUNTIMES)
RUNTIME_WORDS = ", ".join((*RUNTIMES, *OTHER_RUNTIMES))
SPECIAL: dict[str, tuple[Callable[[Any], bool], str]] = {
    "name": (lambda value: _line(value) and 0 < len(value.strip()) <= MOST_NAME, f"one line of 1 to {MOST_NAME} letters"),
    "board": (lambda value: value == "" or (isinstance(value, str) and SLUG.fullmatch(value) is not None),
              "small letters, digits and hyphens"),
    "tier": (_one_of(*TIERS), f"one of {', '.join(TIERS)}"),
    "power_at": (_one_of(*POWER_AT), "wall, dc or chip"),
    "cores": (lambda value: _whole(value) and 1 <= value <= 4096, "a whole number from 1 to 4096"),
    "clock_mhz": (lambda value: _whole(value) and 1 <= value <= 20_000, "a whole number of MHz from 1 to 20000"),
    "ram_bytes": (lambda value: _whole(value) and value > 0, f"a whole number of bytes from 1 to {MOST_BYTES}"),
    "runtimes": (_list_of(_one_of(*RUNTIMES)), f"a list of {', '.join(RUNTIMES)}"),
    "formats": (_mapping(_one_of(*FORMATS), RUNTIME),
                f"a mapping of {', '.join(FORMATS)} to the runtime that loads it ({RUNTIME_WORDS})"),
    "runtime_bytes": (_mapping(RUNTIME, _whole), f"a mapping of runtimes ({RUNTIME_WORDS}) to whole bytes"),
    "runtime_flash_bytes": (_mapping(RUNTIME, _whole), f"a mapping of runtimes ({RUNTIME_WORDS}) to whole bytes"),
    "accelerator_peaks": (_mapping(_one_of(*PEAKS), _number), f"a mapping of {', '.join(PEAKS)} to numbers"),
}  # fmt: skip
KINDS: dict[Any, tuple[Callable[[Any], bool], str]] = {
    str: (_text, "a text"),
    int: (_whole, f"a whole number from 0 to {MOST_BYTES}"),
    float: (_number, f"a number from 0 to {MOST_NUMBER}"),
    bool: (lambda value: isinstance(value, bool), "true or false"),
    tuple[str, ...]: (_list_of(_text), "a list of words"),
    dict[str, str]: (_mapping(_text, _text), f"a mapping of words to texts of at most {MOST_WORDS} letters"),
}


def _value_faults(name: str, value: Any) -> Iterator[Fault]:
    holds, expected = SPECIAL[name] if name in SPECIAL else KINDS[KEYS[name].type]
    if not holds(value):
        yield Fault(name, f"{name} is {_shown(value)}, expected {expected}.")


def _shown(value: Any) -> str:
    try:
        text = "".join(sign if sign.isprintable() else " " for sign in repr(value))
    except ValueError:  # more digits than Python writes out
        return "a number of very many digits"
    return text if len(text) <= 80 else f"{text[:79]}…"
