"""What somebody who means harm, or two tabs, would try: floods, forged keys, things of others. Each is refused in words, with its code."""

from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from courseplatform.core.errors import AppError
from courseplatform.courses.models import Enrolment
from courseplatform.teams.models import Membership
from hardware.inventory.ledger import last_event
from hardware.inventory.lending import eligibility
from hardware.inventory.services import cases, loans
from hardware.inventory.services.handing_over import Hand
from hardware.inventory.services.items import FIELDS, item_change
from hardware.inventory.services.kits import kit_change, last_kit_event
from hardware.inventory.services.loan_photos import loan_photo_add
from hardware.inventory.services.products import product_delete
from hardware.inventory.services.reservations import reservation_cancel
from hardware.models import Loan, LoanPiece, Reservation, StockEvent, StockroomCourse
from tests.courseplatform.teams.builders import make_team
from tests.hardware.inventory.builders import BASE, hand_over, items_of, kit_of, parts_of, png, product_of, take_back
from tests.hardware.inventory.lending import ask, in_days, lend_by

pytestmark = pytest.mark.django_db


@pytest.fixture
def pis(cast):
    return items_of(cast, product_of(cast), "PI-01", "PI-02")


def refused(act, *args, **more):
    """The code with which something is refused."""
    with pytest.raises(AppError) as refusal:
        act(*args, **more)
    assert refusal.value.message.endswith(".")
    return refusal.value.code


def test_nobody_floods_the_staff_with_requests(cast, pis, monkeypatch):
    monkeypatch.setattr(eligibility, "MOST_OPEN", 3)
    monkeypatch.setattr(eligibility, "MOST_A_DAY", 5)
    product = pis[0].product
    rows = [ask(cast, cast.ruth, product, wait=True) for _ in range(3)]
    assert refused(ask, cast, cast.ruth, product, wait=True) == "too_many_asked"
    for row in rows:
        reservation_cancel(visit=cast.visit(cast.ruth), reservation=row)
    for row in [ask(cast, cast.ruth, product), ask(cast, cast.ruth, product)]:
        reservation_cancel(visit=cast.visit(cast.ruth), reservation=row)
    assert refused(ask, cast, cast.ruth, product) == "too_many_asked"
    assert refused(ask, cast, cast.daniel, product, count=50, wait=True) == "bad_count"  # there are two in all
    ask(cast, cast.daniel, product)
    for _ in range(4):
        ask(cast, cast.ruth, product, by=cast.amit, wait=True)
    assert Reservation.objects.count() == 10


def test_who_helps_in_another_course_gives_nothing_back_to_themself(cast, pis):
    """Both courses lend from one stockroom. Daniel is a student here and a TA there."""
    StockroomCourse.objects.create(stockroom=pis[0].stockroom, course=cast.other_course)
    Enrolment.objects.create(course=cast.other_course, person=cast.daniel, role="ta")
    there, key = cast.visit(cast.daniel, cast.other_course), uuid4()
    hand_over(cast, pis[0], person=cast.daniel, key=key)

    def give_back():
        return loans.pieces_take_back(visit=there, pieces=[loans.Back(item=pis[0])], key=uuid4())

    assert refused(give_back) == "own_loan" and LoanPiece.objects.filter(back_at=None).exists()
    again = {"visit": there, "pieces": [Hand(item=pis[1])], "person": cast.lena}
    assert refused(loans.loan_hand_over, **again, key=key) == "key_taken"  # it was an error 500
    take_back(cast, pis[0])
    hand_over(cast, pis[0], person=cast.ruth)
    assert give_back().back == ["PI-01"]  # what others have is taken back at any desk


def test_a_form_of_a_return_takes_back_no_second_thing_in_silence(cast, pis):
    key = uuid4()
    hand_over(cast, *pis)
    for _ in range(2):
        take_back(cast, pis[0], key=key)
    assert refused(take_back, cast, pis[1], key=key) == "key_taken"


def test_who_left_the_team_reads_its_loan_and_does_nothing_with_it(cast, pis, client):
    team = make_team(cast, "Heron", cast.ruth, cast.daniel)
    loan = hand_over(cast, pis[0], team=team, due_at=in_days(3))
    Membership.objects.filter(person=cast.daniel).update(until_at=timezone.now())
    visit = cast.visit(cast.daniel)
    assert refused(loans.loan_renew, visit=visit, loan=loan) == "borrower_only"
    assert refused(loans.loan_say, visit=visit, loan=loan, text="x", key=uuid4()) == "borrower_only"
    assert refused(loan_photo_add, visit=visit, loan=loan, way="back", content=png()) == "borrower_only"
    client.force_login(cast.daniel)
    page = client.get(f"{BASE}loans/{loan.pk}/").content.decode()
    assert "PI-01" in page and "Add a photo" not in page and "Say what is not right" not in page
    loans.loan_renew(visit=cast.visit(cast.ruth), loan=loan)


