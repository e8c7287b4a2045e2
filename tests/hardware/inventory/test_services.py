"""What services of the stock write, refuse, and keep as history."""

from uuid import uuid4

import pytest

from courseplatform.core.errors import AppError
from hardware.inventory.ledger import last_event
from hardware.inventory.services.items import item_change, item_move, items_add
from hardware.inventory.services.products import balance_of, product_change, product_picture_set
from hardware.inventory.services.stockrooms import stockroom_create, stockroom_join
from hardware.models import Item, StockEvent
from tests.hardware.inventory.builders import cables_of, count, items_of, png, product_of, stockroom_of
from tests.people import make_course

pytestmark = pytest.mark.django_db


def refused(call, **kwargs):
    with pytest.raises(AppError) as caught:
        call(**kwargs)
    return caught.value.code


def history(row):
    return [(one.what, one.before, one.after) for one in reversed(row.events.all())]


def test_a_course_lends_from_one_stockroom_and_a_second_term_joins_it(cast):
    room, visit = stockroom_of(cast), cast.visit(cast.helen)
    assert refused(stockroom_create, visit=visit, slug="second", name="Second") == "has_stockroom"
    next_term = make_course("odml-next")
    next_term.enrolments.create(person=cast.helen, role="instructor")
    next_term.enrolments.create(person=cast.amit, role="instructor")
    assert refused(stockroom_join, visit=cast.visit(cast.amit, next_term), stockroom=room.pk) == "not_found"
    assert stockroom_join(visit=cast.visit(cast.helen, next_term), stockroom=room.pk) == room


def test_items_are_added_many_at_once_or_not_at_all(cast):
    product = product_of(cast)
    made = items_of(cast, product, "pi-01", "PI-02", serials=["s1", "s2"], place="Shelf A")
    assert [(item.tag, item.serial, item.place) for item in made] == [("PI-01", "s1", "Shelf A"), ("PI-02", "s2", "Shelf A")]  # fmt: skip
    add = {"visit": cast.visit(cast.helen), "product": product, "values": {}}
    assert refused(items_add, **add, tags=["PI-03", "PI-02"], serials=[]) == "tag_taken"
    assert refused(items_add, **add, tags=["PI-03", "pi-03"], serials=[]) == "twice"
    assert refused(items_add, **add, tags=["PI-03", "PI-04"], serials=["x"]) == "wrong_number_of_serials"
    assert refused(items_add, **add, tags=["PI-03"], serials=["S1"]) == "serial_taken"
    assert Item.objects.count() == 2


def test_one_serial_number_may_be_that_of_two_products(cast):
    items_of(cast, product_of(cast), "PI-01", serials=["7"])
    items_of(cast, product_of(cast, "Camera", kind="camera"), "CM-01", serials=["7"])
    assert Item.objects.filter(serial="7").count() == 2


def test_every_changed_value_is_one_line_of_history(cast):
    (item,) = items_of(cast, product_of(cast), "PI-01")
    visit = cast.visit(cast.helen)
    item_change(visit=visit, item=item, values={"place": "Shelf B", "condition": "worn", "note": ""}, seen=last_event(item))  # fmt: skip
    item_move(visit=visit, item=item, to="in_repair", why="no HDMI")
    assert history(item) == [
        ("added", "", "PI-01"), ("place", "", "Shelf B"), ("condition", "good", "worn"), ("status", "in_service", "in_repair"),
    ]  # fmt: skip
    assert {one.by for one in item.events.all()} == {"helen@example.edu"}


def test_history_is_never_changed(cast):
    (item,) = items_of(cast, product_of(cast), "PI-01")
    with pytest.raises(AppError) as caught:
        item.events.all().delete()
    assert caught.value.code == "append_only"


