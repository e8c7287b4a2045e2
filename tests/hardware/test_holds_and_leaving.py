"""What operators hold back is not begun, and a worker that was asked to leave ends after its run."""

import pytest
from django.utils import timezone

from grading.measuring import worker
from hardware import holds, workers
from hardware.models import Job, LineHold, Priority, Status
from tests.people import hand_in, onnx_like

pytestmark = pytest.mark.django_db


@pytest.fixture
def waiting(cast, tmp_path):
    return hand_in(cast, cast.ruth, onnx_like(tmp_path)).runs.get()


def test_while_measuring_is_held_back_no_run_is_taken_and_none_loses_its_place(waiting):
    holds.hold(LineHold.What.MEASURING, by="olu")
    assert worker._next("bench@a:1") is None
    waiting.refresh_from_db()
    assert waiting.status == Status.QUEUED
    holds.let_go(LineHold.What.MEASURING)
    assert worker._next("bench@a:1").job_id == waiting.pk


def test_held_back_reruns_let_hand_ins_through(waiting):
    Job.objects.create(kind="rerun", owner_key="x", priority=Priority.RERUN)
    holds.hold(LineHold.What.RERUNS, by="olu")
    assert worker._next("bench@a:1").job_id == waiting.pk
    assert worker._next("bench@a:1") is None


def test_a_worker_that_was_asked_to_leave_begins_nothing(waiting, monkeypatch):
    monkeypatch.setattr(worker.bench_ready, "can_measure", lambda: True)
    worker.leaving.set()
    try:
        assert worker.work_once("bench@a:1") is False
    finally:
        worker.leaving.clear()
    waiting.refresh_from_db()
    assert waiting.status == Status.QUEUED


def test_a_worker_that_signs_off_frees_its_number_and_the_next_takes_it():
    now = timezone.now()
    workers.sign_on("bench@a:1", now=now)
    workers.sign_on("bench@a:2", now=now)
    workers.sign_off("bench@a:1")
    workers.sign_on("bench@a:3", now=now)
    assert [(sign.name, sign.number, sign.lost_at) for sign in workers.living()] == [
        ("bench@a:2", 2, None), ("bench@a:3", 1, None)
    ]  # fmt: skip


def test_a_container_that_comes_again_under_its_old_name_was_lost():
    workers.sign_on("bench@a:1", is_new=True)
    before = workers.living()[0].at
    workers.sign_on("bench@a:1", is_new=True)
    assert workers.living()[0].lost_at == before
