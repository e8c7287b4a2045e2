"""Refusals and faults: each as a page and as JSON, also when nothing of the request is there yet."""

import json

import psycopg2
import pytest
from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.db import OperationalError
from django.db.backends.utils import CursorWrapper
from django.test import Client, RequestFactory

from courseplatform.accounts.session_store import SessionStore
from courseplatform.core import error_pages

JSON = {"HTTP_ACCEPT": "application/json"}
HANDLERS = {
    "bad_request": (error_pages.bad_request, 400),
    "unknown_host": (error_pages.unknown_host, 400),
    "forbidden": (error_pages.forbidden, 403),
    "csrf_failed": (error_pages.csrf_failure, 403),
    "not_found": (error_pages.not_found, 404),
    "method_not_allowed": (lambda request: error_pages.method_not_allowed(request, "GET, HEAD"), 405),
    "too_many_tries": (error_pages.too_many, 429),
    "writes_busy": (error_pages.writes_busy, 503),
    "database_away": (error_pages.database_away, 503),
    "server_error": (error_pages.server_error, 500),
}


@pytest.fixture
def quiet(client):
    """A client that gets the page of a fault instead of the exception."""
    client.raise_request_exception = False
    return client


@pytest.mark.parametrize("code", HANDLERS)
def test_an_error_page_needs_no_person_no_session_and_no_database(code):
    handler, status = HANDLERS[code]
    page = handler(RequestFactory().get("/"))  # no middleware ran, and without the mark the database is forbidden
    assert page.status_code == status
    assert f'<span class="mono">{code}</span>' in page.content.decode()


@pytest.mark.parametrize("code", HANDLERS)
def test_who_asks_for_json_gets_the_code_as_json(code):
    handler, status = HANDLERS[code]
    answer = handler(RequestFactory().get("/", **JSON))
    assert (answer.status_code, json.loads(answer.content)["error"]["code"]) == (status, code)


@pytest.mark.django_db
@pytest.mark.parametrize("host", ["elsewhere.example", "a b/../<script>", "", "\u00fc", "*"])
def test_a_foreign_or_malformed_host_gets_a_400_page(client, host):
    answer = client.get("/", HTTP_HOST=host)
    assert answer.status_code == 400
    assert "unknown_host" in answer.content.decode()
    assert "default-src 'none'" in answer["Content-Security-Policy"]


@pytest.mark.django_db
@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "[::1]"])
def test_this_machines_own_names_are_answered(client, host):
    assert client.get("/accounts/login/", HTTP_HOST=f"{host}:8000").status_code == 200


@pytest.mark.django_db
def test_a_foreign_host_is_one_line_in_the_log_and_no_traceback(client, caplog):
    client.get("/", HTTP_HOST="elsewhere.example")
    assert [record.levelname for record in caplog.records if record.exc_info] == []


@pytest.mark.django_db
def test_a_database_that_is_gone_gives_our_page(quiet, cast, monkeypatch):
    quiet.force_login(cast.ruth)

    def gone(*args, **kwargs):
        raise OperationalError("the database is gone")

    monkeypatch.setattr(CursorWrapper, "execute", gone)
    answer = quiet.get(f"/courses/{cast.course.slug}/")
    assert answer.status_code == 500
    assert "Something broke on our side" in answer.content.decode()


def away(code=None):
    """As Django raises it. code: what PostgreSQL said before the line broke."""
    error = OperationalError("the database system is starting up")
    error.__cause__ = psycopg2.OperationalError()
    error.__cause__ = SimpleCause(code) if code else error.__cause__
    return error


class SimpleCause(psycopg2.OperationalError):
    """psycopg2's own attribute cannot be written."""

    pgcode = None

    def __init__(self, code):
        self.pgcode = code


