"""The one file that goes to a board: the same each time, and it runs on every Python that is here."""

import json
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from django.core.management import call_command

from hardware.ondevice.runner.version import version

PYTHONS = sorted(
    path / "bin" / "python"
    for path in Path.home().glob(".pyenv/versions/3.*")
    if re.fullmatch(r"3\.(9|1[0-3])\.\d+", path.name)
)


# What no linter sees: which exceptions a Python of that age raises.
HANGS = """
import socket, sys
sys.path.insert(0, sys.argv[1])
from hardware.ondevice.runner.client import Client
from hardware.ondevice.runner.words import Unreachable
with socket.create_server(("127.0.0.1", 0)) as server:
    try:
        Client("http://127.0.0.1:%d" % server.getsockname()[1], "x", 0.1).start("1", 1)
    except Unreachable as error:
        print("unreachable:", error)
"""


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return tmp_path_factory.mktemp("archive")


@pytest.fixture(scope="module")
def built(place):
    call_command("build_runner", out=place / "milliamp-runner.pyz", verbosity=0)
    return place / "milliamp-runner.pyz"


def ask(python, built, *words):
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(built.parent),
        "MILLIAMP_RUNNER_CACHE": str(built.parent / "cache"),
    }
    return subprocess.run(
        [python, built, *words], env=environment, cwd="/", check=False, capture_output=True, text=True
    )


def test_two_builds_are_the_same_file_and_hold_nothing_else_of_ours(built, capsys):
    before = built.read_bytes()
    call_command("build_runner", out=built)
    assert built.read_bytes() == before
    assert version() in capsys.readouterr().out
    assert before.startswith(b"#!/usr/bin/env python3\n")
    assert os.access(built, os.X_OK)
    names = zipfile.ZipFile(built).namelist()
    assert {name for name in names if not name.startswith("hardware/ondevice/")} == {
        "__main__.py",
        "hardware/__init__.py",
    }


@pytest.mark.parametrize("python", [sys.executable, *PYTHONS], ids=lambda path: str(path).split("/")[-3])
def test_it_runs_here(built, model, python):
    said = ask(python, built, "--version")
    assert (said.returncode, said.stdout.strip()) == (0, f"milliamp-runner {version()}"), said.stderr
    code = next(path for path in (built.parent / "cache").iterdir() if not path.name.startswith("."))
    hanging = subprocess.run([python, "-B", "-c", HANGS, code], check=False, capture_output=True, text=True)
    assert hanging.stdout == "unreachable: timed out\n", hanging.stderr
    has_runtime = subprocess.run([python, "-c", "import onnxruntime, numpy"], check=False, capture_output=True)
    path = built.parent / "model.onnx"
    path.write_bytes(model)
    said = ask(python, built, "bench", path, "--json")
    if has_runtime.returncode == 0:
        assert said.returncode == 0, said.stderr
        assert json.loads(said.stdout)["summary"]["p50_ms"] > 0
    else:
        assert said.returncode == 1
        assert "There is no runtime for onnx here" in said.stderr
        said = ask(python, built, "doctor", "--folder", built.parent / "none")
        assert "Isolation: " in said.stdout
        assert "NumPy" in said.stdout or "no runtime" in said.stdout
        assert said.stderr == ""


def test_what_was_unpacked_badly_is_unpacked_again(built):
    ask(sys.executable, built, "--version")
    (folder,) = (path for path in (built.parent / "cache").iterdir() if not path.name.startswith("."))
    broken = folder / "hardware" / "ondevice" / "runner" / "loop.py"
    broken.write_text("")
    assert ask(sys.executable, built, "--version").returncode == 0
    assert broken.stat().st_size > 1000
    assert [path.name for path in (built.parent / "cache").iterdir()] == [folder.name]


def test_the_service_runs_the_file_as_whoever_owns_the_folder(built, place):
    said = ask(sys.executable, built, "install-service", "--print", "--folder", place)
    assert said.returncode == 0, said.stderr
    lines = said.stdout.splitlines()
    assert f"ExecStart={sys.executable} {built} run --folder {place}" in lines
    assert "Delegate=memory" in lines
    assert "RestartPreventExitStatus=2 3 4 5" in lines
    assert ask(sys.executable, built, "install-service", "--print", "--folder", place / "none").returncode == 1
