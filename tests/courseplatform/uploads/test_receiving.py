"""What is here is here: broken lines, killed processes, full disks, two writers."""

import errno
import os
import threading
from hashlib import sha256
from io import BytesIO

import pytest
from django.db import connection

from courseplatform.core.errors import AppError
from courseplatform.uploads.errors import Gone, StorageFull
from courseplatform.uploads.models import Status, Upload
from courseplatform.uploads.services import receiving
from courseplatform.uploads.services.receiving import Checksum, upload_discard, upload_settle
from courseplatform.uploads.spools import local
from courseplatform.uploads.spools.base import spool
from tests.courseplatform.uploads.builders import MODEL, Line, begin, complete, send
from tests.people import make_cast

pytestmark = pytest.mark.django_db
PIECE = local.LocalSpool.piece_bytes


@pytest.fixture
def large(cast):
    """A lab that takes more than one piece."""
    cast.lab.bench_spec = cast.lab.bench_spec | {"max_bytes": 64 << 20}
    cast.lab.save()
    return bytes(n % 253 for n in range(1 << 16)) * (2 * PIECE >> 16) + b"end"


def code_of(act):
    with pytest.raises(AppError) as caught:
        act()
    return caught.value.code


def on_disk(data_dir):
    return sorted(path.name for path in (data_dir / "uploads").iterdir())


def test_what_had_arrived_when_the_line_broke_counts(cast, large):
    upload = send(begin(cast, large), large[: PIECE + 100], source=Line(large[: PIECE + 100]), length=len(large))
    assert Upload.objects.get().offset_bytes == PIECE + 100
    done = send(upload, large[PIECE + 100 :], offset=PIECE + 100)
    assert (done.status, done.sha256) == (Status.COMPLETE, sha256(large).hexdigest())


def test_a_line_that_ends_without_an_error_counts_like_a_broken_one(cast, large):
    upload = send(begin(cast, large), large, source=Line(large[:500], error=False), length=len(large))
    assert (upload.offset_bytes, upload.status) == (500, Status.RECEIVING)


def test_a_broken_chunk_with_a_checksum_counts_whole_or_not_at_all(cast, large):
    checksum = Checksum("sha256", sha256(large).digest())
    upload = begin(cast, large)
    upload = send(upload, large, source=Line(large[: PIECE + 100]), length=len(large), checksum=checksum)
    assert Upload.objects.get().offset_bytes == 0
    assert send(upload, large, checksum=checksum).status == Status.COMPLETE


def test_bytes_beyond_the_row_do_not_count_and_are_written_over(cast, data_dir):
    """A process that was killed between the disk and the database leaves them."""
    upload = send(begin(cast), MODEL[:6], length=6)
    with (data_dir / "uploads" / f"{upload.pk}.part").open("ab") as file:
        file.write(b"garbage that nobody confirmed" * 20)
    done = send(Upload.objects.get(), MODEL[6:], offset=6)
    assert done.sha256 == sha256(MODEL).hexdigest()


def test_a_process_killed_before_the_hash_leaves_an_upload_that_settles_later(cast, monkeypatch):
    upload = begin(cast)
    monkeypatch.setattr(receiving, "upload_settle", lambda upload: upload)
    send(upload, MODEL)
    monkeypatch.undo()
    found = Upload.objects.get()
    arrived = found.completed_at
    assert (found.status, found.offset_bytes) == (Status.RECEIVING, len(MODEL))
    assert upload_settle(upload=found).status == Status.COMPLETE
    assert Upload.objects.get().completed_at == arrived


def test_an_older_connection_that_wakes_up_changes_nothing(cast, large):
    other = bytes(len(large))
    upload = begin(cast, large)

    def newer_connection():
        send(Upload.objects.get(), large, offset=Upload.objects.get().offset_bytes, length=len(large))

    stale = Line(other[:300], then=newer_connection)
    assert code_of(lambda: send(upload, other, source=stale, length=len(other))) == "wrong_offset"
    assert Upload.objects.get().sha256 == sha256(large).hexdigest()


def test_a_full_disk_is_our_fault_and_loses_nothing(cast, large, monkeypatch):
    upload = send(begin(cast, large), large[:PIECE], length=PIECE)
    real = os.pwrite

    def full(descriptor, data, place):
        real(descriptor, bytes(data)[:10], place)
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(local.os, "pwrite", full)
    with pytest.raises(StorageFull) as caught:
        send(upload, large[PIECE:], offset=PIECE)
    assert (caught.value.http_status, caught.value.code) == (507, "disk_full")
    assert "not your fault" in caught.value.message
    monkeypatch.undo()
    assert send(Upload.objects.get(), large[PIECE:], offset=PIECE).sha256 == sha256(large).hexdigest()


def test_a_broken_disk_is_told_apart_from_a_full_one(cast, monkeypatch):
    def broken(*_):
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(local.os, "pwrite", broken)
    assert code_of(lambda: send(begin(cast), MODEL)) == "storage_failed"


def test_without_room_nothing_is_begun(cast, monkeypatch):
    monkeypatch.setattr(local, "RESERVE_BYTES", 1 << 60)
    assert code_of(lambda: begin(cast)) == "disk_full"
    assert not Upload.objects.exists()


def test_a_file_that_arrived_changed_is_refused_and_not_kept(cast, data_dir, django_capture_on_commit_callbacks):
    upload = begin(cast)
    with django_capture_on_commit_callbacks(execute=True):
        assert code_of(lambda: send(upload, MODEL[:-1] + b"x")) == "hash_differs"
    found = Upload.objects.get()
    assert (found.status, found.error_code, found.moves.get().moved_to) == ("refused", "hash_differs", "refused")
    assert on_disk(data_dir) == []


