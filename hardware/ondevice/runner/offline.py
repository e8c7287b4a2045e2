"""Measure one model here and now, with or without a site: `bench`."""

from __future__ import annotations

import platform
import shutil
import tempfile
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hardware.ondevice import stats
from hardware.ondevice.runner import facts, power
from hardware.ondevice.runner.carry_out import Bench, Failed, Run
from hardware.ondevice.runner.isolation import Isolation
from hardware.ondevice.runner.job import Plan, Step
from hardware.ondevice.runner.progress import Progress
from hardware.ondevice.runner.state import Machine
from hardware.ondevice.runner.words import RunnerError
from hardware.ondevice.sandbox.request import INPUTS, Limits

WALL_S = 600.0


@dataclass(frozen=True)
class Asked:
    """What `bench` was asked for. ``kind`` is the format, empty to find it out; ``trusted``: the model is the person's own.
    ``load_s``: the model is repeated for so long after the times are taken, for whoever reads a power meter."""

    model: Path
    inputs: Path | None = None
    kind: str = ""
    shapes: Sequence[str] = ()
    threads: int = 1
    trusted: bool = False
    load_s: float = 0.0


class _Spoken(Progress):
    """Says when the load begins, so that somebody reads a meter then."""

    def __init__(self, load_s: float, say: Callable[[str], None]) -> None:
        super().__init__()
        self._load_s, self._say = load_s, say

    def load_begins(self) -> None:
        if self._load_s > 0:
            self._say(f"The load begins and lasts {self._load_s:g} s: read the meter now.")


def measure(
    asked: Asked,
    isolation: Isolation,
    *,
    root: Path = Path("/"),
    sys_root: Path = Path("/sys"),
    say: Callable[[str], None] = lambda _: None,
) -> dict[str, Any]:
    """{"result": a step of results.json, "environment": ENV, "summary": {...}}. ``say`` hears when a load begins. Raises RunnerError."""
    kind = asked.kind or format_of(asked.model)
    known = facts.runtimes() if isolation.runtimes is None else isolation.runtimes
    if kind not in known:
        todo = facts.advice(kind) or f"There is none for Python on {platform.machine()} that could be installed."
        raise RunnerError(f"There is no runtime for {kind} here. {todo}")
    if kind in facts.EXECUTABLE and not isolation.limits_memory and not asked.trusted:
        raise RunnerError(
            f"A {kind} file is a program, and memory cannot be bounded here. {isolation.why} --trusted runs it anyway."
        )
    args = ["--model", f"{INPUTS}/model", "--format", kind, "--threads", str(asked.threads)]
    for shape in asked.shapes:
        args += ["--input-shape", shape]
    args += ["--inputs", f"{INPUTS}/inputs.npy"] if asked.inputs else []
    args += ["--load-s", f"{asked.load_s:g}"] if asked.load_s > 0 else []
    names = {name: name for name in (("model", "inputs.npy") if asked.inputs else ("model",))}
    step = Step("model", "hardware.ondevice.harness", tuple(args), names, Limits(wall_s=WALL_S, cpu_s=int(WALL_S)))
    with tempfile.TemporaryDirectory(prefix="milliamp-") as folder:
        given = Path(folder)
        _copy(asked.model, given / "model")
        if asked.inputs:
            _copy(asked.inputs, given / "inputs.npy")
        sensor = power.choose(power.find(sys_root))
        run = Run(
            plan=Plan((step,), idle_s=3.0),
            bench=Bench(isolation.sandbox, Machine(given, root), isolation.group, sensor),
            progress=_Spoken(asked.load_s, say),
            given=lambda name: given / name,
            facts=facts.gather("", isolation.as_json(), [], isolation.runtimes),
            lease="bench",
            wall_s=WALL_S,
            log=lambda _: None,
        )
        try:
            run.carry_out()
        except Failed as error:
            raise RunnerError(str(error)) from error
        result = run.results[0]
        return {"result": result, "environment": run.environment(), "summary": summary(result, run.environment())}


def summary(result: dict[str, Any], environment: dict[str, Any]) -> dict[str, Any]:
    """The few numbers that a person wants. Raises RunnerError with what was wrong with the model."""
    frames = dict(result["frames"])
    error = frames.get("error")
    if error is not None:
        raise RunnerError(str(error.get("message", "The model could not be measured.")))
    if result["ended"] != "ok" or "latency" not in frames:
        raise RunnerError(result["message"] or "The model gave no time.")
    samples = frames["latency"]["samples_ms"]
    energy = environment["energy"]
    return {
        "runtime": f"{frames['environment']['runtime']} {frames['environment']['runtime_version']}",
        "p50_ms": round(stats.percentile(samples, 50), 4),
        "p95_ms": round(stats.percentile(samples, 95), 4),
        "first_ms": frames["latency"]["first_ms"][0],
        "runs": len(samples),
        "peak_mib": round(result["peak_rss_bytes"] / (1 << 20), 1),
        "energy_mj": energy["energy_mj"] if energy else None,
        **({"load": "{inferences} inferences in {seconds:.1f} s".format(**frames["load"])} if "load" in frames else {}),
        "thermal": environment["thermal"],
        "isolation": result["isolation"],
    }


def format_of(path: Path) -> str:
    """onnx, tflite, torchscript or torch_export, by what is in the file. Raises RunnerError."""
    try:
        with open(path, "rb") as file:
            head = file.read(8)
        if head[4:8] == b"TFL3":
            return "tflite"
        if head[:4] == b"PK\x03\x04":
            with zipfile.ZipFile(path) as archive:
                names = [name.partition("/")[2] for name in archive.namelist()]
            if any(name.startswith("code/") for name in names):
                return "torchscript"
            if "archive_format" in names or any(name.startswith("models/") for name in names):
                return "torch_export"
    except (OSError, zipfile.BadZipFile) as error:
        raise RunnerError(f"{path} cannot be read: {error}") from error
    if path.suffix.lower() == ".onnx" or head[:1] == b"\x08":  # the first field of an ONNX file is its version
        return "onnx"
    raise RunnerError(
        f"{path} is no model that is known here. Say which: --format onnx, tflite, torchscript or torch_export."
    )


def _copy(source: Path, target: Path) -> None:
    try:
        shutil.copyfile(source, target)
    except OSError as error:
        raise RunnerError(f"{source} cannot be read: {error.strerror}.") from error
    target.chmod(0o444)
