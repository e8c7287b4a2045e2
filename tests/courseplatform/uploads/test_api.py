"""tus behind the API's door: a token instead of a session, and otherwise the same protocol."""

import threading
from hashlib import sha256

import pytest
from django.core.cache import cache
from django.test import Client

from courseplatform.core import api_rules
from courseplatform.uploads import answers
from courseplatform.uploads.models import Status, Upload
from courseplatform.uploads.services.receiving import upload_discard
from tests.courseplatform.accounts.builders import BOTH, bearer, headers_of, make_token
from tests.courseplatform.uploads.builders import MODEL, Tus, begin, complete, send
from tests.people import make_lab

pytestmark = pytest.mark.django_db
ROOT = "/api/v1/uploads/"


@pytest.fixture(autouse=True)
def _nobody_has_asked_yet():
    cache.clear()


def tus_of(person, scopes=BOTH):
    secret = headers_of(person, scopes)["HTTP_AUTHORIZATION"]
    return Tus(Client(enforce_csrf_checks=True), ROOT, Authorization=secret)


@pytest.fixture
def tus(cast):
    return tus_of(cast.ruth, ["hand_in"])


def code(answer):
    return answer.status_code, answer.json()["error"]["code"]


def address(upload):
    return f"{ROOT}{upload.pk}/"


def test_a_token_to_hand_in_sends_a_file_without_a_form_token(tus, cast):
    made = tus.announce(cast.lab, len(MODEL), MODEL[:5], sha256=sha256(MODEL).hexdigest())
    assert (made.status_code, made["Location"]) == (201, address(Upload.objects.get()))
    assert tus("HEAD", made["Location"])["Upload-Offset"] == "5"
    assert tus("PATCH", made["Location"], MODEL[5:], Upload_Offset="5").status_code == 204
    found = Upload.objects.get()
    assert (found.person, found.status, found.sha256) == (cast.ruth, Status.COMPLETE, sha256(MODEL).hexdigest())


def test_an_assignment_is_named_as_its_address_names_it(tus, cast):
    assert tus.announce(cast.lab, len(MODEL), target="odml/lab1").status_code == 201
    assert Upload.objects.get().target == str(cast.lab.pk)


@pytest.mark.parametrize("target", ["odml/nowhere", "odml/", "/", "odml/lab1/", "tinyml/lab1"])
def test_a_name_of_no_assignment_is_not_there(tus, cast, target):
    assert code(tus.announce(cast.lab, 5, target=target)) == (404, "not_found")


def test_a_withdrawn_assignment_is_not_there_by_its_name(tus, cast):
    make_lab(cast.course, "gone", is_withdrawn=True)
    assert code(tus.announce(cast.lab, 5, target="odml/gone")) == (404, "not_found")


def test_an_assignment_of_another_course_is_not_there_by_its_name(tus, cast):
    make_lab(cast.other_course, "theirs")
    assert code(tus.announce(cast.lab, 5, target="tinyml/theirs")) == (404, "not_found")


def test_a_target_longer_than_is_kept_is_refused(tus, cast):
    assert code(tus.announce(cast.lab, 5, target="x" * 65)) == (400, "bad_metadata")


@pytest.mark.parametrize("method", ["OPTIONS", "HEAD", "PATCH", "DELETE"])
def test_reading_is_no_leave_to_send(cast, method):
    upload = begin(cast)
    answer = tus_of(cast.ruth, ["read"])(method, address(upload), MODEL, Upload_Offset="0")
    assert answer.status_code == 403
    upload.refresh_from_db()
    assert (upload.status, upload.offset_bytes) == (Status.RECEIVING, 0)


def test_reading_is_no_leave_to_announce(cast):
    assert code(tus_of(cast.ruth, ["read"]).announce(cast.lab, 5)) == (403, "scope_missing")
    assert not Upload.objects.exists()


