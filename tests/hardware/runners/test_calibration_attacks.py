"""Calibrations of a board that wishes us ill, and of one to which things happen meanwhile."""

import hashlib
import json
import threading
import time
from datetime import timedelta
from functools import partial

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from hardware import leases
from hardware.models import (
    BoardCalibration,
    BoardJob,
    CalibrationRow,
    CalibrationStatus,
    Duty,
    Health,
    Outcome,
    PartState,
    Runner,
    Status,
)
from hardware.runners import calibrating, ending
from hardware.runners.duty import duty_change
from hardware.runners.enrolling import code_make
from tests.hardware.runners.boards import FLEET, Board, add_board, fresh, make_work, results
from tests.hardware.runners.sweeps import answer, bracket, carry_out

pytestmark = [pytest.mark.django_db, pytest.mark.real_database]


@pytest.fixture(autouse=True)
def told(monkeypatch):
    """Fourteen small files in the place of a sweep: two parts."""
    names = [f"sweep/n{number}" for number in range(14)]
    networks = {
        name: calibrating.Network(name, "one", name.endswith("9"), 1000, partial(bytes, name, "utf-8"))
        for name in names
    }
    heard = []
    monkeypatch.setattr(calibrating, "_sources", [lambda runtime, precision: networks])
    monkeypatch.setattr(calibrating, "_listeners", [heard.append])
    return heard


def ask(board, **said):
    return board.send("POST", "/calibration", said)


def newest():
    return BoardCalibration.objects.first()


@pytest.mark.parametrize("ms", [10**400, 5e-324, 1e308, True, [1], None, {}], ids=lambda value: str(value)[:8])
def test_what_is_no_time_of_an_inference_makes_no_row_and_ends_the_part(cast, ms):
    _, board = add_board(cast)
    ask(board)
    assert carry_out(board, board.job(), milliseconds=lambda place, window: ms).status_code == 200, board.said
    assert (CalibrationRow.objects.count(), newest().parts.first().state) == (0, PartState.FAILED)


@pytest.mark.parametrize("ms", [10**400, 5e-324], ids=["401 digits", "hardly any"])
def test_a_golden_model_that_took_no_time_at_all_is_no_baseline(cast, ms):
    runner, board, code = add_board(cast, enrolled=False)
    board.enrol(code)
    assert board.carry_out(board.job(), p50_ms=ms).status_code == 200
    assert fresh(runner).health == Health.BAD


def test_a_board_that_is_revoked_leaves_nothing_that_waits_for_it(cast, told):
    runner, board = add_board(cast)
    ask(board)
    carry_out(board, board.job())
    board.call(board.job(), "start")
    duty_change(visit=cast.visit(cast.helen), runner=runner, to=Duty.REVOKED)
    assert (newest().status, newest().why) == (CalibrationStatus.CANCELLED, "pi4-01 was revoked.")
    assert not BoardJob.objects.exclude(status=Status.FINISHED).exists() and len(told) == 1
    client = Client()
    client.force_login(cast.helen)
    page = client.get(f"{FLEET}{runner.pk}/calibration/").content.decode()
    assert "This runner was revoked, so it measures nothing any more." in page and "Calibrate this board" not in page


def test_rows_of_two_machines_are_not_mixed(cast, told):
    runner, board = add_board(cast)
    ask(board)
    carry_out(board, board.job())
    other = Board(install_id="f" * 32)
    assert other.enrol(code_make(runner=runner, by="helen@x")).status_code == 201
    other.carry_out(other.job())  # its golden model
    assert carry_out(other, other.job()).status_code == 200
    assert (newest().status, newest().rows.count(), len(told)) == (CalibrationStatus.CANCELLED, 12, 1)
    assert "enrolled anew" in newest().why and other.job() is None
    assert ask(other).status_code == 201


def test_a_board_that_is_called_another_kind_meanwhile_is_calibrated_anew(cast):
    runner, board = add_board(cast)
    ask(board)
    job = board.job()
    Runner.objects.filter(pk=runner.pk).update(device="jetson-nano-4gb")
    assert carry_out(board, job).status_code == 200
    assert (newest().status, newest().rows.count()) == (CalibrationStatus.CANCELLED, 0)
    assert "another kind of board" in newest().why


def test_a_board_of_the_demo_is_not_asked_for_what_no_machine_will_measure(cast, client):
    runner, _ = add_board(cast)
    Runner.objects.filter(pk=runner.pk).update(is_demo=True)
    client.force_login(cast.helen)
    address = f"{FLEET}{runner.pk}/calibration/"
    assert "Calibrate this board" not in client.get(address).content.decode()
    answer = client.post(address, {"kind": "onnx fp32", "threads": "1"})
    assert answer.status_code == 409 and "demo_board" in answer.content.decode()
    assert not BoardCalibration.objects.exists()


