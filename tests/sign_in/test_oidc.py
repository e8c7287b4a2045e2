"""Single sign-on by OpenID Connect: who comes in, as whom, and what is never believed."""

import time

import jwt
import pytest
from django.core.cache import cache
from django.test import Client

from courseplatform.accounts.models import OutsideIdentity, SecurityEvent, User
from courseplatform.accounts.single_sign_on import oidc
from courseplatform.notices.models import Notification
from tests.sign_in.coming import BACK, BEGIN, begin, code_of, come, come_back, is_in
from tests.sign_in.provider import KEYS

pytestmark = pytest.mark.django_db


def test_who_is_enrolled_comes_in_and_is_where_they_wanted_to_go(client, cast, provider):
    answer = come(client, provider, next="/courses/odml/schedule/")
    assert (answer.status_code, answer["Location"]) == (302, "/courses/odml/schedule/")
    assert client.get("/accounts/profile/").context["user"] == cast.ruth


@pytest.mark.parametrize("address", ["https://elsewhere.example/", "//elsewhere.example", "javascript:alert(1)"])
def test_next_does_not_lead_to_another_site(client, cast, provider, address):
    assert come(client, provider, next=address)["Location"] == "/"


def test_the_first_time_binds_the_id_and_the_person_hears_of_it(client, cast, provider):
    come(client, provider)
    row = OutsideIdentity.objects.get()
    assert (row.issuer, row.subject, row.person) == (provider.url, "u-1", cast.ruth)
    assert Notification.objects.get(person=cast.ruth, kind="account").title == "Single sign-on was connected"
    come(Client(), provider)
    assert OutsideIdentity.objects.count() == 1 and SecurityEvent.objects.filter(kind="sso_bound").count() == 1


def test_an_address_that_changes_at_the_provider_keeps_the_account(client, cast, provider):
    come(client, provider)
    provider.person |= {"email": "daniel@example.edu"}
    other = Client()
    come(other, provider)
    assert other.get("/accounts/profile/").context["user"] == cast.ruth


def test_an_address_that_is_given_anew_opens_nothing(client, cast, provider):
    come(client, provider)
    provider.person |= {"sub": "u-2"}
    other = Client()
    assert code_of(come(other, provider)) == "other_identity"
    assert not is_in(other)


@pytest.mark.parametrize("said", [False, None, "true", 1])
def test_an_address_that_the_provider_does_not_stand_for_finds_nobody(client, cast, provider, said):
    provider.person["email_verified"] = said
    assert code_of(come(client, provider)) == "address_not_proven"
    assert not is_in(client) and not OutsideIdentity.objects.exists()


def test_a_provider_that_the_settings_trust_stands_for_every_address(client, cast, provider, settings):
    settings.OIDC = oidc.Oidc(**(vars(settings.OIDC) | {"vouches": True}))
    del provider.person["email_verified"]
    come(client, provider)
    assert is_in(client)


def test_whom_nobody_has_enrolled_reads_what_to_do_and_no_account_is_made(client, cast, provider):
    provider.person |= {"email": "new@example.edu"}
    answer = come(client, provider)
    page = answer.content.decode()
    assert answer.status_code == 403 and "new@example.edu" in page and "Ask the staff of your course" in page
    assert not User.objects.filter(email="new@example.edu").exists()


def test_with_sign_up_an_account_is_made(client, cast, provider, settings):
    settings.SSO_SIGN_UP = True
    provider.person |= {"email": "New@example.edu", "name": "Nora Lind"}
    come(client, provider)
    person = User.objects.get(email="new@example.edu")
    assert (person.name, person.has_usable_password(), is_in(client)) == ("Nora Lind", False, True)


def test_an_account_that_is_switched_off_stays_closed(client, cast, provider):
    come(client, provider)
    User.objects.filter(pk=cast.ruth.pk).update(is_active=False)
    other = Client()
    assert code_of(come(other, provider)) == "account_inactive"
    assert not is_in(other)


def test_who_is_signed_in_as_somebody_else_is_told_so(client, cast, provider):
    asked = begin(client)
    client.force_login(cast.daniel)
    answer = come_back(client, provider, asked)
    assert code_of(answer) in ("other_account", "state_unknown")
    assert client.get("/accounts/profile/").context["user"] == cast.daniel


def test_the_way_there_carries_state_nonce_and_a_challenge(client, cast, provider):
    asked = begin(client, scope="admin", auth_params="prompt=none&login_hint=x", process="connect")
    assert asked["code_challenge_method"] == "S256" and len(asked["nonce"]) >= 32 and len(asked["state"]) >= 16
    assert set(asked["scope"].split()) == {"openid", "email", "profile"} and not {"prompt", "login_hint"} & asked.keys()
    assert begin(client)["nonce"] != asked["nonce"]


def test_userinfo_is_asked_where_the_token_names_no_address(client, cast, provider):
    provider.userinfo = provider.person
    provider.person = {"sub": "u-1"}
    come(client, provider)
    assert is_in(client) and "/userinfo" in provider.calls


