"""The isolation of this worker, and the processes that wait in it for the next hand-in.

Which ones wait follows from the labs that exist. Those of PyTorch hold much memory, so they wait only for a while after
a hand-in that used them, as on the evening of a deadline.
"""

import time
from contextlib import ExitStack
from pathlib import Path

import structlog
from django.conf import settings
from django.db import DatabaseError

from grading.bench.beforehand import TORCH, TORCH_FORMATS, wanted
from grading.bench.errors import BenchError
from grading.bench.sandbox import Sandbox, SandboxError, detect
from grading.bench.sandbox.prepared import PreStarted
from grading.models.assignments import Assignment
from grading.spec import FORMATS
from grading.work_folder import work_folder

log = structlog.get_logger(__name__)
TORCH_STAYS_S = 600.0
SETTLED_S = 60.0  # a worker that starts finds a backlog, and a machine that is busy starting
_born = time.monotonic()


class _Held:
    """What this process holds: the isolation, its folder, and when PyTorch was last asked for (monotonic seconds)."""

    isolation: PreStarted | None = None
    exits = ExitStack()
    torch_at: float | None = None


def sandbox() -> Sandbox:
    """The strongest isolation that works here, tested once a process. Raises BenchError (ours) where none does."""
    if _Held.isolation is None:
        try:
            found = detect(settings.BENCH_ISOLATION)
        except SandboxError as error:
            raise BenchError("isolation_unavailable", str(error), outcome="infrastructure") from error
        # Locked while this process lives, so the next worker clears it away after a kill -9.
        folder = _Held.exits.enter_context(work_folder(Path(settings.DATA_DIR) / "work"))
        _Held.isolation = PreStarted(found, folder)
        _Held.exits.callback(_Held.isolation.close)
    return _Held.isolation


def make_ready() -> None:
    """Have processes wait for what the labs take. What fails here costs the next hand-in seconds, and nothing else.

    To be called from the worker's main thread: the processes end with the thread that started them.
    """
    try:
        sandbox()
        assert _Held.isolation is not None
        _Held.isolation.make_ready(wanted(_formats()))
    except (BenchError, SandboxError, DatabaseError, OSError) as error:
        log.warning("not_prepared", why=str(error))


def _formats() -> set[str]:
    """The formats that at least one lab takes, without those that nobody uses just now."""
    found: set[str] = set()
    for spec in Assignment.objects.exclude(bench_spec={}).values_list("bench_spec", flat=True):
        found |= {str(name) for name in spec.get("formats") or FORMATS}
    return found if _torch_waits(time.monotonic()) else found - TORCH_FORMATS


def _torch_waits(now: float) -> bool:
    assert _Held.isolation is not None
    if now - _born > SETTLED_S and TORCH in _Held.isolation.used:
        _Held.torch_at = now
    _Held.isolation.used.clear()
    choice = settings.BENCH_TORCH_READY
    recently = _Held.torch_at is not None and now - _Held.torch_at < TORCH_STAYS_S
    return choice == "always" or (choice == "auto" and recently)


def close() -> None:
    """End what waits and remove its folder."""
    _Held.exits.close()
    _Held.isolation = None
