"""Uploads through the browser's door: complete, hashed and bounded, or not recorded at all."""

from hashlib import sha256
from io import BytesIO
from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import RequestFactory

from courseplatform.core import uploads
from grading.models import Run, Submission
from tests.people import onnx_like

pytestmark = pytest.mark.django_db
JSON = {"Accept": "application/json"}


@pytest.fixture
def send(client, cast, tmp_path):
    client.force_login(cast.ruth)
    content = onnx_like(tmp_path).path.read_bytes()

    def _send(data=content, name="model.onnx", key=None, url=None):
        body = {"upload_key": str(key or uuid4())}
        if data is not None:
            body["model"] = SimpleUploadedFile(name, data)
        return client.post(url or cast.lab.get_absolute_url() + "hand-in/", body, headers=JSON)

    _send.content = content
    return _send


def left_over(data_dir):
    incoming = data_dir / "incoming"
    return list(incoming.iterdir()) if incoming.exists() else []


def test_an_upload_is_recorded_with_the_hash_of_its_bytes(send, data_dir):
    answer = send()
    assert answer.status_code == 201
    submission = Submission.objects.get()
    assert submission.sha256 == sha256(send.content).hexdigest()
    assert submission.model_file.read() == send.content
    assert answer.json()["url"].startswith(submission.get_absolute_url())
    assert left_over(data_dir) == []


@pytest.mark.parametrize(
    ("data", "name", "status", "code"),
    [
        (b"", "model.onnx", 422, "empty_file"),
        (None, "", 422, "no_file"),
        (b"%PDF-1.7 x" * 20, "model.onnx", 422, "pdf_not_model"),
        (b"hello, I am a text file\n" * 20, "model.onnx", 422, None),
        (b"\x80\x04\x95\x10\x00\x00\x00\x00\x00\x00\x00\x8c\x02os\x94.", "model.pt", 422, "pickle_not_model"),
    ],
)
def test_what_is_no_model_is_refused_with_a_code_and_not_recorded(send, data_dir, data, name, status, code):
    answer = send(data, name)
    assert answer.status_code == status
    error = answer.json()["error"]
    assert error["message"].endswith(".") and len(error["message"]) > 20
    assert code in (None, error["code"])
    assert not Submission.objects.exists() and not Run.objects.exists()
    assert left_over(data_dir) == []


def test_more_than_the_site_takes_is_refused_with_the_limit(send, settings, data_dir):
    settings.MAX_UPLOAD_BYTES = 1 << 20
    answer = send(b"\x08\x08" + bytes(4 << 20))
    assert (answer.status_code, answer.json()["error"]["code"]) == (413, "too_large")
    assert "1 MiB" in answer.json()["error"]["message"]
    assert left_over(data_dir) == []


def test_more_than_the_lab_takes_is_refused_with_the_words_of_the_page(send):
    answer = send(b"\x08\x08" + bytes(2 << 20))
    assert (answer.status_code, answer.json()["error"]["code"]) == (413, "too_large")
    assert "1 MiB" in answer.json()["error"]["message"]


def test_an_upload_that_breaks_off_is_not_recorded(client, cast, data_dir):
    client.force_login(cast.ruth)
    body = (
        b'--b\r\nContent-Disposition: form-data; name="upload_key"\r\n\r\n' + str(uuid4()).encode()
        + b'\r\n--b\r\nContent-Disposition: form-data; name="model"; filename="m.onnx"\r\n\r\n' + b"\x08\x08" + bytes(1000)
    )  # fmt: skip

    class Broken(BytesIO):
        def read(self, *args):
            found = super().read(*args)
            if not found:
                raise OSError("connection reset")
            return found

    answer = client.generic(
        "POST", cast.lab.get_absolute_url() + "hand-in/", b"", headers=JSON,
        **{"CONTENT_TYPE": "multipart/form-data; boundary=b", "wsgi.input": Broken(body), "CONTENT_LENGTH": str(len(body) + 5000)},
    )  # fmt: skip
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "broken_upload")
    assert not Submission.objects.exists()
    assert left_over(data_dir) == []


