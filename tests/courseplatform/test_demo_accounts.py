"""Demo accounts: one click while the demo is on, nobody at all once it is off, a password never."""

import pytest
from django.contrib.auth import authenticate
from django.contrib.auth.tokens import default_token_generator
from django.core import mail
from django.utils.http import int_to_base36

from tests.people import make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def demo(cast):
    """An account of the demo on which somebody had managed to set a password."""
    return make_user("Demo", is_demo=True, demo_role="instructor", demo_note="sees all")


def one_click(client, person):
    return client.post("/accounts/demo/", {"email": person.email}).status_code


def is_signed_in(client):
    return client.get("/accounts/profile/").status_code == 200


def test_one_click_signs_in(client, demo):
    assert one_click(client, demo) == 302
    assert is_signed_in(client)


def test_one_click_is_for_demo_accounts_only(client, cast, demo):
    assert one_click(client, cast.ruth) == 404


def test_without_the_demo_there_is_no_click(client, demo, settings):
    settings.DEMO = False
    assert one_click(client, demo) == 404


def test_a_session_of_the_demo_ends_with_the_demo(client, demo, settings):
    one_click(client, demo)
    settings.DEMO = False
    assert not is_signed_in(client)


@pytest.mark.parametrize("on", [True, False])
def test_a_password_never_signs_in_to_a_demo_account(demo, settings, on):
    settings.DEMO = on
    assert demo.check_password("correct horse")
    assert authenticate(None, email=demo.email, password="correct horse") is None


def test_people_stay_signed_in_when_the_demo_ends(client, cast, settings):
    client.force_login(cast.ruth)
    settings.DEMO = False
    assert is_signed_in(client)


def test_a_demo_account_cannot_change_its_password(client, demo):
    one_click(client, demo)
    fields = {"oldpassword": "correct horse", "password1": "battery staple 7", "password2": "battery staple 7"}
    for page in (client.get("/accounts/password/change/"), client.post("/accounts/password/change/", fields)):
        assert page.status_code == 403 and "demo_account" in page.content.decode()
    demo.refresh_from_db()
    assert demo.check_password("correct horse")
    assert "Change password" not in client.get("/accounts/profile/").content.decode()


def test_no_mail_with_a_link_goes_to_a_demo_account(client, demo):
    client.post("/accounts/password/reset/", {"email": demo.email})
    assert mail.outbox == []


def test_a_link_for_a_demo_account_is_refused(client, demo):
    key = f"{int_to_base36(demo.pk)}-{default_token_generator.make_token(demo)}"
    assert "This link works no more" in client.get(f"/accounts/password/reset/key/{key}/").content.decode()
