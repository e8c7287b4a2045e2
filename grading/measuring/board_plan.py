"""What a board is sent: the very processes that would run here, written down. What comes back: grading/measuring/board_answer.py.

A board stands with whoever has it, who can read all that is sent there. So a single model is timed there on made-up inputs, and answers the
hidden ones here. Stages of a pipeline and steps that learn need the lab's inputs; they go to boards of the course alone.
"""

import dataclasses
from collections.abc import Sequence
from math import prod
from pathlib import Path
from typing import Any

from grading.bench import engine
from grading.bench.errors import BenchError
from grading.bench.pipeline import StagePart
from grading.bench.sandbox import Limits, Sandbox, SandboxRequest
from grading.bench.training_run import training_requests
from grading.measuring.measure_pipeline import pipeline_ready
from grading.measuring.measure_run import Progress, inspected
from grading.measuring.measure_step import parts_for
from grading.measuring.signature import check_signature
from grading.measuring.signature_step import check_step
from grading.services.board_runs import Plan
from grading.spec import BenchSpec
from hardware.runners.facts import EXECUTABLE
from hardware.runners.health import golden_file, golden_step
from hardware.runners.needs import REFUSED, Needs

WINDOWS = 5  # fresh processes on a board, whose medians say how far it repeats
COOL_BELOW_C, COOL_WAIT_S, IDLE_S = 60.0, 180, 10
METER_S = 10  # at most, that a board goes on with each process for the sake of its power meter
REFERENCE = "reference"
FED = Path("fed")  # stands for inputs that the board makes itself of what the stage before answered
MOST_HANDED_ON_BYTES = 40 << 20  # of all stages together: a board brings it back as base64, in at most 64 MiB


@dataclasses.dataclass(frozen=True)
class Row:
    """One process of a plan. name: of the step. feed: where its inputs come from, as in docs/runner-protocol.md."""

    name: str
    request: SandboxRequest
    feed: dict[str, Any] | None = None


def plan_for(
    *,
    model: Path,
    spec: BenchSpec,
    lab: str,
    inputs: Path,
    labels: Path | None,
    sandbox: Sandbox,
    seed: int,
    folder: Path,
    on_progress: Progress,
) -> Plan:
    """Check what was handed in here, in the sandbox, as for any run, and write down what a board is to do with it. Raises BenchError."""
    if spec.pipeline:
        formats, rows = _pipeline(
            model, spec, lab, inputs=inputs, sandbox=sandbox, seed=seed, folder=folder, on_progress=on_progress
        )
        return plan_of(rows, formats, seed)
    report, limits = inspected(model, spec, sandbox, on_progress), _limits(spec)
    if spec.kind.trains:
        parts = parts_for(
            model, spec, check_step(report, spec, lab), inputs=inputs, labels=labels, folder=folder, seed=seed
        )
        requests = [one for one, _ in training_requests(model, report, parts.given, limits=limits, windows=WINDOWS)]
    else:
        check_signature(report, spec, lab)
        requests = engine.timing_requests(
            model, report, inputs=None, seed=seed, scores=None, processes=WINDOWS, limits=limits
        )
    return plan_of([Row(f"window {n}", one) for n, one in enumerate(requests, 1)], [str(report.format)], seed)


def needs_of(spec: BenchSpec) -> Needs:
    """What the lab asks of a board; and never a team's own where the lab's inputs are sent along: whoever holds it could answer them by hand."""
    asked = spec.board.needs
    return dataclasses.replace(asked, own_board=REFUSED) if spec.shows_boards_its_inputs else asked


def _limits(spec: BenchSpec) -> Limits:
    return Limits(wall_s=spec.wall_s, memory_bytes=spec.memory_bytes)


