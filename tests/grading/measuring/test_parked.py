"""A run in which something looks wrong is kept back: no number gets out, no attempt is used, and one of the staff decides with a reason."""

from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.urls import reverse
from django.utils import timezone

from courseplatform.core.errors import BadInput, Conflict, Forbidden
from courseplatform.notices.models import Notification
from grading.handing_in.hand_in_rules import attempts_left, owner_of
from grading.measuring import bench_ready, measure_run, worker
from grading.models import ParkedResult, Result, Run, Submission
from grading.selectors.staff import SubmissionFilter, submission_rows
from grading.services.parked import REJECTED_CODE, run_reject, run_release
from grading.services.runs import run_again, run_cancel
from hardware import leases
from hardware.leases import LeaseLost
from hardware.models import Job, JobMove, Outcome, Status
from tests.people import hand_in, onnx_like

pytestmark = pytest.mark.django_db
EVIDENCE = [{"code": "faster_than_the_processor", "title": "Too fast", "sentence": "It does 900 GMAC/s.", "facts": {}}]
WHY = "The weights are folded; the number is right."
DOCUMENT = {
    "report": {}, "host": {"p50_ms": 0.1}, "metrics": {"accuracy": 0.987, "macs": 1000, "params": 10, "model_bytes": 9, "peak_activation_bytes": 7},
    "quality": {}, "points": [], "environment": {}, "earned": "6.75", "of": "7.00",
}  # fmt: skip


def take():
    lease = leases.lease_next(worker="bench@test", kinds=("run",), now=timezone.now() + timedelta(seconds=1))
    leases.lease_start(lease)
    return lease


def park(lease):
    return leases.lease_park(lease, result={"evidence": EVIDENCE, "document": DOCUMENT}, why="too fast")


@pytest.fixture
def parked(cast, tmp_path):
    hand_in(cast, cast.ruth, onnx_like(tmp_path))
    assert park(take())
    return Run.objects.get()


def fresh(run):
    return Run.objects.select_related("submission__assignment__course").get(pk=run.pk)


def left(cast, person):
    owner = owner_of(person=person, assignment=cast.lab, now=timezone.now())
    return attempts_left(owner=owner, assignment=cast.lab)


def test_a_parked_run_has_no_result_and_uses_no_attempt(cast, parked):
    assert (parked.status, parked.outcome) == (Status.PARKED, "")
    assert not Result.objects.exists()
    assert Submission.objects.get().counts is None
    assert left(cast, cast.ruth) == cast.lab.attempts_allowed


def test_the_same_lease_parks_once_and_another_one_never(cast, tmp_path):
    hand_in(cast, cast.ruth, onnx_like(tmp_path))
    lease = take()
    assert park(lease) and not park(lease)
    assert ParkedResult.objects.count() == 1
    with pytest.raises(LeaseLost):
        leases.lease_finish(lease, outcome=Outcome.MEASURED, result=DOCUMENT)


def test_a_kind_that_nobody_decides_on_is_never_parked(cast, tmp_path, monkeypatch):
    hand_in(cast, cast.ruth, onnx_like(tmp_path))
    lease = take()
    monkeypatch.setitem(leases._kinds, "run", leases.JobKind("run", lambda *_: None, lambda: None))
    with pytest.raises(ValueError, match="never parked"):
        park(lease)
    assert Run.objects.get().status == Status.RUNNING


def test_a_sweep_leaves_a_parked_run_alone(parked):
    assert leases.sweep(now=timezone.now() + timedelta(days=3))["expired"] == 0
    assert fresh(parked).status == Status.PARKED


def test_released_it_stands_as_it_was_measured_and_uses_the_attempt(cast, parked):
    ended = parked.finished_at
    run_release(visit=cast.visit(cast.amit), run=parked, reason=WHY)
    run, result = fresh(parked), Result.objects.get()
    assert (run.status, run.outcome, run.finished_at) == (Status.FINISHED, Outcome.MEASURED, ended)
    assert (str(result.earned), result.metrics) == ("6.75", DOCUMENT["metrics"])
    assert Submission.objects.get().is_active
    assert left(cast, cast.ruth) == cast.lab.attempts_allowed - 1
    move = JobMove.objects.get(moved_from=Status.PARKED)
    assert (move.by, move.why) == (cast.visit(cast.amit).by, WHY)


def test_rejected_it_has_no_result_the_attempt_is_used_and_the_student_reads_why(client, cast, parked):
    run_reject(visit=cast.visit(cast.helen), run=parked, reason="The model holds the test inputs.")
    run = fresh(parked)
    assert (run.outcome, run.error_code, run.error_message) == (Outcome.REJECTED, REJECTED_CODE, "The model holds the test inputs.")  # fmt: skip
    assert not Result.objects.exists()
    assert left(cast, cast.ruth) == cast.lab.attempts_allowed - 1
    client.force_login(cast.ruth)
    page = client.get(run.get_absolute_url()).content.decode()
    assert "The model holds the test inputs." in page and "The staff rejected what was measured" in page
    assert "900 GMAC/s" not in page


