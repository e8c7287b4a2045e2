"""The same submission ten times, five on an idle machine and five beside four programs that only count: ten identical grades.

python -m tests.load.ten_times

The lab has every kind of number that a grade may rest on: counted, measured on hidden data, modelled for a board. What must be the same is
the grade document: points line by line, metrics, what each board says. What need not be is what the host's clock says; the table shows
how far that moves. Containers are measured too where Docker and the images are there. Exit status 1 where two grades differ.
"""

import contextlib
import hashlib
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from grading.bench.sandbox import Sandbox, detect
from grading.demo.digits import hidden_split, write_hidden
from grading.measuring.measure_run import measure_run
from grading.measuring.where_to_run import Place
from grading.spec import BenchSpec
from hardware.profiles import load_profiles
from tests import bench_images
from tests.load.figures import figure, say, table
from tests.parts import ROOT, find

MODELS = ROOT / "grading" / "demo" / "models"
FILES = ("digits-middle.onnx", "digits-middle-int8.tflite")
EACH, HOGS = 5, 4
SPEC: dict[str, Any] = {
    "task": "classification",
    "input": {"shapes": {"NCHW": [1, 1, 8, 8], "NHWC": [1, 8, 8, 1]}, "low": 0, "high": 16},
    "classes": [str(n) for n in range(10)],
    "devices": ["rpi-4-4gb"],
    "criteria": [
        {"key": "opens", "title": "Opens", "points": 1, "rule": {"kind": "pass"}},
        {"key": "accuracy", "title": "Accuracy", "metric": "accuracy", "points": 3, "rule": {"kind": "ramp", "from": 0.8, "to": 1}},
        {"key": "macs", "title": "MACs", "metric": "macs", "points": 2, "rule": {"kind": "ramp", "from": 200000, "to": 0}},
        {"key": "time", "title": "Latency", "metric": "latency_ms", "points": 2, "rule": {"kind": "steps", "steps": [[1, 1.0], [5, 0.5]]}},
    ],
}  # fmt: skip


@contextlib.contextmanager
def hogs(count: int) -> Iterator[None]:
    """As many processes that never wait for anything."""
    made = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(count)]
    try:
        yield
    finally:
        for process in made:
            process.kill()
            process.wait()


def measured(name: str, sandbox: Sandbox, folder: Path, seed: int) -> dict[str, Any]:
    inputs, labels = folder / "inputs.npy", folder / "labels.npy"
    if not inputs.exists():
        write_hidden(hidden_split(), inputs, labels)
    place = Place("container" if sandbox.name == "docker" else "process")
    return measure_run(
        model=MODELS / name, name=name, spec=BenchSpec.parse(SPEC), lab="Lab 1", inputs=inputs, labels=labels, sandbox=sandbox,
        seed=seed, on_progress=lambda *_: None, profiles=load_profiles(), place=place,
    )  # fmt: skip


def grade_of(document: dict[str, Any]) -> str:
    """All of a document that a grade may rest on, as text with keys in order."""
    kept = {
        key: document[key]
        for key in ("points", "metrics", "quality", "report", "earned", "of", "left_open", "suspicions")
    }
    environment = document["environment"]
    return json.dumps(kept | {key: environment[key] for key in ("devices", "graded_by")}, sort_keys=True)


def ten(name: str, sandbox: Sandbox, folder: Path, *, idle: int = EACH, busy: int = EACH) -> list[dict[str, Any]]:
    """Every time with another seed, as two hand-ins have."""
    found = [measured(name, sandbox, folder, seed) for seed in range(idle)]
    with hogs(HOGS):
        return found + [measured(name, sandbox, folder, seed) for seed in range(idle, idle + busy)]


def main() -> int:
    differing = 0
    row = table("model|28", "in|<12", "run", "machine|9", "grade|10", "points|14", "host p50, ms|.4f", "p90, ms|.4f")
    with tempfile.TemporaryDirectory(prefix="milliamp-ten-") as folder:
        for sandbox in _sandboxes():
            for name in FILES:
                documents = ten(name, sandbox, Path(folder))
                for n, document in enumerate(documents):
                    row(name, sandbox.name, *_cells(n, document))
                differing += len({grade_of(document) for document in documents}) - 1
    say(f"{'ten identical grades of each' if not differing else f'{differing} grades differ'}")
    return 1 if differing else 0


def _cells(n: int, document: dict[str, Any]) -> tuple[Any, ...]:
    mark = hashlib.sha256(grade_of(document).encode()).hexdigest()[:8]
    points = f"{document['earned']} of {document['of']}"
    host = document["host"]
    return n + 1, "idle" if n < EACH else "busy", mark, points, host["p50_ms"], host["p90_ms"]


def _sandboxes() -> Iterator[Sandbox]:
    yield detect("auto")
    version, why = find("docker")
    if not version:
        say(f"containers are not measured: {why}")
        return
    container = bench_images.containers("onnxruntime", "litert")
    try:
        yield container
    finally:
        container.close()


if __name__ == "__main__":
    sys.exit(figure(main))
