"""Instructions per inference, counted by Callgrind in a sandbox: two runs of different lengths, and the difference.

The number is of x86-64 code with AVX2, which is what Valgrind offers to a runtime, with one thread. It holds the call from Python, some
thousands of instructions. It repeats where wall time does not, so it decides between equals and shows work that was left out; it is no time.
"""

import re
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from grading.bench.errors import BenchError
from grading.bench.report import Report
from grading.bench.verdicts import raise_for
from hardware.ondevice.sandbox.request import Limits, Sandbox, SandboxError, SandboxRequest, SandboxResult, TickHandler

# Importing torch takes Valgrind minutes, so its formats are not counted.
FORMATS = frozenset({"onnx", "tflite"})
# What hides the file system lets Valgrind keep its /proc and its files; process limits alone do not.
ISOLATIONS = frozenset({"bubblewrap", "namespaces"})
SHORT, LONG = 10, 1010
COLLECTED = re.compile(r"^==\d+== Collected : (\d+)$", re.MULTILINE)
# A thousand inferences of a larger model take longer than anybody should wait for a number that is not graded.
MOST_MACS = 100_000_000
WALL_S, CPU_S, MEMORY_BYTES = 900.0, 900, 3 << 30
TOOL = "Callgrind"


@dataclass(frozen=True)
class InstructionCount:
    """per_inference: instructions. short, long: of the two whole runs. inferences: by how many they differ. seconds: what it took."""

    per_inference: float
    short: int
    long: int
    inferences: int
    seconds: float
    tool: str = TOOL
    machine: str = "x86-64"

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def count(path: Path, report: Report, *, sandbox: Sandbox, on_tick: TickHandler | None = None) -> InstructionCount:
    """Count a model that has been inspected. `on_tick` as of `Sandbox.run`: what it raises stops the count.

    Raises:
        BenchError: `count_not_offered` for a format or an isolation in which there is no count, `count_too_long` for a large model,
            `count_failed` where Valgrind said no number, and what the end of the sandbox means.
    """
    _check(report, sandbox)
    begun = time.monotonic()
    short, long = (_collected(_run(path, report, sandbox, runs, on_tick)) for runs in (SHORT, LONG))
    if long <= short:
        raise _failed(f"{LONG} inferences took {long} instructions, {SHORT} took {short}.")
    each = (long - short) / (LONG - SHORT)
    return InstructionCount(each, short, long, LONG - SHORT, round(time.monotonic() - begun, 1))


def _check(report: Report, sandbox: Sandbox) -> None:
    if report.format not in FORMATS or sandbox.name not in ISOLATIONS:
        raise BenchError("count_not_offered", "Instructions are counted for ONNX and TFLite models, in a full sandbox.")
    if report.macs > MOST_MACS:
        said = f"Instructions are counted up to {MOST_MACS:,} multiply-accumulates; this model has {report.macs:,}."
        raise BenchError("count_too_long", said)


def _run(path: Path, report: Report, sandbox: Sandbox, runs: int, on_tick: TickHandler | None) -> SandboxResult:
    # Of one width, so that the two runs have the same arguments in memory but for a digit.
    args = ["--model", "{inputs}/model", "--format", report.format, "--runs", f"{runs:06d}"]
    for tensor in report.inputs:
        args += ["--input-shape", "x".join(map(str, tensor.shape)) or "scalar"]
    # The model is copied to the scratch folder inside.
    limits = Limits(wall_s=WALL_S, cpu_s=CPU_S, memory_bytes=MEMORY_BYTES, tmp_bytes=path.stat().st_size + (1 << 20))
    entry = "hardware.ondevice.count_start"
    request = SandboxRequest(entry, tuple(args), {"model": path}, limits, filters_itself=True)
    try:
        result = sandbox.run(request, None, on_tick)
    except SandboxError as error:
        raise BenchError("isolation_unavailable", str(error), outcome="infrastructure") from error
    raise_for(result)
    return result


def _collected(result: SandboxResult) -> int:
    """The last number counts: Valgrind writes it when the model's process has ended."""
    found = COLLECTED.findall(result.stderr_tail)
    if not found:
        raise _failed("Valgrind said no number.")
    return int(found[-1])


def _failed(detail: str) -> BenchError:
    return BenchError("count_failed", f"The instructions could not be counted. {detail}", outcome="infrastructure")
