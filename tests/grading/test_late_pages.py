"""Late days as a student sees them: the ledger, the lab page before handing in, the receipt, and everything that names a due time."""

import csv
import io
import re
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from django.utils import timezone

from courseplatform.courses.models import Enrolment, Role
from courseplatform.teams.models import Membership
from grading.late_facts import dates_of
from grading.late_file.policy import policy_of
from grading.models import LateEntry, LateVerdict, Submission
from grading.models.late_days import LateRequest
from grading.models.owners import Owner
from grading.receipts import verify
from grading.selectors import late_panel
from grading.selectors.calendar import due_dates
from grading.selectors.late_words import policy_line, steps_of
from grading.services.late_days import late_days_count
from grading.services.late_favours import accommodation_give, excuse_give, extension_give, grant_give, owners_in
from tests.grading.test_late_days import PERSONAL, balance, due_ago, make_team, with_policy
from tests.people import hand_in, make_lab, make_user, onnx_like

pytestmark = pytest.mark.django_db
OF_TEAM = {"bank": {"days": 5, "owner": "team"}, "unit": {"kind": "hours"}, "penalty": {"each": 2}}
MIDNIGHT = {"bank": {"days": 3, "owner": "person"}, "penalty": {"each": 2}}
STRICT = {"bank": {"days": 1, "owner": "person"}, "unit": {"kind": "hours"}, "over": {"rule": "refuse"}}


def see(client, person, address):
    client.force_login(person)
    answer = client.get(address)
    assert answer.status_code == 200
    return re.sub(r"[ \n]+", " ", answer.content.decode())  # the spaces that numbers keep stay


def late_days(client, person):
    return see(client, person, "/courses/odml/late-days/")


def lab_page(client, person, lab):
    return see(client, person, lab.get_absolute_url())


def handed_in_late(cast, tmp_path, **ago):
    """Ruth hands in so long after the due time, and the count has run (a test without commits does not wake it)."""
    due_ago(cast.lab, **ago)
    submission = hand_in(cast, cast.ruth, onnx_like(tmp_path))
    late_days_count(course=cast.course, people={cast.ruth.pk})
    return submission


# -- the ledger ---------------------------------------------------------------------------------------------------------


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
    with django_assert_max_num_queries(22):
        assert client.get("/courses/odml/late-days/").status_code == 200
    with django_assert_max_num_queries(28):
        assert client.get(cast.lab.get_absolute_url()).status_code == 200


def _crowd(cast, people):
    users = type(cast.ruth).objects.bulk_create(
        type(cast.ruth)(email=f"s{n}@example.edu", name=f"S{n}") for n in range(people)
    )
    team = make_team(cast, *users[:3], name="Heron")
    Membership.objects.filter(team=team).update(until_at=timezone.now())
    return users


# -- the lab page -------------------------------------------------------------------------------------------------------


def test_the_lab_page_counts_to_the_moment_when_a_late_day_is_due(client, cast):
    with_policy(cast)
    page = lab_page(client, cast.ruth, cast.lab)
    assert (
        "left without a late day" in page
        and "You have <b>3 of 3</b> late days." in page
        and "it costs 1 of them." in page
    )
    assert (
        "After 7 late days: 7 - 3 = 4 uncovered: the bank pays 3. Penalty for 4 late days: 10 x 4 = 40 % off the maximum. Maximum: 100 - 40 = 60 %."
        in page
    )


def test_the_lab_page_says_what_handing_in_costs_now(client, cast):
    with_policy(cast)
    due_ago(cast.lab, hours=1)
    page = lab_page(client, cast.ruth, cast.lab)
    assert "until it costs more" in page and "Handing in now costs 1 of your 3 remaining late days." in page
    due_ago(cast.lab, hours=24 * 3 + 2)
    assert "Handing in now costs 3 of your 3 remaining late days, and at most 90 % can be reached." in lab_page(
        client, cast.ruth, cast.lab
    )


def test_where_the_policy_takes_nothing_more_one_can_still_hand_in(client, cast):
    with_policy(cast, STRICT)
    due_ago(cast.lab, hours=40)
    page = lab_page(client, cast.ruth, cast.lab)
    assert "Too late for the late policy" in page and "the staff can still extend yours" in page
    assert 'name="model"' in page


