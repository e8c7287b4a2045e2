"""A new password: by mail, or with the old one. Nothing else of allauth is there."""

import re

import pytest
from allauth.account.models import EmailAddress
from django.contrib.auth.tokens import default_token_generator
from django.core import mail
from django.core.cache import cache
from django.test import Client
from django.utils.http import int_to_base36

pytestmark = pytest.mark.django_db
ASK, CHANGE = "/accounts/password/reset/", "/accounts/password/change/"
NEW = {"password1": "battery staple 7", "password2": "battery staple 7"}


@pytest.fixture(autouse=True)
def _nobody_has_tried_yet():
    cache.clear()


def link_of(person):
    return f"/accounts/password/reset/key/{int_to_base36(person.pk)}-{default_token_generator.make_token(person)}/"


def signs_in(password, email="ruth@example.edu"):
    return Client().post("/accounts/login/", {"login": email, "password": password}).status_code == 302


@pytest.mark.parametrize(
    "page",
    ["signup", "email", "password/set", "inactive", "confirm-email", "confirm-email/abc", "reauthenticate", "login/code", "login/code/confirm"],
)  # fmt: skip
def test_the_other_pages_of_allauth_are_not_there(client, cast, page):
    client.force_login(cast.ruth)
    for send in (client.get, client.post):
        assert send(f"/accounts/{page}/").status_code == 404


def test_from_the_mail_to_the_new_password(client, cast):
    assert client.post(ASK, {"email": "Ruth@example.edu"})["Location"] == f"{ASK}done/"
    (letter,) = mail.outbox
    assert (letter.to, letter.subject) == (["ruth@example.edu"], "Milliamp: choose a new password")
    link = re.search(r"http://testserver(/accounts/password/reset/key/\S+)", letter.body)[1]
    form = client.get(link, follow=True)
    assert "set-password" in form.redirect_chain[0][0]  # the key is out of the address
    assert client.post(form.redirect_chain[0][0], NEW, follow=True).status_code == 200
    assert signs_in("battery staple 7") and not signs_in("correct horse")


def test_a_link_works_once(client, cast):
    link = link_of(cast.ruth)
    client.post(client.get(link)["Location"], NEW)
    assert "This link works no more" in Client().get(link).content.decode()


def test_a_link_is_void_once_the_account_has_another_address(client, cast):
    link = link_of(cast.ruth)
    type(cast.ruth).objects.filter(pk=cast.ruth.pk).update(email="ruth.new@example.edu")
    assert "This link works no more" in client.get(link).content.decode()


def test_an_unknown_address_gets_the_same_page_and_no_mail(client, cast):
    assert client.post(ASK, {"email": "nobody@example.edu"})["Location"] == f"{ASK}done/"
    assert mail.outbox == []


def test_the_mail_names_the_host_that_was_asked(client, cast):
    client.post(ASK, {"email": "ruth@example.edu"}, HTTP_HOST="localhost:8000")
    assert "http://localhost:8000/accounts/password/reset/key/" in mail.outbox[0].body


def test_a_forged_host_sends_no_mail(client, cast):
    assert client.post(ASK, {"email": "ruth@example.edu"}, HTTP_HOST="elsewhere.example").status_code == 400
    assert mail.outbox == []


def test_an_address_that_was_only_claimed_is_nobodys(client, cast):
    """A row of allauth's table, as the removed e-mail page could make it, opens no account."""
    EmailAddress.objects.create(user=cast.daniel, email="dean@example.edu", primary=True, verified=True)
    client.post(ASK, {"email": "dean@example.edu"})
    assert mail.outbox == []
    assert not signs_in("correct horse", "dean@example.edu")


def test_a_new_password_by_mail_ends_the_wait_of_wrong_ones(client, cast):
    for _ in range(5):
        signs_in("wrong")
    client.post(client.get(link_of(cast.ruth))["Location"], NEW)
    assert signs_in("battery staple 7")


def test_a_password_is_changed_with_the_old_one(client, cast):
    client.force_login(cast.ruth)
    assert client.post(CHANGE, NEW | {"oldpassword": "correct horse"})["Location"] == "/accounts/profile/"
    assert signs_in("battery staple 7")


def test_a_change_signs_out_the_other_browsers_and_not_this_one(client, cast):
    other = Client()
    for browser in (client, other):
        browser.force_login(cast.ruth)
    client.post(CHANGE, NEW | {"oldpassword": "correct horse"})
    assert [browser.get("/accounts/profile/").status_code for browser in (client, other)] == [200, 302]


def test_a_wrong_old_password_changes_nothing(client, cast):
    client.force_login(cast.ruth)
    page = client.post(CHANGE, NEW | {"oldpassword": "wrong"}).content.decode()
    assert "This is not your current password." in page and 'aria-invalid="true"' in page
    assert signs_in("correct horse")


def test_a_weak_password_is_refused_with_what_is_wrong_with_it(client, cast):
    client.force_login(cast.ruth)
    page = client.post(CHANGE, {"oldpassword": "correct horse", "password1": "12345", "password2": "12345"})
    assert "too short" in page.content.decode()


@pytest.mark.parametrize(
    ("password", "is_taken"),
    [("eleven lett", False), ("twelve lette", True), ("ab " * 42 + "ab", True), ("ab " * 43, False)],
)
def test_a_password_has_twelve_characters_at_least_and_128_at_most(client, cast, password, is_taken):
    client.force_login(cast.ruth)
    client.post(CHANGE, {"oldpassword": "correct horse", "password1": password, "password2": password})
    assert signs_in(password) is is_taken


def test_who_has_no_password_yet_is_sent_to_the_mail(client, cast):
    cast.ruth.set_unusable_password()
    cast.ruth.save()
    client.force_login(cast.ruth)
    assert client.get(CHANGE)["Location"] == ASK


def test_a_first_password_is_chosen_by_mail(client, cast):
    cast.ruth.set_unusable_password()
    cast.ruth.save()
    client.post(ASK, {"email": "ruth@example.edu"})
    assert len(mail.outbox) == 1
