"""A second factor: added, asked for, lost and removed; and who must have one."""

import base64
import time

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from django.core.cache import cache
from django.core.exceptions import ImproperlyConfigured
from django.test import Client

from courseplatform.accounts.models import SecurityEvent
from courseplatform.accounts.session_facts import FACTS
from courseplatform.notices.models import Notification
from tests.courseplatform.accounts.builders import headers_of
from tests.sign_in.coming import come, is_in

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _after_the_commit(monkeypatch):
    """What allauth does after a commit, it does at once: a test's transaction has none."""
    monkeypatch.setattr("django.db.transaction.on_commit", lambda then, *_, **__: then())


LOGIN, CODE, PAGE = "/accounts/login/", "/accounts/login/second-factor/", "/accounts/second-factor/"
APP = f"{PAGE}app/add/"
HOME = "/courses/odml/"


def code_at(secret, steps=0):
    return format_hotp_value(hotp_value(secret, int(time.time()) // 30 + steps))


def with_app(client, person):
    """The secret of an app that this person has just added in this browser."""
    client.force_login(person)
    secret = client.get(APP).context["form"].secret
    answer = client.post(APP, {"code": code_at(secret)})
    assert answer["Location"] == f"{PAGE}codes/"
    return secret


def password(client, email="helen@example.edu", **fields):
    return client.post(LOGIN, {"login": email, "password": "correct horse"} | fields)


def later(client, minutes=20):
    """This session, a while after it was begun."""
    session = client.session
    session[FACTS] = session[FACTS] | {"at": time.time() - 60 * minutes}
    session.save()


def test_after_the_password_the_code_is_asked_for_and_leads_on(client, cast):
    secret = with_app(client, cast.helen)
    other = Client()
    assert password(other, next=HOME)["Location"] == CODE
    assert not is_in(other)
    assert "Second step" in other.get(CODE).content.decode()
    assert other.post(CODE, {"code": code_at(secret, 1)})["Location"] == HOME
    assert other.get(HOME).status_code == 200


def test_a_code_works_once_also_while_the_cache_is_away(client, cast):
    secret = with_app(client, cast.helen)
    code = code_at(secret, 1)
    first, second = Client(), Client()
    for one in (first, second):
        password(one)
        cache.clear()
        one.post(CODE, {"code": code})
    assert (is_in(first), is_in(second)) == (True, False)


@pytest.mark.parametrize("code", ["000000", "", "x" * 5000, "１２３４５６", "\u0000"])
def test_a_wrong_code_is_told_so_and_lets_nobody_in(client, cast, code):
    with_app(client, cast.helen)
    other = Client()
    password(other)
    answer = other.post(CODE, {"code": code})
    assert answer.status_code in (200, 422) and not is_in(other)


def test_five_wrong_codes_have_to_wait(client, cast):
    secret = with_app(client, cast.helen)
    other = Client()
    password(other)
    for _ in range(5):
        other.post(CODE, {"code": "000000"})
    assert "Too many tries" in other.post(CODE, {"code": code_at(secret, 1)}).content.decode()
    assert not is_in(other)


def test_the_second_step_is_nobodys_without_the_first(client, cast):
    assert client.get(CODE)["Location"] == LOGIN
    assert client.post(CODE, {"code": "000000"})["Location"] == LOGIN


def test_the_secret_lies_sealed_in_the_database(client, cast, settings):
    secret = with_app(client, cast.helen)
    kept = str(list(Authenticator.objects.values_list("data", flat=True)))
    assert secret not in kept and base64.b32decode(secret).hex() not in kept
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "another", [settings.SECRET_KEY]
    other = Client()
    password(other)
    assert other.post(CODE, {"code": code_at(secret, 1)}).status_code == 302


def test_with_another_secret_key_a_sentence_says_what_to_do(client, cast, settings):
    secret = with_app(client, cast.helen)
    settings.SECRET_KEY = "another"
    other = Client()
    password(other)
    answer = other.post(CODE, {"code": code_at(secret, 1)})
    assert answer.status_code == 503 and "SECRET_KEY was changed" in answer.content.decode()


def test_recovery_codes_are_shown_once_and_work_once_each(client, cast):
    with_app(client, cast.helen)
    codes = client.get(f"{PAGE}codes/").context["unused_codes"]
    assert len(set(codes)) == 10 and all(code.isdigit() for code in codes)
    again = client.get(f"{PAGE}codes/").content.decode()
    assert not any(code in again for code in codes)
    first, second = Client(), Client()
    for one in (first, second):
        password(one)
        one.post(CODE, {"code": codes[0]})
    assert (is_in(first), is_in(second)) == (True, False)
    assert SecurityEvent.objects.get(kind="code_used").says == "9 are left."


def test_what_happens_to_a_factor_is_told_to_its_owner(client, cast):
    with_app(client, cast.helen)
    client.post(f"{PAGE}codes/make/")
    client.post(f"{PAGE}app/remove/")
    kinds = list(SecurityEvent.objects.filter(person=cast.helen).order_by("pk").values_list("kind", flat=True))
    assert kinds == ["factor_added", "codes_made", "factor_removed"]
    assert Notification.objects.filter(person=cast.helen, kind="account").count() == 3
    assert "A second factor was added" in client.get("/accounts/sessions/").content.decode()
    assert not Authenticator.objects.exists()  # the codes go with the last factor


CHANGES = [APP, f"{PAGE}app/remove/", f"{PAGE}codes/make/", f"{PAGE}passkeys/add/", f"{PAGE}codes/"]


@pytest.mark.parametrize("address", CHANGES)
def test_a_factor_is_changed_only_by_who_has_said_who_they_are(client, cast, address):
    if address != APP:
        with_app(client, cast.helen)
    client.force_login(cast.helen)
    later(client)
    assert client.get(address)["Location"].startswith("/accounts/again/?next=")
    wrong = client.post("/accounts/again/", {"password": "wrong", "next": address})
    assert wrong.status_code == 200
    assert client.post("/accounts/again/", {"password": "correct horse", "next": address})["Location"] == address
    assert client.get(address).status_code == 200


def test_what_was_asked_for_before_is_done_after_the_password(client, cast):
    with_app(client, cast.helen)
    later(client)
    assert client.post(f"{PAGE}app/remove/")["Location"].startswith("/accounts/again/")
    assert Authenticator.objects.filter(type="totp").exists()
    client.post("/accounts/again/", {"password": "correct horse", "next": f"{PAGE}app/remove/"})
    assert not Authenticator.objects.exists()


def test_who_has_no_password_is_sent_round_by_the_university(client, cast):
    cast.helen.set_unusable_password()
    cast.helen.save()
    client.force_login(cast.helen)
    later(client)
    answer = client.get(APP)
    assert answer.status_code == 403 and "Sign out, and in again" in answer.content.decode()


def test_a_token_is_made_only_by_who_has_said_who_they_are(client, cast):
    client.force_login(cast.ruth)
    later(client)
    assert client.get("/accounts/tokens/").status_code == 200
    assert client.post("/accounts/tokens/", {"name": "x"})["Location"].startswith("/accounts/again/")


def test_demo_accounts_have_no_factors(client, cast):
    type(cast.ruth).objects.filter(pk=cast.ruth.pk).update(is_demo=True)
    client.force_login(cast.ruth)
    assert [client.get(one).status_code for one in (PAGE, APP)] == [403, 403]


def test_an_account_with_a_factor_is_not_joined_by_its_password_alone(client, cast):
    with_app(Client(), cast.daniel)
    client.force_login(cast.ruth)
    answer = client.post(
        "/accounts/merge/", {"step": "prove", "email": "daniel@example.edu", "password": "correct horse"}
    )
    assert answer.status_code == 422 and "has a second factor" in answer.content.decode()


def test_where_it_is_required_staff_are_led_to_add_one_before_they_see_anything(client, cast, settings):
    settings.STAFF_SECOND_FACTOR = "required"
    for person, address in (
        (cast.helen, HOME),
        (cast.amit, f"{HOME}submissions/"),
        (cast.olu, "/lti/"),
        (cast.helen, "/new-course/"),
    ):
        client.force_login(person)
        assert client.get(address)["Location"].startswith(f"{PAGE}?next="), address
        assert client.get(PAGE).status_code == 200
    client.force_login(cast.ruth)
    assert client.get(HOME).status_code == 200


def test_a_ta_here_who_is_a_student_there_is_asked_here_only(client, cast, settings):
    settings.STAFF_SECOND_FACTOR = "required"
    client.force_login(cast.amit)
    assert client.get("/courses/tinyml/").status_code == 200


def test_who_has_just_added_one_goes_on(client, cast, settings):
    settings.STAFF_SECOND_FACTOR = "required"
    with_app(client, cast.helen)
    assert client.get(HOME).status_code == 200


def test_the_api_asks_the_session_of_staff_too_and_makes_no_token_without(client, cast, settings):
    headers = headers_of(cast.helen)
    settings.STAFF_SECOND_FACTOR = "required"
    client.force_login(cast.helen)
    answer = client.get("/api/v1/courses/odml")
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "second_factor_needed")
    assert client.post("/accounts/tokens/", {"name": "x"})["Location"].startswith(PAGE)
    assert Client().get("/api/v1/courses/odml", **headers).status_code == 200


@pytest.mark.parametrize("policy", ["off", "asked", "required"])
def test_who_has_a_factor_and_came_in_without_it_shows_it_before_a_page_of_the_staff(client, cast, settings, policy):
    """As after a sign-in through an LMS, which asks for none."""
    settings.STAFF_SECOND_FACTOR = policy
    secret = with_app(Client(), cast.helen)
    client.force_login(cast.helen)
    answer = client.get(HOME)
    assert answer["Location"].startswith(f"{PAGE}prove/?next=")
    prove = client.get(answer["Location"])["Location"]
    assert prove.startswith("/accounts/again/code/")
    assert client.post(prove, {"code": code_at(secret, 1), "next": HOME})["Location"] == HOME
    assert client.get(HOME).status_code == 200


def test_where_it_is_asked_for_a_strip_reminds_until_it_is_put_off(client, cast, settings):
    settings.STAFF_SECOND_FACTOR = "asked"
    client.force_login(cast.helen)
    assert "Add a second factor" in client.get(HOME).content.decode()
    assert client.post(f"{PAGE}later/", {"next": HOME})["Location"] == HOME
    assert "Add a second factor" not in client.get(HOME).content.decode()
    client.force_login(cast.ruth)
    assert "Add a second factor" not in client.get(HOME).content.decode()


def test_a_page_of_the_staff_asks_the_database_nothing_more(client, cast, settings, django_assert_num_queries):
    client.force_login(cast.helen)
    client.get(HOME)
    counts = []
    for policy in ("off", "asked"):
        settings.STAFF_SECOND_FACTOR = policy
        from django.db import connection
        from django.test.utils import CaptureQueriesContext

        with CaptureQueriesContext(connection) as found:
            client.get(HOME)
        counts.append(len(found))
    assert counts[0] == counts[1]


def test_a_provider_that_asked_for_a_second_factor_is_believed(client, cast, provider):
    with_app(Client(), cast.ruth)
    weak, strong, by_acr = Client(), Client(), Client()
    assert come(weak, provider)["Location"] == CODE and not is_in(weak)
    provider.person["amr"] = ["pwd", "mfa"]
    come(strong, provider)
    provider.person |= {"amr": "mfa", "acr": "https://refeds.org/profile/mfa"}
    come(by_acr, provider)
    assert is_in(strong) and is_in(by_acr)


def test_a_passkey_that_is_none_is_a_sentence_and_never_a_fault(client, cast):
    address = "/accounts/login/passkey/"
    options = client.get(address, HTTP_ACCEPT="application/json").json()["publicKey"]
    assert options["userVerification"] == "required" and len(options["challenge"]) >= 40
    for sent in (
        "",
        "[]",
        "{}",
        "null",
        "7",
        '"x"',
        '{"response": 7}',
        '{"id":"a","rawId":"a","type":"public-key","response":{"userHandle":"@@"}}',
        "{" * 5000,
    ):
        answer = client.post(address, {"credential": sent})
        assert answer.status_code in (302, 422, 200), (sent, answer.status_code)
    assert not is_in(client)


def test_settings_that_make_no_sense_are_refused(monkeypatch, tmp_path):
    from courseplatform import sign_in_settings as read

    monkeypatch.setenv("OIDC_ISSUER", "https://idp.example.edu")
    with pytest.raises(ImproperlyConfigured, match="OIDC_ISSUER is set, OIDC_CLIENT_ID, OIDC_CLIENT_SECRET is not"):
        read.oidc()
    monkeypatch.setenv("OIDC_CLIENT_ID", "a")
    monkeypatch.setenv("OIDC_CLIENT_SECRET", "b")
    assert read.oidc().scopes == ("openid", "email", "profile") and "b" not in repr(read.oidc())
    for issuer in ("http://idp.example.edu", "idp.example.edu", "https://", "https://idp.example.edu/?x=1"):
        monkeypatch.setenv("OIDC_ISSUER", issuer)
        with pytest.raises(ImproperlyConfigured, match="must"):
            read.oidc()
    monkeypatch.setenv("OIDC_ISSUER", "https://idp.example.edu")
    monkeypatch.setenv("OIDC_SCOPES", "email")
    with pytest.raises(ImproperlyConfigured, match="must hold openid"):
        read.oidc()
    monkeypatch.setenv("SSO_ONLY", "1")
    with pytest.raises(ImproperlyConfigured, match="no single sign-on is set"):
        read.sso_only((None, None))
    monkeypatch.setenv("SAML_ENTITY_ID", "https://idp.example.edu/saml")
    monkeypatch.setenv("SAML_SSO_URL", "https://idp.example.edu/sso")
    for content, said in ((None, "cannot be read"), ("x", "no certificate")):
        path = tmp_path / "idp.pem"
        if content:
            path.write_text(content)
        monkeypatch.setenv("SAML_CERTIFICATES", str(path))
        with pytest.raises(ImproperlyConfigured, match=said):
            read.saml()
