"""Bookings: all of a want or nothing, others moved where that helps, and what is out too long is promised to nobody."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection

from courseplatform.core.errors import Conflict
from hardware.inventory.services.bookings import Want, book, check_overlaps, extend, lendable, release, replan
from hardware.models import Booking, Item, Kit, Loan, LoanPiece, Reservation
from tests.hardware.inventory.builders import items_of, product_of, stockroom_of

pytestmark = [pytest.mark.django_db, pytest.mark.real_database]
NOW = datetime(2023, 9, 11, 16, tzinfo=UTC)


def day(number):
    return NOW + timedelta(days=number)


@pytest.fixture
def pis(cast):
    product = product_of(cast)
    items_of(cast, product, "PI-01", "PI-02")
    return product


def reserve(cast, product, first, last, number=1):
    row = Reservation.objects.create(
        stockroom=product.stockroom, course=cast.course, person=cast.ruth, made_by=cast.ruth, made_at=NOW, product=product, count=number,
        from_at=day(first), until_at=day(last),
    )  # fmt: skip
    return book(product.stockroom, [Want(product, day(first), day(last))] * number, now=NOW, reservation=row)


def tags(rows):
    return [Booking.objects.select_related("item").get(pk=row.pk).item.tag for row in rows]


def test_a_third_of_two_is_refused_and_nothing_is_written(cast, pis):
    reserve(cast, pis, 0, 5, 2)
    with pytest.raises(Conflict) as caught:
        book(stockroom_of(cast), [Want(pis, day(4), day(6))] * 2, now=NOW, reservation=Reservation.objects.get())
    assert (caught.value.code, caught.value.details) == ("not_free", {"product": pis.name, "missing": 2})
    assert Booking.objects.count() == 2
    reserve(cast, pis, 5, 6, 2)


def test_others_are_planned_onto_another_item_for_a_newcomer(cast, pis):
    first, second = reserve(cast, pis, 0, 3), reserve(cast, pis, 0, 3)
    release(second, now=NOW)
    late = reserve(cast, pis, 5, 8)
    Booking.objects.filter(pk=late[0].pk).update(item=next(one for one in pis.items.all() if one.tag != tags(first)[0]))
    long = reserve(cast, pis, 2, 9)
    assert tags(first) == tags(late) != tags(long)


def test_what_is_overdue_is_promised_to_nobody_until_it_is_back(cast, pis):
    loan = Loan.objects.create(stockroom=pis.stockroom, course=cast.course, person=cast.ruth, handed_at=day(-9), handed_by="amit", due_at=day(-1))  # fmt: skip
    item = pis.items.get(tag="PI-01")
    piece = LoanPiece.objects.create(loan=loan, item=item, product=pis, out_at=day(-9))
    book(pis.stockroom, [Want(pis, day(-9), day(-1), item, piece)], now=day(-9))
    assert tags(reserve(cast, pis, 1, 2)) == ["PI-02"]
    with pytest.raises(Conflict):
        reserve(cast, pis, 1, 2)
    release([piece.booking], now=NOW)
    reserve(cast, pis, 1, 2)


def test_a_repair_moves_plans_and_says_which_have_no_item_left(cast, pis):
    held = reserve(cast, pis, 1, 4) + reserve(cast, pis, 1, 4)
    Item.objects.filter(tag="PI-01").update(status="in_repair")
    found = replan([pis], now=NOW)
    assert [len(found.lost), len(found.served)] == [1, 0]
    assert set(Booking.objects.filter(pk__in=[one.pk for one in held]).values_list("item__tag", flat=True)) == {"PI-02", None}  # fmt: skip
    Item.objects.filter(tag="PI-01").update(status="in_service")
    assert len(replan([pis], now=NOW).served) == 1
    assert sorted(tags(held)) == ["PI-01", "PI-02"]


def test_longer_where_another_item_serves_who_comes_next(cast, pis):
    mine = reserve(cast, pis, 0, 3)
    extend(Booking.objects.get(pk=mine[0].pk), until_at=day(6), now=NOW)
    reserve(cast, pis, 2, 6)
    with pytest.raises(Conflict):
        reserve(cast, pis, 4, 5)


def test_fixed_parts_of_a_kit_are_not_lent_alone(cast, pis):
    kit = Kit.objects.create(stockroom=pis.stockroom, tag="KIT-01", name="Vision kit")
    kit.slots.create(item=pis.items.get(tag="PI-01"))
    assert [item.tag for item in lendable(pis)] == ["PI-02"]
    Kit.objects.update(is_retired=True)
    assert [item.tag for item in lendable(pis)] == ["PI-01", "PI-02"]


@pytest.mark.skipif(
    connection.vendor != "postgresql", reason="the constraint is PostgreSQL's; SQLite has the lock alone"
)
def test_the_database_refuses_an_overlap_whoever_writes_it(cast, pis):
    held = reserve(cast, pis, 0, 5, 2)
    Booking.objects.filter(pk=held[1].pk).update(item=held[0].item_id)
    with pytest.raises(Conflict) as caught:
        check_overlaps()
    assert caught.value.code == "not_free"
    Booking.objects.filter(pk=held[1].pk).update(is_active=False)
    check_overlaps()
