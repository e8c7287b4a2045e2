"""A board run that somebody asks for: of an attempt that was measured here, by a board, to a newer result; and every way in which it brings none."""

import copy
from datetime import timedelta

import pytest
from django.utils import timezone

from courseplatform.core.errors import Conflict, Forbidden, TooMany
from courseplatform.notices.models.notifications import Notification
from grading.asks import rules
from grading.measuring import worker
from grading.models import BoardAsk, GradeEvent, Result, Run
from grading.models.boards import BoardRun
from grading.models.class_points import ClassPoint
from grading.services.board_asks import board_ask, board_ask_withdraw
from grading.services.releasing import grades_release
from grading.services.runs import run_again
from hardware.models import BoardJob, Job, Outcome, Runner, Status
from hardware.runners.leasing import MOST_FAULTS
from tests.courseplatform.teams.builders import make_team
from tests.grading.measuring.carried import carried_out
from tests.grading.measuring.test_on_boards import BOARD, handed_in
from tests.grading.measuring.test_on_boards import lab as lab_of_boards
from tests.hardware.runners.boards import add_board

pytestmark = pytest.mark.django_db
lab = lab_of_boards


@pytest.fixture
def measured(cast, lab):
    """An attempt of Ruth with its result of this machine, in a lab for which the course has a board."""
    cast.lab.bench_spec = {
        key: value for key, value in cast.lab.bench_spec.items() if key not in ("run_on", "board_wait")
    }
    cast.lab.save()
    run = handed_in(cast)
    assert worker.work_once("bench@test")
    run.refresh_from_db()
    assert run.outcome == Outcome.MEASURED and "on_board" not in run.result.environment
    return run


def ask(cast, run, person=None):
    return board_ask(visit=cast.visit(person or cast.ruth), run=Run.objects.select_related("result").get(pk=run.pk))


def told(person):
    return list(Notification.objects.filter(person=person, kind="grade").values_list("title", flat=True))


def test_from_asking_over_a_board_to_a_newer_result(cast, measured, tmp_path, monkeypatch):
    _, board = add_board(cast)
    asked = ask(cast, measured)
    assert worker.work_once("bench@test")
    asked.refresh_from_db()
    assert (asked.status, asked.faults) == (Status.QUEUED, 0) and Result.objects.count() == 1
    assert carried_out(board, board.job(), tmp_path, monkeypatch).status_code == 200
    assert worker.work_once("bench@test")
    asked.refresh_from_db()
    assert (asked.status, asked.outcome) == (Status.FINISHED, Outcome.MEASURED), asked.error_message
    run, before = Run.objects.get(pk=asked.pk), measured.result
    assert run.submission_id == measured.submission_id and run.kind == "run"
    assert run.result.environment["graded_by"]["on"] == "board" and run.result.graded_by == "board pi4-01"
    assert (
        run.result.environment["on_host"] == before.host
        and run.result.metrics["latency_ms"] != before.metrics["latency_ms"]
    )
    assert run.result.environment["devices"] == before.environment["devices"]  # what is modelled stays beside it
    assert ClassPoint.objects.get(submission=run.submission).kind.startswith("board|")
    assert GradeEvent.objects.filter(result=run.result).count() == 1
    (said,) = told(cast.ruth)
    assert (
        said.startswith("Lab 1, attempt 1: measured on pi4-01: ")
        and " instead of " in said
        and f"; points {before.earned:.2f} to {run.result.earned:.2f}" in said
    )
    assert (
        rules.may_ask(
            visit=cast.visit(cast.ruth), run=Run.objects.select_related("result").get(pk=run.pk), now=timezone.now()
        ).code
        == "measured_there"
    )
    assert rules.may_ask(visit=cast.visit(cast.ruth), run=measured, now=timezone.now()).code == "newer_result"


def test_what_it_measured_gives_and_takes_points(cast, measured, tmp_path, monkeypatch):
    """A board overrides the emulation, for better and for worse: a limit that the model is just under, and no board of these tests."""
    spec = copy.deepcopy(cast.lab.bench_spec)
    spec["criteria"][-1]["rule"] = {"kind": "at_most", "value": 1e-6}
    cast.lab.bench_spec = spec
    cast.lab.save()
    Result.objects.update(points_by="", earned=9)  # as if an earlier rule had given more
    _, board = add_board(cast)
    asked = ask(cast, measured)
    worker.work_once("bench@test")
    assert carried_out(board, board.job(), tmp_path, monkeypatch).status_code == 200
    worker.work_once("bench@test")
    after = Run.objects.get(pk=asked.pk)
    line = next(line for line in after.result.points if line["key"] == "on_time")
    assert (line["earned"], line["basis"]) == ("0.00", "measured") and after.submission.is_active
    assert after.result.earned < 9 and f"points 9.00 to {after.result.earned:.2f}" in told(cast.ruth)[-1]


