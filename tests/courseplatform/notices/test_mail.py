"""Mails: what they say, and that none is lost or sent twice."""

import re
import smtplib
from datetime import timedelta

import pytest
from django.core import mail
from django.core.mail.backends.locmem import EmailBackend
from django.utils import timezone

from courseplatform.core.mails import letter
from courseplatform.notices import tasks
from courseplatform.notices.kinds import MailChoice
from courseplatform.notices.mails import stop_key
from courseplatform.notices.models import MailPreference, Notification
from courseplatform.notices.services.mail import BATCH, LEASE, mail_due
from courseplatform.notices.services.notifications import notification_read, preferences_set
from courseplatform.roster.services.members import member_add
from tests.courseplatform.notices.builders import students, tell

pytestmark = pytest.mark.django_db
LATER = timedelta(days=1, minutes=1)


@pytest.fixture(autouse=True)
def _site(settings):
    settings.SITE_URL = "https://milliamp.example.edu"


class Broken(EmailBackend):
    """A mail server that fails as `error` says, for those whose address holds `whom`."""

    error: Exception = smtplib.SMTPServerDisconnected("gone")
    whom = ""

    def send_messages(self, messages):
        if any(self.whom in message.to[0] for message in messages):
            raise self.error
        return super().send_messages(messages)


@pytest.fixture
def broken(settings, monkeypatch):
    settings.EMAIL_BACKEND = f"{__name__}.Broken"

    def use(error, whom=""):
        monkeypatch.setattr(Broken, "error", error)
        monkeypatch.setattr(Broken, "whom", whom)

    return use


def test_a_name_is_no_link_in_either_part(cast):
    cast.helen.name = "[Anne-Marie](http://evil.example) _x_"
    cast.helen.save()
    member_add(visit=cast.visit(cast.helen), email=cast.lena.email, name="", role="student")
    assert mail_due().sent == 1
    message = mail.outbox[0]
    assert 'href="http://evil' not in message.alternatives[0].content
    assert "[Anne-Marie](http://evil.example) _x_ added you" in message.body
    assert "[Anne-Marie](http://evil.example) _x_ added you" in message.alternatives[0].content


def test_a_mail_has_both_parts_with_absolute_links(cast):
    tell(cast, cast.ruth, text="See [the **lab**](/courses/odml/assignments/lab1/) & more", path="/courses/odml/")
    assert mail_due().sent == 1
    message = mail.outbox[0]
    html = message.alternatives[0].content
    assert message.to == ["ruth@example.edu"] and message.subject == "[11-767] The lab opens"
    assert "https://milliamp.example.edu/courses/odml/\n" in message.body and "& more" in message.body
    assert (
        'href="https://milliamp.example.edu/courses/odml/assignments/lab1/"' in html and "<strong>lab</strong>" in html
    )
    assert "Change what you get: https://milliamp.example.edu/notifications/settings/" in message.body


def test_the_headers_name_it_for_ever_and_say_how_to_stop_it(cast):
    note = tell(cast, cast.ruth)[0]
    mail_due()
    headers = mail.outbox[0].extra_headers
    assert headers["Message-ID"] == f"<notification-{note.pk}@milliamp.example.edu>"
    assert headers["List-Unsubscribe"].startswith("<https://milliamp.example.edu/notifications/stop/")
    assert headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert headers["Auto-Submitted"] == "auto-generated"


@pytest.mark.parametrize(
    "template", ["roster/email/invitation", "account/email/password_reset_key_message", "accounts/email/old_address"]
)
def test_letters_say_the_same_in_both_forms_and_a_name_is_no_markup(template):
    given = {
        "link": "https://a.example/?b=1&c=2",
        "password_reset_url": "https://a.example/?b=1&c=2",
        "new": "<i>x</i>",
    }
    given |= {"person": {"name": "<b>R</b>"}, "user": {"name": "<b>R</b>"}, "course": {"name": "Tiny <ML>"}}
    message = letter(template, given, subject="A letter", to="ruth@example.edu")
    html = message.alternatives[0].content
    assert ("https://a.example/?b=1&c=2" in message.body) == ("https://a.example/?b=1&amp;c=2" in html)
    assert not re.search("<b>R|<i>x|<ML>", html) and "<title>A letter</title>" in html


