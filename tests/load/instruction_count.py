"""How well a count of instructions repeats: the same model five times, and the spread in parts per million. Run by `make figures`.

python -m tests.load.instruction_count [MODEL ...]
"""

import os
import sys
from pathlib import Path

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")

from grading.bench import engine
from grading.bench.instruction_count import count
from grading.bench.sandbox.choice import detect
from tests.parts import REFERENCE_MODELS, ROOT

MODELS = ROOT / "grading" / "demo" / "models"
TIMES = 5


def main(given: list[str]) -> int:
    own = [MODELS / "digits-middle.onnx", MODELS / "digits-middle-int8.tflite"]
    paths = [Path(name) for name in given] or [*own, *sorted(REFERENCE_MODELS.glob("kws*int8.tflite"))]
    sandbox = detect("auto")
    print(f"isolation: {sandbox.label}; {TIMES} counts each")
    print(f"{'file':28} {'instructions/inference':>22} {'per MAC':>8} {'spread, ppm':>12} {'seconds each':>13}")
    for path in paths:
        report = engine.inspect(path, sandbox=sandbox)
        found = [count(path, report, sandbox=sandbox) for _ in range(TIMES)]
        each = sorted(one.per_inference for one in found)
        middle, spread = each[TIMES // 2], (each[-1] - each[0]) / each[TIMES // 2] * 1e6
        seconds = sum(one.seconds for one in found) / TIMES
        print(f"{path.name:28} {middle:22,.1f} {middle / max(report.macs, 1):8.3f} {spread:12.1f} {seconds:13.1f}", flush=True)  # fmt: skip
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
