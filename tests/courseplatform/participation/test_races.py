"""Two phones, two tabs, at once: real threads on a real database, where only a constraint helps."""

import threading
from uuid import uuid4

import pytest
from django.db import connection

from courseplatform.core.errors import AppError
from courseplatform.notices.models import Notification
from courseplatform.participation.models import Attendance, Credit, ImportBatch
from courseplatform.participation.services.attendance import attendance_fill, attendance_record
from courseplatform.participation.services.credits import credit_withdraw
from courseplatform.participation.services.imports import import_count, import_create
from tests.courseplatform.participation.builders import (
    THREAD,
    give,
    session_of,
    slack_files,
    slack_import,
    with_scheme,
    zipped,
)
from tests.people import make_cast

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.real_database]
AT_ONCE = 6


@pytest.fixture
def cast(settings, tmp_path):
    settings.DATA_DIR, settings.MEDIA_ROOT = tmp_path, tmp_path / "media"
    cast = make_cast()
    with_scheme(cast.course)
    return cast


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


def test_one_entry_sent_from_several_tabs_counts_once(cast):
    key = uuid4()
    found = at_once(lambda: give(cast, cast.ruth, key=key).pk)
    assert len(set(found)) == 1 and Credit.objects.count() == 1


def test_several_entries_at_once_all_count(cast):
    at_once(lambda: give(cast, cast.ruth))
    assert Credit.objects.valid().count() == AT_ONCE


def test_several_undos_take_back_once_and_tell_once(cast):
    credit = give(cast, cast.ruth)
    visit = cast.visit(cast.helen)
    found = at_once(lambda: credit_withdraw(visit=visit, credit=Credit.objects.get(pk=credit.pk), why="twice"))
    assert sorted(found) == [False] * (AT_ONCE - 1) + [True]
    assert Notification.objects.count() == 1


def test_two_people_who_record_attendance_leave_one_row_a_person(cast):
    session, visit = session_of(cast.course), cast.visit(cast.amit)
    acts = [
        lambda: attendance_fill(visit=visit, session=session, mode="in_person"),
        lambda: attendance_record(
            visit=visit, session=session, modes={cast.ruth.pk: "virtual", cast.daniel.pk: "absent"}
        ),
    ] * (AT_ONCE // 2)
    at_once(lambda: acts.pop()())  # noqa: PLW0108 each thread takes its own
    assert dict(Attendance.objects.values_list("person__name", "mode")) == {
        "Ruth": "virtual",
        "Daniel": "absent",
        "Sofia": "in_person",
    }


def test_the_same_file_in_several_tabs_is_one_import(cast, tmp_path):
    file, visit = zipped(tmp_path, slack_files(THREAD)), cast.visit(cast.amit)
    found = at_once(lambda: import_create(visit=visit, upload=file)[0].pk)
    assert len(set(found)) == 1 and ImportBatch.objects.count() == 1


def test_a_choice_sent_several_times_counts_once(cast, tmp_path):
    batch, visit = slack_import(cast, tmp_path), cast.visit(cast.amit)
    keys = list(batch.candidates.values_list("pk", flat=True))
    found = at_once(lambda: import_count(visit=visit, batch=batch, candidates=keys))
    assert sorted(found) == [0] * (AT_ONCE - 1) + [2] and Credit.objects.count() == 2