def test_userinfo_of_another_person_is_not_believed(client, cast, provider):
    provider.userinfo = provider.person | {"sub": "u-9"}
    provider.person = {"sub": "u-1"}
    assert code_of(come(client, provider)) == "token_invalid"


def forged(claims):
    return jwt.encode(claims, KEYS[2].export_to_pem(private_key=True, password=None), "RS256", headers={"kid": "k1"})


def unsigned(claims):
    return jwt.encode(claims, None, algorithm="none", headers={"kid": "k1"})


def with_public_key_as_secret(claims):
    """The old trick: a token by HMAC, whose secret is the public key that everybody knows."""
    import base64
    import hashlib
    import hmac
    import json

    parts = [
        base64.urlsafe_b64encode(json.dumps(one).encode()).rstrip(b"=")
        for one in ({"alg": "HS256", "kid": "k1"}, claims)
    ]
    body = b".".join(parts)
    mac = hmac.new(KEYS[0].export_to_pem(), body, hashlib.sha256).digest()
    return (body + b"." + base64.urlsafe_b64encode(mac).rstrip(b"=")).decode()


TWISTS = {
    "signed by somebody else": forged,
    "not signed": unsigned,
    "public key as secret": with_public_key_as_secret,
    "no token": lambda claims: "rubbish",
    "changed after signing": lambda claims: forged(claims)[:-6] + "AAAAAA",
}


@pytest.mark.parametrize("how", TWISTS)
def test_a_token_whose_signature_is_not_the_providers_is_refused(client, cast, provider, how):
    provider.twist = TWISTS[how]
    answer = come(client, provider)
    assert (answer.status_code, code_of(answer)) == (403, "token_invalid")
    assert not is_in(client)


WRONG = {
    "issuer": {"iss": "https://evil.example"}, "audience": {"aud": "another"}, "several without azp": {"aud": ["milliamp", "x"]},
    "azp": {"aud": ["milliamp", "x"], "azp": "x"}, "nonce": {"nonce": "another"}, "no nonce": {"nonce": None}, "no sub": {"sub": None},
    "sub is no word": {"sub": 7}, "over": {"exp": 1_000_000}, "no end": {"exp": None}, "no time of issue": {"iat": None},
    "from tomorrow": {"iat": 9_999_999_999, "exp": 9_999_999_999 + 60}, "odd aud": {"aud": {}},
}  # fmt: skip


@pytest.mark.parametrize("what", WRONG)
def test_a_token_that_says_something_wrong_is_refused(client, cast, provider, what):
    provider.claims = WRONG[what]
    assert code_of(come(client, provider)) == "token_invalid"
    assert not is_in(client)


@pytest.mark.parametrize(("sub", "code"), [("", "bad_subject"), ("x" * 256, "bad_subject")])
def test_an_id_that_cannot_be_kept_is_refused(client, cast, provider, sub, code):
    provider.person["sub"] = sub
    assert code_of(come(client, provider)) == code


def test_a_state_works_once_and_in_its_own_browser_only(client, cast, provider):
    asked = begin(client)
    assert code_of(come_back(Client(), provider, asked)) == "state_unknown"
    assert come_back(client, provider, asked).status_code == 302
    client.post("/accounts/logout/")
    assert code_of(come_back(client, provider, asked)) == "state_unknown"
    assert code_of(client.get(BACK, {"code": "x"})) == "state_unknown"


def test_a_state_is_over_after_ten_minutes(client, cast, provider, monkeypatch):
    asked = begin(client)
    monkeypatch.setattr("allauth.socialaccount.internal.statekit.time.time", lambda: time.monotonic() + 10**10)
    assert code_of(come_back(client, provider, asked)) == "state_unknown"


def test_a_code_works_once(client, cast, provider):
    asked = begin(client)
    code = provider.code_for(asked)
    assert client.get(BACK, {"code": code, "state": asked["state"]}).status_code == 302
    other = Client()
    again = begin(other)
    assert code_of(other.get(BACK, {"code": code, "state": again["state"]})) == "code_refused"


def test_a_code_of_another_browser_is_not_taken(client, cast, provider):
    """Login CSRF: the code of the attacker in the browser of the victim. The challenge of PKCE does not fit."""
    theirs, mine = begin(Client()), begin(client)
    assert code_of(come_back(client, provider, theirs | {"state": mine["state"]})) == "code_refused"
    assert not is_in(client)


@pytest.mark.parametrize(("said", "code"), [("access_denied", "cancelled"), ("server_error", "provider_error")])
def test_who_is_refused_at_the_provider_reads_so(client, cast, provider, said, code):
    asked = begin(client)
    answer = client.get(BACK, {"error": said, "state": asked["state"]})
    assert code_of(answer) == code and "Example University" in answer.content.decode()


