"""Signing in and out with a password: what is said, where it leads, how long it lasts."""

import pytest
from django.core.cache import cache

pytestmark = pytest.mark.django_db
LOGIN, LOGOUT = "/accounts/login/", "/accounts/logout/"
ELSEWHERE = [
    "https://elsewhere.example/", "//elsewhere.example", "/\\elsewhere.example", "javascript:alert(1)", "http://localhost/",
    "http://testserver@elsewhere.example/", "\thttps://elsewhere.example/", "ftp://testserver/",
]  # fmt: skip


@pytest.fixture(autouse=True)
def _nobody_has_tried_yet():
    cache.clear()


def sign_in(client, password="correct horse", email="ruth@example.edu", **fields):
    return client.post(LOGIN, {"login": email, "password": password} | fields)


def test_address_and_password_sign_in(client, cast):
    answer = sign_in(client)
    assert (answer.status_code, answer["Location"]) == (302, "/")
    assert client.get("/accounts/profile/").status_code == 200


def test_the_case_of_the_address_does_not_matter(client, cast):
    assert sign_in(client, email="Ruth@Example.EDU").status_code == 302


@pytest.mark.parametrize(
    ("email", "password"), [("ruth@example.edu", "wrong"), ("nobody@example.edu", "correct horse")]
)
def test_a_wrong_address_and_a_wrong_password_get_the_same_sentence(client, cast, email, password):
    page = sign_in(client, password, email).content.decode()
    assert "E-mail address or password is wrong." in page
    assert 'role="alert"' in page


def test_an_account_that_was_closed_gets_the_sentence_of_a_wrong_password(client, cast):
    type(cast.ruth).objects.filter(pk=cast.ruth.pk).update(is_active=False)
    assert "E-mail address or password is wrong." in sign_in(client).content.decode()


def test_the_sixth_wrong_password_is_told_to_wait(client, cast):
    for _ in range(5):
        sign_in(client, "wrong")
    page = sign_in(client, "correct horse").content.decode()
    assert "Too many tries. Wait five minutes" in page
    assert client.get("/accounts/profile/").status_code == 302


def test_too_many_forms_in_a_minute_get_our_page_with_how_long_to_wait(client, cast):
    for _ in range(30):
        client.post(LOGIN, {})
    page = client.post(LOGIN, {})
    assert (page.status_code, page["Retry-After"]) == (429, "60")
    assert "Wait one minute" in page.content.decode()
    answer = client.post(LOGIN, {}, HTTP_ACCEPT="application/json")
    assert answer.json()["error"]["code"] == "too_many_tries"


def tries_from_many_addresses(client):
    """The page of the last of eleven wrong passwords, each for another account and as from another address."""
    for n in range(11):
        page = client.post(
            LOGIN,
            {"login": f"x{n}@example.edu", "password": "wrong"},
            HTTP_X_FORWARDED_FOR=f"6.6.6.6, 10.0.0.{n}",
        )
    return page.content.decode()


def test_behind_the_one_proxy_each_visitor_is_counted_alone(client, db, settings):
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 1
    assert "E-mail address or password is wrong." in tries_from_many_addresses(client)


def test_without_a_proxy_a_forged_address_does_not_start_a_new_count(client, db):
    assert "Too many tries." in tries_from_many_addresses(client)


def test_every_limit_but_that_of_wrong_passwords_is_the_minute_that_the_page_names(settings):
    rates = {rate for action, rates in settings.ACCOUNT_RATE_LIMITS.items() if action != "login_failed" for rate in rates.split(",")}  # fmt: skip
    assert {rate.split("/")[1] for rate in rates} == {"m"}


def test_after_signing_in_one_is_where_one_wanted_to_go(client, cast):
    assert sign_in(client, next="/courses/odml/schedule/")["Location"] == "/courses/odml/schedule/"


@pytest.mark.parametrize("address", ELSEWHERE)
def test_next_does_not_lead_to_another_site(client, cast, address):
    assert sign_in(client, next=address)["Location"] == "/"
    assert client.get(LOGIN, {"next": address})["Location"] == "/"  # signed in already
    assert client.post(LOGOUT, {"next": address})["Location"] == "/"


def test_who_is_signed_in_is_sent_on_from_the_sign_in_page(client, cast):
    client.force_login(cast.ruth)
    answer = client.get(LOGIN)
    assert (answer.status_code, answer["Location"]) == (302, "/")


def test_only_sending_the_form_signs_out(client, cast):
    client.force_login(cast.ruth)
    assert client.get(LOGOUT).status_code == 200
    assert client.get("/accounts/profile/").status_code == 200
    assert client.post(LOGOUT).status_code == 302
    assert client.get("/accounts/profile/").status_code == 302


def test_the_session_cookie_ends_with_the_browser_and_is_out_of_reach_of_scripts(client, cast):
    sign_in(client)
    cookie = client.cookies["sessionid"]
    assert (cookie["httponly"], cookie["samesite"], cookie["max-age"], cookie["expires"]) == (True, "Lax", "", "")


def test_behind_tls_the_cookies_travel_on_https_only(client, cast, settings):
    settings.SESSION_COOKIE_SECURE = settings.CSRF_COOKIE_SECURE = True
    sign_in(client)
    assert client.cookies["sessionid"]["secure"] is True


def test_signing_in_changes_the_key_of_the_session(client, cast):
    client.force_login(cast.daniel)
    before = client.cookies["sessionid"].value
    client.post(LOGOUT)
    sign_in(client)
    assert client.cookies["sessionid"].value != before
