"""The archive of a course: everything is in it, it says so itself, and the same facts make the same bytes."""

import csv
import hashlib
import io
import json
from zipfile import ZIP_STORED, ZipFile

import pytest
from django.core.cache import cache
from django.core.management import call_command

from courseplatform.audit.models import AuditRow
from courseplatform.core.file_places import places
from courseplatform.courses.access import visit_of
from courseplatform.courses.belongings import course_tables, rows_of
from courseplatform.courses.course_file.service import plan_import
from courseplatform.keeping.term.archive import archive_write
from courseplatform.keeping.term.manifest import ArchiveBroken, verify
from courseplatform.keeping.term.tables import LEFT_OUT, files_of
from courseplatform.notices.models import Notification
from tests.courseplatform.test_access import values_of
from tests.people import make_cast

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def made(module_dir):
    """(cast, path of its archive, manifest) of a course that has something of nearly everything."""
    cache.clear()
    cast = make_cast()
    values_of(cast, module_dir)
    path = module_dir / "odml.zip"
    with path.open("wb") as file:
        manifest = archive_write(file, visit_of(cast.helen, cast.course.slug))
    return cast, path, manifest


def test_every_row_of_the_course_is_in_a_table(made):
    cast, path, _ = made
    kinds = 0
    with ZipFile(path) as archive:
        for model in course_tables():
            count = rows_of(cast.course, model).count()
            name = f"tables/{model._meta.label}.jsonl"
            if model._meta.label in LEFT_OUT or not count:
                assert name not in archive.namelist(), name
                continue
            rows = [json.loads(line) for line in archive.read(name).splitlines()]
            assert len(rows) == count, name
            kinds += 1
        assert json.loads(archive.read("tables/courses.Course.jsonl"))["slug"] == "odml"
    assert kinds > 50


def test_no_table_of_a_course_holds_a_secret_that_goes_along(made):
    _, path, _ = made
    with ZipFile(path) as archive:
        for name in archive.namelist():
            if name.startswith("tables/"):
                keys = json.loads(archive.read(name).splitlines()[0]).keys()
                assert not {key for key in keys if key.endswith(("token", "token_hash", "secret", "password"))}, name


def test_every_file_that_a_row_names_is_in_it_once_and_as_it_was(made):
    cast, path, manifest = made
    named = {f"{place}/{name}" for place, name in files_of(cast.course)}
    stored = {line.stored: line for line in manifest.files if line.stored}
    missing = len(manifest.missing)
    assert len(named) == len(stored) + missing
    assert named >= set(stored)
    assert len(stored) >= 4
    stores = {place.key: place.store() for place in places()}
    with ZipFile(path) as archive:
        for full, line in stored.items():
            place, _, name = full.partition("/")
            with stores[place].open(name) as file:
                assert archive.read(line.path) == file.read()
            assert archive.getinfo(line.path).compress_type == ZIP_STORED


def test_people_find_what_they_look_for_under_plain_names(made):
    _, path, _ = made
    with ZipFile(path) as archive:
        names = archive.namelist()
        readme = archive.read("README.txt").decode()
        for name in ("plan/course.yaml", "people/roster.csv", "people/teams.csv", "audit/audit.csv", "submissions/all.csv",
                     "presentations/papers.csv", "presentations/slots.csv", "hardware/history.csv", "hardware/loans.csv", "grades/lab1.csv"):  # fmt: skip
            assert name in names, name
            assert len(archive.read(name)) > 20, name
        roster = list(csv.reader(io.StringIO(archive.read("people/roster.csv").decode("utf-8-sig"))))
        assert any("ruth@example.edu" in row for row in roster)
        grades = {one["person"]: one for one in json.loads(archive.read("grades/lab1.json"))}
        assert set(grades) == {f"{name}@example.edu" for name in ("ruth", "daniel", "sofia")}
        assert grades["ruth@example.edu"]["lines"]
        attempt = next(name for name in names if name.endswith("/attempt.json"))
        assert attempt.startswith("submissions/lab1/")
        assert json.loads(archive.read(attempt))["sent_by"] == "ruth@example.edu"
        assert plan_import(archive.read("plan/course.yaml")).slug == "odml"
        assert "Compression" in archive.read("plan/course.yaml").decode()
    for folder in {name.split("/")[0] for name in names} - {"manifest.json", "README.txt"}:
        assert f"\n{folder}" in readme, folder


