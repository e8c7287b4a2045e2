"""Several requests at once: real threads on a real database."""

import threading

import pytest
from django.core.cache import cache
from django.db import connection
from django.utils import timezone

from courseplatform.audit import recording
from courseplatform.audit.models import AuditRow, StudentView
from courseplatform.audit.recording import Looked, look_record
from courseplatform.audit.registry import audit
from courseplatform.audit.view_as.services import student_view_end, student_view_start
from courseplatform.core.errors import AppError
from tests.courseplatform.audit.builders import enrolment_of
from tests.people import make_cast

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.real_database]
AT_ONCE = 5


@pytest.fixture
def cast(settings, tmp_path):
    settings.DATA_DIR, settings.MEDIA_ROOT = tmp_path, tmp_path / "media"
    cache.clear()
    return make_cast()


def at_once(act):
    """`act()` in several threads that start together. Returns what each returned, or the code of its error."""
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


def look_of(cast, route="roster:person"):
    parts = {"enrolment": enrolment_of(cast, cast.ruth).pk}
    return Looked(audit.reads[route], cast.amit, cast.course, "/courses/odml/people/7/", parts)


def test_looks_in_one_moment_are_one_row(cast, monkeypatch):
    monkeypatch.setattr(recording.cache, "get", lambda *_: None)  # the cache knows nothing yet, in any of them
    looked, now = look_of(cast), timezone.now()
    at_once(lambda: look_record(looked, now))
    row = AuditRow.objects.get()
    assert (row.about, row.actor_person, row.act) == (cast.ruth, cast.amit, "saw")


def test_exports_in_one_moment_are_a_row_each(cast):
    looked = Looked(audit.reads["roster:people_csv"], cast.amit, cast.course, "/courses/odml/people.csv", {})
    at_once(lambda: look_record(looked))
    assert AuditRow.objects.filter(act="exported").count() == AT_ONCE


def test_tabs_that_begin_at_once_leave_one_view(cast):
    found = at_once(lambda: student_view_start(visit=cast.visit(cast.helen), student=cast.ruth, session="one"))
    assert {one for one in found if isinstance(one, str)} <= {"views_already"}
    assert StudentView.objects.filter(ended_at=None).count() == 1
    told = list(AuditRow.objects.values_list("what", flat=True))
    assert sum(what.startswith("Began") for what in told) - sum(what.startswith("Ended") for what in told) == 1


def test_a_view_ends_once(cast):
    view = student_view_start(visit=cast.visit(cast.helen), student=cast.ruth, session="one")
    assert sorted(at_once(lambda: student_view_end(view=view, why="stopped"))) == [False] * (AT_ONCE - 1) + [True]
    assert AuditRow.objects.filter(what__startswith="Ended").count() == 1
