"""The table of everybody's late days and the ledger of one of them, as the staff read them."""

import csv
import io
from datetime import timedelta

import pytest
from django.utils.html import escape

from grading.models import LateVerdict
from grading.services.late_days import late_days_count
from grading.services.late_favours import accommodation_give, extension_give, grant_give, owners_in
from tests.courseplatform.teams.builders import make_students, make_team
from tests.grading.late_days.staff import OF_TEAMS, address, handed_in, in_section, late_cast

pytestmark = pytest.mark.django_db


@pytest.fixture
def cast(data_dir):
    return late_cast()


@pytest.fixture
def staff(client, cast):
    client.force_login(cast.amit)
    return client


def counted(cast):
    people = cast.course.enrolments.filter(role="student").values_list("person", flat=True)
    late_days_count(course=cast.course, people=set(people))


def rows(client, cast, query=""):
    page = client.get(address(cast, f"late-days/balances/?{query}"))
    assert page.status_code == 200
    return {row.name: row for row in page.context["rows"]}


def test_the_table_shows_left_spent_given_and_what_lateness_costs(staff, cast):
    counted(cast)
    handed_in(cast, cast.ruth, ago=-timedelta(hours=70))  # 100 h late: 5 units, 3 of the bank, 2 x 10 %
    visit = cast.visit(cast.helen)
    grant_give(visit=visit, owners=owners_in(cast.course, [cast.daniel]), days=2, reason="ill")
    found = rows(staff, cast)
    ruth, daniel = found["Ruth"], found["Daniel"]
    assert (ruth.left, ruth.held, ruth.spent, ruth.given, ruth.late, ruth.lost) == (0, 3, 3, 0, 1, 2)
    assert (daniel.left, daniel.held, daniel.spent, daniel.given, daniel.late, daniel.lost) == (5, 5, 0, 2, 0, 0)


def test_open_extensions_and_accommodations_stand_beside_the_name(staff, cast):
    visit = cast.visit(cast.helen)
    owners = owners_in(cast.course, [cast.ruth])
    extension_give(visit=visit, assignment=cast.lab, owners=owners, units=1, reason="ill")
    accommodation_give(visit=visit, person=cast.ruth, extra_days=2, reason="private")
    page = staff.get(address(cast, "late-days/balances/")).content.decode()
    assert rows(staff, cast)["Ruth"].marks == ["extension, Lab 1", "everything 2 days later"]
    assert "extension, Lab 1; everything 2 days later" in page
    assert "private" not in page


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("q=ruth", {"Ruth"}),
        ("q=sofia@example", {"Sofia"}),
        ("state=spent", {"Ruth"}),
        ("state=late", {"Ruth"}),
        ("state=lost", {"Ruth"}),
        ("state=marks", set()),
        ("team=magpie", {"Daniel"}),
        ("team=nothing", set()),
        ("state=nonsense", {"Ruth", "Daniel", "Sofia"}),
    ],
)
def test_the_filters_show_who_fits(staff, cast, query, names):
    counted(cast)
    handed_in(cast, cast.ruth, ago=-timedelta(hours=70))
    make_team(cast, "Magpie", cast.daniel)
    assert set(rows(staff, cast, query)) == names


def test_a_section_shows_its_people(staff, cast):
    section = in_section(cast, "Section A", cast.ruth, cast.sofia)
    assert set(rows(staff, cast, f"section={section.pk}")) == {"Ruth", "Sofia"}


def test_the_order_puts_the_fewest_left_first(staff, cast):
    counted(cast)
    handed_in(cast, cast.sofia)
    assert next(iter(rows(staff, cast, "sort=left"))) == "Sofia"
    assert list(rows(staff, cast)) == ["Daniel", "Ruth", "Sofia"]


def test_a_teams_bank_has_a_row_of_its_own_and_stands_beside_its_members(client, data_dir):
    cast = late_cast(OF_TEAMS)
    client.force_login(cast.amit)
    team = make_team(cast, "Magpie", cast.ruth, cast.daniel, since=cast.lab.due_at - timedelta(days=1))
    cast.lab.is_individual = False
    handed_in(cast, cast.ruth, team=team)
    found = rows(client, cast)
    assert [(found[name].left, found[name].held) for name in ("Magpie", "Ruth", "Daniel")] == [(3, 5)] * 3
    assert (found["Sofia"].left, found["Sofia"].amounts) == (0, [])
    assert set(rows(client, cast, "state=teams")) == {"Magpie"}


def test_the_csv_holds_everybody_who_fits(staff, cast):
    counted(cast)
    handed_in(cast, cast.ruth)
    text = staff.get(address(cast, "late-days/balances.csv?q=ruth")).content.decode("utf-8-sig")
    table = list(csv.DictReader(io.StringIO(text)))
    assert [(row["Name"], row["Left"], row["Held"], row["Spent"], row["Late hand-ins"]) for row in table] == [
        ("Ruth", "1", "3", "2", "1")
    ]


