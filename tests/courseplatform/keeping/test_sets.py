"""Sets of database and files: what is in them, what they share, and what is said when something is wrong."""

import errno
import json
import os
import shutil
import subprocess
import sys
import uuid
from contextlib import closing
from datetime import timedelta
from io import StringIO

import psycopg2
import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.utils import timezone

from courseplatform.core.half_restored import restore_health
from courseplatform.core.leaving import file_leaves, leaving_sweep
from courseplatform.core.management.commands.up import _check_whole
from courseplatform.core.models import LeavingFile
from courseplatform.keeping import backing_up, restoring
from courseplatform.keeping.backing_up import backup_make
from courseplatform.keeping.errors import BackupFailed, Damaged, NoSet, RestoreRefused
from courseplatform.keeping.models import Backup, BackupStatus
from courseplatform.keeping.selectors import is_being_made, last_backup
from courseplatform.keeping.sets.manifest import manifest_read
from courseplatform.keeping.sets.shelf import DAMAGED
from courseplatform.keeping.verifying import set_verify
from courseplatform.keeping.watching import backups_watch
from courseplatform.notices.models.notifications import Notification
from grading.models import Submission
from tests import parts
from tests.people import hand_in, onnx_like

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.real_database]
NOON = timezone.now().replace(microsecond=0)


@pytest.fixture(autouse=True)
def _migrations_recorded(db, settings):
    """The tables of tests are made without migrations; those of a site say which it has had."""
    settings.MIGRATION_MODULES = {}
    recorder, row = MigrationRecorder(connection), MigrationRecorder.Migration
    recorder.ensure_schema()
    if not row.objects.exists():
        names = MigrationLoader(None).disk_migrations
        row.objects.bulk_create(row(app=app, name=name) for app, name in names)


@pytest.fixture
def shelf(tmp_path):
    return tmp_path / "sets"


def make(shelf, minutes=0, **options):
    return backup_make(to=shelf, now=NOON + timedelta(minutes=minutes), **{"keep": None, "is_verified": True} | options)


def model_in(made, submission):
    return made.folder / "files" / "media" / str(submission.model_file)


def test_a_set_holds_the_rows_and_the_files_that_they_name(cast, tmp_path, shelf):
    first = hand_in(cast, cast.ruth, onnx_like(tmp_path))
    made = make(shelf)
    assert model_in(made, first).read_bytes() == first.model_file.open().read()
    assert made.manifest.counts["grading_submission"] == 1
    assert {line.name for line in made.manifest.files if line.place == "hidden"} == {
        "test-inputs.npy",
        "test-labels.npy",
    }
    assert (made.row.status, made.row.missing, made.row.verified_at is not None) == (BackupStatus.DONE, 0, True)


def test_a_second_set_shares_what_has_not_changed(cast, tmp_path, shelf):
    first = hand_in(cast, cast.ruth, onnx_like(tmp_path))
    one = make(shelf)
    second = hand_in(cast, cast.sofia, onnx_like(tmp_path, more=b"x"))
    two = make(shelf, 1)
    assert model_in(one, first).stat().st_ino == model_in(two, first).stat().st_ino
    assert model_in(two, second).is_file()
    assert not model_in(one, second).exists()


def test_only_the_newest_sets_are_kept_and_stay_whole(cast, tmp_path, shelf):
    hand_in(cast, cast.ruth, onnx_like(tmp_path))
    made = [make(shelf, minutes, keep=2) for minutes in range(3)]
    assert [one.folder.exists() for one in made] == [False, True, True]
    assert made[2].pruned == [made[0].folder.name]
    assert set_verify(made[1].folder).files == 3


def test_what_a_killed_backup_left_is_taken_away_and_told(cast, shelf):
    place = make(shelf).row.place
    (shelf / ".20200101T000000Z.unfinished" / "files").mkdir(parents=True)
    row = Backup.objects.create(name="20200101T000000Z", place=place)
    assert make(shelf, 1).left_over == ["20200101T000000Z"]
    row.refresh_from_db()
    assert (row.status, row.error_code) == (BackupStatus.FAILED, "backup_killed")
    assert len([path for path in shelf.iterdir() if path.is_dir()]) == 2


