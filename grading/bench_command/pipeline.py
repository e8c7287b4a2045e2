"""`manage.py bench --pipeline`: several models in a row, each timed on made-up numbers, and what they come to together."""

import re
from argparse import ArgumentTypeError
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from grading.bench import engine
from grading.bench.errors import BenchError
from grading.bench.measurement import Measurement
from grading.bench.on_device import Choice, device_json
from grading.bench.pipeline import MOST_STAGES, PipelineReport, StagePart, merged
from grading.bench.pipeline_host import measured_together, stage_rows
from grading.bench.report import Report
from grading.bench.sandbox import Limits, Sandbox
from grading.spec.pipeline import MOST_CALLS
from hardware.profiles import DeviceProfile

SEED = 0
STAGE_KEYS = (
    "key", "file", "calls", "format", "bytes", "params", "macs", "peak_activation_bytes", "p50_ms", "p90_ms", "p99_ms", "runs",
)  # fmt: skip
DEVICE_KEYS = ("latency_ms", "latency_interval_ms", "energy_mj", "ram_needed_bytes", "fits", "runtime", "precision")
Checked = Callable[[Path], None]


def calls(text: str) -> list[int]:
    """1,2,1. Raises ArgumentTypeError."""
    if not re.fullmatch(r"[0-9]{1,2}(,[0-9]{1,2})*", text) or not all(
        1 <= int(n) <= MOST_CALLS for n in text.split(",")
    ):
        raise ArgumentTypeError(
            f"{text[:60]!r} are no calls: give one number from 1 to {MOST_CALLS} for each stage, as 1,2."
        )
    return [int(n) for n in text.split(",")]


def wrong_number(models: Sequence[str], counts: Sequence[int] | None) -> str:
    """Why these are no pipeline, as a sentence; "" where they are one."""
    if models and not 2 <= len(models) <= MOST_STAGES:
        return f"A pipeline has 2 to {MOST_STAGES} models; --pipeline names {len(models)}."
    if counts and len(counts) != len(models):
        return f"--calls gives {len(counts)} numbers, and --pipeline names {len(models)} models."
    return ""


def measured(
    paths: Sequence[Path], counts: Sequence[int], *, sandbox: Sandbox, limits: Callable[[], Limits], check: Checked,
    shapes: Sequence[tuple[int, ...]],
) -> tuple[PipelineReport, Measurement, list[dict[str, Any]]]:  # fmt: skip
    """The pipeline's report, its times on this machine, and the rows of its stages. Raises BenchError, OSError; see `naming`.

    Args:
        counts: how often each runs. limits: of one model, made anew for each. check: that a path is a file.
    """
    parts, measurements = list[StagePart](), list[Measurement]()
    for path, count in zip(paths, counts, strict=True):
        try:
            check(path)
            report = engine.inspect(path, sandbox=sandbox, input_shapes=list(shapes), limits=limits())
            measurements.append(engine.measure(path, report, sandbox=sandbox, inputs=None, seed=SEED, limits=limits()))
        except BenchError as error:
            raise BenchError(error.code, f"{path.name}: {error.message}", outcome=error.outcome) from error
        parts.append(_part(path, count, report, [part.key for part in parts]))
    stages = tuple(parts)
    return merged(stages, sha256=""), measured_together(stages, measurements), stage_rows(stages, measurements)


def _part(path: Path, count: int, report: Report, used: Sequence[str]) -> StagePart:
    stem = path.stem[:40] or "stage"
    key = stem if stem not in used else f"{stem}-{len(used) + 1}"
    return StagePart(key, key, count, path.name, report)


def stages_json(
    report: PipelineReport, rows: Sequence[Mapping[str, Any]], profiles: Mapping[str, DeviceProfile], choice: Choice
) -> dict[str, Any]:
    """{stages, frames_per_second}: what a pipeline's row has besides. latency_ms and energy_mj of a stage are of all its calls."""
    devices = {slug: device_json(report, profile, choice) for slug, profile in profiles.items()}
    stages = [
        {key: row[key] for key in STAGE_KEYS}
        | {"devices": {slug: {key: one["stages"][n][key] for key in DEVICE_KEYS} for slug, one in devices.items()}}
        for n, row in enumerate(rows)
    ]
    rates = {slug: 1000 / one["latency_ms"] if one["latency_ms"] else None for slug, one in devices.items()}
    return {"stages": stages, "frames_per_second": rates}
