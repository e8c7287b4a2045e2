"""What else decides how fast a board is, looked at before a run: the PREFLIGHT of the protocol. Nothing is changed, and nothing is refused for it.

After the list of reproducibility of IOI's isolate (isolate-check-environment), and for Jetson boards arXiv 2606.16106: the clock of the memory
alone moved medians by 11 to 48 %.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

from hardware.ondevice.runner import files

CPU = "sys/devices/system/cpu"
# Clock of the memory, in Hz: Jetson's external memory controller (root alone reads it), and devfreq of other makers.
MEMORY_CLOCKS = (
    "sys/kernel/debug/bpmp/debug/clk/emc/rate",
    "sys/kernel/debug/clk/emc/clk_rate",
    "sys/class/devfreq/*emc*/cur_freq",
    "sys/class/devfreq/*dmc*/cur_freq",
)
NVPMODEL = "var/lib/nvpmodel/status"


def look(root: Path = Path("/"), allowed: int | None = None) -> dict[str, Any]:
    """PREFLIGHT, as JSON; null where the board does not say. ``allowed``: cores that a process may use; asked of the system where None."""
    cores = sorted(root.glob(f"{CPU}/cpu[0-9]*"))
    governors = {files.text(core / "cpufreq/scaling_governor") for core in cores}
    return {
        "governors": sorted(name for name in governors if name),
        "boost": _boost(root),
        "swap_total_bytes": files.meminfo(root).get("SwapTotal"),
        "huge_pages": _chosen(files.text(root / "sys/kernel/mm/transparent_hugepage/enabled")),
        "cores": len(cores) or None,
        "cores_allowed": len(os.sched_getaffinity(0)) if allowed is None else allowed,
        "core_kinds": len({_kind(core) for core in cores}) or None,
        "power_mode": _power_mode(root),
        "memory_clock_mhz": _memory_clock_mhz(root),
    }


def _kind(core: Path) -> tuple[float | None, float | None]:
    """Cores of one kind have the same highest clock and the same capacity."""
    return files.number(core / "cpufreq/cpuinfo_max_freq"), files.number(core / "cpu_capacity")


def _boost(root: Path) -> bool | None:
    boost = files.number(root / f"{CPU}/cpufreq/boost")
    if boost is not None:
        return boost > 0
    no_turbo = files.number(root / f"{CPU}/intel_pstate/no_turbo")
    return None if no_turbo is None else no_turbo == 0


def _chosen(said: str | None) -> str | None:
    """The word in brackets: always [madvise] never."""
    found = re.search(r"\[(\w+)\]", said or "")
    return found.group(1) if found else None


def _power_mode(root: Path) -> str | None:
    """Jetson's nvpmodel, by its number: pmode:0002 fmode:quiet."""
    found = re.search(r"pmode:\s*0*(\d+)", files.text(root / NVPMODEL) or "")
    return f"nvpmodel {found.group(1)}" if found else None


def _memory_clock_mhz(root: Path) -> float | None:
    for pattern in MEMORY_CLOCKS:
        for path in sorted(root.glob(pattern)):
            clock_hz = files.number(path)
            if clock_hz:
                return clock_hz / 1e6
    return None