def test_a_method_in_a_header_needs_the_scope_of_that_method(cast):
    upload, reader = begin(cast), tus_of(cast.ruth, ["read"])
    assert code(reader("POST", address(upload), X_HTTP_Method_Override="DELETE")) == (403, "scope_missing")
    assert code(tus_of(cast.ruth, ["hand_in"])("POST", address(upload), X_HTTP_Method_Override="GET")) == (
        403,
        "scope_missing",
    )
    assert Upload.objects.get().status == Status.RECEIVING


def test_a_proxy_without_patch_says_so_in_a_header(tus, cast):
    upload = begin(cast)
    answer = tus("POST", address(upload), MODEL, Upload_Offset="0", X_HTTP_Method_Override="PATCH")
    assert (answer.status_code, answer["Upload-Offset"]) == (204, str(len(MODEL)))


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer mlp_nothing"}, {"Authorization": "Basic cnV0aDp4"}])
def test_without_a_live_token_nothing_is_taken(cast, headers):
    answer = Tus(Client(), ROOT, **headers).announce(cast.lab, 5)
    assert (answer.status_code, answer["WWW-Authenticate"]) == (401, api_rules.CHALLENGE)
    assert not Upload.objects.exists()


def test_a_revoked_token_sends_no_further_part(cast):
    token, secret = make_token(cast.ruth)
    tus, upload = Tus(Client(), ROOT, Authorization=bearer(secret)["HTTP_AUTHORIZATION"]), begin(cast)
    assert tus("PATCH", address(upload), MODEL[:5], Upload_Offset="0").status_code == 204
    token.revoked_at = token.created_at
    token.save()
    assert code(tus("PATCH", address(upload), MODEL[5:], Upload_Offset="5")) == (401, "token_revoked")
    assert Upload.objects.get().offset_bytes == 5


def test_a_session_sends_here_only_with_its_form_token(cast):
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(cast.ruth)
    upload = begin(cast)
    for method in ("PATCH", "DELETE"):
        assert code(Tus(browser, ROOT)(method, address(upload), MODEL, Upload_Offset="0")) == (403, "csrf_failed")
    assert code(Tus(browser, ROOT)("POST", address(upload), X_HTTP_Method_Override="DELETE")) == (403, "csrf_failed")
    assert Upload.objects.get().status == Status.RECEIVING


@pytest.mark.parametrize("name", ["daniel", "helen", "amit", "lena", "olu", "oscar"])
def test_an_upload_of_somebody_else_is_not_there(cast, name):
    upload = begin(cast)
    other = tus_of(getattr(cast, name))
    for method in ("GET", "HEAD", "PATCH", "DELETE"):
        assert other(method, address(upload), MODEL, Upload_Offset="0").status_code == 404
    assert other("GET").json() == {"uploads": []}


def test_every_answer_speaks_tus_refusals_too(tus, cast):
    upload = begin(cast)
    conflict = tus("PATCH", address(upload), MODEL, Upload_Offset="3")
    assert (conflict.status_code, conflict["Tus-Resumable"], conflict["Tus-Version"]) == (409, "1.0.0", "1.0.0")
    assert "no-store" in tus("HEAD", address(upload))["Cache-Control"]
    assert tus("OPTIONS")["Tus-Extension"] == "creation,creation-with-upload,termination,expiration,checksum"


@pytest.mark.parametrize(
    ("method", "body", "headers", "refusal"),
    [
        ("PATCH", MODEL, {"Upload_Offset": "3"}, (409, "wrong_offset")),
        ("PATCH", MODEL, {"Upload_Offset": "x"}, (400, "bad_upload_offset")),
        ("PATCH", MODEL + b"x", {"Upload_Offset": "0"}, (413, "beyond_length")),
        ("PATCH", MODEL, {"Upload_Offset": "0", "Content_Type": "text/plain"}, (415, "wrong_content_type")),
        ("PATCH", MODEL, {"Upload_Offset": "0", "Tus_Resumable": "0.2.2"}, (412, "other_tus_version")),
        ("PATCH", MODEL, {"Upload_Offset": "0", "Upload_Checksum": "sha256 AAAA"}, (460, "checksum_differs")),
        ("PATCH", MODEL, {"Upload_Offset": "0", "Upload_Checksum": "md5 AAAA"}, (400, "bad_checksum")),
        ("PATCH", MODEL[:-1] + b"x", {"Upload_Offset": "0"}, (422, "hash_differs")),
        ("PUT", b"", {}, (405, "method_not_allowed")),
    ],
)
def test_token_and_session_are_refused_alike(cast, client, method, body, headers, refusal):
    client.force_login(cast.ruth)
    here, there = begin(cast), begin(cast)
    assert code(tus_of(cast.ruth)(method, address(here), body, **headers)) == refusal
    answer = Tus(client, Accept="application/json")(method, f"/uploads/{there.pk}/", body, **headers)
    assert code(answer) == refusal


