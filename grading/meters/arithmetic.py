"""What a meter that somebody reads says of one run on a board: power idle and loaded, and from that energy and charge of an inference. Pure.

The board repeats the model without a pause while it is read, so one inference takes the loaded power for as long as it was measured to take.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from courseplatform.core import numbers
from courseplatform.core.errors import BadInput

LEAST_VOLTS, MOST_VOLTS = 2.5, 26.0  # a single cell to the rails of the largest boards
LEAST_LOAD_S, MOST_LOAD_S = 10.0, 24 * 3600.0
MOST_WATTS = (
    100.0  # what USB-C delivers at most before its extended range, and no board here comes with a larger supply
)
BEYOND_FULL_LOAD = 2.0  # times what its profile says of a board under full load: more is another unit, or another board
MS_PER_HOUR = 3_600_000
WAYS = {
    "current": ("volts", "idle_ma", "loaded_ma"), "power": ("volts", "idle_w", "loaded_w"), "charge": ("volts", "idle_ma", "used_mah", "load_s"),
}  # fmt: skip
WORDS = {
    "volts": "the voltage", "idle_ma": "the current of the idle board", "loaded_ma": "the current under load", "idle_w": "the power of the idle board",
    "loaded_w": "the power under load", "used_mah": "the charge", "load_s": "how long the load lasted",
}  # fmt: skip


@dataclass(frozen=True)
class Metered:
    """idle_w, loaded_w: mean power of the board. volts: at which it was read. load_s: how long it was loaded, None where nobody said."""

    volts: float
    idle_w: float
    loaded_w: float
    load_s: float | None = None

    def each(self, inference_ms: float) -> dict[str, float]:
        """Of one inference that takes so long: energy in all and above idle, in mJ; and the charge of a thousand, in mAh."""
        return {
            "energy_mj": self.loaded_w * inference_ms,
            "energy_mj_above_idle": (self.loaded_w - self.idle_w) * inference_ms,
            "mah_per_1000": self.loaded_w / self.volts * 1000 * inference_ms * 1000 / MS_PER_HOUR,
        }

    @property
    def used_mah(self) -> float | None:
        """What the board took from its supply while it was loaded."""
        return None if self.load_s is None else self.loaded_w / self.volts * 1000 * self.load_s / 3600

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def metered_of(typed: Mapping[str, float | None], *, way: str, board: str, full_load_w: float | None) -> Metered:
    """From what was typed, in one of three ways. board, full_load_w: its name, and what its profile says of its power under full load.

    Raises BadInput with the field: `unknown_way`, `missing`, `not_positive`, `out_of_range`, `below_idle`, `as_idle`, `more_than_the_board_takes`.
    """
    if way not in WAYS:
        raise _no("way", "Choose what the meter showed: current, power or charge.", "unknown_way")
    said = {name: _number(typed, name) for name in WAYS[way]}
    volts, load_s = said["volts"], _load_s(typed)
    if not LEAST_VOLTS <= volts <= MOST_VOLTS:
        raise _no(
            "volts", f"Write volts, {LEAST_VOLTS:g} to {MOST_VOLTS:g}: a USB meter shows about 5.", "out_of_range"
        )
    idle_w = said["idle_w"] if way == "power" else said["idle_ma"] * volts / 1000
    found = Metered(volts, idle_w, _loaded_w(said, way, volts), load_s)
    field = {"current": "loaded_ma", "power": "loaded_w", "charge": "used_mah"}[way]
    _check(found, field, board, full_load_w)
    return found


def _loaded_w(said: Mapping[str, float], way: str, volts: float) -> float:
    if way == "charge":
        return said["used_mah"] * 3600 / said["load_s"] * volts / 1000
    return said["loaded_w"] if way == "power" else said["loaded_ma"] * volts / 1000


def _load_s(typed: Mapping[str, float | None]) -> float | None:
    value = typed.get("load_s")
    if value is not None and not LEAST_LOAD_S <= value <= MOST_LOAD_S:
        said = f"Load the board for {LEAST_LOAD_S:g} s to a day: a shorter time is over before a meter has settled."
        raise _no("load_s", said, "out_of_range")
    return value


def _check(found: Metered, field: str, board: str, full_load_w: float | None) -> None:
    loaded, idle = numbers.digits(found.loaded_w), numbers.digits(found.idle_w)
    if found.loaded_w < found.idle_w:
        said = f"Under load this is {loaded} W on the mean, less than the {idle} W of the idle board. Are the two exchanged, or the seconds wrong?"
        raise _no(field, said, "below_idle")
    if found.loaded_w == found.idle_w:
        said = "Loaded and idle are the same, so the meter tells nothing of the model. Load it for longer, or read a finer digit."
        raise _no(field, said, "as_idle")
    most = MOST_WATTS if full_load_w is None else min(full_load_w * BEYOND_FULL_LOAD, MOST_WATTS)
    if found.loaded_w > most:
        known = (
            f" under full load it takes {numbers.digits(full_load_w)} W by its profile;"
            if full_load_w is not None
            else ""
        )
        said = f"This is {loaded} W, more than a {board} can take:{known} at most {numbers.digits(most)} W is believed. Is the unit right?"
        raise _no(field, said, "more_than_the_board_takes")


def _number(typed: Mapping[str, float | None], name: str) -> float:
    value = typed.get(name)
    if value is None:
        raise _no(name, f"Write {WORDS[name]}.", "missing")
    if not 0 < value < 1e6:
        raise _no(name, f"Write {WORDS[name]} as more than 0, in the unit beside it.", "not_positive")
    return value


def _no(field: str, said: str, code: str) -> BadInput:
    return BadInput(said, code=code, details={"field": field})
