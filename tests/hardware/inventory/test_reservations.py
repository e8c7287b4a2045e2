"""Asking for things, answering, changing and taking back, and what each says."""

from uuid import uuid4

import pytest
from django.utils import timezone

from courseplatform.core.errors import AppError
from courseplatform.notices.models.notifications import Notification
from hardware.inventory.lending.eligibility import Borrower
from hardware.inventory.services.items import item_move
from hardware.inventory.services.reservations import (
    reservation_approve,
    reservation_cancel,
    reservation_change_dates,
    reservation_decline,
    reservation_make,
)
from hardware.models import Booking, Kit, Reservation, ReservationMove
from tests.hardware.inventory.builders import cables_of, items_of, product_of, stockroom_of
from tests.hardware.inventory.lending import ask, coming_back, in_days, lend_by
from tests.people import make_user

pytestmark = [pytest.mark.django_db, pytest.mark.real_database]


@pytest.fixture
def pis(cast):
    product = product_of(cast)
    items_of(cast, product, "PI-01", "PI-02")
    return product


def refused(act, *given, **named):
    with pytest.raises(AppError) as caught:
        act(*given, **named)
    return caught.value


def active(row):
    return Booking.objects.filter(reservation=row, is_active=True).count()


def told(person):
    return list(
        Notification.objects.filter(person=person, kind="hardware").order_by("pk").values_list("title", flat=True)
    )


def test_a_request_holds_its_items_until_the_staff_answer(cast, pis):
    row = ask(cast, cast.ruth, pis, count=2, why="camera project")
    assert (row.status, active(row), row.made_by) == ("asked", 2, cast.ruth)
    assert told(cast.amit) == ["Ruth asks for 2 x Raspberry Pi 4, 8 GB"]
    assert "camera project" in Notification.objects.get(person=cast.amit, kind="hardware").text
    found = reservation_approve(visit=cast.visit(cast.amit), reservation=row, answer="at the desk from 10")
    assert (found.status, found.answer) == ("approved", "at the desk from 10")
    assert told(cast.ruth) == ["Approved: 2 x Raspberry Pi 4, 8 GB"]
    assert list(ReservationMove.objects.values_list("moved_to", "by")) == [("approved", "amit@example.edu")]


def test_what_is_not_free_says_when_it_is_and_offers_the_list(cast, pis):
    ask(cast, cast.ruth, pis, 1, 8)
    ask(cast, cast.daniel, pis, 4, 20)
    error = refused(ask, cast, cast.sofia, pis, 5, 9)
    assert (error.code, error.details["free"], error.details["missing"]) == ("not_free", 0, 1)
    assert "none is free from" in error.message and "join the waiting list" in error.message
    next_at = Booking.objects.get(reservation__person=cast.ruth).until_at
    assert error.details["next_at"] == next_at.isoformat()
    assert "It can be had for as long from" in error.message
    assert Reservation.objects.count() == 2


def test_a_course_that_approves_by_itself_says_so_at_once(cast, pis):
    lend_by(cast, approve="automatic")
    row = ask(cast, cast.ruth, pis)
    assert row.status == "approved"
    assert told(cast.ruth) == ["Reserved for you: Raspberry Pi 4, 8 GB"]
    assert told(cast.amit) == []


def test_what_staff_reserve_for_somebody_is_approved(cast, pis):
    row = ask(cast, cast.sofia, pis, by=cast.amit)
    assert (row.status, row.person, row.made_by) == ("approved", cast.sofia, cast.amit)


def test_the_same_form_twice_is_one_reservation_and_nobody_uses_that_of_another(cast, pis):
    key = uuid4()
    assert ask(cast, cast.ruth, pis, key=key) == ask(cast, cast.ruth, pis, key=key)
    assert Reservation.objects.count() == 1
    assert refused(ask, cast, cast.daniel, pis, key=key).code == "key_taken"


