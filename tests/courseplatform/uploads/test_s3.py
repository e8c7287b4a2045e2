"""The S3-compatible store, at a real HTTP endpoint (moto's server)."""

import errno
import socket
import subprocess
import sys
from datetime import timedelta
from hashlib import sha256
from io import StringIO
from time import monotonic
from types import SimpleNamespace
from unittest.mock import Mock
from uuid import uuid4

import boto3
import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.files.base import ContentFile
from django.core.files.storage import storages
from django.core.management import call_command
from django.utils import timezone
from moto.server import ThreadedMotoServer
from structlog.testing import capture_logs

from courseplatform import env
from courseplatform.core import health
from courseplatform.core.errors import AppError
from courseplatform.core.files import on_this_disk
from courseplatform.uploads.models import Status, Upload
from courseplatform.uploads.services.receiving import upload_discard
from courseplatform.uploads.services.sweep import uploads_sweep
from courseplatform.uploads.spools import base, s3
from courseplatform.uploads.spools.base import spool
from courseplatform.uploads.tasks import sweep
from grading.hidden_sets.kept import hidden_folder, hidden_here, hidden_keep, hidden_unlink
from grading.measuring import worker
from grading.models import Run, Submission
from hardware import leases
from hardware.models import Status as JobStatus
from tests.courseplatform.uploads.builders import MODEL, Line, begin, complete, model_of, send
from tests.grading.measuring.test_worker import StillHeart
from tests.parts import ROOT
from tests.people import hand_in, onnx_like

pytestmark = pytest.mark.django_db
BUCKET, MIB = "milliamp-test", 1 << 20
MEDIA = {"bucket_name": BUCKET, "region_name": "us-east-1", "access_key": "key", "secret_key": "secret", "location": "media",
         "default_acl": None, "file_overwrite": False}  # fmt: skip


@pytest.fixture(scope="module")
def endpoint():
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def store(endpoint, settings, data_dir):
    """The settings of a deployment with a store, and an empty bucket. Gives the names of what lies there."""
    settings.S3 = {"bucket": BUCKET, "key_id": "key", "secret": "secret", "endpoint": endpoint, "region": "us-east-1"}
    settings.UPLOAD_SPOOL = "courseplatform.uploads.spools.s3.S3Spool"
    media = {"BACKEND": "courseplatform.uploads.s3_storage.MediaStorage", "OPTIONS": MEDIA | {"endpoint_url": endpoint}}
    settings.STORAGES = settings.STORAGES | {"default": media}
    base._made.cache_clear()
    client = boto3.client(
        "s3", endpoint_url=endpoint, region_name="us-east-1", aws_access_key_id="key", aws_secret_access_key="secret"
    )
    client.create_bucket(Bucket=BUCKET)

    def names():
        return sorted(found["Key"] for found in client.list_objects_v2(Bucket=BUCKET).get("Contents", []))

    names.client = client
    yield names
    for found in client.list_multipart_uploads(Bucket=BUCKET).get("Uploads", []):
        client.abort_multipart_upload(Bucket=BUCKET, Key=found["Key"], UploadId=found["UploadId"])
    for name in names():
        client.delete_object(Bucket=BUCKET, Key=name)
    client.delete_bucket(Bucket=BUCKET)
    base._made.cache_clear()


@pytest.fixture
def large(cast):
    cast.lab.bench_spec = cast.lab.bench_spec | {"max_bytes": 64 * MIB}
    cast.lab.save()
    return model_of(19 * MIB)


def test_parts_of_one_size_and_a_tail_become_the_file(store, cast, large):
    upload = begin(cast, large)
    for start in range(0, len(large), 5 * MIB):  # chunks that are no parts
        piece = large[start : start + 5 * MIB]
        upload = send(Upload.objects.get(), piece, offset=start)
    assert (upload.status, upload.sha256) == (Status.COMPLETE, sha256(large).hexdigest())
    assert [size for _, size in Upload.objects.get().spool_state["parts"]] == [s3.PART_BYTES] * 2


