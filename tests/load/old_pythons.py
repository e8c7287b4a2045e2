"""The agent's one file on every Python that a board may have: a virtual environment each, with the runtime that pip finds for it.

    python -m tests.load.old_pythons        the Pythons of ~/.pyenv; exit 1 where one does not measure

Prints a row a Python: whether the doctor is content, and what the golden model took in the sandbox.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.load.figures import figure, table
from tests.load.line_workers import scratch_folder
from tests.parts import ROOT

GOLDEN = ROOT / "hardware" / "runners" / "golden" / "golden-1.onnx"
SHAPE = "1x3x48x48"
KEPT = Path(tempfile.gettempdir()) / "milliamp-old-pythons"


def pythons() -> list[tuple[str, Path]]:
    """(version, program) from 3.9 to 3.13, in order."""
    found = []
    for place in Path.home().glob(".pyenv/versions/3.*"):
        match = re.fullmatch(r"3\.(9|1[0-3])\.\d+", place.name)
        if match:
            found.append((int(match[1]), place.name, place / "bin" / "python"))
    return [(name, program) for _, name, program in sorted(found)]


def environment(name: str, program: Path) -> Path:
    """The program of a virtual environment with NumPy and ONNX Runtime, made once a machine. Raises CalledProcessError."""
    place = KEPT / name
    python = place / "bin" / "python"
    if not (place / "whole").exists():
        subprocess.run([program, "-m", "venv", "--clear", place], check=True, capture_output=True)
        words = [python, "-m", "pip", "install", "--quiet", "--only-binary", ":all:", "numpy", "onnxruntime"]
        subprocess.run(words, check=True, capture_output=True, text=True)
        (place / "whole").touch()
    return python


def row(python: Path, agent: Path, folder: Path) -> tuple[bool, str]:
    """Whether it measures, and what to print."""
    env = {"PATH": os.environ["PATH"], "HOME": str(folder), "MILLIAMP_RUNNER_CACHE": str(folder / "cache")}

    def ask(*words: str | Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [python, agent, *words], env=env, cwd="/", check=False, capture_output=True, text=True, timeout=300
        )

    doctor = ask("doctor", "--folder", folder / "none")
    bad = [line for line in doctor.stdout.splitlines() if line.startswith("BAD")]
    bench = ask("bench", GOLDEN, "--input-shape", SHAPE, "--json")
    if bench.returncode or bad or doctor.stderr:
        return False, f"{bench.stderr.strip()[-200:]} {' '.join(bad)} {doctor.stderr[-200:]}"
    summary = json.loads(bench.stdout)["summary"]
    return (
        True,
        f"{summary['runtime']:24} p50 {summary['p50_ms']:8.3f} ms of {summary['runs']} runs, {summary['isolation']}",
    )


def main() -> int:
    failed, shown = 0, table("Python|8", "measures|<", "the golden model in the sandbox|<")
    with scratch_folder() as folder:
        agent = Path(folder) / "milliamp-runner.pyz"
        words = [sys.executable, "manage.py", "build_runner", "--out", str(agent)]
        subprocess.run(words, check=True, cwd=ROOT, capture_output=True)
        for name, program in pythons():
            try:
                python = environment(name, program)
            except subprocess.CalledProcessError as error:
                shown(name, "not tried", f"no packages for it here ({(error.stderr or str(error)).strip()[-120:]})")
                continue
            well, said = row(python, agent, Path(folder))
            failed += not well
            shown(name, "yes" if well else "NO", said)
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(figure(main))
