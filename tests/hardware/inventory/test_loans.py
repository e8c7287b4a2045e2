"""Loans through their services: handed over, confirmed, taken back piece by piece, lost, found, undone. What is refused, and why."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.utils import timezone

from courseplatform.core.errors import AppError
from courseplatform.notices.models import Notification
from courseplatform.teams.models import Membership
from hardware import hooks
from hardware.inventory.access import loan_for
from hardware.inventory.services.bookings import Want, book
from hardware.inventory.services.handing_over import Hand
from hardware.inventory.services.items import item_move
from hardware.inventory.services.loan_photos import loan_photo_add
from hardware.inventory.services.loans import loan_accept, loan_say, loan_undo, piece_lost
from hardware.inventory.services.products import balance_of
from hardware.inventory.services.taking_back import Back
from hardware.models import Booking, DamageCase, Item, Loan, LoanPiece, Reservation, StockEvent
from tests.courseplatform.teams.builders import make_team
from tests.hardware.inventory.builders import cables_of, hand_over, items_of, kit_of, png, product_of, take_back
from tests.hardware.inventory.lending import ask

pytestmark = pytest.mark.django_db
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def pis(cast):
    return items_of(cast, product_of(cast), "PI-01", "PI-02", "PI-03", place="Shelf B2")


def code_of(act):
    with pytest.raises(AppError) as caught:
        act()
    return caught.value.code, caught.value.message


def reserve(cast, product, begin, days, *, number=1, status="approved", **who):
    now = timezone.now()
    row = Reservation.objects.create(
        stockroom=product.stockroom, course=cast.course, **(who or {"person": cast.ruth}), made_by=cast.ruth, made_at=now, product=product, count=number,
        from_at=now + begin, until_at=now + begin + days * DAY, status=status,
    )  # fmt: skip
    book(product.stockroom, [Want(product, row.from_at, row.until_at)] * number, now=now, reservation=row)
    return row


def test_what_is_handed_over_is_out_with_its_condition_and_everybody_knows(cast, pis):
    due = timezone.now() + 7 * DAY
    loan = hand_over(cast, Hand(item=pis[0], condition="worn"), pis[1], due_at=due, note="for Lab 2")
    rows = list(loan.pieces.order_by("pk"))
    assert [(one.item.tag, one.condition_out) for one in rows] == [("PI-01", "worn"), ("PI-02", "good")]
    assert Item.objects.get(tag="PI-01").condition == "worn"
    assert set(Booking.objects.filter(is_active=True).values_list("item__tag", "until_at")) == {("PI-01", due), ("PI-02", due)}  # fmt: skip
    assert StockEvent.objects.filter(what="loan", after="Ruth").count() == 2
    assert "PI-01, PI-02 handed to Ruth; due" in loan.events.get().sentence
    told = Notification.objects.get(person=cast.ruth)
    assert (told.kind, told.path) == ("hardware", f"/courses/odml/hardware/loans/{loan.pk}/")


def test_a_form_sent_twice_is_one_loan(cast, pis):
    key = uuid4()
    assert hand_over(cast, pis[0], key=key) == hand_over(cast, pis[0], key=key)
    assert (Loan.objects.count(), Notification.objects.filter(person=cast.ruth).count()) == (1, 1)


def test_what_is_out_names_who_has_it_and_nothing_of_the_rest_is_handed_over(cast, pis):
    hand_over(cast, pis[0])
    code, said = code_of(lambda: hand_over(cast, pis[1], pis[0], person=cast.sofia))
    assert code == "item_is_out" and "PI-01 is out: Ruth has it since" in said
    assert Loan.objects.count() == 1 and not LoanPiece.objects.filter(item=pis[1]).exists()


def test_what_cannot_be_lent_is_refused_with_its_code(cast, pis):
    item_move(visit=cast.visit(cast.amit), item=pis[0], to="in_repair", why="bent")
    now, team = timezone.now(), make_team(cast, "Heron", cast.ruth)
    cases = {
        "not_in_service": lambda: hand_over(cast, pis[0]),
        "due_in_past": lambda: hand_over(cast, pis[1], due_at=now - HOUR),
        "nothing_handed": lambda: hand_over(cast),
        "not_in_team": lambda: hand_over(cast, pis[1], team=team, taken_by=cast.sofia),
        "no_borrower": lambda: hand_over(cast, pis[1], team=team, person=cast.ruth),
        "not_in_course": lambda: hand_over(cast, pis[1], person=cast.lena),
        "bad_condition": lambda: hand_over(cast, Hand(item=pis[1], condition="shiny")),
        "not_counted": lambda: hand_over(cast, (pis[0].product, 1)),
        "not_enough": lambda: hand_over(cast, (cables_of(cast, 2), 3)),
    }
    assert {code: code_of(act)[0] for code, act in cases.items()} == {code: code for code in cases}
    assert Loan.objects.count() == 0 and not StockEvent.objects.filter(what="loan").exists()


def test_a_team_takes_it_and_all_its_members_are_told(cast, pis):
    team = make_team(cast, "Heron", cast.ruth, cast.daniel)
    loan = hand_over(cast, pis[0], team=team, taken_by=cast.daniel)
    assert "handed to team Heron, taken by Daniel" in loan.events.get().sentence
    assert set(Notification.objects.values_list("person__name", flat=True)) == {"Ruth", "Daniel"}


def test_what_is_reserved_is_handed_out_of_the_reservation(cast, pis):
    row = reserve(cast, pis[0].product, HOUR, 5, number=2)
    held = list(row.bookings.values_list("item__tag", flat=True))
    scanned = next(one for one in pis if one.tag not in held)
    hand_over(cast, scanned)
    row.refresh_from_db()
    assert (row.status, row.bookings.filter(is_active=True).count()) == ("approved", 1)
    loan = hand_over(cast, next(one for one in pis if one.tag != scanned.tag))
    row.refresh_from_db()
    assert (row.status, loan.reservation, Booking.objects.filter(is_active=True).count()) == ("handed_over", row, 2)


def test_what_is_promised_to_another_is_refused_from_the_day_on_which_it_is_needed(cast, pis):
    reserve(cast, pis[0].product, 3 * DAY, 5, number=3, person=cast.sofia)
    code, said = code_of(lambda: hand_over(cast, pis[0], due_at=timezone.now() + 9 * DAY))
    assert code == "promised" and "PI-01 is promised to Sofia from" in said
    assert Loan.objects.count() == 0
    hand_over(cast, pis[0], due_at=timezone.now() + 2 * DAY)


def test_others_are_planned_onto_another_item_where_one_is_left(cast, pis):
    row = reserve(cast, pis[0].product, HOUR, 5, person=cast.sofia)
    planned = row.bookings.get().item
    hand_over(cast, planned, due_at=timezone.now() + 9 * DAY)
    assert row.bookings.get().item not in (None, planned)


def test_a_named_reservation_is_of_its_borrower_and_still_open(cast, pis):
    row = reserve(cast, pis[0].product, HOUR, 5, person=cast.sofia)
    assert code_of(lambda: hand_over(cast, pis[0], reservation=row))[0] == "other_borrower"
    hand_over(cast, pis[0], reservation=row, person=cast.sofia)
    assert code_of(lambda: hand_over(cast, pis[1], reservation=row, person=cast.sofia))[0] == "reservation_over"


def test_a_kit_goes_out_whole_or_with_what_it_goes_without(cast, pis):
    meters = items_of(cast, product_of(cast, "USB meter", kind="usb_meter"), "UM-01", "UM-02")
    cards = items_of(cast, product_of(cast, "SD card", kind="sd_card"), "SD-01", "SD-02")
    cables = cables_of(cast, 1)
    kit = kit_of(cast, "KIT-01", pis[0].tag, meters[0].tag, (cards[0].product, 1), (cables, 2))
    hand_over(cast, meters[0], person=cast.sofia)
    code, said = code_of(lambda: hand_over(cast, kit))
    assert code == "kit_not_whole"
    for part in (
        "KIT-01 lacks UM-01: UM-01 is out: Sofia has it since",
        "lacks a SD card",
        "lacks USB-C cable: there are 1",
    ):
        assert part in said
    loan = hand_over(cast, Hand(kit=kit, without=frozenset({"UM-01", "USB-C cable"})), cards[1], meters[1])
    assert [(str(one.item or one.product), one.kit, one.count) for one in loan.pieces.all()] == [
        ("PI-01", kit, 1), ("SD-02", kit, 1), ("USB-C cable", kit, 1), ("UM-02", None, 1),
    ]  # fmt: skip
    assert balance_of(cables) == 0
    take_back(cast, *[one.item for one in loan.pieces.exclude(item=None)], Back(piece=loan.pieces.get(item=None)))
    loan.refresh_from_db()
    assert loan.closed_at is not None and balance_of(cables) == 1


def test_part_of_it_comes_back_and_the_loan_stays_open_for_the_rest(cast, pis):
    loan = hand_over(cast, *pis)
    result = take_back(cast, Back(item=pis[0], condition="worn"), pis[1], note="dusty")
    loan.refresh_from_db()
    assert (result.back, result.still_out, loan.closed_at) == (["PI-01 worn", "PI-02"], ["PI-03"], None)
    assert loan.events.first().sentence == "PI-01 worn, PI-02 back; still out: PI-03. dusty"
    told = Notification.objects.filter(person=cast.ruth).first()
    assert (told.title, told.text) == ("PI-01 worn, PI-02 are back", "Still out: PI-03. dusty")
    assert Item.objects.get(tag="PI-01").condition == "worn"
    assert [one.item.tag for one in Booking.objects.filter(is_active=True)] == ["PI-03"]
    take_back(cast, pis[2])
    loan.refresh_from_db()
    assert loan.closed_at is not None and not Booking.objects.filter(is_active=True).exists()


def test_a_return_that_is_sent_twice_counts_once(cast, pis):
    loan, key = hand_over(cast, *pis), uuid4()
    take_back(cast, pis[0], key=key)
    again = take_back(cast, pis[0], key=key)
    assert (again.is_again, again.still_out) == (True, ["PI-02", "PI-03"])
    assert loan.events.filter(what="returned").count() == 1


def test_a_return_of_what_was_never_lent_says_where_it_belongs_and_writes_nothing(cast, pis):
    hand_over(cast, pis[0])
    code, said = code_of(lambda: take_back(cast, pis[0], pis[1]))
    assert code == "not_out" and "PI-02 is not out on loan. It belongs at Shelf B2." in said
    assert LoanPiece.objects.get().back_at is None
    take_back(cast, pis[0])
    assert "It came back on" in code_of(lambda: take_back(cast, pis[0]))[1]


def test_nothing_comes_back_or_is_lost_before_it_went_out(cast, pis):
    loan = hand_over(cast, pis[0])
    before = loan.handed_at - timedelta(seconds=1)
    piece = loan.pieces.get()
    lose = lambda: piece_lost(visit=cast.visit(cast.amit), piece=piece, why="", now=before)  # noqa: E731
    for act in (lambda: take_back(cast, pis[0], now=before), lose):
        code, said = code_of(act)
        assert code == "back_before_out" and "PI-01 went out" in said and "Nothing was written." in said
    piece.refresh_from_db()
    assert piece.back_at is None and Booking.objects.get().is_active and not loan.events.exclude(what="handed_over")


def test_of_what_is_only_counted_some_come_back_and_the_rest_is_used_up(cast, pis):
    cables = cables_of(cast, 12)
    loan = hand_over(cast, (cables, 5), pis[0])
    piece = loan.pieces.get(item=None)
    assert balance_of(cables) == 7
    assert take_back(cast, Back(piece=piece, count=2)).still_out == ["PI-01", "3 x USB-C cable"]
    assert code_of(lambda: take_back(cast, Back(piece=piece, count=4)))[0] == "bad_count"
    take_back(cast, Back(piece=piece, count=1, is_rest_kept=True), pis[0])
    piece.refresh_from_db()
    assert (piece.ended_as, piece.count_back, balance_of(cables)) == ("kept", 3, 10)
    assert Loan.objects.get().closed_at is not None


def test_what_was_declared_lost_ends_for_the_borrower_and_may_turn_up_again(cast, pis):
    loan = hand_over(cast, pis[0])
    piece = loan.pieces.get()
    for _ in range(2):
        piece_lost(visit=cast.visit(cast.amit), piece=piece, why="left in a train")
    loan.refresh_from_db()
    assert (Item.objects.get(tag="PI-01").status, loan.pieces.get().ended_as, loan.closed_at is None) == ("lost", "lost", False)  # fmt: skip
    assert loan.events.filter(what="lost").get().sentence == "PI-01 declared lost: left in a train."
    result = take_back(cast, pis[0])
    assert result.back == ["PI-01 (declared lost before)"]
    assert (Item.objects.get(tag="PI-01").status, loan.pieces.get().ended_as) == ("in_service", "returned")
    assert [one.what for one in loan.events.all()] == ["returned", "lost", "handed_over"]
    assert code_of(lambda: piece_lost(visit=cast.visit(cast.amit), piece=piece, why=""))[0] == "not_out"


def test_what_another_course_lent_from_the_same_stockroom_is_taken_back_too(cast, pis):
    from courseplatform.courses.models import Enrolment
    from hardware.models import StockroomCourse

    StockroomCourse.objects.create(stockroom=pis[0].stockroom, course=cast.other_course)
    Enrolment.objects.filter(course=cast.other_course, person=cast.amit).update(role="ta")
    from hardware.inventory.services.loans import loan_hand_over

    loan = loan_hand_over(visit=cast.visit(cast.amit, cast.other_course), pieces=[Hand(item=pis[0])], key=uuid4(), person=cast.lena)  # fmt: skip
    result = take_back(cast, pis[0], by=cast.helen)
    loan.refresh_from_db()
    assert (result.loans, loan.closed_at is None) == ([loan], False)
    assert Notification.objects.filter(person=cast.lena, course=cast.other_course).count() == 2


def test_who_left_the_course_brings_it_back_all_the_same(cast, pis):
    loan = hand_over(cast, pis[0])
    cast.course.enrolments.filter(person=cast.ruth).update(is_active=False, left_at=timezone.now())
    take_back(cast, pis[0])
    loan.refresh_from_db()
    assert loan.closed_at is not None
    assert code_of(lambda: hand_over(cast, pis[0]))[0] == "not_in_course"


def test_a_member_confirms_once_and_nobody_else_does(cast, pis):
    loan = hand_over(cast, pis[0], team=make_team(cast, "Heron", cast.ruth, cast.daniel))
    assert code_of(lambda: loan_accept(visit=cast.visit(cast.amit), loan=loan))[0] == "borrower_only"
    assert code_of(lambda: loan_accept(visit=cast.visit(cast.sofia), loan=loan))[0] == "not_found"
    for person in (cast.daniel, cast.ruth):
        loan_accept(visit=cast.visit(person), loan=loan)
    loan.refresh_from_db()
    assert (loan.accepted_by, loan.events.filter(what="accepted").count()) == ("daniel@example.edu", 1)


def test_a_loan_is_seen_by_staff_its_borrower_and_the_members_of_its_time(cast, pis):
    team = make_team(cast, "Heron", cast.ruth, cast.daniel, since=timezone.now() - 9 * DAY)
    Membership.objects.filter(person=cast.daniel).update(until_at=timezone.now() - 5 * DAY)
    loan = hand_over(cast, pis[0], team=team)
    seen = {name for name in ("helen", "amit", "ruth", "daniel", "sofia") if _sees(cast, name, loan)}
    assert seen == {"helen", "amit", "ruth"}
    Loan.objects.update(handed_at=timezone.now() - 6 * DAY)
    assert _sees(cast, "daniel", loan)
    assert code_of(lambda: loan_for(cast.visit(cast.lena, cast.other_course), loan.pk))[0] == "not_found"


def _sees(cast, name, loan):
    return Loan.objects.visible_to(cast.visit(getattr(cast, name))).filter(pk=loan.pk).exists()


def test_a_mistake_is_undone_soon_and_by_who_made_it_and_the_history_keeps_it(cast, pis):
    cables = cables_of(cast, 5)
    row = reserve(cast, pis[0].product, HOUR, 5)
    loan = hand_over(cast, pis[0], (cables, 2))
    assert code_of(lambda: loan_undo(visit=cast.visit(cast.helen), loan=loan))[0] == "not_your_hand_over"
    late = timezone.now() + timedelta(minutes=11)
    assert code_of(lambda: loan_undo(visit=cast.visit(cast.amit), loan=loan, now=late))[0] == "too_late_to_undo"
    loan_undo(visit=cast.visit(cast.amit), loan=loan)
    loan.refresh_from_db()
    row.refresh_from_db()
    assert (loan.closed_at is None, balance_of(cables), row.status) == (False, 5, "approved")
    assert row.bookings.filter(is_active=True).count() == 1
    assert [one.what for one in loan.events.all()] == ["undone", "handed_over"]
    hand_over(cast, pis[0], person=cast.sofia)


def test_what_the_borrower_says_goes_to_the_staff_and_back(cast, pis):
    loan, key = hand_over(cast, pis[0]), uuid4()
    for _ in range(2):
        loan_say(visit=cast.visit(cast.ruth), loan=loan, text="The cable\nis missing", key=key)
    assert loan.events.filter(what="note").get().sentence == "The cable is missing"
    assert set(Notification.objects.filter(title__startswith="Ruth says").values_list("person__name", flat=True)) == {"Helen", "Ines", "Amit"}  # fmt: skip
    loan_say(visit=cast.visit(cast.amit), loan=loan, text="Come by", key=uuid4())
    assert Notification.objects.filter(person=cast.ruth, title__startswith="The staff say").exists()


def test_photos_are_images_and_are_counted(cast, pis):
    loan = hand_over(cast, pis[0])
    loan_photo_add(visit=cast.visit(cast.ruth), loan=loan, way="out", content=png())
    assert code_of(lambda: loan_photo_add(visit=cast.visit(cast.ruth), loan=loan, way="out", content=b"GIF89a"))[0] == "not_an_image"  # fmt: skip
    assert code_of(lambda: loan_photo_add(visit=cast.visit(cast.sofia), loan=loan, way="out", content=png()))[0] == "not_found"  # fmt: skip
    take_back(cast, pis[0], photo=png())
    assert list(loan.photos.values_list("way", "media_type")) == [("out", "image/png"), ("back", "image/png")]


def test_what_comes_back_damaged_opens_a_case_of_this_loan(cast, pis):
    loan = hand_over(cast, pis[0])
    take_back(cast, Back(item=pis[0], condition="damaged", what="HDMI port torn"))
    case = DamageCase.objects.get()
    assert (case.item, case.piece, case.what, case.status) == (pis[0], loan.pieces.get(), "HDMI port torn", "open")
    assert "PI-01 damaged (HDMI port torn) back" in loan.events.first().sentence


def test_what_comes_back_serves_who_waits_for_it(cast, pis):
    for item in pis:
        hand_over(cast, item)
    now = timezone.now()
    row = Reservation.objects.create(
        stockroom=pis[0].stockroom, course=cast.course, person=cast.sofia, made_by=cast.sofia, made_at=now, product=pis[0].product, from_at=now,
        until_at=now + 5 * DAY, status="waiting", queued_at=now,
    )  # fmt: skip
    take_back(cast, pis[1])
    row.refresh_from_db()
    assert row.status in ("asked", "approved") and row.bookings.get(is_active=True).item == pis[1]


def test_who_listens_is_told_of_the_term_and_of_each_item(cast, pis, monkeypatch):
    returns, services = [], []
    monkeypatch.setattr(hooks, "return_listeners", [lambda course, person, team, by: returns.append(person)])
    monkeypatch.setattr(hooks, "service_listeners", [lambda changed: services.extend((item.tag, ok) for item, ok, _ in changed)])  # fmt: skip
    hand_over(cast, pis[0], is_term=True)
    hand_over(cast, pis[1])
    take_back(cast, pis[0], pis[1])
    assert returns == [cast.ruth, cast.ruth]
    assert services == [("PI-01", False), ("PI-02", False), ("PI-01", True), ("PI-02", True)]


def test_a_loan_for_the_term_is_due_on_the_day_of_return(cast, pis, monkeypatch):
    day = timezone.now() + 20 * DAY
    monkeypatch.setattr(hooks, "return_sources", [lambda course, person, team: hooks.ReturnDay("return", "Return", day, "/")])  # fmt: skip
    assert hand_over(cast, pis[0], is_term=True).due_at == day
    monkeypatch.setattr(hooks, "return_sources", [lambda course, person, team: hooks.ReturnDay("return", "Return", timezone.now() - HOUR, "/")])  # fmt: skip
    assert code_of(lambda: hand_over(cast, pis[1], is_term=True))[0] == "due_in_past"
    monkeypatch.setattr(hooks, "return_sources", [])
    assert hand_over(cast, pis[1], is_term=True).due_at is None


def test_a_kit_that_was_handed_over_by_mistake_is_reserved_again_with_its_own_parts(cast, pis):
    camera = product_of(cast, "Camera", kind="camera")
    (one, _) = items_of(cast, camera, "CM-01", "CM-02")
    kit = kit_of(cast, "KIT-01", "PI-01", camera)
    row = ask(cast, cast.ruth, kit=kit, first=0.01)
    loan = hand_over(cast, kit, one)
    assert not row.bookings.filter(is_active=True).exists()
    loan_undo(visit=cast.visit(cast.amit), loan=loan)
    row.refresh_from_db()
    held = row.bookings.filter(is_active=True).order_by("product__name")
    assert row.status == "approved" and [(booking.product, booking.is_pinned) for booking in held] == [
        (camera, False),
        (pis[0].product, True),
    ]
    assert held[1].item.tag == "PI-01"


def test_a_hand_over_of_more_than_was_reserved_gives_back_what_was_reserved(cast, pis):
    row = ask(cast, cast.ruth, pis[0].product, first=0.01)
    loan = hand_over(cast, *pis[:2])
    loan_undo(visit=cast.visit(cast.amit), loan=loan)
    assert row.bookings.filter(is_active=True).count() == 1
