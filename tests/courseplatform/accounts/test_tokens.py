"""Access tokens: made, known by their hash alone, and dead when they should be."""

import hashlib
from datetime import date, timedelta

import pytest
from django.core import mail
from django.utils import timezone

from courseplatform.accounts.merging import account_merge, account_merge_preview
from courseplatform.accounts.models import AccessToken
from courseplatform.accounts.tokens import (
    MOST_AN_HOUR,
    MOST_LIVE,
    USED_EVERY,
    token_create,
    token_read,
    token_revoke,
    token_used,
    tokens_of,
    usual_expiry,
)  # fmt: skip
from courseplatform.core.errors import AppError
from courseplatform.core.redaction import without_link_keys
from courseplatform.notices.models.notifications import Notification
from courseplatform.notices.services.mail import mail_due
from tests.courseplatform.accounts.builders import make_token
from tests.people import make_user

pytestmark = pytest.mark.django_db


def code_of(action):
    with pytest.raises(AppError) as found:
        action()
    return found.value.code


def test_only_the_hash_of_the_secret_is_kept(cast):
    token, secret = make_token(cast.ruth)
    assert token.digest == hashlib.sha256(secret.encode()).hexdigest()
    assert secret.startswith("mlp_") and len(secret) == 47 and token.prefix == secret[:8]
    columns = AccessToken.objects.filter(pk=token.pk).values_list()[0]
    assert secret not in str(columns)


def test_two_secrets_differ(cast):
    assert make_token(cast.ruth, name="a")[1] != make_token(cast.ruth, name="b")[1]


def test_the_secret_finds_its_token_and_person(cast):
    token, secret = make_token(cast.ruth)
    found = token_read(secret, timezone.now())
    assert found == token and found.person == cast.ruth


@pytest.mark.parametrize(
    "change",
    [lambda s: "", lambda s: s[:-1], lambda s: s + "x", lambda s: s.upper(), lambda s: s[4:], lambda s: "mlp_" + "é" * 43,
     lambda s: "mlp_\0" + s[5:], lambda s: s + "x" * 10_000, lambda s: hashlib.sha256(s.encode()).hexdigest()],
)  # fmt: skip
def test_what_is_not_the_secret_finds_nothing(cast, change):
    secret = make_token(cast.ruth)[1]
    assert code_of(lambda: token_read(change(secret), timezone.now())) == "bad_token"


def test_a_revoked_token_is_dead(cast):
    token, secret = make_token(cast.ruth)
    token_revoke(person=cast.ruth, token=token.pk)
    assert code_of(lambda: token_read(secret, timezone.now())) == "token_revoked"


def test_revoking_twice_keeps_the_first_time(cast):
    token, _ = make_token(cast.ruth)
    first = token_revoke(person=cast.ruth, token=token.pk).revoked_at
    assert token_revoke(person=cast.ruth, token=token.pk, now=first + timedelta(days=1)).revoked_at == first


def test_nobody_revokes_the_token_of_another(cast):
    token, secret = make_token(cast.ruth)
    assert code_of(lambda: token_revoke(person=cast.helen, token=token.pk)) == "not_found"
    assert token_read(secret, timezone.now()) == token


def test_a_token_is_dead_from_the_instant_on_which_it_expires(cast):
    token, secret = make_token(cast.ruth, days=3)
    assert token_read(secret, token.expires_at - timedelta(seconds=1)) == token
    assert code_of(lambda: token_read(secret, token.expires_at)) == "token_expired"


def test_the_token_of_an_account_that_is_switched_off_is_dead(cast):
    _, secret = make_token(cast.ruth)
    cast.ruth.is_active = False
    cast.ruth.save()
    assert code_of(lambda: token_read(secret, timezone.now())) == "account_inactive"


def test_the_token_of_a_demo_account_lives_as_long_as_the_demo(cast, settings):
    token, secret = make_token(make_user("Demo", is_demo=True))
    assert token_read(secret, timezone.now()) == token
    settings.DEMO = False
    assert code_of(lambda: token_read(secret, timezone.now())) == "account_inactive"


@pytest.mark.parametrize(
    ("changes", "code"),
    [({"scopes": []}, "no_scope"), ({"scopes": ["grade"]}, "unknown_scope"), ({"name": "  "}, "no_name"), ({"days": 0}, "expiry_past"),
     ({"days": -1}, "expiry_past"), ({"days": 367}, "expiry_too_late")],
)  # fmt: skip
def test_a_token_that_makes_no_sense_is_not_made(cast, changes, code):
    assert code_of(lambda: make_token(cast.ruth, **changes)) == code
    assert not AccessToken.objects.exists()


