"""Look at everything that a runner needs, and say for each what was found and what to do."""

from __future__ import annotations

import importlib.util
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hardware.ondevice import seccomp
from hardware.ondevice.runner import facts, power, serial_meter, settings, spool
from hardware.ondevice.runner.client import Client, check_site
from hardware.ondevice.runner.enrolling import group_name
from hardware.ondevice.runner.isolation import Isolation, closed_to_users, find
from hardware.ondevice.runner.state import Machine
from hardware.ondevice.runner.words import RunnerError, Unreachable
from hardware.ondevice.syscalls import ARCHITECTURES

OLDEST, NEWEST = (3, 9), (3, 13)
FREE_BYTES = 1 << 30
IMPORT_WITHIN_S = 120
METER_WITHIN_S = 5.0
GOOD, WARNING, BAD = "ok", "note", "BAD"
MODULES = {
    "onnx": ("onnxruntime",),
    "tflite": ("ai_edge_litert.interpreter", "tflite_runtime.interpreter"),
    "torchscript": ("torch",),
    "torch_export": ("torch.export",),
}


@dataclass(frozen=True)
class Check:
    """One line. ``todo`` is empty where nothing is to be done."""

    level: str
    what: str
    found: str
    todo: str = ""

    def __str__(self) -> str:
        return f"{self.level:<5}{self.what}: {self.found}" + (f"\n     -> {self.todo}" if self.todo else "")


def examine(folder: Path, *, root: Path = Path("/"), sys_root: Path = Path("/sys")) -> Iterator[Check]:
    """All checks, one after the other; some take seconds."""
    yield _python()
    yield from _enrolled(folder)
    yield from _jobs(_image(folder))
    yield from _machine(folder, root)
    yield _sensors(sys_root)
    yield from _meter(folder)


def _python() -> Check:
    found = f"{platform.python_version()} on {platform.machine()}, {facts.os_name()}"
    if OLDEST <= sys.version_info[:2] <= NEWEST:
        return Check(GOOD, "Python", found)
    return Check(WARNING, "Python", found, "It is tried with Python 3.9 to 3.13.")


def _enrolled(folder: Path) -> Iterator[Check]:
    try:
        mine = settings.load(folder)
        token = settings.load_token(folder)
        site = check_site(mine.site, plain_http=mine.plain_http)
    except RunnerError as error:
        yield Check(WARNING, "Enrolled", "no", str(error))
        return
    yield Check(GOOD, "Enrolled", f"{mine.name} of {mine.course}, device {mine.device}")
    try:
        # Any answer will do: what is asked for is a beat of a lease that there is not.
        Client(site, token, timeout_s=10).beat("00000000-0000-0000-0000-000000000000", {"attempt": 0})
    except Unreachable as error:
        yield Check(BAD, "Site", f"{site} is not reached: {error}", "Look at the network, the clock and the address.")
    except RunnerError as error:
        yield Check(BAD, "Site", str(error), "Enrol again, with a new code.")
    except Exception as error:  # noqa: BLE001 a lease that is lost is what is expected
        yield Check(GOOD, "Site", f"{site} answers ({type(error).__name__})")
    else:
        yield Check(GOOD, "Site", f"{site} answers")


def _image(folder: Path) -> str:
    try:
        return settings.load(folder).image
    except RunnerError:
        return ""


def _jobs(image: str) -> Iterator[Check]:
    """Isolation and runtimes, and what comes of both: which jobs this board can take."""
    try:
        found = find(group_name(f"doctor-{platform.node()}"), image=image)
    except RunnerError as error:
        yield Check(BAD, "Isolation", str(error), _how_to_isolate(image))
        isolation: dict[str, Any] = {"name": "none", "why": ""}
        known = {} if image else facts.runtimes()
    else:
        found.close()
        isolation = found.as_json()
        known = facts.runtimes() if found.runtimes is None else dict(found.runtimes)
        yield from _isolation(found)
    yield from ([_contained(name, known) for name in MODULES] if image else _runtimes(known))
    said = facts.abilities(known, isolation)
    yield Check(GOOD if said.startswith("It takes jobs with") else WARNING, "Jobs", said)


def _isolation(found: Isolation) -> Iterator[Check]:
    if found.sandbox.name == "limits":
        why = " ".join(found.stronger)
        yield Check(WARNING, "Isolation", f"{found.sandbox.label}. {why}", _how_to_isolate(""))
    else:
        yield Check(GOOD, "Isolation", found.sandbox.label)
    if found.limits_memory:
        yield Check(GOOD, "Memory limit", "a process beyond it was stopped by the kernel")
    else:
        yield Check(WARNING, "Memory limit", "none: TorchScript and torch.export are not taken", found.why)


