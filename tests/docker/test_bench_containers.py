"""Containers of the bench worker on the real engine: limits as they hold inside, what is refused, and what is left behind."""

import dataclasses
import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import onnx
import pytest
import requests
from onnx import TensorProto, helper

from grading.bench import engine
from grading.bench.emulation import limits_for
from grading.bench.errors import BenchError
from grading.bench.sandbox import container_owner, container_spec
from grading.bench.sandbox.container import Container
from grading.measuring.run_setting import setting_for
from grading.measuring.where_to_run import Place
from grading.spec import BenchSpec
from hardware.ondevice.sandbox.request import Limits, SandboxError, SandboxRequest
from hardware.profiles import load_profiles
from tests import bench_images
from tests.grading.bench.tiny import onnx_model
from tests.hardware.ondevice import models
from tests.hostile.levels import ATTACK, attack
from tests.parts import ROOT
from tests.people import SPEC

pytestmark = pytest.mark.part("docker")
MIB = 1 << 20


@pytest.fixture(scope="module")
def containers():
    return bench_images.containers()


@pytest.mark.parametrize("slug", sorted(load_profiles()))
def test_the_limits_of_every_device_hold_inside(containers, slug):
    profile = load_profiles()[slug]
    told = limits_for(profile)
    asked, seen = containers.read_back(SandboxRequest("unused", limits=told.limits))
    assert container_spec.mismatches(asked, seen) == []
    assert seen["memory_bytes"] == told.limits.memory_bytes
    assert seen["swap_bytes"] == 0
    assert seen["cpus"] == min(profile.cores, os.cpu_count()) == told.cores
    wanted = container_spec.memory_for(profile.ram_bytes)
    assert profile.kind == "microcontroller" or seen["memory_bytes"] == wanted
    assert bench_images.of(containers) == []


def test_a_limit_that_does_not_hold_stops_everything(containers, monkeypatch):
    monkeypatch.setattr(containers._engine, "limit", lambda container, asked: None)
    with pytest.raises(SandboxError, match=f"memory_bytes is {container_spec.WAITING_BYTES}, not {300 * MIB}"):
        attack(containers, "wait", memory_bytes=299 * MIB)
    assert bench_images.of(containers) == []


@pytest.mark.parametrize(
    "name", ["memory_bytes", "capabilities", "interfaces", "writable", "let_through", "no_new_privileges"]
)
def test_each_difference_is_told(name):
    asked = container_spec.Asked(512 * MIB, 1, 80, 5)
    right = {
        "memory_bytes": 512 * MIB, "swap_bytes": 0, "pids": 80, "cpus": 1, "open_files": 256, "core_bytes": 0,
        "file_bytes": container_spec.FILE_BYTES, "capabilities": 0, "no_new_privileges": True, "seccomp": True, "uids": [5],
        "groups": [5], "interfaces": ["lo"], "foreign": [], "let_through": [], "writable": container_spec.WRITABLE,
    }  # fmt: skip
    assert container_spec.mismatches(asked, right) == []
    assert [each.split()[0] for each in container_spec.mismatches(asked, right | {name: "x"})] == [name]


def test_a_model_that_needs_more_than_the_device_has_is_told_so(containers, tmp_path):
    limits = limits_for(load_profiles()["rpi-zero-w"]).limits
    size = helper.make_tensor("n", TensorProto.INT64, [1], [300 << 20])  # 1.2 GB of float32
    nodes = [
        helper.make_node("Constant", [], ["n"], value=size),
        helper.make_node("Expand", ["x", "n"], ["big"]),
        helper.make_node("ReduceSum", ["big"], ["y"], keepdims=1),
    ]
    graph = helper.make_graph(nodes, "g", [helper.make_tensor_value_info("x", 1, [1])],
                              [helper.make_tensor_value_info("y", 1, [1])])  # fmt: skip
    path = tmp_path / "big.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), path)
    request = SandboxRequest("hardware.ondevice.harness", ("--model", "{inputs}/model", "--format", "onnx"), {"model": path},
                             limits, model_format="onnx")  # fmt: skip
    result = containers.run(request)
    assert (result.ended, result.code) == ("out_of_memory", "out_of_memory")
    assert "512 MiB" in result.message


