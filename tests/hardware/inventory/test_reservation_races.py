"""Many who ask for few things at once: real threads on a real database. The whole of it is tests/load/reservations.py."""

from collections import Counter
from datetime import timedelta
from threading import Event, Thread
from uuid import uuid4

import pytest
from django.db import connection, transaction
from django.utils import timezone

from courseplatform.core.errors import AppError
from hardware.inventory.services.reservations import (
    reservation_approve,
    reservation_cancel,
    reservation_change_dates,
    reservation_decline,
)
from hardware.models import Booking, Reservation, Stockroom
from tests.hardware.inventory.builders import items_of, product_of
from tests.hardware.inventory.lending import ask, in_days, lend_by
from tests.load import reservations
from tests.people import make_cast

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.real_database]


@pytest.fixture
def cast(settings, tmp_path):
    settings.DATA_DIR, settings.MEDIA_ROOT = tmp_path, tmp_path / "media"
    if connection.vendor == "sqlite" and connection.is_in_memory_db():
        pytest.fail("threads need a database file; see tests/settings.py")
    return make_cast()


def at_once(*acts):
    """Each act in a thread; what it returned, or the code with which it was refused."""

    def act(number):
        try:
            return str(acts[number]())
        except AppError as error:
            return error.code
        finally:
            connection.close()

    return reservations.at_once(act, len(acts))[0]


def test_forty_ask_for_six_and_none_is_promised_twice(cast):
    product, people = reservations.stock_of(cast, 40, 6)
    told, _, _ = reservations.through_services(cast, product, people)
    found = Counter(told)
    assert (found["failed"], sum(found.values())) == (0, 40)
    assert found["asked"] >= 6 and found["waiting"] and found["refused"]
    assert reservations.double_bookings() == 0
    assert Booking.objects.filter(is_active=True).count() == found["asked"]


def test_the_check_for_double_bookings_finds_one(cast):
    product = product_of(cast)
    items_of(cast, product, "PI-01", "PI-02")
    rows = [ask(cast, person, product, 1, 5) for person in (cast.ruth, cast.daniel)]
    assert reservations.double_bookings() == 0
    # Where the database itself refuses this, it is not what is checked here.
    Booking.objects.filter(reservation=rows[1]).update(item=None)
    assert reservations.double_bookings() == 1


def test_one_form_from_several_tabs_is_one_reservation(cast):
    product, key = product_of(cast), uuid4()
    items_of(cast, product, "PI-01", "PI-02", "PI-03")
    found = at_once(*[lambda: ask(cast, cast.ruth, product, key=key).pk] * 6)
    assert len(set(found)) == 1
    assert Reservation.objects.count() == Booking.objects.count() == 1


def test_who_waits_too_long_for_the_lock_is_asked_to_send_it_again_and_it_counts_once(cast, client):
    product = product_of(cast)
    items_of(cast, product, "PI-01")
    client.force_login(cast.ruth)
    today, locked, done = timezone.localtime(timezone=cast.course.tz).date(), Event(), Event()
    days = {"from_day": today + timedelta(days=1), "until_day": today + timedelta(days=3)}
    sent = {"thing": f"product-{product.pk}", "count": 1, "borrower": f"person-{cast.ruth.pk}", "key": uuid4(), **days}

    def keep_it():
        with transaction.atomic():
            Stockroom.objects.select_for_update().get()
            locked.set()
            done.wait(30)
        connection.close()

    def send():
        return client.post(f"/courses/{cast.course.slug}/hardware/reserve/", sent)

    with connection.cursor() as cursor:
        sqlite = connection.vendor == "sqlite"
        cursor.execute("PRAGMA busy_timeout = 100" if sqlite else "SET lock_timeout = 100")
        other = Thread(target=keep_it)
        other.start()
        assert locked.wait(30)
        try:
            answer = send()
        finally:
            done.set()
            other.join()
            cursor.execute("PRAGMA busy_timeout = 20000" if sqlite else "SET lock_timeout = 0")
    assert (answer.status_code, answer["Retry-After"], Reservation.objects.count()) == (503, "5", 0)
    assert "writes_busy" in answer.content.decode() and "send it once more" in answer.content.decode()
    assert [send().status_code, send().status_code, Reservation.objects.count()] == [302, 302, 1]


def test_a_quota_holds_against_several_tabs(cast):
    product = product_of(cast)
    items_of(cast, product, "PI-01", "PI-02", "PI-03")
    lend_by(cast, quota={"board": 1})
    found = at_once(*[lambda: ask(cast, cast.ruth, product).status] * 6)
    assert sorted(found) == ["asked"] + ["quota"] * 5


def test_a_reservation_that_several_answer_and_its_owner_takes_back_ends_once(cast):
    product = product_of(cast)
    items_of(cast, product, "PI-01")
    row, waits = ask(cast, cast.ruth, product), ask(cast, cast.daniel, product, wait=True)
    amit, helen, ruth = (cast.visit(one) for one in (cast.amit, cast.helen, cast.ruth))
    at_once(
        lambda: reservation_approve(visit=amit, reservation=row),
        lambda: reservation_decline(visit=helen, reservation=row),
        lambda: reservation_cancel(visit=ruth, reservation=row),
    )
    row.refresh_from_db()
    waits.refresh_from_db()
    assert row.status in ("declined", "cancelled") and waits.status == "asked"
    assert reservations.double_bookings() == 0
    assert Booking.objects.filter(is_active=True).count() == 1


def test_several_who_move_their_days_into_one_gap_do_not_share_it(cast):
    product = product_of(cast)
    items_of(cast, product, "PI-01")
    rows = [
        ask(cast, person, product, first, first + 1)
        for person, first in ((cast.ruth, 1), (cast.daniel, 3), (cast.sofia, 5))
    ]
    begins, ends = in_days(10), in_days(12)

    def move(row):
        visit = cast.visit(row.person)
        return lambda: reservation_change_dates(visit=visit, reservation=row, from_at=begins, until_at=ends).status

    assert sorted(at_once(*map(move, rows))) == ["asked", "not_free", "not_free"]
    assert reservations.double_bookings() == 0