def test_an_urgent_mail_offers_no_way_to_stop_it(cast):
    tell(cast, cast.ruth, kind="urgent")
    mail_due()
    assert "List-Unsubscribe" not in mail.outbox[0].extra_headers
    assert "always mailed" in mail.outbox[0].body


def test_markdown_in_a_mail_is_safe(cast):
    tell(cast, cast.ruth, title="<b>x</b>", text="<script>alert(1)</script> [x](javascript:alert(1))")
    mail_due()
    html = mail.outbox[0].alternatives[0].content
    assert "<script" not in html and "javascript:" not in html.replace("[x](javascript:alert(1))", "")
    assert "&lt;b&gt;x&lt;/b&gt;" in html


def test_running_it_twice_sends_once(cast):
    tell(cast, cast.ruth, cast.daniel)
    assert (mail_due().sent, mail_due().sent) == (2, 0)
    assert not Notification.objects.waiting_for_mail().exists()


def test_a_worker_that_died_with_a_row_loses_it_to_another_after_its_lease(cast):
    note, now = tell(cast, cast.ruth)[0], timezone.now()
    Notification.objects.filter(pk=note.pk).update(mail_after=now + LEASE)  # taken, and never heard of again
    assert mail_due(now=now).sent == 0
    assert mail_due(now=now + LEASE + timedelta(seconds=1)).sent == 1


def test_a_server_that_is_away_loses_nothing_and_is_asked_again_later(cast, broken):
    tell(cast, cast.ruth, cast.daniel)
    now = timezone.now()
    broken(ConnectionRefusedError("no mail server"))
    done = mail_due(now=now)
    assert done.sent == 0 and not done.has_more
    assert Notification.objects.waiting_for_mail().count() == 2
    assert sorted(Notification.objects.values_list("mail_tries", flat=True)) == [0, 1]  # one try was enough to see it
    broken(ConnectionRefusedError("no mail server"), whom="nobody")
    assert mail_due(now=now + timedelta(minutes=2)).sent == 2


