"""Two desks at one stockroom, at once: real threads on a real database, where only a lock or a constraint helps."""

import threading
from uuid import uuid4

import pytest
from django.db import connection

from courseplatform.core.errors import AppError
from hardware.inventory.services.imports import plan_of, stock_import_apply, stock_import_create
from hardware.inventory.services.items import item_move
from hardware.inventory.services.kits import kit_change, kit_retire, last_kit_event
from hardware.inventory.services.products import balance_of
from hardware.models import Item, Kit, KitSlot, Product, StockEvent
from tests.hardware.inventory.builders import cables_of, count, items_of, kit_of, parts_of, product_of, stockroom_of
from tests.people import make_cast

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.real_database]
AT_ONCE = 6


@pytest.fixture
def cast(settings, tmp_path):
    settings.DATA_DIR, settings.MEDIA_ROOT = tmp_path, tmp_path / "media"
    if connection.vendor == "sqlite" and connection.is_in_memory_db():
        pytest.fail("threads need a database file; see tests/settings.py")
    return make_cast()


def at_once(act, times=AT_ONCE):
    """`act` in several threads that start together. Returns what they returned, errors by their code."""
    start, found = threading.Barrier(times), []

    def body():
        start.wait()
        try:
            found.append(act())
        except AppError as error:
            found.append(error.code)
        finally:
            connection.close()

    threads = [threading.Thread(target=body) for _ in range(times)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=120)
    assert len(found) == times
    return found


def test_one_tag_that_several_add_at_once_is_one_item(cast):
    product = product_of(cast)
    found = at_once(lambda: items_of(cast, product, "PI-01")[0].tag)
    assert sorted(found) == ["PI-01"] + ["tag_taken"] * (AT_ONCE - 1)
    assert Item.objects.count() == StockEvent.objects.filter(item__tag="PI-01").count() == 1


def test_the_last_cable_goes_to_one_of_several(cast):
    cables = cables_of(cast, 2)
    found = at_once(lambda: count(cast, cables, "given", 1))
    assert sorted(found, key=str) == [0, 1] + ["not_enough"] * (AT_ONCE - 2)
    assert balance_of(cables) == 0


def test_one_form_sent_by_several_tabs_counts_once(cast):
    cables, key = cables_of(cast, 12), uuid4()
    assert set(at_once(lambda: count(cast, cables, "given", 1, key))) == {11}
    assert balance_of(cables) == 11


def test_one_preview_applied_by_several_is_written_once(cast):
    stockroom_of(cast)
    visit = cast.visit(cast.helen)
    made = stock_import_create(visit=visit, data=b"kind,product,tag,count\nboard,Pi,PI-01,\ncable,Wire,,5\n")
    digest = plan_of(visit, made).digest
    assert set(at_once(lambda: stock_import_apply(visit=visit, stock_import=made, digest=digest).status)) == {"applied"}
    assert (Item.objects.count(), balance_of(Product.objects.get(name="Wire"))) == (1, 5)


def test_an_item_that_several_report_is_moved_once(cast):
    (item,) = items_of(cast, product_of(cast), "PI-01")
    visit = cast.visit(cast.amit)
    assert set(at_once(lambda: item_move(visit=visit, item=item, to="lost", why="").status)) == {"lost"}
    assert StockEvent.objects.filter(item=item, what="status").count() == 1


def test_one_tag_is_an_item_or_a_kit_and_never_both(cast):
    product = product_of(cast)
    items_of(cast, product, *(f"PI-0{n}" for n in range(AT_ONCE)))
    turns = iter(range(AT_ONCE))

    def act():
        turn = next(turns)
        return kit_of(cast, "BOX-01", f"PI-0{turn}").tag if turn % 2 else items_of(cast, product, "BOX-01")[0].tag

    assert sorted(at_once(act)) == ["BOX-01"] + ["tag_taken"] * (AT_ONCE - 1)
    assert Item.objects.filter(tag="BOX-01").count() + Kit.objects.count() == 1


def test_an_item_that_several_put_into_kits_is_in_one(cast):
    items_of(cast, product_of(cast), "PI-01")
    turns = iter(range(AT_ONCE))
    found = at_once(lambda: kit_of(cast, f"KIT-0{next(turns)}", "PI-01").pk)
    assert sorted(map(str, found))[1:] == ["in_other_kit"] * (AT_ONCE - 1)
    assert Kit.objects.count() == KitSlot.objects.count() == StockEvent.objects.filter(what="kit").count() == 1


def test_one_kit_that_several_change_at_once_is_changed_by_one(cast):
    product = product_of(cast)
    items_of(cast, product, *(f"PI-0{n}" for n in range(AT_ONCE + 1)))
    kit = kit_of(cast, "KIT-01", f"PI-0{AT_ONCE}")
    seen, turns, visit = last_kit_event(kit), iter(range(AT_ONCE)), cast.visit(cast.helen)
    found = at_once(lambda: kit_change(visit=visit, kit=kit, values={}, parts=parts_of(f"PI-0{next(turns)}"), seen=seen).tag)  # fmt: skip
    assert sorted(found) == ["KIT-01"] + ["changed_meanwhile"] * (AT_ONCE - 1)
    assert kit.slots.count() == 1 and kit.events.count() == 3


def test_a_kit_that_several_give_up_is_given_up_once(cast):
    items_of(cast, product_of(cast), "PI-01")
    kit, visit = kit_of(cast, "KIT-01", "PI-01"), cast.visit(cast.helen)
    assert set(at_once(lambda: kit_retire(visit=visit, kit=kit).is_retired)) == {True}
    assert kit.events.count() == 2
