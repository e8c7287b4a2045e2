"""Each limit of docs/threat-model.md holds at its own address: what comes too often is told to wait, and does nothing."""

import re
from pathlib import Path

import pytest
from django.core import mail
from django.test import Client

from courseplatform.core.api_rules import Pace
from courseplatform.lti.views import launch
from hardware.runners import api as boards
from tests.courseplatform.accounts.builders import headers_of
from tests.sign_in.test_second_factor import with_app

pytestmark = pytest.mark.django_db
TEXT = (Path(__file__).resolve().parents[2] / "docs" / "threat-model.md").read_text()


def statuses(times, send):
    return [send().status_code for _ in range(times)]


def test_sign_ins_that_an_lms_begins_are_counted_by_address(client, monkeypatch):
    """Also those that name an issuer that nobody knows: each would ask the database."""
    monkeypatch.setattr(launch, "LOGINS", Pace("lti_login", 3))
    asked = {"iss": "https://lms.example.edu", "login_hint": "7", "target_link_uri": "https://testserver/lti/launch/"}
    found = statuses(5, lambda: client.post("/lti/login/", asked))
    assert 429 not in found[:3] and found[3:] == [429, 429]
    assert client.get("/lti/login/", asked, REMOTE_ADDR="198.51.100.7").status_code != 429


@pytest.mark.parametrize("address", ["/accounts/password/reset/"])
def test_password_links_for_one_account_are_few_and_all_of_one_address_are_counted(client, cast, settings, address):
    settings.ACCOUNT_RATE_LIMITS = settings.ACCOUNT_RATE_LIMITS | {"reset_password": "6/m/ip,2/m/key"}
    found = statuses(4, lambda: client.post(address, {"email": "ruth@example.edu"}))
    assert found[:2] == [302, 302] and found[2:] == [429, 429] and len(mail.outbox) == 2
    others = [client.post(address, {"email": f"{n}@example.edu"}).status_code for n in range(8)]
    assert others[-1] == 429


def test_a_link_of_a_mail_is_not_guessed(client, cast, settings):
    settings.ACCOUNT_RATE_LIMITS = settings.ACCOUNT_RATE_LIMITS | {"reset_password_from_key": "3/m/ip"}
    sent = {"password1": "battery staple 7", "password2": "battery staple 7"}
    found = [client.post(f"/accounts/password/reset/key/1-abc{n}-{n:032d}/", sent).status_code for n in range(6)]
    assert 429 in found and found[0] != 429


@pytest.mark.parametrize(
    ("limit", "address", "sent"),
    [
        (
            "change_password",
            "/accounts/password/change/",
            {"oldpassword": "wrong", "password1": "battery staple 7", "password2": "battery staple 7"},
        ),
        ("reauthenticate", "/accounts/again/", {"password": "wrong"}),
    ],
)
def test_the_password_is_not_guessed_in_an_open_browser(client, cast, settings, limit, address, sent):
    settings.ACCOUNT_RATE_LIMITS = settings.ACCOUNT_RATE_LIMITS | {limit: "3/m/user"}
    client.force_login(cast.ruth)
    found = statuses(5, lambda: client.post(address, sent))
    assert found[3:] == [429, 429] and 429 not in found[:3]


def test_the_password_of_another_account_is_not_guessed_by_joining_it(client, cast):
    client.force_login(cast.ruth)
    sent = {"step": "prove", "email": "helen@example.edu", "password": "wrong"}
    for _ in range(6):
        client.post("/accounts/merge/", sent)
    right = client.post("/accounts/merge/", sent | {"password": "correct horse"})
    assert right.status_code in (422, 429) and "loser" not in (right.context or {})


def test_passkeys_are_asked_for_as_often_as_passwords(client, settings):
    settings.ACCOUNT_RATE_LIMITS = settings.ACCOUNT_RATE_LIMITS | {"login": "3/m/ip"}
    assert statuses(5, lambda: client.get("/accounts/login/passkey/"))[-1] == 429


def test_a_code_is_not_guessed_from_many_addresses(client, cast):
    """The wrong codes are counted for the account: who comes from elsewhere has no new tries."""
    with_app(client, cast.helen)
    tried = []
    for number in range(12):
        other = Client(REMOTE_ADDR=f"198.51.100.{number + 1}")
        other.post("/accounts/login/", {"login": "helen@example.edu", "password": "correct horse"})
        tried.append(other.post("/accounts/login/second-factor/", {"code": f"{number:06d}"}))
    assert "Too many" in tried[-1].content.decode() or tried[-1].status_code == 429


def test_a_token_and_the_session_beside_it_are_counted_apart_and_both_end(client, cast, settings):
    settings.API_PER_MINUTE = 3
    headers = headers_of(cast.ruth, ["read"])
    assert statuses(5, lambda: client.get("/api/v1/me", **headers))[3:] == [429, 429]
    client.force_login(cast.ruth)
    assert statuses(5, lambda: client.get("/api/v1/me"))[3:] == [429, 429]


def test_the_page_names_the_limits_that_are_set(settings):
    """docs/threat-model.md: what stands there is what the settings say."""
    limits = settings.ACCOUNT_RATE_LIMITS
    said = {
        "login": "30 a minute and address", "login_failed": "10 a minute and address, 5 in five minutes for one account",
        "reset_password": "20 a minute and address, 5 a minute and account", "change_password": "5 a minute and person",
    }  # fmt: skip
    assert all(words in TEXT for words in said.values())
    assert {name: limits[name] for name in said} == {
        "login": "30/m/ip", "login_failed": "10/m/ip,5/5m/key", "reset_password": "20/m/ip,5/m/key", "change_password": "5/m/user",
    }  # fmt: skip
    assert f"{launch.LOGINS.per_minute} a minute and address" in TEXT
    assert f"{boards.WRONG_CODES_PER_MINUTE} a minute and address" in TEXT
    assert re.search(r"calls of a board \| ten times that", TEXT) and boards.CALLS_OF_A_BOARD == 10
