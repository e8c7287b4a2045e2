"""What the program does with answers that a well site never gives: redirects, limits, faults, and others who answer in its place."""

import json
import socket
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from courseplatform.cli.client.line import Line
from courseplatform.cli.client.sign_in import SignIn
from courseplatform.cli.client.words import NoLine, Refused, SignedOut, WrongUse

ME = (200, {}, {"email": "ruth@example.edu"})


@contextmanager
def site_that_says(*answers):
    """A site that gives these answers, one after the other; the last one again and again. Yields its address and what it was asked."""
    asked, left = [], list(answers)

    class Handler(BaseHTTPRequestHandler):
        def answer(self):
            length = int(self.headers.get("Content-Length") or 0)
            asked.append((self.command, self.path, self.headers.get("Authorization"), self.rfile.read(length)))
            status, headers, body = left.pop(0) if len(left) > 1 else left[0]
            content = body if isinstance(body, bytes) else json.dumps(body).encode()
            self.send_response(status)
            for key, value in {"Content-Length": str(len(content)), **headers}.items():
                self.send_header(key, value)
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = answer  # noqa: N815 so the library calls them

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", asked
    finally:
        server.shutdown()
        server.server_close()


def line_to(site, waits=None, says=None):
    return Line(
        SignIn(site, "mlp_secret"),
        (says if says is not None else []).append,
        (waits if waits is not None else []).append,
    )


def error(code, **more):
    return {"error": {"code": code, "message": f"It is {code}.", **more}}


def test_the_token_goes_in_the_header_and_the_path_is_quoted():
    with site_that_says(ME) as (site, asked):
        line_to(site).get("courses", "a/../b", "x y", person="a&b")
    assert asked == [("GET", "/api/v1/courses/a%2F..%2Fb/x%20y?person=a%26b", "Bearer mlp_secret", b"")]


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_is_refused_and_the_token_goes_nowhere_else(status):
    with (
        site_that_says(ME) as (other, asked),
        site_that_says((status, {"Location": f"{other}/api/v1/me"}, b"")) as (site, _),
        pytest.raises(Refused) as refused,
    ):
        line_to(site).get("me")
    assert refused.value.code == "redirected" and asked == []


def test_pages_of_another_host_are_asked_of_this_one():
    first = {"next": "https://evil.example/api/v1/courses?cursor=2", "results": [{"n": 1}]}
    last = {"next": "https://evil.example/other", "results": [{"n": 2}]}
    with site_that_says((200, {}, first), (200, {}, last)) as (site, asked):
        assert list(line_to(site).pages("courses")) == [{"n": 1}, {"n": 2}]
    assert [path for _, path, _, _ in asked] == ["/api/v1/courses?page_size=200", "/api/v1/courses?cursor=2"]


def test_a_list_without_an_end_ends():
    with site_that_says((200, {}, {"next": "http://x/api/v1/courses?cursor=1", "results": [{}]})) as (site, _):
        assert len(list(line_to(site).pages("courses"))) == 100


def test_who_asks_too_often_waits_as_long_as_is_said_and_is_told():
    waits, says = [], []
    limit = (429, {"Retry-After": "17"}, error("too_many_requests"))
    with site_that_says(limit, ME) as (site, asked):
        assert line_to(site, waits, says).get("me") == ME[2]
    assert waits == [17.5] and len(asked) == 2
    assert says == ["Too many requests within a minute. Trying again in 18 s."]


@pytest.mark.parametrize("headers", [{}, {"Retry-After": "86400"}, {"Retry-After": "soon"}])
def test_a_limit_that_no_minute_ends_is_a_refusal(headers):
    with site_that_says((429, headers, error("cool_down"))) as (site, asked), pytest.raises(Refused) as refused:
        line_to(site).get("me")
    assert refused.value.code == "cool_down" and len(asked) == 1


def test_a_site_that_is_busy_is_asked_again_and_then_not_any_more():
    busy = (503, {"Retry-After": "1"}, error("writes_busy"))
    waits = []
    with site_that_says(busy, busy, ME) as (site, _):
        assert line_to(site, waits).get("me") == ME[2]
    assert len(waits) == 2 and all(pause >= 1 for pause in waits)
    with site_that_says(busy) as (site, asked), pytest.raises(NoLine) as refused:
        line_to(site, []).get("me")
    assert refused.value.code == "writes_busy" and len(asked) == 5


