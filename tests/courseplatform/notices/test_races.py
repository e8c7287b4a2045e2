"""Two workers, two tabs, at once: real threads on a real database."""

import threading
from datetime import timedelta
from uuid import uuid4

import pytest
from django.core import mail
from django.db import connection
from django.utils import timezone

from courseplatform.core.clock import shared_now
from courseplatform.core.errors import AppError
from courseplatform.notices.models import Announcement, Answer, Completion, Notification
from courseplatform.notices.services import mail as mail_module
from courseplatform.notices.services.announcements import Draft, announcement_create, announcements_publish_due
from courseplatform.notices.services.answers import survey_answer
from courseplatform.notices.services.mail import mail_due
from courseplatform.notices.services.survey_clock import survey_end
from tests.courseplatform.notices.builders import announce, answers, make_survey, tell
from tests.people import make_cast

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.real_database]
AT_ONCE = 6


@pytest.fixture
def cast(settings, tmp_path, monkeypatch):
    settings.DATA_DIR, settings.MEDIA_ROOT = tmp_path, tmp_path / "media"
    monkeypatch.setattr("courseplatform.notices.services.notifications.wake", lambda: None)
    return make_cast()


def at_once(act):
    """`act` in several threads that start together. Returns what they returned, errors by their code."""
    start, found = threading.Barrier(AT_ONCE), []

    def body():
        start.wait()
        try:
            found.append(act())
        except AppError as error:
            found.append(error.code)
        finally:
            connection.close()

    threads = [threading.Thread(target=body) for _ in range(AT_ONCE)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert len(found) == AT_ONCE
    return found


def test_several_workers_send_each_mail_once(cast):
    tell(cast, cast.ruth, cast.daniel, cast.sofia, cast.amit)
    assert sum(at_once(lambda: mail_due().sent)) == 4
    assert sorted(message.to[0] for message in mail.outbox) == [
        "amit@example.edu", "daniel@example.edu", "ruth@example.edu", "sofia@example.edu",
    ]  # fmt: skip


def test_a_worker_whose_clock_is_ahead_takes_no_mail_that_another_one_has_in_its_hands(cast, monkeypatch):
    if connection.vendor != "postgresql":
        pytest.skip("on SQLite there is one machine, and one clock")
    tell(cast, cast.ruth)
    right, now = timezone.now, shared_now()
    assert [len(take.claim(now)) for take in mail_module._due(now, mail_module.Mailed())] == [1]
    monkeypatch.setattr(timezone, "now", lambda: right() + timedelta(hours=2))
    assert mail_due().sent == 0 and mail.outbox == []


def test_several_workers_send_one_daily_mail(cast):
    for n in range(3):
        tell(cast, cast.ruth, kind="schedule", key=f"k{n}")
    later = timezone.now() + timedelta(days=1, minutes=1)
    assert sum(at_once(lambda: mail_due(now=later).sent)) == 1
    assert "3 pieces of news" in mail.outbox[0].subject


def test_one_answer_however_many_tabs(cast):
    survey = make_survey(cast)
    values, visit = answers(survey, "5", "few", "once"), cast.visit(cast.ruth)
    found = at_once(lambda: survey_answer(visit=visit, survey=survey, values=values))
    assert found.count("already_answered") == AT_ONCE - 1 and found.count(None) == 1
    assert Completion.objects.count() == 1 and Answer.objects.filter(value="once").count() == 1


def test_several_people_at_once_are_all_counted(cast):
    survey = make_survey(cast)
    people = [cast.visit(person) for person in (cast.ruth, cast.daniel, cast.sofia)] * 2
    values = answers(survey, "5", "few")
    found = at_once(lambda: survey_answer(visit=people.pop(), survey=survey, values=values))
    assert found.count(None) == 3
    assert set(Completion.objects.values_list("person__email", flat=True)) == {
        "daniel@example.edu", "ruth@example.edu", "sofia@example.edu",
    }  # fmt: skip
    assert Answer.objects.count() == 6


def test_a_survey_ends_once(cast):
    survey = make_survey(cast)
    assert sorted(at_once(lambda: survey_end(survey=survey))) == [False] * (AT_ONCE - 1) + [True]


def test_several_readers_publish_what_is_due_once(cast):
    past = timezone.now() - timedelta(days=2)
    announce(
        cast, now=past - timedelta(days=1), goes_out_on=past.date(), goes_out_at=past.time().replace(microsecond=0)
    )
    assert sum(at_once(lambda: announcements_publish_due(course=cast.course))) == 1
    assert Notification.objects.filter(person=cast.ruth).count() == 1


def test_several_clicks_on_publish_are_one_announcement(cast):
    key, visit = uuid4(), cast.visit(cast.helen)
    found = at_once(lambda: announcement_create(visit=visit, draft=Draft("T", "x"), made_with=key).pk)
    assert len(set(found)) == 1 and Announcement.objects.count() == 1
    assert Notification.objects.filter(person=cast.ruth).count() == 1
