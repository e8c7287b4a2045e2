"""The engine: look into a model, time it, predict with it, each in a sandbox. No Django, no database, no settings.

Everything wrong is a BenchError whose outcome says whose fault it is. ``on_progress(phase, done, total)`` is called
at least twice a second while something runs; what it raises stops the sandbox, clears it away, and comes out of here.
"""

import contextlib
import dataclasses
import hashlib
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

from grading.bench.beforehand import inspecting, measuring, processes_for
from grading.bench.errors import BenchError
from grading.bench.files import file_size, unreadable
from grading.bench.formats import Format, sniff
from grading.bench.measurement import HostTiming, Measurement
from grading.bench.predictions import PredictionsError, assemble, npy_count
from grading.bench.report import Report, TensorSpec
from grading.bench.signs import Stamps, signs_of
from grading.bench.verdicts import forged, raise_for
from hardware.ondevice.sandbox.prepared import PreStarted
from hardware.ondevice.sandbox.request import (
    FrameHandler,
    Limits,
    Sandbox,
    SandboxError,
    SandboxRequest,
    SandboxResult,
    TickHandler,
)
from hardware.ondevice.stats import percentile, thin
from hardware.ondevice.timing import FIRST_RUNS, Scenario

Progress = Callable[[str, int, int], None]

TIME_TO_SPARE = 1.5  # a further process is started where it may take so much longer than the last
SAMPLES_KEPT = 200
CLOCK_SLACK = 1.05
MOST_FINDINGS = 20
MOST_INPUT = 10**9 - 1  # numbers in an input: more than 2 GiB fits nowhere here
MOST_FILE_BYTES = 2 << 30  # neither a protobuf nor a flatbuffer can be larger, and a check has no more memory
ENVIRONMENT = ("python", "runtime", "runtime_version", "cpu", "machine", "threads")


def inspect(
    path: Path,
    *,
    sandbox: Sandbox,
    input_shapes: list[tuple[int, ...]] | None = None,
    format: str | None = None,  # noqa: A002 the word of the contract
    weightless: bool = False,
    learns: bool = False,
    on_progress: Progress | None = None,
    limits: Limits | None = None,
) -> Report:
    """Read what is in the model at ``path``: operators, sizes, memory. Size and hash are taken outside.

    Args:
        input_shapes: shapes to assume where the file does not say (TorchScript, free sizes), with the batch.
        format: onnx, tflite, torchscript or torch_export; found from the content where None.
        weightless: also take an ONNX file that lacks its weights; its report says why it cannot be measured.
        learns: a training step in torch.export, which changes what it keeps.

    Raises:
        BenchError
    """
    if file_size(path) > MOST_FILE_BYTES:
        raise BenchError(
            "too_large", "This file is larger than 2 GiB, which no runtime here loads. Make the model smaller."
        )
    kind = str(format or sniff(path, path.name))
    args = ["{inputs}/model", "--format", kind]
    for shape in input_shapes or []:
        args += ["--input-shape", "x".join(map(str, shape))]
    args += [*(["--weightless"] if weightless else []), *(["--learns"] if learns else [])]
    request = SandboxRequest(
        "grading.bench.inspection", tuple(args), {"model": path}, limits or Limits(), imports=inspecting(kind),
        model_format=kind,
    )  # fmt: skip
    result = run_request(sandbox, request, Reporter("check", on_progress))
    report = Report.from_json(single(result, "report"))
    for name in report.absent_files:  # only out here the folder is seen
        if (path.parent / name).is_symlink() or (path.parent / name).exists():
            said = f"This model keeps weights in another file, {name[:80]}. Export it as one file."
            raise BenchError("external_data", said)
    return dataclasses.replace(report, bytes=file_size(path), sha256=_sha256(path))


def measure(
    path: Path,
    report: Report,
    *,
    sandbox: Sandbox,
    inputs: Path | None,
    seed: int,
    scores: int | None = None,
    processes: int | None = None,
    on_progress: Progress | None = None,
    limits: Limits | None = None,
) -> Measurement:
    """Time the model in fresh processes, and in the last predict the inputs in an order made from ``seed``.

    Where nothing is predicted and the limits have a budget, as many processes are started as it has time for.

    Args:
        inputs: .npy, float32, (n, *input shape without its batch); None to time only.
        scores: how many numbers the model must give for each input; None where any number will do.
        processes: 3 where None, 1 for the formats of torch.

    Raises:
        BenchError
    """
    requests = timing_requests(
        path, report, inputs=inputs, seed=seed, scores=scores, processes=processes, limits=limits
    )
    count, expected = len(requests), count_of(inputs) if inputs else 0
    if isinstance(sandbox, PreStarted):
        with contextlib.suppress(SandboxError):  # what fails there fails again in the run, and is reported then
            sandbox.expect(measuring(str(report.format)), count)
    reporter = Reporter("timing", on_progress, total=count * Scenario().min_runs)
    results: list[SandboxResult] = []
    stamps: list[Stamps] = []
    for index, request in enumerate(requests):
        if results and inputs is None and not _has_time(limits, results[-1].wall_s):
            break
        reporter.base, reporter.stamps = index * Scenario().min_runs, Stamps()
        results.append(run_request(sandbox, request, reporter))
        stamps.append(reporter.stamps)
    last = results[-1]
    return Measurement(
        host=host_timing(results),
        predictions=predictions_of(last, expected, seed, scores) if inputs else [],
        environment=environment_of(single(last, "environment")),
        findings=_findings(single(last, "model")),
        signs=signs_of(results, stamps),
    )


