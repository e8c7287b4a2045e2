"""How well a count of instructions repeats: the same model several times, and the spread in parts per million. Run by `make figures`.

python -m tests.load.instruction_count [times] [MODEL ...]
"""

import os
import sys
from pathlib import Path

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")

from grading.bench import engine
from grading.bench.instruction_count import count
from grading.bench.sandbox.choice import detect
from tests.load.figures import figure, numbers, say, table, words
from tests.parts import REFERENCE_MODELS, ROOT

MODELS = ROOT / "grading" / "demo" / "models"
TIMES = numbers(5)[0]


def main() -> int:
    own = [MODELS / "digits-middle.onnx", MODELS / "digits-middle-int8.tflite"]
    paths = [Path(name) for name in words()] or [*own, *sorted(REFERENCE_MODELS.glob("kws*int8.tflite"))]
    sandbox = detect("auto")
    say(f"isolation: {sandbox.label}; {TIMES} counts each")
    row = table("file|28", "instructions an inference|,.1f", "per MAC|.3f", "spread, ppm|.1f", "seconds each|.1f")
    for path in paths:
        report = engine.inspect(path, sandbox=sandbox)
        found = [count(path, report, sandbox=sandbox) for _ in range(TIMES)]
        each = sorted(one.per_inference for one in found)
        middle, spread = each[TIMES // 2], (each[-1] - each[0]) / each[TIMES // 2] * 1e6
        seconds = sum(one.seconds for one in found) / TIMES
        row(path.name, middle, middle / max(report.macs, 1), spread, seconds)
    return 0


if __name__ == "__main__":
    sys.exit(figure(main))
