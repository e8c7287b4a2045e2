"""Makes what a board of the demo answered, again whenever what boards are asked changes:

    manage.py shell -c "from grading.demo.board_answer import main; main()"

The plan, the model, the hidden inputs and the answers are real: they come out of the sandbox of this machine. Its times are those of this machine,
made as slow as the cost model says of the board, and a little slower; temperature, clock and power are invented, as the demo's boards are.
"""

import gzip
import json
import tempfile
from dataclasses import dataclass
from math import exp
from pathlib import Path
from random import Random
from typing import Any

from grading.bench.on_device import device_json
from grading.bench.sandbox import Limits, SandboxRequest, detect
from grading.demo.digits import hidden_split, write_hidden
from grading.demo.load import HERE, read_overlay
from grading.measuring import board_plan
from grading.measuring.measure_run import inspected
from grading.services.board_runs import Plan
from grading.spec import BenchSpec
from hardware.profiles import load_profiles

LAB, MODEL, SEED = "lab3", "digits-middle.tflite", 20231103
ANSWER = HERE / "board" / f"{LAB}.json.gz"
SLOWER, SPREAD = 1.12, 0.006  # than the model says; how far the windows lie apart
IDLE_W, LOADED_W, SECONDS, SECONDS_LOADED = 2.43, 3.61, 96, 69
KEPT = (
    "ended",
    "code",
    "message",
    "exit_code",
    "signal",
    "stderr_tail",
    "wall_s",
    "cpu_s",
    "peak_rss_bytes",
    "isolation",
)
dice = Random(11)  # noqa: S311 it guards nothing


@dataclass(frozen=True)
class Made:
    """A plan with the folder that its files lie in."""

    plan: Plan
    spec: BenchSpec


def made_in(folder: Path) -> Made:
    """The plan of the model, checked in the sandbox as for any run."""
    spec = BenchSpec.parse(read_overlay()["assignments"][LAB]["bench"])
    inputs, labels = folder / "inputs.npy", folder / "labels.npy"
    write_hidden(hidden_split(), inputs, labels)
    (folder / "plan").mkdir()
    plan = board_plan.plan_for(
        model=HERE / "models" / MODEL, spec=spec, lab="Lab 3", inputs=inputs, labels=labels, sandbox=detect("auto"), seed=SEED,
        folder=folder / "plan", on_progress=lambda phase, done, total: None,
    )  # fmt: skip
    return Made(plan, spec)


def carried_out(made: Made, latency_ms: float) -> list[dict[str, Any]]:
    """Each step in the sandbox of this machine, with times as if a board took so long."""
    steps = []
    for step in made.plan.document["steps"]:
        named = step["files"]
        files = {inside: made.plan.files[named[inside] if isinstance(named, dict) else inside] for inside in named}
        request = SandboxRequest(
            step["entry"], tuple(step["args"]), files, Limits(**step["limits"]), model_format=made.plan.format
        )
        done = detect("auto").run(request)
        factor = latency_ms * (1 + dice.uniform(-SPREAD, SPREAD)) / _p50(done.frames)
        frames = [[kind, _slower(kind, body, factor)] for kind, body in done.frames]
        kept = {key: getattr(done, key) for key in KEPT}
        steps.append(
            kept
            | {
                "name": step["name"],
                "frames": frames,
                "wall_s": round(done.wall_s * factor, 3),
                "cpu_s": round(done.cpu_s * factor, 3),
            }
        )
    return steps


def _p50(frames: Any) -> float:
    samples = sorted(next(body for kind, body in frames if kind == "latency")["samples_ms"])
    return float(samples[len(samples) // 2])


def _slower(kind: str, body: dict[str, Any], factor: float) -> dict[str, Any]:
    """Its times, without those in which this machine was busy with others; and what it says of the machine, which is a board."""
    if kind == "environment":
        return body | {"cpu": "Cortex-A72", "machine": "aarch64"}
    if kind not in ("latency", "pairs"):
        return body
    most = {"first_ms": 40.0, "samples_ms": 1.3}
    return {
        key: [round(min(ms, most.get(key, 4.0) * _least(value)) * factor, 5) for ms in value] if key.endswith("_ms") and isinstance(value, list) else value
        for key, value in body.items()
    }  # fmt: skip


def _least(values: list[float]) -> float:
    return min(value for value in values if value > 0)


def environment(inferences: list[int]) -> dict[str, Any]:
    """ENV of docs/runner-protocol.md: two thirds of the time under load."""
    samples = []
    for second in range(SECONDS):
        is_loaded = 15 <= second < SECONDS - 12
        warm = 45.2 + (14.5 * (1 - exp(-(second - 15) / 26)) if second > 15 else 0.0)
        watts = (LOADED_W if is_loaded else IDLE_W) + dice.uniform(-0.04, 0.04)
        samples.append([float(second), round(warm + dice.uniform(-0.2, 0.2), 1), 1500.0, False, round(watts, 3)])
    busy_s = SECONDS_LOADED
    return {
        "governor": "performance", "thermal": "ok", "before": {"temperature_c": samples[0][1]}, "after": {"temperature_c": samples[-1][1]},
        "samples": samples, "cooled_s": 0, "bracket": {"before_p50_ms": 6.41, "after_p50_ms": 6.47},
        "energy": {
            "source": "ina219", "idle_w": IDLE_W, "idle_before_w": IDLE_W, "idle_after_w": IDLE_W + 0.01, "loaded_w": LOADED_W,
            "samples": SECONDS, "steps": [
                [f"window {n}", round(LOADED_W * busy_s / len(inferences), 4), round(busy_s / len(inferences), 3), count]
                for n, count in enumerate(inferences, 1)
            ],
        },
    }  # fmt: skip


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="milliamp-demo-") as name:
        made = made_in(Path(name))
        report = inspected(HERE / "models" / MODEL, made.spec, detect("auto"), lambda phase, done, total: None)
        modelled = device_json(report, load_profiles()[made.spec.device])["latency_ms"]
        steps = carried_out(made, SLOWER * modelled)
        inferences = [round(SECONDS_LOADED * 1000 / len(steps) / (SLOWER * modelled)) for _ in steps]
        found = {
            "plan": made.plan.document, "format": made.plan.format, "seed": SEED, "wall_s": made.plan.wall_s, "files": sorted(made.plan.files),
            "results": {"steps": steps}, "environment": environment(inferences),
        }  # fmt: skip
    ANSWER.parent.mkdir(exist_ok=True)
    ANSWER.write_bytes(gzip.compress(json.dumps(found, separators=(",", ":")).encode(), mtime=0))
    print(f"{ANSWER.name}: {ANSWER.stat().st_size} bytes, {len(steps)} steps, {modelled:.4g} ms modelled")
