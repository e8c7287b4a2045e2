"""Late days on the page of a lab before handing in: what a late hand-in costs, and asking for late days."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from grading.models.late_days import LateRequest
from grading.models.owners import Owner
from grading.selectors import late_panel
from grading.services.late_favours import extension_give, owners_in
from tests.grading.late_days.pages import MIDNIGHT, OF_TEAM, STRICT, handed_in_late, lab_page
from tests.grading.late_days.test_late_days import due_ago, make_team, with_policy

pytestmark = pytest.mark.django_db


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
