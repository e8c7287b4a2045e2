"""The waiting list, and what time and leaving do to reservations."""

from datetime import timedelta

import pytest
from django.utils import timezone

from courseplatform.core.errors import AppError
from courseplatform.notices.models.notifications import Notification
from courseplatform.roster.services.members import member_drop
from courseplatform.teams.services.teams import team_create, team_leave
from hardware.inventory.lending.eligibility import Borrower
from hardware.inventory.services.bookings import Want, book
from hardware.inventory.services.items import item_move
from hardware.inventory.services.reservations import (
    reservation_approve,
    reservation_cancel,
    reservation_decline,
    reservation_make,
)
from hardware.inventory.services.waiting import pick_up_ends, reservations_sweep, waiting_serve
from hardware.models import Booking, Kit, Loan, LoanPiece, Reservation
from tests.hardware.inventory.builders import items_of, kit_of, product_of
from tests.hardware.inventory.lending import ask, in_days, lend_by

pytestmark = [pytest.mark.django_db, pytest.mark.real_database]


@pytest.fixture
def pis(cast):
    product = product_of(cast)
    items_of(cast, product, "PI-01", "PI-02")
    return product


def status(*rows):
    return [Reservation.objects.get(pk=row.pk).status for row in rows]


def told(person):
    return list(
        Notification.objects.filter(person=person, kind="hardware").order_by("pk").values_list("title", flat=True)
    )


def lent(cast, item, person, due=-1, team=None):
    """It went out ten days ago."""
    out = in_days(-10)
    loan = Loan.objects.create(
        stockroom=item.stockroom, course=cast.course, person=person, team=team, handed_at=out, handed_by="amit", due_at=in_days(due)
    )  # fmt: skip
    piece = LoanPiece.objects.create(loan=loan, item=item, product=item.product, out_at=out)
    book(item.stockroom, [Want(item.product, out, in_days(due), item, piece)], now=out)
    return loan


def test_who_waits_is_served_in_order_when_something_frees(cast, pis):
    held = ask(cast, cast.ruth, pis, count=2)
    first, second = ask(cast, cast.daniel, pis, wait=True), ask(cast, cast.sofia, pis, count=2, wait=True)
    assert status(first, second) == ["waiting", "waiting"]
    assert Booking.objects.filter(reservation__in=[first, second]).count() == 0
    reservation_decline(visit=cast.visit(cast.amit), reservation=held)
    assert status(first, second) == ["asked", "waiting"]
    assert told(cast.daniel)[-1] == "Free now: Raspberry Pi 4, 8 GB"
    assert told(cast.amit)[-1] == "From the waiting list: Raspberry Pi 4, 8 GB for Daniel"


def test_a_small_one_passes_only_where_the_first_cannot_be_served(cast, pis):
    one, other = ask(cast, cast.ruth, pis), ask(cast, cast.ruth, pis)
    large, small = ask(cast, cast.daniel, pis, count=2, wait=True), ask(cast, cast.sofia, pis, wait=True)
    reservation_cancel(visit=cast.visit(cast.ruth), reservation=one)
    assert status(large, small) == ["waiting", "asked"]
    reservation_cancel(visit=cast.visit(cast.sofia), reservation=small)
    reservation_cancel(visit=cast.visit(cast.ruth), reservation=other)
    assert status(large) == ["asked"]


def test_who_asks_later_does_not_get_what_the_list_could_have(cast, pis):
    ask(cast, cast.ruth, pis, 1, 4, count=2)
    waits = ask(cast, cast.daniel, pis, 2, 9, count=2, wait=True)
    later = in_days(5)
    row = reservation_make(
        visit=cast.visit(cast.sofia), borrower=Borrower(cast.course, person=cast.sofia), product=pis, from_at=in_days(6), until_at=in_days(8),
        wait=True, now=later,
    )  # fmt: skip
    assert status(row, waits) == ["waiting", "asked"]
    assert Reservation.objects.get(pk=waits.pk).from_at == later


def test_the_wait_may_last_into_the_time_that_was_wanted(cast, pis):
    held = ask(cast, cast.ruth, pis, 1, 9, count=2)
    waits = ask(cast, cast.daniel, pis, 2, 9, wait=True)
    later = in_days(4)
    reservation_decline(visit=cast.visit(cast.amit), reservation=held, now=later)
    row = Reservation.objects.get(pk=waits.pk)
    assert (row.status, row.from_at) == ("asked", later)
    assert row.bookings.get().from_at == later


def test_served_from_the_list_is_approved_where_staff_asked_or_the_course_says_so(cast, pis):
    held = ask(cast, cast.ruth, pis, count=2)
    by_staff = ask(cast, cast.daniel, pis, by=cast.amit, wait=True)
    lend_by(cast, approve="automatic")
    by_rule = ask(cast, cast.sofia, pis, wait=True)
    reservation_cancel(visit=cast.visit(cast.ruth), reservation=held)
    assert status(by_staff, by_rule) == ["approved", "approved"]