def test_long_after_the_due_time_only_the_present_moment_stands_in_the_table(client, cast):
    with_policy(cast)
    due_ago(cast.lab, days=40)
    page = lab_page(client, cast.ruth, cast.lab)
    table = page[page.index('class="late-table') : page.index("</table>", page.index('class="late-table'))]
    assert table.count("<tr") == 2 and table.count('<tr class="chosen">') == 1


def test_what_the_standing_attempt_has_used_would_come_back(client, cast, tmp_path):
    with_policy(cast)
    handed_in_late(cast, tmp_path, hours=30)
    page = lab_page(client, cast.ruth, cast.lab)
    assert "Handed in, 2 late days" in page and "You have <b>1 of 3</b> late days." in page
    assert "The attempt that counts now has used 2; another one would take its place." in page


def test_team_work_names_the_team_and_its_members(client, cast):
    with_policy(cast, OF_TEAM)
    cast.lab.is_individual = False
    cast.lab.save()
    make_team(cast, cast.ruth, cast.daniel)
    page = lab_page(client, cast.ruth, cast.lab)
    assert "Team Magpie: Ruth, Daniel" in page and "Your team has <b>5 of 5</b> late days." in page


def test_an_extension_moves_the_heading_and_is_said_to_its_owner_alone(client, cast):
    with_policy(cast)
    due_ago(cast.lab, hours=5)
    local = (cast.lab.due_at + timedelta(days=2)).astimezone(cast.course.tz)
    extension_give(
        visit=cast.visit(cast.helen),
        assignment=cast.lab,
        owners=owners_in(cast.course, [cast.ruth]),
        reason="ill",
        until=f"{local:%Y-%m-%d %H:%M}",
    )
    page = lab_page(client, cast.ruth, cast.lab)
    assert (
        f"Extended for you until {local:%a %b} {local.day}, {local:%H:%M %Z}." in page
        and "left without a late day" in page
    )
    assert "Extended for you" not in lab_page(client, cast.daniel, cast.lab)


def test_the_last_minute_before_midnight_is_still_free(cast):
    with_policy(cast, MIDNIGHT)
    cast.lab.due_at = datetime(2026, 11, 4, 4, 59, tzinfo=UTC)  # 23:59 in New York
    cast.lab.save()
    now = cast.lab.due_at + timedelta(seconds=30)
    table = late_panel.table_for(cast.visit(cast.ruth), cast.lab, Owner(cast.ruth), now)
    assert table.now.days_late == 0 and table.rows[0].is_now
    assert table.changes_at() == cast.lab.due_at + timedelta(minutes=1)
    after = late_panel.table_for(cast.visit(cast.ruth), cast.lab, Owner(cast.ruth), now + timedelta(seconds=30))
    assert after.now.days_late == 1 and after.rows[1].is_now


@pytest.mark.parametrize(
    ("due", "said"),
    [("2026-10-30", "Sun Nov 1 has 25 hours (clocks go back in New York) and is one day."),
     ("2026-03-06", "Sun Mar 8 has 23 hours (clocks go forward in New York) and is one day.")],
)  # fmt: skip
def test_a_day_of_another_length_is_named(cast, due, said):
    with_policy(cast, MIDNIGHT)
    cast.lab.set_dates(due=f"{due} 23:59")
    cast.lab.save()
    now = cast.lab.due_at - timedelta(hours=1)
    table = late_panel.table_for(cast.visit(cast.ruth), cast.lab, Owner(cast.ruth), now)
    assert said in late_panel.panel(table, cast.lab, Owner(cast.ruth), now)["notes"]


def test_the_staff_read_the_rule_alone(client, cast):
    with_policy(cast)
    page = lab_page(client, cast.helen, cast.lab)
    assert "5 late days" in page and "Days late" not in page


# -- asking -------------------------------------------------------------------------------------------------------------


def ask(client, cast, units, key=None):
    client.force_login(cast.ruth)
    return client.post(f"{cast.lab.get_absolute_url()}late-days/", {"units": units, "request_key": key or str(uuid4())})


