"""Counting instructions: a job behind everything else, whose every end leaves the result and the student alone."""

import shutil
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from courseplatform.core import numbers
from courseplatform.notices.models import Notification
from grading.bench import instruction_count
from grading.bench.errors import BenchError
from grading.bench.instruction_count import InstructionCount
from grading.demo.digits import hidden_split, write_hidden
from grading.measuring import bench_ready, count_run, measure_run, worker
from grading.models import CountRun, Result, Run, Submission
from grading.queue.wake import BENCH_KINDS
from grading.selectors import results
from grading.selectors.run_measured import counted_rows
from grading.services.counts import count_enqueue
from grading.spec import BenchSpec
from hardware import leases
from hardware.models import Outcome, Status
from hardware.ondevice.sandbox.request import SandboxResult
from hardware.profiles import load_profiles
from tests.parts import ROOT
from tests.people import SPEC, FakeUpload, hand_in, onnx_like

pytestmark = pytest.mark.django_db
DOCUMENT = {
    "report": {}, "host": {}, "metrics": {}, "quality": {}, "points": [], "environment": {}, "earned": "6.75", "of": "7.00",
}  # fmt: skip
COUNTED = {
    "per_inference": 51418.9, "short": 1, "long": 2, "inferences": 1000, "seconds": 30.0, "tool": "Callgrind", "machine": "x86-64", "evidence": [],
}  # fmt: skip


@pytest.fixture(autouse=True)
def switched_on(settings):
    settings.COUNT_INSTRUCTIONS = True


def end(kind, outcome, result):
    lease = leases.lease_next(worker="bench@test", kinds=(kind,), now=timezone.now() + timedelta(seconds=1))
    assert lease is not None
    leases.lease_start(lease)
    leases.lease_finish(lease, outcome=outcome, result=result)


@pytest.fixture
def measured(cast, tmp_path):
    hand_in(cast, cast.ruth, onnx_like(tmp_path))
    end("run", Outcome.MEASURED, DOCUMENT)
    return Run.objects.get()


def test_a_count_is_put_in_line_with_the_result_and_once(measured):
    count = CountRun.objects.get()
    assert (count.measured_run, count.status, count.kind) == (measured, Status.QUEUED, "count")
    assert count_enqueue(measured) is None


def test_what_was_not_measured_or_is_not_counted_has_none(cast, tmp_path, settings):
    hand_in(cast, cast.ruth, onnx_like(tmp_path))
    end("run", Outcome.CRASHED, {"code": "crashed", "message": "It crashed."})
    hand_in(cast, cast.daniel, onnx_like(tmp_path, more=b"x"))
    settings.COUNT_INSTRUCTIONS = False
    end("run", Outcome.MEASURED, DOCUMENT)
    assert not CountRun.objects.exists()


def test_counts_come_last(measured, cast, tmp_path, monkeypatch):
    monkeypatch.setattr(count_run, "is_offered", lambda: True)
    assert BENCH_KINDS[-1] == "count"
    hand_in(cast, cast.daniel, onnx_like(tmp_path, more=b"x"))
    assert [worker._next("bench").kind for _ in range(2)] == ["run", "count"]


def test_a_worker_without_valgrind_takes_no_count_and_says_so_once(measured, monkeypatch):
    said = []
    monkeypatch.setattr(count_run, "_said", [])
    monkeypatch.setattr(count_run.shutil, "which", lambda name: None)
    monkeypatch.setattr(count_run.log, "warning", lambda event, **facts: said.append(event))
    assert worker._next("bench") is None and worker._next("bench") is None
    assert said == ["count_not_offered"]


def test_the_page_shows_the_number_and_what_it_is(client, cast, measured):
    lease = leases.lease_next(worker="w", kinds=("count",), now=timezone.now() + timedelta(seconds=1))
    leases.lease_start(lease)
    leases.lease_finish(lease, outcome=Outcome.MEASURED, result=COUNTED)
    assert CountRun.objects.get().counted == COUNTED
    assert counted_rows(Run.objects.get()) == [
        {
            "label": "Instructions per inference (x86-64, Callgrind)",
            "value": f"{numbers.count(51419)}, the call from Python included",
        }
    ]


@pytest.mark.parametrize("outcome", [Outcome.CRASHED, Outcome.TIMED_OUT, Outcome.REFUSED, Outcome.INFRASTRUCTURE])
def test_a_count_that_fails_changes_nothing_for_the_student(measured, outcome):
    before = Submission.objects.values().get()
    end("count", outcome, {"code": "count_failed", "message": "No number."})
    assert Submission.objects.values().get() == before
    assert Result.objects.get().earned == Result.objects.get(run=measured).earned
    assert CountRun.objects.get().counted == {}
    assert counted_rows(Run.objects.get()) == []