def test_two_live_tokens_of_one_name_would_be_confused(cast):
    token, _ = make_token(cast.ruth)
    assert code_of(lambda: make_token(cast.ruth)) == "name_taken"
    token_revoke(person=cast.ruth, token=token.pk)
    make_token(cast.ruth)
    make_token(cast.daniel)
    assert AccessToken.objects.count() == 3


def test_an_account_has_a_bounded_number_of_live_tokens(cast):
    long_ago = timezone.now() - timedelta(days=1)
    for n in range(MOST_LIVE):
        make_token(cast.ruth, name=f"t{n}", now=long_ago + timedelta(minutes=n * 7))
    assert code_of(lambda: make_token(cast.ruth)) == "too_many_tokens"


def test_making_and_revoking_in_a_circle_is_slowed_down(cast):
    for _ in range(MOST_AN_HOUR):
        token_revoke(person=cast.ruth, token=make_token(cast.ruth)[0].pk)
    assert code_of(lambda: make_token(cast.ruth)) == "tokens_too_fast"


def test_use_is_written_once_a_minute(cast, django_assert_num_queries):
    token, secret = make_token(cast.ruth)
    now = timezone.now()
    token_used(token, now)
    token = token_read(secret, now)
    assert token.last_used_at == now
    with django_assert_num_queries(0):
        token_used(token, now + timedelta(seconds=59))
    token_used(token, now + USED_EVERY)
    token.refresh_from_db()
    assert token.last_used_at == now + USED_EVERY


def test_its_person_is_told_without_the_secret(cast, django_capture_on_commit_callbacks):
    token, secret = make_token(cast.ruth)
    told = Notification.objects.get(person=cast.ruth, kind="account")
    assert token.prefix in told.text and told.path == "/accounts/tokens/"
    mail_due()
    assert [message.to for message in mail.outbox] == [[cast.ruth.email]]
    assert token.prefix in mail.outbox[0].body and secret[9:] not in mail.outbox[0].message().as_string()


def test_tokens_of_a_joined_account_end_and_give_no_way_into_the_other(cast):
    second = make_user("Second")
    _, secret = make_token(second)
    kept, kept_secret = make_token(cast.ruth)
    assert any("1 access token" in line for line in account_merge_preview(winner=cast.ruth, loser=second).decided)
    assert token_read(secret, timezone.now()).person == second
    account_merge(winner=cast.ruth, loser=second, by="test")
    assert code_of(lambda: token_read(secret, timezone.now())) == "token_revoked"
    assert token_read(kept_secret, timezone.now()) == kept


def test_the_list_forgets_what_ended_a_month_ago(cast):
    now = timezone.now()
    old, _ = make_token(cast.ruth, name="old", now=now - timedelta(days=90), days=31)
    fresh, _ = make_token(cast.ruth, name="fresh")
    revoked, _ = make_token(cast.ruth, name="revoked")
    token_revoke(person=cast.ruth, token=revoked.pk, now=now - timedelta(days=2))
    assert set(tokens_of(cast.ruth, now)) == {fresh, revoked}
    assert old not in tokens_of(cast.ruth, now) and not tokens_of(cast.daniel, now)


def test_the_page_offers_a_month_after_the_last_course(cast):
    today = date(2026, 9, 1)
    cast.course.ends_on = date(2026, 12, 11)
    cast.course.save()
    assert usual_expiry(cast.ruth, today) == date(2027, 1, 10)
    assert usual_expiry(cast.oscar, today) == today + timedelta(days=180)
    assert usual_expiry(cast.ruth, date(2026, 12, 20)) == date(2027, 6, 18)  # the course is over


def test_no_offer_is_longer_than_a_token_may_last(cast):
    today = date(2026, 9, 1)
    cast.course.ends_on = date(2030, 1, 1)
    cast.course.save()
    assert usual_expiry(cast.ruth, today) == date(2027, 9, 1)


def test_a_secret_stands_in_no_log_line(cast):
    token, secret = make_token(cast.ruth)
    event = {"request": f"GET /api/v1/me?x={secret}", "exception": f"... 'Bearer {secret}' ...", "shown": token.prefix}
    cleaned = without_link_keys(None, "info", event)
    assert secret[8:] not in str(cleaned)
    assert cleaned["shown"] == token.prefix


def test_scopes_are_kept_in_one_order_and_once(cast):
    token, _ = token_create(
        person=cast.ruth, name="x", scopes=["hand_in", "read", "read"], expires_at=timezone.now() + timedelta(days=1)
    )
    assert token.scopes == ["read", "hand_in"]