def _how_to_isolate(image: str) -> str:
    if image:
        return f"Mend it, or run models without containers: take the image out of {settings.SETTINGS}."
    if not seccomp.supported():
        return f"There is a system call filter for {', '.join(ARCHITECTURES)}. Install such a system."
    if os.geteuid() != 0 and (closed := closed_to_users()):
        return closed
    if shutil.which("bwrap") is None:
        return "Install bubblewrap: sudo apt install bubblewrap"
    return "Bubblewrap is there and does not work; see what it says."


def _contained(name: str, known: Mapping[str, str]) -> Check:
    return Check(GOOD, name, known[name]) if name in known else Check(WARNING, name, "the image has no runtime")


def _runtimes(known: Mapping[str, str]) -> Iterator[Check]:
    if importlib.util.find_spec("numpy") is None:
        yield Check(BAD, "NumPy", "missing", f"{sys.executable} -m pip install numpy")
        return
    for name, modules in MODULES.items():
        if name not in known:
            yield Check(WARNING, name, "no runtime", facts.advice(name))
            continue
        reason = _why_not_imported(next(each for each in modules if importlib.util.find_spec(each.partition(".")[0])))
        if reason:
            todo = "The sandbox sees the system's Python and its virtual environment, not ~/.local."
            yield Check(BAD, name, f"{known[name]} cannot be imported: {reason}", todo)
        else:
            yield Check(GOOD, name, known[name])


def _why_not_imported(module: str) -> str:
    try:
        tried = subprocess.run(
            [sys.executable, "-s", "-c", f"import {module}"],
            check=False,
            capture_output=True,
            text=True,
            timeout=IMPORT_WITHIN_S,
        )
    except subprocess.TimeoutExpired:
        return f"still at it after {IMPORT_WITHIN_S} s"
    return (tried.stderr.strip().splitlines() or ["it gives no reason"])[-1] if tried.returncode else ""


def _size(count: int) -> str:
    return f"{count / (1 << 30):.1f} GiB" if count >= 1 << 30 else f"{count >> 20} MiB"


def _machine(folder: Path, root: Path) -> Iterator[Check]:
    place = next(each for each in (folder, *folder.parents) if each.exists())
    free = spool.free_bytes(place)
    todo = "" if free > FREE_BYTES else "Make room: a job may need a gigabyte."
    yield Check(WARNING if todo else GOOD, "Disk", f"{_size(free)} free at {place}", todo)
    machine = Machine(place, root)
    governor = machine.governor()
    todo = "" if governor in {None, "performance"} else "For even times: sudo cpupower frequency-set -g performance"
    yield Check(WARNING if todo else GOOD, "Governor", governor or "the kernel does not say", todo)
    swap = machine.swap_bytes()
    todo = "Swapped memory makes times uneven: sudo swapoff -a" if swap else ""
    yield Check(WARNING if todo else GOOD, "Swap", f"{swap >> 20} MiB in use", todo)
    temperature, throttling = machine.temperature_c(), machine.throttling()
    heat = "the kernel does not say" if temperature is None else f"{temperature:.0f} °C"
    yield Check(GOOD if temperature is not None else WARNING, "Temperature", heat)
    if throttling is None:
        todo = "A run that was slowed down by heat cannot be told from another."
        yield Check(WARNING, "Throttling", "this machine does not say", todo)
    elif throttling.now:
        todo = "Cool the board, or give it a stronger power supply."
        yield Check(BAD, "Throttling", f"held back now: {', '.join(throttling.now).replace('_', ' ')}", todo)
    else:
        since = ", ".join(throttling.since_boot).replace("_", " ")
        yield Check(GOOD, "Throttling", f"not now; since the start: {since}" if since else "none")


def _sensors(root: Path) -> Check:
    found = [
        f"{each.name}{f' ({each.rail})' if each.rail else ''}: {each.read() or 0:.3f} W" for each in power.find(root)
    ]
    if found:
        return Check(GOOD, "Power sensors", "; ".join(found))
    return Check(WARNING, "Power sensors", "none", "Without one no energy is measured; times are.")


def _meter(folder: Path) -> Iterator[Check]:
    """Of the one at a serial port, where settings.json names one."""
    try:
        said = settings.load(folder).meter
    except RunnerError:
        return
    try:
        meter = serial_meter.of_settings(said)
    except RunnerError as error:
        yield Check(BAD, "Power meter", "it cannot be used", str(error))
        return
    if meter is None:
        return
    try:
        reading = meter.start().first(METER_WITHIN_S)
    finally:
        meter.close()
    if reading is not None:
        yield Check(GOOD, "Power meter", f"{meter.port}: {reading[1]:.3f} W")
        return
    todo = "Look at the port, its speed and its rights (group dialout), and what it prints: docs/runner-agent.md."
    yield Check(BAD, "Power meter", f"{meter.port}: nothing in {METER_WITHIN_S:g} s. {meter.trouble}", todo)
