"""Fields of forms: a mistyped year, and a number that no database holds."""

import pytest
from django import forms

from courseplatform.accounts.models import User
from courseplatform.core.form_fields import DayField, ManyChoice


@pytest.mark.parametrize("day", ["0001-01-01", "0202-11-26", "2100-01-01", "9999-12-31"])
def test_a_day_in_another_age_is_asked_again(day):
    with pytest.raises(forms.ValidationError) as found:
        DayField().clean(day)
    assert found.value.code == "odd_year"


def test_a_day_of_our_time_is_taken():
    assert DayField().clean("2026-11-26").isoformat() == "2026-11-26"


@pytest.mark.django_db
@pytest.mark.parametrize("key", ["9" * 30, "9" * 5000, "²", "\0"])
def test_a_number_that_no_row_can_have_is_no_choice(cast, key):
    with pytest.raises(forms.ValidationError):
        ManyChoice(User.objects.all()).clean([str(cast.ruth.pk), key])


@pytest.mark.parametrize(
    ("address", "field"),
    [("papers/manage/rounds/", "due_on"), ("surveys/new/", "opens_on"), ("teams/slots/", "day"),
     ("scribe/assign/", "due_on"), ("schedule/new/", "held_on"), ("teams/feedback/new/", "opens_at")],
)  # fmt: skip
def test_no_form_takes_a_mistyped_year(client, cast, address, field):
    client.force_login(cast.helen)
    session = cast.course.sessions.get()
    value = "0202-11-26T10:00" if field == "opens_at" else "0202-11-26"
    answer = client.post(
        f"/courses/{cast.course.slug}/{address}",
        {field: value, "when": "later", "goes_out_at": "10:00", "session": session.pk},
    )
    assert answer.status_code == 422
    assert "year 202" in answer.content.decode() or "such as 2022-09-29" in answer.content.decode()
