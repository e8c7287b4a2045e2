"""Hostile requests: a clear document each, never a crash, never a page."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from courseplatform.accounts.models import AccessToken
from courseplatform.accounts.tokens import token_revoke
from courseplatform.core import api_rules
from courseplatform.core.error_pages import server_error
from grading.models import Submission
from tests.courseplatform.accounts.builders import bearer, make_token
from tests.people import hand_in, onnx_like

pytestmark = [pytest.mark.django_db, pytest.mark.real_database]
ME = "/api/v1/me"
HAND_IN = "/api/v1/courses/odml/assignments/lab1/submissions"


def code_of(answer):
    assert answer["Content-Type"].startswith("application/json"), answer["Content-Type"]
    return answer.status_code, answer.json()["error"]["code"]


def test_without_a_token_one_is_told_how(client, cast):
    answer = client.get(ME)
    assert code_of(answer) == (401, "not_signed_in") and answer["WWW-Authenticate"] == 'Bearer realm="Milliamp"'


@pytest.mark.parametrize("query", ["?access_token={}", "?token={}", "?x=1&y=a{}b", "?{}", "?a=%6d%6C%70%5f{}"])
def test_a_token_in_the_address_is_refused_even_beside_a_good_one(client, cast, query):
    secret = make_token(cast.ruth)[1]
    assert code_of(client.get(ME + query.format(secret))) == (422, "token_in_address")
    assert code_of(client.get(ME + query.format(secret), **bearer(secret))) == (422, "token_in_address")


@pytest.mark.parametrize("where", ["access_token", "token", "authorization"])
def test_a_token_in_a_form_or_a_cookie_opens_nothing(cast, where):
    client, secret = Client(), make_token(cast.ruth)[1]
    client.cookies[where] = secret
    assert code_of(client.get(ME)) == (401, "not_signed_in")
    assert code_of(client.post(HAND_IN, {where: secret})) == (401, "not_signed_in")


@pytest.mark.parametrize(
    ("header", "code"),
    [("Basic {}", "wrong_scheme"), ("Token {}", "wrong_scheme"), ("{}", "wrong_scheme"), ("Bearer", "bad_token"), ("Bearer ", "bad_token"),
     ("Bearer {} {}", "bad_token"), ("Bearer,{}", "wrong_scheme"), ("Bearer {}\0", "bad_token"), ("Bearer \0{}", "bad_token"),
     ("Bearer {}é", "bad_token"), ("Bearer mlp_' OR 1=1 --", "bad_token")],
)  # fmt: skip
def test_a_header_that_is_not_bearer_and_secret_opens_nothing(client, cast, header, code):
    secret = make_token(cast.ruth)[1]
    assert code_of(client.get(ME, HTTP_AUTHORIZATION=header.format(secret, secret))) == (401, code)


@pytest.mark.parametrize(
    "header", ["Bearer mlp_" + "a" * 10_000, "B" * 10_000, "Bearer " + " " * 10_000, "\0" * 10_000]
)
def test_a_header_of_ten_thousand_characters_opens_nothing(client, cast, header, django_assert_num_queries):
    with django_assert_num_queries(0):
        assert client.get(ME, HTTP_AUTHORIZATION=header).status_code == 401


def test_the_scheme_is_read_in_any_case_as_http_has_it(client, cast):
    assert client.get(ME, HTTP_AUTHORIZATION=f"bEARER {make_token(cast.ruth)[1]}").status_code == 200


def test_a_revoked_an_expired_and_a_switched_off_one_say_so(client, cast):
    revoked, first = make_token(cast.ruth)
    token_revoke(person=cast.ruth, token=revoked.pk)
    _, second = make_token(cast.daniel)
    AccessToken.objects.filter(person=cast.daniel).update(expires_at=timezone.now() - timedelta(seconds=1))
    _, third = make_token(cast.sofia)
    cast.sofia.is_active = False
    cast.sofia.save()
    codes = [code_of(client.get(ME, **bearer(secret))) for secret in (first, second, third)]
    assert codes == [(401, "token_revoked"), (401, "token_expired"), (401, "account_inactive")]


def test_a_refused_token_was_not_used(client, cast):
    token, secret = make_token(cast.ruth)
    token_revoke(person=cast.ruth, token=token.pk)
    client.get(ME, **bearer(secret))
    token.refresh_from_db()
    assert token.last_used_at is None


@pytest.mark.parametrize(
    "accept", ["text/html", "application/xml", "*/*", "", "nonsense", "text/html;q=0, image/*", "a" * 5000, "\0"]
)
def test_whatever_one_takes_one_gets_json(cast, api, accept):
    ruth = api(cast.ruth)
    assert ruth.get("me", HTTP_ACCEPT=accept)["Content-Type"] == "application/json"
    assert code_of(ruth.get("nothing/here", HTTP_ACCEPT=accept)) == (404, "not_found")


@pytest.mark.parametrize("query", ["format=html", "format=api", "format=admin"])
def test_no_question_brings_a_page(cast, api, query):
    assert api(cast.ruth).get(f"me?{query}")["Content-Type"] == "application/json"


@pytest.mark.parametrize("method", ["put", "patch", "delete", "options", "trace", "post"])
def test_a_method_that_is_not_here_is_named(cast, api, method):
    ruth = api(cast.ruth)
    answer = getattr(ruth.client, method)(ME, **ruth.headers)
    assert code_of(answer) == (405, "method_not_allowed") and "GET" in answer["Allow"]


@pytest.mark.parametrize("name", ["HTTP_X_HTTP_METHOD_OVERRIDE", "HTTP_X_HTTP_METHOD", "HTTP_X_METHOD_OVERRIDE"])
def test_a_method_is_not_overridden(cast, api, tmp_path, name):
    submission = hand_in(cast, cast.ruth, onnx_like(tmp_path))
    ruth = api(cast.ruth, ["read"])
    assert ruth.get(f"submissions/{submission.pk}", **{name: "DELETE"}).status_code == 200
    assert code_of(ruth.post(f"submissions/{submission.pk}", {"_method": "GET"}, **{name: "GET"}))[0] == 405
    assert Submission.objects.count() == 1


@pytest.mark.parametrize(
    "body", [b"[" * 100_000, b'{"a":' * 50_000, b'"' + b"x" * 3_000_000 + b'"', b"\xff\xfe", b"\0", b"NaN"]
)
@pytest.mark.parametrize("address", [HAND_IN, ME])
def test_huge_deep_and_broken_json_is_refused_unread(cast, api, body, address):
    ruth = api(cast.ruth)
    answer = ruth.client.post(address, body, content_type="application/json", **ruth.headers)
    assert code_of(answer) in {(422, "not_a_form"), (405, "method_not_allowed")}


@pytest.mark.parametrize(
    "kind",
    [
        "multipart/form-data",
        "multipart/form-data; boundary=",
        "multipart/form-data; boundary=" + "x" * 5000,
        "a/b",
        "\0",
    ],
)
def test_an_envelope_that_is_none_is_refused(cast, api, kind):
    ruth = api(cast.ruth)
    status, _ = code_of(ruth.client.post(HAND_IN, b"--x\r\n", content_type=kind, **ruth.headers))
    assert status == 422


@pytest.mark.parametrize(
    "cursor",
    ["x", "%00", "cD1ub3RoaW5n", "cD0lMDA=", "bz05OTk5OTk5OTk5OTk5OTk5OTk5OTk5", "c" * 5000, "cD0yMDI2LTEzLTQ1"],
)
def test_a_cursor_that_is_none_of_ours_is_no_crash(cast, api, tmp_path, cursor):
    hand_in(cast, cast.ruth, onnx_like(tmp_path))
    ruth = api(cast.ruth)
    for address in ("courses/odml/assignments/lab1/submissions", "courses/odml/assignments", "courses"):
        answer = ruth.get(f"{address}?cursor={cursor}")
        assert answer.status_code == 200 or code_of(answer) == (422, "bad_cursor"), address


@pytest.mark.parametrize("size", ["9" * 5000, "201", "0007", "200"])
def test_a_page_is_never_larger_than_200(cast, api, size):
    assert api(cast.ruth).get(f"courses?page_size={size}").status_code == 200


@pytest.mark.parametrize("size", ["0", "00", "-1", "x", "1.5", "%00", "%D9%A3", "true"])
def test_a_size_that_is_no_number_of_rows_is_told(cast, api, size):
    assert code_of(api(cast.ruth).get(f"courses?page_size={size}")) == (422, "bad_page_size")


@pytest.mark.parametrize("person", ["%00", "x" * 5000, "%27%20OR%201=1", "%FF"])
def test_a_person_that_nobody_is_has_no_hand_ins(cast, api, tmp_path, person):
    hand_in(cast, cast.ruth, onnx_like(tmp_path))
    found = api(cast.helen).get(f"courses/odml/assignments/lab1/submissions?person={person}")
    assert found.status_code == 200 and found.json()["results"] == []


@pytest.mark.parametrize(
    "address",
    ["courses/%00", "courses/" + "x" * 3000, "submissions/7", "runs/..%2f..", "courses/odml/assignments/no", "me/"],
)
def test_an_address_that_names_nothing_is_404(cast, api, address):
    assert code_of(api(cast.ruth).get(address)) == (404, "not_found")


def test_an_unknown_host_and_a_fault_of_ours_are_json_too(client, rf, settings):
    settings.ALLOWED_HOSTS = ["testserver"]
    assert code_of(client.get(ME, HTTP_HOST="evil.example.com")) == (400, "unknown_host")
    assert server_error(rf.get(ME))["Content-Type"] == "application/json"


def test_too_many_requests_of_one_token_are_told_when_to_come_again(cast, api, settings, monkeypatch):
    settings.API_PER_MINUTE = 3
    monkeypatch.setattr(api_rules.time, "time", lambda: 630.0)  # the minute does not end under the test
    ruth = api(cast.ruth)
    assert [ruth.get("me").status_code for _ in range(4)] == [200, 200, 200, 429]
    answer = ruth.get("me")
    assert code_of(answer) == (429, "too_many_requests") and answer["Retry-After"] == "30"


def test_head_gives_the_headers_of_get(cast, api):
    ruth = api(cast.ruth)
    answer = ruth.client.head(ME, **ruth.headers)
    assert answer.status_code == 200 and answer.content == b""


def test_another_site_gets_no_leave_to_ask(cast, api):
    answer = api(cast.ruth).get("me", HTTP_ORIGIN="https://evil.example.com")
    assert not [name for name in answer.headers if name.lower().startswith("access-control")]
