"""Two tabs, two clicks, at once: real threads on a real database, where only a lock or a constraint helps."""

import threading
from uuid import uuid4

import pytest
from django.db import connection

from courseplatform.core.errors import AppError
from grading.models import Run, Submission
from grading.services.runs import run_again, run_cancel
from hardware.models import OPEN
from tests.people import hand_in, make_cast, onnx_like

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.real_database]
AT_ONCE = 6


@pytest.fixture
def cast(settings, tmp_path):
    settings.DATA_DIR, settings.MEDIA_ROOT = tmp_path, tmp_path / "media"
    if connection.vendor == "sqlite" and connection.is_in_memory_db():
        pytest.fail("threads need a database file; see tests/settings.py")
    return make_cast()


def at_once(act):
    """`act` in several threads that start together. Returns what they returned, errors by their code."""
    start, found = threading.Barrier(AT_ONCE), []

    def body():
        start.wait()
        try:
            found.append(act())
        except AppError as error:
            found.append(error.code)
        finally:
            connection.close()

    threads = [threading.Thread(target=body) for _ in range(AT_ONCE)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert len(found) == AT_ONCE
    return found


def test_the_same_file_in_several_tabs_is_one_attempt(cast, tmp_path):
    uploads = [onnx_like(tmp_path) for _ in range(AT_ONCE)]
    receipts = at_once(lambda: hand_in(cast, cast.ruth, uploads.pop(), uuid4()).receipt)
    assert len(set(receipts)) == 1
    assert Submission.objects.count() == Run.objects.count() == 1
    assert len(list((tmp_path / "media" / "submissions").iterdir())) == 1  # nothing of the others is left


def test_several_files_at_once_never_exceed_the_attempts(cast, tmp_path):
    cast.lab.attempts_allowed = 2
    cast.lab.save()
    uploads = [onnx_like(tmp_path, more=bytes([n])) for n in range(AT_ONCE)]
    found = at_once(lambda: hand_in(cast, cast.ruth, uploads.pop(), uuid4()).number)
    assert sorted(n for n in found if n != "no_attempts_left") == [1, 2]


def test_several_clicks_on_run_it_again_are_one_run(cast, tmp_path):
    submission = hand_in(cast, cast.ruth, onnx_like(tmp_path))
    run = submission.runs.get()
    run_cancel(visit=cast.visit(cast.helen), run=run)
    visit, run = cast.visit(cast.helen), Run.objects.get(pk=run.pk)
    found = at_once(lambda: run_again(visit=visit, run=run).status)
    assert sorted(found) == ["already_in_line"] * (AT_ONCE - 1) + ["queued"]
    assert Run.objects.filter(submission=submission, status__in=OPEN).count() == 1
