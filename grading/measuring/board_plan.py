"""What a board is sent: the very processes that would run here, written down. What comes back: grading/measuring/board_answer.py."""

import dataclasses
from pathlib import Path
from typing import Any

from grading.bench import engine
from grading.bench.report import Report
from grading.bench.sandbox import Limits, Sandbox, SandboxRequest
from grading.measuring.lab_inputs import shown_inputs
from grading.measuring.measure_run import Progress, inspected
from grading.measuring.signature import check_signature
from grading.services.board_runs import Plan
from grading.spec import BenchSpec
from hardware.runners.facts import EXECUTABLE

WINDOWS = 5  # fresh processes on a board, whose medians say how far it repeats
COOL_BELOW_C, COOL_WAIT_S, IDLE_S = 60.0, 180, 10


def plan_for(
    *,
    model: Path,
    spec: BenchSpec,
    lab: str,
    inputs: Path,
    sandbox: Sandbox,
    seed: int,
    folder: Path,
    on_progress: Progress,
) -> Plan:
    """Check the model here, in the sandbox, as for any run, and write down what a board is to do with it. Raises BenchError."""
    report = inspected(model, spec, sandbox, on_progress)
    shown = shown_inputs(model, inputs, spec, check_signature(report, spec, lab), folder, seed)
    given = shown.inputs.path
    requests = _requests(model, report, given, spec, seed)
    names = {path: name for request in requests for name, path in request.readonly_files.items()}
    steps = [_step(f"window {n}", request) for n, request in enumerate(requests, 1)]
    document = {
        "steps": steps, "cool_below_c": COOL_BELOW_C, "cool_wait_s": COOL_WAIT_S, "idle_s": IDLE_S, "reference": None,
        "needs_memory_limit": str(report.format) in EXECUTABLE,
    }  # fmt: skip
    wall_s = sum(step["limits"]["wall_s"] for step in steps) + COOL_WAIT_S + 2 * IDLE_S
    return Plan(str(report.format), document, {name: path for path, name in names.items()}, seed, wall_s)


def _requests(model: Path, report: Report, inputs: Path, spec: BenchSpec, seed: int) -> list[SandboxRequest]:
    count = 1 if str(report.format) in EXECUTABLE else WINDOWS
    limits = Limits(wall_s=spec.wall_s, memory_bytes=spec.memory_bytes)
    return engine.timing_requests(
        model, report, inputs=inputs, seed=seed, scores=spec.output.numbers, processes=count, limits=limits
    )


def _step(name: str, request: SandboxRequest) -> dict[str, Any]:
    limits = dataclasses.asdict(request.limits)
    kept = ("wall_s", "cpu_s", "memory_bytes", "threads", "output_bytes", "result_bytes", "tmp_bytes")
    return {
        "name": name, "entry": request.entry, "args": list(request.args), "files": sorted(request.readonly_files),
        "limits": {key: limits[key] for key in kept},
    }  # fmt: skip