@pytest.mark.django_db
@pytest.mark.parametrize("code", [None, "57P01", "57P03", "08006", "53300"])
@pytest.mark.parametrize("place", ["view", "session"])
def test_a_database_that_is_away_for_a_moment_says_so_and_when_to_come_again(quiet, cast, monkeypatch, code, place):
    quiet.force_login(cast.ruth)

    def gone(*args, **kwargs):
        raise away(code)

    if place == "view":
        monkeypatch.setattr("courseplatform.core.health.check", gone)
    else:
        monkeypatch.setattr(SessionStore, "load", gone)
    path = "/healthz" if place == "view" else f"/courses/{cast.course.slug}/"
    page = quiet.get(path)
    assert (page.status_code, page["Retry-After"]) == (503, "5")
    assert "Our database does not answer in this moment" in page.content.decode()
    assert quiet.get(path, **JSON).json()["error"]["code"] == "database_away"


@pytest.mark.django_db
def test_a_session_that_waits_too_long_for_its_turn_says_so(quiet, cast, monkeypatch):
    """Outside every view, where no middleware of ours sees what was raised."""
    quiet.force_login(cast.ruth)

    def locked(*args, **kwargs):
        raise OperationalError("database is locked")

    monkeypatch.setattr(SessionStore, "load", locked)
    answer = quiet.get(f"/courses/{cast.course.slug}/", **JSON)
    assert (answer.status_code, answer.json()["error"]["code"], answer["Retry-After"]) == (503, "writes_busy", "5")


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("raised", "status", "code"),
    [(SuspiciousOperation("x"), 400, "bad_request"), (PermissionDenied, 403, "forbidden"), (RuntimeError, 500, "server_error")],
)  # fmt: skip
def test_what_a_view_raises_is_answered_in_the_form_that_was_asked_for(quiet, cast, monkeypatch, raised, status, code):
    def broken(*args):
        raise raised

    monkeypatch.setattr("courseplatform.core.health.check", broken)
    assert code in quiet.get("/healthz").content.decode()
    answer = quiet.get("/healthz", **JSON)
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)


@pytest.mark.django_db
def test_a_form_without_its_token_is_refused_in_the_form_that_was_asked_for():
    client = Client(enforce_csrf_checks=True)
    page = client.post("/accounts/demo/")
    assert (page.status_code, "csrf_failed" in page.content.decode()) == (403, True)
    assert client.post("/accounts/demo/", **JSON).json()["error"]["code"] == "csrf_failed"


@pytest.mark.django_db
def test_a_wrong_method_is_told_which_ones_are_taken(client):
    page = client.put("/style/")
    assert (page.status_code, page["Allow"]) == (405, "GET, HEAD")
    assert "This address takes GET or HEAD, and the request was PUT." in page.content.decode()
    assert client.put("/style/", **JSON).json()["error"]["details"] == {"allowed": ["GET", "HEAD"]}


@pytest.mark.django_db
def test_an_error_page_keeps_the_way_out_for_who_is_signed_in(client, cast):
    client.force_login(cast.ruth)
    page = client.get(f"/courses/{cast.course.slug}/assignments/none/").content.decode()
    assert "Sign out" in page and 'name="csrfmiddlewaretoken"' in page
    assert f'href="/courses/{cast.course.slug}/schedule/"' in page


@pytest.mark.django_db
def test_a_refused_form_leads_back_to_its_page_and_nothing_of_what_was_typed_is_lost(cast):
    client = Client(enforce_csrf_checks=True)  # the check of the token is what reads the form
    client.force_login(cast.ruth)
    client.get("/accounts/profile/")
    path, here = f"/courses/{cast.course.slug}/hardware/items/PI-01/report/", "/courses/odml/hardware/items/PI-01/?a=b"
    sent = {"what": "HDMI port <torn>\nsince Monday", "old_password": "a b c", "to": "in_repair", "key": "x y"}
    sent["csrfmiddlewaretoken"] = client.cookies["csrftoken"].value
    page = client.post(path, sent, HTTP_REFERER=f"http://testserver{here}").content.decode()
    assert "HDMI port &lt;torn&gt;\nsince Monday" in page and f'href="{here}"' in page
    assert "a b c" not in page and "in_repair" not in page and "x y" not in page
    page = client.post(path, sent, HTTP_REFERER="http://evil.example/courses/").content.decode()
    assert "evil" not in page and "Back to the page" not in page
    refused = client.post(path, sent | {"csrfmiddlewaretoken": ""}, HTTP_REFERER=f"http://testserver{here}")
    assert refused.status_code == 403 and "HDMI" not in refused.content.decode()  # words that another site put there