def test_two_who_change_one_item_do_not_overwrite_each_other(cast):
    (item,) = items_of(cast, product_of(cast), "PI-01")
    seen, visit = last_event(item), cast.visit(cast.helen)
    item_change(visit=visit, item=item, values={"place": "A"}, seen=seen)
    assert refused(item_change, visit=visit, item=item, values={"place": "B"}, seen=seen) == "changed_meanwhile"
    assert refused(item_change, visit=visit, item=item, values={"place": "A"}, seen=last_event(item)) == "no_change"


@pytest.mark.parametrize(("start", "to"), [("lost", "lost"), ("retired", "lost")])
def test_what_is_retired_is_not_lost_and_the_same_state_again_changes_nothing(cast, start, to):
    (item,) = items_of(cast, product_of(cast), "PI-01")
    visit = cast.visit(cast.amit)
    item = item_move(visit=visit, item=item, to=start, why="")
    before = StockEvent.objects.count()
    if start == to:
        item_move(visit=visit, item=item, to=to, why="")
    else:
        assert refused(item_move, visit=visit, item=item, to=to, why="") == "illegal_move"
    assert StockEvent.objects.count() == before


def test_a_count_is_the_sum_of_what_came_and_went_and_is_never_below_nothing(cast):
    cables = cables_of(cast, 12)
    assert count(cast, cables, "given", 3) == 9
    assert count(cast, cables, "counted", 7) == 7
    assert balance_of(cables) == 7
    with pytest.raises(AppError) as caught:
        count(cast, cables, "given", 8)
    assert caught.value.code == "not_enough"


def test_the_same_form_sent_twice_counts_once(cast):
    cables, key = cables_of(cast, 12), uuid4()
    assert count(cast, cables, "given", 3, key) == count(cast, cables, "given", 3, key) == 9


def test_what_is_counted_gets_no_tags_and_what_has_tags_is_not_counted(cast):
    cables, product, visit = cables_of(cast), product_of(cast), cast.visit(cast.helen)
    items_of(cast, product, "PI-01")
    assert refused(items_add, visit=visit, product=cables, tags=["C-1"], serials=[], values={}) == "counted_product"
    assert refused(product_change, visit=visit, product=product, values={"is_counted": True}, seen=last_event(product)) == "has_items"  # fmt: skip
    assert refused(product_change, visit=visit, product=cables, values={"is_counted": False}, seen=last_event(cables)) == "has_count"  # fmt: skip


def test_a_catalogue_has_each_name_once_whatever_its_capitals(cast):
    product_of(cast, "Camera", kind="camera")
    with pytest.raises(AppError) as caught:
        product_of(cast, "CAMERA", kind="camera")
    assert caught.value.code == "name_taken"


def test_a_board_names_a_device_profile_that_there_is(cast):
    assert product_of(cast, device="rpi-4-8gb").device == "rpi-4-8gb"
    with pytest.raises(AppError) as caught:
        product_of(cast, "Toaster", device="toaster")
    assert caught.value.code == "unknown_device"


def test_a_picture_is_kept_without_the_place_where_it_was_taken(cast):
    place = b"\x00\x00\x00\x0dtEXt" + b"Place\x0040.44 N" + b"\x00\x00\x00\x00"
    kept = product_picture_set(visit=cast.visit(cast.helen), product=product_of(cast), name="a.png", content=png()[:33] + place + png()[33:])  # fmt: skip
    with kept.picture.open("rb") as file:
        assert file.read() == png()


def test_a_picture_is_what_its_bytes_say(cast):
    product, visit = product_of(cast), cast.visit(cast.helen)
    kept = product_picture_set(visit=visit, product=product, name="../../x.png", content=png())
    assert kept.picture_type == "image/png" and "x.png" not in kept.picture.name
    for content, code in ((b"<svg onload=alert(1)>", "svg_refused"), (b"MZ", "not_an_image"), (b"x" * (5 << 20), "image_too_large")):  # fmt: skip
        assert refused(product_picture_set, visit=visit, product=product, name="a.png", content=content) == code
