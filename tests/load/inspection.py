"""How long it takes to look into a model of 100 MB, and how much memory: python -m tests.load.inspection [MEGABYTES].

Each format in a process of its own, as the sandbox starts it. Prints seconds from start to end, seconds without the
imports, and the most memory held. The goal is 3 s and 1 GB for 100 MB.
"""

import subprocess
import sys
import tempfile
import time
from pathlib import Path

SIDE = 1024  # of the square matrices
GOAL_S, GOAL_BYTES = 3.0, 1_000_000_000
CHILD = f"""
import importlib, sys, time
from pathlib import Path
from grading.bench.inspection import __main__ as inspection
kind = sys.argv[2]
importlib.import_module("grading.bench.inspection." + kind + "_format")
begun = time.perf_counter()
report = inspection.look_into(Path(sys.argv[1]), kind, [(1, {SIDE})])
taken = time.perf_counter() - begun
status = dict(line.split(":", 1) for line in open("/proc/self/status"))
peak = int(status["VmHWM"].split()[0]) * 1024  # ru_maxrss would be that of whoever started this
print(taken, peak, report.params, report.structured.two_of_four)
"""


def matrices(megabytes):
    """Half of each four numbers zero, so that every pattern is looked for."""
    import numpy as np

    rng = np.random.default_rng(0)
    for _ in range(round(megabytes * 1e6 / (4 * SIDE * SIDE))):
        values = rng.standard_normal((SIDE, SIDE), np.float32)
        values[:, [place for place in range(SIDE) if place % 4 > 1]] = 0
        yield values


def write_onnx(path, megabytes):
    import onnx
    from onnx import helper

    from tests.grading.bench.tiny import save_onnx

    weights = {f"w{i}": values for i, values in enumerate(matrices(megabytes))}
    steps = [
        helper.make_node("Gemm", [f"x{i}" if i else "x", f"w{i}"], [f"x{i + 1}"], transB=1) for i in range(len(weights))
    ]
    save_onnx(path, steps, weights, [("x", (1, SIDE))], [f"x{len(weights)}"])
    assert onnx.load(path, load_external_data=False).graph.initializer


def write_tflite(path, megabytes):
    from ai_edge_litert import schema_py_generated as schema

    from grading.demo.tflite_builder import Builder
    from tests.grading.bench.tiny import CODE, KIND, OPTIONS

    b = Builder()
    first = x = b.activation("x", (1, SIDE), KIND.FLOAT32)
    for place, values in enumerate(matrices(megabytes)):
        made = b.activation(f"x{place + 1}", (1, SIDE), KIND.FLOAT32)
        options = (OPTIONS.FullyConnectedOptions, schema.FullyConnectedOptionsT())
        b.operator(CODE.FULLY_CONNECTED, [x, b.constant(f"w{place}", values, KIND.FLOAT32)], made, options)
        x = made
    b.write(path, [first], [x])


def torch_model(megabytes):
    import torch

    layers = []
    for values in matrices(megabytes):
        layers.append(torch.nn.Linear(SIDE, SIDE, bias=False))
        layers[-1].weight = torch.nn.Parameter(torch.from_numpy(values))
    return torch.nn.Sequential(*layers).eval(), torch.zeros(1, SIDE)


def write_torchscript(path, megabytes):
    import torch

    model, x = torch_model(megabytes)
    torch.jit.save(torch.jit.trace(model, x), path)


def write_torch_export(path, megabytes):
    import torch

    model, x = torch_model(megabytes)
    torch.export.save(torch.export.export(model, (x,)), path)


WRITERS = {
    "onnx": (write_onnx, "m.onnx"),
    "tflite": (write_tflite, "m.tflite"),
    "torchscript": (write_torchscript, "m.pt"),
    "torch_export": (write_torch_export, "m.pt2"),
}


def main():
    megabytes = float(sys.argv[1]) if len(sys.argv) > 1 else 100
    print(f"{'format':14} {'file MB':>8} {'total s':>8} {'look s':>8} {'peak MB':>8}  goal")
    with tempfile.TemporaryDirectory() as folder:
        for kind, (write, name) in WRITERS.items():
            path = Path(folder) / name
            write(path, megabytes)
            begun = time.perf_counter()
            done = subprocess.run(
                [sys.executable, "-W", "ignore", "-c", CHILD, str(path), kind],
                capture_output=True,
                text=True,
                check=True,
            )
            total = time.perf_counter() - begun
            taken, peak = map(float, done.stdout.split()[:2])
            met = taken < GOAL_S and peak < GOAL_BYTES
            size = path.stat().st_size / 1e6
            print(f"{kind:14} {size:8.0f} {total:8.2f} {taken:8.2f} {peak / 1e6:8.0f}  {'met' if met else 'MISSED'}")
            path.unlink()


if __name__ == "__main__":
    main()