@pytest.mark.parametrize(
    ("answer", "kind", "code"),
    [
        ((401, {}, error("token_revoked")), SignedOut, "token_revoked"),
        ((403, {}, error("scope_missing", details={"scope": "hand_in"})), Refused, "scope_missing"),
        ((404, {}, error("not_found")), Refused, "not_found"),
        ((500, {}, error("server_error")), NoLine, "server_error"),
        ((507, {}, error("disk_full")), NoLine, "disk_full"),
        ((200, {}, b"<html>Sign in to the hotel</html>"), NoLine, "not_the_site"),
        ((403, {}, b"<html>a proxy</html>"), NoLine, "not_the_site"),
        ((200, {}, b"\xff\xfe"), NoLine, "not_the_site"),
        ((400, {}, {"error": "odd"}), Refused, "status_400"),
        ((400, {}, {"error": {"code": None, "message": None, "details": 3}}), Refused, "status_400"),
    ],
)
def test_each_refusal_ends_with_its_own_code(answer, kind, code):
    with site_that_says(answer) as (site, _), pytest.raises(kind) as refused:
        line_to(site).get("me")
    assert refused.value.code == code


def test_a_site_that_is_not_there_is_tried_several_times_and_says_so():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    waits = []
    with pytest.raises(NoLine) as refused:
        line_to(f"http://127.0.0.1:{port}", waits).get("me")
    assert refused.value.code == "no_connection" and len(waits) == 4


def test_a_form_is_sent_again_where_the_answer_was_lost():
    with site_that_says((503, {}, error("busy")), (201, {}, {"id": "1"})) as (site, asked):
        answer = line_to(site).post("x", fields={"upload_key": "k"})
    assert answer.document() == {"id": "1"}
    assert asked[0][3] == asked[1][3] != b""


@pytest.mark.parametrize(
    ("answer", "kind"), [((200, {"Content-Length": "10"}, b"half"), NoLine), ((404, {}, error("not_found")), Refused)]
)
def test_half_a_file_is_not_kept(answer, kind, tmp_path):
    target = tmp_path / "model.onnx"
    with site_that_says(answer) as (site, _), pytest.raises(kind):
        line_to(site).save("submissions", "1", "file", target=target)
    assert list(tmp_path.iterdir()) == []


def sends_on(to):
    return (302, {"Location": to}, b"")


def test_a_file_on_the_host_of_files_is_fetched_there_without_the_token(tmp_path):
    with site_that_says((200, {}, b"whole")) as (files, asked_there):
        link = files.replace("127.0.0.1", "localhost") + "/content/signed"
        with site_that_says(sends_on(link)) as (site, asked):
            assert line_to(site).save("submissions", "1", "file", target=tmp_path / "model") == 5
    assert (tmp_path / "model").read_bytes() == b"whole"
    assert [each[2] for each in asked] == ["Bearer mlp_secret"]
    assert [each[1:3] for each in asked_there] == [("/content/signed", None)]


def test_a_file_is_sent_on_once_and_to_the_host_of_files_alone(tmp_path):
    with site_that_says(sends_on("http://localhost:1/content/again")) as (files, asked_there):
        far = files.replace("127.0.0.1", "localhost")
        for link in (
            f"{far}/elsewhere",
            f"{files}/content/same-host",
            "file:///etc/passwd",
            "ftp://x/content/y",
            f"{far}/content/twice",
        ):
            with site_that_says(sends_on(link)) as (site, _), pytest.raises(Refused) as refused:
                line_to(site).save("x", target=tmp_path / "model")
            assert refused.value.code == "redirected", link
    assert [each[1] for each in asked_there] == ["/content/twice"] and list(tmp_path.iterdir()) == []


def test_a_file_that_cannot_be_written_is_told(tmp_path):
    with site_that_says((200, {}, b"whole")) as (site, _):
        with pytest.raises(WrongUse) as refused:
            line_to(site).save("x", target=tmp_path / "no" / "such")
        assert refused.value.code == "cannot_write"
        line_to(site).save("x", target=tmp_path / "whole")
    assert (tmp_path / "whole").read_bytes() == b"whole"


def test_a_proxy_of_the_environment_never_sees_what_goes_to_this_machine(monkeypatch):
    with site_that_says(ME) as (proxy, asked), site_that_says(ME) as (site, _):
        monkeypatch.setenv("http_proxy", proxy)
        line_to(site).get("me")
    assert asked == []
