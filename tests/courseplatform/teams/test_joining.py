"""Founding, inviting, asking, leaving: the ways in and out that students have themselves."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from courseplatform.core.errors import AppError, BadInput, Conflict, NotHere
from courseplatform.notices.models import Notification
from courseplatform.teams.models import Membership, Team, TeamInvitation
from courseplatform.teams.selectors.membership import members_at, team_of
from courseplatform.teams.services.invitations import invitation_answer, invitation_send, join_request_send
from courseplatform.teams.services.teams import team_create, team_leave
from tests.courseplatform.teams.builders import make_student, make_team, set_sizes

pytestmark = pytest.mark.django_db


def refused(act):
    with pytest.raises(AppError) as caught:
        act()
    return caught.value.code


def test_who_founds_a_team_is_its_first_member(cast):
    team = team_create(visit=cast.visit(cast.ruth), name="Magpie")
    assert members_at(team) == [cast.ruth]
    assert team_of(cast.course, cast.ruth) == team


def test_a_name_is_taken_in_any_case_of_letters(cast):
    team_create(visit=cast.visit(cast.ruth), name="Magpie")
    with pytest.raises(BadInput) as caught:
        team_create(visit=cast.visit(cast.daniel), name="magpie")
    assert caught.value.code == "name_taken"
    assert team_of(cast.course, cast.daniel) is None


def test_names_that_give_the_same_address_get_two(cast):
    first = team_create(visit=cast.visit(cast.ruth), name="Red Kite")
    second = team_create(visit=cast.visit(cast.daniel), name="Red-Kite")
    third = team_create(visit=cast.visit(cast.sofia), name="鵲")
    assert [first.slug, second.slug, third.slug] == ["red-kite", "red-kite-2", "team"]


def test_an_invited_classmate_joins_by_accepting(cast):
    team = make_team(cast, "Magpie", cast.ruth)
    invitation = invitation_send(visit=cast.visit(cast.ruth), team=team, person=cast.daniel, message="Join us?")
    told = Notification.objects.get(person=cast.daniel)
    assert (told.kind, told.text) == ("team", "> Join us?")
    invitation_answer(visit=cast.visit(cast.daniel), invitation=invitation, answer="accept")
    assert members_at(team) == [cast.ruth, cast.daniel]
    assert Notification.objects.filter(person=cast.ruth, title__contains="joined").count() == 1


def test_any_member_takes_in_who_asks(cast):
    team = make_team(cast, "Magpie", cast.ruth, cast.daniel)
    request = join_request_send(visit=cast.visit(cast.sofia), team=team)
    assert set(Notification.objects.values_list("person", flat=True)) == {cast.ruth.pk, cast.daniel.pk}
    invitation_answer(visit=cast.visit(cast.daniel), invitation=request, answer="accept")
    assert team_of(cast.course, cast.sofia) == team


def test_nobody_answers_their_own_question(cast):
    team = make_team(cast, "Magpie", cast.ruth)
    invitation = invitation_send(visit=cast.visit(cast.ruth), team=team, person=cast.daniel)
    request = join_request_send(visit=cast.visit(cast.sofia), team=team)
    for who, row in ((cast.ruth, invitation), (cast.sofia, request)):
        code = refused(
            lambda who=who, row=row: invitation_answer(visit=cast.visit(who), invitation=row, answer="accept")
        )
        assert code == "not_yours_to_answer"
    assert members_at(team) == [cast.ruth]


def test_a_strangers_invitation_is_not_there(cast):
    team = make_team(cast, "Magpie", cast.ruth)
    invitation = invitation_send(visit=cast.visit(cast.ruth), team=team, person=cast.daniel)
    with pytest.raises(NotHere):
        invitation_answer(visit=cast.visit(cast.sofia), invitation=invitation, answer="accept")


def test_an_expired_invitation_is_refused_and_makes_room_for_a_new_one(cast):
    team, visit = make_team(cast, "Magpie", cast.ruth), cast.visit(cast.ruth)
    old = invitation_send(visit=visit, team=team, person=cast.daniel, now=timezone.now() - timedelta(minutes=30))
    later = timezone.now() + timedelta(days=8)
    answer = lambda: invitation_answer(visit=cast.visit(cast.daniel), invitation=old, answer="accept", now=later)  # noqa: E731
    assert refused(answer) == "expired"
    invitation_send(visit=visit, team=team, person=cast.daniel, now=later)
    assert sorted(TeamInvitation.objects.values_list("status", flat=True)) == ["expired", "pending"]


def test_one_invitation_between_a_team_and_a_person_is_enough(cast):
    team = make_team(cast, "Magpie", cast.ruth)
    invitation_send(visit=cast.visit(cast.ruth), team=team, person=cast.daniel)
    assert refused(lambda: join_request_send(visit=cast.visit(cast.daniel), team=team)) == "already_invited"


def test_joining_one_team_withdraws_what_waits_elsewhere(cast):
    magpie, heron = make_team(cast, "Magpie", cast.ruth), make_team(cast, "Heron", cast.daniel)
    first = invitation_send(visit=cast.visit(cast.ruth), team=magpie, person=cast.sofia)
    other = invitation_send(visit=cast.visit(cast.daniel), team=heron, person=cast.sofia)
    invitation_answer(visit=cast.visit(cast.sofia), invitation=first, answer="accept")
    other.refresh_from_db()
    assert other.status == "withdrawn"
    assert other.moves.get().why == "joined Magpie"


def test_an_answered_invitation_is_not_answered_again(cast):
    team = make_team(cast, "Magpie", cast.ruth)
    invitation = invitation_send(visit=cast.visit(cast.ruth), team=team, person=cast.daniel)
    invitation_answer(visit=cast.visit(cast.daniel), invitation=invitation, answer="decline")
    again = lambda: invitation_answer(visit=cast.visit(cast.daniel), invitation=invitation, answer="accept")  # noqa: E731
    assert refused(again) == "lost_race"
    assert members_at(team) == [cast.ruth]


def test_a_full_team_takes_nobody(cast):
    set_sizes(cast, 2, 2)
    team = make_team(cast, "Magpie", cast.ruth)
    invitation = invitation_send(visit=cast.visit(cast.ruth), team=team, person=cast.daniel)
    second = invitation_send(visit=cast.visit(cast.ruth), team=team, person=cast.sofia)
    invitation_answer(visit=cast.visit(cast.daniel), invitation=invitation, answer="accept")
    accept = lambda: invitation_answer(visit=cast.visit(cast.sofia), invitation=second, answer="accept")  # noqa: E731
    assert refused(accept) == "team_full"
    second.refresh_from_db()
    assert second.status == "pending"  # the refusal took nothing away


def test_who_has_a_team_is_not_invited(cast):
    magpie = make_team(cast, "Magpie", cast.ruth)
    make_team(cast, "Heron", cast.daniel)
    invite = lambda: invitation_send(visit=cast.visit(cast.ruth), team=magpie, person=cast.daniel)  # noqa: E731
    assert refused(invite) == "already_in_a_team"


def test_staff_and_strangers_are_not_invited(cast):
    team = make_team(cast, "Magpie", cast.ruth)
    for person in (cast.amit, cast.lena):
        with pytest.raises(NotHere):
            invitation_send(visit=cast.visit(cast.ruth), team=team, person=person)


def test_the_database_itself_refuses_two_open_memberships(cast):
    make_team(cast, "Magpie", cast.ruth)
    heron = make_team(cast, "Heron")
    with pytest.raises(IntegrityError), transaction.atomic():
        Membership.objects.create(
            team=heron, course=cast.course, person=cast.ruth, since_at=timezone.now(), begun_by="nobody"
        )


def test_leaving_ends_the_membership_and_keeps_it(cast):
    joined = timezone.now() - timedelta(days=3)
    team = make_team(cast, "Magpie", cast.ruth, cast.daniel, since=joined)
    team_leave(visit=cast.visit(cast.ruth), team=team)
    assert members_at(team) == [cast.daniel]
    assert set(members_at(team, joined + timedelta(days=1))) == {cast.ruth, cast.daniel}
    assert Notification.objects.filter(person=cast.daniel, title__contains="left").exists()


def test_the_last_one_out_dissolves_the_team(cast):
    team = team_create(visit=cast.visit(cast.ruth), name="Magpie")
    team_leave(visit=cast.visit(cast.ruth), team=team)
    assert Team.objects.get().status == "dissolved"
    assert Membership.objects.get().until_at is not None
    assert team_create(visit=cast.visit(cast.ruth), name="Heron")


def test_a_confirmed_team_is_left_through_the_staff_only(cast):
    team = make_team(cast, "Magpie", cast.ruth, cast.daniel, status="confirmed")
    with pytest.raises(Conflict) as caught:
        team_leave(visit=cast.visit(cast.ruth), team=team)
    assert caught.value.code == "team_confirmed"
    assert members_at(team) == [cast.ruth, cast.daniel]


def test_a_student_who_dropped_the_course_does_not_join(cast):
    nora = make_student(cast, "Nora")
    team = make_team(cast, "Magpie", cast.ruth)
    invitation = invitation_send(visit=cast.visit(cast.ruth), team=team, person=nora)
    visit = cast.visit(nora)
    nora.enrolments.update(is_active=False)
    assert refused(lambda: invitation_answer(visit=visit, invitation=invitation, answer="accept")) == "not_a_student"
