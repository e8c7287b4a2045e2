"""Kits: one tag for things and kits, an item in at most one kit in use, nothing changed while a part is out, promises kept."""

from datetime import UTC, datetime, timedelta

import pytest

from courseplatform.core.errors import AppError
from hardware.inventory.kits.contents import kit_pieces, kit_wants
from hardware.inventory.ledger import last_event
from hardware.inventory.services.bookings import Want, book, lendable
from hardware.inventory.services.imports import plan_of, stock_import_create
from hardware.inventory.services.items import item_change, item_move
from hardware.inventory.services.kits import (
    Part,
    kit_change,
    kit_restore,
    kit_retire,
    kits_add,
    last_kit_event,
)
from hardware.models import Booking, Kit, KitEvent, Loan, LoanPiece, Reservation, ReservationStatus, StockEvent
from tests.hardware.inventory.builders import cables_of, items_of, kit_of, parts_of, product_of
from tests.hardware.inventory.lending import ask

pytestmark = [pytest.mark.django_db, pytest.mark.real_database]
NOW = datetime(2023, 9, 11, 16, tzinfo=UTC)


@pytest.fixture
def pis(cast):
    product = product_of(cast)
    items_of(cast, product, *(f"PI-0{n}" for n in range(1, 6)))
    return product


def refused(act, *args, **values):
    with pytest.raises(AppError) as caught:
        act(*args, **values)
    return caught.value.code


def contents(kit):
    return [one.item.tag if one.item else f"{one.count} {one.product}" for one in kit_pieces(Kit.objects.get(pk=kit.pk))]  # fmt: skip


def sentences(kit):
    return list(kit.events.order_by("pk").values_list("sentence", flat=True))


def of_item(tag):
    return list(StockEvent.objects.filter(item__tag=tag, what="kit").order_by("pk").values_list("before", "after"))


def change(cast, kit, *parts, seen=None, **values):
    wanted = parts_of(*parts) if parts else None
    return kit_change(visit=cast.visit(cast.helen), kit=kit, values=values, parts=wanted, seen=last_kit_event(kit) if seen is None else seen)  # fmt: skip


def reserve(cast, kit, status=ReservationStatus.APPROVED, first=1, last=5):
    row = Reservation.objects.create(
        stockroom=kit.stockroom, course=cast.course, person=cast.ruth, made_by=cast.ruth, made_at=NOW, kit=kit, from_at=day(first), until_at=day(last),
        status=status,
    )  # fmt: skip
    if status != ReservationStatus.WAITING:
        book(kit.stockroom, kit_wants(kit, row.from_at, row.until_at), now=NOW, reservation=row)
    return row


def day(number):
    return NOW + timedelta(days=number)


def lend(cast, item, kit=None):
    loan = Loan.objects.create(stockroom=item.stockroom, course=cast.course, person=cast.ruth, handed_at=NOW, handed_by="amit")  # fmt: skip
    return LoanPiece.objects.create(loan=loan, item=item, product=item.product, kit=kit, out_at=NOW)


def test_a_kit_is_made_of_items_and_products_and_both_histories_say_so(cast, pis):
    kit = kit_of(cast, "kit-01", "PI-02", pis, (cables_of(cast), 3))
    assert (kit.tag, kit.name, contents(kit)) == ("KIT-01", "Vision kit", ["PI-02", "1 Raspberry Pi 4, 8 GB", "3 USB-C cable"])  # fmt: skip
    assert sentences(kit) == ["Made with PI-02, 1 x Raspberry Pi 4, 8 GB, 3 x USB-C cable."]
    assert of_item("PI-02") == [("", "KIT-01")]
    assert [one.tag for one in lendable(pis)] == ["PI-01", "PI-03", "PI-04", "PI-05"]


def test_many_kits_are_made_by_patterns_or_none_of_them(cast, pis):
    visit = cast.visit(cast.helen)
    parts = [Part(tags=("PI-01", "PI-02", "PI-03")), Part(product=cables_of(cast).pk, count=2)]
    made = kits_add(visit=visit, tags=["KIT-01", "KIT-02", "KIT-03"], name="Vision", parts=parts)
    assert [contents(kit) for kit in made] == [[f"PI-0{n}", "2 USB-C cable"] for n in (1, 2, 3)]
    for tags, parts, code in (
        (["KIT-04", "KIT-05"], [Part(tags=("PI-04",))], "wrong_number_of_parts"), (["KIT-04", "KIT-05"], [Part(tags=("PI-04", "PI-04"))], "twice"),
        (["KIT-04", "KIT-05"], [Part(tags=("PI-04", "PI-01"))], "in_other_kit"), (["KIT-04", "KIT-04"], [Part(tags=("PI-04", "PI-05"))], "twice"),
        (["KIT-04", "KIT-01"], [Part(tags=("PI-04", "PI-05"))], "tag_taken"), ([], [Part(tags=())], "too_many_tags"),
    ):  # fmt: skip
        assert refused(kits_add, visit=visit, tags=tags, name="Vision", parts=parts) == code
    assert Kit.objects.count() == KitEvent.objects.count() == 3