def test_a_borrower_fills_no_loan_and_no_case_until_the_staff_cannot_write(cast, pis, monkeypatch):
    monkeypatch.setattr(loans, "MOST_NOTES", 2)
    monkeypatch.setattr(cases, "MOST_REPORTS", 2)
    loan, ruth = hand_over(cast, pis[0]), cast.visit(cast.ruth)

    def until_refused(act):
        for done in range(40):
            try:
                act(done)
            except AppError as error:
                return done, error.code
        raise AssertionError("never refused")

    picture = png()
    assert until_refused(lambda n: loan_photo_add(visit=ruth, loan=loan, way="back", content=picture)) == (12, "too_many_photos")  # fmt: skip
    assert until_refused(lambda n: loans.loan_say(visit=ruth, loan=loan, text=f"{n}", key=uuid4())) == (2, "too_many_notes")  # fmt: skip
    assert until_refused(lambda n: cases.case_report(visit=ruth, item=pis[0], what=f"{n}")) == (3, "too_many_notes")
    loans.loan_say(visit=cast.visit(cast.amit), loan=loan, text="Come by", key=uuid4())
    take_back(cast, pis[0], photo=picture)
    assert loan.photos.filter(way="back").count() == 13


@pytest.mark.parametrize("day", ["9999-12-31", "0001-01-01", "2900-01-01", "never", "2026-12-31x"])
def test_a_day_that_no_course_has_is_refused_beside_what_was_typed(cast, client, pis, day):
    loan = hand_over(cast, pis[0])
    client.force_login(cast.amit)
    answers = [client.post(f"{BASE}loans/{loan.pk}/renew/", {"due": "day", "day": day})]
    sent = {
        "t": "PI-02",
        "to": f"p{cast.ruth.pk}",
        "due": "day",
        "day": day,
        "note": "the blue one",
        "key": str(uuid4()),
    }
    answers.append(client.post(f"{BASE}desk/hand-over/", sent))
    assert [one.status_code for one in answers] == [422, 422]
    assert all("Code" in one.content.decode() for one in answers) and "the blue one" in answers[1].content.decode()


def test_a_photo_that_is_refused_keeps_everything_on_the_table(cast, client, pis):
    """The loan was made before its photo was looked at: the desk said no, and the board was out all the same."""
    client.force_login(cast.amit)
    sent = {"t": "PI-01", "to": f"p{cast.ruth.pk}", "due": "none", "note": "the blue one", "key": str(uuid4())}
    broken = SimpleUploadedFile("a.png", b"GIF89a")
    page = client.post(f"{BASE}desk/hand-over/", sent | {"photo": broken})
    assert page.status_code == 422 and "the blue one" in page.content.decode() and not Loan.objects.exists()
    for _ in range(2):  # a double click
        client.post(f"{BASE}desk/hand-over/", sent | {"photo": SimpleUploadedFile("a.png", png())})
    loan = Loan.objects.get()
    assert list(loan.photos.values_list("way", flat=True)) == ["out"]
    client.force_login(cast.ruth)
    page = client.post(f"{BASE}loans/{loan.pk}/say/", {"text": "no cable", "key": "x"})
    assert page.status_code == 422 and 'value="no cable"' in page.content.decode()


def test_no_history_goes_with_an_entry_that_is_deleted(cast, pis):
    """Its items are moved to another entry, its kit is changed: the catalogue would let it go, and their lines with it."""
    helen, wrong = cast.visit(cast.helen), pis[0].product
    right, kit = product_of(cast, "Raspberry Pi 5"), kit_of(cast, "KIT-01", wrong)
    row = ask(cast, cast.ruth, kit=kit)
    reservation_cancel(visit=cast.visit(cast.ruth), reservation=row)
    items_of(cast, right, "PJ-01")
    kit_change(visit=helen, kit=kit, values={"name": kit.name}, parts=parts_of(right), seen=last_kit_event(kit))
    assert wrong.bookings.exists()
    for item in pis:
        values = {name: getattr(item, name) for name in FIELDS} | {"product": right}
        item_change(visit=helen, item=item, values=values, seen=last_event(item))
    before = StockEvent.objects.count()
    assert refused(product_delete, visit=helen, product=wrong) == "in_use"
    assert StockEvent.objects.count() == before and pis[0].events.filter(what="added").exists()


def test_founding_another_team_is_no_way_around_what_the_last_one_has(cast, pis):
    camera = items_of(cast, product_of(cast, "Camera", kind="camera"), "CM-01")[0].product
    heron = make_team(cast, "Heron", cast.ruth, cast.daniel)
    loan = hand_over(cast, pis[0], team=heron, due_at=in_days(1))
    Loan.objects.update(due_at=in_days(-1))
    Membership.objects.filter(person=cast.ruth).update(until_at=timezone.now())
    magpie = make_team(cast, "Magpie", cast.ruth, cast.sofia)
    lend_by(cast, quota={"board": 1})
    reservation_cancel(
        visit=cast.visit(cast.ruth), reservation=ask(cast, cast.ruth, camera, team=magpie)
    )  # Daniel has it
    Membership.objects.filter(person=cast.daniel).update(until_at=timezone.now())
    assert refused(ask, cast, cast.ruth, camera, team=magpie) == "overdue_hold"
    assert refused(ask, cast, cast.daniel, camera) == "overdue_hold"
    ask(cast, cast.sofia, camera)  # she never was in it
    lend_by(cast, quota={"board": 1}, hold_overdue=False)
    assert refused(ask, cast, cast.ruth, pis[1].product, team=magpie) == "quota"
    take_back(cast, pis[0])
    loan.refresh_from_db()
    assert loan.closed_at and ask(cast, cast.ruth, pis[1].product, team=magpie)
