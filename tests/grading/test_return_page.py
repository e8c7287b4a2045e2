"""The page of the assignment by which hardware comes back: what a student brings, who is missing for the staff, and what lateness costs."""

from datetime import timedelta

import pytest
from django.utils import timezone

from courseplatform.courses.models import Enrolment
from tests.grading.test_hardware_return import cast, make_team, recount, return_work, see, with_policy  # noqa: F401 a fixture
from tests.hardware.inventory.lent import came_back, lent
from tests.people import make_user

pytestmark = pytest.mark.django_db


def page(client, person, item):
    return see(client, person, item.get_absolute_url()).split("<main")[1]


def test_the_page_follows_a_return_from_nothing_lent_to_everything_back(cast, client):  # noqa: F811
    item, team = return_work(cast, hours_ago=-48, points=10), make_team(cast, cast.ruth, cast.daniel, name="Heron")
    assert "You were lent nothing for the term" in page(client, cast.ruth, item)
    assert "Nothing is lent for the term" in page(client, cast.helen, item)

    boards, own = lent(cast, team=team, pieces=2), lent(cast, person=cast.sofia, name="Camera")
    lent(cast, person=cast.ruth, is_term=False, name="Microphone")  # comes back on a day of its own
    mine, hers, staff = (page(client, person, item) for person in (cast.ruth, cast.sofia, cast.helen))
    assert "Team Heron: back by" in mine and "due in " in mine and "PI-01" in mine and "PI-02" in mine
    assert "5 late days are left: back by" in mine and "Back by</th>" in mine and "Microphone" not in mine
    assert "Yours: back by" in hers and "Camera" in hers and "PI-01" not in hers
    assert "0 of 2 borrowers have brought everything back; nobody is late." in staff

    item.due_at = timezone.now() - timedelta(hours=25)
    item.save()
    came_back(boards, item.due_at + timedelta(hours=1), pieces=1)
    came_back(own, item.due_at - timedelta(hours=1))
    recount(cast, cast.sofia)
    mine, hers, staff = (page(client, person, item) for person in (cast.ruth, cast.sofia, cast.helen))
    assert "2 late days so far" in mine and "it costs 2 late days of 5 left." in mine and "returned" in mine
    assert "Yours: all back" in hers and "on time" in hers and "If it is late" not in hers
    assert "1 of 2 borrowers have brought everything back; 1 is late." in staff
    assert (
        "team Heron" in staff
        and "2 late days of 5 left" in staff
        and "1 back already" in staff
        and "Sofia" not in staff
    )
    assert "/hardware/return-day/" in staff and "/hardware/return-day/" not in mine and "/hardware/mine/" in mine

    came_back(boards)
    recount(cast)
    mine, staff = page(client, cast.ruth, item), page(client, cast.helen, item)
    assert "Team Heron: all back" in mine and "It costs 2 late days." in mine and "boundaries passed" in mine
    assert "Everything is back from all 2 borrowers, the last thing" in staff


def test_without_a_late_policy_and_with_people_gone_the_page_says_how_late_it_is(cast, client):  # noqa: F811
    item = return_work(cast, hours_ago=49)
    cast.course.facts = {}
    cast.course.save()
    lent(cast, person=cast.ruth)
    team = make_team(cast, cast.daniel, name="Heron")
    lent(cast, team=team)
    team.memberships.update(until_at=timezone.now())
    Enrolment.objects.filter(person=cast.ruth).update(is_active=False, left_at=timezone.now())
    staff = page(client, cast.helen, item)
    assert "0 of 2 borrowers have brought everything back; 2 are late." in staff
    assert "Ruth, dropped" in staff and "team Heron" in staff and "Costs so far" not in staff
    with_policy(cast)
    staff = page(client, cast.helen, item)
    assert "Costs so far" in staff and "2 are late." in staff


def test_many_borrowers_cost_as_many_queries_as_one(cast, client, django_assert_max_num_queries):  # noqa: F811
    item = return_work(cast, hours_ago=25)
    for n in range(15):
        lent(cast, team=make_team(cast, make_user(f"Person{n}"), name=f"Team{n}"))
    client.force_login(cast.helen)
    with django_assert_max_num_queries(45):
        assert client.get(item.get_absolute_url()).content.decode().count("2 late days of 5 left") == 15
