"""The preview says what is about to be given, to whom and why, before it says whose cost changes."""

import pytest

from grading.models.late_days import Accommodation, Extension
from tests.courseplatform.teams.builders import make_team
from tests.grading.late_days.staff import OF_TEAMS, address, late_cast, preview, state

pytestmark = pytest.mark.django_db


@pytest.fixture
def cast(data_dir):
    return late_cast()


def said(client, cast, kind, values):
    client.force_login(cast.helen)
    page, digest = preview(client, address(cast, f"late-days/{kind}/"), values)
    assert page.status_code == 200 and digest
    sentence = page.context["preview"]["said"]
    assert f"{sentence} They are told." in page.content.decode()
    return sentence


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        ({"days": 2}, "Ruth gets 2 late days more: their board came late."),
        ({"days": 1, "since": "2026-10-04"},
         "Ruth gets 1 late day more, for work due on or after Oct 4, 2026: their board came late."),
        ({"days": -1}, "Ruth loses 1 late day: their board came late."),
        ({"days": 2, "is_refund": "on"}, "Ruth gets 2 late days back for a fault of ours: their board came late."),
    ],
)  # fmt: skip
def test_late_days_for_one(client, cast, more, sentence):
    values = {"people": [cast.ruth.pk], "reason": "their board came late"} | more
    assert said(client, cast, "grant", values) == sentence


def test_late_days_for_a_team_and_for_several(client, cast):
    everybody = {"everybody": "on", "days": 2, "reason": "Snow."}
    assert said(client, cast, "grant", everybody) == "Daniel, Ruth and Sofia each get 2 late days more: Snow."
    state(cast, OF_TEAMS)
    team = make_team(cast, "Heron", cast.ruth)
    values = {"teams": [team.pk], "days": 2, "reason": "their board came late"}
    assert said(client, cast, "grant", values) == "Heron gets 2 late days more: their board came late."


def test_one_of_several_banks_is_named(client, cast):
    banks = [
        {"name": "labs", "days": 2, "owner": "person", "assignments": ["lab1"]},
        {"name": "rest", "days": 1, "owner": "person"},
    ]
    state(cast, {"banks": banks, "unit": {"kind": "hours", "hours": 12}})
    values = {"people": [cast.ruth.pk], "days": 2, "reason": "ill", "bank": "rest"}
    assert said(client, cast, "grant", values) == "Ruth gets 2 units of 12 h more in the bank rest: ill."


def test_an_extension_by_late_days_and_by_a_time(client, cast):
    values = {"people": [cast.ruth.pk, cast.daniel.pk], "assignment": cast.lab.pk, "reason": "ill"}
    by_days = values | {"units": 2, "keeps_penalty": "on"}
    assert said(client, cast, "extension", by_days) == (
        "Daniel and Ruth each get 2 late days of Lab 1 that cost nothing and stay penalised: ill."
    )
    by_time = {"until_day": "2027-03-06", "until_clock": "12:00"}
    assert (
        said(client, cast, "extension", values | by_time)
        == "Lab 1 is due Sat Mar 6, 12:00 EST for Daniel and Ruth: ill."
    )
    assert not Extension.objects.exists()


def test_an_accommodation_and_an_excuse(client, cast):
    whom = {"person": cast.ruth.pk, "reason": "a letter of the dean"}
    days = whom | {"extra_days": 3, "kinds": ["lab"]}
    assert (
        said(client, cast, "accommodation", days)
        == "Everything (lab) is due 3 days later for Ruth: a letter of the dean."
    )
    excuse = whom | {"assignment": cast.lab.pk}
    assert said(client, cast, "excuse", excuse) == "Ruth is excused from Lab 1: a letter of the dean."
    assert not Accommodation.objects.exists()
