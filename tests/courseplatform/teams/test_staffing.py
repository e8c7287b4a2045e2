"""What the staff do with members, and from when it holds."""

from datetime import timedelta

import pytest
from django.utils import timezone

from courseplatform.core.errors import BadInput, Conflict, IllegalMove
from courseplatform.notices.models import Notification
from courseplatform.teams.models import Membership
from courseplatform.teams.selectors.membership import members_at, team_of
from courseplatform.teams.services import staffing
from tests.courseplatform.teams.builders import make_team, set_sizes

pytestmark = pytest.mark.django_db


@pytest.fixture
def helen(cast):
    return cast.visit(cast.helen)


def days_ago(days):
    return timezone.now() - timedelta(days=days)


def test_a_move_cannot_hold_from_before_the_person_joined(cast, helen):
    magpie, heron = make_team(cast, "Magpie", cast.ruth, since=days_ago(3)), make_team(cast, "Heron", cast.daniel)
    with pytest.raises(BadInput) as caught:
        staffing.member_move(visit=helen, person=cast.ruth, to=heron, at=days_ago(4))
    assert caught.value.code == "before_joining"
    assert "Choose a later day, or none" in caught.value.message  # today's 00:00 is before a team of this morning
    assert members_at(magpie) == [cast.ruth]


def test_a_move_into_a_full_team_needs_a_reason(cast, helen):
    set_sizes(cast, 1, 2)
    magpie = make_team(cast, "Magpie", cast.ruth, cast.daniel, since=days_ago(3))
    with pytest.raises(Conflict) as caught:
        staffing.member_move(visit=helen, person=cast.sofia, to=magpie, at=timezone.now())
    assert caught.value.code == "team_full"
    staffing.member_move(visit=helen, person=cast.sofia, to=magpie, at=timezone.now(), reason="Odd number of students")
    magpie.refresh_from_db()
    assert (len(members_at(magpie)), magpie.size_exception) == (3, "Odd number of students")


def test_a_member_who_leaves_on_a_coming_day_is_a_member_until_then(cast, helen):
    team = make_team(cast, "Magpie", cast.ruth, cast.daniel, since=days_ago(3))
    later = timezone.now() + timedelta(days=2)
    staffing.member_move(visit=helen, person=cast.ruth, to=None, at=later)
    assert cast.ruth in members_at(team)
    assert members_at(team, later) == [cast.daniel]


def test_who_is_moved_is_told_once(cast, helen):
    heron = make_team(cast, "Heron", cast.daniel)
    staffing.member_move(visit=helen, person=cast.ruth, to=heron, at=timezone.now())
    assert Notification.objects.get(person=cast.ruth).title.startswith("You are in team Heron from")


def test_splitting_keeps_the_past_of_both(cast, helen):
    joined, split = days_ago(10), days_ago(1)
    team = make_team(cast, "Magpie", cast.ruth, cast.daniel, cast.sofia, since=joined)
    fresh = staffing.team_split(visit=helen, team=team, people=[cast.sofia], name="Heron", at=split)
    assert (members_at(team), members_at(fresh)) == ([cast.ruth, cast.daniel], [cast.sofia])
    assert team_of(cast.course, cast.sofia, days_ago(5)) == team
    assert Membership.objects.filter(person=cast.sofia).count() == 2


@pytest.mark.parametrize(
    ("who", "code"), [((), "nobody_chosen"), (("ruth", "daniel"), "nobody_stays"), (("sofia",), "not_a_member")]
)
def test_a_split_that_makes_no_sense_is_refused(cast, helen, who, code):
    team = make_team(cast, "Magpie", cast.ruth, cast.daniel)
    people = [getattr(cast, name) for name in who]
    with pytest.raises(BadInput) as caught:
        staffing.team_split(visit=helen, team=team, people=people, name="Heron", at=timezone.now())
    assert caught.value.code == code


def test_merging_dissolves_one_and_keeps_its_past(cast, helen):
    joined = days_ago(10)
    magpie, heron = (
        make_team(cast, "Magpie", cast.ruth, since=joined),
        make_team(cast, "Heron", cast.daniel, since=joined),
    )
    staffing.team_merge(visit=helen, team=magpie, into=heron, at=days_ago(2))
    magpie.refresh_from_db()
    assert magpie.status == "dissolved"
    assert set(members_at(heron)) == {cast.ruth, cast.daniel}
    assert members_at(magpie, days_ago(5)) == [cast.ruth]


