"""The demo's attempt that a board measured: asked for and answered when the demo is made, scored by the worker as any answer of a board."""

from datetime import timedelta

import pytest
from django.utils import timezone

from grading.bench.sandbox import detect
from grading.demo import board
from grading.demo.load import load_demo
from grading.measuring import bench_ready, worker
from grading.models import BoardAsk, Result, Run
from hardware.models import BoardJob, Job, Outcome, Status
from tests.grading.measuring.test_worker import StillHeart

pytestmark = pytest.mark.django_db


def test_what_the_board_answered_is_scored_beside_the_emulation(monkeypatch):
    sandbox = detect("auto")
    monkeypatch.setattr(worker, "Heartbeat", StillHeart)
    monkeypatch.setattr(bench_ready, "can_measure", lambda: True)
    monkeypatch.setattr(bench_ready, "sandbox", lambda: sandbox)
    load_demo()
    assert (
        sum(path.stat().st_size for path in board.ANSWERS.iterdir()) < 100_000
    )  # it travels with every copy of the repository
    asked = BoardAsk.objects.select_related("submission__assignment").get()
    job = BoardJob.objects.get(board_run__for_job=asked)
    assert (job.outcome, job.taken_by.name, asked.status) == (Outcome.MEASURED, "pi4-01", Status.QUEUED)
    run = Run.objects.get(submission=asked.submission)
    Job.objects.exclude(pk__in=[run.pk, asked.pk]).filter(status=Status.QUEUED).update(
        not_before=timezone.now() + timedelta(hours=1)
    )
    for one in (run, asked):
        assert worker.work_once("bench@test")
        one.refresh_from_db()
        assert (one.status, one.outcome) == (Status.FINISHED, Outcome.MEASURED), one.error_message
    before, after = Result.objects.get(run=run), Result.objects.get(run__pk=asked.pk)
    found = after.environment["on_board"]
    modelled = before.environment["devices"]["rpi-4-8gb"]["latency_ms"]
    assert found["runner"] == "pi4-01" and found["p50_ms"] == pytest.approx(1.12 * modelled, rel=0.02)
    assert after.metrics["accuracy"] == before.metrics["accuracy"] and after.earned == before.earned
    assert (
        len(found["windows"]) == 5
        and found["energy"]["source"] == "ina219"
        and abs(found["bracket"]["drift_percent"]) < 2
    )
    assert after.environment["on_host"] == before.host
