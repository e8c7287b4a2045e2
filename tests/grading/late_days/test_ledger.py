"""The ledger of one person or team as the staff read it: in the words of the course's policy, and where the bank is the team's."""

import pytest
from django.utils import timezone

from courseplatform.notices.models.notifications import Notification
from grading.models.late_days import LateRequest
from grading.services.late_favours import extension_give, favour_withdraw, grant_give, owners_in
from tests.courseplatform.teams.builders import make_team
from tests.grading.late_days.staff import OF_TEAMS, PERSONAL, address, late_cast, state

pytestmark = pytest.mark.django_db
HALF_DAYS = PERSONAL | {"unit": {"kind": "hours", "hours": 12}}


@pytest.fixture
def cast(data_dir):
    return late_cast()


def ledger(client, cast, person=None):
    client.force_login(cast.amit)
    return client.get(address(cast, f"late-days/people/{(person or cast.ruth).pk}/")).content.decode()


@pytest.mark.parametrize(
    ("policy", "head", "said"), [(PERSONAL, "Days", "2 late days"), (HALF_DAYS, "Units", "2 units of 12 h")]
)
def test_staff_read_the_words_that_students_read(client, cast, policy, head, said):
    state(cast, policy)
    visit, owners = cast.visit(cast.helen), owners_in(cast.course, [cast.ruth])
    extension_give(visit=visit, assignment=cast.lab, owners=owners, units=2, reason="ill")
    grant_give(visit=visit, owners=owners, days=2, reason="ill")
    LateRequest.objects.create(
        assignment=cast.lab, person=cast.ruth, units=2, request_key="0" * 32, asked_at=timezone.now()
    )
    page = ledger(client, cast)
    assert f"Extension of Lab 1: {said}" in page and f"<li>{said} on Lab 1" in page
    assert f'<th class="num">{head}</th>' in page
    favour_withdraw(visit=visit, row=cast.lab.extensions.get(), people=[cast.ruth])
    told = list(Notification.objects.filter(person=cast.ruth).order_by("pk").values_list("title", flat=True))
    assert told == [
        f"{said} of Lab 1 cost you nothing",
        f"+{said} in {cast.course.number or cast.course.title}",
        f"The extension of Lab 1 no longer holds: {said}",
    ]


def test_an_extension_in_a_course_without_a_policy_is_said_in_late_days(client, cast):
    cast.course.facts = {}
    cast.course.save()
    cast.lab.refresh_from_db()
    owners = owners_in(cast.course, [cast.ruth])
    extension_give(visit=cast.visit(cast.helen), assignment=cast.lab, owners=owners, units=1, reason="ill")
    assert "Extension of Lab 1: 1 late day" in ledger(client, cast)


def test_where_the_bank_is_the_teams_the_page_of_a_person_leads_to_the_ledger_of_the_team(client, cast):
    state(cast, OF_TEAMS)
    make_team(cast, "Magpie", cast.ruth)
    page = ledger(client, cast)
    assert "Late days belong to teams in this course." in page
    assert f'<a href="{address(cast, "late-days/teams/magpie/")}">ledger of team Magpie</a>' in page
    assert "No line yet" not in page
    assert "Daniel is in no team now, so none pays for Daniel." in ledger(client, cast, cast.daniel)


def test_lines_of_a_persons_own_stay_when_the_bank_became_the_teams(client, cast):
    owners = owners_in(cast.course, [cast.ruth])
    grant_give(visit=cast.visit(cast.helen), owners=owners, days=2, reason="the board came late")
    state(cast, OF_TEAMS)
    page = ledger(client, cast)
    assert "the board came late" in page and "Late days belong to teams in this course." in page


def test_of_several_banks_the_page_names_where_those_of_the_team_stand(client, cast):
    banks = [
        {"name": "Labs", "days": 2, "owner": "person"},
        {"name": "Project", "days": 4, "owner": "team", "assignments": ["lab1"]},
    ]
    state(cast, {"banks": banks})
    make_team(cast, "Magpie", cast.ruth)
    page = ledger(client, cast)
    assert "Some banks are the team's." in page and "ledger of team Magpie" in page and "No line yet" in page


def test_where_everybody_has_a_bank_of_their_own_no_team_is_named(client, cast):
    make_team(cast, "Magpie", cast.ruth)
    assert "ledger of team" not in ledger(client, cast)
