"""Several people at one damage case or one count, at once: real threads on a real database."""

import pytest
from django.db import connection

from hardware.inventory.services.cases import case_move, case_open
from hardware.inventory.services.takes import take_begin, take_end, take_scan, take_settle
from hardware.models import DamageCase, Item, StockEvent, StockTake, StockTakeScan
from tests.hardware.inventory.builders import items_of, product_of
from tests.hardware.inventory.test_stock_races import AT_ONCE, at_once
from tests.people import make_cast

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.real_database]


@pytest.fixture
def cast(settings, tmp_path):
    settings.DATA_DIR, settings.MEDIA_ROOT = tmp_path, tmp_path / "media"
    if connection.vendor == "sqlite" and connection.is_in_memory_db():
        pytest.fail("threads need a database file; see tests/settings.py")
    return make_cast()


@pytest.fixture
def pi(cast):
    return items_of(cast, product_of(cast), "PI-01", "PI-02", place="Shelf A")[0]


def test_several_reports_at_once_are_one_case(cast, pi):
    visit = cast.visit(cast.amit)
    assert len(set(at_once(lambda: case_open(visit=visit, item=pi, what="bent").pk))) == 1
    assert DamageCase.objects.count() == 1


def test_a_case_that_several_move_is_moved_once(cast, pi):
    visit = cast.visit(cast.amit)
    case = case_open(visit=visit, item=pi, what="bent")
    assert set(at_once(lambda: case_move(visit=visit, case=case, to="in_repair").status)) == {"in_repair"}
    assert case.moves.count() == StockEvent.objects.filter(item=pi, what="status").count() == 1


def test_different_answers_at_once_leave_one_that_the_item_follows(cast, pi):
    visit, answers = cast.visit(cast.amit), ["mended", "written_off", "no_fault"] * 2
    case = case_open(visit=visit, item=pi, what="bent")
    found = at_once(lambda: case_move(visit=visit, case=case, to=answers.pop()).status)
    case.refresh_from_db()
    assert case.moves.count() == 1 and set(found) == {case.status, "illegal_move"}
    assert Item.objects.get(pk=pi.pk).status == ("retired" if case.status == "written_off" else "in_service")


def test_one_shelf_that_several_begin_scan_and_end_is_one_count(cast, pi):
    visit = cast.visit(cast.amit)
    assert len(set(at_once(lambda: take_begin(visit=visit, place="Shelf A").pk))) == 1
    take = StockTake.objects.get()
    assert at_once(lambda: take_scan(visit=visit, take=take, code="PI-01").is_new).count(True) == 1
    assert at_once(lambda: take_scan(visit=visit, take=take, code="XX-9").is_new).count(True) == 1
    assert StockTakeScan.objects.count() == 2
    assert len(set(at_once(lambda: take_end(visit=visit, take=take).ended_at))) == 1
    assert StockEvent.objects.filter(what="counted").count() == 2


def test_one_tick_that_several_send_is_done_once(cast, pi):
    visit = cast.visit(cast.amit)
    take = take_begin(visit=visit, place="Shelf A")
    take_end(visit=visit, take=take)
    found = at_once(lambda: take_settle(visit=visit, take=take, lost=[pi.pk]))
    assert sorted(found) == [0] * (AT_ONCE - 1) + [1]
