"""What a kit consists of, what is booked for it, and what is missing of it."""

from datetime import UTC, datetime, timedelta

import pytest

from hardware.inventory.access import kit_for
from hardware.inventory.kits.contents import kit_pieces, kit_state, kit_states, kit_wants
from hardware.inventory.services.items import item_move
from hardware.models import Kit, Loan, LoanPiece
from tests.hardware.inventory.builders import cables_of, count, items_of, product_of

pytestmark = pytest.mark.django_db
NOW = datetime(2023, 9, 11, 16, tzinfo=UTC)


@pytest.fixture
def kit(cast):
    """PI-01, any two cameras of three, and four cables of twelve."""
    product = product_of(cast)
    board, *_ = items_of(cast, product, "PI-01", "PI-02")
    cameras = product_of(cast, "Camera", kind="camera")
    items_of(cast, cameras, "CM-01", "CM-02", "CM-03")
    made = Kit.objects.create(stockroom=product.stockroom, tag="KIT-01", name="Vision")
    made.slots.create(position=0, item=board)
    made.slots.create(position=1, product=cameras, count=2)
    made.slots.create(position=2, product=cables_of(cast), count=4)
    return made


def lend(cast, item, kit=None):
    loan = Loan.objects.create(stockroom=item.stockroom, course=cast.course, person=cast.ruth, handed_at=NOW, handed_by="amit")  # fmt: skip
    return LoanPiece.objects.create(loan=loan, item=item, product=item.product, kit=kit, out_at=NOW)


def item(kit, tag):
    return kit.stockroom.items.get(tag=tag)


def test_a_check_list_has_a_line_for_each_tag_and_one_for_what_is_counted(kit):
    lines = [
        (one.product.name, one.item.tag if one.item else None, one.count, one.is_counted) for one in kit_pieces(kit)
    ]
    assert lines == [
        ("Raspberry Pi 4, 8 GB", "PI-01", 1, False), ("Camera", None, 1, False), ("Camera", None, 1, False), ("USB-C cable", None, 4, True),
    ]  # fmt: skip


def test_what_has_a_tag_is_booked_and_a_fixed_part_by_its_name(kit):
    wants = kit_wants(kit, NOW, NOW + timedelta(days=1))
    assert [(one.product.name, one.item.tag if one.item else None) for one in wants] == [
        ("Raspberry Pi 4, 8 GB", "PI-01"), ("Camera", None), ("Camera", None),
    ]  # fmt: skip
    assert {(one.from_at, one.until_at) for one in wants} == {(NOW, NOW + timedelta(days=1))}


def test_a_kit_with_everything_there_is_whole(kit):
    assert kit_state(kit).is_whole and kit_state(kit).words == "whole"


@pytest.mark.parametrize(
    ("to", "words"), [("in_repair", "PI-01 is in repair"), ("lost", "PI-01 is lost"), ("retired", "PI-01 is retired")]
)
def test_a_part_out_of_circulation_is_missing(cast, kit, to, words):
    item_move(visit=cast.visit(cast.helen), item=item(kit, "PI-01"), to=to, why="")
    assert not kit_state(kit).is_whole and kit_state(kit).words == words


def test_a_part_that_is_out_alone_is_missing_and_one_that_is_out_with_the_kit_is_out(cast, kit):
    piece = lend(cast, item(kit, "PI-01"))
    assert (kit_state(kit).words, kit_state(kit).out) == ("PI-01 is out with Ruth", ())
    LoanPiece.objects.filter(pk=piece.pk).update(kit=kit)
    state = kit_state(kit)
    assert (state.words, state.out, state.missing, state.is_whole) == ("out with Ruth", (piece,), (), False)


def test_a_slot_is_short_by_what_is_out_broken_or_fixed_in_another_kit(cast, kit):
    other = Kit.objects.create(stockroom=kit.stockroom, tag="KIT-02", name="Other")
    other.slots.create(item=item(kit, "CM-01"))
    assert kit_state(kit).is_whole
    lend(cast, item(kit, "CM-02"))
    count(cast, kit.slots.get(position=2).product, "given", 9)
    assert kit_state(kit).words == "1 of 2 Camera is on the shelf; 3 of 4 USB-C cable are on the shelf"
    Kit.objects.filter(pk=other.pk).update(is_retired=True)
    assert kit_state(kit).words == "3 of 4 USB-C cable are on the shelf"


def test_what_is_missing_of_many_kits_takes_as_many_queries_as_of_one(cast, kit, django_assert_max_num_queries):
    product = item(kit, "PI-02").product
    for number in range(2, 9):
        (board,) = items_of(cast, product, f"PX-{number}")
        row = Kit.objects.create(stockroom=kit.stockroom, tag=f"KIT-{number:02}", name="Vision")
        row.slots.create(item=board)
    kits = list(Kit.objects.prefetch_related("slots__item__product", "slots__product__stockroom"))
    with django_assert_max_num_queries(3):
        states = kit_states(kits)
    assert len(states) == 8 and all(state.is_whole for state in states.values())


def test_a_kit_is_found_by_its_tag_and_only_in_a_course_that_lends_from_there(cast, kit):
    assert kit_for(cast.visit(cast.ruth), "kit-01") == kit
    with pytest.raises(Exception, match="No kit here has the tag KIT-01"):
        kit_for(cast.visit(cast.lena, cast.other_course), "KIT-01")
