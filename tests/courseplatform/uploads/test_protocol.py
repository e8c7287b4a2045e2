"""tus 1.0.0 as any client speaks it, and what a hostile one gets."""

from base64 import b64encode
from hashlib import sha1, sha256
from io import BytesIO

import pytest

from courseplatform.uploads import answers, protocol
from courseplatform.uploads.errors import BadRequest
from courseplatform.uploads.models import Status, Upload
from courseplatform.uploads.services.receiving import upload_discard, upload_expire
from tests.courseplatform.uploads.builders import BODY, MODEL, Tus, begin, complete, model_of, send

pytestmark = pytest.mark.django_db


@pytest.fixture
def tus(client, cast):
    client.force_login(cast.ruth)
    return Tus(client)


def code(answer):
    return answer.status_code, answer.json()["error"]["code"]


def address(upload):
    return f"/uploads/{upload.pk}/"


def b64(text):
    return b64encode(text.encode()).decode()


def test_options_say_what_is_spoken(tus, settings):
    answer = tus("OPTIONS", Tus_Resumable=None)
    assert answer["Tus-Version"] == "1.0.0"
    assert answer["Tus-Extension"] == "creation,creation-with-upload,termination,expiration,checksum"
    assert answer["Tus-Max-Size"] == str(settings.MAX_UPLOAD_BYTES)
    assert "sha256" in answer["Tus-Checksum-Algorithm"]


def test_a_file_goes_up_in_three_requests(tus, cast):
    made = tus.announce(cast.lab, len(MODEL), sha256=sha256(MODEL).hexdigest())
    assert (made.status_code, made["Upload-Offset"]) == (201, "0")
    first = tus("PATCH", made["Location"], MODEL[:5], Upload_Offset="0")
    assert (first.status_code, first["Upload-Offset"]) == (204, "5")
    second = tus("PATCH", made["Location"], MODEL[5:], Upload_Offset="5")
    assert second["Upload-Offset"] == str(len(MODEL))
    assert second["Upload-Expires"].endswith("GMT")
    found = Upload.objects.get()
    assert (found.status, found.sha256) == (Status.COMPLETE, sha256(MODEL).hexdigest())
    assert found.completed_at is not None


def test_head_says_where_to_go_on_and_nobody_keeps_the_answer(tus, cast):
    upload = send(begin(cast), MODEL[:7], length=7)
    answer = tus("HEAD", address(upload))
    assert (answer["Upload-Offset"], answer["Upload-Length"]) == ("7", str(len(MODEL)))
    assert "no-store" in answer["Cache-Control"]
    assert protocol.metadata(answer["Upload-Metadata"])["filename"] == "model.onnx"


def test_the_first_bytes_may_come_with_the_announcement(tus, cast):
    made = tus.announce(cast.lab, len(MODEL), MODEL)
    assert (made.status_code, made["Upload-Offset"]) == (201, str(len(MODEL)))
    assert Upload.objects.get().status == Status.COMPLETE


def test_a_proxy_without_patch_says_so_in_a_header(tus, cast):
    upload = begin(cast)
    answer = tus("POST", address(upload), MODEL, Upload_Offset="0", X_HTTP_Method_Override="PATCH")
    assert answer.status_code == 204
    assert tus("POST", address(begin(cast)), X_HTTP_Method_Override="DELETE").status_code == 204


def test_another_version_of_the_protocol_is_told_ours(tus, cast):
    answer = tus("HEAD", address(begin(cast)), Tus_Resumable="0.2.2")
    assert (answer.status_code, answer["Tus-Version"]) == (412, "1.0.0")


@pytest.mark.parametrize("length", ["-1", "1e3", "", "٣", "9" * 19, "0x10", "1 "])
def test_a_length_that_is_no_number_of_bytes_is_refused(tus, cast, length):
    answer = tus("POST", Upload_Length=length, Upload_Metadata=f"filename {b64('a.onnx')}")
    assert code(answer) == (400, "bad_upload_length")


def test_a_huge_length_is_refused_with_the_words_of_the_lab(tus, cast):
    answer = tus.announce(cast.lab, 10**17)
    assert code(answer) == (413, "too_large")
    assert "Lab 1 takes at most 1 MiB" in answer.json()["error"]["message"]
    assert not Upload.objects.exists()


@pytest.mark.parametrize(
    "raw",
    ["filename ***", "filename", f"filename {b64('a')},filename {b64('b')}", f"filename {b64('a' + chr(0))}", "filename /w==", "x " + "A" * 5000],
    ids=["no base64", "no value", "twice", "NUL", "no UTF-8", "too long"],
)  # fmt: skip
def test_metadata_that_cannot_be_read_is_refused(tus, raw):
    answer = tus("POST", Upload_Length="3", Upload_Metadata=raw)
    assert answer.status_code in (400, 422)
    assert answer.json()["error"]["code"] in ("bad_metadata", "bad_file_name")


