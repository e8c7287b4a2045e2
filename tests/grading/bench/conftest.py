"""Models of PyTorch are made and looked into once, in a process of their own (see torch_models.py)."""

import json
import subprocess
import sys

import pytest

from tests.parts import ROOT


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("torch")


@pytest.fixture(scope="session")
def answers(folder):
    """name -> {"report": ...} or {"error": ...}."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "tests.grading.bench.torch_models", str(folder)],
        capture_output=True, text=True, timeout=240, check=False, cwd=ROOT,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout.splitlines()[-1])
