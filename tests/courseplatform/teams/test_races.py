"""Two tabs, two people, at once: real threads on a real database, where only a lock or a constraint helps."""

import threading

import pytest
from django.db import connection
from django.utils import timezone

from courseplatform.core.errors import AppError
from courseplatform.teams.models import Membership, ProposalRevision, Slot, SlotBooking, Team
from courseplatform.teams.services.assignment import assignment_apply, assignment_preview
from courseplatform.teams.services.invitations import invitation_answer, invitation_send, join_request_send
from courseplatform.teams.services.proposals import proposal_submit
from courseplatform.teams.services.slots import SlotFacts, slot_book, slots_create
from courseplatform.teams.services.staffing import member_move
from courseplatform.teams.services.teams import team_create
from tests.courseplatform.teams.builders import make_slot, make_student, make_team, set_sizes
from tests.people import make_cast

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.real_database]


@pytest.fixture
def cast(settings, tmp_path):
    settings.DATA_DIR, settings.MEDIA_ROOT = tmp_path, tmp_path / "media"
    if connection.vendor == "sqlite" and connection.is_in_memory_db():
        pytest.fail("threads need a database file; see tests/settings.py")
    return make_cast()


def at_once(*acts):
    """Each act in a thread of its own, all starting together. Returns what they returned, errors by their code, in the order of the acts."""
    start, found = threading.Barrier(len(acts)), {}

    def body(number, act):
        start.wait()
        try:
            found[number] = act()
        except AppError as error:
            found[number] = error.code
        finally:
            connection.close()

    threads = [threading.Thread(target=body, args=pair) for pair in enumerate(acts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert len(found) == len(acts)
    return [found[number] for number in range(len(acts))]


def open_size(team):
    return Membership.objects.from_on(timezone.now()).filter(team=team).count()


def test_a_team_with_one_place_takes_one_of_four_who_accept_at_once(cast):
    set_sizes(cast, 2, 3)
    team = make_team(cast, "Magpie", cast.ruth, cast.daniel)
    people = [make_student(cast, f"Guest{n}") for n in range(4)]
    rows = [invitation_send(visit=cast.visit(cast.ruth), team=team, person=person) for person in people]
    visits = [cast.visit(person) for person in people]
    found = at_once(
        *(
            lambda v=visit, r=row: invitation_answer(visit=v, invitation=r, answer="accept").status
            for visit, row in zip(visits, rows, strict=True)
        )
    )
    assert sorted(found) == ["accepted", "team_full", "team_full", "team_full"]
    assert open_size(team) == 3


def test_a_member_in_two_tabs_takes_in_two_people_for_one_place(cast):
    set_sizes(cast, 2, 2)
    team, visit = make_team(cast, "Magpie", cast.ruth), cast.visit(cast.ruth)
    rows = [join_request_send(visit=cast.visit(person), team=team) for person in (cast.daniel, cast.sofia)]
    found = at_once(
        *(lambda r=row: invitation_answer(visit=visit, invitation=r, answer="accept").status for row in rows)
    )
    assert sorted(found) == ["accepted", "team_full"]
    assert open_size(team) == 2


def test_a_student_who_accepts_two_invitations_at_once_is_in_one_team(cast):
    teams = [make_team(cast, "Magpie", cast.ruth), make_team(cast, "Heron", cast.daniel)]
    rows = [
        invitation_send(visit=cast.visit(member), team=team, person=cast.sofia)
        for team, member in zip(teams, (cast.ruth, cast.daniel), strict=True)
    ]
    visit = cast.visit(cast.sofia)
    found = at_once(
        *(lambda r=row: invitation_answer(visit=visit, invitation=r, answer="accept").status for row in rows)
    )
    assert found.count("accepted") == 1
    assert Membership.objects.filter(person=cast.sofia, until_at=None).count() == 1


def test_staff_and_student_fill_the_last_place_at_once(cast):
    set_sizes(cast, 2, 2)
    team = make_team(cast, "Magpie", cast.ruth)
    row = invitation_send(visit=cast.visit(cast.ruth), team=team, person=cast.daniel)
    daniel, helen = cast.visit(cast.daniel), cast.visit(cast.helen)
    found = at_once(
        lambda: invitation_answer(visit=daniel, invitation=row, answer="accept").status,
        lambda: member_move(visit=helen, person=cast.sofia, to=team, at=timezone.now()),
    )
    assert sum(value == "team_full" for value in found) == 1
    assert open_size(team) == 2


def test_a_student_founds_a_team_and_accepts_an_invitation_at_once(cast):
    team, visit = make_team(cast, "Magpie", cast.ruth), cast.visit(cast.daniel)
    row = invitation_send(visit=cast.visit(cast.ruth), team=team, person=cast.daniel)
    at_once(
        lambda: invitation_answer(visit=visit, invitation=row, answer="accept").status,
        lambda: team_create(visit=visit, name="Heron").name,
    )
    assert Membership.objects.filter(person=cast.daniel, until_at=None).count() == 1


def test_a_plan_is_applied_while_somebody_accepts(cast):
    set_sizes(cast, 2, 3)
    team = make_team(cast, "Magpie", cast.ruth)
    row = invitation_send(visit=cast.visit(cast.ruth), team=team, person=cast.daniel)
    helen, daniel = cast.visit(cast.helen), cast.visit(cast.daniel)
    plan = assignment_preview(visit=helen, seed=4)
    found = at_once(
        lambda: invitation_answer(visit=daniel, invitation=row, answer="accept").status,
        lambda: assignment_apply(visit=helen, seed=4, digest=plan.digest).placed,
    )
    # Whoever came second was told; nobody is in two teams and no team is too large.
    assert found[0] == "accepted" or found[1] == plan.placed
    assert Membership.objects.filter(person=cast.daniel, until_at=None).count() == 1
    assert open_size(team) <= 3


def test_one_slot_goes_to_one_of_four_teams(cast):
    people = [make_student(cast, f"Booker{n}") for n in range(4)]
    teams = [make_team(cast, f"Team {n}", person) for n, person in enumerate(people)]
    slot, visits = make_slot(cast), [cast.visit(person) for person in people]
    found = at_once(
        *(
            lambda v=visit, t=team: slot_book(visit=v, team=t, slot=slot).slot_id
            for visit, team in zip(visits, teams, strict=True)
        )
    )
    assert sorted(map(str, found)) == sorted([str(slot.pk), "slot_full", "slot_full", "slot_full"])
    assert SlotBooking.objects.live().count() == 1


def test_a_team_that_books_two_slots_at_once_keeps_one(cast):
    team = make_team(cast, "Magpie", cast.ruth, cast.daniel)
    slots = [make_slot(cast), make_slot(cast, days=8)]
    visits = [cast.visit(cast.ruth), cast.visit(cast.daniel)]
    at_once(
        *(
            lambda v=visit, s=slot: slot_book(visit=v, team=team, slot=s).pk
            for visit, slot in zip(visits, slots, strict=True)
        )
    )
    assert SlotBooking.objects.live().filter(team=team).count() == 1


def test_a_double_click_on_the_series_makes_it_once(cast):
    from datetime import time, timedelta

    visit = cast.visit(cast.amit)
    day = timezone.localdate() + timedelta(days=9)
    facts = SlotFacts(cast.amit, Slot.Kind.STATUS, day)
    make = lambda: len(slots_create(visit=visit, facts=facts, starts=time(9), ends=time(10), minutes=15))  # noqa: E731
    assert sorted(map(str, at_once(make, make))) == ["4", "slots_overlap"]
    assert Slot.objects.count() == 4


def test_two_members_who_hand_in_at_once_make_one_revision(cast):
    team = make_team(cast, "Magpie", cast.ruth, cast.daniel)
    visits = [cast.visit(cast.ruth), cast.visit(cast.daniel)]
    found = at_once(
        *(
            lambda v=visit: proposal_submit(visit=v, team=team, title="Signs", text="Text", seen_revision=0).number
            for visit in visits
        )
    )
    assert sorted(map(str, found)) == ["1", "newer_revision"]
    assert ProposalRevision.objects.count() == 1


def test_a_plan_that_is_applied_twice_at_once_is_applied_once(cast):
    set_sizes(cast, 2, 3)
    visit = cast.visit(cast.helen)
    plan = assignment_preview(visit=visit, seed=4)
    apply = lambda: assignment_apply(visit=visit, seed=4, digest=plan.digest).placed  # noqa: E731
    assert sorted(map(str, at_once(apply, apply))) == ["3", "plan_changed"]
    assert Team.objects.count() == 1