def test_what_is_no_kit_is_refused_with_its_reason(cast, pis):
    item_move(visit=cast.visit(cast.helen), item=pis.items.get(tag="PI-05"), to="retired", why="")
    kit_of(cast, "KIT-01", "PI-01")
    for parts, code in (
        ((), "no_parts"), (("PI-99",), "unknown_tag"), (("KIT-01",), "unknown_tag"), (("PI 1",), "bad_tag"), (("PI-05",), "retired_part"),
        (("PI-02", "PI-02"), "twice"), ((pis, pis), "twice"), (((pis, 0),), "bad_count"), (((pis, 100),), "bad_count"),
        (tuple(f"X-{n}" for n in range(61)), "too_many_parts"),
    ):  # fmt: skip
        assert refused(kit_of, cast, "KIT-02", *parts) == code, parts
    assert refused(kit_of, cast, "KIT-02", "PI-02", name=" ") == "no_name"
    other = product_of(cast, "Other")
    type(other).objects.filter(pk=other.pk).delete()
    assert refused(kit_of, cast, "KIT-02", other) == "unknown_product"
    assert Kit.objects.count() == 1


def test_a_tag_is_of_one_thing_whether_item_or_kit(cast, pis):
    kit_of(cast, "KIT-01", "PI-01")
    assert refused(kit_of, cast, "pi-02", "PI-03") == "tag_taken"
    assert refused(items_of, cast, pis, "KIT-01") == "tag_taken"
    item = pis.items.get(tag="PI-02")
    assert refused(item_change, visit=cast.visit(cast.helen), item=item, values={"tag": "KIT-01"}, seen=last_event(item)) == "tag_taken"  # fmt: skip
    visit = cast.visit(cast.helen)
    made = stock_import_create(
        visit=visit, data=b'product,tag\n"Raspberry Pi 4, 8 GB",KIT-01\n"Raspberry Pi 4, 8 GB",PI-09\n'
    )
    assert [(line.verdict, [code for _, code, _ in line.row.faults]) for line in plan_of(visit, made).lines] == [
        ("refused", ["tag_taken"]), ("new", []),
    ]  # fmt: skip


def test_an_item_is_in_one_kit_in_use_and_leaves_a_retired_one_for_another(cast, pis):
    first = kit_of(cast, "KIT-01", "PI-01", "PI-02")
    assert refused(kit_of, cast, "KIT-02", "PI-01") == "in_other_kit"
    kit_retire(visit=cast.visit(cast.helen), kit=first, why="case broken")
    assert len(lendable(pis)) == 5
    kit_of(cast, "KIT-02", "PI-01")
    assert sentences(first)[1:] == ["Retired: case broken.", "PI-01 went to KIT-02."]
    assert of_item("PI-01") == [("", "KIT-01"), ("KIT-01", ""), ("", "KIT-02")]
    kit_restore(visit=cast.visit(cast.helen), kit=first)
    assert contents(first) == ["PI-02"] and not Kit.objects.get(pk=first.pk).is_retired
    assert [one.tag for one in lendable(pis)] == ["PI-03", "PI-04", "PI-05"]
    assert of_item("PI-02") == [("", "KIT-01"), ("KIT-01", ""), ("", "KIT-01")]


def test_a_change_says_what_left_what_joined_and_what_it_was_called(cast, pis):
    kit = kit_of(cast, "KIT-01", "PI-01", "PI-02", (pis, 1))
    change(cast, kit, "PI-03", "PI-01", (pis, 2), name="Camera kit", note="in the box")
    assert contents(kit) == ["PI-03", "PI-01", "1 Raspberry Pi 4, 8 GB", "1 Raspberry Pi 4, 8 GB"]
    assert sentences(kit)[1:3] == ["The name was: Vision kit.", "The note was: empty."]
    assert sentences(kit)[3:] == ["Left: PI-02.", "Joined: PI-03.", "Now: 2 x Raspberry Pi 4, 8 GB."]
    assert (
        of_item("PI-02")[1:] == [("KIT-01", "")] and of_item("PI-03") == [("", "KIT-01")] and len(of_item("PI-01")) == 1
    )
    assert refused(change, cast, kit, "PI-03", "PI-01", (pis, 2), name="Camera kit") == "no_change"


def test_a_long_history_is_kept_whole_in_several_lines(cast, pis):
    items = items_of(cast, product_of(cast, "Sensor"), *(f"TEMPERATURE-SENSOR-{n:04}" for n in range(30)))
    kit = kit_of(cast, "KIT-01", *(one.tag for one in items), note="word " * 90)
    change(cast, kit, note="")
    said = " ".join(sentences(kit))
    assert all(one.tag in said for one in items) and said.count("word") == 90
    assert max(map(len, sentences(kit))) <= 300


