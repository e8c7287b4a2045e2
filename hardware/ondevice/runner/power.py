"""Power sensors that the kernel knows: INA219, INA226, INA3221 and their kin below hwmon or IIO, and Jetson's rails. What a meter at a
serial port says is read in serial_meter.py, and becomes a Sensor like these.

Units are those of the kernel's interface: hwmon says millivolt, milliampere and microwatt; IIO, times its scale, millivolt,
milliampere and milliwatt.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hardware.ondevice.runner import files

CHIPS = ("ina2", "ina3", "ina4", "ltc294", "max3440", "pac19")
# What a board draws as a whole, by the names of its makers; else the first rail.
WHOLE_BOARD = ("VDD_IN", "POM_5V_IN", "5V_IN", "VIN_SYS_5V0", "VIN", "IN")
EVERY_S = 0.05
FEWEST_SAMPLES = 3
Point = tuple[float, float]  # seconds by the monotonic clock, watts


@dataclass(frozen=True)
class Sensor:
    """One rail of one chip. ``name`` as ina219@1-0040, or ina3221@1-0040#2 for its second channel.

    ``read`` gives the watts of now. ``newest``: of what speaks by itself, the last reading and when it came; None where ``read`` measures.
    """

    name: str
    kind: str
    rail: str
    read: Callable[[], float | None] = field(compare=False, repr=False)
    newest: Callable[[], Point | None] | None = field(default=None, compare=False, repr=False)

    def as_json(self) -> dict[str, str]:
        """As in FACTS."""
        return {"name": self.name, "kind": self.kind, "rail": self.rail}


def find(root: Path = Path("/sys")) -> list[Sensor]:
    """All rails whose power can be read now, those of the whole board first."""
    found = [*_hwmon(root), *_iio(root)]
    unique = {sensor.name: sensor for sensor in reversed(found)}
    working = [sensor for sensor in unique.values() if sensor.read() is not None]
    return sorted(working, key=lambda sensor: (sensor.rail.upper() not in WHOLE_BOARD, sensor.name))


def choose(sensors: Sequence[Sensor], named: str = "") -> Sensor | None:
    """The one of that name, or the first."""
    return next((sensor for sensor in sensors if not named or sensor.name == named), None)


def _hwmon(root: Path) -> list[Sensor]:
    found = []
    for folder in sorted(root.glob("class/hwmon/hwmon*")):
        chip = files.text(folder / "name") or ""
        if not chip.startswith(CHIPS):
            continue
        where = _address(folder)
        for channel in range(1, 9):
            read = _hwmon_rail(folder, channel)
            if read is None:
                continue
            rail = files.text(folder / f"in{channel}_label") or files.text(folder / f"power{channel}_label") or ""
            found.append(Sensor(f"{chip}@{where}" + (f"#{channel}" if channel > 1 else ""), "hwmon", rail, read))
    return found


def _hwmon_rail(folder: Path, channel: int) -> Callable[[], float | None] | None:
    power = folder / f"power{channel}_input"
    if power.exists():
        return lambda: _scaled(files.number(power), 1e-6)
    volts, amperes = folder / f"in{channel}_input", folder / f"curr{channel}_input"
    if volts.exists() and amperes.exists():
        return lambda: _product(files.number(volts), files.number(amperes), 1e-6)
    return None


def _iio(root: Path) -> list[Sensor]:
    found = []
    for folder in sorted(root.glob("bus/iio/devices/iio:device*")):
        chip = files.text(folder / "name") or ""
        if not chip.startswith(CHIPS):
            continue
        where = _address(folder)
        for channel in ("", *map(str, range(8))):
            read = _iio_rail(folder, channel)
            if read is None:
                continue
            rail = files.text(folder / f"rail_name_{channel or 0}") or ""
            found.append(Sensor(f"{chip}@{where}" + (f"#{channel}" if channel else ""), "iio", rail, read))
    return found


def _iio_rail(folder: Path, channel: str) -> Callable[[], float | None] | None:
    ready = folder / f"in_power{channel}_input"  # Jetson's older driver gives it in milliwatt
    if ready.exists():
        return lambda: _scaled(files.number(ready), 1e-3)
    power = _raw(folder, f"in_power{channel}", "in_power")
    if power is not None:
        return lambda: _scaled(power(), 1e-3)
    # The first voltage of an INA2xx is that of the shunt, the second that of the bus.
    volts = _raw(folder, f"in_voltage{channel or 1}", "in_voltage")
    amperes = _raw(folder, f"in_current{channel or 3}", "in_current") or _raw(folder, "in_current", "in_current")
    if volts is not None and amperes is not None and not channel and not any(folder.glob("in_power*")):
        return lambda: _product(volts(), amperes(), 1e-6)
    return None


def _raw(folder: Path, stem: str, family: str) -> Callable[[], float | None] | None:
    """What IIO means by a raw number: (raw + offset) * scale, each of the channel's own or of its family."""
    raw = folder / f"{stem}_raw"
    if not raw.exists():
        return None

    def read() -> float | None:
        scale = next((value for name in (stem, family) if (value := files.number(folder / f"{name}_scale"))), 1.0)
        offset = next((value for name in (stem, family) if (value := files.number(folder / f"{name}_offset"))), 0.0)
        value = files.number(raw)
        return None if value is None else (value + offset) * scale

    return read