def timing_requests(
    path: Path,
    report: Report,
    *,
    inputs: Path | None,
    seed: int,
    scores: int | None,
    processes: int | None = None,
    limits: Limits | None = None,
) -> list[SandboxRequest]:
    """What `measure` runs, one after the other: fresh processes that time, of which the last also predicts. A board is sent the same."""
    count = processes or processes_for(str(report.format))
    given = [None] * (count - 1) + [inputs]
    return [_harness_request(path, report, one, (seed, scores), limits or Limits()) for one in given]


def _has_time(limits: Limits | None, needed_s: float) -> bool:
    return limits is None or limits.budget is None or limits.budget.left_s > TIME_TO_SPARE * needed_s


@dataclasses.dataclass(frozen=True)
class Answers:
    """What a model answered, untimed. ``predictions`` as in Measurement; ``inputs`` and ``outputs`` as its runtime tells them.

    ``machine``: the processor's architecture; ``runtime``: name and version.
    """

    predictions: list[list[float]]
    inputs: list[dict[str, Any]]
    outputs: list[dict[str, Any]]
    machine: str
    runtime: str


def answer(
    path: Path, report: Report, *, sandbox: Sandbox, inputs: Path | None, seed: int, limits: Limits | None = None
) -> Answers:
    """Load the model and predict ``inputs``, as ``measure`` does, without timing anything. Raises BenchError."""
    request = _harness_request(path, report, inputs, (seed, None), limits or Limits(), timing=False)
    result = run_request(sandbox, request, Reporter("accuracy", None))
    model, told = single(result, "model"), environment_of(single(result, "environment"))
    return Answers(
        predictions=predictions_of(result, count_of(inputs), seed, None) if inputs else [],
        inputs=list(model["inputs"]),
        outputs=list(model["outputs"]),
        machine=str(told.get("machine", "")),
        runtime=f"{told.get('runtime', '')} {told.get('runtime_version', '')}",
    )


class Reporter:
    """Turns frames and the passing of time into calls of ``on_progress``; a silent process is still reported on."""

    def __init__(self, phase: str, on_progress: Progress | None, total: int = 0) -> None:
        self.base, self._on_progress, self._timing_total = 0, on_progress, total
        self._state = (phase, 0, total)
        self.stamps = Stamps()

    def frame(self, kind: str, body: dict[str, Any]) -> None:
        self.stamps.take(kind)
        phase, done, total = body.get("phase"), body.get("done"), body.get("total")
        # The numbers are the sandbox's word: good enough for a bar, if they are numbers.
        if kind == "progress" and phase in {"timing", "accuracy"} and type(done) is type(total) is int:
            timing = phase == "timing"
            self._state = (
                (phase, min(self.base + done, self._timing_total), self._timing_total)
                if timing
                else (phase, done, total)
            )
            self.tick(0.0)

    def tick(self, elapsed_s: float) -> None:
        if self._on_progress:
            self._on_progress(*self._state)


def _harness_request(
    path: Path,
    report: Report,
    inputs: Path | None,
    choice: tuple[int, int | None],
    limits: Limits,
    *,
    timing: bool = True,
) -> SandboxRequest:
    seed, scores = choice
    args = ["--model", "{inputs}/model", "--format", str(report.format), "--seed", str(seed)]
    for tensor in report.inputs:  # each one, because a runtime takes them by their place
        _check_input(tensor)
        args += ["--input-shape", "x".join(map(str, tensor.shape)) or "scalar"]
        args += [f"--input-type={tensor.dtype}"] if report.format == Format.TORCHSCRIPT else []
    args += [] if timing else ["--no-timing"]
    files = {"model": path}
    if inputs:
        files["inputs.npy"] = inputs
        args += ["--inputs", "{inputs}/inputs.npy"]
        args += [] if scores is None else ["--scores", str(scores)]
    kind = str(report.format)
    return SandboxRequest(
        "hardware.ondevice.harness", tuple(args), files, limits, imports=measuring(kind), model_format=kind
    )