@pytest.mark.parametrize("decide", [run_release, run_reject])
def test_a_decision_is_made_once(cast, parked, decide):
    run_release(visit=cast.visit(cast.amit), run=parked, reason=WHY)
    with pytest.raises(Conflict) as refused:
        decide(visit=cast.visit(cast.helen), run=parked, reason=WHY)
    assert refused.value.code == "not_parked"
    assert fresh(parked).outcome == Outcome.MEASURED
    assert Result.objects.count() == 1


@pytest.mark.parametrize("decide", [run_release, run_reject])
def test_only_staff_decide_and_with_a_reason(cast, parked, decide):
    with pytest.raises(Forbidden) as refused:
        decide(visit=cast.visit(cast.ruth), run=parked, reason=WHY)
    assert refused.value.code == "staff_only"
    for reason, code in (("", "reason_missing"), ("no", "reason_too_short"), ("x" * 301, "reason_too_long")):
        with pytest.raises(BadInput) as refused:
            decide(visit=cast.visit(cast.helen), run=parked, reason=reason)
        assert refused.value.code == code
    assert fresh(parked).status == Status.PARKED


def test_what_was_never_parked_cannot_be_decided(cast, tmp_path):
    hand_in(cast, cast.ruth, onnx_like(tmp_path))
    with pytest.raises(Conflict) as refused:
        run_release(visit=cast.visit(cast.helen), run=Run.objects.get(), reason=WHY)
    assert refused.value.code == "not_parked"


def test_a_parked_run_is_neither_cancelled_nor_measured_again(cast, parked):
    for person in (cast.ruth, cast.helen):
        with pytest.raises(Conflict) as refused:
            run_cancel(visit=cast.visit(person), run=parked)
        assert refused.value.code == "parked"
        with pytest.raises(Conflict) as refused:
            run_again(visit=cast.visit(person), run=parked)
        assert refused.value.code == "not_finished"


def test_the_student_reads_that_staff_look_at_it_and_no_number_and_no_evidence(client, cast, parked):
    client.force_login(cast.ruth)
    page = client.get(parked.get_absolute_url()).content.decode()
    assert "Being looked at by the staff" in page
    for hidden in ("6.75", "98.7", "900 GMAC/s", "Too fast", "Cancel this run", "Run it again"):
        assert hidden not in page
    assert client.get(f"{parked.get_absolute_url()}result.json").status_code == 409
    assert client.get(reverse("grading:parked", kwargs={"course": "odml"})).status_code == 403
    url = reverse("grading:run_decide", kwargs={"course": "odml", "run": parked.pk})
    assert client.post(url, {"act": "release", "reason": WHY}).status_code == 403
    assert fresh(parked).status == Status.PARKED


def test_the_staff_read_the_evidence_and_decide_on_the_page(client, cast, parked):
    client.force_login(cast.amit)
    listed = client.get(reverse("grading:parked", kwargs={"course": "odml"})).content.decode()
    assert "Too fast" in listed and "Ruth" in listed
    page = client.get(parked.get_absolute_url()).content.decode()
    assert "It does 900 GMAC/s." in page and "6.75 of 7.00" in page and parked.submission.get_absolute_url() in page
    url = reverse("grading:run_decide", kwargs={"course": "odml", "run": parked.pk})
    refused = client.post(url, {"act": "reject", "reason": "short"})
    assert refused.status_code == 422
    assert "reason_too_short" in refused.content.decode() and ">short</textarea>" in refused.content.decode()
    assert client.post(url, {"act": "reject", "reason": "Measured by a copy."}).status_code == 302
    assert fresh(parked).outcome == Outcome.REJECTED
    after = client.get(reverse("grading:parked", kwargs={"course": "odml"})).content.decode()
    assert "by Ruth does not stand, and the student is told" in after and "No run waits" in after
    listed = client.get(reverse("grading:parked", kwargs={"course": "odml"}), {"state": "all"}).content.decode()
    assert "Measured by a copy." in listed


def test_who_decides_second_is_told_so_and_keeps_what_was_written(client, cast, parked):
    run_reject(visit=cast.visit(cast.helen), run=parked, reason="The model holds the test inputs.")
    client.force_login(cast.amit)
    url = reverse("grading:run_decide", kwargs={"course": "odml", "run": parked.pk})
    answer = client.post(url, {"act": "release", "reason": WHY})
    page = answer.content.decode()
    assert answer.status_code == 409
    assert "somebody has decided on it already" in page and WHY in page and "The model holds the test inputs." in page


def test_a_decision_leads_to_the_run_that_waits_longest_and_then_to_the_list(client, cast, parked, tmp_path):
    hand_in(cast, cast.daniel, onnx_like(tmp_path, more=b"x"))
    assert park(take())
    second = Run.objects.exclude(pk=parked.pk).get()
    client.force_login(cast.amit)
    said, addresses = {"act": "release", "reason": WHY}, {"course": "odml"}
    answer = client.post(reverse("grading:run_decide", kwargs=addresses | {"run": second.pk}), said)
    assert answer.headers["Location"] == parked.get_absolute_url()
    answer = client.post(answer.headers["Location"] + "decide/", said)
    assert answer.headers["Location"] == reverse("grading:parked", kwargs=addresses)


