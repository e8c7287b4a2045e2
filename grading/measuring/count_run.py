"""The worker side of a count of instructions: give way to whoever waits for a result, count, look whether it can be right.

Every way in which it can fail is ours: no outcome of it reaches the student.
"""

import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import structlog

from grading.bench.instruction_count import count
from grading.bench.report import Report
from grading.bench.sandbox import Sandbox
from grading.bench.suspicions import too_few_instructions
from grading.queue.wake import ASK_KIND, RERUN_KIND, RUN_KIND, VARIANT_KIND
from hardware import leases

log = structlog.get_logger(__name__)
LOOK_EVERY_S = 0.5
AHEAD = (RUN_KIND, ASK_KIND, VARIANT_KIND, RERUN_KIND)
_said: list[str] = []


class GivesWay(Exception):
    """Somebody waits for a result: the count starts again when nobody does."""


def is_offered() -> bool:
    """Whether this worker can count: Valgrind is installed. That it is not is said once."""
    if shutil.which("valgrind"):
        return True
    if not _said:
        _said.append("valgrind")
        log.warning("count_not_offered", why="Valgrind is not installed, so instructions are not counted here.")
    return False


def count_run(model: Path, report: dict[str, Any], sandbox: Sandbox, on_progress: Callable[[str, int, int], None]) -> dict[str, Any]:  # fmt: skip
    """Count a measured model.

    Args:
        report: as it stands in the result. on_progress: raises what stops the work.

    Returns:
        JSON-ready {per_inference, short, long, inferences, seconds, tool, machine, evidence}.

    Raises:
        BenchError, GivesWay, and what `on_progress` raises.
    """
    known = Report.from_json({key: value for key, value in report.items() if key != "file"})
    found = count(model, known, sandbox=sandbox, on_tick=_yielding(on_progress))
    suspicion = too_few_instructions(found.per_inference, known)
    return found.to_json() | {"evidence": [suspicion.to_json()] if suspicion else []}


def _yielding(on_progress: Callable[[str, int, int], None]) -> Callable[[float], None]:
    looked = time.monotonic()

    def tick(elapsed_s: float) -> None:
        nonlocal looked
        on_progress("counting", 0, 0)
        if time.monotonic() - looked >= LOOK_EVERY_S:
            looked = time.monotonic()
            if leases.is_waiting(AHEAD):
                raise GivesWay

    return tick
