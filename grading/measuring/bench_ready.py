"""The isolation of this worker, and the processes that wait in it for the next hand-in.

They start after the first hand-in in a format and end when none has come for ten minutes: idle, a worker holds no memory
for them, and on the evening of a deadline nobody waits for an import.
"""

import shutil
import time
from contextlib import ExitStack
from pathlib import Path

import structlog
from django.conf import settings

from grading.bench.beforehand import how_many
from grading.bench.errors import BenchError
from grading.bench.sandbox import Sandbox, SandboxError, detect
from grading.measuring.work_folder import clear, work_folder
from hardware.ondevice.sandbox.prepared import Imports, PreStarted
from hardware.ondevice.sandbox.request import Leaning, Preparing

log = structlog.get_logger(__name__)
STAYS_S = 600.0
LEAST_FREE_BYTES = 64 << 20  # less than what uploads leave free, so that what was taken can still be measured


class _Held:
    """What this process holds: the isolation, what ends with it, and when each kind was last used (monotonic seconds)."""

    isolation: Sandbox | None = None
    exits = ExitStack()
    used_at: dict[Imports, float] = {}  # noqa: RUF012 one for this process, as the class itself


def sandbox() -> Sandbox:
    """The isolation of the settings, tested once a process. Raises BenchError (ours) where it does not work, or may not be used."""
    if _Held.isolation is None:
        if _is_refused():
            said = "A deployment measures in containers. Set BENCH_ISOLATION=docker, or allow processes with BENCH_ALLOW_PROCESS=1."
            raise BenchError("isolation_unavailable", said, outcome="infrastructure")
        try:
            found = detect(settings.BENCH_ISOLATION, settings.BENCH_IMAGES, prestart=True)
        except SandboxError as error:
            raise BenchError("isolation_unavailable", str(error), outcome="infrastructure") from error
        _Held.isolation = _hold(found)
    return _Held.isolation


def isolation_name() -> str:
    """Of the sandbox that this process measures in; empty before it has tried one."""
    return _Held.isolation.name if _Held.isolation is not None else ""


def can_measure() -> bool:
    """Whether the isolation works now, and there is room on the disk.

    Where not, no run is taken: each would cost one of its tries, and all that wait would have ended before the engine
    is back. Without it the worker gives no sign of life either, so that /healthz tells.
    """
    if is_disk_full():
        log.warning("cannot_measure", why=f"less than {LEAST_FREE_BYTES >> 20} MiB are free in {settings.DATA_DIR}")
        return False
    try:
        found = sandbox()
        if isinstance(found, Leaning):
            found.look()
    except (BenchError, SandboxError) as error:
        log.warning("cannot_measure", why=str(error))
        return False
    return True


def is_disk_full() -> bool:
    """Whether there is no room for a run beside the database and the logs."""
    folder = Path(settings.DATA_DIR)
    return shutil.disk_usage(folder if folder.is_dir() else folder.parent).free < LEAST_FREE_BYTES


def _hold(found: Sandbox) -> Sandbox:
    """Processes are made to wait here; containers have a pool of their own."""
    if not isinstance(found, Preparing):
        return found
    # Locked while this process lives, so the next worker clears it away after a kill -9.
    folder = _Held.exits.enter_context(work_folder(Path(settings.DATA_DIR) / "work"))
    waiting = PreStarted(found, folder)
    _Held.exits.callback(waiting.close)
    return waiting


def _is_refused() -> bool:
    """Whether a model of a stranger would run in a mere process on a machine that others rely on."""
    is_production = not settings.EMBEDDED and not settings.DEBUG
    return is_production and settings.BENCH_ISOLATION != "docker" and not settings.BENCH_ALLOW_PROCESS


def make_ready() -> None:
    """Have processes wait for what was used of late. What fails here costs the next hand-in seconds, and nothing else.

    To be called from the worker's main thread: the processes end with the thread that started them.
    """
    if _Held.isolation is None:
        clear(Path(settings.DATA_DIR) / "work")  # nothing was measured yet, but a worker before may have been killed
        return
    if not isinstance(_Held.isolation, PreStarted):
        return
    now = time.monotonic()
    _Held.used_at |= dict.fromkeys(_Held.isolation.used, now)
    _Held.isolation.used.clear()
    recent = [imports for imports, at in _Held.used_at.items() if imports and now - at < STAYS_S]
    try:
        _Held.isolation.make_ready({imports: how_many(imports) for imports in recent})
    except (SandboxError, OSError) as error:
        log.warning("not_prepared", why=str(error))


def close() -> None:
    """End what waits and remove its folder."""
    _Held.exits.close()
    _Held.isolation = None
    _Held.used_at.clear()
