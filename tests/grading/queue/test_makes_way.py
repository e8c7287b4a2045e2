"""A re-run of the staff makes way for a hand-in that waits, and loses no try by that. A heartbeat of its own thread finds out."""

import time
from datetime import timedelta
from types import SimpleNamespace
from uuid import uuid4

import pytest
from django.utils import timezone

from grading.measuring import bench_ready, measure_run, worker
from grading.models import Run
from grading.services.runs import run_again
from hardware import leases
from hardware.models import Job, Outcome
from tests.grading.ranks.classroom import document
from tests.people import hand_in, make_cast, onnx_like

pytestmark = pytest.mark.django_db(transaction=True)
PATIENCE_S = 20.0


@pytest.fixture
def cast(settings, tmp_path, monkeypatch):
    settings.DATA_DIR, settings.MEDIA_ROOT = tmp_path, tmp_path / "media"
    monkeypatch.setattr(bench_ready, "sandbox", lambda: SimpleNamespace(name="limits"))
    monkeypatch.setattr(bench_ready, "can_measure", lambda: True)
    return make_cast()


@pytest.fixture
def rerun(cast, tmp_path):
    """A run of Ruth's that the staff have measured again, in line."""
    hand_in(cast, cast.ruth, onnx_like(tmp_path))
    lease = leases.lease_next(worker="bench@test", kinds=("run",), now=timezone.now() + timedelta(seconds=1))
    leases.lease_start(lease)
    leases.lease_finish(lease, outcome=Outcome.MEASURED, result=document())
    run = Run.objects.select_related("submission__assignment__course", "submission__person").get()
    found = run_again(visit=cast.visit(cast.helen), run=run)
    due_now()
    return found


def due_now():
    Job.objects.update(not_before=timezone.now() - timedelta(seconds=1))


def works_until_it_is_stopped(monkeypatch, begun):
    """A measurement that goes on until the heartbeat says otherwise. begun: what happens once it runs."""

    def measure(**given):
        begun()
        end = time.monotonic() + PATIENCE_S
        while time.monotonic() < end:
            given["on_progress"]("timing", 1, 2)
            time.sleep(0.05)
        raise AssertionError("Nobody stopped it.")

    monkeypatch.setattr(measure_run, "measure_run", measure)


def test_a_rerun_goes_back_into_line_when_a_hand_in_comes_and_the_hand_in_is_next(cast, rerun, tmp_path, monkeypatch):
    def somebody_hands_in():
        hand_in(cast, cast.daniel, onnx_like(tmp_path, more=uuid4().bytes))
        due_now()

    works_until_it_is_stopped(monkeypatch, somebody_hands_in)
    assert worker.work_once("bench@test")
    rerun.refresh_from_db()
    assert (rerun.status, rerun.faults, rerun.outcome) == ("queued", 0, "")
    due_now()
    lease = leases.lease_next(worker="bench@test", kinds=("run",), now=timezone.now() + timedelta(seconds=1))
    assert lease.job_id == Run.objects.get(submission__person=cast.daniel).pk


def test_a_rerun_ends_where_nobody_waits(cast, rerun, monkeypatch):
    def measure(**given):
        end = time.monotonic() + 2.5  # longer than a re-run looks away
        while time.monotonic() < end:
            given["on_progress"]("timing", 1, 2)
            time.sleep(0.05)
        return document()

    monkeypatch.setattr(measure_run, "measure_run", measure)
    assert worker.work_once("bench@test")
    rerun.refresh_from_db()
    assert (rerun.status, rerun.outcome) == ("finished", Outcome.MEASURED)


def test_a_hand_in_makes_way_for_no_other_hand_in(cast, tmp_path, monkeypatch):
    hand_in(cast, cast.ruth, onnx_like(tmp_path))
    due_now()

    def measure(**given):
        hand_in(cast, cast.daniel, onnx_like(tmp_path, more=uuid4().bytes))
        due_now()
        end = time.monotonic() + 2.5
        while time.monotonic() < end:
            given["on_progress"]("timing", 1, 2)
            time.sleep(0.05)
        return document()

    monkeypatch.setattr(measure_run, "measure_run", measure)
    assert worker.work_once("bench@test")
    assert Run.objects.get(submission__person=cast.ruth).outcome == Outcome.MEASURED
