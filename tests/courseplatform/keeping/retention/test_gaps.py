"""What goes wrong around the sweep: two at once, a restored set, somebody who asks for a run in the same moment, a single file."""

import threading
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.utils import timezone

from courseplatform.audit.models import AuditRow
from courseplatform.core.errors import AppError
from courseplatform.core.file_places import place_of
from courseplatform.core.leaving import MEDIA, leaving_sweep, orphans_leave
from courseplatform.core.models import GoneFile, LeavingFile
from courseplatform.courses.retention_kinds import KINDS
from courseplatform.keeping.retention.sweep import retention_sweep
from courseplatform.notices.models.notifications import Notification
from grading.models import Run
from grading.services.runs import run_again
from hardware.models import OPEN
from tests.courseplatform.keeping.retention.builders import days, ended_course
from tests.courseplatform.teams.test_races import at_once
from tests.people import make_cast

TOLD = (336, 359, 365)


def told(cast, folder):
    """A course of which everybody was told, on the eve of the day on which models leave."""
    submission, _ = ended_course(cast, folder)
    for day in TOLD:
        retention_sweep(now=days(day))
    return submission


def lies_again(name, content, folder):
    """As a restore puts it."""
    (folder / "copy").write_bytes(content)
    place_of(MEDIA).store().put(name, folder / "copy")


@pytest.mark.django_db
def test_one_thing_is_one_thing_in_the_mail_the_audit_and_the_page(cast, client, tmp_path):
    told(cast, tmp_path)
    client.force_login(cast.helen)
    text = client.get("/courses/odml/retention/").content.decode()
    mail = Notification.objects.filter(kind="keeping").order_by("pk").first().text
    assert "- Models: 1 file, " in mail
    assert "1 files" not in mail + text
    retention_sweep(now=days(366))
    said = AuditRow.objects.filter(actor="The retention policy", what__contains="models").get().what
    assert said.startswith("Deleted 1 file, ")
    assert [kind.counted(1).split(" ", 1)[1] for kind in KINDS.values()] == [
        "file",
        "file",
        "run",
        "file or log",
        "message",
        "line",
        "record",
    ]


@pytest.mark.django_db
def test_what_a_restored_set_brings_back_is_deleted_once_more(cast, tmp_path):
    """The set was made before the day: its rows name the file, which lies there again, and both mails are known to be sent."""
    submission = told(cast, tmp_path)
    name = str(submission.model_file.name)
    content = submission.model_file.read()
    store = submission.model_file.storage
    with transaction.atomic():
        retention_sweep(now=days(366))
        leaving_sweep(now=days(367))
        assert not store.exists(name)
        transaction.set_rollback(True)  # the database of before
    lies_again(name, content, tmp_path)
    assert not GoneFile.objects.exists()
    retention_sweep(now=days(400))
    leaving_sweep(now=days(402))
    submission.refresh_from_db()
    assert not submission.model_file
    assert not store.exists(name)
    assert GoneFile.objects.filter(field="model_file").count() == 1


@pytest.mark.django_db
def test_a_file_that_came_back_without_its_row_is_found_and_goes(cast, tmp_path):
    """The database is of today, and the files of an old set lie in the store again."""
    submission = told(cast, tmp_path)
    name, store = str(submission.model_file.name), submission.model_file.storage
    retention_sweep(now=days(366))
    leaving_sweep(now=days(367))
    lies_again(name, b"again", tmp_path)
    assert orphans_leave() >= 1
    assert LeavingFile.objects.filter(name=name).exists()
    leaving_sweep(now=timezone.now() + timedelta(hours=2))
    assert not store.exists(name)


@pytest.fixture
def real_cast(settings, tmp_path):
    for name in ("DATA_DIR", "INCOMING_DIR"):
        setattr(settings, name, tmp_path)
    settings.MEDIA_ROOT = tmp_path / "media"
    return make_cast()


@pytest.mark.django_db(transaction=True)
@pytest.mark.real_database
def test_two_sweeps_at_once_delete_everything_once(real_cast, tmp_path):
    submission = told(real_cast, tmp_path)
    at_once(*[lambda: retention_sweep(now=days(366))] * 3)
    submission.refresh_from_db()
    assert not submission.model_file
    assert LeavingFile.objects.count() == 1
    said = AuditRow.objects.filter(actor="The retention policy", what__contains="models")
    assert [row.what.split(",")[0] for row in said] == ["Deleted 1 file"]


@pytest.mark.django_db(transaction=True)
@pytest.mark.real_database
def test_whoever_wins_a_model_is_not_both_deleted_and_measured_again(real_cast, tmp_path):
    submission = told(real_cast, tmp_path)
    run = Run.objects.get(submission=submission)
    visit = real_cast.visit(real_cast.helen)
    found = at_once(lambda: retention_sweep(now=days(366)), lambda: str(run_again(visit=visit, run=run).pk))
    submission.refresh_from_db()
    is_open = Run.objects.filter(submission=submission, status__in=OPEN).exists()
    assert is_open == bool(submission.model_file), found
    assert found[1] == "file_gone" or is_open


@pytest.mark.django_db(transaction=True)
@pytest.mark.real_database
def test_a_run_that_is_asked_for_while_the_sweep_looks_keeps_its_model(real_cast, tmp_path):
    """The sweep has chosen what goes; somebody who holds the lock of their enrolment puts the model into line; the sweep asks again."""
    if connection.vendor == "sqlite":
        pytest.skip("SQLite has one writer: nobody comes in between")
    submission = told(real_cast, tmp_path)
    run, visit, holds, goes = (
        Run.objects.get(submission=submission),
        real_cast.visit(real_cast.helen),
        threading.Event(),
        threading.Event(),
    )

    def again():
        with transaction.atomic():
            run_again(visit=visit, run=run)
            holds.set()
            goes.wait(5)

    def sweep():
        holds.wait(20)
        timer = threading.Timer(1.0, goes.set)
        timer.start()
        return retention_sweep(now=days(366))

    assert not [one for one in at_once(again, sweep) if isinstance(one, AppError)]
    submission.refresh_from_db()
    assert submission.model_file
    assert Run.objects.filter(submission=submission, status__in=OPEN).count() == 1
