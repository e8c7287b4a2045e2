"""Device profiles as data: what a board is, for the verdict whether a model fits.

One YAML file a board in hardware/device_profiles/. No database and no Django: the engine reads them too.
"""

from collections.abc import Callable
from dataclasses import MISSING, dataclass, fields
from functools import cache
from pathlib import Path
from typing import Any

import yaml

FOLDER = Path(__file__).parent / "device_profiles"


class ProfileError(ValueError):
    """A profile that cannot be used; the sentence names file and key."""


@dataclass(frozen=True)
class DeviceProfile:
    """One device.

    Attributes:
        ram_bytes: what the device has; system_bytes of it the operating system keeps.
        flash_bytes: storage for code and model, 0 where it is a card that never limits; runtime_flash_bytes of it are
            the runtime's code.
        runtime_bytes: a runtime's own share of RAM, by format.
        formats: what its runtimes load.
        weights_in_ram: off where weights are read in place from flash.
        compute_dtypes: of inputs and outputs, where the device computes in few types; empty: anything.
        board: what calibrations are kept for, the same for all memory sizes of one board ("rpi-4b").
        nominal_current_ma: for the mAh budget, 0 where nobody gave one.
        sources: key -> where the number comes from; "hardware" speaks for all facts of the chip.
    """

    slug: str
    name: str
    kind: str
    cores: int
    clock_mhz: int
    isa: str
    ram_bytes: int
    system_bytes: int
    flash_bytes: int
    runtime_bytes: dict[str, int]
    formats: tuple[str, ...]
    weights_in_ram: bool
    sources: dict[str, str]
    runtime_flash_bytes: int = 0
    compute_dtypes: tuple[str, ...] = ()
    nominal_current_ma: int = 0
    accelerator: str = ""
    board: str = ""


# What stands in a file as well as what is taken from its name.
KEYS = {field.name: field for field in fields(DeviceProfile) if field.name != "slug"}
# Our own numbers: each must say that it is an estimate, or where it was measured.
NEED_A_SOURCE = ("system_bytes", "runtime_bytes", "runtime_flash_bytes", "nominal_current_ma")


@cache
def load_profiles(folder: Path = FOLDER) -> dict[str, DeviceProfile]:
    """All profiles by slug, smallest memory first. Raises ProfileError."""
    found = [read_profile(path) for path in sorted(folder.glob("*.yaml"))]
    return {profile.slug: profile for profile in sorted(found, key=lambda profile: (profile.ram_bytes, profile.slug))}


def read_profile(path: Path) -> DeviceProfile:
    """Raises ProfileError: no YAML, an unknown or missing key, a value of the wrong kind, a number without a source."""
    try:
        raw = yaml.safe_load(path.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        raise ProfileError(f"{path.name}: this is not YAML: {error}") from error
    if not isinstance(raw, dict):
        raise ProfileError(f"{path.name}: expected a mapping.")
    if unknown := set(raw) - set(KEYS):
        raise ProfileError(f"{path.name}: unknown key {', '.join(sorted(map(str, unknown)))}.")
    if missing := [name for name, field in KEYS.items() if name not in raw and field.default is MISSING]:
        raise ProfileError(f"{path.name}: missing key {', '.join(missing)}.")
    values = {name: _checked(path.name, name, value) for name, value in raw.items()}
    for name in ("hardware", *(name for name in NEED_A_SOURCE if values.get(name))):
        if name not in values["sources"]:
            raise ProfileError(f"{path.name}: sources says nothing about {name}.")
    if without := [name for name in values["formats"] if name not in values["runtime_bytes"]]:
        raise ProfileError(f"{path.name}: runtime_bytes says nothing about {', '.join(without)}.")
    return DeviceProfile(slug=path.stem, **values)


def _text(value: Any) -> bool:
    return isinstance(value, str)


def _number(value: Any) -> bool:
    return type(value) is int and value >= 0


def _words(value: Any) -> bool:
    return isinstance(value, list) and all(map(_text, value))


def _mapping_to(kind: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, dict) and all(map(_text, value)) and all(map(kind, value.values()))


KINDS: dict[Any, tuple[Callable[[Any], bool], str]] = {
    str: (_text, "a text"),
    int: (_number, "a whole number, not negative"),
    bool: (lambda value: isinstance(value, bool), "true or false"),
    tuple[str, ...]: (_words, "a list of words"),
    dict[str, int]: (_mapping_to(_number), "a mapping of words to whole numbers"),
    dict[str, str]: (_mapping_to(_text), "a mapping of words to texts"),
}


def _checked(file: str, name: str, value: Any) -> Any:
    holds, expected = KINDS[KEYS[name].type]
    if not holds(value):
        raise ProfileError(f"{file}: {name} is {value!r}, expected {expected}.")
    return tuple(value) if isinstance(value, list) else value
