"""The link in the mail: one person, one use, a fortnight."""

import re
from datetime import timedelta

import pytest
from django.core import mail
from django.core.mail.backends.locmem import EmailBackend
from django.test import Client
from django.utils import timezone

from courseplatform.accounts.models import User
from courseplatform.core.errors import Conflict, TooMany
from courseplatform.courses.models import Enrolment
from courseplatform.roster.models import Invitation
from courseplatform.roster.services.invitations import (
    PAUSE,
    invitation_renew,
    invitations_mail,
    invitations_sweep,
    token_of,
)
from courseplatform.roster.services.members import member_add, member_drop
from courseplatform.roster.tasks import mail_invitations
from tests.courseplatform.roster.builders import PEOPLE

pytestmark = pytest.mark.django_db
PASSWORDS = {"password1": "battery staple 7", "password2": "battery staple 7"}


@pytest.fixture
def ana(cast):
    """Somebody new, who was invited."""
    return member_add(visit=cast.visit(cast.helen), email="ana@example.edu", name="Ana Silva", role="student")


def link_of(invitation):
    return f"{PEOPLE}invitation/{token_of(invitation)}/"


def aged(invitation, **ago):
    """As if it had been sent earlier."""
    gone = timedelta(**ago)
    invitation.refresh_from_db()
    Invitation.objects.filter(pk=invitation.pk).update(
        renewed_at=invitation.renewed_at - gone, expires_at=invitation.expires_at - gone
    )
    invitation.refresh_from_db()


def says_gone(client, link):
    answer = client.get(link)
    return answer.status_code == 410 and "works no more" in answer.content.decode()


def test_from_the_mail_to_the_course(ana, settings):
    settings.SITE_URL = "https://milliamp.example.edu"
    invitations_mail([ana.invitations.get().pk])
    (letter,) = mail.outbox
    assert (letter.to, "11-767" in letter.subject) == (["ana@example.edu"], True)
    link = re.search(r"https://milliamp\.example\.edu(/courses/odml/people/invitation/\S+)", letter.body)[1]
    client = Client()
    assert "Ana Silva, choose a password" in client.get(link).content.decode()
    assert client.post(link, PASSWORDS)["Location"] == "/courses/odml/"
    assert client.get("/courses/odml/").status_code == 200
    row = ana.invitations.get()
    assert (row.status, row.accepted_at is not None, row.moves.get().moved_to) == ("accepted", True, "accepted")
    assert Client().login(email="ana@example.edu", password="battery staple 7")


def test_the_link_leads_to_the_site_whatever_host_the_inviter_asked_for(cast, client, settings):
    settings.SITE_URL, settings.ALLOWED_HOSTS = "https://milliamp.example.edu", ["*"]
    client.force_login(cast.helen)
    form = {"email": "bea@example.edu", "name": "Bea", "role": "student"}
    assert client.post(f"{PEOPLE}add/", form, HTTP_HOST="elsewhere.example").status_code == 302
    invitations_mail(Invitation.objects.values_list("pk", flat=True))
    (letter,) = mail.outbox
    assert "https://milliamp.example.edu/courses/" in letter.body and "elsewhere" not in letter.body


def test_a_link_works_once(ana):
    link = link_of(ana.invitations.get())
    Client().post(link, PASSWORDS)
    stranger = Client()
    assert says_gone(stranger, link)
    assert stranger.post(link, {"password1": "another thing 9", "password2": "another thing 9"}).status_code == 410
    assert Client().login(email="ana@example.edu", password="battery staple 7")


def test_a_weak_or_unequal_password_is_said_and_the_link_stays(ana):
    link = link_of(ana.invitations.get())
    for pair in (("12345678", "12345678"), ("battery staple 7", "battery staple 8"), ("", "")):
        assert Client().post(link, {"password1": pair[0], "password2": pair[1]}).status_code == 422
    assert ana.invitations.get().status == "pending"
    assert Client().post(link, PASSWORDS).status_code == 302


def test_the_token_is_in_the_mail_and_nowhere_in_the_database(ana):
    row = ana.invitations.get()
    assert token_of(row) not in str(list(Invitation.objects.values()))
    assert len(row.token_hash) == 64 and row.token_hash != token_of(row)


def test_a_link_expires_after_a_fortnight_whether_or_not_the_sweep_ran(ana, client):
    row = ana.invitations.get()
    aged(row, days=14, minutes=1)
    assert says_gone(client, link_of(row))
    assert client.post(link_of(row), PASSWORDS).status_code == 410
    invitations_sweep()
    assert ana.invitations.get().status == "expired"


def test_a_renewed_link_voids_the_one_before(cast, ana, client):
    row = ana.invitations.get()
    aged(row, minutes=11)
    old = link_of(row)
    new = invitation_renew(visit=cast.visit(cast.amit), enrolment=ana)
    assert says_gone(client, old)
    assert client.get(link_of(new)).status_code == 200
    assert ana.invitations.count() == 1


def test_an_expired_one_is_renewed_as_a_new_row(cast, ana):
    aged(ana.invitations.get(), days=15)
    invitation_renew(visit=cast.visit(cast.helen), enrolment=ana)
    assert sorted(ana.invitations.values_list("status", flat=True)) == ["expired", "pending"]