def test_the_form_refuses_what_no_board_has_with_a_sentence(cast, client):
    runner, _ = add_board(cast)
    client.force_login(cast.amit)
    wrong_threads = ("", "1e400", "nan", "-1", "1,5", "999999999999", "\u00b2", "1; drop")
    wrong_kinds = ("tflite int9", "", "onnx", "a b c d", "\x00")
    sent = [("onnx fp32", threads) for threads in wrong_threads] + [(kind, "1") for kind in wrong_kinds]
    for kind, threads in sent:
        answer = client.post(f"{FLEET}{runner.pk}/calibration/", {"kind": kind, "threads": threads})
        assert answer.status_code == 422 and "Nothing was begun" in answer.content.decode(), (kind, threads)


def test_nobody_but_the_staff_of_its_course_begins_or_cancels_a_calibration(cast, client):
    runner, board = add_board(cast)
    ask(board)
    for person, status in ((cast.ruth, 403), (cast.oscar, 404), (cast.lena, 404)):
        client.force_login(person)
        for page in ("calibration/", "calibration/cancel/"):
            assert client.post(f"{FLEET}{runner.pk}/{page}", {"threads": "1"}).status_code == status, person
    assert newest().is_open


# -- two things at once: on PostgreSQL each of these was two that waited for each other --------------------------------


def during(monkeypatch, where, name, other):
    """Run `other` in a thread of its own from the middle of a call on; what it came to."""
    real, came, threads = getattr(where, name), [], []

    def run():
        try:
            came.append(other())
        except Exception as error:
            came.append(error)
        finally:
            connection.close()

    def held(*args, **more):
        found = real(*args, **more)
        if not threads:
            threads.append(threading.Thread(target=run))
            threads[0].start()
            time.sleep(0.5)
        return found

    monkeypatch.setattr(where, name, held)
    return lambda: [thread.join(20) for thread in threads] and came


def finish(board, job, data, **environment):
    named = {"name": "results.json", "sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)}
    said = {"outcome": "done", "results": named, "log": {"bytes": 0}, "environment": environment}
    return board.call(job, "finish", **said).status_code


def begun(board, job, data):
    assert board.call(job, "start").status_code == 200
    assert board.put(job, "results.json", data).status_code == 200
    return data


@pytest.mark.django_db(transaction=True)
def test_revoking_while_the_end_is_recorded_waits_for_it(cast, ends, monkeypatch):
    runner, board = add_board(cast)
    work = make_work(cast)
    job = board.job()
    data = begun(board, job, json.dumps(results()).encode())
    revoke = partial(duty_change, visit=cast.visit(cast.helen), runner=runner, to=Duty.REVOKED)
    came = during(monkeypatch, ending.leases, "lease_finish", revoke)
    assert finish(board, job, data) == 200
    assert came()[0].status == Duty.REVOKED, came()
    work.refresh_from_db()
    assert (work.outcome, len(ends)) == (Outcome.MEASURED, 1)


@pytest.mark.django_db(transaction=True)
def test_a_poll_of_an_agent_that_gave_up_waiting_for_its_end_waits_for_it(cast, ends, monkeypatch):
    _, board = add_board(cast)
    make_work(cast)
    job = board.job()
    data = begun(board, job, json.dumps(results()).encode())
    twin = Board(board.token, **board.facts)
    came = during(monkeypatch, ending.leases, "lease_finish", lambda: twin.poll().status_code)
    assert finish(board, job, data) == 200
    assert came() == [200] and len(ends) == 1


@pytest.mark.django_db(transaction=True)
def test_cancelling_a_calibration_while_a_part_ends_leaves_no_part_behind(cast, monkeypatch):
    runner, board = add_board(cast)
    ask(board)
    job = board.job()
    data = begun(board, job, json.dumps(answer(job, lambda place, window: 2.0 + place)).encode())
    client = Client()
    client.force_login(cast.helen)
    cancel = lambda: client.post(f"{FLEET}{runner.pk}/calibration/cancel/").status_code  # noqa: E731
    came = during(monkeypatch, leases, "move", cancel)
    assert finish(board, job, data, **bracket()) == 200
    assert came() == [302]
    assert newest().status == CalibrationStatus.CANCELLED and newest().rows.count() == 12
    assert not BoardJob.objects.exclude(status=Status.FINISHED).exists()
    BoardJob.objects.update(not_before=timezone.now() - timedelta(minutes=1))
    assert board.job() is None