def test_without_a_declared_hash_ours_stands(cast):
    assert complete(cast, declared=False).sha256 == sha256(MODEL).hexdigest()


@pytest.mark.parametrize(
    ("name", "code"), [("a.zip", "wrong_ending"), ("model", "wrong_ending"), ("onnx", "wrong_ending")]
)
def test_a_name_that_ends_otherwise_is_refused_before_the_first_byte(cast, name, code):
    assert code_of(lambda: begin(cast, name=name)) == code


def test_an_empty_file_is_refused_before_it_is_sent(cast):
    assert code_of(lambda: begin(cast, b"")) == "empty_file"


def test_the_site_bounds_what_a_lab_would_take(cast, settings):
    settings.MAX_UPLOAD_BYTES = 10
    assert code_of(lambda: begin(cast)) == "too_large"


def test_a_lab_that_is_not_open_takes_no_first_byte(cast):
    cast.lab.attempts_allowed = 0
    cast.lab.save()
    assert code_of(lambda: begin(cast)) == "no_attempts_left"


def test_one_person_keeps_a_bounded_number_and_weight_of_uploads(cast, settings):
    mine = [begin(cast) for _ in range(receiving.MOST_OPEN)]
    assert code_of(lambda: begin(cast)) == "too_many_uploads"
    begin(cast, person=cast.daniel)
    upload_discard(upload=mine[0], by="ruth")
    begin(cast)
    settings.MAX_UPLOAD_BYTES = 3 * len(MODEL)
    upload_discard(upload=mine[1], by="ruth")
    begin(cast, person=cast.sofia, size=3 * len(MODEL))
    assert (
        code_of(lambda: [begin(cast, person=cast.sofia, size=3 * len(MODEL)) for _ in range(4)]) == "too_many_uploads"
    )


def test_a_discarded_upload_leaves_nothing(cast, data_dir, django_capture_on_commit_callbacks):
    upload = send(begin(cast), MODEL[:6], length=6)
    with django_capture_on_commit_callbacks(execute=True):
        upload_discard(upload=upload, by="ruth")
    assert on_disk(data_dir) == []
    with pytest.raises(Gone):
        send(Upload.objects.get(), MODEL[6:], offset=6)


def test_a_chunk_under_way_when_the_upload_is_discarded_is_not_kept(cast, large):
    upload = begin(cast, large)
    stale = Line(large[:300], then=lambda: upload_discard(upload=Upload.objects.get(), by="ruth"))
    assert code_of(lambda: send(upload, large, source=stale, length=len(large))) == "wrong_offset"
    assert Upload.objects.get().status == Status.DISCARDED


@pytest.mark.real_database
@pytest.mark.django_db(transaction=True)
def test_several_writers_at_one_upload_leave_one_right_file(settings, tmp_path):
    settings.DATA_DIR, settings.MEDIA_ROOT, settings.UPLOADS_DIR = tmp_path, tmp_path / "media", tmp_path / "uploads"
    cast = make_cast()
    cast.lab.bench_spec = cast.lab.bench_spec | {"max_bytes": 64 << 20}
    cast.lab.save()
    content = bytes(range(256)) * (3 * PIECE >> 8)
    upload, start, codes = begin(cast, content), threading.Barrier(4), []

    def writer():
        start.wait()
        try:
            for _ in range(50):
                found = Upload.objects.select_related("person").get(pk=upload.pk)
                if found.status == Status.COMPLETE:
                    break
                try:
                    send(found, content[found.offset_bytes :], offset=found.offset_bytes)
                except AppError as error:
                    codes.append(error.code)
        finally:
            connection.close()

    threads = [threading.Thread(target=writer) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    found = Upload.objects.get()
    assert (found.status, found.sha256) == (Status.COMPLETE, sha256(content).hexdigest())
    assert set(codes) <= {"wrong_offset"}
    assert found.moves.count() == 1


@pytest.mark.real_database
@pytest.mark.django_db(transaction=True)
def test_several_tabs_that_announce_at_once_stay_within_the_share(settings, tmp_path):
    settings.DATA_DIR, settings.MEDIA_ROOT, settings.UPLOADS_DIR = tmp_path, tmp_path / "media", tmp_path / "uploads"
    cast, start, found = make_cast(), threading.Barrier(4), []

    def tab():
        start.wait()
        try:
            for _ in range(4):
                try:
                    found.append(begin(cast))
                except AppError as error:
                    found.append(error.code)
        finally:
            connection.close()

    threads = [threading.Thread(target=tab) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert Upload.objects.count() == receiving.MOST_OPEN
    assert found.count("too_many_uploads") == 16 - receiving.MOST_OPEN


def test_the_spool_hands_out_a_second_name_and_keeps_its_own(cast, data_dir):
    upload = complete(cast)
    with spool().opened(upload.pk) as path:
        os.replace(path, data_dir / "moved")
    assert (data_dir / "moved").read_bytes() == MODEL
    assert on_disk(data_dir) == [f"{upload.pk}.part"]


def test_a_source_that_gives_little_at_a_time_is_read_to_its_end(cast):
    class Dripping(BytesIO):
        def read(self, size=-1):
            return super().read(min(size, 3))

    assert send(begin(cast), MODEL, source=Dripping(MODEL)).status == Status.COMPLETE
