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

FAMILIES = ("onnxruntime", "litert")


def main() -> int:
    version, why = parts.find("docker")
    if not version:
        print(f"arm64: not shown, {why}")
        return 0
    here = Container(bench_images.record(*FAMILIES))
    arm = Container(
        bench_images.record(*FAMILIES, platform="linux/arm64", base="milliamp-base-arm64"), platform="linux/arm64"
    )
    failed = 0
    with tempfile.TemporaryDirectory() as folder:
        files = [models.linear(Path(folder) / "linear.onnx"), *sorted(parts.REFERENCE_MODELS.glob("*.tflite"))]
        print(f"{'model':28} {'same':4} {'top-1':>6} {'largest difference':>19} {'allowed':>10}  how compared")
        for path in files:
            try:
                found = check_on_arm(path, here=here, arm=arm)
            except BenchError as error:
                failed += 1
                print(f"{path.name:28} no   {error.code}: {error.message}")
                continue
            failed += not found.agrees
            how = "one step of the output" if found.is_quantized else "1e-3 of the largest answer"
            print(
                f"{path.name:28} {'yes' if found.agrees else 'no':4} {found.same_top}/{found.inputs:<4} "
                f"{found.largest_difference:19.3g} {found.allowed:10.3g}  {how}; {found.machine}, {found.runtime}",
                flush=True,
            )
    print(f"arm64: {len(files) - failed}/{len(files)} models answer the same")
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
