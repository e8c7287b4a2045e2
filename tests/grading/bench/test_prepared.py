"""Processes that wait for their order: used once, bound from the order on, and gone with whoever started them."""

import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from grading.bench import engine
from grading.bench.beforehand import TORCH, inspecting, measuring, wanted
from grading.bench.sandbox import Limits, SandboxRequest, detect
from hardware.ondevice import processes
from hardware.ondevice.sandbox.prepared import PreStarted, Waiting
from tests.hardware.ondevice import models
from tests.hostile.levels import ATTACK, said, working
from tests.parts import ROOT

LIGHT = ("numpy",)


@pytest.fixture
def pool(tmp_path):
    before = set(processes.descendants(os.getpid()))  # of tests with containers a warden stays
    held = PreStarted(detect("auto"), tmp_path)
    yield held
    held.close()
    assert set(processes.descendants(os.getpid())) <= before
    assert list(tmp_path.glob("milliamp-*")) == []


def asked(name="look_around", imports=LIGHT, **limits):
    return SandboxRequest("{inputs}/attack.py", (name,), {"attack.py": ATTACK}, Limits(**limits), imports=imports)


def waiting_in(pool, imports=LIGHT):
    return pool._waiting.get(imports, [])


def test_a_process_that_waits_carries_out_one_order_and_the_next_one_starts_cold(pool):
    pool.make_ready({LIGHT: 1})
    first = waiting_in(pool)[0]
    assert first.is_prepared()
    inside = processes.descendants(first._process.pid)
    assert said(pool.run(asked()))["environ"]
    assert not set(inside) & set(processes.descendants(os.getpid()))
    assert waiting_in(pool) == []
    assert said(pool.run(asked()))["environ"]


def test_the_whole_engine_answers_the_same_from_waiting_processes(pool, tmp_path):
    path = models.linear(tmp_path / "m.onnx")
    given = tmp_path / "inputs.npy"
    np.save(given, np.random.default_rng(1).random((20, 4), dtype=np.float32))
    pool.make_ready(wanted(["onnx"]))
    answers = []
    for sandbox in (pool, pool.sandbox):
        report = engine.inspect(path, sandbox=sandbox)
        measured = engine.measure(path, report, sandbox=sandbox, inputs=given, seed=3)
        answers.append((report, measured.predictions))
        assert measured.host.processes == 3
        assert measured.host.isolation == pool.name
    assert answers[0] == answers[1]
    assert pool.used == {inspecting("onnx"), measuring("onnx")}


def test_more_requests_of_a_kind_are_started_beside_the_first(pool):
    pool.expect(LIGHT, 3)
    assert len(waiting_in(pool)) == 3
    pool.make_ready({LIGHT: 1})
    assert len(waiting_in(pool)) == 1


def test_one_that_died_while_it_waited_is_replaced_and_never_used(pool):
    pool.make_ready({LIGHT: 2})
    for each in waiting_in(pool):
        assert each.is_prepared()
    processes.kill_below(os.getpid(), within_s=0)
    for pid in processes.children(os.getpid()):
        processes.kill(pid)
    deadline = time.monotonic() + 5
    while any(each.lives() for each in waiting_in(pool)) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert said(pool.run(asked()))["environ"]
    assert waiting_in(pool) == []
    pool.make_ready({LIGHT: 1})
    assert [each.is_prepared() for each in waiting_in(pool)] == [True]


def test_a_module_that_cannot_be_imported_costs_time_and_nothing_else(pool):
    pool.make_ready({("no_such_module",): 1})
    assert said(pool.run(asked(imports=("no_such_module",))))["environ"]


def test_limits_count_from_the_order_on(pool):
    pool.make_ready({TORCH: 1})
    assert waiting_in(pool, TORCH)[0].is_prepared()  # seconds of wall and processor time have gone by
    begun = time.monotonic()
    result = pool.run(asked(imports=TORCH, wall_s=120.0, cpu_s=1))
    assert result.ended == "ok", result
    assert result.cpu_s < 1
    assert result.wall_s <= time.monotonic() - begun  # whatever else this machine does, not the seconds from before


