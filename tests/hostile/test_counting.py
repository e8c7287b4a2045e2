"""Counting instructions runs a student's model under Valgrind: in the same isolation, and with the same calls refused."""

import errno
import subprocess
import sys

import pytest

from grading.bench import engine, instruction_count
from grading.bench.errors import BenchError
from grading.bench.sandbox.choice import detect
from hardware.ondevice import count, count_start
from hardware.ondevice.sandbox.limits import ProcessLimits
from tests.grading.bench.tiny import tiny_onnx
from tests.parts import ROOT


@pytest.mark.part("valgrind")
def test_a_model_is_counted_in_the_sandbox(tmp_path, monkeypatch):
    path = tiny_onnx(tmp_path / "tiny.onnx")
    box = detect("auto")
    report = engine.inspect(path, sandbox=box)
    monkeypatch.setattr(
        instruction_count, "LONG", instruction_count.SHORT + 200
    )  # the real length takes longer than a test should
    found = instruction_count.count(path, report, sandbox=box)
    assert report.macs < found.per_inference < 1_000_000
    assert (found.inferences, found.long - found.short) == (200, round(200 * found.per_inference))


def test_the_filter_is_installed_before_the_model_is_opened(monkeypatch):
    order = []
    monkeypatch.setattr(count, "confine", lambda: order.append("confined"))
    monkeypatch.setattr(count, "import_module", lambda name: order.append(name) or pytest.fail("stop"))
    monkeypatch.setattr("sys.argv", ["count", "--model", "/x", "--format", "onnx", "--runs", "1"])
    with pytest.raises(pytest.fail.Exception):
        count.main()
    assert order == ["confined", count.RUNTIMES["onnx"]]


def test_without_a_filter_that_holds_nothing_is_run(monkeypatch):
    monkeypatch.setattr(count.seccomp, "install", lambda **how: None)
    with pytest.raises(SystemExit) as ended:
        count.confine()
    assert ended.value.code == count.NOT_CONFINED


TRIED = """
import os, socket
from hardware.ondevice import count
count.confine()
for action in (socket.socket, os.fork):
    try:
        action()
        print("done")
    except OSError as error:
        print(error.errno)
os._exit(0)
"""


@pytest.mark.part("valgrind")
def test_what_runs_under_valgrind_can_start_nothing():
    """The filter that the counting program installs holds for it under Valgrind as it does without."""
    command = ["valgrind", "--tool=none", "--vgdb=no", "-q", sys.executable, "-u", "-c", TRIED]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert done.stdout.split() == [str(errno.EPERM)] * 2


def test_neither_valgrind_nor_the_model_knows_the_channel():
    given = ["--model", "/in/model", "--runs", "10", "--fd", "7", "--nonce", "secret", "--input-shape", "1x4"]
    assert count_start.arguments(given) == ["--model", "/in/model", "--runs", "10", "--input-shape", "1x4"]


def test_process_limits_alone_are_not_enough_to_count(tmp_path):
    path = tiny_onnx(tmp_path / "tiny.onnx")
    report = engine.inspect(path, sandbox=detect("auto"))
    with pytest.raises(BenchError) as caught:
        instruction_count.count(path, report, sandbox=ProcessLimits())
    assert caught.value.code == "count_not_offered"
