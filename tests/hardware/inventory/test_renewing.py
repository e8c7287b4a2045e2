"""Renewals: the borrower within the rules, the staff beyond them, and nobody past what is promised to others."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from hardware.inventory.services.loans import loan_renew
from hardware.models import Booking, Reservation
from tests.hardware.inventory.builders import hand_over, items_of, product_of, take_back
from tests.hardware.inventory.test_loans import DAY, HOUR, code_of, reserve

pytestmark = pytest.mark.django_db


@pytest.fixture
def pi(cast):
    return items_of(cast, product_of(cast), "PI-01")[0]


def lend(cast, pi, days=7, **values):
    return hand_over(cast, pi, due_at=timezone.now() + days * DAY, **values)


def renew(cast, loan, by="ruth", **values):
    return loan_renew(visit=cast.visit(getattr(cast, by)), loan=loan, **values)


def test_a_borrower_renews_once_by_the_days_of_the_course(cast, pi):
    loan = lend(cast, pi)
    after = renew(cast, loan)
    assert (after.due_at - loan.due_at).days in (13, 14) and after.renewed == 1  # an hour less over a clock change
    assert Booking.objects.get(is_active=True).until_at == after.due_at
    assert code_of(lambda: renew(cast, loan)) == ("renewed_enough", "A loan is renewed once at most, and this one was. Ask the staff.")  # fmt: skip
    assert renew(cast, loan, "amit", until_at=timezone.now() + 40 * DAY).renewed == 2


def test_the_hour_of_the_wall_clock_stays_over_a_clock_change(cast, pi):
    zone = ZoneInfo("America/New_York")
    due = datetime(2027, 3, 10, 17, tzinfo=zone)
    loan = hand_over(cast, pi, due_at=due, now=datetime(2027, 3, 1, 12, tzinfo=zone))
    after = renew(cast, loan, now=datetime(2027, 3, 2, 12, tzinfo=zone)).due_at
    assert after == datetime(2027, 3, 24, 17, tzinfo=zone) and (after - due.astimezone(UTC)) == 14 * DAY - HOUR


def test_what_the_course_does_not_allow_is_refused_with_its_code(cast, pi):
    loan = lend(cast, pi)
    cast.course.facts["lending"] = {"longest_days": 10}
    cast.course.save()
    assert code_of(lambda: renew(cast, loan))[0] == "too_long"
    assert code_of(lambda: renew(cast, loan, now=timezone.now() + 8 * DAY))[0] == "overdue"
    assert code_of(lambda: renew(cast, loan, "amit"))[0] == "no_day"
    assert code_of(lambda: renew(cast, loan, "amit", until_at=timezone.now() - HOUR))[0] == "due_in_past"
    assert code_of(lambda: renew(cast, loan, "sofia"))[0] == "not_found"
    renew(cast, loan, "amit", is_term=True)
    assert code_of(lambda: renew(cast, loan))[0] == "is_term"
    take_back(cast, pi)
    assert code_of(lambda: renew(cast, loan))[0] == "loan_closed"
    assert code_of(lambda: renew(cast, hand_over(cast, pi)))[0] == "no_day"


def test_what_is_promised_is_kept_until_then_and_only_the_staff_hear_to_whom(cast, pi):
    loan = lend(cast, pi)
    row = reserve(cast, pi.product, 9 * DAY, 3, person=cast.sofia)
    code, said = code_of(lambda: renew(cast, loan))
    assert code == "others_wait" and "PI-01 is promised to somebody else. It could be kept until" in said and "Sofia" not in said  # fmt: skip
    assert "promised to Sofia" in code_of(lambda: renew(cast, loan, "amit", until_at=timezone.now() + 20 * DAY))[1]
    loan.refresh_from_db()
    assert (loan.renewed, Booking.objects.get(piece__loan=loan).until_at) == (0, loan.due_at)
    assert renew(cast, loan, "amit", until_at=row.from_at).due_at == row.from_at


def test_nobody_renews_past_a_waiting_list_but_the_staff(cast, pi):
    loan = lend(cast, pi)
    now = timezone.now()
    Reservation.objects.create(
        stockroom=pi.stockroom, course=cast.course, person=cast.sofia, made_by=cast.sofia, made_at=now, product=pi.product, from_at=now,
        until_at=now + 5 * DAY, status="waiting", queued_at=now,
    )  # fmt: skip
    assert code_of(lambda: renew(cast, loan))[0] == "others_wait"
    assert renew(cast, loan, "amit", until_at=now + timedelta(days=9)).renewed == 1