def test_metadata_is_checked_for_each_reason():
    for raw in ("a ***", f"a {b64('x')},a {b64('y')}", f"a {b64(chr(0))}", "a /w=="):
        with pytest.raises(BadRequest):
            protocol.metadata(raw)


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("../../etc/passwd.onnx", "passwd.onnx"),
        ("C:\\models\\a.onnx", "a.onnx"),
        ("model\u202exnno.exe", "modelxnno.exe"),
        ("a\r\nSet-Cookie: b.onnx", "aSet-Cookie: b.onnx"),
        ("x" * 400 + ".onnx", "x" * 200 + "x" * 50 + ".onnx"),
        ("Übung 3 (neu).onnx", "Übung 3 (neu).onnx"),
    ],
)
def test_a_file_name_is_its_last_part_and_only_what_can_be_seen(sent, kept):
    assert protocol.file_name(sent) == kept


@pytest.mark.parametrize("sent", ["", "..", "a/", "\u200b\u202e"])
def test_a_name_of_nothing_is_refused(tus, cast, sent):
    assert code(tus.announce(cast.lab, 5, filename=sent)) == (422, "bad_file_name")


def test_a_declared_hash_must_be_one(tus, cast):
    assert code(tus.announce(cast.lab, 5, sha256="abc")) == (422, "bad_sha256")


def test_an_unknown_purpose_is_told_the_known_ones(tus, cast):
    answer = tus.announce(cast.lab, 5, purpose="party")
    assert code(answer) == (422, "unknown_purpose")
    assert "hand_in" in answer.json()["error"]["message"]


@pytest.mark.parametrize("target", ["", "0", "abc", "-1", "9" * 30, "1; drop"])
def test_a_target_that_is_not_there_is_not_there(tus, cast, target):
    assert code(tus.announce(cast.lab, 5, target=target)) == (404, "not_found")


@pytest.mark.parametrize("offset", ["-1", "", "1.5", "one"])
def test_an_offset_that_is_no_number_is_refused(tus, cast, offset):
    assert code(tus("PATCH", address(begin(cast)), b"abc", Upload_Offset=offset)) == (400, "bad_upload_offset")


@pytest.mark.parametrize("offset", ["1", "999999999"])
def test_an_offset_that_is_not_ours_is_a_conflict(tus, cast, offset):
    upload = begin(cast)
    assert code(tus("PATCH", address(upload), b"abc", Upload_Offset=offset)) == (409, "wrong_offset")
    assert tus("HEAD", address(upload))["Upload-Offset"] == "0"


def test_more_than_was_announced_is_not_taken(tus, cast):
    upload = begin(cast)
    assert code(tus("PATCH", address(upload), MODEL + b"x", Upload_Offset="0")) == (413, "beyond_length")
    assert tus("HEAD", address(upload))["Upload-Offset"] == "0"


def test_a_part_without_its_content_type_is_refused(tus, cast):
    answer = tus("PATCH", address(begin(cast)), b"abc", Upload_Offset="0", Content_Type="text/plain")
    assert code(answer) == (415, "wrong_content_type")


def test_a_part_without_its_length_is_refused(tus, client, cast):
    answer = client.generic(
        "PATCH", address(begin(cast)), b"", headers={"Tus-Resumable": "1.0.0", "Upload-Offset": "0"},
        **{"CONTENT_TYPE": BODY, "wsgi.input": BytesIO(b"abc"), "HTTP_TRANSFER_ENCODING": "chunked"},
    )  # fmt: skip
    assert code(answer) == (411, "no_length")


def test_a_part_that_arrived_changed_is_thrown_away_and_may_come_again(tus, cast):
    upload = begin(cast)
    wrong = f"sha256 {b64encode(sha256(b'other').digest()).decode()}"
    assert code(tus("PATCH", address(upload), MODEL, Upload_Offset="0", Upload_Checksum=wrong)) == (
        460,
        "checksum_differs",
    )
    assert tus("HEAD", address(upload))["Upload-Offset"] == "0"
    right = f"sha1 {b64encode(sha1(MODEL).digest()).decode()}"
    assert tus("PATCH", address(upload), MODEL, Upload_Offset="0", Upload_Checksum=right).status_code == 204


@pytest.mark.parametrize("value", ["md5 abcd", "sha256", "sha256 ***", "nonsense"])
def test_a_checksum_that_says_nothing_is_refused(tus, cast, value):
    answer = tus("PATCH", address(begin(cast)), MODEL, Upload_Offset="0", Upload_Checksum=value)
    assert code(answer) == (400, "bad_checksum")