def test_a_merge_on_a_coming_day_says_the_day_and_the_team_lives_until_then(client, cast, helen):
    magpie, heron = make_team(cast, "Magpie", cast.ruth), make_team(cast, "Heron", cast.daniel)
    at = timezone.now() + timedelta(days=7)
    staffing.team_merge(visit=helen, team=magpie, into=heron, at=at)
    day = timezone.localtime(at, cast.course.tz)
    told = Notification.objects.get(person=cast.ruth).title
    assert told == f"Team Magpie becomes part of team Heron on {day:%b %-d}"
    client.force_login(cast.ruth)
    page = client.get(magpie.get_absolute_url()).content.decode()
    assert f"This team ends on {day:%a %b %-d}" in page
    for offered in ("Describe the project", "Write the proposal", "Propose own hardware", "The team is confirmed"):
        assert offered not in page


def test_the_page_says_from_which_day_a_merge_holds(client, cast):
    magpie, heron = make_team(cast, "Magpie", cast.ruth), make_team(cast, "Heron", cast.daniel)
    day = timezone.localdate(timezone=cast.course.tz) + timedelta(days=7)
    client.force_login(cast.helen)
    form = {"into": heron.pk, "effective_on": day.isoformat()}
    page = client.post(f"{magpie.get_absolute_url()}members/merge/", form, follow=True).content.decode()
    assert f"Team Magpie is part of Heron from {day:%b %-d} on" in page


def test_a_split_on_a_coming_day_says_the_day(cast, helen):
    team, at = make_team(cast, "Magpie", cast.ruth, cast.daniel), timezone.now() + timedelta(days=7)
    staffing.team_split(visit=helen, team=team, people=[cast.ruth], name="Heron", at=at)
    day = timezone.localtime(at, cast.course.tz)
    assert Notification.objects.get(person=cast.ruth).title == f"Team Magpie is split on {day:%b %-d}; Heron is new"


def test_a_merge_past_the_size_is_refused_whole(cast, helen):
    set_sizes(cast, 1, 2)
    magpie = make_team(cast, "Magpie", cast.ruth, cast.sofia, since=days_ago(9))
    heron = make_team(cast, "Heron", cast.daniel, since=days_ago(9))
    with pytest.raises(Conflict):
        staffing.team_merge(visit=helen, team=magpie, into=heron, at=timezone.now())
    magpie.refresh_from_db()
    assert magpie.status == "forming"
    assert members_at(magpie) == [cast.ruth, cast.sofia]


def test_a_small_team_is_confirmed_only_with_a_reason(cast, helen):
    set_sizes(cast, 2, 3)
    team = make_team(cast, "Magpie", cast.ruth)
    with pytest.raises(BadInput) as caught:
        staffing.team_confirm(visit=helen, team=team, reason="  ")
    assert caught.value.code == "reason_needed"
    staffing.team_confirm(visit=helen, team=team, reason="Partner dropped the course")
    team.refresh_from_db()
    assert (team.status, team.size_exception) == ("confirmed", "Partner dropped the course")
    assert team.moves.get().why == "Partner dropped the course"


def test_a_team_is_confirmed_once(cast, helen):
    team = make_team(cast, "Magpie", cast.ruth)
    staffing.team_confirm(visit=helen, team=team)
    with pytest.raises(IllegalMove):
        staffing.team_confirm(visit=helen, team=team)


def test_confirming_all_leaves_out_those_outside_the_size(cast, helen):
    set_sizes(cast, 2, 3)
    make_team(cast, "Magpie", cast.ruth, cast.daniel)
    small = make_team(cast, "Heron", cast.sofia)
    assert staffing.teams_confirm_all(visit=helen) == 1
    small.refresh_from_db()
    assert small.status == "forming"


def test_dissolving_ends_memberships_and_deletes_nothing(cast, helen):
    team = make_team(cast, "Magpie", cast.ruth, cast.daniel, since=days_ago(4))
    staffing.team_dissolve(visit=helen, team=team)
    assert members_at(team) == []
    assert set(members_at(team, days_ago(1))) == {cast.ruth, cast.daniel}
    with pytest.raises(Conflict) as caught:
        staffing.member_move(visit=helen, person=cast.sofia, to=team, at=timezone.now())
    assert caught.value.code == "team_dissolved"
