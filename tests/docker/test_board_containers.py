"""Containers of Docker as a board uses them: an image that its owner names, limits as they hold inside, and what is left behind."""

import json
import subprocess
import sys
import time

import pytest

from hardware.ondevice.runner import isolation, offline
from hardware.ondevice.runner.words import RunnerError
from hardware.ondevice.sandbox import docker, docker_watch
from hardware.ondevice.sandbox.request import Limits, SandboxError, SandboxRequest
from tests import bench_images
from tests.hardware.ondevice import models
from tests.hostile.levels import attack, said
from tests.parts import ROOT

pytestmark = pytest.mark.part("docker")
MIB = 1 << 20
NAME = "milliamp-board-test"
# The bench's runtimes, found by Python itself as in an image that somebody has made with pip.
IMAGE = """
FROM {packages}
USER root
RUN echo /site > "$(python3 -c 'import site; print(site.getsitepackages()[0])')/site.pth"
"""


@pytest.fixture(scope="module")
def image():
    record = json.loads(bench_images.record("onnxruntime").read_text())
    packages = next(entry["id"] for entry in record.values())
    made = subprocess.run(
        ["docker", "build", "--quiet", "-"],
        input=IMAGE.format(packages=packages),
        capture_output=True,
        text=True,
        check=True,
    )
    return made.stdout.strip()


@pytest.fixture(scope="module")
def found(image):
    return isolation.find(NAME, image=image)


def left():
    return docker_watch.ask("ps", "--all", "--quiet", "--filter", f"label={docker.LABEL}={NAME}").split()


def test_memory_is_bounded_and_the_runtimes_are_those_of_the_image(found):
    assert found.as_json() == {"name": "docker", "memory_limit": True, "why": ""}
    assert set(found.runtimes) == {"onnx"}
    assert left() == []


def test_a_model_is_measured(found, tmp_path):
    asked = offline.Asked(models.linear(tmp_path / "linear.onnx"))
    measured = offline.measure(asked, found)
    assert measured["summary"]["p50_ms"] > 0
    assert measured["summary"]["isolation"] == "docker"
    assert measured["environment"]["facts"]["runtimes"] == found.runtimes
    assert left() == []


@pytest.mark.parametrize(
    ("name", "limits", "ended", "code"),
    [
        ("grow_slowly", {"memory_bytes": 128 * MIB}, "out_of_memory", "out_of_memory"),
        ("endless_loop", {"wall_s": 3.0}, "timed_out", "timed_out"),
        ("flood_stdout", {}, "misbehaved", "output_flood"),
        ("forge_result", {}, "misbehaved", "forged_result"),
        ("segfault", {}, "crashed", "crashed_signal"),
    ],
)
def test_what_a_model_does_wrong_is_told_as_elsewhere(found, name, limits, ended, code):
    result = attack(found.sandbox, name, **limits)
    assert (result.ended, result.code) == (ended, code), result
    assert left() == []


@pytest.mark.parametrize("name", ["fork_bomb", "run_program", "open_socket", "open_unix_socket"])
def test_what_no_model_needs_is_refused(found, name):
    assert said(attack(found.sandbox, name))["refused"]


def test_a_limit_that_does_not_hold_stops_everything(found, monkeypatch):
    """As on Raspberry Pi OS with its memory cgroup off: Docker warns, and goes on without the limit."""
    kept = docker.Docker.options
    without = ("--memory", "--memory-swap")

    def options(self, *args):
        words = kept(self, *args)
        return [word for place, word in enumerate(words) if word not in without and words[place - 1] not in without]

    monkeypatch.setattr(docker.Docker, "options", options)
    with pytest.raises(SandboxError, match="Docker does not hold what it was asked for: memory_bytes is None, not "):
        found.sandbox.run(SandboxRequest("hardware.ondevice.selftest"))
    assert left() == []


def test_what_a_killed_agent_has_left_goes_at_the_next_start(found):
    code = (
        "import sys; from hardware.ondevice.sandbox.docker import Docker; from tests.hostile.levels import attack\n"
        "attack(Docker(sys.argv[1], sys.argv[2]), 'wait')"
    )
    agent = subprocess.Popen([sys.executable, "-c", code, found.sandbox.image, NAME], cwd=ROOT)
    try:
        deadline = time.monotonic() + 60
        while not left():
            assert time.monotonic() < deadline
            time.sleep(0.05)
    finally:
        agent.kill()
        agent.wait()
    assert found.sandbox.sweep() == 1
    assert left() == []


def test_what_is_missing_is_said_with_what_to_do(monkeypatch):
    with pytest.raises(RunnerError, match=r"does not have the image none/such:1\. Fetch it: docker pull none/such:1"):
        isolation.find(NAME, image="none/such:1")
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(RunnerError, match=r"Docker is not installed: sudo apt install docker\.io"):
        isolation.find(NAME, image="none/such:1")


def test_swap_that_is_not_counted_is_none_only_where_there_is_none(tmp_path):
    (tmp_path / "swaps").write_text("Filename\tType\n")
    sandbox = docker.Docker("x", NAME)
    wanted = sandbox.wanted(Limits(), 100)
    seen = wanted | {"swap_bytes": None}
    assert docker.mismatches(wanted, seen, tmp_path / "swaps") == []
    (tmp_path / "swaps").write_text("Filename\tType\n/var/swap\tfile\n")
    assert docker.mismatches(wanted, seen, tmp_path / "swaps") == ["swap_bytes is None, not 0"]
    assert docker.mismatches(wanted, wanted | {"memory_bytes": None}) == ["memory_bytes is None, not 100"]