def test_the_hash_of_the_whole_file_decides(tus, cast):
    upload = begin(cast, MODEL)
    answer = tus("PATCH", address(upload), MODEL[:-1] + b"x", Upload_Offset="0")
    assert code(answer) == (422, "hash_differs")
    assert code(tus("PATCH", address(upload), MODEL, Upload_Offset="0")) == (410, "upload_refused")


@pytest.mark.parametrize(
    ("end", "code_"), [(lambda u: upload_expire(upload=u), 410), (lambda u: upload_discard(upload=u, by="r"), 410)]
)
def test_what_ended_is_gone(tus, cast, end, code_):
    upload = begin(cast)
    end(upload)
    assert tus("HEAD", address(upload)).status_code == code_
    assert tus("PATCH", address(upload), MODEL, Upload_Offset="0").status_code == code_
    assert tus("DELETE", address(upload)).status_code == code_


def test_an_upload_of_somebody_else_is_not_there(tus, client, cast):
    upload = begin(cast)
    for person in (cast.daniel, cast.helen, cast.olu):
        client.force_login(person)
        for method in ("HEAD", "PATCH", "DELETE"):
            assert tus(method, address(upload), MODEL, Upload_Offset="0").status_code == 404
        assert tus("GET", f"/uploads/?purpose=hand_in&target={cast.lab.pk}").json() == {"uploads": []}


def test_who_is_not_in_the_course_sends_nothing(tus, client, cast):
    client.force_login(cast.lena)
    assert code(tus.announce(cast.lab, 5)) == (404, "not_found")


def test_a_program_that_is_signed_out_is_told_so_and_a_reader_is_led_to_the_door(tus, client, cast):
    upload = begin(cast)
    client.logout()
    assert code(tus("PATCH", address(upload), MODEL, Upload_Offset="0")) == (401, "signed_out")
    assert client.get("/uploads/").status_code == 302


def test_without_the_csrf_token_nothing_is_taken(cast):
    from django.test import Client

    client = Client(enforce_csrf_checks=True)
    client.force_login(cast.ruth)
    upload = begin(cast)
    assert Tus(client)("PATCH", address(upload), MODEL, Upload_Offset="0").status_code == 403
    assert Tus(client)("DELETE", address(upload)).status_code == 403


def test_the_list_names_what_is_on_its_way_to_one_target(tus, cast, django_assert_max_num_queries):
    upload = send(begin(cast), MODEL[:7], length=7)
    complete(cast, person=cast.daniel)
    with django_assert_max_num_queries(3):
        found = tus("GET", f"/uploads/?purpose=hand_in&target={cast.lab.pk}").json()["uploads"]
    assert [(row["id"], row["offset_bytes"], row["url"]) for row in found] == [(str(upload.pk), 7, address(upload))]
    assert tus("GET", "/uploads/?purpose=other&target=1%00").json() == {"uploads": []}


def test_a_chunk_costs_a_bounded_number_of_queries(tus, cast, django_assert_max_num_queries):
    upload = begin(cast, bytes(1 << 19))
    with django_assert_max_num_queries(12):
        tus("PATCH", address(upload), bytes(1 << 18), Upload_Offset="0")


def test_when_all_slots_are_taken_the_client_is_told_to_come_again(tus, cast, monkeypatch):
    import threading

    taken = threading.BoundedSemaphore(1)
    taken.acquire()
    monkeypatch.setattr(answers, "_slots", lambda: taken)
    answer = tus("PATCH", address(begin(cast)), MODEL, Upload_Offset="0")
    assert code(answer) == (503, "uploads_busy")
    assert answer["Retry-After"] == "4"


def test_a_chunk_is_never_held_in_memory_whole(tus, client, cast, settings):
    cast.lab.bench_spec = cast.lab.bench_spec | {"max_bytes": 64 << 20}
    cast.lab.save()
    content = model_of(5 << 20)
    upload = begin(cast, content)

    class Watched(BytesIO):
        most = 0

        def read(self, size=-1):
            Watched.most = max(Watched.most, size if size >= 0 else len(content))
            return super().read(size)

    answer = client.generic(
        "PATCH", address(upload), b"", headers={"Tus-Resumable": "1.0.0", "Upload-Offset": "0"},
        **{"CONTENT_TYPE": BODY, "wsgi.input": Watched(content), "CONTENT_LENGTH": str(len(content))},
    )  # fmt: skip
    assert answer.status_code == 204
    assert Watched.most <= 1 << 20