def test_where_days_are_spent_only_when_asked_for_the_page_has_a_form(client, cast):
    assert "Ask for late days" not in lab_page(client, cast.ruth, cast.lab)
    with_policy(cast, spend="asked")
    assert "Ask for late days" in lab_page(client, cast.ruth, cast.lab)


def test_the_same_request_sent_twice_is_one(client, cast):
    with_policy(cast, spend="asked")
    key = str(uuid4())
    assert ask(client, cast, "2", key).status_code == ask(client, cast, "2", key).status_code == 302
    assert [row.units for row in LateRequest.objects.all()] == [2]
    assert "Asked for so far: 2 late days." in lab_page(client, cast.ruth, cast.lab)


@pytest.mark.parametrize("units", ["", "0", "-1", "1.5", "many", "99999"])
def test_what_is_no_number_of_days_is_refused_on_the_page(client, cast, units):
    with_policy(cast, spend="asked")
    answer = ask(client, cast, units)
    assert answer.status_code == 422 and "days_out_of_range" in answer.content.decode()
    assert not LateRequest.objects.exists()


def test_nothing_is_asked_for_where_days_are_spent_by_themselves(client, cast):
    with_policy(cast)
    assert ask(client, cast, "1").status_code == 409


# -- the receipt --------------------------------------------------------------------------------------------------------


def test_the_receipt_gives_the_verdict_line_by_line_and_the_signed_block(client, cast, tmp_path):
    with_policy(cast)
    submission = handed_in_late(cast, tmp_path, hours=30)
    page = see(client, cast.ruth, submission.get_absolute_url())
    assert "It is here, 2 late days" in page and "It costs 2 late days." in page
    for step in steps_of(LateVerdict.objects.get()):
        assert f"<li>{step}</li>" in page
    block = page[page.index("-----BEGIN RECEIPT-----") : page.index("</textarea>")]
    assert verify(block)["receipt"] == submission.receipt
    assert "If you hand in again" in page


def test_a_teams_receipt_says_who_handed_in_for_whom(client, cast, tmp_path):
    with_policy(cast, OF_TEAM)
    make_team(cast, cast.ruth, cast.daniel)
    cast.lab.is_individual = False
    submission = handed_in_late(cast, tmp_path, hours=30)
    page = see(client, cast.daniel, submission.get_absolute_url())
    assert "handed in by Ruth for team Magpie, attempt 1" in page and "It costs 2 late days of team Magpie." in page


def test_who_has_left_the_team_still_reads_its_receipt(client, cast, tmp_path):
    with_policy(cast, OF_TEAM)
    make_team(cast, cast.ruth, cast.daniel)
    cast.lab.is_individual = False
    submission = handed_in_late(cast, tmp_path, hours=30)
    Membership.objects.filter(person=cast.daniel).update(until_at=timezone.now())
    assert "for team Magpie" in see(client, cast.daniel, submission.get_absolute_url())


def test_a_refused_hand_in_is_here_all_the_same(client, cast, tmp_path):
    with_policy(cast, STRICT)
    submission = handed_in_late(cast, tmp_path, hours=40)
    page = see(client, cast.ruth, submission.get_absolute_url())
    assert "It is here, too late, not accepted" in page and "the staff can still extend yours" in page


def test_without_a_policy_the_receipt_compares_the_two_times(client, cast, tmp_path):
    submission = handed_in_late(cast, tmp_path, hours=5)
    page = see(client, cast.ruth, submission.get_absolute_url())
    assert "It is here, 5" in page and "after the due time." in page


# -- what others read ---------------------------------------------------------------------------------------------------


def staff_list(client, cast, query=""):
    return see(client, cast.helen, f"/courses/odml/submissions/{query}")


def test_the_staff_list_says_what_the_policy_says(client, cast, tmp_path):
    with_policy(cast)
    handed_in_late(cast, tmp_path, hours=24 * 3 + 2)
    assert "4 late days, −10\u202f%" in staff_list(client, cast)
    assert "4 late days" in staff_list(client, cast, "?state=late")


