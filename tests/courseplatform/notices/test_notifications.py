"""Who is told what, once, and how it comes by mail."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.utils import timezone

from courseplatform.notices.kinds import KINDS, MailChoice
from courseplatform.notices.models import MailPreference, Notification
from courseplatform.notices.services.notifications import (
    next_digest,
    notification_send,
    notifications_read,
    preferences_set,
)
from tests.courseplatform.notices.builders import at, students, tell

pytestmark = pytest.mark.django_db


def test_the_same_key_tells_nobody_twice(cast):
    tell(cast, cast.ruth, cast.daniel)
    tell(cast, cast.ruth, cast.daniel, title="Something else")
    assert [n.title for n in Notification.objects.all()] == ["The lab opens"] * 2


def test_a_title_becomes_one_line_so_that_it_cannot_add_a_header(cast):
    assert tell(cast, cast.ruth, title="Hello\r\nBcc: all@example.edu")[0].title == "Hello Bcc: all@example.edu"


def test_an_unknown_kind_is_a_mistake_of_the_caller(cast):
    with pytest.raises(KeyError):
        tell(cast, cast.ruth, kind="gossip")


def test_telling_six_hundred_people_asks_as_much_as_telling_five(cast, django_assert_max_num_queries):
    people = students(cast, 605)

    def asked(some, key):
        with django_assert_max_num_queries(20) as queries:
            tell(cast, *some, kind="schedule", key=key)
        return [q for q in queries.captured_queries if not q["sql"].startswith("INSERT")]

    assert len(asked(people[:5], "a")) == len(asked(people[5:], "b"))
    assert Notification.objects.count() == 605


@pytest.mark.parametrize(("kind", "choice"), [("team", "at_once"), ("schedule", "digest"), ("participation", "digest")])
def test_each_kind_has_a_default(cast, kind, choice):
    assert tell(cast, cast.ruth, kind=kind)[0].mail == choice


def test_a_person_chooses_for_each_kind(cast):
    preferences_set(person=cast.ruth, choices={"team": MailChoice.SITE, "schedule": MailChoice.AT_ONCE})
    assert tell(cast, cast.ruth, kind="team", key="a")[0].mail_after is None
    assert tell(cast, cast.ruth, kind="schedule", key="b")[0].mail == "at_once"
    assert tell(cast, cast.daniel, kind="team", key="c")[0].mail == "at_once"


def test_the_thirteenth_mail_of_a_kind_within_an_hour_waits_for_the_daily_one(cast):
    choices = [tell(cast, cast.ruth, kind="team", key=f"invited-again-{n}")[0].mail for n in range(13)]
    assert choices == [MailChoice.AT_ONCE] * 12 + [MailChoice.DIGEST]
    assert tell(cast, cast.ruth, kind="paper", key="another kind")[0].mail == MailChoice.AT_ONCE
    assert tell(cast, cast.daniel, kind="team", key="another person")[0].mail == MailChoice.AT_ONCE
    Notification.objects.update(made_at=timezone.now() - timedelta(minutes=61))
    assert tell(cast, cast.ruth, kind="team", key="an hour later")[0].mail == MailChoice.AT_ONCE


def test_what_is_urgent_cannot_be_silenced(cast):
    preferences_set(person=cast.ruth, choices={"urgent": MailChoice.SITE})
    assert not MailPreference.objects.exists()
    assert tell(cast, cast.ruth, kind="urgent")[0].mail == "at_once"


def test_switching_a_kind_off_stops_what_waits_for_the_daily_mail(cast):
    note = tell(cast, cast.ruth, kind="schedule")[0]
    preferences_set(person=cast.ruth, choices={"schedule": MailChoice.SITE})
    note.refresh_from_db()
    assert note.mail_after is None


@pytest.mark.parametrize(
    ("now", "zone", "expected"),
    [
        (
            at(date(2026, 3, 7), 12),
            "America/New_York",
            datetime(2026, 3, 8, 11, tzinfo=UTC),
        ),  # the clocks go forward that night
        (at(date(2026, 3, 6), 12), "America/New_York", datetime(2026, 3, 7, 12, tzinfo=UTC)),
        (at(date(2026, 10, 31), 12), "America/New_York", datetime(2026, 11, 1, 12, tzinfo=UTC)),
        (at(date(2026, 10, 31), 6, 59), "America/New_York", datetime(2026, 10, 31, 11, tzinfo=UTC)),
        (at(date(2026, 10, 31), 7), "America/New_York", datetime(2026, 11, 1, 12, tzinfo=UTC)),
        (datetime(2026, 6, 1, 20, tzinfo=UTC), "Australia/Sydney", datetime(2026, 6, 1, 21, tzinfo=UTC)),
        (datetime(2026, 6, 1, 20, tzinfo=UTC), "Asia/Kolkata", datetime(2026, 6, 2, 1, 30, tzinfo=UTC)),
    ],
)
def test_the_daily_mail_comes_at_seven_on_the_wall(now, zone, expected):
    assert next_digest(now, zone) == expected


def test_the_daily_mail_counts_in_the_persons_zone_else_in_the_courses(cast):
    cast.daniel.zone = "Asia/Tokyo"
    cast.daniel.save()
    daniel, ruth = tell(cast, cast.daniel, cast.ruth, kind="schedule")
    tokyo, new_york = (
        n.mail_after.astimezone(z) for n, z in ((daniel, _zone("Asia/Tokyo")), (ruth, _zone("America/New_York")))
    )
    assert (tokyo.hour, new_york.hour) == (7, 7)


def _zone(name):
    from zoneinfo import ZoneInfo

    return ZoneInfo(name)


def test_unread_ones_stand_first_then_the_newest(client, cast):
    for n in range(3):
        tell(cast, cast.ruth, key=f"k{n}", title=f"News {n}")
    Notification.objects.filter(key="k2").update(read_at=timezone.now())
    client.force_login(cast.ruth)
    html = client.get("/notifications/").content.decode()
    assert html.index("News 1") < html.index("News 0") < html.index("News 2")
    assert "2 unread" in html
    assert "News 2" not in client.get("/notifications/?show=unread").content.decode()


def test_opening_one_marks_it_as_read_and_leads_to_its_page(client, cast):
    note = tell(cast, cast.ruth, path=f"/courses/{cast.course.slug}/schedule/")[0]
    client.force_login(cast.ruth)
    response = client.post(f"/notifications/{note.pk}/open/")
    assert response.url == f"/courses/{cast.course.slug}/schedule/"
    note.refresh_from_db()
    assert note.read_at is not None


@pytest.mark.parametrize("path", ["//evil.example/x", "https://evil.example/", "javascript:alert(1)"])
def test_a_notification_leads_nowhere_outside(client, cast, path):
    note = tell(cast, cast.ruth, path=path)[0]
    client.force_login(cast.ruth)
    assert client.post(f"/notifications/{note.pk}/open/").url == "/notifications/"


def test_another_persons_notification_is_not_there(client, cast):
    note = tell(cast, cast.ruth)[0]
    client.force_login(cast.daniel)
    assert client.post(f"/notifications/{note.pk}/open/").status_code == 404
    assert client.post(f"/notifications/{note.pk}/read/").status_code == 404
    note.refresh_from_db()
    assert note.read_at is None


def test_mark_all_as_read_leaves_what_came_after_the_page_was_opened(client, cast):
    tell(cast, cast.ruth, key="old")
    opened = timezone.now()
    tell(cast, cast.ruth, key="new")
    client.force_login(cast.ruth)
    client.post("/notifications/read/", {"before": opened.isoformat()})
    assert list(Notification.objects.unread().values_list("key", flat=True)) == ["new"]


@pytest.mark.parametrize("before", ["", "nonsense", "2026-13-45T99:00", "2026-01-01T00:00"])
def test_a_mangled_moment_is_no_fault(client, cast, before):
    client.force_login(cast.ruth)
    assert client.post("/notifications/read/", {"before": before}).status_code == 302
    assert notifications_read(person=cast.ruth) == 0


@pytest.mark.parametrize("page", ["0", "-1", "abc", "999999999999999999999", "²"])
def test_a_mangled_page_number_is_the_first_or_an_empty_page(client, cast, page):
    client.force_login(cast.ruth)
    assert client.get(f"/notifications/?page={page}").status_code == 200


def test_the_list_is_bounded(client, cast, django_assert_max_num_queries):
    notification_rows = [
        Notification(person=cast.ruth, course=cast.course, kind="team", key=f"k{n}", title=f"News {n}")
        for n in range(400)
    ]
    Notification.objects.bulk_create(notification_rows)
    client.force_login(cast.ruth)
    with django_assert_max_num_queries(6):
        html = client.get("/notifications/").content.decode()
    assert html.count("data-relative") == 30
    assert "99+" in html and "100 or more unread" in html


def test_the_count_costs_one_query_and_visitors_none(client, cast, django_assert_num_queries):
    tell(cast, cast.ruth)
    with django_assert_num_queries(0):
        client.get("/accounts/password/reset/done/")
    client.force_login(cast.ruth)
    with django_assert_num_queries(3) as queries:  # session, person, count
        html = client.get("/style/").content.decode()
    assert "1 unread" in html
    assert sum("notices_notification" in q["sql"] for q in queries.captured_queries) == 1


def test_preferences_are_saved_and_shown(client, cast):
    client.force_login(cast.ruth)
    client.post("/notifications/settings/", {"mail-team": "site", "mail-urgent": "site"})
    assert dict(MailPreference.objects.values_list("kind", "choice")) == {"team": "site"}
    html = client.get("/notifications/settings/").content.decode()
    assert 'name="mail-team" value="site" checked' in html
    assert all(kind.label in html for kind in KINDS.values())


def test_an_unknown_choice_is_refused(client, cast):
    client.force_login(cast.ruth)
    assert client.post("/notifications/settings/", {"mail-team": "by pigeon"}).status_code == 422


def test_a_notification_without_a_course_is_shown_too(client, cast):
    notification_send(course=None, people=[cast.ruth], kind="people", key="x", title="Your account")
    client.force_login(cast.ruth)
    assert "Your account" in client.get("/notifications/").content.decode()


def test_old_news_says_how_old_it_is(client, cast):
    note = tell(cast, cast.ruth)[0]
    Notification.objects.filter(pk=note.pk).update(made_at=timezone.now() - timedelta(days=3))
    client.force_login(cast.ruth)
    assert "3\u00a0days ago" in client.get("/notifications/").content.decode()