@pytest.mark.parametrize("count", [5, 600])
def test_the_table_makes_the_same_queries_for_5_people_and_for_600(staff, cast, count, django_assert_max_num_queries):
    make_students(cast, count)
    counted(cast)
    with django_assert_max_num_queries(20):
        page = staff.get(address(cast, "late-days/balances/"))
    assert page.context["count"] == count + 3
    assert len(page.context["rows"]) == min(count + 3, 100)


def test_a_course_without_a_rule_says_who_writes_it(client, cast):
    cast.course.facts = {}
    cast.course.save()
    client.force_login(cast.helen)
    page = client.get(address(cast, "late-days/balances/")).content.decode()
    assert "This course states no late policy" in page
    assert "late-days/policy/" in page


def test_a_ta_sees_and_does_not_give(staff, cast):
    page = staff.get(address(cast, f"late-days/people/{cast.ruth.pk}/")).content.decode()
    assert "late-days/grant/" not in page
    assert staff.get(address(cast, "late-days/grant/")).status_code == 403


def test_the_ledger_shows_every_line_its_balance_and_the_verdict_with_its_explanation(staff, cast):
    handed_in(cast, cast.ruth)
    page = staff.get(address(cast, f"late-days/people/{cast.ruth.pk}/"))
    assert [(line.label, line.entry.days, line.balance) for line in page.context["lines"]] == [
        ("Policy", 3, 3),
        ("Lab 1", -2, 1),
    ]
    text = page.content.decode()
    sentences = LateVerdict.objects.get().explanation
    assert len(sentences) > 3
    assert all(escape(sentence) in text for sentence in sentences)
    assert "3 by the policy, -2 spent = <b>1 left</b>" in text


def test_the_ledger_shows_favours_with_their_reasons_also_after_they_are_taken_back(client, cast):
    client.force_login(cast.helen)
    rule = accommodation_give(
        visit=cast.visit(cast.helen), person=cast.ruth, extra_days=2, reason="a letter of the dean"
    )
    url = address(cast, f"late-days/people/{cast.ruth.pk}/")
    text = client.get(url).content.decode()
    assert "a letter of the dean" in text
    assert f"accommodations/{rule.pk}/withdraw/" in text
    rule.withdrawn_at, rule.withdrawn_by = rule.made_at, "Ines"
    rule.save()
    text = client.get(url).content.decode()
    assert "by Ines" in text
    assert f"accommodations/{rule.pk}/withdraw/" not in text


def test_a_teams_ledger_shows_the_verdicts_of_its_members(client, data_dir):
    cast = late_cast(OF_TEAMS)
    client.force_login(cast.amit)
    team = make_team(cast, "Magpie", cast.ruth, cast.daniel, since=cast.lab.due_at - timedelta(days=1))
    handed_in(cast, cast.ruth, team=team)
    page = client.get(address(cast, "late-days/teams/magpie/"))
    assert {verdict.person.name for verdict in page.context["verdicts"]} == {"Ruth", "Daniel"}
    assert [line.entry.days for line in page.context["lines"]] == [5, -2]


def test_a_ledger_of_another_course_is_not_there(staff, cast):
    assert staff.get(address(cast, f"late-days/people/{cast.lena.pk}/")).status_code == 404
    assert staff.get(address(cast, "late-days/people/99999999999999999999999/")).status_code == 404


def test_a_ledger_makes_few_queries_however_long_it_is(staff, cast, django_assert_max_num_queries):
    visit, owners = cast.visit(cast.helen), owners_in(cast.course, [cast.ruth])
    for n in range(30):
        grant_give(visit=visit, owners=owners, days=1, reason=f"line {n}")
        extension_give(visit=visit, assignment=cast.lab, owners=owners, units=1, reason="ill")
    with django_assert_max_num_queries(22):
        assert len(staff.get(address(cast, f"late-days/people/{cast.ruth.pk}/")).context["lines"]) >= 30


def test_a_ledger_leaves_the_house_as_a_table(staff, cast):
    handed_in(cast, cast.ruth)
    text = staff.get(address(cast, f"late-days/people/{cast.ruth.pk}/ledger.csv")).content.decode("utf-8-sig")
    table = list(csv.DictReader(io.StringIO(text)))
    assert [(row["For"], row["Days"], row["Balance"]) for row in table] == [("Policy", "3", "3"), ("Lab 1", "-2", "1")]
    make_team(cast, "Magpie", cast.ruth)
    assert staff.get(address(cast, "late-days/teams/magpie/ledger.csv")).status_code == 200
