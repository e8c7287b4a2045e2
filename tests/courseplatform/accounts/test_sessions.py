"""Where a person is signed in: the list, its buttons, and what else signs out."""

from datetime import timedelta
from unittest.mock import Mock

import pytest
from django.core.cache import cache
from django.db import OperationalError
from django.test import Client
from django.utils import timezone

from courseplatform.accounts import sessions
from courseplatform.accounts.browsers import browser_words
from courseplatform.accounts.merging import account_merge
from courseplatform.accounts.models import SignedIn, User
from courseplatform.roster.services.members import member_role_change
from tests.courseplatform.accounts.builders import make_token
from tests.people import make_people

pytestmark = pytest.mark.django_db
PAGE, PROFILE, END = "/accounts/sessions/", "/accounts/profile/", "/accounts/sessions/end/"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0"
IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 Version/17.5 Mobile/15E148 Safari/604.1"


@pytest.fixture(autouse=True)
def _nothing_was_seen():
    cache.clear()
    sessions._seen.clear()


@pytest.fixture
def ruth(db):
    return make_people("Ruth")["ruth"]


def browser(header=FIREFOX, email="ruth@example.edu"):
    client = Client(HTTP_USER_AGENT=header)
    assert client.post("/accounts/login/", {"login": email, "password": "correct horse"}).status_code == 302
    return client


def is_in(client):
    return client.get(PROFILE).status_code == 200


@pytest.mark.parametrize(
    ("header", "words"),
    [
        (FIREFOX, "Firefox on Linux"),
        (IPHONE, "Safari on an iPhone"),
        ("Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/125.0 Safari/537.36 Edg/125.0", "Edge on Windows"),
        ("Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 Chrome/125.0 Mobile Safari/537.36", "Chrome on Android"),
        (
            "Mozilla/5.0 (Macintosh; Intel Mac OS X 14_5) AppleWebKit/605.1.15 Version/17.5 Safari/605.1.15",
            "Safari on macOS",
        ),
        ("curl/8.5.0", "curl"),
        ("", "An unknown browser"),
        ("<script>" * 1000, "An unknown browser"),
    ],
)
def test_a_browser_is_told_in_words(header, words):
    assert browser_words(header) == words


def test_the_page_lists_each_browser_and_marks_this_one(ruth):
    laptop, phone = browser(), browser(IPHONE)
    make_token(ruth, name="training script")
    text = laptop.get(PAGE).content.decode()
    assert "Firefox on Linux" in text and "Safari on an iPhone" in text and "training script" in text
    assert text.count("</svg>this one</span>") == 1
    assert text.index("</svg>this one</span>") < text.index("Safari on an iPhone")
    assert is_in(phone)


def test_one_browser_is_signed_out_and_the_others_stay(ruth):
    laptop, phone = browser(), browser(IPHONE)
    row = SignedIn.objects.get(browser="Safari on an iPhone")
    assert laptop.post(f"/accounts/sessions/{row.pk}/end/").status_code == 302
    assert is_in(laptop) and not is_in(phone)


def test_this_browser_signs_itself_out(ruth):
    laptop = browser()
    laptop.post(f"/accounts/sessions/{SignedIn.objects.get().pk}/end/")
    assert not is_in(laptop) and not SignedIn.objects.exists()


def test_everywhere_else_leaves_this_one(ruth):
    laptop, phone, tablet = browser(), browser(IPHONE), browser()
    begun = SignedIn.objects.order_by("pk").first().begun_at
    assert "2 other browsers" in laptop.post(END, {"where": "others"}, follow=True).content.decode()
    assert is_in(laptop) and not is_in(phone) and not is_in(tablet)
    assert SignedIn.objects.get().begun_at == begun  # the same line, under the session's new key


def test_everywhere_ends_also_what_the_list_does_not_know(ruth):
    laptop, phone = browser(), browser(IPHONE)
    SignedIn.objects.filter(browser="Safari on an iPhone").delete()
    laptop.post(END, {"where": "everywhere"})
    assert not is_in(laptop) and not is_in(phone)


def test_a_word_that_is_no_choice_ends_nothing(ruth):
    laptop = browser()
    assert laptop.post(END, {"where": "nowhere"}).status_code == 422
    assert is_in(laptop)