def test_measured_again_here_it_keeps_what_the_board_measured(cast, measured, tmp_path, monkeypatch):
    """No emulation takes the place of what a board measured of the same file."""
    _, board = add_board(cast)
    asked = ask(cast, measured)
    worker.work_once("bench@test")
    assert carried_out(board, board.job(), tmp_path, monkeypatch).status_code == 200
    worker.work_once("bench@test")
    there = Run.objects.get(pk=asked.pk)
    again = run_again(visit=cast.visit(cast.helen), run=there)
    assert worker.work_once("bench@test")
    again.refresh_from_db()
    here = again.result
    assert (again.outcome, here.environment["graded_by"]["on"]) == (Outcome.MEASURED, "process")
    assert here.environment["on_board"] == there.result.environment["on_board"]
    assert here.metrics["latency_ms"] == there.result.metrics["latency_ms"] != here.host["p50_ms"]
    line = next(line for line in here.points if line["key"] == "on_time")
    assert line["basis"] == "measured" and "pi4-01" in line["how"] and here.earned == there.result.earned


def test_how_many_and_who(cast, measured):
    add_board(cast)
    with pytest.raises(Conflict) as refused:
        ask(cast, measured, cast.daniel)
    assert refused.value.code == "not_yours"
    ask(cast, measured)
    with pytest.raises(Conflict) as refused:
        ask(cast, measured)
    assert refused.value.code == "asked_already"
    board_ask_withdraw(visit=cast.visit(cast.ruth), run=measured)
    ask(cast, measured)
    board_ask_withdraw(visit=cast.visit(cast.ruth), run=measured)
    with pytest.raises(TooMany) as refused:
        ask(cast, measured)
    assert refused.value.code == "asked_enough"
    BoardAsk.objects.filter(pk=BoardAsk.objects.first().pk).update(
        error_code=rules.NO_BOARD
    )  # that one was not her doing
    asked = ask(cast, measured, cast.amit)
    with pytest.raises(Forbidden):
        board_ask_withdraw(visit=cast.visit(cast.ruth), run=measured)
    assert asked.is_by_staff
    board_ask_withdraw(visit=cast.visit(cast.helen), run=measured)
    with pytest.raises(Conflict) as refused:
        board_ask_withdraw(visit=cast.visit(cast.helen), run=measured)
    assert refused.value.code == "not_asked"
    ask(cast, measured)
    assert told(cast.ruth) == []


def test_when_it_may_not_be_asked_for(cast, measured):
    def code(person=cast.ruth):
        run = Run.objects.select_related("result", "submission__assignment__course").get(pk=measured.pk)
        return rules.may_ask(visit=cast.visit(person), run=run, now=timezone.now()).code

    assert code() == "no_runner"
    add_board(cast)
    assert code() == ""
    grades_release(visit=cast.visit(cast.helen), assignment=cast.lab)
    assert (code(), code(cast.amit)) == ("grades_are_out", "")
    cast.lab.bench_spec = cast.lab.bench_spec | {"wall_s": 50}
    cast.lab.save()
    assert code(cast.amit) == "rules_changed"


def test_of_a_lab_that_was_withdrawn_no_board_is_asked(cast, measured):
    add_board(cast)
    type(cast.lab).objects.filter(pk=cast.lab.pk).update(is_withdrawn=True)
    for person in (cast.ruth, cast.helen):
        with pytest.raises(Conflict) as refused:
            ask(cast, measured, person)
        assert refused.value.code == "withdrawn"


def test_a_lab_that_is_withdrawn_meanwhile_takes_no_boards_time(cast, measured):
    _, board = add_board(cast)
    asked = ask(cast, measured)
    type(cast.lab).objects.filter(pk=cast.lab.pk).update(is_withdrawn=True)
    assert worker.work_once("bench@test")
    asked.refresh_from_db()
    assert (asked.outcome, asked.error_code, board.job()) == (Outcome.CANCELLED, "withdrawn", None)