def test_an_answer_that_names_another_issuer_is_refused(client, cast, provider):
    asked = begin(client)
    assert code_of(come_back(client, provider, asked, iss="https://evil.example")) == "wrong_issuer"


def test_a_new_key_of_the_provider_is_fetched_by_itself(client, cast, provider):
    come(client, provider)
    provider.keys, provider.signs = [KEYS[0], KEYS[1]], KEYS[1]
    other = Client()
    come(other, provider)
    assert is_in(other)


def test_an_unknown_key_is_not_asked_for_again_and_again(client, cast, provider):
    provider.headers = {"kid": "unknown"}
    for _ in range(4):
        assert code_of(come(Client(), provider)) == "token_invalid"
    assert provider.calls.count("/jwks") <= 2


AWAY = {
    "an error": (500, b"{}"), "no JSON": (200, b"<html>"), "a list": (200, b"[]"), "not what was asked for": (200, b"{}"),
    "too much": (200, b" " * (2 << 20)),
}  # fmt: skip


@pytest.mark.parametrize("how", AWAY)
@pytest.mark.parametrize("where", ["/.well-known/openid-configuration", "/token", "/jwks"])
def test_a_provider_that_fails_is_a_sentence_and_never_a_fault_of_ours(client, cast, provider, where, how):
    asked = None if "well-known" in where else begin(client)
    provider.faults[where] = AWAY[how]
    answer = client.get(BEGIN) if asked is None else come_back(client, provider, asked)
    assert answer.status_code in (403, 503) and code_of(answer) in ("provider_away", "code_refused", "token_invalid")
    assert "Back to sign in" in answer.content.decode() and not is_in(client)


@pytest.mark.parametrize("how", ["drip", "hang"])
def test_a_provider_that_is_slow_is_left_in_time(client, cast, provider, monkeypatch, how):
    monkeypatch.setattr(oidc, "WHOLE_S", 0.4)
    monkeypatch.setattr(oidc, "READ_S", 0.4)
    provider.faults["/.well-known/openid-configuration"] = how
    begun = time.monotonic()
    assert code_of(client.get(BEGIN)) == "provider_away"
    assert time.monotonic() - begun < 3


def test_a_provider_that_is_away_leaves_the_password(client, cast, provider):
    provider.stop()
    assert code_of(client.get(BEGIN)) == "provider_away"
    assert (
        client.post("/accounts/login/", {"login": "ruth@example.edu", "password": "correct horse"}).status_code == 302
    )
    provider.start()


def test_discovery_of_another_issuer_is_not_believed(client, cast, provider):
    provider.config = {"issuer": "https://evil.example"}
    assert code_of(client.get(BEGIN)) == "provider_away"


@pytest.mark.parametrize("name", ["token_endpoint", "jwks_uri", "authorization_endpoint"])
def test_an_address_without_https_is_not_asked(client, cast, provider, name):
    provider.config = {name: "http://10.0.0.1/x"}
    assert code_of(client.get(BEGIN)) == "provider_away"


def test_too_many_tries_have_to_wait(client, cast, provider, settings):
    settings.ACCOUNT_RATE_LIMITS = settings.ACCOUNT_RATE_LIMITS | {"single_sign_on": "3/m/ip"}
    assert [client.get(BEGIN).status_code for _ in range(4)] == [302, 302, 302, 429]


def test_without_a_provider_the_addresses_are_not_there(client, cast):
    assert [client.get(one).status_code for one in (BEGIN, BACK, f"{BEGIN}end/", "/accounts/signed-out/")] == [404] * 4


def test_after_signing_out_the_session_at_the_provider_can_be_ended_too(client, cast, provider):
    come(client, provider)
    assert client.post("/accounts/logout/")["Location"] == "/accounts/signed-out/"
    assert "Sign out of Example University too" in client.get("/accounts/signed-out/").content.decode()
    assert client.get(f"{BEGIN}end/")["Location"].startswith(
        f"{provider.url}/end?client_id=milliamp&post_logout_redirect_uri="
    )


def test_with_sso_only_a_password_is_for_operators(client, cast, provider, settings):
    settings.SSO_ONLY = True
    assert 'name="password"' not in client.get("/accounts/login/").content.decode()
    assert 'name="password"' in client.get("/accounts/login/?password").content.decode()
    typed = {name: {"login": f"{name}@example.edu", "password": "correct horse"} for name in ("ruth", "olu")}
    signs_in = {name: Client().post("/accounts/login/", fields).status_code for name, fields in typed.items()}
    assert signs_in == {"ruth": 200, "olu": 302}
    assert come(client, provider).status_code == 302 and is_in(client)


def test_nothing_that_the_provider_said_is_kept_beside_the_id_and_the_address(client, cast, provider):
    from allauth.socialaccount.models import SocialAccount, SocialToken

    come(client, provider)
    assert not SocialAccount.objects.exists() and not SocialToken.objects.exists()
    kept = str(dict(client.session))
    assert "id_token" not in kept and "at" not in client.session.get("socialaccount_states", {})
    cache.clear()