def test_a_broken_line_loses_nothing_that_had_arrived(store, cast, large):
    upload = begin(cast, large)
    upload = send(upload, large, source=Line(large[: 10 * MIB + 7]), length=len(large))
    assert Upload.objects.get().offset_bytes == 10 * MIB + 7
    done = send(Upload.objects.get(), large[10 * MIB + 7 :], offset=10 * MIB + 7)
    assert done.sha256 == sha256(large).hexdigest()


def test_a_part_that_an_overtaken_writer_wrote_late_is_never_recorded(store, cast, large):
    upload = send(begin(cast, large), large[: 9 * MIB])
    key, state = s3.object_key(upload.pk), upload.spool_state
    store.client.upload_part(Bucket=BUCKET, Key=key, UploadId=state["upload"], PartNumber=1, Body=bytes(s3.PART_BYTES))
    with pytest.raises(AppError) as caught:
        send(Upload.objects.get(), large[9 * MIB :], offset=9 * MIB)
    assert caught.value.code == "storage_failed"
    assert Upload.objects.get().status == Status.RECEIVING


def test_a_process_killed_between_the_store_and_the_row_counts_what_the_row_knows(store, cast, large):
    upload = send(begin(cast, large), large[: 6 * MIB])
    spool().write(upload.pk, 6 * MIB, large[6 * MIB : 14 * MIB], upload.spool_state)  # and then the process was killed
    done = send(Upload.objects.get(), large[6 * MIB :], offset=6 * MIB)
    assert done.sha256 == sha256(large).hexdigest()


def test_a_hand_in_is_copied_by_the_store_and_the_upload_goes(
    store, cast, client, monkeypatch, django_capture_on_commit_callbacks, data_dir
):
    monkeypatch.setattr(leases, "wake_on_commit", lambda kind: None)
    upload = complete(cast)
    client.force_login(cast.ruth)
    body = {"upload_key": str(uuid4()), "upload_id": str(upload.pk)}
    with django_capture_on_commit_callbacks(execute=True):
        answer = client.post(cast.lab.get_absolute_url() + "hand-in/", body, headers={"Accept": "application/json"})
    assert answer.status_code == 201
    made = Submission.objects.get()
    assert store() == [f"media/{made.model_file.name}"]
    assert made.model_file.read() == MODEL
    assert list((data_dir / "incoming").iterdir()) == []
    with on_this_disk(made.model_file, data_dir) as path:
        assert path.read_bytes() == MODEL
    assert not path.exists()


