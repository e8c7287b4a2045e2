"""Archives that are asked for at a page: made by a worker, fetched for a week, and never lost with a worker that is killed."""

from datetime import timedelta
from io import BytesIO
from pathlib import Path
from zipfile import ZipFile

import pytest
from django.utils import timezone

from courseplatform.audit.models import Act, AuditRow
from courseplatform.core.errors import Conflict
from courseplatform.core.leaving import leaving_sweep
from courseplatform.courses.models import Role
from courseplatform.keeping.models import ArchiveStatus, CourseArchive
from courseplatform.keeping.term import archive_jobs
from courseplatform.keeping.term.archive_jobs import archive_ask, archives_sweep
from courseplatform.notices.models import Notification

pytestmark = pytest.mark.django_db
PAGE = "/courses/odml/term/"


def asked(cast):
    return archive_ask(visit=cast.visit(cast.helen))


def test_an_instructor_asks_a_worker_makes_and_the_instructor_fetches(client, cast):
    client.force_login(cast.helen)
    assert client.post(f"{PAGE}archive/").status_code == 302
    assert "In line" not in client.get(PAGE).content.decode()
    assert "It is begun within half a minute" in client.get(PAGE).content.decode()
    assert archives_sweep() == 1
    row = CourseArchive.objects.get()
    assert (row.status, row.missing) == (ArchiveStatus.DONE, 0)
    assert row.files > 10
    assert "archive-" in client.get(PAGE).content.decode()
    answer = client.get(f"{PAGE}archive/{row.pk}/file/")
    data = b"".join(answer.streaming_content)
    assert len(data) == row.bytes
    assert answer["Content-Disposition"].startswith('attachment; filename="odml-archive-')
    with ZipFile(BytesIO(data)) as archive:
        assert "README.txt" in archive.namelist()
    assert Notification.objects.get(kind="keeping").person == cast.helen
    assert AuditRow.objects.filter(course=cast.course, act=Act.EXPORTED).count() == 2  # asked for, and fetched


@pytest.mark.parametrize("who", ["amit", "ruth", "lena", "olu"])
def test_nobody_but_an_instructor_gets_it(client, cast, who):
    row = asked(cast)
    archives_sweep()
    client.force_login(getattr(cast, who))
    for path in ("", f"archive/{row.pk}/", f"archive/{row.pk}/file/"):
        assert client.get(f"{PAGE}{path}").status_code in (403, 404)
    assert client.post(f"{PAGE}archive/").status_code in (403, 404)


def test_one_is_made_at_a_time(cast):
    asked(cast)
    with pytest.raises(Conflict) as refused:
        asked(cast)
    assert refused.value.code == "archive_in_the_making"
    archives_sweep()
    assert asked(cast).status == ArchiveStatus.WAITING


def test_it_is_gone_after_a_week(client, cast):
    row = asked(cast)
    archives_sweep()
    row.refresh_from_db()
    path = Path(row.file.path)
    archives_sweep(now=timezone.now() + timedelta(days=6, hours=23))
    assert path.exists()
    later = timezone.now() + timedelta(days=7, minutes=1)
    archives_sweep(now=later)
    leaving_sweep(now=later + timedelta(hours=2))
    row.refresh_from_db()
    assert (row.status, bool(row.file), path.exists()) == (ArchiveStatus.GONE, False, False)
    client.force_login(cast.helen)
    answer = client.get(f"{PAGE}archive/{row.pk}/file/", HTTP_ACCEPT="application/json")
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "no_archive")


def test_a_worker_that_is_killed_loses_nothing(cast, monkeypatch):
    row = asked(cast)

    def killed(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(archive_jobs, "archive_write", killed)
    for number in range(1, archive_jobs.MOST_TRIES + 1):
        with pytest.raises(KeyboardInterrupt):
            archives_sweep()
        row.refresh_from_db()
        assert (row.status, row.tries) == (ArchiveStatus.RUNNING, number)
        assert archives_sweep() == 0  # it may live still
        CourseArchive.objects.update(beat_at=timezone.now() - timedelta(minutes=5))
    assert archives_sweep() == 0
    row.refresh_from_db()
    assert (row.status, row.error_code) == (ArchiveStatus.FAILED, "worker_stopped")
    monkeypatch.undo()
    asked(cast)
    assert archives_sweep() == 1


def test_a_worker_that_was_thought_dead_keeps_nothing(cast, monkeypatch):
    row, written = asked(cast), archive_jobs.archive_write

    def slowly(*args, **more):
        manifest = written(*args, **more)
        CourseArchive.objects.update(tries=2)  # another worker began it anew
        return manifest

    monkeypatch.setattr(archive_jobs, "archive_write", slowly)
    assert archives_sweep() == 0
    row.refresh_from_db()
    assert (row.status, bool(row.file)) == (ArchiveStatus.RUNNING, False)


def test_whoever_is_no_instructor_any_more_gets_none(cast):
    row = asked(cast)
    cast.course.enrolments.filter(person=cast.helen).update(role=Role.TA)
    assert archives_sweep() == 0
    row.refresh_from_db()
    assert (row.status, row.error_code) == (ArchiveStatus.FAILED, "no_instructor")


def test_a_full_disk_is_said(cast, monkeypatch):
    row = asked(cast)

    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(archive_jobs, "archive_write", full)
    assert archives_sweep() == 0
    row.refresh_from_db()
    assert (row.status, row.error_code) == (ArchiveStatus.FAILED, "storage_failed")
