"""Which processes wait for the next hand-in: by the labs that exist, and PyTorch's only while somebody uses it."""

import pytest

from grading import bench_ready
from grading.bench.beforehand import TORCH, inspecting, measuring
from grading.models import Assignment

pytestmark = [pytest.mark.django_db, pytest.mark.real_database]


class Noted:
    """An isolation that only notes what should wait."""

    def __init__(self):
        self.used, self.wanted = set(), None

    def make_ready(self, wanted):
        self.wanted = wanted


@pytest.fixture
def noted(cast, monkeypatch):
    isolation = Noted()
    monkeypatch.setattr(bench_ready._Held, "isolation", isolation)
    monkeypatch.setattr(bench_ready._Held, "torch_at", None)
    monkeypatch.setattr(bench_ready, "_born", bench_ready.time.monotonic() - 2 * bench_ready.SETTLED_S)
    return isolation


def waits(noted):
    bench_ready.make_ready()
    return set(noted.wanted)


LIGHT = {inspecting("onnx"), measuring("onnx"), measuring("tflite")}


def test_light_runtimes_wait_and_pytorch_only_after_it_was_used(noted, monkeypatch):
    assert waits(noted) == LIGHT
    noted.used.add(TORCH)
    assert waits(noted) == LIGHT | {TORCH}
    assert noted.used == set()
    assert waits(noted) == LIGHT | {TORCH}
    later = bench_ready.time.monotonic() + bench_ready.TORCH_STAYS_S + 1
    monkeypatch.setattr(bench_ready.time, "monotonic", lambda: later)
    assert waits(noted) == LIGHT


def test_a_backlog_that_a_worker_finds_at_its_start_makes_nothing_wait(noted, monkeypatch):
    monkeypatch.setattr(bench_ready, "_born", bench_ready.time.monotonic())
    noted.used.add(TORCH)
    assert waits(noted) == LIGHT


@pytest.mark.parametrize(("choice", "expected"), [("always", LIGHT | {TORCH}), ("never", LIGHT)])
def test_the_setting_decides(noted, settings, choice, expected):
    settings.BENCH_TORCH_READY = choice
    noted.used.add(TORCH)
    assert waits(noted) == expected


def test_a_course_that_takes_one_format_has_one_runtime_waiting(noted, settings):
    settings.BENCH_TORCH_READY = "always"
    for lab in Assignment.objects.exclude(bench_spec={}):
        lab.bench_spec = lab.bench_spec | {"formats": ["tflite"]}
        lab.save()
    assert waits(noted) == {inspecting("tflite"), measuring("tflite")}


def test_a_sandbox_that_does_not_work_stops_no_worker(noted, monkeypatch):
    monkeypatch.setattr(bench_ready._Held, "isolation", None)
    monkeypatch.setattr(bench_ready, "detect", broken)
    bench_ready.make_ready()
    assert noted.wanted is None


def broken(setting):
    raise bench_ready.SandboxError("no user namespaces")