def test_each_failure_waits_longer(cast, broken):
    note, now = tell(cast, cast.ruth)[0], timezone.now()
    broken(smtplib.SMTPServerDisconnected("gone"))
    pauses = []
    for _ in range(9):
        mail_due(now=now)
        note.refresh_from_db()
        pauses.append((note.mail_after - now) // timedelta(minutes=1))
        now = note.mail_after
    assert pauses == [1, 2, 5, 15, 60, 180, 360, 360, 360]


def test_after_a_week_it_is_given_up_and_the_person_sees_why(client, cast, broken):
    note = tell(cast, cast.ruth)[0]
    broken(smtplib.SMTPServerDisconnected("gone for good"))
    mail_due(now=timezone.now() + timedelta(days=8))
    note.refresh_from_db()
    assert note.mail_after is None and note.mailed_at is None
    client.force_login(cast.ruth)
    assert "gone for good" in client.get("/notifications/settings/").content.decode()


def test_an_address_that_is_refused_for_good_is_not_tried_again_and_holds_up_nobody(cast, broken):
    tell(cast, cast.ruth, cast.daniel)
    broken(smtplib.SMTPRecipientsRefused({"daniel@example.edu": (550, b"no such user")}), whom="daniel")
    assert mail_due().sent == 1
    refused = Notification.objects.get(person=cast.daniel)
    assert refused.mail_after is None and "550" in refused.mail_problem
    assert Notification.objects.get(person=cast.ruth).mailed_at is not None


def test_an_address_that_is_refused_for_now_is_tried_again(cast, broken):
    tell(cast, cast.daniel)
    broken(smtplib.SMTPRecipientsRefused({"daniel@example.edu": (451, b"try later")}))
    mail_due()
    assert Notification.objects.waiting_for_mail().count() == 1


def test_a_closed_account_gets_no_mail(cast):
    tell(cast, cast.ruth)
    cast.ruth.is_active = False
    cast.ruth.save()
    assert mail_due().sent == 0
    assert not Notification.objects.waiting_for_mail().exists()


def test_many_are_mailed_in_several_goes(cast):
    tell(cast, *students(cast, BATCH + 5))
    first = mail_due()
    assert first.sent == BATCH and first.has_more
    second = mail_due()
    assert second.sent == 5 and not second.has_more


def test_the_task_wakes_another_while_there_is_more(cast, monkeypatch):
    woken = []
    monkeypatch.setattr(tasks, "wake", lambda: woken.append(1))
    tell(cast, *students(cast, BATCH + 1))
    tasks.mail()
    tasks.mail()
    assert len(woken) == 1 and len(mail.outbox) == BATCH + 1


def test_the_daily_mail_is_one_mail_at_seven(cast):
    tell(cast, cast.ruth, kind="schedule", key="a", title="Moved", path="/courses/odml/schedule/")
    tell(cast, cast.ruth, kind="participation", key="b", title="Credit")
    assert mail_due().sent == 0
    assert mail_due(now=timezone.now() + LATER).sent == 1
    message = mail.outbox[0]
    assert message.subject == "2 pieces of news from your courses"
    assert "* Moved" in message.body and "* Credit" in message.body
    assert "https://milliamp.example.edu/courses/odml/schedule/" in message.body
    assert mail_due(now=timezone.now() + 2 * LATER).sent == 0


def test_the_daily_mail_repeats_nothing_that_was_read(cast):
    read = tell(cast, cast.ruth, kind="schedule", key="a", title="Read already")[0]
    tell(cast, cast.ruth, kind="schedule", key="b", title="New")
    notification_read(person=cast.ruth, notification=read.pk)
    mail_due(now=timezone.now() + LATER)
    assert "Read already" not in mail.outbox[0].body and mail.outbox[0].subject == "News: New"


def test_a_day_on_which_all_was_read_brings_no_mail(cast):
    note = tell(cast, cast.ruth, kind="schedule")[0]
    notification_read(person=cast.ruth, notification=note.pk)
    assert mail_due(now=timezone.now() + LATER).sent == 0
    assert not Notification.objects.waiting_for_mail().exists()


def test_a_mail_program_stops_a_kind_with_one_post_and_no_session(client, cast):
    from django.test import Client

    tell(cast, cast.ruth, kind="team")
    mail_due()
    url = mail.outbox[0].extra_headers["List-Unsubscribe"].strip("<>").removeprefix("https://milliamp.example.edu")
    strict = Client(enforce_csrf_checks=True)
    assert strict.get(url).status_code == 200 and not MailPreference.objects.exists()  # looking changes nothing
    assert strict.post(url, {"List-Unsubscribe": "One-Click"}).status_code == 200
    assert MailPreference.objects.get().choice == MailChoice.SITE
    assert tell(cast, cast.ruth, kind="team", key="next")[0].mail_after is None


def test_stopping_the_daily_mail_stops_the_kinds_in_it(client, cast):
    preferences_set(person=cast.ruth, choices={"team": MailChoice.DIGEST})
    client.post(f"/notifications/stop/{stop_key(cast.ruth.pk, 'digest')}/")
    assert dict(MailPreference.objects.values_list("kind", "choice")) == dict.fromkeys(
        ("schedule", "participation", "team"), "site"
    )


@pytest.mark.parametrize("key", ["x", "W10:1abc:def", "a" * 300])
def test_a_made_up_key_stops_nothing(client, cast, key):
    assert client.post(f"/notifications/stop/{key}/").status_code == 404
    assert not MailPreference.objects.exists()


def test_many_events_of_one_transaction_wake_the_worker_once(cast, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks() as waiting:
        for number in range(60):
            tell(cast, cast.ruth, kind="team", key=f"event-{number}")
    assert len(waiting) == 1
