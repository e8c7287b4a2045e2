"""Who may read which calendar: public, by token, renewed; and that no log keeps one."""

from datetime import date

import pytest

from courseplatform.calendars.models import CalendarSite, PersonalFeed
from courseplatform.calendars.services import feed_of, feed_renew, site_id
from courseplatform.calendars.tokens import token_of
from courseplatform.core.redaction import without_link_keys
from courseplatform.courses.models import Enrolment, Session
from tests.courseplatform.calendars.builders import add_session, strict
from tests.courseplatform.notices.builders import students

pytestmark = pytest.mark.django_db


def address(person, slug=""):
    token = token_of(feed_of(person=person))
    return f"/calendar/{token}/{slug}.ics" if slug else f"/calendar/{token}.ics"


def test_a_token_opens_the_calendar_of_its_person_without_a_session(client, cast):
    add_session(cast.course, date(2026, 9, 1), title="Mine")
    response = client.get(address(cast.ruth))
    assert response.status_code == 200 and response["Content-Type"] == "text/calendar; charset=utf-8"
    assert response["Cache-Control"] == "private, no-cache"
    assert "Mine" in [str(e["SUMMARY"]) for e in strict(response.content).events]


def test_a_token_opens_one_course_and_no_course_of_others(client, cast):
    assert client.get(address(cast.ruth, cast.course.slug)).status_code == 200
    assert client.get(address(cast.ruth, cast.other_course.slug)).status_code == 404


def test_the_address_stays_until_it_is_renewed_and_then_is_worthless(client, cast):
    old = address(cast.ruth)
    assert old == address(cast.ruth)
    feed_renew(person=cast.ruth)
    assert client.get(old).status_code == 404
    assert client.get(address(cast.ruth)).status_code == 200


@pytest.mark.parametrize(
    "change",
    [
        lambda t: t[:-1] + ("A" if t[-1] != "A" else "B"),
        lambda t: ("x" if t[0] != "x" else "y") + t[1:],
        lambda t: t.split(".")[0],
        lambda t: "nonsense",
    ],
)
def test_a_changed_token_opens_nothing(client, cast, change):
    token = token_of(feed_of(person=cast.ruth))
    assert client.get(f"/calendar/{change(token)}.ics").status_code == 404


def test_the_secret_of_the_table_alone_opens_nothing(client, cast, settings):
    secret = feed_of(person=cast.ruth).secret
    assert client.get(f"/calendar/{secret}.ics").status_code == 404
    old = address(cast.ruth)
    settings.SECRET_KEY = "another"
    assert client.get(old).status_code == 404


def test_a_closed_account_and_a_left_course_end_the_calendar(client, cast):
    add_session(cast.course, date(2026, 9, 1), title="Mine")
    url = address(cast.ruth)
    Enrolment.objects.filter(person=cast.ruth).update(is_active=False)
    assert b"Mine" not in client.get(url).content
    cast.ruth.is_active = False
    cast.ruth.save()
    assert client.get(url).status_code == 404


def test_renewing_is_a_post_that_says_what_follows(client, cast):
    client.force_login(cast.ruth)
    page = f"/courses/{cast.course.slug}/calendar/"
    old = address(cast.ruth)
    html = client.get(page).content.decode()
    assert old in html and "old ones stop working at once" in html
    assert client.get(page + "renew/").status_code == 405
    assert client.get(old).status_code == 200
    client.post(page + "renew/")
    html = client.get(page).content.decode()
    assert old not in html and address(cast.ruth) in html


def test_a_person_sees_only_the_own_address(client, cast):
    client.force_login(cast.daniel)
    assert address(cast.ruth) not in client.get(f"/courses/{cast.course.slug}/calendar/").content.decode()
    assert PersonalFeed.objects.count() == 2


def test_a_public_courses_feed_is_read_by_anybody_and_holds_what_is_public(client, cast):
    cast.course.is_public = True
    cast.course.save()
    add_session(cast.course, date(2026, 9, 1), title="Open")
    add_session(cast.course, date(2026, 9, 2), title="Unpublished", is_published=False)
    url = f"/courses/{cast.course.slug}/calendar.ics"
    anonymous = client.get(url)
    assert anonymous["Cache-Control"] == "public, max-age=300"
    client.force_login(cast.amit)
    assert client.get(url).content == anonymous.content
    assert b"Open" in anonymous.content and b"Unpublished" not in anonymous.content


def test_visitors_of_a_public_course_see_the_public_address_and_none_of_a_person(client, cast):
    cast.course.is_public = True
    cast.course.save()
    html = client.get(f"/courses/{cast.course.slug}/calendar/").content.decode()
    assert f"/courses/{cast.course.slug}/calendar.ics" in html and "Renew" not in html
    assert not PersonalFeed.objects.exists()


def test_the_feed_of_a_course_that_is_not_public_is_for_its_members(client, cast):
    url = f"/courses/{cast.course.slug}/calendar.ics"
    assert client.get(url).status_code == 302
    client.force_login(cast.lena)
    assert client.get(url).status_code == 404
    client.force_login(cast.ruth)
    assert strict(client.get(url).content)


def test_nothing_is_sent_again_while_nothing_changed(client, cast):
    url = address(cast.ruth)
    etag = client.get(url)["ETag"]
    again = client.get(url, headers={"If-None-Match": etag})
    assert again.status_code == 304 and not again.content
    add_session(cast.course, date(2026, 9, 1))
    assert client.get(url, headers={"If-None-Match": etag}).status_code == 200


def test_no_log_line_holds_the_token(cast):
    for url in (address(cast.ruth), address(cast.ruth, "odml")):
        line = without_link_keys(None, "info", {"event": f'"GET {url} HTTP/1.1" 200', "request": f"GET {url}"})
        assert feed_of(person=cast.ruth).secret not in str(line) and "[redacted]" in line["request"]


@pytest.mark.parametrize(
    "path", ["/courses/odml/calendar/", "/courses/odml/calendar.ics", "/courses/odml/calendar/renew/"]
)
def test_addresses_without_a_key_stay_in_the_logs(path):
    assert without_link_keys(None, "info", {"request": path}) == {"request": path}


def test_there_is_one_site_id_for_ever(cast):
    assert site_id() == site_id() and CalendarSite.objects.count() == 1


def test_a_programme_without_a_day_is_explained_on_the_page(client, cast):
    cast.lab.delete()
    Session.objects.all().delete()
    client.force_login(cast.ruth)
    assert (
        "no session of this course has a day yet"
        in client.get(f"/courses/{cast.course.slug}/calendar/").content.decode()
    )


def test_a_large_course_makes_as_many_queries_as_a_small_one(client, cast, django_assert_max_num_queries):
    url, page = address(cast.ruth), f"/courses/{cast.course.slug}/calendar/"
    client.force_login(cast.ruth)
    with django_assert_max_num_queries(26) as small:
        client.get(url)
    with django_assert_max_num_queries(28) as small_page:
        client.get(page)
    students(cast, 600)
    for n in range(150):
        add_session(cast.course, date(2026, 9, 1 + n % 28), title=f"Session {n}")
    with django_assert_max_num_queries(len(small)):
        assert len(strict(client.get(url).content).events) >= 150
    with django_assert_max_num_queries(len(small_page)):
        assert client.get(page).status_code == 200
