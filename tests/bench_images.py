"""The images of the bench worker, built from this checkout on a base of this machine's own making."""

import fcntl
import functools
import subprocess
import sys
import tempfile
from pathlib import Path

from grading.bench.sandbox.container import Container
from grading.bench.sandbox.container_images import FAMILIES
from tests.parts import ROOT

BASE = "milliamp-base"
BUILD = ROOT / "docker" / "bench-runner" / "build"


@functools.cache
def _folder() -> tempfile.TemporaryDirectory:
    return tempfile.TemporaryDirectory(prefix="milliamp-images-")


def run(*words: str | Path) -> str:
    done = subprocess.run([str(word) for word in words], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, (done.stdout + done.stderr)[-3000:]
    return done.stdout.strip()


def docker(*words: str) -> str:
    return run("docker", *words)


@functools.cache
def record(*families: str, platform: str = "linux/amd64", base: str = BASE) -> Path:
    """The record of images for these families, built now: minutes the first time on a machine, seconds after."""
    machine = platform.replace("/", "-")
    path = Path(_folder().name) / f"{'-'.join(families)}-{machine}.json"
    with (Path(tempfile.gettempdir()) / f"milliamp-bench-images-{machine}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # whoever comes second finds them made
        run(ROOT / ".ci" / "base-image", base, platform.removeprefix("linux/"))
        run(sys.executable, BUILD, "--base", base, "--platform", platform, "--record", path, "--family", *families)
    return path


@functools.cache
def containers(*families: str) -> Container:
    """Containers that are started when they are needed, with ONNX Runtime where nothing is named."""
    return Container(record(*families or ("onnxruntime",)))


def of(container: Container) -> list[str]:
    """The ids of all containers that ``container`` has, also of those that have ended."""
    return docker("ps", "-aq", "--no-trunc", "--filter", f"label=milliamp.bench={container.owner}").split()


if __name__ == "__main__":
    record(*FAMILIES)
