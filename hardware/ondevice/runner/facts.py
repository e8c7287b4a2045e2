"""What this machine is: the FACTS of the protocol. Runtimes are told by their metadata; none is imported here."""

from __future__ import annotations

import os
import platform
import struct
import sys
from collections.abc import Mapping, Sequence
from datetime import datetime, timezone
from importlib import metadata, util
from pathlib import Path
from typing import Any

from hardware.ondevice.harness import cpu_name
from hardware.ondevice.runner import files
from hardware.ondevice.runner.version import version

# format: (distribution, module), the first that is there. tflite-runtime is what LiteRT was, and the last with wheels for armv7l.
RUNTIMES = {
    "onnx": (("onnxruntime", "onnxruntime"), ("onnxruntime-gpu", "onnxruntime")),
    "tflite": (("ai-edge-litert", "ai_edge_litert"), ("tflite-runtime", "tflite_runtime")),
    "torchscript": (("torch", "torch"),),
    "torch_export": (("torch", "torch"),),
}
WORDS = {"onnx": "ONNX", "tflite": "TFLite", "torchscript": "TorchScript", "torch_export": "torch.export"}
# TorchScript and torch.export files are programs.
EXECUTABLE = frozenset({"torchscript", "torch_export"})
INSTALL = {"onnx": "onnxruntime", "tflite": "ai-edge-litert", "torchscript": "torch", "torch_export": "torch"}
# Without wheels for a format there is nothing to advise.
INSTALL_32_BIT = {"tflite": "tflite-runtime 'numpy<2'"}
DEVICE_TREE = Path("/proc/device-tree")


def gather(
    install_id: str,
    isolation: Mapping[str, Any],
    sensors: list[dict[str, str]],
    contained: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """FACTS, as JSON. ``contained``: the runtimes, where jobs do not run with this machine's."""
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
        "runtimes": runtimes() if contained is None else dict(contained),
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


def abilities(known: Mapping[str, str], isolation: Mapping[str, Any]) -> str:
    """Which jobs this board can take, as a sentence, and why not others."""
    if isolation["name"] == "none":
        return f"It takes no jobs: nothing here keeps a stranger's model in its place. {isolation['why']}"
    held_back = [name for name in known if name in EXECUTABLE and not isolation["memory_limit"]]
    taken = [WORDS[name] for name in known if name not in held_back]
    without = [WORDS[name] for name in RUNTIMES if name not in known]
    said = [f"It takes jobs with {_listed(taken)} models." if taken else "It takes no jobs."]
    if held_back:
        words = _listed([WORDS[name] for name in held_back])
        said.append(f"{words} files are programs and are not taken while memory cannot be bounded here.")
    if without:
        said.append(f"There is no runtime for {_listed(without, 'or')}.")
    return " ".join(said)


def advice(kind: str) -> str:
    """How to install a runtime for a format; "" where there is none for this Python."""
    packages = (INSTALL if struct.calcsize("P") == 8 else INSTALL_32_BIT).get(kind)
    return f"{sys.executable} -m pip install {packages}" if packages else ""


def _listed(words: Sequence[str], last: str = "and") -> str:
    return f" {last} ".join(filter(None, (", ".join(words[:-1]), words[-1])))


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