def test_a_full_disk_is_told_and_leaves_earlier_sets_whole(cast, tmp_path, shelf, monkeypatch):
    before = make(shelf)
    hand_in(cast, cast.ruth, onnx_like(tmp_path))

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(backing_up, "_copied", full)
    with pytest.raises(BackupFailed) as refused:
        make(shelf, 1)
    assert refused.value.code == "backup_disk_full"
    assert [path for path in shelf.iterdir() if path.is_dir()] == [before.folder]
    assert last_backup().failed.error_code == "backup_disk_full"
    assert set_verify(before.folder)


def test_one_byte_that_changed_is_found_and_not_shared_any_more(cast, tmp_path, shelf):
    first = hand_in(cast, cast.ruth, onnx_like(tmp_path))
    one = make(shelf)
    content = bytearray(model_in(one, first).read_bytes())
    content[3] ^= 1
    model_in(one, first).write_bytes(content)
    with pytest.raises(Damaged, match="other bytes than were written"):
        set_verify(one.folder)
    assert (one.folder / DAMAGED).exists()
    two = make(shelf, 1)
    assert model_in(two, first).read_bytes() == first.model_file.open().read()


def test_a_copy_of_the_database_that_was_cut_off_is_found(cast, shelf):
    made = make(shelf)
    file = made.folder / made.manifest.database["file"]
    os.truncate(file, file.stat().st_size // 2)
    with pytest.raises(Damaged, match="bytes instead of"):
        set_verify(made.folder)


def test_a_file_that_is_gone_already_is_named_and_the_rest_is_kept(cast, tmp_path, shelf):
    lost, kept = hand_in(cast, cast.ruth, onnx_like(tmp_path)), hand_in(cast, cast.sofia, onnx_like(tmp_path))
    lost.model_file.storage.delete(lost.model_file.name)
    said = StringIO()
    with pytest.raises(SystemExit) as ended:
        call_command("backup", "--to", str(shelf), stdout=said, stderr=said)
    assert ended.value.code == 3
    assert f"media/{lost.model_file.name}" in said.getvalue()
    (made,) = (path for path in shelf.iterdir() if path.is_dir())
    assert (made / "files" / "media" / kept.model_file.name).is_file()


def test_no_file_goes_while_a_backup_is_made(cast, tmp_path):
    submission = hand_in(cast, cast.ruth, onnx_like(tmp_path))
    name = submission.model_file.name
    file_leaves(name)
    Submission.objects.filter(pk=submission.pk).update(model_file="")
    later = timezone.now() + timedelta(hours=2)
    assert leaving_sweep() == 0, "an hour is not over"
    row = Backup.objects.create(name="now", place="here")
    assert is_being_made()
    assert leaving_sweep(now=later) == 0
    row.delete()
    assert leaving_sweep(now=later) == 1
    assert not submission.model_file.storage.exists(name)


def test_a_file_that_a_row_names_again_stays(cast, tmp_path):
    submission = hand_in(cast, cast.ruth, onnx_like(tmp_path))
    file_leaves(submission.model_file.name)
    assert leaving_sweep(now=timezone.now() + timedelta(hours=2)) == 0
    assert submission.model_file.storage.exists(submission.model_file.name)
    assert not LeavingFile.objects.exists()


def test_two_backups_into_one_folder_do_not_meet(cast, shelf):
    with backing_up.Shelf(shelf).held():
        done = subprocess.run(
            [sys.executable, "manage.py", "backup", "--to", str(shelf)], cwd=parts.ROOT, capture_output=True, text=True, check=False,
            env={"PATH": os.environ["PATH"], "DATA_DIR": str(shelf.parent / "none")},
        )  # fmt: skip
    assert (done.returncode, "backup_running" in done.stderr) == (2, True)


def test_what_is_asked_of_backups_says_when_none_was_made_for_too_long(db, settings):
    settings.BACKUP_EVERY_HOURS = 26
    assert last_backup().is_overdue
    Backup.objects.create(name="a", place="here", status=BackupStatus.DONE, begun_at=NOON, ended_at=NOON)
    assert not last_backup(now=NOON + timedelta(hours=25)).is_overdue
    assert last_backup(now=NOON + timedelta(hours=27)).is_overdue


def test_operators_are_told_once_of_a_backup_that_failed_and_once_a_day_that_there_is_none(cast, settings):
    settings.BACKUP_EVERY_HOURS = 26
    Backup.objects.create(
        name="a", place="here", status=BackupStatus.FAILED, error_code="backup_disk_full", error_message="Full."
    )
    for hours in (0, 1):
        assert backups_watch(now=NOON + timedelta(minutes=hours))
    titles = Notification.objects.filter(person=cast.olu).values_list("title", flat=True)
    assert sorted(titles) == ["A backup failed", "No backup was made for too long"]
    assert not Notification.objects.exclude(person=cast.olu).exists()


def test_a_site_whose_restore_was_killed_says_so_and_does_not_start(data_dir):
    assert restore_health() == "ok"
    (data_dir / "restoring.json").write_text('{"set": "20260101T000000Z"}')
    assert restore_health() == "failing: a restore has not ended"
    with pytest.raises(CommandError, match="20260101T000000Z was begun"):
        _check_whole()


def refused(folder, replace=""):
    with pytest.raises(RestoreRefused) as error:
        restoring.set_restore(folder, replace=replace, say=lambda _: None)
    return error.value.code


def test_a_site_that_is_not_empty_is_never_overwritten_by_mistake(cast, shelf):
    made = make(shelf)
    assert refused(made.folder) == refused(made.folder, "another") == "site_not_empty"
    assert Submission.objects.count() == 0
    assert cast.course.slug == "odml"


def test_a_set_of_another_kind_of_database_or_of_a_newer_program_is_refused(cast, shelf):
    made = make(shelf)
    said = json.loads((made.folder / "manifest.json").read_text())
    (made.folder / "manifest.json").write_text(json.dumps(said | {"engine": "oracle"}))
    assert refused(made.folder) == "other_database"
    (made.folder / "manifest.json").write_text(
        json.dumps(said | {"migrations": [*said["migrations"], ["grading", "9999_later"]]})
    )
    assert refused(made.folder) == "newer_backup_set"


def test_a_manifest_that_names_files_outside_of_the_set_is_refused(cast, shelf):
    made = make(shelf)
    said = json.loads((made.folder / "manifest.json").read_text())
    said["files"][0]["name"] = "../../../etc/passwd"
    (made.folder / "manifest.json").write_text(json.dumps(said))
    with pytest.raises(NoSet, match="outside"):
        manifest_read(made.folder)


def around(tmp_path, database):
    kept = {
        key: value
        for key, value in os.environ.items()
        if key not in ("DJANGO_SETTINGS_MODULE", "DATABASE_URL", "DATA_DIR")
    }
    more = {"DATABASE_URL": database, "SECRET_KEY": "only-in-tests", "ALLOWED_HOSTS": "x"} if database else {}
    return kept | {"DATA_DIR": str(tmp_path / "restored")} | more


@pytest.mark.skipif("MILLIAMP_TEST_DATABASE_URL" not in os.environ, reason="SQLite is restored by the journey")
def test_a_set_of_postgresql_becomes_a_site_again_also_over_another_one(cast, tmp_path, shelf):
    submission = hand_in(cast, cast.ruth, onnx_like(tmp_path))
    made, name = make(shelf), f"milliamp_restore_{uuid.uuid4().hex[:8]}"
    with closing(psycopg2.connect(parts.POSTGRES)) as admin:
        admin.autocommit = True
        admin.cursor().execute(f"CREATE DATABASE {name}")
        try:
            env = around(tmp_path, f"{parts.POSTGRES.rsplit('/', 1)[0]}/{name}")
            for words, code in (((), 0), ((), 2), (("--replace", name), 0)):
                done = subprocess.run(
                    [sys.executable, "manage.py", "restore", str(made.folder), *words], cwd=parts.ROOT, env=env, capture_output=True, text=True,
                    check=False,
                )  # fmt: skip
                assert done.returncode == code, done.stdout + done.stderr
            with closing(psycopg2.connect(env["DATABASE_URL"])) as copy, copy.cursor() as cursor:
                cursor.execute("select receipt from grading_submission")
                assert cursor.fetchall() == [(submission.receipt,)]
                cursor.execute("insert into core_heartbeat (name, boot, at) values ('a', '', now()) returning id")
                assert cursor.fetchone()[0] >= 1
            assert (tmp_path / "restored" / "media" / submission.model_file.name).is_file()
        finally:
            admin.cursor().execute(f"DROP DATABASE {name} WITH (FORCE)")
            shutil.rmtree(tmp_path / "restored", ignore_errors=True)