def _scaled(value: float | None, factor: float) -> float | None:
    return None if value is None else value * factor


def _product(volts: float | None, amperes: float | None, factor: float) -> float | None:
    return None if volts is None or amperes is None else volts * amperes * factor


def _address(folder: Path) -> str:
    """Of the chip on its bus, as 1-0040."""
    device = folder / "device"
    return device.resolve().name if device.exists() else folder.resolve().parent.name


@dataclass
class Meter:
    """A thread that reads one sensor about twenty times a second. Use as ``with``; without a sensor it stays empty."""

    sensor: Sensor | None
    every_s: float = EVERY_S
    points: list[Point] = field(default_factory=list)
    _stop: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def __enter__(self) -> Meter:
        if self.sensor is not None:
            self._thread = threading.Thread(target=self._run, name="meter", daemon=True)
            self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        assert self.sensor is not None  # else there is no thread
        while True:
            point = self._point(self.sensor)
            if point is not None and (not self.points or point[0] > self.points[-1][0]):
                self.points.append(point)
            if self._stop.wait(self.every_s):
                return

    def _point(self, sensor: Sensor) -> Point | None:
        """A reading; of what speaks by itself, its last, which is no new one until it speaks again."""
        if sensor.newest is not None:
            return sensor.newest()
        before = time.monotonic()
        watts = sensor.read()
        return None if watts is None else ((before + time.monotonic()) / 2, watts)

    def newest(self) -> float | None:
        """Watts, of the last reading."""
        return self.points[-1][1] if self.points else None


@dataclass(frozen=True)
class Window:
    """From when to when (monotonic seconds) so many inferences of a step ran and nothing else."""

    start: float
    end: float
    inferences: int = 0
    step: str = ""


def window_of(points: Sequence[Point], start: float, end: float) -> list[Window]:
    """From the first to the last reading within a time, which it need not reach to the ends; nothing where there are too few."""
    inside = [when for when, _ in points if start <= when <= end]
    return [Window(inside[0], inside[-1])] if len(inside) > 1 else []


def joules(points: Sequence[Point], window: Window) -> tuple[float, int]:
    """Energy within a window by the trapezoid rule, its ends interpolated, and how many readings lie in it.

    Raises ValueError where the readings do not reach from end to end.
    """
    inside = [point for point in points if window.start < point[0] < window.end]
    curve = [(window.start, _at(points, window.start)), *inside, (window.end, _at(points, window.end))]
    energy = sum((b[0] - a[0]) * (a[1] + b[1]) / 2 for a, b in zip(curve, curve[1:]))
    return energy, len(inside)


def _at(points: Sequence[Point], when: float) -> float:
    for before, after in zip(points, points[1:]):
        if before[0] <= when <= after[0]:
            share = (when - before[0]) / (after[0] - before[0]) if after[0] > before[0] else 0.0
            return before[1] + share * (after[1] - before[1])
    raise ValueError("The readings do not cover this moment.")


def energy(
    sensor: Sensor, points: Sequence[Point], idle: Sequence[Window], loaded: Sequence[Window]
) -> dict[str, Any] | None:
    """ENERGY of the protocol; None where there are too few readings to say anything.

    ``idle``: before and after. ``loaded``: of each step that ran on while power was read.
    """
    try:
        quiet = [joules(points, window) for window in idle]
        busy = [joules(points, window) for window in loaded]
    except ValueError:
        return None
    samples, inferences = sum(count for _, count in busy), sum(window.inferences for window in loaded)
    idle_s, busy_s = (sum(each.end - each.start for each in windows) for windows in (idle, loaded))
    if (
        samples < FEWEST_SAMPLES
        or inferences < 1
        or len(idle) != 2
        or min(each.end - each.start for each in idle) <= 0
        or busy_s <= 0
    ):
        return None
    idle_w = sum(each for each, _ in quiet) / idle_s
    total = sum(each for each, _ in busy)
    before_w, after_w = (each / (window.end - window.start) for (each, _), window in zip(quiet, idle))
    return {
        "source": sensor.name,
        "idle_w": round(idle_w, 6),
        "idle_before_w": round(before_w, 6),
        "idle_after_w": round(after_w, 6),
        "loaded_w": round(total / busy_s, 6),
        "joules": round(total, 6),
        "seconds": round(busy_s, 6),
        "inferences": inferences,
        "energy_mj": round(1000 * total / inferences, 6),
        "energy_mj_above_idle": round(1000 * (total - idle_w * busy_s) / inferences, 6),
        "samples": samples,
        "steps": [
            [window.step, round(each, 6), round(window.end - window.start, 6), window.inferences]
            for (each, _), window in zip(busy, loaded)
        ],
    }
