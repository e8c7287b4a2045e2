"""Several desks at the same things, at once: real threads on a real database."""

from collections import Counter
from datetime import timedelta
from itertools import count
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from hardware.inventory.services.loans import loan_accept, loan_renew, piece_lost
from hardware.models import Booking, Item, Loan, LoanEvent, LoanPiece
from tests.hardware.inventory.builders import BASE, cables_of, hand_over, items_of, product_of, take_back
from tests.hardware.inventory.test_stock_races import AT_ONCE, at_once
from tests.people import make_cast

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.real_database]


@pytest.fixture
def cast(settings, tmp_path):
    settings.DATA_DIR, settings.MEDIA_ROOT = tmp_path, tmp_path / "media"
    if connection.vendor == "sqlite" and connection.is_in_memory_db():
        pytest.fail("threads need a database file; see tests/settings.py")
    return make_cast()


def test_one_item_that_several_desks_hand_out_goes_to_one(cast):
    (pi,) = items_of(cast, product_of(cast), "PI-01")
    turn, people = count(), [cast.ruth, cast.daniel, cast.sofia]
    found = at_once(lambda: type(hand_over(cast, pi, person=people[next(turn) % 3])).__name__)
    assert Counter(found) == {"Loan": 1, "item_is_out": AT_ONCE - 1}
    assert (Loan.objects.count(), LoanPiece.objects.count(), Booking.objects.count()) == (1, 1, 1)


def test_one_item_in_the_forms_of_several_desks_goes_out_once_and_the_others_read_who_has_it(cast):
    (pi,) = items_of(cast, product_of(cast), "PI-01")
    cookies = []
    for person in (cast.amit, cast.helen):
        desk = Client()
        desk.force_login(person)
        cookies.append(desk.cookies)
    turn = count()

    def send():
        number = next(turn)
        desk = Client()
        desk.cookies = cookies[number % 2]
        sent = {"t": pi.tag, "to": f"p{(cast.ruth, cast.daniel)[number % 2].pk}", "key": str(uuid4()), "due": "none"}
        answer = desk.post(f"{BASE}desk/hand-over/", sent)
        return answer.status_code, answer.content.decode()

    found = at_once(send)
    has = Loan.objects.get().person
    assert Counter(status for status, _ in found) == {302: 1, 409: AT_ONCE - 1}
    assert all(f"PI-01 is out: {has} has it since" in page for status, page in found if status == 409)


def test_one_form_sent_by_several_tabs_is_one_loan(cast):
    pis, key = items_of(cast, product_of(cast), "PI-01", "PI-02"), uuid4()
    assert len(set(at_once(lambda: hand_over(cast, *pis, key=key).pk))) == 1
    assert LoanPiece.objects.count() == 2


def test_two_items_that_cross_at_several_desks_never_go_out_by_half(cast):
    pis, turn = items_of(cast, product_of(cast), "PI-01", "PI-02"), count()
    at_once(lambda: hand_over(cast, *(pis if next(turn) % 2 else reversed(pis))).pk)
    assert sorted(LoanPiece.objects.values_list("item__tag", "loan")) == [("PI-01", Loan.objects.get().pk), ("PI-02", Loan.objects.get().pk)]  # fmt: skip


def test_a_return_at_several_desks_is_one(cast):
    (pi,) = items_of(cast, product_of(cast), "PI-01")
    loan = hand_over(cast, pi)
    found = at_once(lambda: take_back(cast, pi).back[0])
    assert Counter(found) == {"PI-01": 1, "not_out": AT_ONCE - 1}
    assert LoanEvent.objects.filter(loan=loan, what="returned").count() == 1


def test_lost_at_one_desk_and_back_at_another_is_one_of_both_in_the_end(cast):
    (pi,) = items_of(cast, product_of(cast), "PI-01")
    piece = hand_over(cast, pi).pieces.get()
    turn, visit = count(), cast.visit(cast.amit)

    def act():
        return (
            take_back(cast, pi).back[0] if next(turn) % 2 else piece_lost(visit=visit, piece=piece, why="gone").ended_as
        )

    at_once(act)
    piece.refresh_from_db()
    status = Item.objects.get().status
    assert (piece.ended_as, status) in {("returned", "in_service"), ("lost", "lost")}
    assert not Booking.objects.filter(is_active=True).exists()


def test_the_last_cables_go_out_once(cast):
    cables = cables_of(cast, 4)
    found = at_once(lambda: type(hand_over(cast, (cables, 3))).__name__)
    assert Counter(found) == {"Loan": 1, "not_enough": AT_ONCE - 1}


def test_several_tabs_renew_and_confirm_once(cast):
    (pi,) = items_of(cast, product_of(cast), "PI-01")
    loan = hand_over(cast, pi, due_at=timezone.now() + timedelta(days=3))
    visit = cast.visit(cast.ruth)
    found = at_once(lambda: loan_renew(visit=visit, loan=loan).renewed)
    assert Counter(found) == {1: 1, "renewed_enough": AT_ONCE - 1}
    at_once(lambda: loan_accept(visit=visit, loan=loan).pk)
    assert LoanEvent.objects.filter(loan=loan, what="accepted").count() == 1
