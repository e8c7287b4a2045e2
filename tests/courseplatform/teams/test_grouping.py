"""Everybody left over into teams within size."""

import pytest

from courseplatform.core.errors import Conflict
from courseplatform.teams.grouping import plan, sizes_of_new
from courseplatform.teams.models import Membership, Team
from courseplatform.teams.selectors.membership import members_at
from courseplatform.teams.services.assignment import assignment_apply, assignment_preview
from courseplatform.teams.services.teams import team_create
from tests.courseplatform.teams.builders import make_students, make_team, set_sizes

RULES = [(1, 4), (2, 2), (2, 3), (3, 4), (3, 3), (4, 6)]


@pytest.mark.parametrize(("least", "most"), RULES)
def test_new_teams_hold_exactly_everybody_within_the_size(least, most):
    for count in range(1, 61):
        found = sizes_of_new(count, least, most)
        legal = any(teams * least <= count <= teams * most for teams in range(1, count + 1))
        assert (found is not None) == legal, (count, least, most)
        if found is not None:
            assert sum(found) == count
            assert all(least <= size <= most for size in found)
            assert max(found) - min(found) <= 1


@pytest.mark.parametrize(("least", "most"), RULES)
@pytest.mark.parametrize("standing", [[], [1], [1, 1, 2], [2, 2, 2], [3, 1]])
def test_everybody_is_placed_once_or_there_is_no_place(least, most, standing):
    teams = {100 + n: min(size, most) for n, size in enumerate(standing)}
    for count in range(31):
        found = plan(list(range(count)), teams, least=least, most=most, seed=count)
        seated = [*found.left, *(p for group in [*found.joins.values(), *found.new] for p in group)]
        assert sorted(seated) == list(range(count))
        for team, size in teams.items():
            assert size + len(found.joins.get(team, [])) <= most
        assert all(least <= len(group) <= most for group in found.new)
        if found.left:
            full = all(size + len(found.joins.get(team, [])) == most for team, size in teams.items())
            assert full
            assert len(found.left) < least


def test_a_team_that_needs_a_member_gets_one_before_new_teams_are_made():
    found = plan([1, 2, 3], {9: 1}, least=2, most=3, seed=1)
    assert len(found.joins[9]) == 1
    assert [len(group) for group in found.new] == [2]


def test_the_same_lot_gives_the_same_plan_and_another_one_another():
    people = list(range(40))
    same = [plan(people, {}, least=2, most=3, seed=5).new for _ in range(2)]
    assert same[0] == same[1]
    assert plan(people, {}, least=2, most=3, seed=6).new != same[0]


@pytest.mark.django_db
def test_what_was_previewed_is_what_is_applied(cast):
    set_sizes(cast, 2, 3)
    make_students(cast, 9)
    heron = make_team(cast, "Heron", cast.ruth)
    visit = cast.visit(cast.helen)
    shown = assignment_preview(visit=visit, seed=11)
    assert Membership.objects.count() == 1  # showing it changes nothing
    assignment_apply(visit=visit, seed=11, digest=shown.digest)
    [(joined, people)] = shown.joins
    assert joined == heron
    assert set(members_at(heron)) == {cast.ruth, *people}
    for name, group in shown.new:
        assert set(members_at(Team.objects.get(name=name))) == set(group)
    assert Membership.objects.filter(until_at=None).count() == 12


@pytest.mark.django_db
def test_a_plan_that_aged_is_not_applied(cast):
    visit = cast.visit(cast.helen)
    shown = assignment_preview(visit=visit, seed=2)
    team_create(visit=cast.visit(cast.ruth), name="Magpie")
    with pytest.raises(Conflict) as caught:
        assignment_apply(visit=visit, seed=2, digest=shown.digest)
    assert caught.value.code == "plan_changed"
    assert Team.objects.count() == 1


@pytest.mark.django_db
def test_the_page_shows_a_new_plan_when_the_old_one_aged(cast, client):
    client.force_login(cast.helen)
    answer = client.post(f"/courses/{cast.course.slug}/teams/assign/", {"seed": "2", "digest": "0" * 16})
    assert answer.status_code == 409
    assert "was not applied" in answer.content.decode()
    assert "A plan for 3 students" in answer.content.decode()


@pytest.mark.django_db
def test_a_confirmed_team_is_left_alone(cast):
    set_sizes(cast, 1, 4)
    make_team(cast, "Magpie", cast.ruth, status="confirmed")
    assert assignment_preview(visit=cast.visit(cast.helen), seed=1).joins == []
