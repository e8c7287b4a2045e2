"""What this machine is: the FACTS of the protocol. Runtimes are told by their metadata; none is imported here."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping
from datetime import datetime, timezone
from importlib import metadata, util
from pathlib import Path
from typing import Any

from hardware.ondevice.harness import cpu_name
from hardware.ondevice.runner import files
from hardware.ondevice.runner.version import version

# format: (distribution, module), the first that is there.
RUNTIMES = {
    "onnx": (("onnxruntime", "onnxruntime"), ("onnxruntime-gpu", "onnxruntime")),
    "tflite": (("ai-edge-litert", "ai_edge_litert"),),
    "torchscript": (("torch", "torch"),),
    "torch_export": (("torch", "torch"),),
}
INSTALL = {"onnx": "onnxruntime", "tflite": "ai-edge-litert", "torchscript": "torch", "torch_export": "torch"}
DEVICE_TREE = Path("/proc/device-tree")


def gather(install_id: str, isolation: Mapping[str, Any], sensors: list[dict[str, str]]) -> dict[str, Any]:
    """FACTS, as JSON."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {
        "install_id": install_id,
        "boot_id": boot_id(),
        "agent": version(),
        "python": platform.python_version(),
        "machine": platform.machine(),
        "os": os_name(),
        "kernel": platform.release(),
        "model": files.text(DEVICE_TREE / "model") or cpu_name(),
        "serial": files.text(DEVICE_TREE / "serial-number") or "",
        "cores": len(os.sched_getaffinity(0)),
        "memory_bytes": memory,
        "runtimes": runtimes(),
        "isolation": dict(isolation),
        "sensors": sensors,
        "clock_utc": clock_utc(),
    }


def clock_utc() -> str:
    """What this machine's clock says; the site shows how far it is off, and nobody decides by it."""
    return datetime.now(timezone.utc).isoformat(timespec="seconds")


def boot_id() -> str:
    """Another one after each start of the machine."""
    return files.text(Path("/proc/sys/kernel/random/boot_id")) or ""


def os_name(path: Path = Path("/etc/os-release")) -> str:
    """As Debian GNU/Linux 12."""
    said = files.text(path) or ""
    entries = dict(line.split("=", 1) for line in said.splitlines() if "=" in line)
    name = entries.get("PRETTY_NAME") or entries.get("NAME") or platform.system()
    return name.strip("\"'")


def runtimes() -> dict[str, str]:
    """format -> version, of those whose package and NumPy are there. That they can be imported, `doctor` tries."""
    if util.find_spec("numpy") is None:
        return {}
    found = {}
    for name, choices in RUNTIMES.items():
        for distribution, module in choices:
            if util.find_spec(module) is None:
                continue
            try:
                found[name] = metadata.version(distribution)
            except metadata.PackageNotFoundError:
                continue
            break
    return found
