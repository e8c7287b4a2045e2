"""Deleting a course: nothing of it remains, and nothing else is touched. Two worlds are made alike, and one goes."""

from datetime import timedelta
from zipfile import ZipFile

import pytest
from django.core.cache import cache
from django.core.management import call_command
from django.db import connection, transaction
from django.utils import timezone

from courseplatform.accounts.models import User
from courseplatform.audit.models import AuditRow
from courseplatform.core.errors import Conflict
from courseplatform.core.file_places import places
from courseplatform.core.leaving import leaving_sweep
from courseplatform.core.models import LeavingFile
from courseplatform.courses.belongings import all_tables, course_tables, rows_of
from courseplatform.courses.models import Course
from courseplatform.keeping.models import CourseDeletion
from courseplatform.keeping.term import deleting
from courseplatform.keeping.term.closing import course_open
from courseplatform.keeping.term.deleting import course_delete, deletion_begin
from courseplatform.lti.models import Platform
from grading.models import HiddenSet, Run
from grading.models.boards import BoardAsk
from grading.models.reruns import Rerun, RerunStatus
from hardware.models import Job, Loan, Outcome, Status, Stockroom
from tests.courseplatform.test_access import values_of
from tests.people import make_cast

pytestmark = pytest.mark.django_db
# What is of people or of the site, and stays whoever's course goes.
OF_THE_SITE = (
    "accounts.", "account.", "sessions.", "mfa.", "socialaccount.", "uploads.", "lti.Platform", "lti.Deployment", "lti.LoginAttempt", "calendars.", "status.",
    "metrics.", "core.", "contenttypes.", "auth.", "notices.MailPreference",
)  # fmt: skip


def made_ready(course):
    """Closed, with nothing out and no run open: as a term ends."""
    Job.objects.exclude(status=Status.FINISHED).update(status=Status.FINISHED, outcome=Outcome.CANCELLED)
    Loan.objects.filter(course=course).update(closed_at=timezone.now())
    Rerun.objects.filter(assignment__course=course).update(status=RerunStatus.DISCARDED)
    Course.objects.filter(pk=course.pk).update(closed_at=timezone.now(), closed_by="helen@example.edu")
    course.refresh_from_db()


def counts():
    return {model._meta.label: model._base_manager.count() for model in all_tables()}


def files():
    return {(place.key, name) for place in places() for name in place.store().listing()}


def asked_and_run(course):
    """A board run that was asked for and became a run: two rows extend one job (grading/measuring/ask_end.py)."""
    run = Run.objects.filter(submission__assignment__course=course).first()
    BoardAsk(job_ptr_id=run.pk, submission=run.submission, asked_by="ruth@example.edu", rules="x").save_base(
        raw=True, force_insert=True
    )


@pytest.fixture(scope="module")
def worlds(module_dir):
    """(course that stays, what there was before the other one came, the course that goes)."""
    cache.clear()
    stays = make_cast()
    values_of(stays, module_dir)
    made_ready(stays.course)
    for course in Course.objects.all():
        Course.objects.filter(pk=course.pk).update(slug=f"{course.slug}-stays")
    for person in User.objects.all():
        User.objects.filter(pk=person.pk).update(email=f"stays-{person.email}")
    for room in Stockroom.objects.all():
        Stockroom.objects.filter(pk=room.pk).update(slug=f"{room.slug}-stays"[:24])
    Platform.objects.update(client_id="of the course that stays")
    before, lying = counts(), files()
    goes = make_cast()
    values_of(goes, module_dir)
    asked_and_run(goes.course)
    made_ready(goes.course)
    return stays, before, lying, goes


def same(found, before):
    return {
        label: (before[label], found[label])
        for label in before
        if found[label] != before[label] and not label.startswith(OF_THE_SITE)
    }


def begun(course):
    return deletion_begin(course=course, by="test")


def test_nothing_remains_and_nothing_else_is_touched(worlds):
    stays, before, lying, goes = worlds
    theirs = {model._meta.label: rows_of(stays.course, model).count() for model in course_tables()}
    people = set(User.objects.values_list("email", flat=True))
    Course.objects.filter(pk=goes.other_course.pk).delete()
    begun(goes.course)
    gone = course_delete(course=goes.course)
    assert gone.is_over
    assert gone.rows > 150
    found = counts()
    found["audit.AuditRow"] -= 2  # that it began and ended, in the audit of the site
    assert same(found, before) == {}
    assert {model._meta.label: rows_of(stays.course, model).count() for model in course_tables()} == theirs
    assert set(User.objects.values_list("email", flat=True)) == people
    assert found["uploads.Upload"] == before["uploads.Upload"] == 1
    assert found["uploads.UploadMove"] == before["uploads.UploadMove"]
    leaving_sweep(now=timezone.now() + timedelta(hours=2))
    assert {one for one in files() if "/.." not in one[1]} - lying == set()
    assert lying - files() == set()
    assert HiddenSet.objects.filter(slug="test").exists()  # the other course measures on it
    said = list(AuditRow.objects.filter(course=None).order_by("pk").values_list("what", flat=True))
    assert said[-2:] == [
        "Began to delete the course odml: 11-767 On-Device Machine Learning",
        "Deleted the course odml: 11-767 On-Device Machine Learning",
    ]


