"""Damage cases: one open case an item, repairs take it out of circulation, and who is concerned hears of it."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from courseplatform.core.errors import AppError, IllegalMove
from courseplatform.notices.models import Notification
from hardware.inventory.services.bookings import Want, book
from hardware.inventory.services.cases import case_cost, case_move, case_note, case_open, case_photo_add, case_report
from hardware.inventory.services.items import item_move
from hardware.models import (
    CASE_MOVES,
    Booking,
    CaseStatus,
    DamageCase,
    Item,
    Loan,
    LoanPiece,
    Reservation,
    StockEvent,
)
from tests.courseplatform.teams.builders import make_team
from tests.hardware.inventory.builders import items_of, png, product_of

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _files(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path / "media"


@pytest.fixture
def pi(cast):
    return items_of(cast, product_of(cast), "PI-01", "PI-02")[0]


def opened(cast, item, what="does not boot", **more):
    return case_open(visit=cast.visit(cast.amit), item=item, what=what, **more)


def moved(cast, case, to, **more):
    return case_move(visit=cast.visit(cast.amit), case=case, to=to, **more)


def lent(cast, item, person=None, team=None):
    now = timezone.now() - timedelta(days=3)
    loan = Loan.objects.create(
        stockroom=item.stockroom, course=cast.course, person=person, team=team, handed_at=now, handed_by="amit"
    )
    piece = LoanPiece.objects.create(loan=loan, item=item, product=item.product, out_at=now)
    book(item.stockroom, [Want(item.product, now, None, item, piece)], now=now)
    return piece


def refused(act, *args, **more):
    with pytest.raises(AppError) as caught:
        act(*args, **more)
    return caught.value.code


def titles(person):
    return list(
        Notification.objects.filter(person=person, kind="hardware").order_by("pk").values_list("title", flat=True)
    )


def test_a_second_report_is_a_note_in_the_case_that_is_open(cast, pi):
    case = opened(cast, pi)
    assert opened(cast, pi, "no HDMI either") == case
    assert DamageCase.objects.count() == 1
    assert [one.sentence for one in case.events.all()] == ["Reported again: no HDMI either"]
    assert titles(cast.helen) == ["PI-01, Raspberry Pi 4, 8 GB: something is wrong"] and titles(cast.amit) == []


def test_a_repair_takes_it_out_and_an_answer_brings_it_back(cast, pi):
    case = moved(cast, opened(cast, pi), "in_repair", why="sent to the lab")
    pi.refresh_from_db()
    assert (pi.status, pi.condition) == ("in_repair", "damaged")
    moved(cast, case, "mended", why="new card", condition="good")
    pi.refresh_from_db()
    case.refresh_from_db()
    assert (pi.status, pi.condition, case.status, case.closed_at is not None) == ("in_service", "good", "mended", True)
    assert [(one.moved_from, one.moved_to, one.why) for one in case.moves.all()] == [
        ("open", "in_repair", "sent to the lab"), ("in_repair", "mended", "new card"),
    ]  # fmt: skip
    said = [(one.what, one.before, one.after) for one in StockEvent.objects.filter(item=pi).order_by("pk")][1:]
    assert said == [
        ("case", "", "open: does not boot"), ("case", "open", "in repair: does not boot"), ("condition", "good", "damaged"),
        ("status", "in_service", "in_repair"), ("case", "in repair", "mended: does not boot"), ("condition", "damaged", "good"),
        ("status", "in_repair", "in_service"),
    ]  # fmt: skip


def test_what_is_written_off_is_retired_and_cannot_be_reported_again(cast, pi):
    case = moved(cast, opened(cast, pi), "written_off", why="burnt")
    pi.refresh_from_db()
    assert (pi.status, case.status) == ("retired", "written_off")
    assert refused(opened, cast, pi) == "retired"


@pytest.mark.parametrize("to", CaseStatus.values)
@pytest.mark.parametrize("before", CaseStatus.values)
def test_a_case_moves_along_its_table_and_nowhere_else(cast, pi, before, to):
    case = opened(cast, pi)
    DamageCase.objects.filter(pk=case.pk).update(status=before)
    case.refresh_from_db()
    if to == before:
        assert moved(cast, case, to).status == before and not case.moves.exists()
    elif to in CASE_MOVES.get(before, frozenset()):
        assert moved(cast, case, to).status == to
    else:
        with pytest.raises(IllegalMove):
            moved(cast, case, to)


def test_a_closed_case_is_opened_again_unless_another_is_open(cast, pi):
    first = moved(cast, opened(cast, pi), "no_fault")
    second = opened(cast, pi, "it again")
    assert refused(moved, cast, first, "open") == "has_open_case"
    moved(cast, second, "mended")
    assert moved(cast, first, "open").closed_at is None


def test_what_a_borrower_reports_stays_with_them_and_they_hear_what_came_of_it(cast, pi):
    team = make_team(cast, "Magpie", cast.ruth, cast.daniel)
    piece = lent(cast, pi, team=team)
    case = case_report(visit=cast.visit(cast.daniel), item=pi, what="camera port is loose", photos=[("a.png", png())])
    pi.refresh_from_db()
    assert (case.piece, case.photos.count(), pi.status) == (piece, 1, "in_service")
    assert refused(moved, cast, case, "in_repair") == refused(moved, cast, case, "written_off") == "on_loan"
    moved(cast, case, "no_fault", why="it clicks in")
    assert titles(cast.ruth) == titles(cast.daniel) == ["PI-01, Raspberry Pi 4, 8 GB: nothing wrong"]
    assert titles(cast.sofia) == []


@pytest.mark.parametrize("name", ["sofia", "amit"])
def test_what_somebody_else_has_is_not_theirs_to_report(cast, pi, name):
    lent(cast, pi, person=cast.ruth)
    assert refused(case_report, visit=cast.visit(getattr(cast, name)), item=pi, what="x") == "not_found"


def test_who_left_the_team_reports_nothing_of_it_any_more(cast, pi):
    team = make_team(cast, "Magpie", cast.ruth)
    lent(cast, pi, team=team)
    team.memberships.update(until_at=timezone.now() - timedelta(minutes=1))
    assert refused(case_report, visit=cast.visit(cast.ruth), item=pi, what="x") == "not_found"


def test_what_is_on_loan_is_not_moved_behind_the_back_of_its_loan(cast, pi):
    lent(cast, pi, person=cast.ruth)
    for to in ("in_repair", "lost", "retired"):
        assert refused(item_move, visit=cast.visit(cast.amit), item=pi, to=to, why="") == "on_loan"


def test_circulation_and_an_open_case_never_say_different_things(cast, pi):
    visit, case = cast.visit(cast.amit), opened(cast, pi)
    for to in ("in_repair", "retired"):
        assert refused(item_move, visit=visit, item=pi, to=to, why="") == "has_case"
    moved(cast, case, "in_repair")
    assert refused(item_move, visit=visit, item=pi, to="in_service", why="") == "has_case"
    item_move(visit=visit, item=pi, to="lost", why="gone from the bench")
    item = Item.objects.get(pk=pi.pk)
    moved(cast, case, "written_off")
    item.refresh_from_db()
    assert item.status == "retired"


def test_who_loses_what_was_promised_is_told_and_hears_when_it_is_back(cast, pi):
    now = timezone.now()
    row = Reservation.objects.create(
        stockroom=pi.stockroom, course=cast.course, person=cast.ruth, made_by=cast.ruth, made_at=now, product=pi.product, count=2,
        from_at=now + timedelta(days=1), until_at=now + timedelta(days=4),
    )  # fmt: skip
    book(pi.stockroom, [Want(pi.product, row.from_at, row.until_at)] * 2, now=now, reservation=row)
    case = moved(cast, opened(cast, pi), "in_repair")
    assert Booking.objects.filter(item=None).count() == 1
    assert [title.split(":")[0] for title in titles(cast.ruth)] == ["Not enough left for 2 x Raspberry Pi 4, 8 GB"]
    assert "Too few are left for Ruth" in titles(cast.helen)[-1]
    moved(cast, case, "mended")
    assert not Booking.objects.filter(item=None).exists()
    assert [title.split(":")[0] for title in titles(cast.ruth)][1:] == ["There again for you"]


def test_costs_notes_and_photos_stand_in_the_case_once(cast, pi):
    visit, case = cast.visit(cast.helen), opened(cast, pi)
    for text in ("  Ordered a   new card. ", "Ordered a new card."):
        case_note(visit=visit, case=case, text=text)
    for _ in range(2):
        case_cost(visit=visit, case=case, cost=Decimal("12.50"), currency="usd", note="card")
    case_photo_add(visit=visit, case=case, name="a.png", content=png())
    case.refresh_from_db()
    assert (case.cost, case.currency, case.photos.get().media_type) == (Decimal("12.50"), "USD", "image/png")
    assert [one.sentence for one in case.events.all()] == [
        "Cost: 12.50 USD, card",
        "Ordered a new card.",
    ]


@pytest.mark.parametrize(
    ("values", "code"),
    [({"cost": Decimal("-1"), "currency": "USD"}, "bad_value"), ({"cost": Decimal("1"), "currency": ""}, "bad_currency"),
     ({"cost": Decimal("1"), "currency": "dollars"}, "bad_currency")],
)  # fmt: skip
def test_a_cost_that_cannot_be_is_refused(cast, pi, values, code):
    assert refused(case_cost, visit=cast.visit(cast.helen), case=opened(cast, pi), note="", **values) == code


def test_nothing_is_written_where_a_photo_is_none(cast, pi, settings):
    assert refused(opened, cast, pi, photos=[("a.png", png()), ("b.png", b"no")]) == "not_an_image"
    assert refused(opened, cast, pi, photos=[("a.png", png())] * 13) == "too_many_photos"
    assert refused(opened, cast, pi, " \x00 ") == "no_words"
    assert not DamageCase.objects.exists()
    assert not settings.MEDIA_ROOT.exists() or not [one for one in settings.MEDIA_ROOT.rglob("*") if one.is_file()]


def test_what_is_mended_goes_to_who_waits_for_it(cast, pi):
    now, visit = timezone.now(), cast.visit(cast.amit)
    item_move(visit=visit, item=Item.objects.get(tag="PI-02"), to="retired", why="")
    case = moved(cast, opened(cast, pi), "in_repair")
    row = Reservation.objects.create(
        stockroom=pi.stockroom, course=cast.course, person=cast.ruth, made_by=cast.ruth, made_at=now, product=pi.product, status="waiting",
        from_at=now + timedelta(days=1), until_at=now + timedelta(days=4), queued_at=now,
    )  # fmt: skip
    moved(cast, case, "mended")
    row.refresh_from_db()
    assert (row.status, row.bookings.get().item) == ("asked", pi)