def test_a_torch_process_that_waited_is_held_to_its_processor_time(pool):
    pool.make_ready({TORCH: 1})
    result = pool.run(asked("endless_loop", imports=TORCH, wall_s=20.0, cpu_s=1))
    assert result.ended == "timed_out"
    assert 0.7 < result.cpu_s < 4  # the kernel looks at the clock now and then


@pytest.mark.parametrize("inside", [True, False])
def test_what_waits_sees_no_file_of_another_one(pool, inside):
    if pool.name == "limits":
        pytest.skip("process limits show all files where the kernel has no Landlock")
    pool.make_ready({LIGHT: 2})
    other = waiting_in(pool)[1]._place.inputs / "secret"
    other.write_text("labels")
    other.chmod(0o644)
    target = "{inputs}/secret" if inside else str(other)
    request = SandboxRequest(
        "{inputs}/attack.py", ("read_file", "--target", target), {"attack.py": ATTACK}, imports=LIGHT
    )
    assert said(pool.run(request))["refused"]


@pytest.mark.parametrize("name", ["bubblewrap", "namespaces"])
def test_one_that_waited_has_no_right_more_than_one_that_started_cold(name):
    sandbox = working(name)
    waited = Waiting(sandbox, TORCH, None)
    assert waited.is_prepared()
    seen = said(waited.run(asked("look_at_limits")))
    assert seen == said(sandbox.run(asked("look_at_limits")))
    assert seen["null"]


def test_given_files_cannot_be_changed_inside(pool):
    pool.make_ready({LIGHT: 1})
    request = SandboxRequest(
        "{inputs}/attack.py", ("write_file", "--target", "{inputs}/model"), {"attack.py": ATTACK}, imports=LIGHT
    )
    assert said(pool.run(request))["refused"]


def test_whoever_watches_can_stop_it_while_it_still_imports(pool):
    class StopError(Exception):
        pass

    def stop(elapsed_s):
        raise StopError

    pool.make_ready({TORCH: 1})
    begun = time.monotonic()
    with pytest.raises(StopError):
        pool.run(asked(imports=TORCH), None, stop)
    assert time.monotonic() - begun < 2
    assert waiting_in(pool, TORCH) == []


def test_a_worker_that_is_killed_takes_along_what_waits(tmp_path):
    script = (
        "import sys, time; from pathlib import Path;"
        "from grading.bench.sandbox import detect; from hardware.ondevice.sandbox.prepared import PreStarted;"
        f"pool = PreStarted(detect('auto'), Path({str(tmp_path)!r})); pool.make_ready({{('numpy',): 2}});"
        "print(all(w.is_prepared() for w in pool._waiting[('numpy',)]), flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", script], cwd=ROOT, stdout=subprocess.PIPE, text=True) as worker:
        assert worker.stdout.readline() == "True\n"
        below = processes.descendants(worker.pid)
        assert len(below) >= 2
        worker.send_signal(signal.SIGKILL)
        worker.wait(timeout=5)
    deadline = time.monotonic() + 3
    while (left := [pid for pid in below if os.path.exists(f"/proc/{pid}")]) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert left == []


def test_what_should_wait_follows_from_the_formats():
    assert wanted([]) == {}
    assert wanted(["onnx"]) == {inspecting("onnx"): 1, measuring("onnx"): 1}
    kinds = wanted(["torchscript", "onnx", "tflite", "torch_export"])
    assert kinds == {inspecting("onnx"): 1, measuring("onnx"): 1, measuring("tflite"): 1, TORCH: 2}
    assert list(kinds)[-1] == TORCH


def test_a_process_that_is_closed_twice_is_gone(tmp_path):
    one = Waiting(detect("auto"), LIGHT, tmp_path)
    one.close()
    one.close()
    assert list(tmp_path.iterdir()) == []
