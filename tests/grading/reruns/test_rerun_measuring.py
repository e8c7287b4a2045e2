"""Measuring a lab again: behind live work, held back until it is applied, and whatever is killed goes on."""

from datetime import timedelta
from decimal import Decimal
from types import SimpleNamespace

import pytest
from django.utils import timezone

from courseplatform.core.errors import Conflict, NotHere
from grading.measuring import bench_ready, measure_run, worker
from grading.models import HiddenSet, PointsBefore, Rerun, RerunItem, RerunJob, Result, Run
from grading.models.reruns import RerunStatus
from grading.reruns.rules import of_before
from grading.reruns.table import table_of
from grading.selectors.results import run_get
from grading.services.rerun_applying import reruns_carry_on
from grading.services.reruns import rerun_discard
from hardware import leases
from hardware.leases import LeaseLost
from hardware.models import Job, Outcome, Priority
from tests.grading.measuring.test_worker import StillHeart
from tests.grading.reruns.reruns import (
    apply,
    begin,
    change_rules,
    document_of,
    late_rows,
    measure_all,
    measured,
    points_of,
    take,
    written,
)
from tests.people import SPEC

pytestmark = pytest.mark.django_db


@pytest.fixture
def two(cast, tmp_path):
    """Ruth and Daniel are measured; then the labels of the hidden set turn out to be wrong."""
    for person in (cast.ruth, cast.daniel):
        measured(cast, person, tmp_path)
    HiddenSet.objects.update(labels_sha256="1" * 64)
    change_rules(cast, SPEC)
    return cast


def fresh(rerun):
    return Rerun.objects.select_related("assignment__course").get(pk=rerun.pk)


def test_the_results_say_that_they_were_measured_on_other_data(two):
    assert of_before(two.lab) == (2, 2)


def test_every_model_waits_behind_all_live_work(two, tmp_path):
    rerun = begin(two, "measure")
    assert rerun.status == RerunStatus.MEASURING
    assert list(RerunJob.objects.values_list("priority", "kind")) == [(Priority.RERUN, "rerun")] * 2
    measured(two, two.sofia, tmp_path)
    assert RerunJob.objects.filter(status="queued").count() == 2


def test_what_comes_out_is_held_back_from_every_page_until_it_is_applied(two):
    before = written(two)
    rerun = begin(two, "measure")
    jobs = list(RerunJob.objects.all())
    measure_all(two, accuracy=0.97)
    assert fresh(rerun).status == RerunStatus.READY
    after = written(two)
    assert (after[0], after[1], after[3]) == (before[0], before[1], before[3])
    for person in (two.helen, two.ruth):
        with pytest.raises(NotHere):
            run_get(two.visit(person), jobs[0].pk)
    assert {row["measured_then"] for row in table_of(fresh(rerun))} == {"6.00"}


def test_applied_it_is_the_newest_run_of_the_attempt_and_the_old_one_stays(two):
    rerun = begin(two, "measure")
    measure_all(two, accuracy=0.97)
    ledger = late_rows(two)
    apply(two, fresh(rerun))
    runs = Run.objects.filter(submission__person=two.ruth)
    assert [run.result.earned for run in runs] == [Decimal("6.00"), Decimal("4.21")]
    assert (runs[0].kind, runs[0].status, points_of(two, two.ruth)) == ("run", "finished", Decimal("6.00"))
    assert run_get(two.visit(two.ruth), runs[0].pk).result.rerun_item.rerun == rerun
    assert (PointsBefore.objects.count(), of_before(two.lab), late_rows(two)) == (0, (0, 0), ledger)


def test_a_model_that_the_new_check_refuses_keeps_its_result(two):
    rerun = begin(two, "measure")
    lease = take()
    who = RerunItem.objects.get(job=lease.job_id).submission.person
    leases.lease_finish(
        lease, outcome=Outcome.REFUSED, result={"code": "wrong_input", "message": "The input has another shape."}
    )
    measure_all(two, accuracy=0.97)
    row = next(row for row in table_of(fresh(rerun)) if row["person"] == who.pk)
    assert (row["change"], row["notes"][0]["code"]) == ("0.00", "refused")
    assert "another shape" in row["notes"][0]["text"]
    apply(two, fresh(rerun))
    assert points_of(two, who) == Decimal("4.21")