@pytest.mark.parametrize("whose", ["own", "of the team"])
def test_who_has_something_overdue_is_passed_over_and_keeps_the_place(cast, pis, whose):
    held = ask(cast, cast.ruth, pis, count=2)
    late, other = ask(cast, cast.daniel, pis, wait=True), ask(cast, cast.sofia, pis, wait=True)
    camera = items_of(cast, product_of(cast, "Camera", kind="camera"), "CM-01")[0]
    if whose == "own":
        loan = lent(cast, camera, cast.daniel)
    else:
        loan = lent(cast, camera, None, team=team_create(visit=cast.visit(cast.daniel), name="Heron"))
    reservation_decline(visit=cast.visit(cast.amit), reservation=held)
    assert status(late, other) == ["waiting", "asked"]
    loan.closed_at = timezone.now()
    loan.save()
    waiting_serve(pis.stockroom, [pis])
    assert status(late) == ["asked"]


def test_staff_approve_from_the_list_what_is_free_and_are_told_where_it_is_not(cast, pis):
    held = ask(cast, cast.ruth, pis, count=2)
    waits = ask(cast, cast.daniel, pis, wait=True)
    with pytest.raises(AppError) as caught:
        reservation_approve(visit=cast.visit(cast.amit), reservation=waits)
    assert caught.value.code == "not_free"
    Booking.objects.filter(reservation=held).update(is_active=False)
    reservation_approve(visit=cast.visit(cast.amit), reservation=waits)
    assert status(waits) == ["approved"]


def test_a_kit_waits_for_its_parts(cast, pis):
    kit = Kit.objects.create(stockroom=pis.stockroom, tag="KIT-01", name="Vision kit")
    kit.slots.create(product=pis, count=2)
    held = ask(cast, cast.ruth, pis)
    waits = ask(cast, cast.daniel, kit=kit, wait=True)
    assert waits.status == "waiting"
    reservation_decline(visit=cast.visit(cast.amit), reservation=held)
    assert status(waits) == ["asked"]
    assert Booking.objects.filter(reservation=waits, is_active=True).count() == 2


def test_what_nobody_picks_up_goes_to_who_waits(cast, pis):
    lend_by(cast, pickup_days=3)
    held = ask(cast, cast.ruth, pis, 1, 20, count=2)
    reservation_approve(visit=cast.visit(cast.amit), reservation=held)
    waits = ask(cast, cast.daniel, pis, 1, 20, wait=True)
    ends = pick_up_ends(Reservation.objects.get(pk=held.pk))
    assert reservations_sweep(now=ends - timedelta(minutes=1))["no_shows"] == 0
    assert reservations_sweep(now=ends)["no_shows"] == 1
    assert reservations_sweep(now=ends)["no_shows"] == 0
    assert status(held, waits) == ["no_show", "asked"]
    assert told(cast.ruth)[-1] == "Not picked up: 2 x Raspberry Pi 4, 8 GB"
    assert Booking.objects.filter(reservation=held, is_active=True).count() == 0


def test_what_the_staff_did_not_answer_is_no_fault_of_who_asked(cast, pis):
    row = ask(cast, cast.ruth, pis, 1, 2)
    assert reservations_sweep(now=in_days(3))["no_shows"] == 1
    assert status(row) == ["cancelled"]
    assert told(cast.ruth)[-1] == "Not answered in time: Raspberry Pi 4, 8 GB"


def test_a_wait_ends_with_the_time_that_was_wanted(cast, pis):
    ask(cast, cast.ruth, pis, 1, 30, count=2)
    waits = ask(cast, cast.daniel, pis, 2, 4, wait=True)
    assert reservations_sweep(now=in_days(3))["in_vain"] == 0
    assert reservations_sweep(now=in_days(4.1))["in_vain"] == 1
    assert status(waits) == ["cancelled"]


def test_who_leaves_the_course_holds_nothing(cast, pis):
    row, waits = ask(cast, cast.ruth, pis, count=2), ask(cast, cast.daniel, pis, wait=True)
    member_drop(visit=cast.visit(cast.helen), enrolment=cast.course.enrolments.get(person=cast.ruth))
    assert reservations_sweep()["gone"] == 1
    assert status(row, waits) == ["cancelled", "asked"]
    assert "Ruth left the course" in Reservation.objects.get(pk=row.pk).moves.get().why


def test_a_dissolved_team_holds_nothing(cast, pis):
    team = team_create(visit=cast.visit(cast.ruth), name="Heron")
    row = ask(cast, cast.ruth, pis, team=team)
    assert reservations_sweep()["gone"] == 0
    team_leave(visit=cast.visit(cast.ruth), team=team, now=in_days(0.1))
    team.refresh_from_db()
    assert team.status == "dissolved"
    assert reservations_sweep(now=in_days(0.2))["gone"] == 1
    assert status(row) == ["cancelled"]