def _pipeline(
    model: Path, spec: BenchSpec, lab: str, *, inputs: Path, sandbox: Sandbox, seed: int, folder: Path, on_progress: Progress
) -> tuple[list[str], list[Row]]:  # fmt: skip
    """The formats of the stages, and their processes one stage after the other. Raises BenchError."""
    ready = pipeline_ready(
        model, spec, lab, inputs=inputs, sandbox=sandbox, seed=seed, on_progress=on_progress, folder=folder
    )
    count = engine.count_of(ready.shown.inputs.path)
    _check_handed_on(spec, ready.stages, count)
    rows, given = list[Row](), ready.shown.inputs.path
    for number, (stage, path, part) in enumerate(zip(spec.pipeline, ready.files, ready.stages, strict=True)):
        before = spec.pipeline[number - 1]
        is_given = all(one.is_fed for one in spec.pipeline[: number + 1])
        inputs_of = (given if number == 0 else FED) if is_given else None
        is_last = number == len(ready.stages) - 1
        requests = engine.timing_requests(
            path, part.report, inputs=inputs_of, seed=seed, scores=spec.output.numbers if is_last and is_given else None,
            processes=WINDOWS, limits=_limits(spec),
        )  # fmt: skip
        for n, request in enumerate(requests, 1):
            is_fed = request.readonly_files.get("inputs.npy") == FED
            feed = {
                "from": f"{before.key} {WINDOWS}", "name": "inputs.npy", "count": count * before.calls, "seed": seed,
                "shape": [count * stage.calls, *part.report.inputs[0].shape[1:]],
            }  # fmt: skip
            rows.append(Row(f"{stage.key} {n}", request, feed if is_fed else None))
    return [str(part.report.format) for part in ready.stages], rows


def _check_handed_on(spec: BenchSpec, stages: Sequence[StagePart], count: int) -> None:
    """All that the stages answer comes back from the board. Raises BenchError: `output_too_large`."""
    each = [stage.calls * prod(part.report.outputs[0].shape) for stage, part in zip(spec.pipeline, stages, strict=True)]
    size = 4 * count * sum(each)
    if spec.is_scored and size > MOST_HANDED_ON_BYTES:
        said = f"The stages answer {sum(each):,} numbers to an input, which come to {size / (1 << 20):.0f} MiB for the lab's inputs; a board brings"
        raise BenchError(
            "output_too_large",
            f"{said} back at most {MOST_HANDED_ON_BYTES >> 20}. Cut the networks where they are narrower.",
        )


def plan_of(rows: Sequence[Row], formats: Sequence[str], seed: int) -> Plan:
    """The document that a board gets, between two runs of the golden model of the first runtime that has one."""
    files: dict[str, Path] = {}
    steps = [_step(row, files) for row in rows]
    golden = next((name for name in formats if golden_file(name)), None)
    reference = golden_step(golden, REFERENCE, REFERENCE) if golden else None
    if golden and (path := golden_file(golden)):
        files[REFERENCE] = path
    document = {
        "steps": steps, "cool_below_c": COOL_BELOW_C, "cool_wait_s": COOL_WAIT_S, "idle_s": IDLE_S, "reference": reference,
        "runtimes": sorted(set(formats)), "needs_memory_limit": not EXECUTABLE.isdisjoint(formats),
    }  # fmt: skip
    wall_s = sum(step["limits"]["wall_s"] + METER_S for step in steps) + COOL_WAIT_S + 2 * IDLE_S
    wall_s += 2 * reference["limits"]["wall_s"] if reference else 0
    return Plan(formats[0], document, files, seed, wall_s)


def _step(row: Row, files: dict[str, Path]) -> dict[str, Any]:
    """STEP of the protocol. What it reads is added to `files`, by a name that no other file of the job has."""
    limits = dataclasses.asdict(row.request.limits)
    kept = ("wall_s", "cpu_s", "memory_bytes", "threads", "output_bytes", "result_bytes", "tmp_bytes")
    named = {
        inside: _name_for(inside, path, files) for inside, path in row.request.readonly_files.items() if path != FED
    }
    found = {
        "name": row.name, "entry": row.request.entry, "args": list(row.request.args),
        "files": sorted(named) if all(inside == name for inside, name in named.items()) else named,
        "limits": {key: limits[key] for key in kept},
    }  # fmt: skip
    return found | ({"feed": row.feed} if row.feed else {})


def _name_for(inside: str, path: Path, files: dict[str, Path]) -> str:
    number, name = 1, inside
    while files.setdefault(name, path) != path:
        number += 1
        stem, dot, ending = inside.partition(".")
        name = f"{stem}-{number}{dot}{ending}"
    return name
