"""An independent tus client (tuspy) with an access token, over a line that breaks: the file arrives whole, is handed in, and is signed for."""

import json
import os
import re
import subprocess
import sys
import time
from hashlib import sha256
from urllib.parse import urlparse
from uuid import uuid4

import pytest
import requests
from django.core.cache import cache
from tusclient.client import TusClient
from tusclient.exceptions import TusCommunicationError, TusUploadFailed
from tusclient.storage.filestorage import FileStorage

from courseplatform.uploads.models import Status, Upload
from courseplatform.uploads.spools.local import LocalSpool
from grading.handing_in import receipts
from grading.models import Submission
from hardware import leases
from tests.courseplatform.accounts.builders import headers_of
from tests.journeys.bad_line import BadLine, write_model
from tests.parts import ROOT
from tests.people import make_cast

pytestmark = pytest.mark.django_db(transaction=True)
MIB = 1 << 20
CHUNK, SIZE = 2 * MIB, 7 * MIB


@pytest.fixture
def cast(settings, tmp_path, monkeypatch):
    monkeypatch.setattr(leases, "wake_on_commit", lambda kind: None)  # no worker runs
    settings.DATA_DIR, settings.MEDIA_ROOT, settings.UPLOADS_DIR = tmp_path, tmp_path / "media", tmp_path / "uploads"
    cache.clear()
    made = make_cast()
    made.lab.bench_spec = made.lab.bench_spec | {"max_bytes": 64 * MIB}
    made.lab.save()
    return made


@pytest.fixture
def line(live_server):
    found = BadLine(urlparse(live_server.url).port, 8e6)
    yield found
    found.close()


@pytest.fixture
def model(tmp_path):
    path = tmp_path / "large.onnx"
    return path, write_model(path, SIZE)


class Sender:
    """One program that sends, as a user of tuspy writes it. Another one with the same memory is the program started anew."""

    def __init__(self, line, person, model, memory):
        (self.path, digest), self.line = model, line
        self.headers = {"Authorization": headers_of(person, ["hand_in"])["HTTP_AUTHORIZATION"]}
        self.meta = {"filename": "large.onnx", "purpose": "hand_in", "target": "odml/lab1", "sha256": digest}
        self.memory = FileStorage(str(memory))

    def uploader(self, **more):
        client = TusClient(f"{self.line.url}/api/v1/uploads/", headers=self.headers)
        return client.uploader(
            str(self.path), chunk_size=CHUNK, metadata=self.meta, store_url=True, url_storage=self.memory, **more
        )

    def hand_in(self, upload_id):
        where = f"{self.line.url}/api/v1/courses/odml/assignments/lab1/submissions"
        form = {"upload_id": (None, upload_id), "upload_key": (None, str(uuid4()))}
        return requests.post(where, files=form, headers=self.headers, timeout=30)


@pytest.fixture
def sender(line, cast, model, tmp_path):
    made = Sender(line, cast.ruth, model, tmp_path / "memory.json")
    yield made
    made.memory.close()


def cut_when(monkeypatch, line, offset):
    """Break the line once, when so much of the file has been written: in the middle of a chunk."""
    real, done = LocalSpool.write, []

    def write(self, key, at, data, state):
        found = real(self, key, at, data, state)
        if at + len(data) >= offset and not done:
            done.append(at)
            line.cut()
        return found

    monkeypatch.setattr(LocalSpool, "write", write)
    return done


def settled():
    """How much is here, once the broken connection has been noticed."""
    seen = -1
    while seen != (now := Upload.objects.get().offset_bytes):
        seen = now
        time.sleep(0.3)
    return now