def test_who_has_left_the_team_takes_nothing_of_theirs_back(cast, lab, client):
    team = make_team(cast, "Magpie", cast.ruth, cast.daniel, since=timezone.now() - timedelta(days=9))
    spec = {key: value for key, value in cast.lab.bench_spec.items() if key not in ("run_on", "board_wait")}
    cast.lab.bench_spec, cast.lab.is_individual = spec, False
    cast.lab.save()
    run = handed_in(cast)
    assert worker.work_once("bench@test")
    add_board(cast)
    asked = ask(cast, run)
    team.memberships.filter(person=cast.daniel).update(until_at=timezone.now())
    client.force_login(cast.daniel)
    address = Run.objects.get(pk=run.pk).get_absolute_url()
    page = client.get(address).content.decode()
    assert "is asked for" in page or "In line" in page  # what his team handed in while he was in it he sees
    assert "Withdraw" not in page
    assert client.post(f"{address}board/withdraw/").status_code == 403
    asked.refresh_from_db()
    assert asked.status == Status.QUEUED
    board_ask_withdraw(visit=cast.visit(cast.ruth), run=run)


def test_without_a_board_it_ends_and_changes_nothing(cast, measured):
    add_board(cast)
    asked = ask(cast, measured)
    assert worker.work_once("bench@test")
    long_ago = timezone.now() - rules.WAITS - timedelta(minutes=1)
    Job.objects.filter(pk=asked.pk).update(queued_at=long_ago, not_before=timezone.now())
    assert worker.work_once("bench@test")
    asked.refresh_from_db()
    assert (asked.outcome, asked.error_code) == (Outcome.CANCELLED, "no_board")
    assert BoardJob.objects.get(board_run__for_job=asked).outcome == Outcome.CANCELLED
    assert Result.objects.count() == 1 and measured.submission.runs.count() == 1
    assert told(cast.ruth) == ["Lab 1, attempt 1: no board has measured it; its result stays"]
    assert rules.asked_today(measured.submission, timezone.now()) == 0


def test_boards_that_fail_end_it(cast, measured):
    _, board = add_board(cast)
    asked = ask(cast, measured)
    assert worker.work_once("bench@test")
    for _ in range(MOST_FAULTS):
        BoardJob.objects.filter(status=Status.QUEUED).update(not_before=timezone.now())
        job = board.job()
        if job["purpose"] == "health":
            board.carry_out(job)
            job = board.job()
        assert board.call(job, "finish", outcome="infrastructure", why="no space", log={"bytes": 0}).status_code == 200
    assert worker.work_once("bench@test")
    asked.refresh_from_db()
    assert (asked.outcome, asked.error_code) == (Outcome.CANCELLED, "board_failed") and Result.objects.count() == 1


def test_withdrawing_takes_it_off_the_board(cast, measured):
    _, board = add_board(cast)
    asked = ask(cast, measured)
    assert worker.work_once("bench@test")
    job = board.job()
    board.call(job, "start")
    board_ask_withdraw(visit=cast.visit(cast.ruth), run=measured)
    assert board.call(job, "beat").json() == {"do": "cancel"}
    asked.refresh_from_db()
    assert asked.outcome == Outcome.CANCELLED


def test_other_rules_meanwhile_end_it(cast, measured):
    add_board(cast)
    asked = ask(cast, measured)
    cast.lab.bench_spec = cast.lab.bench_spec | {"wall_s": 50}
    cast.lab.save()
    assert worker.work_once("bench@test")
    asked.refresh_from_db()
    assert (asked.outcome, asked.error_code) == (Outcome.CANCELLED, "rules_changed") and not BoardRun.objects.exists()


def test_a_lab_of_boards_that_fell_back_may_be_asked_for_too(cast, lab):
    add_board(cast)
    cast.lab.bench_spec = cast.lab.bench_spec | BOARD | {"fallback": "emulation"}
    cast.lab.save()
    run = handed_in(cast)
    Runner.objects.update(last_seen_at=timezone.now() - timedelta(hours=1))
    worker.work_once("bench@test")
    Job.objects.filter(pk=run.pk).update(queued_at=timezone.now() - timedelta(hours=5), not_before=timezone.now())
    worker.work_once("bench@test")
    run.refresh_from_db()
    assert run.outcome == Outcome.MEASURED and run.result.environment["graded_by"]["on"] != "board"
    assert ask(cast, run).status == Status.QUEUED