def test_sending_again_is_slowed_down(cast, ana, client):
    with pytest.raises(TooMany) as caught:
        invitation_renew(visit=cast.visit(cast.helen), enrolment=ana)
    assert caught.value.code == "invitation_just_sent"
    client.force_login(cast.helen)
    assert client.post(f"{PEOPLE}{ana.pk}/invite/").status_code == 429
    client.post(f"{PEOPLE}{ana.pk}/withdraw/")
    assert client.post(f"{PEOPLE}{ana.pk}/invite/").status_code == 429  # withdrawing is no way round
    aged(ana.invitations.get(), seconds=PAUSE.total_seconds() + 1)
    assert client.post(f"{PEOPLE}{ana.pk}/invite/").status_code == 302


def test_a_withdrawn_link_works_no_more(cast, ana, client):
    link = link_of(ana.invitations.get())
    client.force_login(cast.amit)
    client.post(f"{PEOPLE}{ana.pk}/withdraw/")
    assert says_gone(Client(), link)
    assert "invitation withdrawn" in client.get(f"{PEOPLE}?state=never").content.decode()


def test_dropping_somebody_voids_the_link(cast, ana, client):
    link = link_of(ana.invitations.get())
    member_drop(visit=cast.visit(cast.helen), enrolment=ana)
    assert says_gone(client, link)


def test_somebody_with_a_password_is_not_invited(cast):
    enrolment = Enrolment.objects.get(course=cast.course, person=cast.ruth)
    with pytest.raises(Conflict) as caught:
        invitation_renew(visit=cast.visit(cast.helen), enrolment=enrolment)
    assert caught.value.code == "no_invitation_needed"


def test_a_first_password_by_the_reset_mail_ends_the_invitation(ana, client):
    ana.person.set_password("battery staple 7")
    ana.person.save()
    assert says_gone(client, link_of(ana.invitations.get()))
    client.login(email="ana@example.edu", password="battery staple 7")
    assert ana.invitations.get().status == "accepted"


def test_the_task_run_twice_sends_one_mail(ana):
    ids = [ana.invitations.get().pk]
    assert [mail_invitations(ids), mail_invitations(ids)] == [1, 0]
    assert len(mail.outbox) == 1
    assert ana.invitations.get().mailed_at is not None


def test_a_mail_server_that_refuses_leaves_the_row_for_the_sweep(ana, monkeypatch):
    def refuse(*args):
        raise ConnectionRefusedError

    with monkeypatch.context() as broken:
        broken.setattr(EmailBackend, "send_messages", refuse)
        assert invitations_mail([ana.invitations.get().pk]) == 0
    row = ana.invitations.get()
    assert (row.status, row.mailed_at) == ("pending", None)
    aged(row, minutes=3)
    assert invitations_sweep()["mailed"] == 1
    assert link_of(row) in mail.outbox[0].body


def test_no_mail_leaves_when_the_transaction_is_taken_back(cast, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks() as waiting:
        member_add(visit=cast.visit(cast.helen), email="tom@example.edu", name="Tom", role="student")
        assert mail.outbox == []
    assert len(waiting) == 1


def test_a_broker_that_is_down_costs_nothing(cast, monkeypatch, django_capture_on_commit_callbacks):
    def refuse(*args, **kwargs):
        raise ConnectionRefusedError

    monkeypatch.setattr(mail_invitations, "apply_async", refuse)
    with django_capture_on_commit_callbacks(execute=True):
        made = member_add(visit=cast.visit(cast.helen), email="tom@example.edu", name="Tom", role="student")
    assert made.invitations.get().status == "pending"


def test_everybody_without_a_way_in_is_invited_at_once_and_once(cast, client):
    for n in range(3):
        person = User.objects.create_user(email=f"p{n}@example.edu", name=f"P{n}x")
        Enrolment.objects.create(course=cast.course, person=person, role="student")
    client.force_login(cast.amit)
    assert "3 people have no password and no open invitation" in client.get(PEOPLE).content.decode()
    for _ in range(2):
        client.post(f"{PEOPLE}invite/")
    assert Invitation.objects.count() == 3
    assert "no open invitation" not in client.get(PEOPLE).content.decode()


@pytest.mark.parametrize("token", ["x", "0" * 64, "%00", "..%2f", "é" * 40])
def test_an_invented_token_opens_nothing(cast, client, token):
    assert client.get(f"{PEOPLE}invitation/{token}/").status_code in (404, 410)


def test_a_link_of_one_course_does_not_open_under_another(cast, ana, client):
    link = link_of(ana.invitations.get()).replace("/odml/", "/tinyml/")
    assert client.get(link).status_code == 410


def test_the_signed_in_browser_of_somebody_else_is_warned(cast, ana, client):
    client.force_login(cast.ruth)
    page = client.get(link_of(ana.invitations.get())).content.decode()
    assert "You are signed in as ruth@example.edu" in page


def test_the_mail_names_the_hour_in_the_courses_zone(ana):
    invitations_mail([ana.invitations.get().pk])
    until = timezone.localtime(ana.invitations.get().expires_at, ana.course.tz)
    assert f"{until:%H:%M} {until:%Z}" in mail.outbox[0].body