@pytest.mark.parametrize(
    ("first", "last", "rules", "code"),
    [
        (3, 2, {}, "backwards"),
        (-2, 3, {}, "past"),
        (1, 30, {"longest_days": 14}, "too_long"),
        (1, 300, {}, "beyond_term"),
    ],
)
def test_ranges_that_nobody_can_have(cast, pis, first, last, rules, code):
    lend_by(cast, **rules)
    assert refused(ask, cast, cast.ruth, pis, first, last).code == code
    assert Reservation.objects.count() == 0


def test_staff_lend_for_longer_than_students_may_ask(cast, pis):
    lend_by(cast, longest_days=14)
    assert ask(cast, cast.ruth, pis, 1, 300, by=cast.helen).status == "approved"


def test_for_the_term_is_until_the_return_and_a_course_without_one_says_so(cast, pis):
    assert refused(ask, cast, cast.ruth, pis, 1, None).code == "no_return"
    back = in_days(30)
    with coming_back(back):
        row = ask(cast, cast.ruth, pis, 1, None)
        assert (row.is_term, row.until_at) == (True, back)
        assert refused(ask, cast, cast.daniel, pis, 1, 31).code == "beyond_term"


def test_what_is_only_counted_broken_or_elsewhere_is_refused_in_words(cast, pis):
    assert refused(ask, cast, cast.ruth, cables_of(cast)).code == "counted_product"
    item_move(visit=cast.visit(cast.helen), item=pis.items.get(tag="PI-01"), to="in_repair", why="")
    assert refused(ask, cast, cast.ruth, item=pis.items.get(tag="PI-01")).code == "not_in_service"
    assert refused(ask, cast, cast.ruth, pis, count=0).code == "bad_count"
    assert refused(ask, cast, cast.ruth).code == "nothing_chosen"


def test_one_certain_item_is_held_for_who_asked_for_it(cast, pis):
    ask(cast, cast.ruth, pis)
    row = ask(cast, cast.daniel, item=pis.items.get(tag="PI-01"))
    assert row.bookings.get().item.tag == "PI-01"
    assert refused(ask, cast, cast.sofia, pis).code == "not_free"


def test_a_kit_is_held_with_every_part_that_has_a_tag(cast, pis):
    kit = Kit.objects.create(stockroom=stockroom_of(cast), tag="KIT-01", name="Vision kit")
    kit.slots.create(item=pis.items.get(tag="PI-01"))
    kit.slots.create(product=cables_of(cast), count=2)
    row = ask(cast, cast.ruth, kit=kit)
    assert row.bookings.get().item.tag == "PI-01"
    error = refused(ask, cast, cast.daniel, kit=kit)
    assert "kit KIT-01: it is not free" in error.message


def test_the_quota_counts_what_is_asked_for_at_the_same_time(cast, pis):
    lend_by(cast, quota={"board": 1})
    ask(cast, cast.ruth, pis)
    assert refused(ask, cast, cast.ruth, pis).code == "quota"
    assert ask(cast, cast.ruth, pis, by=cast.amit).status == "approved"


def test_nobody_asks_for_another_and_no_student_answers(cast, pis):
    assert refused(ask, cast, cast.ruth, pis, by=cast.daniel).code == "not_yourself"
    row = ask(cast, cast.ruth, pis)
    for act in (reservation_approve, reservation_decline):
        assert refused(act, visit=cast.visit(cast.daniel), reservation=row).code == "staff_only"
    for act in (reservation_cancel,):
        assert refused(act, visit=cast.visit(cast.daniel), reservation=row).code == "not_found"


def test_what_is_declined_or_cancelled_holds_nothing_and_stays_so(cast, pis):
    first, second = ask(cast, cast.ruth, pis), ask(cast, cast.daniel, pis)
    reservation_decline(visit=cast.visit(cast.amit), reservation=first, answer="ask your team")
    reservation_cancel(visit=cast.visit(cast.daniel), reservation=second)
    assert (active(first), active(second)) == (0, 0)
    assert told(cast.ruth) == ["Declined: Raspberry Pi 4, 8 GB"]
    assert refused(reservation_approve, visit=cast.visit(cast.amit), reservation=first).code == "illegal_move"
    assert ask(cast, cast.sofia, pis, count=2).status == "asked"


