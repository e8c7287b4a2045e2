"""Two tabs, two clicks, at once: real threads on a real database, where only a lock or a constraint helps."""

import threading
from uuid import uuid4

import pytest
from django.db import connection

from courseplatform.core.errors import AppError
from grading.models import LateEntry, LateVerdict, Run, Submission
from grading.models.assignments import NewerAttempt
from grading.services.runs import run_again, run_cancel
from hardware.leases import SUPERSEDED
from hardware.models import OPEN, Outcome, Status
from tests.grading.late_days.test_late_days import due_ago, make_team, with_policy
from tests.people import hand_in, make_cast, onnx_like

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.real_database]
AT_ONCE = 6


@pytest.fixture
def cast(settings, tmp_path):
    settings.DATA_DIR, settings.MEDIA_ROOT = tmp_path, tmp_path / "media"
    if connection.vendor == "sqlite" and connection.is_in_memory_db():
        pytest.fail("threads need a database file; see tests/settings.py")
    return make_cast()


def at_once(act, times=AT_ONCE):
    """`act` in several threads that start together. Returns what they returned, errors by their code."""
    start, found = threading.Barrier(times), []

    def body():
        start.wait()
        try:
            found.append(act())
        except AppError as error:
            found.append(error.code)
        finally:
            connection.close()

    threads = [threading.Thread(target=body) for _ in range(times)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=120)
    assert len(found) == times
    return found


def test_the_same_file_in_several_tabs_is_one_attempt(cast, tmp_path):
    uploads = [onnx_like(tmp_path) for _ in range(AT_ONCE)]
    receipts = at_once(lambda: hand_in(cast, cast.ruth, uploads.pop(), uuid4()).receipt)
    assert len(set(receipts)) == 1
    assert Submission.objects.count() == Run.objects.count() == 1
    assert len(list((tmp_path / "media" / "submissions").iterdir())) == 1  # nothing of the others is left


def test_several_files_at_once_never_exceed_the_attempts(cast, tmp_path):
    cast.lab.attempts_allowed, cast.lab.newer_attempt = 2, NewerAttempt.WAIT
    cast.lab.save()
    uploads = [onnx_like(tmp_path, more=bytes([n])) for n in range(AT_ONCE)]
    found = at_once(lambda: hand_in(cast, cast.ruth, uploads.pop(), uuid4()).number)
    assert sorted(n for n in found if n != "no_attempts_left") == [1, 2]


def test_beyond_the_attempts_each_file_takes_the_place_of_one_that_waits_and_no_more_are_measured(cast, tmp_path):
    cast.lab.attempts_allowed = 2
    cast.lab.save()
    uploads = [onnx_like(tmp_path, more=bytes([n])) for n in range(AT_ONCE)]
    found = at_once(lambda: hand_in(cast, cast.ruth, uploads.pop(), uuid4()).number)
    assert sorted(found) == [1, 2, 3, 4, 5, 6]
    assert Run.objects.filter(status=Status.QUEUED).count() == 2
    gone = Run.objects.exclude(status=Status.QUEUED)
    assert {(run.outcome, run.error_code) for run in gone} == {(Outcome.CANCELLED, SUPERSEDED)}


def test_fifty_hand_ins_of_one_team_at_once_are_charged_once(cast, tmp_path):
    """Different files by three members, all late: one bank, and it pays for one late hand-in."""
    with_policy(cast, bank={"days": 5, "owner": "team"})
    team = make_team(cast, cast.ruth, cast.daniel, cast.sofia)
    cast.lab.is_individual, cast.lab.attempts_allowed = False, 50
    due_ago(cast.lab, hours=30)
    work = [
        (person, onnx_like(tmp_path, more=bytes([n])))
        for n in range(50)
        for person in [(cast.ruth, cast.daniel, cast.sofia)[n % 3]]
    ]
    found = at_once(lambda: hand_in(cast, *work.pop(), uuid4()).number, times=50)
    assert sorted(found) == list(range(1, 51))
    entries = LateEntry.objects.filter(course=cast.course)
    assert sorted((row.kind, row.days) for row in entries) == [("policy", 5), ("spend", -2)]
    assert all(row.team == team for row in entries)
    assert LateVerdict.objects.count() == 3


def test_several_clicks_on_run_it_again_are_one_run(cast, tmp_path):
    submission = hand_in(cast, cast.ruth, onnx_like(tmp_path))
    run = submission.runs.get()
    run_cancel(visit=cast.visit(cast.helen), run=run)
    visit, run = cast.visit(cast.helen), Run.objects.get(pk=run.pk)
    found = at_once(lambda: run_again(visit=visit, run=run).status)
    assert sorted(found) == ["already_in_line"] * (AT_ONCE - 1) + ["queued"]
    assert Run.objects.filter(submission=submission, status__in=OPEN).count() == 1
