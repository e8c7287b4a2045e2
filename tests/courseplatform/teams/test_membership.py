"""What other apps ask of teams: who was where at which instant."""

from datetime import timedelta

import pytest
from django.utils import timezone

from courseplatform.teams.models import Membership
from courseplatform.teams.selectors.membership import (
    is_member,
    members_at,
    memberships_of_person,
    team_of,
    teams_at,
)
from courseplatform.teams.services.staffing import member_move
from tests.courseplatform.teams.builders import make_students, make_team

pytestmark = pytest.mark.django_db
NOW = timezone.now()


def test_the_first_instant_counts_and_the_last_does_not(cast):
    since, until = NOW - timedelta(days=10), NOW - timedelta(days=2)
    team = make_team(cast, "Magpie", cast.ruth, since=since)
    Membership.objects.update(until_at=until)
    tick = timedelta(microseconds=1)
    found = [is_member(team, cast.ruth, at) for at in (since - tick, since, until - tick, until)]
    assert found == [False, True, True, False]


def test_a_person_is_in_the_team_of_that_instant_before_and_after_a_move(cast):
    joined, moved = NOW - timedelta(days=20), NOW - timedelta(days=5)
    magpie = make_team(cast, "Magpie", cast.ruth, cast.daniel, since=joined)
    heron = make_team(cast, "Heron", cast.sofia, since=joined)
    member_move(visit=cast.visit(cast.helen), person=cast.daniel, to=heron, at=moved)
    assert team_of(cast.course, cast.daniel, moved - timedelta(seconds=1)) == magpie
    assert team_of(cast.course, cast.daniel, moved) == heron
    assert team_of(cast.course, cast.daniel) == heron
    assert members_at(magpie, joined) == [cast.ruth, cast.daniel]
    assert [row.team for row in memberships_of_person(cast.course, cast.daniel)] == [magpie, heron]


def test_a_team_of_another_course_is_not_this_courses(cast):
    make_team(cast, "Magpie", cast.ruth)
    assert team_of(cast.other_course, cast.ruth) is None


def test_everybodys_team_takes_one_query(cast, django_assert_num_queries):
    people = make_students(cast, 60)
    for n in range(20):
        make_team(cast, f"Team {n}", *people[3 * n : 3 * n + 3])
    with django_assert_num_queries(1):
        found = teams_at(cast.course)
        assert {team.name for team in found.values()} == {f"Team {n}" for n in range(20)}
    assert len(found) == 60