def test_five_gigabytes_announced_are_cut_off_with_the_sentence_and_not_read(client, cast, data_dir):
    client.force_login(cast.ruth)

    class Endless(BytesIO):
        read_bytes = 0

        def read(self, size=-1):
            Endless.read_bytes += size
            assert Endless.read_bytes < 1 << 20, "it goes on reading"
            head = b'--b\r\nContent-Disposition: form-data; name="model"; filename="m.onnx"\r\n\r\n'
            return (head if Endless.read_bytes <= size else b"").ljust(size, b"x")

    answer = client.generic(
        "POST", cast.lab.get_absolute_url() + "hand-in/", b"", headers=JSON,
        **{"CONTENT_TYPE": "multipart/form-data; boundary=b", "wsgi.input": Endless(), "CONTENT_LENGTH": "5000000000"},
    )  # fmt: skip
    assert (answer.status_code, answer.json()["error"]["code"]) == (413, "too_large")
    assert left_over(data_dir) == []


@pytest.mark.parametrize("place", ["write", "open", "end"])
def test_a_full_disk_is_our_fault_and_says_so(send, monkeypatch, data_dir, place):
    def full(*_, **__):
        raise OSError(28, "No space left on device")

    if place == "open":
        monkeypatch.setattr(uploads.tempfile, "NamedTemporaryFile", full)
    elif place == "end":  # small files wait in a buffer until then
        monkeypatch.setattr(uploads.HashedFile, "seek", full, raising=False)
    else:
        monkeypatch.setattr(uploads.HashedFile, "write", full, raising=False)
    answer = send()
    assert (answer.status_code, answer.json()["error"]["code"], answer["Retry-After"]) == (503, "storage_failed", "5")
    assert "not your fault" in answer.json()["error"]["message"]
    assert not Submission.objects.exists()
    monkeypatch.undo()
    assert left_over(data_dir) == []


@pytest.mark.parametrize(
    ("kind", "extra", "code"),
    [
        ("application/json", {}, "not_a_form"),
        ("application/octet-stream", {}, "not_a_form"),
        ("multipart/form-data; boundary=b", {"HTTP_TRANSFER_ENCODING": "chunked"}, "no_length"),
    ],
)
def test_what_is_no_form_is_told_what_a_hand_in_is(client, cast, kind, extra, code):
    client.force_login(cast.ruth)
    length = {} if code == "no_length" else {"CONTENT_LENGTH": "4"}
    answer = client.generic(
        "POST", cast.lab.get_absolute_url() + "hand-in/", b"", headers=JSON, **{"CONTENT_TYPE": kind, "wsgi.input": BytesIO(b"abcd")}, **extra, **length
    )  # fmt: skip
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, code)


def test_one_byte_too_large_does_not_look_as_if_it_fitted(send):
    message = send(b"\x08\x08" + bytes((1 << 20) - 1)).json()["error"]["message"]
    assert "has 1.01 MiB" in message and "at most 1 MiB" in message


def test_the_same_upload_twice_gives_the_same_receipt(send):
    key = uuid4()
    first, second = send(key=key), send(key=key)
    assert (first.status_code, second.status_code) == (201, 200)
    assert second.json()["receipt"] == first.json()["receipt"]
    assert second.json()["created"] is False


def test_a_hand_in_without_the_pages_key_is_refused(client, cast):
    client.force_login(cast.ruth)
    answer = client.post(
        cast.lab.get_absolute_url() + "hand-in/", {"upload_key": "no", "model": SimpleUploadedFile("a.onnx", b"\x08\x08")},
        headers=JSON,
    )  # fmt: skip
    assert answer.json()["error"]["code"] == "bad_upload_key"


def test_without_the_csrf_token_nothing_is_taken(cast):
    from django.test import Client

    client = Client(enforce_csrf_checks=True)
    client.force_login(cast.ruth)
    answer = client.post(cast.lab.get_absolute_url() + "hand-in/", {"upload_key": str(uuid4())}, headers=JSON)
    assert answer.status_code == 403
    assert not Submission.objects.exists()


def test_the_handler_hashes_what_it_writes(settings, data_dir):
    request = RequestFactory().post("/", {"model": SimpleUploadedFile("a.bin", b"abc" * 100_000)})
    found = request.FILES["model"]
    assert found.sha256 == sha256(b"abc" * 100_000).hexdigest()
    assert found.size == 300_000