def test_what_comes_not_back_is_said_to_who_is_next_and_so_is_its_return(cast, pis):
    lent(cast, pis.items.get(tag="PI-01"), cast.daniel, due=0.5)
    row = ask(cast, cast.ruth, pis, 1, 8, count=2)
    assert reservations_sweep(now=in_days(0.4))["lost"] == 0
    assert reservations_sweep(now=in_days(0.6))["lost"] == 1
    assert told(cast.ruth) == ["Not enough left for 2 x Raspberry Pi 4, 8 GB"]
    assert told(cast.amit)[-1] == "Too few are left for Ruth: 2 x Raspberry Pi 4, 8 GB"
    assert reservations_sweep(now=in_days(0.7))["lost"] == 0
    LoanPiece.objects.update(back_at=timezone.now(), ended_as="returned")
    Booking.objects.exclude(piece=None).update(is_active=False)
    waiting_serve(pis.stockroom, [pis])
    assert told(cast.ruth)[-1] == "There again for you: 2 x Raspberry Pi 4, 8 GB"
    assert Booking.objects.filter(reservation=row, is_active=True, item=None).count() == 0


def test_who_lost_an_item_gets_one_before_who_waits(cast, pis):
    item = pis.items.get(tag="PI-01")
    row = ask(cast, cast.ruth, pis, count=2)
    waits = ask(cast, cast.daniel, pis, wait=True)
    item_move(visit=cast.visit(cast.amit), item=item, to="in_repair", why="")
    waiting_serve(pis.stockroom, [pis])
    item_move(visit=cast.visit(cast.amit), item=item, to="in_service", why="")
    waiting_serve(pis.stockroom, [pis])
    assert status(row, waits) == ["asked", "waiting"]
    assert Booking.objects.filter(reservation=row, is_active=True, item=None).count() == 0


def test_the_sweep_asks_little_where_there_is_nothing_to_do(cast, pis, django_assert_max_num_queries):
    ask(cast, cast.ruth, pis)
    with django_assert_max_num_queries(6):
        assert reservations_sweep() == {"gone": 0, "in_vain": 0, "no_shows": 0, "lost": 0}


def test_who_asked_for_one_item_that_stays_out_gets_another_or_hears_of_it_a_day_before(cast, pis):
    first, second = pis.items.order_by("tag")
    (fixed,) = items_of(cast, pis, "PI-09")
    kit = kit_of(cast, "KIT-01", "PI-09")
    for item, who in ((first, cast.daniel), (fixed, cast.sofia)):
        lent(cast, item, who, due=1)
    theirs = ask(cast, cast.ruth, item=first, first=3, last=6)
    whole = ask(cast, cast.ruth, kit=kit, first=3, last=6)
    count = len(told(cast.ruth))

    def sweep(day):
        for _ in range(2):  # each minute: nobody hears it twice
            reservations_sweep(now=in_days(day))
        return told(cast.ruth)[count:]

    assert sweep(1.5) == []  # it is overdue, and may still come back
    others = Borrower(cast.course, person=cast.sofia)
    free = reservation_make(
        visit=cast.visit(cast.helen),
        borrower=others,
        product=pis,
        from_at=in_days(4),
        until_at=in_days(5),
        now=in_days(1.5),
    )
    assert free.bookings.get().item == second  # two who meet on one item keep nobody from another one
    reservation_cancel(visit=cast.visit(cast.helen), reservation=free)
    assert sweep(2.1) == ["Another one for you: PI-01, Raspberry Pi 4, 8 GB", "May not be there in time: kit KIT-01"]
    assert {"Another item for Ruth: PI-01, Raspberry Pi 4, 8 GB", "Not there in time for Ruth: kit KIT-01"} <= set(
        told(cast.amit)
    )
    assert [row.bookings.get().item for row in (theirs, whole)] == [second, fixed]
    item_move(visit=cast.visit(cast.helen), item=second, to="in_repair", why="broken")
    assert sweep(2.2)[2:] == ["Not enough left for PI-01, Raspberry Pi 4, 8 GB"]


def test_who_asked_for_an_item_that_broke_hears_of_it_where_there_is_no_other(cast, pis):
    first, second = pis.items.order_by("tag")
    item_move(visit=cast.visit(cast.helen), item=second, to="in_repair", why="broken")
    row = ask(cast, cast.ruth, item=first, first=0.5, last=2)
    item_move(visit=cast.visit(cast.helen), item=first, to="lost", why="broken")
    reservations_sweep()
    assert told(cast.ruth)[-1] == "May not be there in time: PI-01, Raspberry Pi 4, 8 GB"
    item_move(visit=cast.visit(cast.helen), item=second, to="in_service", why="broken")
    reservations_sweep()
    assert (
        told(cast.ruth)[-1] == "Another one for you: PI-01, Raspberry Pi 4, 8 GB" and row.bookings.get().item == second
    )