def test_the_staff_find_parked_runs_among_the_submissions_and_on_their_home(client, cast, parked):
    chosen = SubmissionFilter(state="parked")
    assert [row["badge"].word for row in submission_rows(cast.visit(cast.helen), chosen)] == ["with the staff"]
    client.force_login(cast.helen)
    assert "1 waits for a decision of the staff" in client.get("/courses/odml/").content.decode()
    client.force_login(cast.ruth)
    assert "for a decision of the staff" not in client.get("/courses/odml/").content.decode()


def test_the_list_and_the_csv_of_submissions_say_which_machine_measured(client, cast, tmp_path):
    hand_in(cast, cast.ruth, onnx_like(tmp_path))
    label = {"on": "process", "label": "process, 1024 MiB", "reason": "", "ran_under_bytes": None}
    leases.lease_finish(take(), outcome=Outcome.MEASURED, result=DOCUMENT | {"environment": {"graded_by": label}})
    client.force_login(cast.amit)
    head, row = client.get("/courses/odml/submissions.csv").content.decode("utf-8-sig").splitlines()
    assert '"process, 1024 MiB"' in row and "Graded by" in head


def home_says_it_waits(client, person):
    client.force_login(person)
    return "1 waits for a place to be measured" in client.get("/courses/odml/").content.decode()


def test_staff_read_on_their_home_that_a_run_waits_for_a_machine_until_one_starts_it(client, cast, tmp_path):
    run = hand_in(cast, cast.ruth, onnx_like(tmp_path)).runs.get()
    assert not home_says_it_waits(client, cast.amit)
    lease = leases.lease_next(worker="bench@test", kinds=("run",), now=timezone.now() + timedelta(seconds=1))
    assert not home_says_it_waits(client, cast.amit)
    leases.lease_release(lease, why="No such board.", fault=False, pause=timedelta(minutes=5))
    assert home_says_it_waits(client, cast.amit) and not home_says_it_waits(client, cast.ruth)
    Job.objects.update(not_before=timezone.now() - timedelta(seconds=1))  # its pause is over, no worker has come yet
    assert home_says_it_waits(client, cast.amit)
    client.force_login(cast.ruth)
    assert "No such board. It costs nothing" in client.get(f"{run.get_absolute_url()}live/").content.decode()
    lease = leases.lease_next(worker="bench@test", kinds=("run",))
    assert home_says_it_waits(client, cast.amit)
    leases.lease_start(lease)
    assert not home_says_it_waits(client, cast.amit)


def test_a_run_that_a_worker_gave_back_when_it_stopped_waits_for_no_other_machine(client, cast, tmp_path):
    hand_in(cast, cast.ruth, onnx_like(tmp_path))
    leases.lease_release(take(), why="the worker was stopped", fault=False)
    assert not home_says_it_waits(client, cast.amit)


def test_both_sides_are_told_once_and_the_student_no_evidence(cast, parked):
    run_release(visit=cast.visit(cast.helen), run=parked, reason=WHY)
    told = {
        (row.person.name, row.key.rsplit("-", 1)[-1]) for row in Notification.objects.filter(key__startswith="run-")
    }
    assert told == {("Helen", "staff"), ("Ines", "staff"), ("Amit", "staff"), ("Ruth", "parked"), ("Ruth", "decided")}
    mine = Notification.objects.filter(person=cast.ruth, key__startswith="run-")
    assert not any("fast" in row.title + row.text for row in mine)


def test_another_model_can_be_handed_in_meanwhile(cast, parked, tmp_path):
    cast.lab.attempts_allowed = 1
    cast.lab.save()
    second = hand_in(cast, cast.ruth, onnx_like(tmp_path, more=b"x"))
    assert second.number == 2


@pytest.mark.real_database
def test_the_worker_parks_what_the_measurement_suspects(cast, tmp_path, monkeypatch):
    monkeypatch.setattr(bench_ready, "sandbox", lambda: SimpleNamespace(name="limits"))
    monkeypatch.setattr(worker, "Heartbeat", StillHeart)
    monkeypatch.setattr(measure_run, "measure_run", lambda **given: DOCUMENT | {"suspicions": EVIDENCE})
    hand_in(cast, cast.ruth, onnx_like(tmp_path))
    assert worker.work_once("bench@test")
    kept = ParkedResult.objects.get()
    kept.document.pop("by")
    assert (kept.evidence, kept.document) == (EVIDENCE, DOCUMENT)
    assert Run.objects.get().status == Status.PARKED


class StillHeart:
    """The heartbeat's thread has a connection of its own, which does not see the test's transaction."""

    def __init__(self, lease):
        self.progress = lambda *state: None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        return None
