"""How long a sign-in lasts, in which cookies, and that nobody is locked out by somebody else."""

import time

import pytest
from django.test import Client

from courseplatform import sign_in_settings
from courseplatform.accounts.models import SecurityEvent
from courseplatform.accounts.session_facts import FACTS
from tests.sign_in.coming import is_in

pytestmark = pytest.mark.django_db
LOGIN = "/accounts/login/"


def password(client, email="helen@example.edu", said="correct horse"):
    return client.post(LOGIN, {"login": email, "password": said})


def back_by(client, **hours):
    session = client.session
    session[FACTS] = session[FACTS] | {name: time.time() - 3600 * ago for name, ago in hours.items()}
    session.save()


def test_a_session_is_over_after_its_days_whatever_is_done_in_it(client, cast, settings):
    settings.SESSION_DAYS = 2
    client.force_login(cast.ruth)
    back_by(client, at=47)
    assert is_in(client)
    back_by(client, at=49)
    assert not is_in(client)
    assert "a sign-in lasts some days" in client.get(LOGIN).content.decode()
    assert "a sign-in lasts some days" not in client.get(LOGIN).content.decode()


def test_staff_who_leave_a_browser_alone_are_signed_out_and_students_are_not(client, cast):
    for person, stays in ((cast.helen, False), (cast.amit, False), (cast.olu, False), (cast.ruth, True)):
        client.force_login(person)
        back_by(client, seen=13)
        assert is_in(client) is stays, person
    client.force_login(cast.helen)
    back_by(client, seen=11)
    assert is_in(client)


def test_a_page_in_between_begins_the_hours_anew(client, cast):
    client.force_login(cast.helen)
    back_by(client, seen=11)
    from courseplatform.accounts import sessions

    sessions._seen.clear()
    sessions.cache.clear()
    client.get("/accounts/profile/")
    assert time.time() - client.session[FACTS]["seen"] < 60


def test_a_session_that_is_over_opens_nothing_at_the_api_either(client, cast):
    client.force_login(cast.helen)
    back_by(client, seen=20)
    assert client.get("/api/v1/me").status_code == 401


def test_behind_tls_the_cookies_are_bound_to_this_host():
    found = sign_in_settings.sign_in_settings(behind_tls=True, session_days=14)
    assert (found["SESSION_COOKIE_NAME"], found["CSRF_COOKIE_NAME"]) == ("__Host-sessionid", "__Host-csrftoken")
    assert found["SESSION_COOKIE_SECURE"] and found["CSRF_COOKIE_SECURE"] and found["SESSION_COOKIE_AGE"] == 14 * 86400


def test_wrong_passwords_from_elsewhere_do_not_lock_the_own_browser(client, cast):
    password(client)
    client.post("/accounts/logout/")
    attacker = Client()
    for _ in range(6):
        last = password(attacker, said="wrong")
    assert "Too many tries" in last.content.decode()
    assert password(client).status_code == 302


def test_a_known_browser_of_somebody_else_gives_no_second_count(client, cast):
    password(client, "ruth@example.edu")
    client.post("/accounts/logout/")
    for _ in range(6):
        last = password(client, said="wrong")
    assert "Too many tries" in last.content.decode()


@pytest.mark.parametrize("cookie", ["", "rubbish", "W10:1abc:def", "x" * 5000])
def test_a_forged_cookie_of_a_known_browser_is_none(client, cast, cookie):
    client.cookies["known"] = cookie
    assert password(client).status_code == 302
    assert SecurityEvent.objects.filter(person=cast.helen, kind="new_browser").count() == 1


def test_staff_hear_of_a_sign_in_from_a_new_browser_once(client, cast):
    for _ in range(2):
        password(client)
        client.post("/accounts/logout/")
    assert SecurityEvent.objects.filter(kind="new_browser").count() == 1
    cookie = client.cookies["known"]
    assert (cookie["httponly"], cookie["samesite"]) == (True, "Lax") and "helen" not in cookie.value
    password(Client(), "ruth@example.edu")
    assert not SecurityEvent.objects.filter(person=cast.ruth).exists()


def test_a_new_password_is_told_to_its_owner(client, cast):
    client.force_login(cast.ruth)
    new = {"oldpassword": "correct horse", "password1": "battery staple 7", "password2": "battery staple 7"}
    client.post("/accounts/password/change/", new)
    assert SecurityEvent.objects.get(person=cast.ruth).kind == "password"
