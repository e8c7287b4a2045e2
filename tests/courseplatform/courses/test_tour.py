"""The tour of a course's home: offered once, to people of their own, and about things that are there."""

import re

import pytest

from courseplatform.courses.tours import TOURS

pytestmark = pytest.mark.django_db
HOME, SEEN = "/courses/{}/", "/courses/{}/tour/"


def offered(page):
    form = re.search(r"<form class=\"tour-offer\"[^>]*>", page.content.decode())[0]
    return " hidden" not in form


def home(client, cast, person, asked=""):
    client.force_login(person)
    return client.get(HOME.format(cast.course.slug) + asked)


def test_it_is_offered_until_it_was_seen_or_declined(client, cast):
    assert offered(home(client, cast, cast.ruth))
    assert client.post(SEEN.format(cast.course.slug)).status_code == 302
    assert not offered(home(client, cast, cast.ruth))
    cast.ruth.refresh_from_db()
    assert cast.ruth.tours_seen == ["student"]


def test_staff_have_their_own(client, cast):
    client.force_login(cast.amit)
    client.post(SEEN.format(cast.course.slug))
    client.post(SEEN.format(cast.course.slug))
    cast.amit.refresh_from_db()
    assert cast.amit.tours_seen == ["staff"]


def test_accounts_of_the_demonstration_are_not_bothered_but_may_begin_it(client, cast):
    cast.ruth.is_demo = True
    cast.ruth.save()
    assert not offered(home(client, cast, cast.ruth))
    assert "data-begins" in home(client, cast, cast.ruth, "?tour=1").content.decode()


def test_who_is_not_of_the_course_has_no_tour(client, cast):
    client.force_login(cast.oscar)
    assert client.post(SEEN.format(cast.course.slug)).status_code == 404


@pytest.mark.parametrize("name", TOURS)
def test_every_step_has_words_and_another_place(name):
    steps = TOURS[name]
    assert all(title and text.endswith(".") for _, title, text in steps)
    assert len({selector for selector, _, _ in steps}) == len(steps)