def test_a_submission_that_needs_more_than_its_board_has_ends_as_such_and_the_sentence_names_the_board(
    containers, tmp_path
):
    """Memory that the graph does not show, so that only the run under the device's limit tells: 700 MB for a moment."""
    board = load_profiles()["rpi-zero-w"]
    lab = BenchSpec.parse(SPEC | {"devices": [board.slug], "run_on": "container"})
    setting = setting_for(lab, Place("container"), board)
    nodes = [
        helper.make_node("Expand", ["x", "n"], ["big"]),
        helper.make_node("Relu", ["big"], ["bigger"]),
        helper.make_node("ReduceMax", ["bigger", "first"], ["y"], keepdims=1),
    ]
    path = tmp_path / "big.onnx"
    size = np.array([180_000_000 // 64, 1, 8, 8], np.int64)
    path.write_bytes(
        onnx_model(nodes, {"n": size, "first": np.array([0], np.int64)}, [("x", (1, 1, 8, 8))]).SerializeToString()
    )
    report = engine.inspect(path, sandbox=containers)
    with pytest.raises(BenchError) as stopped, setting.out_of_memory_named():
        engine.measure(path, report, sandbox=containers, inputs=None, seed=1, limits=setting.limits)
    assert stopped.value.outcome == "out_of_memory", stopped.value
    assert "512 MiB of memory that the Raspberry Pi Zero W has" in stopped.value.message
    assert bench_images.of(containers) == []


def test_an_image_that_is_not_recorded_or_holds_other_code_is_refused(tmp_path):
    record = tmp_path / "images.json"
    with pytest.raises(SandboxError, match="No image for onnxruntime"):
        attack(Container(record), "wait")
    known = json.loads(bench_images.record("onnxruntime").read_text())
    key = "onnxruntime linux/amd64"
    record.write_text(json.dumps({key: known[key] | {"code": "0" * 64}}))
    with pytest.raises(SandboxError, match="built from other code"):
        attack(Container(record), "wait")
    record.write_text(json.dumps({key: known[key] | {"id": "sha256:" + "0" * 64}}))
    with pytest.raises(SandboxError, match="does not have it"):
        attack(Container(record), "wait")


def test_a_container_that_could_not_be_removed_while_the_engine_was_away_goes_at_the_next_look(monkeypatch):
    found = Container(bench_images.record("onnxruntime"))

    def away(*_, **__):
        raise requests.ConnectionError("no such socket")

    with monkeypatch.context() as patched:
        patched.setattr(found._engine._api, "remove_container", away)
        with pytest.raises(SandboxError, match="does not answer"):
            attack(found, "leave")
    assert len(bench_images.of(found)) == 1
    found.look()
    assert bench_images.of(found) == []


def test_a_look_says_what_is_missing_before_a_run_does(tmp_path):
    record = tmp_path / "images.json"
    with pytest.raises(SandboxError, match="No image for onnxruntime"):
        Container(record).look()
    known = json.loads(bench_images.record("onnxruntime").read_text())["onnxruntime linux/amd64"]
    record.write_text(json.dumps({"onnxruntime linux/amd64": known}))
    Container(record).look()
    record.write_text(json.dumps({"litert linux/amd64": known | {"id": "sha256:" + "0" * 64}}))
    with pytest.raises(SandboxError, match="does not have it"):
        Container(record).look()


@pytest.mark.parametrize("how", [("rm", "-f"), ("kill",), ("stop", "-t", "2")])
def test_a_container_that_is_lost_while_it_answers_hidden_inputs_is_our_fault(containers, tmp_path, how):
    model = models.linear(tmp_path / "m.onnx")
    report = engine.inspect(model, sandbox=containers)
    np.save(tmp_path / "inputs.npy", np.zeros((400_000, *report.inputs[0].shape[1:]), np.float32))
    lost = []

    def lose(phase, done, total):
        if phase == "accuracy" and not lost:
            lost.extend(bench_images.of(containers))
            for each in lost:
                bench_images.docker(*how, each)

    with pytest.raises(BenchError) as caught:
        engine.measure(
            model, report, sandbox=containers, inputs=tmp_path / "inputs.npy", seed=1, processes=1, on_progress=lose
        )
    assert lost
    assert caught.value.outcome == "infrastructure", caught.value
    assert bench_images.of(containers) == []


def test_models_are_looked_into_and_timed_in_containers(containers, tmp_path):
    model = models.linear(tmp_path / "m.onnx")
    report = engine.inspect(model, sandbox=containers)
    measured = engine.measure(model, report, sandbox=containers, inputs=None, seed=1)
    assert report.macs == 8
    assert measured.host.isolation == "docker"
    assert measured.host.processes == 3
    assert 0 < measured.host.peak_rss_bytes < 512 * MIB


def test_a_waiting_container_serves_once(tmp_path):
    found = Container(bench_images.record("onnxruntime"), pool={"onnxruntime": 1})
    try:
        assert found.full(60)
        (waiting,) = bench_images.of(found)
        assert attack(found, "leave").exit_code == 3
        assert waiting not in bench_images.of(found)
        assert found.full(60)
    finally:
        found.close()
    assert bench_images.of(found) == []


def test_what_waited_and_has_ended_is_replaced_at_the_next_look():
    found = Container(bench_images.record("onnxruntime"), pool={"onnxruntime": 2})
    try:
        assert found.full(60)
        before = bench_images.of(found)
        bench_images.docker("kill", *before)
        found.look()
        assert not set(before) & set(bench_images.of(found))
        assert found.full(60)
        assert len(bench_images.of(found)) == 2
    finally:
        found.close()
    assert bench_images.of(found) == []


def test_the_sweep_removes_what_has_lost_its_owner_and_nothing_else(containers):
    image = json.loads(bench_images.record("onnxruntime").read_text())["onnxruntime linux/amd64"]["id"]
    me = container_owner.myself()
    owners = {
        "mine": me,
        "gone": dataclasses.replace(me, started="1"),
        "elsewhere": dataclasses.replace(me, place="other-1"),
    }
    waiting = ("--network", "none", "--entrypoint", "/bin/sleep")
    made = {
        name: bench_images.docker("run", "-d", "--label", f"milliamp.bench={owner}", *waiting, image, "60")
        for name, owner in owners.items()
    }
    try:
        container_owner.sweep(containers._engine)
        left = bench_images.docker("ps", "-aq", "--no-trunc", "--filter", "label=milliamp.bench").split()
        assert made["gone"] not in left
        assert {made["mine"], made["elsewhere"]} <= set(left)
    finally:
        for each in made.values():
            subprocess.run(["docker", "rm", "-f", each], capture_output=True, check=False)


KILLED = """
import os, signal, sys
from pathlib import Path
from grading.bench.sandbox import container_engine, container_waiting
from grading.bench.sandbox.container import Container
from hardware.ondevice.sandbox.request import Limits, SandboxRequest

record, step, moment, attack = sys.argv[1:]
place = container_waiting.Waiting if hasattr(container_waiting.Waiting, step) else container_engine.Engine
original = getattr(place, step, None)


def die(*_):
    os.kill(os.getpid(), signal.SIGKILL)


def patched(*args, **options):
    if moment == "before":
        die()
    found = original(*args, **options)
    die()
    return found


if step != "running":
    setattr(place, step, patched)
containers = Container(Path(record))
print(containers.owner, flush=True)
containers.run(SandboxRequest("{inputs}/attack.py", ("wait",), {"attack.py": Path(attack)}, Limits(wall_s=20)), die)
"""
STEPS = ["create", "attach", "start", "until_ready", "check", "give", "kill", "remove"]


@pytest.mark.parametrize(
    ("step", "moment"),
    [*((step, "after") for step in STEPS if step != "kill"), ("remove", "before"), ("running", "frame")],
)
def test_a_worker_that_is_killed_leaves_nothing(step, moment):
    record = bench_images.record("onnxruntime")
    words = [sys.executable, "-c", KILLED, str(record), step, moment, str(ATTACK)]
    with subprocess.Popen(words, cwd=ROOT, stdout=subprocess.PIPE, text=True) as worker:
        owner = worker.stdout.readline().strip()
        assert worker.wait(timeout=60) == -signal.SIGKILL
    deadline = time.monotonic() + 10
    while (left := _of(owner)) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert left == []
    time.sleep(0.5)
    assert _of(owner) == []


def _of(owner: str) -> list[str]:
    return bench_images.docker("ps", "-aq", "--filter", f"label=milliamp.bench={owner}").split()


@pytest.mark.parametrize("module", ["courseplatform.wsgi", "grading.tasks", "courseplatform.celery"])
def test_neither_web_nor_ordinary_worker_can_reach_the_engine(module):
    code = (
        f"import sys, django; django.setup(); import {module}, courseplatform.urls; sys.exit('docker' in sys.modules)"
    )
    environment = os.environ | {"DJANGO_SETTINGS_MODULE": "tests.settings", "BENCH_ISOLATION": "docker"}
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=environment, check=False).returncode == 0


def test_an_answer_that_cannot_be_had_is_ours(containers, monkeypatch, tmp_path):
    monkeypatch.setattr(containers._engine, "limit", lambda container, asked: None)
    with pytest.raises(BenchError) as caught:
        engine.inspect(models.linear(tmp_path / "m.onnx"), sandbox=containers, limits=Limits(memory_bytes=300 * MIB))
    assert caught.value.outcome == "infrastructure"
