"""How this machine is right now: temperature, clock, governor, throttling, free disk. The STATE of the protocol.

Read below a root that is / on a machine and a made-up tree in a test.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hardware.ondevice.runner import files, preflight

# Bits of get_throttled of a Raspberry Pi: the low ones hold now, the same ones 16 higher have held since the start.
PI_BITS = {0: "under_voltage", 1: "frequency_capped", 2: "throttled", 3: "soft_temperature_limit"}
STICKY = 16
PI_FILES = ("sys/devices/platform/soc/soc:firmware/get_throttled", "sys/class/hwmon/get_throttled")
# The processor's own zone, where several are told apart by a type.
CPU_ZONES = (
    "cpu-thermal",
    "cpu_thermal",
    "CPU-therm",
    "soc-thermal",
    "x86_pkg_temp",
    "cpu0-thermal",
    "bigcore-thermal",
)


@dataclass(frozen=True)
class Throttling:
    """What holds the machine back now, what has since it was started, and how often its cores were slowed (x86)."""

    now: tuple[str, ...]
    since_boot: tuple[str, ...]
    count: int = 0

    def as_json(self) -> dict[str, Any]:
        """As in STATE."""
        return {"now": list(self.now), "since_boot": list(self.since_boot)}


class Machine:
    """Reads the state below ``root``; ``disk`` is the folder whose free space counts, ``watts`` what the board draws now."""

    def __init__(self, disk: Path, root: Path = Path("/"), watts: Callable[[], float | None] = lambda: None) -> None:
        self._disk, self._root, self._watts = disk, root, watts

    def state(self, phase: str) -> dict[str, Any]:
        """STATE, as JSON."""
        throttling = self.throttling()
        free = os.statvfs(self._disk)
        return {
            "temperature_c": self.temperature_c(),
            "clock_mhz": self.clock_mhz(),
            "governor": self.governor(),
            "throttled": throttling.as_json() if throttling else None,
            "power_w": self._watts(),
            "disk_free_bytes": free.f_bavail * free.f_frsize,
            "phase": phase,
        }

    def temperature_c(self) -> float | None:
        """Of the processor; where no zone is called so, the hottest one. None where the machine does not say."""
        found: dict[str, float] = {}
        for zone in sorted(self._root.glob("sys/class/thermal/thermal_zone*")):
            value = files.number(zone / "temp")
            if value is not None and -40_000 < value < 200_000:  # zones of parts that are switched off say nonsense
                found[files.text(zone / "type") or zone.name] = value / 1000
        named = [found[name] for name in CPU_ZONES if name in found]
        return named[0] if named else max(found.values(), default=None)

    def clock_mhz(self) -> float | None:
        """The fastest core's clock now."""
        found = [
            value
            for path in self._root.glob("sys/devices/system/cpu/cpu[0-9]*/cpufreq/scaling_cur_freq")
            if (value := files.number(path)) is not None
        ]
        return max(found) / 1000 if found else None

    def governor(self) -> str | None:
        """What chooses the clock of the first core, as performance or ondemand."""
        return files.text(self._root / "sys/devices/system/cpu/cpu0/cpufreq/scaling_governor")

    def swap_bytes(self) -> int:
        """Swap in use; memory that was swapped out makes times that mean nothing."""
        sizes = files.meminfo(self._root)
        return sizes.get("SwapTotal", 0) - sizes.get("SwapFree", 0)

    def preflight(self) -> dict[str, Any]:
        """PREFLIGHT, as JSON."""
        return preflight.look(self._root)

    def throttling(self) -> Throttling | None:
        """None where nothing on this machine says whether it is held back."""
        bits = self._pi_bits()
        if bits is not None:
            now = tuple(name for bit, name in PI_BITS.items() if bits >> bit & 1)
            since = tuple(name for bit, name in PI_BITS.items() if bits >> (bit + STICKY) & 1)
            return Throttling(now, since)
        counts = [
            int(value)
            for path in self._root.glob("sys/devices/system/cpu/cpu[0-9]*/thermal_throttle/*_throttle_count")
            if (value := files.number(path)) is not None
        ]
        if counts:
            return Throttling((), ("throttled",) if sum(counts) else (), sum(counts))
        return self._cooling()

    def _pi_bits(self) -> int | None:
        for place in PI_FILES:
            bits = files.hexadecimal(files.text(self._root / place))
            if bits is not None:
                return bits
        program = shutil.which("vcgencmd") if self._root == Path("/") else None
        if program is None:
            return None
        with contextlib.suppress(OSError, subprocess.SubprocessError):
            said = subprocess.run([program, "get_throttled"], capture_output=True, text=True, timeout=2, check=False)
            return files.hexadecimal(said.stdout.strip() if said.returncode == 0 else None)
        return None

    def _cooling(self) -> Throttling | None:
        """Jetson and most boards by their cooling devices: one of a processor that is not at 0 slows it down."""
        devices = []
        for device in self._root.glob("sys/class/thermal/cooling_device*"):
            kind, level = (files.text(device / "type") or "").lower(), files.number(device / "cur_state")
            if level is not None and ("cpufreq" in kind or "cpu-alert" in kind or kind == "processor"):
                devices.append(level)
        if not devices:
            return None
        return Throttling(("throttled",) if any(level > 0 for level in devices) else (), ())
