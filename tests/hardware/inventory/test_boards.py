"""The door of the runners: whether a board may serve, who is told when that changes, and what failed checks lead to."""

from datetime import date

import pytest
from django.utils import timezone

from courseplatform.notices.models import Notification
from hardware import hooks
from hardware.inventory.services.boards import board_checked
from hardware.inventory.services.cases import case_move, case_open
from hardware.inventory.services.items import item_move
from hardware.inventory.serving import boards_of_team, may_serve
from hardware.models import BoardSign, DamageCase, Item
from tests.courseplatform.teams.builders import make_team
from tests.hardware.inventory.builders import items_of, product_of
from tests.hardware.inventory.test_cases import lent

pytestmark = pytest.mark.django_db


@pytest.fixture
def pi(cast):
    return items_of(cast, product_of(cast), "PI-01", "PI-02")[0]


@pytest.fixture
def told(monkeypatch):
    """What a runner would hear: (tag, may serve, why)."""
    heard = []
    monkeypatch.setattr(hooks, "service_listeners", [])
    hooks.add_service_listener(lambda changed: heard.extend((item.tag, may, why) for item, may, why in changed))
    return heard


def checked(item, is_well, said="no answer on port 22"):
    return board_checked(item=item, is_well=is_well, said=said, by="runner pi4-01")


def test_the_third_failure_in_a_row_opens_one_case(cast, pi):
    for is_well in (False, False, True, False, False):
        checked(pi, is_well)
    assert not DamageCase.objects.exists()
    for _ in range(4):
        checked(pi, False)
    case = DamageCase.objects.get()
    assert (case.what, case.opened_by, case.events.count()) == (
        "The runner failed 3 health checks in a row: no answer on port 22", "runner pi4-01", 0,
    )  # fmt: skip
    assert BoardSign.objects.get().failed_in_row == 6
    assert Notification.objects.filter(person=cast.helen, kind="hardware").count() == 1


def test_a_closed_case_begins_the_row_of_failures_anew(cast, pi):
    for _ in range(5):
        checked(pi, False)
    case_move(visit=cast.visit(cast.amit), case=DamageCase.objects.get(), to="mended")
    checked(pi, False)
    assert BoardSign.objects.get().failed_in_row == 1
    for _ in range(2):
        checked(pi, False)
    assert sorted(DamageCase.objects.values_list("status", flat=True)) == ["mended", "open"]


def test_failures_of_a_board_that_has_a_case_are_a_note_in_it_and_of_a_retired_one_nothing(cast, pi):
    case_open(visit=cast.visit(cast.amit), item=pi, what="fan rattles")
    other = Item.objects.get(tag="PI-02")
    item_move(visit=cast.visit(cast.amit), item=other, to="retired", why="")
    for _ in range(3):
        checked(pi, False, "")
        checked(other, False)
    case = DamageCase.objects.get()
    assert [one.sentence for one in case.events.all()] == [
        "Reported again: The runner failed 3 health checks in a row: it did not say why"
    ]


def test_the_staff_of_a_course_that_is_over_hear_nothing_of_a_runner(cast, pi):
    cast.course.ends_on = date(2020, 12, 1)
    cast.course.save()
    for _ in range(3):
        checked(pi, False)
    assert DamageCase.objects.count() == 1 and not Notification.objects.filter(kind="hardware").exists()


def test_a_board_serves_everybody_in_the_lab_and_a_team_that_has_it_alone(cast, pi):
    magpie, heron = make_team(cast, "Magpie", cast.ruth), make_team(cast, "Heron", cast.daniel)
    assert may_serve(pi).ok and may_serve(pi, magpie).ok
    piece = lent(cast, pi, team=magpie)
    assert may_serve(pi, magpie).ok and boards_of_team(magpie) == [pi]
    assert not may_serve(pi).ok and boards_of_team(heron) == []
    assert may_serve(pi, heron).why == "PI-01 is on loan to team Magpie, so it serves their work alone."
    piece.back_at, piece.ended_as = timezone.now(), "returned"
    piece.save()
    assert may_serve(pi, heron).ok and boards_of_team(magpie) == []


@pytest.mark.parametrize(("to", "why"), [("in_repair", "in repair"), ("lost", "lost"), ("retired", "retired")])
def test_what_is_out_of_circulation_serves_nobody_and_its_runner_is_told_once(cast, pi, told, to, why):
    visit = cast.visit(cast.amit)
    for _ in range(2):
        item_move(visit=visit, item=pi, to=to, why="")
    item_move(visit=visit, item=pi, to="in_service", why="found")
    assert told == [("PI-01", False, f"PI-01 is {why}."), ("PI-01", True, "found")]


def test_a_repair_tells_the_runner_once_each_way_and_a_mere_report_does_not(cast, pi, told):
    visit = cast.visit(cast.amit)
    case = case_open(visit=visit, item=pi, what="fan rattles")
    assert told == [] and may_serve(pi).ok
    for to in ("in_repair", "in_repair", "mended", "mended"):
        case_move(visit=visit, case=case, to=to, why="fan")
    assert told == [("PI-01", False, "PI-01 is in repair."), ("PI-01", True, "fan")]
