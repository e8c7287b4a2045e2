"""From a run that nobody can measure here, or whose points no machine gives, to the person who decides."""

from datetime import timedelta
from decimal import Decimal
from types import SimpleNamespace

import pytest
from django.utils import timezone

from courseplatform.core.errors import BadInput, Conflict
from grading.bench.sandbox import detect
from grading.demo.digits import hidden_split, write_hidden
from grading.grade_facts import grade_for
from grading.handing_in.hand_in_rules import attempts_left, owner_of
from grading.measuring import bench_ready, measure_run, worker
from grading.measuring.run_setting import no_board
from grading.models import GradeEvent, ParkedResult, Result, Run
from grading.models.grades import GradeKind, grade_path
from grading.services.benchmarks import benchmarks_record
from grading.services.measured_points import measured_settle
from grading.services.parked import run_reject, run_release
from grading.spec import BenchSpec
from hardware import leases
from hardware.models import Job, Outcome, Status
from hardware.profiles import load_profiles
from tests.grading.grades.grades import released, seen, told, with_rubric
from tests.grading.measuring.test_worker import StillHeart
from tests.load.ten_times import FILES, MODELS
from tests.load.ten_times import SPEC as TEN_SPEC
from tests.people import SPEC, hand_in, onnx_like

pytestmark = pytest.mark.django_db
WHY = "The paper gives 40 ms for this network on this board."
LINES = [
    {"key": "opens", "title": "Opens", "group": "", "basis": "counted", "metric": "", "value": "yes", "arithmetic": "the check passed",
     "earned": "1.00", "of": "1.00", "drawing": None, "left_open": ""},
    {"key": "time", "title": "Latency", "group": "", "basis": "modelled", "metric": "latency_ms", "value": "41 ms (36-47)",
     "arithmetic": "left to the staff", "earned": "0.00", "of": "2.00", "drawing": None, "left_open": "Extrapolated: no such layer."},
]  # fmt: skip
METRICS = {"accuracy": 0.9, "macs": 1000, "params": 10, "model_bytes": 9, "peak_activation_bytes": 7}
GRADED_BY = {
    "on": "process",
    "label": "process, 1024 MiB",
    "device": "",
    "memory_bytes": 1 << 30,
    "ran_under_bytes": None,
    "reason": "",
}


def document(**changes):
    return {
        "report": {}, "host": {"p50_ms": 0.1}, "metrics": METRICS, "quality": {}, "points": LINES, "environment": {"graded_by": GRADED_BY},
        "earned": "1.00", "of": "3.00", "left_open": "2.00",
    } | changes  # fmt: skip


@pytest.fixture
def at_work(cast, tmp_path, monkeypatch):
    """A function: hand in to the lab with these keys of its spec, and have a worker with processes take it once."""

    def work(person=None, **keys):
        cast.lab.bench_spec = SPEC | keys
        cast.lab.save()
        monkeypatch.setattr(bench_ready, "sandbox", lambda: SimpleNamespace(name="limits"))
        monkeypatch.setattr(worker, "Heartbeat", StillHeart)
        monkeypatch.setattr(
            measure_run, "measure_run",
            lambda **given: document(suspicions=no_board(given["place"], "process, 1024 MiB")),
        )  # fmt: skip
        hand_in(cast, person or cast.ruth, onnx_like(tmp_path))
        assert worker.work_once("bench@test")
        return Run.objects.get()

    return work


def left(cast):
    owner = owner_of(person=cast.ruth, assignment=cast.lab, now=timezone.now())
    return attempts_left(owner=owner, assignment=cast.lab)


def settle(cast, points="1.5", by=None, reason=WHY, at=None):
    measured_settle(
        visit=cast.visit(by or cast.amit), assignment=cast.lab, person=cast.ruth, points=Decimal(points), reason=reason,
        seen=seen(cast.lab, cast.ruth) if at is None else at,
    )  # fmt: skip


# -- where it runs ----------------------------------------------------------------------------------------------------


def test_a_lab_for_containers_waits_on_a_machine_without_and_everybody_reads_why(client, cast, at_work):
    run = at_work(run_on="container")
    assert (run.status, run.faults, run.started_at) == (Status.QUEUED, 0, None)
    assert timedelta(seconds=20) < run.not_before - timezone.now() <= timedelta(seconds=30)
    for person in (cast.ruth, cast.helen):
        client.force_login(person)
        page = client.get(run.get_absolute_url()).content.decode()
        assert "This lab is measured in containers, and this machine has none. It costs nothing" in page
    assert not worker.work_once("bench@test"), "it is left alone until the pause is over"


