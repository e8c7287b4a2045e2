"""The page Late days of a student: the ledger, what was given, and what a later hand-in could reach."""

import csv
import io

import pytest
from django.utils import timezone

from courseplatform.courses.models import Enrolment, Role
from courseplatform.teams.models import Membership
from grading.models import LateEntry
from grading.services.late_days import late_days_count
from grading.services.late_favours import accommodation_give, excuse_give, extension_give, grant_give, owners_in
from tests.grading.late_days.pages import OF_TEAM, handed_in_late, late_days, see
from tests.grading.late_days.test_late_days import due_ago, make_team, with_policy
from tests.people import hand_in, make_lab, make_user, onnx_like

pytestmark = pytest.mark.django_db


def test_the_ledger_shows_each_line_with_its_arithmetic_and_its_balance(client, cast, tmp_path):
    with_policy(cast)
    handed_in_late(cast, tmp_path, hours=30)
    page = late_days(client, cast.ruth)
    assert "1 of 3 left" in page and "3 granted − 2 spent = 1. Nothing has cost you points." in page
    assert "every student gets 3" in page and "2 boundaries passed" in page
    assert '<td class="num days tone-bad">−2' in page and "+3 −2" in page


def test_a_hand_in_that_costs_nothing_has_its_line_too(client, cast, tmp_path):
    with_policy(cast)
    handed_in_late(cast, tmp_path, hours=-5)
    page = late_days(client, cast.ruth)
    assert "3 of 3 left" in page and "On time: 0 late days." in page


def test_the_balance_stands_before_the_count_has_written_a_line(client, cast):
    with_policy(cast)
    assert not LateEntry.objects.exists()
    page = late_days(client, cast.ruth)
    assert "3 of 3 left" in page and "every student gets 3" in page


def test_what_lateness_has_cost_is_said(client, cast, tmp_path):
    with_policy(cast)
    handed_in_late(cast, tmp_path, hours=24 * 4 + 2)  # five late, three in the bank
    assert "Lateness has cost you: Lab 1 at most 80 %." in late_days(client, cast.ruth)


def test_a_refund_is_told_apart_from_a_grant(client, cast, tmp_path):
    with_policy(cast)
    handed_in_late(cast, tmp_path, hours=30)
    visit, ruth = cast.visit(cast.helen), owners_in(cast.course, [cast.ruth])
    grant_give(visit=visit, owners=ruth, days=2, reason="board came late")
    grant_give(visit=visit, owners=ruth, days=1, reason="the site was away", is_refund=True)
    late_days_count(course=cast.course, people={cast.ruth.pk})
    page = late_days(client, cast.ruth)
    assert "4 of 5 left" in page and "5 granted − 2 spent + 1 returned = 4" in page
    assert "board came late" in page and "the site was away" in page


def test_who_has_no_team_reads_that_the_late_days_belong_to_teams(client, cast):
    with_policy(cast, OF_TEAM)
    assert "You are in no team yet" in late_days(client, cast.ruth)


def test_a_team_has_one_ledger_for_all_its_members(client, cast, tmp_path):
    with_policy(cast, OF_TEAM)
    make_team(cast, cast.ruth, cast.daniel)
    cast.lab.is_individual = False
    handed_in_late(cast, tmp_path, hours=30)
    for person in (cast.ruth, cast.daniel):
        page = late_days(client, person)
        assert "Late days of team Magpie" in page and "3 of 5 left" in page
        assert page.count("2 boundaries passed") == 1


def test_of_a_team_mates_own_work_only_what_the_bank_paid_is_shown(client, cast, tmp_path):
    with_policy(cast, OF_TEAM)
    make_team(cast, cast.ruth, cast.daniel)
    late = make_lab(cast.course, "lab2", short="Lab 2")
    due_ago(late, hours=60)
    extension_give(
        visit=cast.visit(cast.helen), assignment=late, owners=owners_in(cast.course, [cast.ruth]), reason="ill", units=1
    )
    due_ago(cast.lab, hours=-9)
    hand_in(cast, cast.ruth, onnx_like(tmp_path))
    hand_in(cast, cast.ruth, onnx_like(tmp_path), lab=late)
    page = late_days(client, cast.daniel)
    assert "2 paid by the team" in page and "3 of 5 left" in page
    assert "extension" not in page.lower() and "On time" not in page