def test_a_new_password_signs_out_the_others(ruth):
    laptop, phone = browser(), browser(IPHONE)
    new = {"oldpassword": "correct horse", "password1": "battery staple 9", "password2": "battery staple 9"}
    assert laptop.post("/accounts/password/change/", new).status_code == 302
    assert is_in(laptop) and not is_in(phone)
    assert SignedIn.objects.get().browser == "Firefox on Linux"
    assert "Safari on an iPhone" not in laptop.get(PAGE).content.decode()


def test_a_new_role_signs_out_everywhere(cast):
    phone = browser(IPHONE)
    enrolment = cast.course.enrolments.get(person=cast.ruth)
    member_role_change(visit=cast.visit(cast.helen), enrolment=enrolment, role="ta")
    assert not is_in(phone)


def test_who_changes_their_own_role_stays_signed_in_where_they_did(cast):
    laptop, phone = browser(email="helen@example.edu"), browser(IPHONE, "helen@example.edu")
    enrolment = cast.course.enrolments.get(person=cast.helen)
    laptop.post(f"/courses/odml/people/{enrolment.pk}/role/", {"role": "ta", "why": "a term off"})
    assert is_in(laptop) and not is_in(phone)


def test_nobody_sees_or_ends_the_browsers_of_somebody_else(cast):
    browser(IPHONE)
    helen = browser(email="helen@example.edu")
    assert "iPhone" not in helen.get(PAGE).content.decode()
    row = SignedIn.objects.get(person=cast.ruth)
    assert helen.post(f"/accounts/sessions/{row.pk}/end/").status_code == 404
    assert SignedIn.objects.filter(pk=row.pk).exists()


def test_signing_out_takes_the_line_along(ruth):
    browser().post("/accounts/logout/")
    assert not SignedIn.objects.exists()


def test_a_line_whose_session_ran_out_leaves_the_list(ruth):
    laptop = browser()
    SignedIn.objects.create(person=ruth, session_key="gone", browser="Opera on Windows")
    assert "Opera" not in laptop.get(PAGE).content.decode()
    assert not SignedIn.objects.filter(session_key="gone").exists()


def test_the_click_of_the_demo_is_listed_too(ruth):
    User.objects.filter(pk=ruth.pk).update(is_demo=True)
    client = Client(HTTP_USER_AGENT=IPHONE)
    client.post("/accounts/demo/", {"email": ruth.email})
    assert "Safari on an iPhone" in client.get(PAGE).content.decode()


def test_a_page_costs_one_update_within_five_minutes(ruth, django_assert_num_queries, monkeypatch):
    laptop = browser()
    laptop.get(PROFILE)
    with django_assert_num_queries(3):  # session, person, unread notifications
        laptop.get(PROFILE)
    SignedIn.objects.update(seen_at=timezone.now() - timedelta(hours=1))
    cache.clear()
    sessions._seen.clear()
    with django_assert_num_queries(4):
        laptop.get(PROFILE)
    assert SignedIn.objects.get().seen_at > timezone.now() - timedelta(minutes=1)
    cache.clear()  # while the cache is away, this process remembers
    with django_assert_num_queries(3):
        laptop.get(PROFILE)


def test_a_page_that_is_made_is_given_though_the_database_goes_away_after_it(ruth, monkeypatch):
    here = browser()
    monkeypatch.setattr(
        "courseplatform.accounts.middleware.session_seen", Mock(side_effect=OperationalError("server closed"))
    )
    assert is_in(here)


def test_a_session_from_before_the_list_gets_a_line(ruth):
    laptop = browser()
    SignedIn.objects.all().delete()
    cache.clear()
    sessions._seen.clear()
    laptop.get(PROFILE)
    assert SignedIn.objects.get().browser == "Firefox on Linux"


def test_without_an_epoch_sessions_from_before_it_hold(ruth):
    """The hash is Django's own until somebody signs out everywhere: an update of the site signs nobody out."""
    from django.contrib.auth.base_user import AbstractBaseUser

    assert ruth.get_session_auth_hash() == AbstractBaseUser._get_session_auth_hash(ruth)
    ruth.session_epoch = 1
    assert ruth.get_session_auth_hash() != AbstractBaseUser._get_session_auth_hash(ruth)


def test_the_browsers_of_a_joined_account_are_signed_out_and_not_the_winners(cast):
    phone = browser(IPHONE)
    account_merge(winner=cast.daniel, loser=cast.ruth, by="test")
    assert not is_in(phone)
    assert not SignedIn.objects.filter(person=cast.daniel).exists()