def test_what_went_wrong_on_our_machine_is_for_the_staff(client, cast, at_work, monkeypatch):
    run = at_work(run_on="container")
    Job.objects.update(not_before=timezone.now() - timedelta(seconds=1))
    monkeypatch.setattr(bench_ready, "can_measure", lambda: True)
    monkeypatch.setattr(bench_ready, "sandbox", lambda: 1 / 0)
    assert worker.work_once("bench@test")
    for person, is_told in ((cast.helen, True), (cast.ruth, False)):
        client.force_login(person)
        assert ("ZeroDivisionError" in client.get(run.get_absolute_url()).content.decode()) is is_told


def test_in_place_of_a_board_it_is_measured_here_and_says_so(at_work):
    run = at_work(run_on="board", devices=["rpi-4-4gb"], fallback="emulation")
    assert run.outcome == Outcome.MEASURED and run.result.graded_by == "process, 1024 MiB"


def test_a_lab_that_only_waits_for_a_board_goes_on_waiting(client, cast, at_work):
    run = at_work(run_on="board", devices=["rpi-4-4gb"], fallback="wait")
    assert (run.status, run.faults) == (Status.QUEUED, 0)
    client.force_login(cast.ruth)
    assert "this site has no such board yet" in client.get(run.get_absolute_url()).content.decode()


@pytest.fixture
def boardless(at_work):
    return at_work(run_on="board", devices=["rpi-4-4gb"], fallback="staff")


def test_without_a_board_the_staff_are_asked_and_the_student_reads_what_about(client, cast, boardless):
    kept = ParkedResult.objects.get()
    assert [row["code"] for row in kept.evidence] == ["no_board"] and boardless.status == Status.PARKED
    client.force_login(cast.ruth)
    page = client.get(boardless.get_absolute_url()).content.decode()
    assert "No board measured it" in page and "looks wrong" not in page
    client.force_login(cast.helen)
    page = client.get(boardless.get_absolute_url()).content.decode()
    assert "Take it back; no attempt is used" in page and "This site has no such board." in page


def test_released_it_stands_and_taken_back_it_costs_nothing(cast, boardless):
    run_release(visit=cast.visit(cast.helen), run=boardless, reason="The emulation may count here.")
    assert Result.objects.get().left_open == 2 and left(cast) == cast.lab.attempts_allowed - 1


def test_taken_back_it_costs_no_attempt_and_can_be_run_again(client, cast, boardless):
    run_reject(visit=cast.visit(cast.helen), run=boardless, reason="The boards come next week.")
    run = Run.objects.get()
    assert (run.outcome, run.error_code) == (Outcome.CANCELLED, "no_board")
    assert left(cast) == cast.lab.attempts_allowed and not Result.objects.exists()
    client.force_login(cast.ruth)
    page = client.get(run.get_absolute_url()).content.decode()
    assert "The boards come next week." in page and "Run it again" in page and "was taken back" in page


# -- what is left open ------------------------------------------------------------------------------------------------


@pytest.fixture
def measured(cast, at_work):
    run = at_work()
    benchmarks_record(assignment=cast.lab)
    return run


def test_open_points_are_no_zero_the_grade_is_incomplete_and_names_them(cast, measured):
    grade = grade_for(cast.lab, cast.ruth)
    assert grade.points == Decimal("1.00") and not grade.is_complete
    assert grade.missing == ("2.00 measured points left to the staff",)
    assert grade.graded_by == "process, 1024 MiB"


def test_the_staff_give_them_once_and_the_next_count_of_the_same_result_leaves_that(cast, measured):
    settle(cast)
    benchmarks_record(assignment=cast.lab)
    grade = grade_for(cast.lab, cast.ruth)
    assert grade.points == Decimal("2.50") and grade.is_complete
    event = GradeEvent.objects.filter(kind=GradeKind.BENCHMARK).last()
    assert (event.actor, event.reason, event.result) == ("Amit", WHY, measured.result)
    settle(cast, "0", by=cast.helen, reason="It is slower than that.")
    assert grade_for(cast.lab, cast.ruth).points == Decimal("1.00") and grade_for(cast.lab, cast.ruth).is_complete


def test_two_who_give_them_at_once_do_not_overwrite_each_other(cast, measured):
    page = seen(cast.lab, cast.ruth)
    settle(cast, "1", at=page)
    with pytest.raises(Conflict) as refused:
        settle(cast, "2", by=cast.helen, at=page)
    assert refused.value.code == "stale_grade"