def test_a_count_that_looks_wrong_is_told_to_the_staff_alone_and_stands_where_they_are_led(cast, measured, monkeypatch):
    row = {"code": "too_few_instructions", "title": "Fewer", "sentence": "Some of it is not computed.", "facts": {}}
    end("count", Outcome.MEASURED, COUNTED | {"evidence": [row]})
    told = Notification.objects.filter(key__startswith="count-")
    assert {one.person for one in told} == {cast.helen, cast.ines, cast.amit}
    monkeypatch.setattr(results, "shown_part", lambda *_: {"too_big": None})
    for person, shown in ((cast.amit, [row]), (cast.ruth, None)):
        visit = cast.visit(person)
        assert results.page(visit, results.run_get(visit, measured.pk), timezone.now()).get("looks_wrong") == shown


def test_a_count_gives_way_to_a_model_that_waits(cast, measured, tmp_path, monkeypatch):
    monkeypatch.setattr(count_run, "LOOK_EVERY_S", 0.0)
    tick = count_run._yielding(lambda *_: None)
    tick(0.0)
    hand_in(cast, cast.daniel, onnx_like(tmp_path, more=b"x"))
    with pytest.raises(count_run.GivesWay):
        tick(1.0)


def test_a_count_that_gave_way_waits_again_without_a_fault(measured, monkeypatch):
    def away(lease, beat):
        raise count_run.GivesWay

    monkeypatch.setattr(count_run, "is_offered", lambda: True)
    monkeypatch.setattr(worker, "_prepared", away)
    monkeypatch.setattr(worker, "Heartbeat", StillHeart)
    assert worker.work_once("bench")
    count = CountRun.objects.get()
    assert (count.status, count.faults) == (Status.QUEUED, 0)


class StillHeart:
    """The heartbeat's thread has a connection of its own, which does not see the test's transaction."""

    def __init__(self, lease):
        self.progress = lambda *state: None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        return None


# -- what Valgrind said -----------------------------------------------------------------------------------------------


def said(text, ended="ok"):
    return SandboxResult(ended, "", "", (), 0, None, text, 1.0, 1.0, 1, "test")


def test_the_last_number_is_valgrinds_own():
    text = "==2== Collected : 5\n==2== \n==2== Events    : Ir\n==2== Collected : 479621259\n==2== \n"
    assert instruction_count._collected(said(text)) == 479621259


def test_no_number_is_our_fault():
    with pytest.raises(BenchError) as caught:
        instruction_count._collected(said("killed"))
    assert (caught.value.code, caught.value.outcome) == ("count_failed", "infrastructure")


def test_two_run_lengths_differ_by_a_thousand_inferences():
    assert instruction_count.LONG - instruction_count.SHORT >= 1000
    assert InstructionCount(1.5, 1, 2, 1000, 3.0).to_json()["per_inference"] == 1.5


@pytest.mark.part("valgrind")
def test_from_the_result_to_the_number_on_the_page(client, cast, tmp_path, monkeypatch):
    """A real model, the real sandbox and Valgrind; only the long run is shorter than the product's."""
    monkeypatch.setattr(worker, "Heartbeat", StillHeart)
    monkeypatch.setattr(instruction_count, "LONG", instruction_count.SHORT + 100)
    model = ROOT / "grading" / "demo" / "models" / "digits-middle-int8.tflite"
    inputs, labels = tmp_path / "inputs.npy", tmp_path / "labels.npy"
    write_hidden(hidden_split(), inputs, labels)
    document = measure_run.measure_run(
        model=model, name=model.name, spec=BenchSpec.parse(SPEC), lab="Lab 1", inputs=inputs, labels=labels,
        sandbox=bench_ready.sandbox(), seed=1, on_progress=lambda *_: None, profiles=load_profiles(),
    )  # fmt: skip
    own = Path(shutil.copy(model, tmp_path / "own.tflite"))  # what is handed in is moved away
    hand_in(cast, cast.ruth, FakeUpload(model.name, own))
    end("run", Outcome.MEASURED, document)
    assert worker.work_once("bench@test")
    count = CountRun.objects.get()
    assert count.outcome == Outcome.MEASURED, [count.error_message, *count.moves.values_list("why", flat=True)]
    assert count.counted["evidence"] == [] and count.counted["per_inference"] > document["metrics"]["macs"]
    client.force_login(cast.ruth)
    page = client.get(Run.objects.get().get_absolute_url()).content.decode()
    assert "Instructions per inference (x86-64, Callgrind)" in page
    assert numbers.count(round(count.counted["per_inference"])) in page