def test_what_ended_is_gone_and_says_what_became_of_it(cast):
    upload, tus = begin(cast), tus_of(cast.ruth)
    upload_discard(upload=upload, by="ruth")
    assert code(tus("PATCH", address(upload), MODEL, Upload_Offset="0")) == (410, "upload_discarded")
    assert tus("GET", address(upload)).json()["status"] == "discarded"


def test_a_discarded_upload_is_gone(tus, cast):
    upload = begin(cast)
    assert tus("DELETE", address(upload)).status_code == 204
    assert Upload.objects.get().status == Status.DISCARDED


def test_the_list_names_what_is_on_its_way(cast, django_assert_max_num_queries):
    upload, lab2 = send(begin(cast), MODEL[:7], length=7), make_lab(cast.course, "lab2")
    complete(cast, person=cast.daniel)
    reader = tus_of(cast.ruth, ["read"])
    with django_assert_max_num_queries(4):  # token, its use, the assignment's key, uploads
        found = reader("GET", f"{ROOT}?purpose=hand_in&target=odml/lab1").json()["uploads"]
    assert [(row["id"], row["offset_bytes"], row["url"]) for row in found] == [(str(upload.pk), 7, address(upload))]
    assert reader("GET").json()["uploads"] == found
    assert reader("GET", address(upload)).json() == found[0]
    assert reader("GET", f"{ROOT}?purpose=hand_in&target=odml/{lab2.slug}").json() == {"uploads": []}


def test_parts_are_counted_apart_from_everything_else(tus, cast, settings, monkeypatch):
    monkeypatch.setattr(api_rules.time, "time", lambda: 600.0)
    settings.API_PER_MINUTE = 3
    upload = begin(cast)

    def part(n):
        return tus("PATCH", address(upload), MODEL[n : n + 1], Upload_Offset=str(n))

    assert [part(n).status_code for n in range(len(MODEL))] == [204] * 15
    assert tus("HEAD", address(upload)).status_code == 200
    refused = part(0)
    assert code(refused) == (429, "too_many_requests")
    assert "More than 15 requests" in refused.json()["error"]["message"] and refused["Retry-After"] == "60"
    assert [tus("HEAD", address(upload)).status_code for _ in range(3)] == [200, 200, 429]


def test_the_largest_file_in_parts_of_the_browser_fits_into_a_minute(settings):
    from courseplatform.uploads.api import OneUpload

    parts = -(-settings.MAX_UPLOAD_BYTES // (8 << 20))
    assert parts <= OneUpload().pace("PATCH").per_minute


def test_when_all_slots_are_taken_the_client_is_told_to_come_again(tus, cast, monkeypatch):
    taken = threading.BoundedSemaphore(1)
    taken.acquire()
    monkeypatch.setattr(answers, "_slots", lambda: taken)
    answer = tus("PATCH", address(begin(cast)), MODEL, Upload_Offset="0")
    assert (code(answer), answer["Retry-After"]) == ((503, "uploads_busy"), "4")


def test_a_part_costs_a_bounded_number_of_queries(tus, cast, django_assert_max_num_queries):
    upload = begin(cast, bytes(1 << 19))
    with django_assert_max_num_queries(12):
        tus("PATCH", address(upload), bytes(1 << 18), Upload_Offset="0")