@pytest.mark.parametrize(
    ("points", "reason", "code"),
    [("2.01", WHY, "points_out_of_range"), ("-1", WHY, "points_out_of_range"), ("1.001", WHY, "too_many_decimals"), ("1", " ", "open_reason_missing")],
)  # fmt: skip
def test_what_cannot_be_given_is_refused(cast, measured, points, reason, code):
    with pytest.raises(BadInput) as refused:
        settle(cast, points, reason=reason)
    assert refused.value.code == code
    assert grade_for(cast.lab, cast.ruth).points == Decimal("1.00")


def test_where_nothing_is_open_nothing_is_given(cast, measured):
    Result.objects.update(left_open=0)
    with pytest.raises(Conflict) as refused:
        settle(cast)
    assert refused.value.code == "nothing_open"


def test_a_result_measured_anew_is_open_anew(cast, measured):
    settle(cast)
    again = Result.objects.get()
    again.pk, again.run = (
        None,
        Run.objects.create(kind="run", owner_key="x", submission=measured.submission, requested_by="Helen"),
    )
    again.save()
    benchmarks_record(assignment=cast.lab)
    assert not grade_for(cast.lab, cast.ruth).is_complete


def test_the_pages_say_which_graded_and_what_is_open(client, cast, measured):
    with_rubric(cast, regrade_rules={})
    client.force_login(cast.helen)
    page = client.get(grade_path(cast.lab, "grades")).content.decode()
    assert 'Measured<span class="note">by process, 1024 MiB</span>' in page
    rows = client.get(grade_path(cast.lab, "grades_csv")).content.decode().splitlines()
    assert "Measured,Graded by,Report" in rows[0]
    assert any('1.00,"process, 1024 MiB"' in row for row in rows[1:])
    url = grade_path(cast.lab, "grades_person", person=cast.ruth.pk)
    page = client.get(url).content.decode()
    assert "Left to the staff" in page and "Extrapolated: no such layer." in page
    sent = {"act": "settle", "seen": seen(cast.lab, cast.ruth), "open_points": "", "open_reason": WHY}
    refused = client.post(url, sent)
    assert refused.status_code == 422 and WHY in refused.content.decode()
    assert client.post(url, sent | {"open_points": "1,5"}).status_code == 302
    page = client.get(url).content.decode()
    assert 'value="1.50"' in page and WHY in page


def test_the_page_of_the_result_says_open_and_never_zero(client, cast, tmp_path, monkeypatch):
    """A real measurement of a lab with a latency that the cost model cannot vouch for."""
    inputs, labels = tmp_path / "inputs.npy", tmp_path / "labels.npy"
    write_hidden(hidden_split(), inputs, labels)
    cast.lab.bench_spec = TEN_SPEC
    cast.lab.save()
    model = MODELS / FILES[0]
    found = measure_run.measure_run(
        model=model, name=model.name, spec=BenchSpec.parse(TEN_SPEC), lab="Lab 1", inputs=inputs, labels=labels, sandbox=detect("auto"),
        seed=1, on_progress=lambda *_: None, profiles=load_profiles(),
    )  # fmt: skip
    assert found["left_open"] == "2.00"
    hand_in(cast, cast.ruth, onnx_like(tmp_path))
    lease = leases.lease_next(worker="bench@test", kinds=("run",), now=timezone.now() + timedelta(seconds=1))
    leases.lease_start(lease)
    leases.lease_finish(lease, outcome=Outcome.MEASURED, result=found)
    client.force_login(cast.ruth)
    page = client.get(Run.objects.get().get_absolute_url()).content.decode()
    assert "Graded by process, 1024 MiB." in page and "2.00 of them left to the staff" in page
    assert "The points for latency are left to the staff." in page and "Extrapolated: " in page
    assert (
        "<b>0.00</b> of 2.00" not in page
        and "The points for latency rest on those of the lab&#x27;s first board." in page
    )
    assert (
        "87 rows of" in page
        and "What a flag means" in page
        and "did not run under the device&#x27;s own memory" in page
    )


def test_a_student_reads_what_is_open_and_is_told_when_it_is_given(client, cast, measured):
    released(cast)
    client.force_login(cast.ruth)
    page = client.get(grade_path(cast.lab)).content.decode()
    assert "2.00 measured points left to the staff" in page and "Graded by process, 1024 MiB." in page
    settle(cast)
    assert told(cast.ruth)[-1] == "Your grade of Lab 1 changed"
    assert WHY in client.get(grade_path(cast.lab)).content.decode()