def test_a_program_that_died_goes_on_where_the_line_broke_and_hands_in(cast, sender, model, monkeypatch):
    cuts = cut_when(monkeypatch, sender.line, 3 * MIB)
    with pytest.raises((TusUploadFailed, TusCommunicationError)):
        sender.uploader().upload()
    here = settled()
    assert cuts and 0 < here < SIZE

    again = sender.uploader()
    assert again.offset == here
    before = sender.line.sent
    again.upload()
    assert sender.line.sent - before < SIZE - here + MIB // 4  # only what was missing went over the line

    upload = Upload.objects.get()
    assert (upload.status, upload.sha256, again.url) == (
        Status.COMPLETE, model[1], f"{sender.line.url}/api/v1/uploads/{upload.pk}/",
    )  # fmt: skip
    answer = sender.hand_in(str(upload.pk))
    assert answer.status_code == 201, answer.text
    made = Submission.objects.get()
    assert sha256(made.model_file.read()).hexdigest() == model[1]
    facts = receipts.verify(answer.json()["signature"])
    assert facts["file"] == {"name": "large.onnx", "bytes": SIZE, "sha256": model[1]}
    assert (facts["receipt"], facts["by"], made.received_at) == (made.receipt, "Ruth", upload.completed_at)


def test_a_client_that_tries_again_by_itself_loses_a_piece_at_most(cast, sender, model, monkeypatch):
    cuts = cut_when(monkeypatch, sender.line, 5 * MIB)
    sender.uploader(retries=5, retry_delay=1).upload()
    assert cuts and Upload.objects.get().sha256 == model[1]
    assert sender.line.sent < SIZE + CHUNK + MIB // 4


def test_parts_with_a_checksum_arrive(cast, sender, model):
    sender.uploader(upload_checksum=True).upload()
    assert (Upload.objects.get().status, Upload.objects.get().sha256) == (Status.COMPLETE, model[1])


def test_a_file_that_changed_while_it_was_sent_is_refused_at_its_last_byte(cast, sender):
    sender.meta["sha256"] = "0" * 64
    with pytest.raises(TusUploadFailed) as refused:
        sender.uploader().upload()
    assert refused.value.status_code == 422 and b"hash_differs" in refused.value.response_content
    assert Upload.objects.get().status == Status.REFUSED


def test_the_client_is_told_why_it_may_not_send(cast, sender):
    cast.lab.attempts_allowed = 0
    cast.lab.save()
    with pytest.raises(TusCommunicationError) as refused:
        sender.uploader().upload()
    assert refused.value.status_code == 409 and b"no_attempts_left" in refused.value.response_content


@pytest.fixture
def guide(line, cast, tmp_path):
    """Runs the lines that docs/api.md gives in one language, as Ruth would: with her file, her token, and a site that is not far."""
    text = (ROOT / "docs" / "api.md").read_text()
    home = tmp_path / "home"
    home.mkdir()
    token = headers_of(cast.ruth, ["hand_in"])["HTTP_AUTHORIZATION"]
    (home / ".milliamp").write_text(f"Authorization: {token}\n")
    digest = write_model(home / "model.onnx", 20 * MIB)

    def run(language, *command):
        code = re.search(rf"^```{language}\n(.*?)^```", text, re.DOTALL | re.MULTILINE)[1]
        env = os.environ | {"HOME": str(home), "SITE": line.url}
        done = subprocess.run(
            [*command, code], cwd=home, env=env, capture_output=True, text=True, timeout=120, check=False
        )
        assert done.returncode == 0, done.stderr[-2000:]
        return json.loads(done.stdout), digest

    return run


@pytest.mark.parametrize(
    ("language", "command"),
    [
        ("python", [sys.executable, "-c"]),
        pytest.param("sh", ["bash", "-euo", "pipefail", "-c"], marks=pytest.mark.part("curl")),
    ],
)
def test_the_lines_of_the_guide_hand_in_also_when_the_line_breaks(cast, guide, line, monkeypatch, language, command):
    cuts = cut_when(monkeypatch, line, 11 * MIB)
    receipt, digest = guide(language, *command)
    assert cuts and receipt["created"] is True
    assert receipts.verify(receipt["signature"])["file"]["sha256"] == digest == Submission.objects.get().sha256
    assert Upload.objects.get().status == Status.TAKEN
