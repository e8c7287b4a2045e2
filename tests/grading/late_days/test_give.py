"""What instructors give, in two steps: whose cost changes, then the same values applied; and taking each of them back."""

from datetime import timedelta

import pytest
from django.utils import timezone

from courseplatform.notices.models.notifications import Notification
from grading.models import Accommodation, Excuse, Extension, LateEntry, LateVerdict
from grading.selectors.late_giving import MOST_NAMES
from grading.services.late_favours import accommodation_give, excuse_give, extension_give, owners_in
from tests.courseplatform.teams.builders import make_students, make_team
from tests.grading.late_days.staff import (
    OF_TEAMS,
    address,
    apply,
    handed_in,
    in_section,
    late_cast,
    late_favours_of,
    preview,
    state,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def cast(data_dir):
    return late_cast()


@pytest.fixture
def helen(client, cast):
    client.force_login(cast.helen)
    return client


def spent_all(cast, person):
    """A hand-in that costs 20 %: 5 units late, 3 in the bank."""
    return handed_in(cast, person, ago=-timedelta(hours=70))


def granting(*people, **more):
    return {"people": [person.pk for person in people], "days": 1, "reason": "ill"} | more


def changes(page):
    return [
        (change.person.name, change.words_before, change.words_after) for change, _ in page.context["preview"]["rows"]
    ]


def test_the_preview_says_whose_cost_changes_and_writes_nothing(helen, cast):
    spent_all(cast, cast.ruth)
    page, digest = preview(helen, address(cast, "late-days/grant/"), granting(cast.ruth, cast.daniel))
    assert changes(page) == [("Ruth", "3 of the bank, at most 80 %", "4 of the bank, at most 90 %")]
    assert digest
    assert not LateEntry.objects.filter(kind="grant").exists()
    assert not Notification.objects.exists()


def test_applying_what_was_seen_gives_it_and_tells_them(helen, cast):
    spent_all(cast, cast.ruth)
    url, values = address(cast, "late-days/grant/"), granting(cast.ruth, days=2)
    _, digest = preview(helen, url, values)
    answer = apply(helen, url, values, digest)
    assert answer.status_code == 302
    grant = LateEntry.objects.get(kind="grant")
    assert (grant.person, grant.days, grant.reason, grant.actor) == (cast.ruth, 2, "ill", "Helen")
    assert LateVerdict.objects.get(person=cast.ruth).max_percent == 100
    assert Notification.objects.filter(person=cast.ruth, kind="late_days").count() == 1


@pytest.mark.parametrize("more", [{"days": 2}, {"reason": "another"}, {"everybody": "on"}])
def test_other_values_than_those_that_were_seen_are_shown_again(helen, cast, more):
    url, values = address(cast, "late-days/grant/"), granting(cast.ruth)
    _, digest = preview(helen, url, values)
    answer = apply(helen, url, values | more, digest)
    assert answer.status_code == 409
    assert answer.context["preview"]["is_other"]
    assert not LateEntry.objects.filter(kind="grant").exists()


def test_facts_that_changed_meanwhile_are_shown_again(helen, cast):
    url, values = address(cast, "late-days/grant/"), granting(cast.ruth)
    _, digest = preview(helen, url, values)
    spent_all(cast, cast.ruth)
    assert apply(helen, url, values, digest).status_code == 409
    assert not LateEntry.objects.filter(kind="grant").exists()


def test_a_second_click_gives_nothing_twice(helen, cast):
    url, values = address(cast, "late-days/grant/"), granting(cast.ruth)
    _, digest = preview(helen, url, values)
    assert apply(helen, url, values, digest).status_code == 302
    assert apply(helen, url, values, digest).status_code == 409
    assert LateEntry.objects.filter(kind="grant").count() == 1


def test_applying_without_a_preview_shows_one(helen, cast):
    answer = apply(helen, address(cast, "late-days/grant/"), granting(cast.ruth), "")
    assert answer.status_code == 200
    assert answer.context["preview"]["digest"]
    assert not LateEntry.objects.filter(kind="grant").exists()


def test_a_hand_in_of_somebody_else_does_not_spoil_a_preview(helen, cast):
    url, values = address(cast, "late-days/grant/"), granting(cast.ruth)
    _, digest = preview(helen, url, values)
    handed_in(cast, cast.daniel)
    assert apply(helen, url, values, digest).status_code == 302


def test_a_section_and_everybody_are_given_together(helen, cast):
    section = in_section(cast, "A", cast.ruth, cast.sofia)
    url = address(cast, "late-days/grant/")
    values = {"sections": [section.pk], "days": 1, "reason": "rain"}
    _, digest = preview(helen, url, values)
    apply(helen, url, values, digest)
    assert set(LateEntry.objects.filter(kind="grant").values_list("person__name", flat=True)) == {"Ruth", "Sofia"}
    values = {"everybody": "on", "days": 1, "reason": "snow"}
    _, digest = preview(helen, url, values)
    apply(helen, url, values, digest)
    lines = LateEntry.objects.filter(reason="snow")
    assert lines.count() == 3
    assert len(set(lines.values_list("batch", flat=True))) == 1


def test_everybody_means_the_teams_where_the_bank_is_theirs(helen, cast):
    state(cast, OF_TEAMS)
    team = make_team(cast, "Magpie", cast.ruth)
    url, values = address(cast, "late-days/grant/"), {"everybody": "on", "days": 1, "reason": "snow"}
    _, digest = preview(helen, url, values)
    assert apply(helen, url, values, digest).status_code == 302
    assert list(LateEntry.objects.filter(kind="grant").values_list("team", flat=True)) == [team.pk]


def chosen_in(page):
    form = page.context["form"]
    return {name: form[name].value() or [] for name in ("people", "teams")}


def test_the_ledger_of_a_person_offers_to_give_to_the_team_where_the_bank_is_the_teams(helen, cast):
    team, url = make_team(cast, "Magpie", cast.ruth), address(cast, "late-days/grant/")
    assert chosen_in(helen.get(f"{url}?person={cast.ruth.pk}")) == {"people": [cast.ruth.pk], "teams": []}
    assert chosen_in(helen.get(f"{url}?team={team.pk}")) == {"people": [cast.ruth.pk], "teams": []}
    state(cast, OF_TEAMS)
    assert chosen_in(helen.get(f"{url}?person={cast.ruth.pk}")) == {"people": [], "teams": [team.pk]}
    assert chosen_in(helen.get(f"{url}?team={team.pk}")) == {"people": [], "teams": [team.pk]}
    assert chosen_in(helen.get(f"{url}?person={cast.daniel.pk}")) == {"people": [], "teams": []}


def test_a_correction_is_a_negative_number_and_a_refund_says_so(helen, cast):
    url = address(cast, "late-days/grant/")
    for values in (granting(cast.ruth, days=-1), granting(cast.ruth, days=1, is_refund="on", since="2026-01-01")):
        _, digest = preview(helen, url, values)
        apply(helen, url, values, digest)
    lines = LateEntry.objects.filter(person=cast.ruth, assignment=None).exclude(kind="policy")
    assert [(line.kind, line.days, str(line.since or "")) for line in lines] == [
        ("grant", -1, ""),
        ("refund", 1, "2026-01-01"),
    ]


def test_one_of_several_banks_is_named(helen, cast):
    banks = [
        {"name": "labs", "days": 2, "owner": "person", "assignments": ["lab1"]},
        {"name": "rest", "days": 1, "owner": "person"},
    ]
    state(cast, {"banks": banks, "unit": {"kind": "hours"}})
    url, values = address(cast, "late-days/grant/"), granting(cast.ruth, bank="rest")
    _, digest = preview(helen, url, values)
    apply(helen, url, values, digest)
    assert LateEntry.objects.get(kind="grant").bank == "rest"


@pytest.mark.parametrize(
    ("values", "field", "code"),
    [
        ({"reason": ""}, "reason", "reason_missing"),
        ({"days": 0}, "days", "days_out_of_range"),
        ({"days": 101}, "days", "days_out_of_range"),
        ({"days": "many"}, "days", "invalid"),
        ({"people": []}, "people", "nobody"),
        ({"since": "0202-01-01"}, "since", "odd_year"),
        ({"people": ["99999999999999999999999"]}, "people", "invalid_pk_value"),
    ],
)
def test_a_refusal_stands_beside_its_field_with_its_code(helen, cast, values, field, code):
    page, digest = preview(helen, address(cast, "late-days/grant/"), granting(cast.ruth) | values)
    assert page.status_code == 422
    assert not digest
    assert [error.code for error in page.context["form"].errors[field].data] == [code]
    assert code in page.content.decode()


def test_somebody_of_another_course_cannot_be_chosen(helen, cast):
    page, _ = preview(helen, address(cast, "late-days/grant/"), granting(cast.lena))
    assert page.status_code == 422
    assert "people" in page.context["form"].errors


def test_without_a_policy_there_is_no_bank_to_give_to(helen, cast):
    cast.course.facts = {}
    cast.course.save()
    page, _ = preview(helen, address(cast, "late-days/grant/"), granting(cast.ruth))
    assert page.status_code == 409
    assert "no_late_policy" in page.content.decode()


def extending(cast, *people, **more):
    return {"assignment": cast.lab.pk, "people": [person.pk for person in people], "reason": "ill"} | more


def test_an_extension_until_a_wall_time_takes_the_cost_away(helen, cast):
    spent_all(cast, cast.ruth)
    day = timezone.localdate(timezone.now() + timedelta(days=10), cast.course.tz)
    url, values = (
        address(cast, "late-days/extension/"),
        extending(cast, cast.ruth, until_day=str(day), until_clock="12:00"),
    )
    page, digest = preview(helen, url, values)
    assert changes(page) == [("Ruth", "3 of the bank, at most 80 %", "at most 100 %")]
    assert apply(helen, url, values, digest).status_code == 302
    assert Extension.objects.get().until_wall == f"{day} 12:00"
    assert LateVerdict.objects.get(person=cast.ruth).max_percent == 100


def test_an_extension_by_units_may_keep_its_penalty(helen, cast):
    url, values = address(cast, "late-days/extension/"), extending(cast, cast.ruth, units=2, keeps_penalty="on")
    _, digest = preview(helen, url, values)
    apply(helen, url, values, digest)
    row = Extension.objects.get()
    assert (row.units, row.keeps_penalty, row.until_at) == (2, True, None)


def test_a_team_gets_an_extension_whole(helen, cast):
    team = make_team(cast, "Magpie", cast.ruth, cast.daniel)
    url, values = address(cast, "late-days/extension/"), extending(cast, units=1, teams=[team.pk])
    _, digest = preview(helen, url, values)
    apply(helen, url, values, digest)
    assert Extension.objects.get().team == team
    assert set(Notification.objects.values_list("person__name", flat=True)) == {"Ruth", "Daniel"}


@pytest.mark.parametrize(
    ("values", "field", "code"),
    [
        ({}, "until_day", "until_or_units"),
        ({"units": 1, "until_day": "2999-01-01"}, "until_day", "until_or_units"),
        ({"until_day": "2020-01-01"}, "until_day", "until_too_early"),
        ({"until_day": "2027-03-14", "until_clock": "02:30"}, "until_day", "no_such_time"),
        ({"assignment": "0"}, "assignment", "invalid_choice"),
    ],
)
def test_an_extension_that_says_nothing_is_refused_beside_its_field(helen, cast, values, field, code):
    page, _ = preview(helen, address(cast, "late-days/extension/"), extending(cast, cast.ruth) | values)
    assert page.status_code == 422
    assert [error.code for error in page.context["form"].errors[field].data] == [code]


def test_an_accommodation_holds_for_the_kinds_that_are_ticked_and_keeps_its_reason(helen, cast):
    spent_all(cast, cast.ruth)
    url = address(cast, "late-days/accommodation/")
    values = {"person": cast.ruth.pk, "extra_days": 2, "kinds": ["lab"], "reason": "a letter"}
    page, digest = preview(helen, url, values)
    assert changes(page) == [("Ruth", "3 of the bank, at most 80 %", "3 of the bank, at most 100 %")]
    assert apply(helen, url, values, digest).status_code == 302
    assert (Accommodation.objects.get().extra_days, Accommodation.objects.get().kinds) == (2, ["lab"])
    told = Notification.objects.get(person=cast.ruth)
    assert "letter" not in told.title + told.text


def test_an_excuse_is_given_once(helen, cast):
    spent_all(cast, cast.ruth)
    url = address(cast, "late-days/excuse/")
    values = {"person": cast.ruth.pk, "assignment": cast.lab.pk, "reason": "ill"}
    page, digest = preview(helen, url, values)
    assert changes(page) == [("Ruth", "3 of the bank, at most 80 %", "at most 100 %")]
    assert apply(helen, url, values, digest).status_code == 302
    page, _ = preview(helen, url, values)
    assert page.status_code == 409
    assert "excused_already" in page.content.decode()
    assert Excuse.objects.count() == 1


def given(cast, kind):
    visit, owners = cast.visit(cast.helen), owners_in(cast.course, [cast.ruth])
    if kind == "extensions":
        extension_give(visit=visit, assignment=cast.lab, owners=owners, units=5, reason="ill")
        return Extension.objects.get()
    if kind == "accommodations":
        return accommodation_give(visit=visit, person=cast.ruth, extra_days=9, reason="ill")
    return excuse_give(visit=visit, assignment=cast.lab, person=cast.ruth, reason="ill")


@pytest.mark.parametrize("kind", ["extensions", "accommodations", "excuses"])
def test_each_favour_is_taken_back_after_the_cost_was_seen(helen, cast, kind):
    row = given(cast, kind)
    spent_all(cast, cast.ruth)
    url = address(cast, f"late-days/{kind}/{row.pk}/withdraw/")
    page, digest = preview(helen, url, {})
    assert changes(page) == [("Ruth", "at most 100 %", "3 of the bank, at most 80 %")]
    answer = apply(helen, url, {}, digest)
    assert answer.status_code == 302
    row.refresh_from_db()
    assert (row.withdrawn_by, row.withdrawn_at is not None) == ("Helen", True)
    assert LateVerdict.objects.get(person=cast.ruth).max_percent == 80
    page, _ = preview(helen, url, {})
    assert page.status_code == 409
    assert "withdrawn_already" in page.content.decode()


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("extensions", "The extension of {lab} no longer holds: 1 late day"),
        ("accommodations", "The accommodation no longer holds: 1 day more"),
        ("excuses", "You are no longer excused from {lab}"),
    ],
)
def test_whoever_loses_a_favour_reads_which_one(helen, cast, kind, said):
    row = late_favours_of(cast)[f"<int:{kind[:-1]}>"]
    url = address(cast, f"late-days/{kind}/{row}/withdraw/")
    _, digest = preview(helen, url, {})
    apply(helen, url, {}, digest)
    news = Notification.objects.filter(person=cast.ruth, kind="late_days").order_by("pk").last()
    assert news.title == said.format(lab=cast.lab.short)


def test_a_favour_of_another_course_is_not_there(helen, cast):
    row = given(cast, "excuses")
    cast.lab.course = cast.other_course
    cast.lab.save()
    assert helen.get(address(cast, f"late-days/excuses/{row.pk}/withdraw/")).status_code == 404


@pytest.mark.parametrize("count", [5, 300])
def test_the_preview_for_everybody_makes_few_queries(helen, cast, count, django_assert_max_num_queries):
    make_students(cast, count)
    values = {"everybody": "on", "days": 1, "reason": "snow"}
    helen.get(address(cast, "late-days/grant/"))
    with django_assert_max_num_queries(60):
        page, digest = preview(helen, address(cast, "late-days/grant/"), values)
    assert digest
    more = count + 3 - MOST_NAMES
    assert (f" and {more} more each get" in page.context["preview"]["said"]) is (more > 0)


def test_the_form_is_filled_in_for_the_person_one_came_from(helen, cast):
    page = helen.get(address(cast, f"late-days/grant/?person={cast.ruth.pk}")).content.decode()
    assert f'<option value="{cast.ruth.pk}" selected>Ruth</option>' in page