def test_nothing_of_another_course_is_in_it(made):
    cast, path, _ = made
    with ZipFile(path) as archive:
        people = [json.loads(line) for line in archive.read("people/accounts.jsonl").splitlines()]
        for name in archive.namelist():
            if name.startswith("tables/"):
                for line in archive.read(name).splitlines():
                    assert json.loads(line).get("course_id", cast.course.pk) in (cast.course.pk, None), name
    assert "lena@example.edu" not in {one["email"] for one in people}
    assert {"ruth@example.edu", "helen@example.edu"} <= {one["email"] for one in people}


def test_the_same_facts_make_the_same_bytes(made, tmp_path):
    cast, _, first = made
    with (tmp_path / "again.zip").open("wb") as file:
        second = archive_write(file, visit_of(cast.helen, cast.course.slug))
    differ = {one.path for one in first.files} ^ {one.path for one in second.files}
    assert not differ
    assert [one.path for one in first.files] == [one.path for one in second.files]
    changed = {a.path for a, b in zip(first.files, second.files, strict=True) if a != b}
    assert changed <= {"README.txt"}  # it tells the minute


def test_it_is_whole_and_says_so(made):
    _, path, manifest = made
    assert verify(path) == manifest


@pytest.mark.parametrize("how", ["cut", "flipped", "added", "changed", "no manifest", "no zip"])
def test_what_was_damaged_is_named(made, tmp_path, how):
    _, path, manifest = made
    data, broken = bytearray(path.read_bytes()), tmp_path / "broken.zip"
    if how == "cut":
        data = data[: len(data) // 2]
    elif how == "flipped":
        line = next(one for one in manifest.files if one.stored and one.bytes > 8)
        with ZipFile(path) as archive:
            content = archive.read(line.path)
        at = data.index(content)
        data[at] ^= 1
    elif how == "no zip":
        data = bytearray(b"PK\x03\x04" + b"x" * 100)
    broken.write_bytes(data)
    if how == "added":
        with ZipFile(broken, "a") as archive:
            archive.writestr("grades/better.csv", "A")
    elif how in ("changed", "no manifest"):
        with ZipFile(path) as old, ZipFile(broken, "w") as new:
            for name in old.namelist():
                if how == "changed" or name != "manifest.json":
                    new.writestr(name, b"A+" if name == "grades/lab1.csv" and how == "changed" else old.read(name))
    with pytest.raises(ArchiveBroken) as refused:
        verify(broken)
    if how == "added":
        assert refused.value.details["files"] == ["grades/better.csv"]
    if how == "changed":
        assert refused.value.details["files"] == ["grades/lab1.csv"]


def test_the_command_writes_once_and_verifies(made, tmp_path, capsys):
    cast, _, _ = made
    to = tmp_path / "odml.zip"
    call_command("course_archive", "odml", str(to))
    assert (to.stat().st_mode & 0o777) == 0o600
    assert AuditRow.objects.filter(course=cast.course, actor="manage.py course_archive").count() == 1
    call_command("course_archive", verify=to)
    assert "Whole: 11-767" in capsys.readouterr().out
    before = hashlib.sha256(to.read_bytes()).hexdigest()
    with pytest.raises(SystemExit):
        call_command("course_archive", "odml", str(to))
    assert "file_exists" in capsys.readouterr().err
    assert hashlib.sha256(to.read_bytes()).hexdigest() == before
    with pytest.raises(SystemExit):
        call_command("course_archive", "odml", str(tmp_path / "nowhere" / "x.zip"))
    assert "cannot_be_written" in capsys.readouterr().err
    assert not Notification.objects.filter(kind="keeping").exists()
