"""Single sign-on by SAML, with recorded assertions: the good one comes in, and each of the others is refused."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.test import Client

from courseplatform.accounts.models import OutsideIdentity
from courseplatform.accounts.single_sign_on.providers import Saml
from tests.sign_in.coming import code_of, is_in
from tests.sign_in.record_assertions import EMAIL, IDP, NOW, REQUEST, SUBJECT

saml = pytest.importorskip("onelogin.saml2.utils")
pytestmark = pytest.mark.django_db
BEGIN, TAKE, FINISH = "/accounts/saml/", "/accounts/saml/take/", "/accounts/saml/finish/"
FOLDER = Path(__file__).parent / "assertions"
COME_IN = {"good", "strong", "nameid-alone", "comment-in-nameid"}
RECORDED = sorted(path.stem for path in FOLDER.glob("*.b64"))


@pytest.fixture(autouse=True)
def _set_up(settings, monkeypatch):
    settings.SAML = Saml(
        IDP, "https://idp.example.edu/sso", ((FOLDER / "idp.pem").read_text(),), "Example University", SUBJECT, EMAIL
    )
    monkeypatch.setattr(saml.OneLogin_Saml2_Utils, "generate_unique_id", staticmethod(lambda: REQUEST))
    monkeypatch.setattr(saml.OneLogin_Saml2_Utils, "now", staticmethod(lambda: int(NOW.timestamp())))
    assert datetime.fromtimestamp(saml.OneLogin_Saml2_Utils.now(), UTC) == NOW


def answer_with(client, text, begins=True, **fields):
    if begins:
        assert client.get(BEGIN, fields)["Location"].startswith("https://idp.example.edu/sso?SAMLRequest=")
    kept = client.post(TAKE, {"SAMLResponse": text})
    return client.get(FINISH) if kept.status_code == 302 else kept


def recorded(name):
    return (FOLDER / f"{name}.b64").read_text()


def test_a_good_assertion_comes_in_and_is_where_one_wanted_to_go(client, cast):
    assert (
        answer_with(client, recorded("good"), next="/courses/odml/schedule/")["Location"] == "/courses/odml/schedule/"
    )
    assert client.get("/accounts/profile/").context["user"] == cast.ruth
    row = OutsideIdentity.objects.get()
    assert (row.issuer, row.subject) == (IDP, "ruth-1@example.edu")


@pytest.mark.parametrize("name", [name for name in RECORDED if name not in COME_IN])
def test_every_other_assertion_is_refused_with_a_sentence(client, cast, name):
    answer = answer_with(client, recorded(name))
    wanted = {"refused-there": "cancelled", "answers-nothing": "state_unknown", "comment-in-attribute": "not_enrolled"}
    assert (answer.status_code, code_of(answer)) == (403, wanted.get(name, "assertion_invalid"))
    assert not is_in(client) and not OutsideIdentity.objects.exists()


def test_there_is_a_recording_of_each_known_attack():
    assert {f"wrapped-{how}" for how in range(1, 9)} | COME_IN <= set(RECORDED) and len(RECORDED) >= 30


def test_without_a_subject_the_lasting_name_id_is_taken_and_a_comment_cuts_nothing_off(client, cast):
    for name in ("nameid-alone", "comment-in-nameid"):
        one = Client()
        answer_with(one, recorded(name))
        assert is_in(one)
    assert OutsideIdentity.objects.get().subject == "persistent-1"


def test_an_assertion_works_once(client, cast):
    answer_with(client, recorded("good"))
    client.post("/accounts/logout/")
    assert code_of(answer_with(client, recorded("good"), begins=False)) == "state_unknown"
    assert not is_in(client)


def test_an_assertion_of_another_browser_is_not_taken(client, cast):
    client.get(BEGIN)
    other = Client()
    assert code_of(answer_with(other, recorded("good"), begins=False)) == "state_unknown"


@pytest.mark.parametrize("text", ["", "x", "PHg+", "é" * 10, "A" * (257 << 10)])
def test_what_is_no_response_is_refused(client, cast, text):
    assert code_of(answer_with(client, text)) == "assertion_invalid"


def test_the_provider_reads_what_it_needs_about_us(client):
    answer = client.get(f"{BEGIN}metadata/")
    assert answer["Content-Type"] == "application/samlmetadata+xml"
    assert (
        b'Location="http://testserver/accounts/saml/take/"' in answer.content and b"SingleLogout" not in answer.content
    )


def test_without_its_settings_the_addresses_are_not_there(client, settings):
    settings.SAML = None
    assert [client.get(one).status_code for one in (BEGIN, FINISH, f"{BEGIN}metadata/")] == [404] * 3
    assert client.post(TAKE, {}).status_code == 404


def test_without_its_library_a_sentence_says_what_is_missing(client, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "onelogin.saml2", None)
    answer = client.get(BEGIN)
    assert (answer.status_code, code_of(answer)) == (503, "saml_not_installed")