def test_days_are_changed_and_keep_their_place_where_the_new_ones_cannot_be_had(cast, pis):
    row = ask(cast, cast.ruth, pis, 1, 8)
    ask(cast, cast.daniel, pis, 10, 20, count=2)
    visit = cast.visit(cast.ruth)
    before = list(Booking.objects.filter(reservation=row, is_active=True).values_list("from_at", "until_at"))
    error = refused(reservation_change_dates, visit=visit, reservation=row, from_at=in_days(9), until_at=in_days(12))
    assert error.code == "not_free"
    assert list(Booking.objects.filter(reservation=row, is_active=True).values_list("from_at", "until_at")) == before
    moved = reservation_change_dates(visit=visit, reservation=row, from_at=in_days(2), until_at=in_days(9))
    assert Booking.objects.get(reservation=row, is_active=True).until_at == moved.until_at


def test_an_approved_one_is_made_shorter_by_a_student_and_anything_by_staff(cast, pis):
    row = ask(cast, cast.ruth, pis, 1, 8)
    reservation_approve(visit=cast.visit(cast.amit), reservation=row)
    mine, theirs = cast.visit(cast.ruth), cast.visit(cast.amit)
    error = refused(reservation_change_dates, visit=mine, reservation=row, from_at=in_days(2), until_at=in_days(9))
    assert error.code == "approved_already"
    reservation_change_dates(visit=mine, reservation=row, from_at=in_days(2), until_at=in_days(7))
    found = reservation_change_dates(visit=theirs, reservation=row, from_at=in_days(2), until_at=in_days(12))
    assert (found.status, active(found)) == ("approved", 1)
    reservation_cancel(visit=mine, reservation=row)
    error = refused(reservation_change_dates, visit=mine, reservation=row, from_at=in_days(2), until_at=in_days(7))
    assert error.code == "not_open"


def test_a_stock_of_another_course_has_nothing_here(cast, pis):
    from hardware.inventory.services.stockrooms import stockroom_create

    other = cast.other_course
    other.enrolments.create(person=cast.ines, role="instructor")
    visit = cast.visit(cast.ines, other)
    stockroom_create(visit=visit, slug="other", name="Other")
    error = refused(
        reservation_make, visit=visit, borrower=Borrower(other, person=cast.lena), product=pis, from_at=timezone.now(), until_at=in_days(3)
    )  # fmt: skip
    assert error.code == "not_found"
    assert refused(reservation_cancel, visit=visit, reservation=ask(cast, cast.ruth, pis)).code == "not_found"


def test_a_person_outside_the_course_is_lent_nothing(cast, pis):
    stranger = make_user("Stranger")
    assert refused(ask, cast, stranger, pis, by=cast.amit).code == "not_in_course"


def test_a_request_among_many_asks_the_database_as_little_as_one_alone(cast, pis, django_assert_max_num_queries):
    """Inside the lock everybody else waits: what is asked there is what is paid for by all."""
    for n in range(20):
        ask(cast, cast.sofia, pis, first=1 + 10 * n, last=9 + 10 * n, by=cast.helen)
    times = {"from_at": in_days(3), "until_at": in_days(5), "product": pis}
    visit, borrower = cast.visit(cast.ruth), Borrower(cast.course, person=cast.ruth)
    with django_assert_max_num_queries(24):
        assert reservation_make(visit=visit, borrower=borrower, key=uuid4(), **times).status == "asked"
    visit, borrower = cast.visit(cast.daniel), Borrower(cast.course, person=cast.daniel)
    with django_assert_max_num_queries(19):
        assert reservation_make(visit=visit, borrower=borrower, wait=True, **times).status == "waiting"