def _check_input(tensor: TensorSpec) -> None:
    if math.prod(tensor.shape) > MOST_INPUT:
        sizes = "×".join(map(str, tensor.shape))
        said = f"The input {tensor.name[:80]} of {sizes} numbers is larger than anything that is measured here."
        raise BenchError("too_large", f"{said} Export the model for a smaller input.")


def run_request(sandbox: Sandbox, request: SandboxRequest, reporter: Reporter) -> SandboxResult:
    """Raises BenchError for a run that did not succeed."""
    for path in request.readonly_files.values():
        try:
            file_size(path)
        except BenchError as error:  # these lie in our storage
            raise BenchError(error.code, error.message, outcome="infrastructure") from error
    on_frame: FrameHandler = reporter.frame
    on_tick: TickHandler = reporter.tick
    try:
        result = sandbox.run(request, on_frame, on_tick)
    except SandboxError as error:
        raise BenchError("isolation_unavailable", str(error), outcome="infrastructure") from error
    raise_for(result)
    return result


def single(result: SandboxResult, kind: str) -> dict[str, Any]:
    """The body of the one frame of a kind. Raises BenchError (`no_result`)."""
    found = [body for name, body in result.frames if name == kind]
    if len(found) != 1:
        raise BenchError("no_result", "The process that works on the model ended without a result.", outcome="crashed")
    return found[0]


def host_timing(results: list[SandboxResult]) -> HostTiming:
    """From the `latency` frames of the processes. Raises BenchError (`forged_result`)."""
    samples: list[float] = []
    first: list[float] = []
    medians: list[float] = []
    for result in results:
        latency = single(result, "latency")
        firsts, timed = _times(latency.get("first_ms")), _times(latency.get("samples_ms"))
        if not timed or not firsts or len(firsts) > FIRST_RUNS or len(timed) > Scenario().max_runs:
            raise forged("It reports a number of runs that nobody asked for.")
        if sum(firsts) + sum(timed) > result.wall_s * 1000 * CLOCK_SLACK:
            raise forged("It reports more time than has passed.")
        first = first or firsts
        samples += timed
        medians.append(round(percentile(timed, 50), 6))
    p50, p90, p99 = (round(percentile(samples, percent), 6) for percent in (50, 90, 99))
    return HostTiming(
        p50_ms=p50,
        p90_ms=p90,
        p99_ms=p99,
        runs=len(samples),
        first_ms=first,
        samples_ms=thin(samples, SAMPLES_KEPT),
        medians_ms=medians,
        processes=len(results),
        peak_rss_bytes=max(result.peak_rss_bytes for result in results),
        isolation=results[-1].isolation,
    )


def _times(values: object) -> list[float]:
    if not isinstance(values, list):
        return []
    times = [float(value) for value in values if type(value) in {int, float} and math.isfinite(value) and value >= 0]
    return times if len(times) == len(values) else []


def predictions_of(
    result: SandboxResult, expected: int, seed: int, scores: int | None, state: str | None = None
) -> list[list[float]]:
    """The answers in the order of the file. state: of a training, those of that state. Raises BenchError (`forged_result`)."""
    pieces = [body for kind, body in result.frames if kind == "predictions" and body.get("state") == state]
    try:
        found = assemble(pieces, expected, seed)
    except PredictionsError as error:
        raise forged("") from error  # what does not hold together could be a number that the model chose
    if scores is not None and found and len(found[0]) != scores:
        raise forged("")
    return found


def environment_of(said: dict[str, Any]) -> dict[str, Any]:
    """What a time depends on besides the model; anything else is not ours."""
    return {key: said[key] for key in ENVIRONMENT if isinstance(said.get(key), str | int)}


def _findings(model: dict[str, Any]) -> list[dict[str, str]]:
    found = model.get("findings")
    kept = [item for item in found if isinstance(item, dict)] if isinstance(found, list) else []
    return [
        {"code": str(item.get("code"))[:60], "sentence": str(item.get("sentence"))} for item in kept[:MOST_FINDINGS]
    ]


def count_of(inputs: Path) -> int:
    """How many inputs a file of the lab holds. Raises BenchError (`inputs_unreadable`)."""
    try:
        return npy_count(inputs)
    except (OSError, ValueError, KeyError, SyntaxError) as error:
        message = f"The lab's inputs cannot be read: {error}"
        raise BenchError("inputs_unreadable", message, outcome="infrastructure") from error


def _sha256(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise unreadable(path, error) from error