def test_a_disk_that_is_full_when_the_file_is_looked_into_is_our_fault(store, cast, client, monkeypatch):
    monkeypatch.setattr(leases, "wake_on_commit", lambda kind: None)
    upload = complete(cast)
    client.force_login(cast.ruth)
    full = OSError(errno.ENOSPC, "No space left on device")
    with monkeypatch.context() as patch:
        patch.setattr(base.spool().client, "download_file", Mock(side_effect=full))
        body = {"upload_key": str(uuid4()), "upload_id": str(upload.pk)}
        answer = client.post(cast.lab.get_absolute_url() + "hand-in/", body, headers={"Accept": "application/json"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (507, "disk_full")
    answer = client.post(cast.lab.get_absolute_url() + "hand-in/", body, headers={"Accept": "application/json"})
    assert answer.status_code == 201, "the same click again, with room"


def test_a_plain_form_is_stored_there_too(store, cast):
    name = storages["default"].save("submissions/x/model.onnx", ContentFile(MODEL))
    assert store() == [f"media/{name}"]
    assert storages["default"].open(name).read() == MODEL


def test_a_discarded_upload_leaves_nothing(store, cast, large, django_capture_on_commit_callbacks):
    upload = send(begin(cast, large), large[: 10 * MIB])
    with django_capture_on_commit_callbacks(execute=True):
        upload_discard(upload=upload, by="ruth")
    assert store() == []
    assert "Uploads" not in store.client.list_multipart_uploads(Bucket=BUCKET)


def test_the_sweep_takes_away_what_no_upload_speaks_for(store, cast):
    kept = send(begin(cast), MODEL[:7])
    spool().write(uuid4(), 0, b"left over", {})
    store.client.put_object(Bucket=BUCKET, Key="uploads/notes.txt", Body=b"somebody's")
    assert uploads_sweep()["left_over"] == 1
    assert [name.split("/")[1] for name in store()] == sorted([str(kept.pk), "notes.txt"])


def test_a_store_that_is_away_is_our_fault(store, cast, settings):
    settings.S3 = settings.S3 | {"endpoint": "http://127.0.0.1:9"}
    base._made.cache_clear()
    with pytest.raises(AppError) as caught:
        send(begin(cast), MODEL)
    assert (caught.value.code, caught.value.http_status) == ("storage_failed", 503)


def test_a_sweep_while_the_store_is_away_says_so_in_one_line_and_the_next_one_tries_again(
    store, cast, settings, django_capture_on_commit_callbacks
):
    spool().write(uuid4(), 0, b"left over", {})
    kept, there = send(begin(cast), MODEL[:7]), settings.S3
    later = timezone.now() + timedelta(days=60)
    settings.S3 = there | {"endpoint": "http://127.0.0.1:9"}
    base._made.cache_clear()
    with capture_logs() as lines:
        assert sweep()["left_over"] == 0
        assert uploads_sweep(now=later)["expired"] == 0
    assert [(one["event"], one["log_level"], one["where"]) for one in lines] == [
        ("uploads_not_swept", "warning", "http://127.0.0.1:9")
    ] * 2
    assert all("exc_info" not in one and "endpoint" in one["why"] and "next sweep" in one["do"] for one in lines)
    settings.S3 = there
    base._made.cache_clear()
    with django_capture_on_commit_callbacks(execute=True):
        assert uploads_sweep(now=later) == {"expired": 1, "left_over": 1, "forgotten": 1}
    assert store() == [] and not Upload.objects.filter(pk=kept.pk).exists()


def test_a_hand_in_while_the_store_is_away_says_so_and_is_taken_afterwards(store, cast, client, monkeypatch, settings):
    monkeypatch.setattr(leases, "wake_on_commit", lambda kind: None)
    client.force_login(cast.ruth)
    away = settings.STORAGES["default"] | {
        "OPTIONS": settings.STORAGES["default"]["OPTIONS"] | {"endpoint_url": "http://127.0.0.1:9"}
    }

    def sent(stored):
        settings.STORAGES = settings.STORAGES | {"default": stored}
        body = {"upload_key": key, "model": ContentFile(MODEL, "model.onnx")}
        return client.post(cast.lab.get_absolute_url() + "hand-in/", body, headers={"Accept": "application/json"})

    key, here = str(uuid4()), settings.STORAGES["default"]
    answer = sent(away)
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "storage_failed")
    assert sent(here).status_code == 201
    settings.STORAGES = settings.STORAGES | {"default": away}
    for ask in (storages["default"].exists, storages["default"].size, storages["default"].delete):
        with pytest.raises(AppError) as caught:
            ask("submissions/x/model.onnx")
        assert caught.value.code == "storage_failed"


def test_health_tries_the_store_and_leaves_nothing_there(store, settings):
    assert health.check()["checks"]["storage"] == "ok"
    assert store() == []
    assert not settings.MEDIA_ROOT.exists()  # no file is kept on the disk here


@pytest.mark.parametrize("wrong", [{"endpoint": "http://127.0.0.1:9"}, {"bucket": "another"}])
def test_health_says_that_the_store_is_away_whatever_the_disk_does(store, settings, wrong):
    settings.S3 = settings.S3 | wrong
    base._made.cache_clear()
    assert health.check()["checks"]["storage"] == "failing: storage_failed"


def test_a_store_that_does_not_answer_keeps_nobody_waiting_for_health(store, settings):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        settings.S3 = settings.S3 | {"endpoint": f"http://127.0.0.1:{silent.getsockname()[1]}"}
        base._made.cache_clear()
        since = monotonic()
        assert health.check()["checks"]["storage"] == "failing: storage_failed"
        assert monotonic() - since < 10


def test_a_store_that_is_half_named_is_refused(monkeypatch):
    for name in ("BUCKET", "KEY_ID", "SECRET", "ENDPOINT", "REGION"):
        monkeypatch.delenv(f"S3_{name}", raising=False)
    assert env.bucket("S3") is None
    monkeypatch.setenv("S3_BUCKET", "models")
    with pytest.raises(ImproperlyConfigured, match="S3_KEY_ID, S3_SECRET is not"):
        env.bucket("S3")
    monkeypatch.setenv("S3_KEY_ID", "a")
    monkeypatch.setenv("S3_SECRET", "b")
    assert env.bucket("S3") == {"bucket": "models", "key_id": "a", "secret": "b", "endpoint": "", "region": "us-east-1"}
    monkeypatch.setenv("S3_ENDPOINT", "store.example.edu")
    with pytest.raises(ImproperlyConfigured, match="https://"):
        env.bucket("S3")


def test_boto3_is_not_imported_where_no_store_is_named(tmp_path):
    code = (
        "import django; django.setup(); import sys; from django.urls import get_resolver; get_resolver().url_patterns; "
        "from courseplatform.uploads.spools.base import spool; spool(); sys.exit('boto3' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, check=False,
        env={"PATH": "/usr/bin:/bin", "DATA_DIR": str(tmp_path), "DJANGO_SETTINGS_MODULE": "courseplatform.settings"},
    )  # fmt: skip
    assert done.returncode == 0


def test_a_hidden_set_lies_in_the_store_and_a_worker_of_another_machine_fetches_it_once(
    store, tmp_path, settings, data_dir
):
    sent = tmp_path / "sent.npy"
    sent.write_bytes(MODEL)
    hidden_keep(sent, "ten-inputs.npy")
    assert store() == ["hidden/ten-inputs.npy"] and not list((data_dir / "hidden").glob("*"))
    settings.DATA_DIR = tmp_path / "another-machine"
    copy = hidden_here("ten-inputs.npy", sha256(MODEL).hexdigest())
    assert copy.read_bytes() == MODEL and copy.stat().st_mode & 0o777 == 0o600
    hidden_unlink("ten-inputs.npy")
    assert store() == [] and not copy.exists()


def test_another_file_of_that_name_is_not_believed_and_no_half_copy_stays(store, tmp_path, settings):
    settings.DATA_DIR = tmp_path / "another-machine"
    store.client.put_object(Bucket=BUCKET, Key="hidden/ten-inputs.npy", Body=b"another file")
    with pytest.raises(AppError) as refused:
        hidden_here("ten-inputs.npy", sha256(MODEL).hexdigest())
    assert refused.value.code == "hidden_set_differs"
    assert not list((tmp_path / "another-machine" / "hidden-copies").iterdir())


def hidden_set_gone(settings, tmp_path):
    """The store holds nothing of that name, as if it had been restored without it."""
    settings.DATA_DIR = tmp_path / "another-machine"


def store_gone(settings, tmp_path):
    """This worker has the hidden set from before; the model it would have to fetch."""
    media = settings.STORAGES["default"]
    away = media | {"OPTIONS": media["OPTIONS"] | {"endpoint_url": "http://127.0.0.1:9"}}
    settings.STORAGES = settings.STORAGES | {"default": away}


@pytest.mark.parametrize("breaks", [hidden_set_gone, store_gone])
def test_a_run_whose_files_cannot_be_fetched_waits_and_loses_no_try(
    store, cast, settings, tmp_path, monkeypatch, breaks
):
    monkeypatch.setattr(leases, "wake_on_commit", lambda kind: None)
    monkeypatch.setattr(worker, "Heartbeat", StillHeart)
    monkeypatch.setattr(worker.bench_ready, "can_measure", lambda: True)
    monkeypatch.setattr(worker.bench_ready, "sandbox", lambda: SimpleNamespace(name="limits"))
    hand_in(cast, cast.ruth, onnx_like(tmp_path))
    breaks(settings, tmp_path)
    assert worker.work_once("bench@test")
    run = Run.objects.get()
    assert (run.status, run.faults) == (JobStatus.QUEUED, 0) and run.moves.last().why.startswith("storage_failed")
    assert run.not_before > timezone.now() + timedelta(seconds=20)


def test_the_bucket_is_made_and_what_lay_on_this_disk_moves_into_it(store, data_dir):
    (hidden_folder() / "old-inputs.npy").write_bytes(MODEL)
    call_command("prepare_store", stdout=(said := StringIO()))
    assert "hidden/old-inputs.npy" in store() and "old-inputs.npy" in said.getvalue()
    call_command("prepare_store", stdout=(said := StringIO()))
    assert "Put into it" not in said.getvalue()
