"""The worker's outermost frame: whatever goes wrong, no lease is left to expire, and nothing a model is called breaks it."""

import shutil
from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.utils import timezone

from grading.bench.report import Report
from grading.bench.sandbox import SandboxError
from grading.measuring import bench_ready, measure_run, worker
from grading.measuring.measure_run import metrics_of
from grading.ml_tasks.scoring.base import Scored
from grading.models import Run, Submission
from grading.selectors.staff import SubmissionFilter, submission_rows
from hardware.leases import MAX_FAULTS
from hardware.models import Job, Outcome
from hardware.ondevice.plain import plain_body
from tests.people import hand_in, make_cast, onnx_like

SANDBOX = bench_ready.sandbox
pytestmark = [pytest.mark.django_db, pytest.mark.real_database]


@pytest.fixture
def cast(settings, tmp_path):
    settings.DATA_DIR, settings.MEDIA_ROOT = tmp_path, tmp_path / "media"
    return make_cast()


@pytest.fixture
def run(cast, tmp_path, monkeypatch):
    monkeypatch.setattr(bench_ready, "sandbox", lambda: SimpleNamespace(name="limits"))
    monkeypatch.setattr(worker, "Heartbeat", StillHeart)
    hand_in(cast, cast.ruth, onnx_like(tmp_path))
    return Run.objects.get()


class StillHeart:
    """The heartbeat's thread has a connection of its own, which does not see the test's transaction."""

    def __init__(self, lease):
        self.progress = lambda *state: None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        return None


def measuring(monkeypatch, action):
    monkeypatch.setattr(measure_run, "measure_run", lambda **given: action(given))


def raising(error):
    def action(*given, **more):
        raise error

    return action


def work_again():
    Job.objects.update(not_before=timezone.now() - timedelta(seconds=1))
    assert worker.work_once("bench@test")


@pytest.mark.parametrize(
    "error", [ValueError("all the input array dimensions"), KeyError("x"), OSError(28, "No space")]
)
def test_what_nobody_expected_gives_the_lease_back_at_once(run, monkeypatch, error):
    measuring(monkeypatch, raising(error))
    work_again()
    run.refresh_from_db()
    assert (run.status, run.faults, run.lease_expires_at) == ("queued", 1, None)


def test_without_a_sandbox_no_run_is_taken_and_none_loses_a_try(run, monkeypatch):
    monkeypatch.setattr(bench_ready, "sandbox", SANDBOX)
    monkeypatch.setattr(bench_ready._Held, "isolation", None)
    monkeypatch.setattr(bench_ready, "detect", lambda *_, **__: raising(SandboxError("no user namespaces"))(None))
    assert not worker.work_once("bench@test")
    run.refresh_from_db()
    assert (run.status, run.faults, run.attempt) == ("queued", 0, 0)


def test_a_fault_that_repeats_ends_the_run_says_so_and_staff_find_it(run, cast, monkeypatch):
    measuring(monkeypatch, raising(ValueError("ours\0")))
    for _ in range(MAX_FAULTS):
        work_again()
    run.refresh_from_db()
    assert (run.status, run.outcome, Submission.objects.get().counts) == ("finished", Outcome.INFRASTRUCTURE, False)
    assert "our fault" in run.error_message
    rows = submission_rows(cast.visit(cast.helen), SubmissionFilter(state="ours"))
    assert [row["number"] for row in rows] == [1]


def test_names_with_control_characters_are_stored(run, monkeypatch):
    """PostgreSQL takes no NUL in a text, and none in JSON."""
    hostile = plain_body("report", {"operators": [{"name": "n\0\ud7ff\ud800\u202e"}], "shape": [1, 10]})
    document = {
        "report": hostile, "host": {}, "metrics": {}, "quality": {}, "points": [], "environment": {},
        "earned": "1.00", "of": "7.00",
    }  # fmt: skip
    measuring(monkeypatch, lambda given: document)
    work_again()
    run.refresh_from_db()
    assert run.outcome == Outcome.MEASURED
    assert "\0" not in run.result.report["operators"][0]["name"]


def test_a_run_gets_a_folder_of_its_own_that_is_gone_afterwards(run, monkeypatch, tmp_path):
    seen = []

    def look(given):
        seen.append(given["work"])
        (given["work"] / "inputs.npy").write_bytes(b"hidden")
        raise ValueError

    left = tmp_path / "work" / "run-killed"
    left.mkdir(parents=True)
    (left / "inputs.npy").write_bytes(b"hidden")
    measuring(monkeypatch, look)
    work_again()
    assert seen[0].parent == tmp_path / "work"
    assert list((tmp_path / "work").iterdir()) == []


def test_a_model_without_weights_has_made_none_smaller():
    report = Report(
        format="onnx", bytes=0, sha256="", inputs=(), outputs=(), params=0, macs=0, weight_bits={}, sparsity=0.0,
        weight_bytes=0, peak_activation_bytes=0, peak_operator=0, operators=(),
    )  # fmt: skip

    assert metrics_of(report, Scored({"accuracy": 0.1}, {}), 10)["weight_bits_mean"] == 32


def test_a_disk_that_is_full_costs_a_run_none_of_its_tries_and_no_run_is_taken_until_there_is_room(run, monkeypatch):
    real, free = shutil.disk_usage("/"), {"bytes": bench_ready.LEAST_FREE_BYTES}

    def fills_up(_):
        free["bytes"] = 0
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(bench_ready.shutil, "disk_usage", lambda folder: real._replace(free=free["bytes"]))
    measuring(monkeypatch, fills_up)
    assert worker.work_once("bench@test")
    run.refresh_from_db()
    assert (run.status, run.faults) == ("queued", 0)
    Job.objects.filter(pk=run.pk).update(not_before=timezone.now() - timedelta(seconds=1))
    assert not worker.work_once("bench@test")
    free["bytes"] = bench_ready.LEAST_FREE_BYTES
    assert worker.work_once("bench@test")