def test_what_was_given_is_listed_without_the_reason(client, cast):
    with_policy(cast)
    visit, ruth = cast.visit(cast.helen), owners_in(cast.course, [cast.ruth])
    extension_give(visit=visit, assignment=cast.lab, owners=ruth, reason="a secret of hers", units=2)
    accommodation_give(visit=visit, person=cast.ruth, extra_days=3, reason="another secret")
    excuse_give(
        visit=visit, assignment=make_lab(cast.course, "lab9", short="Lab 9"), person=cast.ruth, reason="a third secret"
    )
    page = late_days(client, cast.ruth)
    assert "covers 2 late days" in page and "due 3 days later" in page and "never late, never charged" in page
    assert "secret" not in page
    assert "Given to you" not in late_days(client, cast.daniel)


def test_what_if_shows_the_maximum_by_how_late_it_comes(client, cast):
    with_policy(cast)
    page = late_days(client, cast.ruth)
    assert (
        '<th class="num">on time</th><th class="num">1 day</th><th class="num">3 days</th><th class="num">4 days</th>'
        in page
    )
    assert "<b>90 %</b>" in page and "100 - 10 x (4 - 3)" in page and "2 left" in page


def test_a_moment_that_has_passed_is_no_longer_offered(client, cast):
    with_policy(cast)
    due_ago(cast.lab, hours=30)
    page = late_days(client, cast.ruth)
    assert page.count('<span class="second">passed</span>') == 2  # on time, one day


def test_several_banks_have_a_block_each(client, cast):
    banks = [
        {"name": "Labs", "days": 2, "owner": "person", "assignments": ["lab1"]},
        {"name": "Rest", "days": 4, "owner": "person"},
    ]
    with_policy(cast, {"banks": banks, "penalty": {"each": 5}})
    page = late_days(client, cast.ruth)
    assert "2 of 2 left" in page and "4 of 4 left" in page and page.index("Labs</h2>") < page.index("Rest</h2>")


def test_a_course_without_a_policy_says_so_and_has_no_link(client, cast):
    assert "No late policy is stated" in late_days(client, cast.ruth)
    assert 'data-key="l"' not in see(client, cast.ruth, "/courses/odml/")
    with_policy(cast)
    assert 'data-key="l"' in see(client, cast.ruth, "/courses/odml/")
    assert 'href="/courses/odml/late-days/"' not in see(client, cast.helen, "/courses/odml/")  # the staff have balances


def test_the_file_has_the_lines_of_the_page(client, cast, tmp_path):
    with_policy(cast)
    handed_in_late(cast, tmp_path, hours=30)
    client.force_login(cast.ruth)
    text = client.get("/courses/odml/late-days.csv").content.decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [(row["For"], row["Days"], row["Balance"]) for row in rows] == [("Policy", "3", "3"), ("Lab 1", "-2", "1")]


@pytest.mark.parametrize("people", [5, 600])
def test_the_page_asks_as_often_in_a_large_course(client, cast, people, django_assert_max_num_queries):
    with_policy(cast)
    users = [make_user(f"S{n}") for n in range(4)] if people == 5 else _crowd(cast, people)
    Enrolment.objects.bulk_create(Enrolment(course=cast.course, person=user, role=Role.STUDENT) for user in users)
    client.force_login(cast.ruth)
    with django_assert_max_num_queries(13):
        assert client.get("/courses/odml/late-days/").status_code == 200
    with django_assert_max_num_queries(20):
        assert client.get(cast.lab.get_absolute_url()).status_code == 200


def _crowd(cast, people):
    users = type(cast.ruth).objects.bulk_create(
        type(cast.ruth)(email=f"s{n}@example.edu", name=f"S{n}") for n in range(people)
    )
    team = make_team(cast, *users[:3], name="Heron")
    Membership.objects.filter(team=team).update(until_at=timezone.now())
    return users