def test_a_worker_that_is_killed_in_the_middle_costs_nothing_and_counts_nothing_twice(two):
    rerun = begin(two, "measure")
    killed = take()
    leases.sweep(now=timezone.now() + timedelta(minutes=5))
    assert RerunItem.objects.filter(state="waiting").count() == 2
    measure_all(two, accuracy=0.97)
    while (lease := take(timezone.now() + timedelta(hours=1))) is not None:
        leases.lease_finish(lease, outcome=Outcome.MEASURED, result=document_of(two.lab, accuracy=0.97))
    with pytest.raises(LeaseLost):
        leases.lease_finish(killed, outcome=Outcome.MEASURED, result=document_of(two.lab, accuracy=0.1))
    apply(two, fresh(rerun))
    assert Result.objects.count() == 4
    assert points_of(two, two.ruth) == points_of(two, two.daniel) == Decimal("6.00")


def test_a_fault_of_ours_that_repeats_is_said_and_the_old_result_stays(two):
    rerun = begin(two, "measure")
    first = take()
    Job.objects.filter(pk=first.job_id).update(faults=3)
    leases.lease_release(first, why="disk full")
    measure_all(two)
    failed = RerunItem.objects.get(job=first.job_id)
    assert (failed.state, fresh(rerun).status) == ("failed", RerunStatus.READY)
    row = next(row for row in table_of(fresh(rerun)) if row["person"] == failed.submission.person_id)
    assert [note["code"] for note in row["notes"]] == ["failed"]


def test_the_sweep_makes_it_ready_where_the_last_end_could_not(two):
    rerun = begin(two, "measure")
    RerunItem.objects.update(state="refused", said="too large")
    assert reruns_carry_on() == 1
    assert fresh(rerun).status == RerunStatus.READY


def test_discarding_cancels_what_waits_and_stops_what_is_measured(two):
    rerun = begin(two, "measure")
    held = take()
    rerun_discard(visit=two.visit(two.helen), rerun=rerun)
    assert set(RerunJob.objects.exclude(pk=held.job_id).values_list("outcome", flat=True)) == {Outcome.CANCELLED}
    with pytest.raises(leases.CancelRequested):
        leases.lease_beat(held)
    leases.lease_finish(held, outcome=Outcome.CANCELLED, result={})
    assert (fresh(rerun).status, Result.objects.count()) == (RerunStatus.DISCARDED, 2)
    begin(two, "measure")


def test_while_models_are_measured_nothing_can_be_applied(two):
    rerun = begin(two, "measure")
    with pytest.raises(Conflict) as refused:
        apply(two, fresh(rerun))
    assert refused.value.code == "not_ready"


@pytest.fixture
def bench(two, monkeypatch):
    """A worker whose measurement comes to what a test says."""
    monkeypatch.setattr(bench_ready, "sandbox", lambda: SimpleNamespace(name="limits"))
    monkeypatch.setattr(worker, "Heartbeat", StillHeart)

    def measuring(**more):
        found = document_of(two.lab, accuracy=0.97) | more
        monkeypatch.setattr(measure_run, "measure_run", lambda **given: dict(found))

    return measuring


def test_what_looks_wrong_is_no_parked_run_but_stands_in_the_table(two, bench):
    bench(
        suspicions=[
            {"code": "answers", "title": "Answers differ", "sentence": "It answers copies otherwise.", "facts": {}}
        ]
    )
    rerun = begin(two, "measure")
    while worker.work_once("bench@test"):
        pass
    assert fresh(rerun).status == RerunStatus.READY
    notes = [note for row in table_of(fresh(rerun)) for note in row["notes"]]
    assert [note["code"] for note in notes] == ["evidence"] * 2
    assert "answers copies otherwise" in notes[0]["text"]


def test_a_worker_measures_nothing_for_a_re_run_that_is_stale(two, bench):
    bench()
    rerun = begin(two, "measure")
    change_rules(two, SPEC | {"wall_s": 59})
    while worker.work_once("bench@test"):
        pass
    assert set(RerunItem.objects.values_list("state", flat=True)) == {"failed"}
    assert fresh(rerun).status == RerunStatus.READY
    with pytest.raises(Conflict) as refused:
        apply(two, fresh(rerun))
    assert refused.value.code == "rerun_stale"


def test_a_result_says_by_which_rules_it_was_measured_also_where_they_change_meanwhile(two, bench):
    bench()
    rerun = begin(two, "measure")
    while worker.work_once("bench@test"):
        pass
    assert {item.document["by"]["points"] for item in RerunItem.objects.all()} == {fresh(rerun).rules}
