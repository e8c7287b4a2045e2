"""A training step in its sandbox: trained on the training set, then asked about held-out inputs whose labels never enter."""

import math
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from grading.bench.beforehand import measuring
from grading.bench.engine import (
    Progress,
    Reporter,
    count_of,
    environment_of,
    host_timing,
    predictions_of,
    run_request,
    single,
)  # fmt: skip
from grading.bench.measurement import HostTiming
from grading.bench.report import Report
from grading.bench.verdicts import forged
from hardware.ondevice.sandbox.request import Limits, Sandbox, SandboxRequest
from hardware.ondevice.training_states import STATES

ENTRY = "hardware.ondevice.training"
WINDOW_STEPS = 60  # of a process that only times
WHOLE = ("peak_bytes", "state_bytes", "kept_tensors", "changed_tensors")


@dataclass(frozen=True)
class Trained:
    """What came out of one training.

    host: of single steps, on this machine. answers: to the held-out inputs {before, after, shuffled}, one row an input; empty where there
    were none. facts: JSON-ready {loss, shuffled_loss, peak_bytes, state_bytes, kept_tensors, changed_tensors, uses_labels}: the loss is
    what the program says, None where it is no number.
    """

    host: HostTiming
    answers: dict[str, list[list[float]]]
    facts: dict[str, Any]
    environment: dict[str, Any]


@dataclass(frozen=True)
class Given:
    """Files: train, labels of the training set; inputs to answer, None for none. steps; scores of one input; seed of the order of inputs."""

    train: Path
    labels: Path
    inputs: Path | None
    steps: int
    scores: int
    seed: int = 0


def train(
    path: Path, report: Report, given: Given, *, sandbox: Sandbox, on_progress: Progress | None = None, limits: Limits | None = None,
    windows: int = 1,
) -> Trained:  # fmt: skip
    """Train twice (labels as they are, and shuffled) and answer with what was learned.

    windows: fresh processes, of which all but the last only time some steps: how far a step repeats. Raises BenchError.
    """
    reporter = Reporter("timing", on_progress, total=2 * given.steps)
    asked = training_requests(path, report, given, limits=limits, windows=windows)
    results = [run_request(sandbox, request, reporter) for request, _ in asked]
    result = results[-1]
    expected = count_of(given.inputs) if given.inputs else 0
    answers = (
        {state: predictions_of(result, expected, given.seed, given.scores, state) for state in STATES}
        if given.inputs
        else {}
    )
    host = host_timing(results)
    for each, (_, steps) in zip(results, asked, strict=True):
        timed = single(each, "latency")  # lists of times, or host_timing had refused them
        if len(timed["first_ms"]) + len(timed["samples_ms"]) != steps:
            raise forged("It reports a number of steps that nobody asked for.")
    facts = facts_of(single(result, "training"), given.steps)
    return Trained(host, answers, facts, environment_of(single(result, "environment")))


def training_requests(
    path: Path, report: Report, given: Given, *, limits: Limits | None = None, windows: int = 1
) -> list[tuple[SandboxRequest, int]]:
    """What `train` runs, one after the other, and how many steps each of them is to time. A board is sent the same."""
    short = replace(given, inputs=None, steps=min(given.steps, WINDOW_STEPS))
    return [(_request(path, report, one, limits or Limits()), one.steps) for one in (*[short] * (windows - 1), given)]


def _request(path: Path, report: Report, given: Given, limits: Limits) -> SandboxRequest:
    files = {"model": path, "train.npy": given.train, "labels.npy": given.labels}
    args = ["--model", "{inputs}/model", "--train", "{inputs}/train.npy", "--labels", "{inputs}/labels.npy"]
    args += ["--steps", str(given.steps), "--scores", str(given.scores), "--seed", str(given.seed)]
    for tensor in report.inputs:
        args += ["--input-shape", "x".join(map(str, tensor.shape)) or "scalar"]
    if given.inputs:
        files["inputs.npy"] = given.inputs
        args += ["--inputs", "{inputs}/inputs.npy"]
    kind = str(report.format)
    return SandboxRequest(ENTRY, tuple(args), files, limits, imports=measuring(kind), model_format=kind)


def facts_of(body: dict[str, Any], steps: int) -> dict[str, Any]:
    """What the sandbox says of the training, believed in its form alone. Raises BenchError (`forged_result`)."""
    losses = {name: body.get(name) for name in ("loss", "shuffled_loss")}
    numbers = {name: body.get(name) for name in WHOLE}
    fits = all(isinstance(loss, list) and len(loss) == steps and all(map(_is_loss, loss)) for loss in losses.values())
    fits = fits and all(type(value) is int and 0 <= value < 1 << 50 for value in numbers.values())
    if not fits or type(body.get("uses_labels")) is not bool:
        raise forged("What it says of its training is not of the agreed form.")
    return {**losses, **numbers, "uses_labels": body["uses_labels"]}


def _is_loss(value: Any) -> bool:
    return value is None or (type(value) in {int, float} and math.isfinite(value))
