"""What somebody types or sends to come in stands in no line of the log: right or wrong, taken or refused, and also where something breaks."""

import json
import logging

import pytest
from django.test import Client

from courseplatform.accounts import views
from tests.courseplatform.accounts.builders import bearer, make_token
from tests.courseplatform.test_redaction import lines  # noqa: F401 a fixture
from tests.sign_in.coming import begin, come, come_back
from tests.sign_in.test_second_factor import APP, CODE, PAGE, code_at, with_app

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _after_the_commit(monkeypatch):
    monkeypatch.setattr("django.db.transaction.on_commit", lambda then, *_, **__: then())


def said(lines):  # noqa: F811
    text = json.dumps(lines)
    assert lines
    return text


def test_codes_and_the_secret_of_an_app_stand_in_no_line(client, cast, lines):  # noqa: F811
    logging.getLogger().setLevel("DEBUG")
    secret = with_app(client, cast.helen)
    codes = client.get(f"{PAGE}codes/").content.decode()
    other = Client()
    other.post("/accounts/login/", {"login": "helen@example.edu", "password": "correct horse"})
    code = code_at(secret, 1)
    other.post(CODE, {"code": "canary-code"})
    other.post(CODE, {"code": code})
    client.post(APP, {"code": "canary-app"})
    text = said(lines)
    assert secret not in text and code not in text and "canary" not in text and "correct horse" not in text
    listed = [word for word in codes.replace("<", " ").replace(">", " ").split() if word.isdigit() and len(word) == 8]
    assert not any(word in text for word in listed)


def test_what_a_provider_of_single_sign_on_sends_stands_in_no_line(client, cast, lines, provider):  # noqa: F811
    logging.getLogger().setLevel("DEBUG")
    come(client, provider)
    other = Client()
    asked = begin(other)
    come_back(other, provider, asked, state="canary-state")
    other.get("/accounts/single-sign-on/back/", {"code": "canary-code", "state": asked["state"]})
    other.get(
        "/accounts/single-sign-on/back/", {"error": "x", "error_description": "canary-words", "state": asked["state"]}
    )
    other.post("/accounts/saml/take/", {"SAMLResponse": "canary-assertion", "RelayState": "canary-relay"})
    text = said(lines)
    assert "canary-code" not in text and "canary-assertion" not in text and provider.secret not in text
    assert asked["nonce"] not in text and "eyJ" not in text  # the head of every signed token


def test_a_fault_of_ours_writes_nothing_of_the_form_that_met_it(cast, lines, monkeypatch):  # noqa: F811
    """The traceback is written, and neither what was sent nor what the browser is known by."""

    def broken(*_, **__):
        password = "canary-local"
        raise RuntimeError(f"something broke after {len(password)} letters")

    browser = Client(raise_request_exception=False)
    browser.force_login(cast.ruth)
    token = make_token(cast.ruth, ["read"])[1]
    monkeypatch.setattr(views, "ProfileForm", broken)
    answer = browser.post("/accounts/profile/", {"zone": "canary-typed", "password": "canary-word"}, **bearer(token))
    assert answer.status_code == 500
    text = said(lines)
    assert "something broke" in text and "RuntimeError" in text
    assert "canary" not in text.replace('password = \\"canary-local\\"', "") and token not in text
    assert (
        browser.cookies["sessionid"].value not in text
        and browser.cookies["sessionid"].value not in answer.content.decode()
    )
