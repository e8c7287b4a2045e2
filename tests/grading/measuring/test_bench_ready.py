"""Which processes wait for the next hand-in: of the kinds that were used in the last ten minutes, and no other."""

import pytest

from courseplatform.core import health
from courseplatform.core.models import Heartbeat
from courseplatform.core.tasks import heartbeat
from grading.bench.beforehand import TORCH, inspecting, measuring
from grading.bench.sandbox import SandboxError, SandboxRequest
from grading.measuring import bench_ready
from hardware.ondevice.sandbox.prepared import PreStarted


class Noted(PreStarted):
    """An isolation that only notes what should wait."""

    def __init__(self):
        self.used, self.wanted = set(), None

    def make_ready(self, wanted):
        self.wanted = wanted


@pytest.fixture
def noted(monkeypatch):
    isolation = Noted()
    monkeypatch.setattr(bench_ready._Held, "isolation", isolation)
    monkeypatch.setattr(bench_ready._Held, "used_at", {})
    return isolation


def at(monkeypatch, seconds):
    monkeypatch.setattr(bench_ready.time, "monotonic", lambda: seconds)


def waits(noted):
    bench_ready.make_ready()
    return noted.wanted


def test_what_was_used_waits_for_ten_minutes(noted, monkeypatch):
    at(monkeypatch, 1000)
    assert waits(noted) == {}
    noted.used |= {inspecting("onnx"), measuring("onnx")}
    assert waits(noted) == {inspecting("onnx"): 1, measuring("onnx"): 1}
    assert noted.used == set()
    at(monkeypatch, 1500)
    noted.used.add(TORCH)
    assert waits(noted) == {inspecting("onnx"): 1, measuring("onnx"): 1, TORCH: 2}
    at(monkeypatch, 1601)
    assert waits(noted) == {TORCH: 2}
    at(monkeypatch, 2101)
    assert waits(noted) == {}


def test_a_worker_that_has_measured_nothing_holds_nothing_and_clears_up_after_one_that_was_killed(
    noted, monkeypatch, settings, tmp_path
):
    settings.DATA_DIR = tmp_path
    (tmp_path / "work" / "run-left").mkdir(parents=True)
    monkeypatch.setattr(bench_ready._Held, "isolation", None)
    bench_ready.make_ready()
    assert noted.wanted is None
    assert list((tmp_path / "work").iterdir()) == []


def test_a_process_that_cannot_be_started_stops_no_worker(noted, monkeypatch):
    def broken(wanted):
        raise SandboxError("no more processes")

    monkeypatch.setattr(noted, "make_ready", broken)
    bench_ready.make_ready()
    assert bench_ready._Held.isolation is noted


def test_a_worker_hands_out_one_isolation_and_leaves_nothing(settings, tmp_path):
    settings.DATA_DIR = tmp_path
    bench_ready.close()
    try:
        held = bench_ready.sandbox()
        assert bench_ready.sandbox() is held
        held.run(SandboxRequest("hardware.ondevice.selftest", imports=("numpy",)))
        bench_ready.make_ready()
        assert len(held._waiting[("numpy",)]) == 1
    finally:
        bench_ready.close()
    assert held._waiting[("numpy",)] == []
    assert list((tmp_path / "work").iterdir()) == []


class Leans(Noted):
    """An isolation whose engine is away while `why` says something."""

    name, label, why = "docker", "Docker", ""

    def look(self):
        if self.why:
            raise SandboxError(self.why)


def test_a_worker_whose_engine_is_away_measures_nothing_until_it_is_back_and_gives_no_sign_of_life(monkeypatch, db):
    isolation = Leans()
    monkeypatch.setattr(bench_ready._Held, "isolation", isolation)
    monkeypatch.setattr(health, "_needed", {})
    health.beats_while("bench", bench_ready.can_measure)
    beats = Heartbeat.objects.filter(name="bench")
    beats.delete()
    isolation.why = "The container engine does not answer."
    heartbeat("bench")
    assert not bench_ready.can_measure()
    assert not beats.exists()
    isolation.why = ""
    heartbeat("bench")
    assert bench_ready.can_measure()
    assert beats.exists()
