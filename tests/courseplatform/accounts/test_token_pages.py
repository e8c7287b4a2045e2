"""The page of tokens: the secret once, and only in a browser's session."""

import re
from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session
from django.utils import timezone

from courseplatform.accounts.models import AccessToken
from tests.courseplatform.accounts.builders import bearer, make_token

pytestmark = pytest.mark.django_db
PAGE = "/accounts/tokens/"


def form(**changes):
    day = timezone.localdate() + timedelta(days=30)
    return {"name": "laptop", "scopes": ["read", "hand_in"], "expires_on": day.isoformat()} | changes


@pytest.fixture
def ruth(client, cast):
    client.force_login(cast.ruth)
    return client


def secret_in(page):
    return re.findall(r"mlp_[\w-]{43}", page.content.decode())


def test_the_secret_is_shown_once(ruth, cast):
    made = ruth.post(PAGE, form())
    assert made.status_code == 201 and len(secret_in(made)) == 1
    assert made["Cache-Control"] == "private, no-store"
    again = ruth.get(PAGE)
    assert secret_in(again) == [] and cast.ruth.access_tokens.get().prefix in again.content.decode()


def test_the_secret_stays_in_no_session(ruth, cast):
    secret = secret_in(ruth.post(PAGE, form()))[0]
    assert all(secret not in str(session.get_decoded()) for session in Session.objects.all())


def test_the_form_sent_twice_makes_one(ruth, cast):
    ruth.post(PAGE, form())
    again = ruth.post(PAGE, form())
    assert again.status_code == 409 and secret_in(again) == []
    assert cast.ruth.access_tokens.count() == 1


@pytest.mark.parametrize(
    "changes",
    [{"name": ""}, {"scopes": []}, {"scopes": ["grade"]}, {"expires_on": "soon"}, {"expires_on": "0202-01-01"}, {"name": "a\0b"},
     {"name": "\u200b"}, {"expires_on": "2020-01-01"}, {"expires_on": "2099-01-01"}],
)  # fmt: skip
def test_a_form_that_makes_no_sense_is_asked_for_again(ruth, cast, changes):
    page = ruth.post(PAGE, form(**changes))
    assert page.status_code == 422 and 'class="error"' in page.content.decode()
    assert not AccessToken.objects.exists()


def test_the_form_works_to_the_end_of_the_day_where_the_person_lives(ruth, cast):
    cast.ruth.zone = "Asia/Tokyo"
    cast.ruth.save()
    day = timezone.localdate() + timedelta(days=30)
    ruth.post(PAGE, form(expires_on=day.isoformat()))
    assert cast.ruth.access_tokens.get().expires_at.isoformat() == f"{day}T14:59:59+00:00"


def test_the_last_day_that_the_form_offers_is_taken(ruth, cast):
    last = re.search(r'max="([\d-]+)"', ruth.get(PAGE).content.decode())[1]
    assert ruth.post(PAGE, form(expires_on=last)).status_code == 201


def test_what_was_typed_stays_when_something_is_wrong(ruth):
    page = ruth.post(PAGE, form(name="my script", scopes=["hand_in"], expires_on="2020-01-01")).content.decode()
    ticked = re.findall(r'id="scope-(\w+)"[^>]* checked', page)
    assert 'value="my script"' in page and ticked == ["hand_in"] and 'value="2020-01-01"' in page


def test_revoking_ends_it(ruth, cast):
    token, _ = make_token(cast.ruth)
    page = ruth.post(f"{PAGE}{token.pk}/revoke/", follow=True)
    token.refresh_from_db()
    assert token.revoked_at is not None and "opens nothing any more" in page.content.decode()


def test_the_token_of_another_is_not_there(ruth, cast):
    token, _ = make_token(cast.daniel)
    assert token.prefix not in ruth.get(PAGE).content.decode()
    assert ruth.post(f"{PAGE}{token.pk}/revoke/").status_code == 404
    token.refresh_from_db()
    assert token.revoked_at is None


def test_a_token_number_that_no_row_can_have_is_not_there(ruth):
    assert ruth.post(f"{PAGE}{'9' * 30}/revoke/").status_code == 404


@pytest.mark.parametrize(
    "address", [PAGE, "/accounts/profile/", "/accounts/password/change/", "/notifications/", "/courses/odml/"]
)
def test_a_token_opens_no_page(client, cast, address):
    answer = client.get(address, **bearer(make_token(cast.ruth)[1]))
    assert answer.status_code == 302 and "/login/" in answer["Location"]


def test_a_token_makes_no_tokens(client, cast):
    client.post(PAGE, form(), **bearer(make_token(cast.ruth)[1]))
    assert cast.ruth.access_tokens.get().name == "laptop"
    assert AccessToken.objects.count() == 1


def test_the_list_makes_the_same_queries_for_one_and_for_many(ruth, cast, django_assert_max_num_queries):
    long_ago = timezone.now() - timedelta(days=1)
    for n in range(20):
        make_token(cast.ruth, name=f"t{n}", now=long_ago + timedelta(minutes=7 * n))
    with django_assert_max_num_queries(6):
        assert ruth.get(PAGE).content.decode().count("Revoke t") == 20 * 1
