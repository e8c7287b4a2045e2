"""Proof that models load and answer the same on Arm: a table, one row a model, from x86-64 containers and arm64 ones under QEMU.

    python -m tests.load.arm64        builds the images for both (ten minutes the first time); exit 1 where a model differs

Nothing is timed on Arm: an emulator's times say nothing about a board.
"""

import sys
import tempfile
from pathlib import Path

from grading.bench.errors import BenchError
from grading.bench.on_arm import check_on_arm
from grading.bench.sandbox.container import Container
from tests import bench_images, parts
from tests.hardware.ondevice import models
from tests.load.figures import figure, not_shown, say, table

FAMILIES = ("onnxruntime", "litert")


def main() -> int:
    version, why = parts.find("docker")
    if not version:
        return not_shown(why)
    here = Container(bench_images.record(*FAMILIES))
    arm = Container(
        bench_images.record(*FAMILIES, platform="linux/arm64", base="milliamp-base-arm64"), platform="linux/arm64"
    )
    failed = 0
    with tempfile.TemporaryDirectory() as folder:
        files = [models.linear(Path(folder) / "linear.onnx"), *sorted(parts.REFERENCE_MODELS.glob("*.tflite"))]
        row = table("model|28", "same", "top-1", "largest difference|.3g", "allowed|.3g", "how compared|<")
        for path in files:
            try:
                found = check_on_arm(path, here=here, arm=arm)
            except BenchError as error:
                failed += 1
                row(path.name, "no", "", "", "", f"{error.code}: {error.message}")
                continue
            failed += not found.agrees
            how = "one step of the output" if found.is_quantized else "1e-3 of the largest answer"
            top, how = f"{found.same_top}/{found.inputs}", f"{how}; {found.machine}, {found.runtime}"
            row(path.name, "yes" if found.agrees else "no", top, found.largest_difference, found.allowed, how)
    say(f"{len(files) - failed} of {len(files)} models answer the same")
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(figure(main))
