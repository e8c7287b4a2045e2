"""Choose the strongest isolation that works on this machine, by trying it."""

from __future__ import annotations

import functools
import tempfile
from collections.abc import Callable
from pathlib import Path

from hardware.ondevice.sandbox.bubblewrap import Bubblewrap
from hardware.ondevice.sandbox.limits import ProcessLimits
from hardware.ondevice.sandbox.namespaces import Namespaces
from hardware.ondevice.sandbox.request import Limits, Preparing, Sandbox, SandboxError, SandboxRequest

CANDIDATES: dict[str, tuple[Callable[[], Preparing], ...]] = {
    "bubblewrap": (lambda: Bubblewrap(with_proc=True), lambda: Bubblewrap(with_proc=False)),
    "namespaces": (lambda: Namespaces(with_proc=True), lambda: Namespaces(with_proc=False)),
    "limits": (ProcessLimits,),
}
SETTINGS = ("auto", *CANDIDATES)
TEXT = "milliamp self-test"


def detect(setting: str) -> Preparing:
    """Return the isolation for a setting: auto, bubblewrap, namespaces or limits. Tried once a process.

    Raises ValueError for another word, and SandboxError where nothing allowed by the setting works here.
    """
    sandbox, reasons = attempts(setting)
    if sandbox is None:
        raise SandboxError("No isolation works on this machine. " + " ".join(reasons))
    return sandbox


@functools.cache
def attempts(setting: str) -> tuple[Preparing | None, tuple[str, ...]]:
    """The isolation for a setting, None where none works, and what is wrong with each that comes before it.

    Raises ValueError as ``detect`` does.
    """
    if setting not in SETTINGS:
        raise ValueError(f"{setting!r} is not an isolation. Use one of {', '.join(SETTINGS)}.")
    reasons: list[str] = []
    for name in CANDIDATES if setting == "auto" else (setting,):
        for candidate in CANDIDATES[name]:
            sandbox = candidate()
            reason = fault(sandbox)
            if reason is None:
                return sandbox, tuple(reasons)
            reasons.append(f"{name}: {reason}")
    return None, tuple(reasons)


def fault(sandbox: Sandbox) -> str | None:
    """Run the self-test in ``sandbox``. Returns None where it holds, else what does not."""
    with tempfile.TemporaryDirectory(prefix="milliamp-") as folder:
        given, hidden = Path(folder, "given"), Path(folder, "hidden")
        given.write_text(TEXT)
        hidden.write_text(TEXT)
        request = SandboxRequest(
            entry="hardware.ondevice.selftest",
            args=("--read", "{inputs}/given", "--hidden", str(hidden)),
            readonly_files={"given": given},
            limits=Limits(wall_s=20.0, cpu_s=10),
        )
        try:
            result = sandbox.run(request)
        except SandboxError as error:
            return str(error)
    if result.ended != "ok" or not result.frames:
        return result.message or "the self-test said nothing."
    return _judge(sandbox.name, result.frames[0][1])


def _judge(name: str, seen: dict[str, object]) -> str | None:
    if seen.get("content") != TEXT or not seen.get("thread"):
        return "given files or threads do not work inside."
    forbidden = ["process", "socket", "write_outside", "signal"]
    if name != "limits":
        # Without namespaces only Landlock hides files, and not every kernel has it. The label says "process limits
        # only".
        forbidden.append("read_hidden")
    broken = [ability for ability in forbidden if seen.get(ability) is not False]
    return f"it does not hold back: {', '.join(broken)}." if broken else None