def test_two_people_do_not_overwrite_each_other(cast, pis):
    kit = kit_of(cast, "KIT-01", "PI-01")
    seen = last_kit_event(kit)
    change(cast, kit, name="Mine")
    assert refused(change, cast, kit, name="Yours", seen=seen) == "changed_meanwhile"


def test_what_a_kit_consists_of_stays_while_a_part_is_out_and_its_name_may_change(cast, pis):
    kit = kit_of(cast, "KIT-01", "PI-01", "PI-02")
    piece = lend(cast, pis.items.get(tag="PI-01"), kit)
    assert refused(change, cast, kit, "PI-02") == "kit_out"
    assert refused(kit_retire, visit=cast.visit(cast.helen), kit=kit) == "kit_out"
    assert change(cast, kit, "PI-01", "PI-02", name="Other").name == "Other"
    LoanPiece.objects.filter(pk=piece.pk).update(back_at=day(1), ended_as="returned")
    change(cast, kit, "PI-02")
    assert contents(kit) == ["PI-02"]


def test_what_is_out_joins_no_kit_before_it_is_back(cast, pis):
    lend(cast, pis.items.get(tag="PI-01"))
    assert refused(kit_of, cast, "KIT-01", "PI-01") == "part_out"
    assert Kit.objects.count() == StockEvent.objects.filter(what="kit").count() == 0


def test_an_item_that_is_promised_to_somebody_joins_no_kit(cast, pis):
    row = Reservation.objects.create(
        stockroom=pis.stockroom, course=cast.course, person=cast.ruth, made_by=cast.ruth, made_at=NOW, product=pis, count=4, from_at=day(1), until_at=day(2),
    )  # fmt: skip
    book(pis.stockroom, [Want(pis, day(1), day(2))] * 4, now=NOW, reservation=row)
    held = set(Booking.objects.values_list("item__tag", flat=True))
    kit = kit_of(cast, "KIT-01", sorted(held)[0])
    assert Booking.objects.filter(item=None).count() == 0  # the fifth serves them
    assert refused(kit_of, cast, "KIT-02", sorted(held)[1]) == "part_promised"
    kit_retire(visit=cast.visit(cast.helen), kit=kit)
    kit_of(cast, "KIT-02", sorted(held)[1])
    assert refused(kit_restore, visit=cast.visit(cast.helen), kit=kit) == "part_promised"
    assert Kit.objects.get(pk=kit.pk).is_retired


def test_a_reserved_kit_keeps_its_promise_when_its_parts_change(cast, pis):
    kit = kit_of(cast, "KIT-01", "PI-01")
    row = reserve(cast, kit)
    change(cast, kit, "PI-02", (pis, 2))
    booked = row.bookings.filter(is_active=True)
    assert [one.item.tag for one in booked if one.is_pinned] == ["PI-02"] and booked.count() == 3
    assert {one.item.tag for one in booked} <= {"PI-01", "PI-02", "PI-03", "PI-04", "PI-05"}
    assert refused(change, cast, kit, "PI-02", (pis, 5)) == "kit_reserved"
    assert refused(kit_retire, visit=cast.visit(cast.helen), kit=kit) == "kit_reserved"
    assert contents(kit)[1:] == ["1 Raspberry Pi 4, 8 GB"] * 2 and booked.count() == 3


def test_who_waits_for_a_kit_does_not_keep_it_in_use(cast, pis):
    kit = kit_of(cast, "KIT-01", "PI-01")
    reserve(cast, kit, ReservationStatus.WAITING)
    kit_retire(visit=cast.visit(cast.helen), kit=kit)
    assert kit_retire(visit=cast.visit(cast.helen), kit=kit).is_retired and len(sentences(kit)) == 2
    assert kit_restore(visit=cast.visit(cast.helen), kit=kit) == kit and len(sentences(kit)) == 3


def test_a_kit_of_another_stockroom_is_not_here(cast, pis):
    kit = kit_of(cast, "KIT-01", "PI-01")
    for act in (kit_retire, kit_restore):
        assert refused(act, visit=cast.visit(cast.lena, cast.other_course), kit=kit) in ("no_stockroom", "not_found")


def test_what_stays_in_a_reserved_kit_goes_to_nobody_who_waits_while_other_parts_change(cast, pis):
    kit = kit_of(cast, "KIT-01", "PI-01", pis)
    row = ask(cast, cast.ruth, kit=kit)
    ask(cast, cast.sofia, pis, count=2)
    waits = ask(cast, cast.daniel, pis, count=2, wait=True)  # one of four is left
    change(cast, kit, "PI-05", pis)
    waits.refresh_from_db()
    held = list(row.bookings.filter(is_active=True))
    assert waits.status == "waiting" and len(held) == 2
    assert [one.item.tag for one in held if one.is_pinned] == ["PI-05"]
    change(cast, kit, "PI-05")
    waits.refresh_from_db()
    assert waits.status == "asked" and row.bookings.filter(is_active=True).count() == 1
    assert not Booking.objects.filter(is_active=True, item=None).exists()