def test_the_filter_late_follows_the_extension(client, cast, tmp_path):
    with_policy(cast)
    handed_in_late(cast, tmp_path, hours=20)
    extension_give(
        visit=cast.visit(cast.helen),
        assignment=cast.lab,
        owners=owners_in(cast.course, [cast.ruth]),
        reason="ill",
        units=1,
    )
    late_days_count(course=cast.course, people={cast.ruth.pk})
    assert "on time" in staff_list(client, cast)
    assert "0 shown" in staff_list(client, cast, "?state=late")


def test_an_attempt_that_is_not_judged_says_so(client, cast, tmp_path):
    with_policy(cast)
    first = handed_in_late(cast, tmp_path, hours=20)
    second = hand_in(cast, cast.ruth, onnx_like(tmp_path, more=b"x"))
    Submission.objects.filter(pk=second.pk).update(is_active=True)
    late_days_count(course=cast.course, people={cast.ruth.pk})
    assert "another attempt counts" in staff_list(client, cast)
    assert "Another attempt is the one that counts." in see(client, cast.ruth, first.get_absolute_url())


def test_without_a_policy_the_filter_compares_with_the_due_time(client, cast, tmp_path):
    handed_in_late(cast, tmp_path, hours=5)
    assert "5\u00a0h late" in staff_list(client, cast, "?state=late")


# -- due for whom -------------------------------------------------------------------------------------------------------


def test_every_list_of_due_times_says_the_persons_own(client, cast, django_assert_num_queries):
    with_policy(cast)
    due_ago(cast.lab, hours=5)
    accommodation_give(visit=cast.visit(cast.helen), person=cast.ruth, extra_days=2, reason="rule")
    assert cast.lab.course
    with django_assert_num_queries(3):
        mine = dates_of(cast.course, cast.ruth).due_of(cast.lab)
    assert mine - cast.lab.due_at >= timedelta(hours=47)
    assert [entry.starts for entry in due_dates(cast.course, cast.ruth)] == [mine]
    assert [entry.starts for entry in due_dates(cast.course, None)] == [cast.lab.due_at]
    assert "extended for you" in see(client, cast.ruth, "/courses/odml/assignments/")
    home, daniels = see(client, cast.ruth, "/courses/odml/"), see(client, cast.daniel, "/courses/odml/")
    assert "overdue" not in home and "overdue" in daniels


def test_an_extension_of_the_team_holds_for_who_is_in_it(cast):
    team = make_team(cast, cast.ruth, cast.daniel)
    local = (cast.lab.due_at + timedelta(days=2)).astimezone(cast.course.tz)
    extension_give(
        visit=cast.visit(cast.helen),
        assignment=cast.lab,
        owners=owners_in(cast.course, teams=[team]),
        reason="x",
        until=f"{local:%Y-%m-%d %H:%M}",
    )
    Membership.objects.filter(person=cast.daniel).update(until_at=timezone.now())
    assert dates_of(cast.course, cast.ruth).due_of(cast.lab) > cast.lab.due_at
    assert dates_of(cast.course, cast.daniel).due_of(cast.lab) == cast.lab.due_at


def test_who_is_excused_is_not_overdue(client, cast):
    due_ago(cast.lab, hours=5)
    excuse_give(visit=cast.visit(cast.helen), assignment=cast.lab, person=cast.ruth, reason="ill")
    page = see(client, cast.ruth, "/courses/odml/assignments/")
    assert "excused" in page and "overdue" not in page
    assert "overdue" not in see(client, cast.ruth, "/courses/odml/")


def test_the_course_home_says_what_is_left(client, cast, tmp_path):
    with_policy(cast)
    handed_in_late(cast, tmp_path, hours=30)
    assert balance(cast.course, person=cast.ruth) == 1
    assert "<b>1</b> of 3 left" in see(client, cast.ruth, "/courses/odml/")


@pytest.mark.parametrize(
    ("tree", "said"),
    [(PERSONAL, "3 late days for each person, in units of 24 h; after them 10 % off the maximum for each further one"),
     (MIDNIGHT, "3 late days for each person, counted at midnight New York time; after them 2 % off the maximum for each further one"),
     (STRICT | {"cap": 1}, "1 late day for each person, in units of 24 h, at most 1 on one assignment; after them nothing is taken")],
)  # fmt: skip
def test_the_policy_in_one_line(cast, tree, said):
    assert policy_line(policy_of(tree, cast.course.tz)) == said
