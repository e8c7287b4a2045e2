"""Helping somebody who cannot get in: by an operator on the page, or by the command on the server."""

import io

import pytest
from allauth.mfa.models import Authenticator
from django.core import mail
from django.core.management import CommandError, call_command
from django.test import Client

from courseplatform.accounts.models import OutsideIdentity, SecurityEvent
from courseplatform.notices.models import Notification
from tests.sign_in.coming import come, is_in
from tests.sign_in.test_sessions import back_by

pytestmark = pytest.mark.django_db
PAGE = "/accounts/people/"
WHY = "lost the telephone, came by with the card"


@pytest.fixture(autouse=True)
def _after_the_commit(monkeypatch):
    monkeypatch.setattr("django.db.transaction.on_commit", lambda then, *_, **__: then())


@pytest.fixture
def operator(client, cast):
    client.force_login(cast.olu)
    return client


def with_factor(person):
    return Authenticator.objects.create(user=person, type="totp", data={"secret": "x"})


def act(client, what, email="ruth@example.edu", **fields):
    return client.post(PAGE, {"act": what, "email": email, "why": WHY} | fields)


def test_an_operator_removes_a_lost_factor_and_the_person_hears_why(operator, cast):
    with_factor(cast.ruth)
    theirs = Client()
    theirs.force_login(cast.ruth)
    assert act(operator, "factors").status_code == 302
    assert not Authenticator.objects.exists() and not is_in(theirs)
    event = SecurityEvent.objects.get(person=cast.ruth, kind="factor_reset")
    assert (event.by, event.why) == ("olu@example.edu", WHY)
    assert WHY in Notification.objects.filter(person=cast.ruth).latest("pk").text
    assert WHY in operator.get(PAGE, {"email": "Ruth@example.edu"}).content.decode()


def test_an_operator_changes_an_address_and_both_hear_of_it(operator, cast):
    theirs = Client()
    theirs.force_login(cast.ruth)
    assert act(operator, "address", new_email="Ruth.New@example.edu").status_code == 302
    cast.ruth.refresh_from_db()
    assert cast.ruth.email == "ruth.new@example.edu" and not is_in(theirs)
    assert [letter.to for letter in mail.outbox] == [["ruth@example.edu"]] and "ruth.new@example.edu" in mail.outbox[
        0
    ].body
    assert Notification.objects.get(person=cast.ruth).title == "The e-mail address was changed"


def test_single_sign_on_that_opens_the_wrong_account_is_disconnected(operator, cast, provider):
    come(Client(), provider)
    row = OutsideIdentity.objects.get()
    assert act(operator, "identity", identity=row.pk).status_code == 302
    provider.person["sub"] = "u-2"
    other = Client()
    come(other, provider)
    assert is_in(other) and OutsideIdentity.objects.get().subject == "u-2"


WRONG = [
    ("factors", {}, 409, "no_factor"), ("factors", {"why": " "}, 422, "no_reason"), ("address", {"new_email": "x"}, 422, "bad_address"),
    ("address", {"new_email": "daniel@example.edu"}, 409, "address_taken"), ("identity", {"identity": "9"}, 404, "not_found"),
    ("identity", {"identity": "x"}, 422, "unknown_choice"), ("nothing", {}, 422, "unknown_choice"),
    ("factors", {"email": "nobody@example.edu"}, 404, "no_such_account"), ("factors", {"email": "olu@example.edu"}, 403, "own_account"),
    ("address", {"new_email": "a\x00b@example.edu"}, 422, "bad_address"),
]  # fmt: skip


@pytest.mark.parametrize(("what", "fields", "status", "code"), WRONG)
def test_what_cannot_be_done_is_told_and_nothing_is_changed(operator, cast, what, fields, status, code):
    answer = act(operator, what, **fields)
    assert answer.status_code == status and answer.context["error"].code == code
    assert not SecurityEvent.objects.exists() and mail.outbox == []


@pytest.mark.parametrize("name", ["helen", "ruth"])
def test_nobody_but_operators_sees_or_does_anything(client, cast, name):
    client.force_login(getattr(cast, name))
    assert client.get(PAGE, {"email": "daniel@example.edu"}).status_code == 403
    assert act(client, "address", "daniel@example.edu", new_email="x@example.edu").status_code == 403


def test_an_operator_says_once_more_who_they_are(operator):
    back_by(operator, at=1)
    assert operator.get(PAGE)["Location"].startswith("/accounts/again/?next=")


def test_the_command_breaks_the_glass(cast):
    with_factor(cast.olu)
    said = io.StringIO()
    call_command("account", "reset-second-factor", "olu@example.edu", why=WHY, stdout=said)
    call_command("account", "make-operator", "helen@example.edu", why=WHY, stdout=said)
    call_command("account", "end-operator", "olu@example.edu", why=WHY, stdout=said)
    call_command("account", "change-address", "ruth@example.edu", "r@example.edu", why=WHY, stdout=said)
    for person in (cast.helen, cast.olu, cast.ruth):
        person.refresh_from_db()
    assert (cast.helen.is_operator, cast.olu.is_operator, cast.ruth.email) == (True, False, "r@example.edu")
    assert SecurityEvent.objects.filter(by="command on the server", why=WHY).count() == 4
    with pytest.raises(CommandError, match="No account has the address"):
        call_command("account", "make-operator", "nobody@example.edu", why=WHY)
    with pytest.raises(CommandError, match="Write why"):
        call_command("account", "make-operator", "helen@example.edu", why=" ")