def test_killed_after_any_batch_it_goes_on(worlds):
    _, before, _, goes = worlds
    Course.objects.filter(pk=goes.other_course.pk).delete()
    begun(goes.course)
    steps = 0
    while not course_delete(course=goes.course, batches=5).is_over:
        steps += 1
        assert CourseDeletion.objects.filter(course=goes.course).exclude(begun_at=None).exists()
        connection.check_constraints()  # no key leads nowhere at any moment
        assert steps < 500
    found = counts()
    found["audit.AuditRow"] -= 2
    assert same(found, before) == {}
    assert steps > 15


def test_killed_in_the_middle_of_a_batch_nothing_of_it_has_happened(worlds, monkeypatch):
    _, _, _, goes = worlds
    begun(goes.course)
    gone, real = [0], deleting._raw_delete

    def killed(model, keys):
        gone[0] += 1
        if gone[0] == 30:
            raise KeyboardInterrupt
        return real(model, keys)

    monkeypatch.setattr(deleting, "_raw_delete", killed)
    before = LeavingFile.objects.count()
    with pytest.raises(KeyboardInterrupt), transaction.atomic():
        course_delete(course=goes.course)
    monkeypatch.undo()
    assert LeavingFile.objects.count() == before
    assert course_delete(course=goes.course).is_over


def test_a_course_is_deleted_only_when_it_is_closed_and_nothing_is_out(worlds):
    _, _, _, goes = worlds
    Course.objects.filter(pk=goes.course.pk).update(closed_at=None)
    with pytest.raises(Conflict) as refused:
        begun(goes.course)
    assert refused.value.code == "not_closed"
    Course.objects.filter(pk=goes.course.pk).update(closed_at=timezone.now())
    Loan.objects.filter(course=goes.course).update(closed_at=None)
    with pytest.raises(Conflict) as refused:
        begun(goes.course)
    assert refused.value.code == "things_lent"
    with pytest.raises(Conflict) as refused:
        course_delete(course=goes.course)
    assert refused.value.code == "deletion_not_begun"


def test_once_begun_nobody_comes_in_and_nobody_opens_it(worlds, client):
    _, _, _, goes = worlds
    client.force_login(goes.helen)
    assert client.get("/courses/odml/").status_code == 200
    begun(goes.course)
    assert client.get("/courses/odml/").status_code == 404
    with pytest.raises(Conflict) as refused:
        course_open(course=goes.course, by="test")
    assert refused.value.code == "to_be_deleted"


def test_a_stockroom_that_another_course_lends_from_stays(worlds):
    stays, _, _, goes = worlds
    room = Stockroom.objects.get(slug="odml")
    room.courses.create(course=stays.other_course)
    items = room.items.count()
    assert items
    begun(goes.course)
    course_delete(course=goes.course)
    assert room.items.count() == items
    assert Stockroom.objects.filter(pk=room.pk).exists()


def test_the_command_wants_an_archive_of_now_and_the_name(worlds, tmp_path, capsys):
    _, _, _, goes = worlds
    old, new = tmp_path / "old.zip", tmp_path / "new.zip"

    def refused(*args, **more):
        with pytest.raises(SystemExit):
            call_command("course_delete", "odml", *args, **more)
        return capsys.readouterr().err

    assert "no_archive" in refused(confirm="odml")
    call_command("course_archive", "odml", str(old))
    goes.course.sessions.create(held_on=timezone.localdate(), column="lecture", title="One more", position=9)
    assert (
        "archive_is_old: Since this archive was made the course has changed: tables/courses.Session.jsonl"
        in refused(archive=str(old), confirm="odml")
    )
    call_command("course_archive", "odml", str(new))
    assert "not_confirmed" in refused(archive=str(new), confirm="odm")
    data = bytearray(new.read_bytes())
    with ZipFile(new) as archive:  # a byte of what a file holds, not of a header that nobody reads
        longest = max(archive.infolist(), key=lambda one: one.compress_size)
    data[longest.header_offset + len(longest.FileHeader()) + longest.compress_size // 2] ^= 255
    (tmp_path / "broken.zip").write_bytes(data)
    assert "archive_broken" in refused(archive=str(tmp_path / "broken.zip"), confirm="odml")
    assert Course.objects.filter(slug="odml").exists()
    call_command("course_delete", "odml", archive=str(new), confirm="odml")
    assert "odml is deleted" in capsys.readouterr().out
    assert not Course.objects.filter(slug="odml").exists()
    assert "no_such_course" in refused(without_archive=True, confirm="odml")
