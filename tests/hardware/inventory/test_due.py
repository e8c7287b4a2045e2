"""Due dates follow the return of the course, and whoever has something hears of it in time, once."""

from datetime import datetime, timedelta

import pytest
from django.core import mail
from django.core.management import call_command
from django.utils import timezone

from courseplatform.core.errors import Conflict, NotHere
from courseplatform.courses.models import Enrolment
from courseplatform.notices.models.notifications import Notification
from courseplatform.notices.services.mail import mail_due
from grading.models.owners import Owner
from grading.services.late_favours import extension_give
from hardware.inventory import sweep
from hardware.inventory.services.bookings import Want, book
from hardware.inventory.services.due import due_refresh, remind, remind_all, reminders_send
from hardware.models import Booking, DamageCase, LoanEvent, Reservation, ReservationStatus
from tests.grading.late_days.test_late_days import make_team, with_policy
from tests.hardware.inventory.builders import items_of, stockroom_of
from tests.hardware.inventory.lent import came_back, lent
from tests.people import make_cast, make_lab

pytestmark = pytest.mark.django_db


@pytest.fixture
def cast(settings, tmp_path):
    settings.DATA_DIR, settings.MEDIA_ROOT = tmp_path, tmp_path / "media"
    return make_cast()


def wall(cast, days, hour=23, minute=59):
    """An hour of the course's wall clock, so many days from today."""
    day = timezone.now().astimezone(cast.course.tz).date() + timedelta(days=days)
    return cast.course.wall(day, datetime(2000, 1, 1, hour, minute).time())


def return_work(cast, due_at, policy=None):
    if policy:
        with_policy(cast, policy)
    item = make_lab(cast.course, "hardware-return", kind="hardware_return", short="Hardware return", title="", bench_spec={},
                    is_individual=False, points=0, due_at=due_at)  # fmt: skip
    item.course = cast.course
    return item


def titles(person):
    return [row.title for row in Notification.objects.filter(person=person).order_by("pk")]


# -- the day follows the return


def test_loans_for_the_term_follow_the_day_of_return_and_its_extensions(cast):
    item, team = return_work(cast, wall(cast, 10)), make_team(cast, cast.ruth)
    of_team, of_person = (
        lent(cast, team=team, due_at=wall(cast, 10)),
        lent(cast, person=cast.sofia, due_at=wall(cast, 10)),
    )
    short = lent(cast, team=team, is_term=False, due_at=wall(cast, 10))
    assert due_refresh(course=cast.course) == 0
    until = f"{wall(cast, 13):%Y-%m-%d %H:%M}"
    extension_give(
        visit=cast.visit(cast.helen), assignment=item, owners=[Owner(cast.ruth, team)], until=until, reason="flight"
    )
    assert (due_refresh(course=cast.course), due_refresh(course=cast.course)) == (1, 0)
    for loan in (of_team, of_person, short):
        loan.refresh_from_db()
    assert [of_team.due_at, of_person.due_at, short.due_at] == [wall(cast, 13), wall(cast, 10), wall(cast, 10)]
    said = LoanEvent.objects.get(what="due_moved")
    assert said.loan == of_team and " instead of " in said.sentence
    assert Booking.objects.get(piece__loan=of_team).until_at == wall(cast, 13)


def test_an_earlier_day_of_return_frees_the_items_earlier(cast):
    item = return_work(cast, wall(cast, 10))
    loan = lent(cast, person=cast.ruth, due_at=wall(cast, 10))
    item.due_at = wall(cast, 4)
    item.save()
    assert due_refresh(course=cast.course) == 1
    assert Booking.objects.get(piece__loan=loan).until_at == wall(cast, 4)


def test_a_course_that_states_no_return_any_more_leaves_what_was_agreed(cast):
    item = return_work(cast, wall(cast, 10))
    loan = lent(cast, person=cast.ruth, due_at=wall(cast, 10))
    item.is_withdrawn = True
    item.save()
    assert due_refresh(course=cast.course) == 0
    loan.refresh_from_db()
    assert loan.due_at == wall(cast, 10)


def reserved(cast, product, person, days, item=None, until=20):
    row = Reservation.objects.create(
        stockroom=stockroom_of(cast), course=cast.course, person=person, made_by=person, made_at=timezone.now(), product=product, item=item,
        from_at=wall(cast, days), until_at=wall(cast, until), status=ReservationStatus.APPROVED,
    )  # fmt: skip
    book(row.stockroom, [Want(product, row.from_at, row.until_at, item)], now=timezone.now(), reservation=row)
    return row


@pytest.mark.real_database
@pytest.mark.parametrize("is_certain", [False, True])
def test_whose_item_stays_out_longer_is_planned_onto_another_one_or_the_staff_hear_of_it(cast, is_certain):
    item_due = return_work(cast, wall(cast, 10))
    loan = lent(cast, person=cast.ruth, due_at=wall(cast, 10))
    piece = loan.pieces.get()
    row = reserved(cast, piece.product, cast.sofia, 11, piece.item if is_certain else None)
    item_due.due_at = wall(cast, 12)
    item_due.save()
    assert due_refresh(course=cast.course) == 1
    assert Booking.objects.get(reservation=row).item is None
    assert titles(cast.helen) == ["A reservation of Sofia has no item left"] and not titles(cast.sofia)


@pytest.mark.real_database
def test_another_item_serves_who_would_have_got_the_one_that_stays_out(cast):
    item_due = return_work(cast, wall(cast, 10))
    loan = lent(cast, person=cast.ruth, due_at=wall(cast, 10))
    product = loan.pieces.get().product
    (other,) = items_of(cast, product, "PI-50")
    row = reserved(cast, product, cast.sofia, 11)
    item_due.due_at = wall(cast, 12)
    item_due.save()
    due_refresh(course=cast.course)
    assert Booking.objects.get(reservation=row).item == other and not titles(cast.helen)


def test_a_reservation_for_the_term_ends_with_it(cast):
    return_work(cast, wall(cast, 10))
    product = lent(cast, person=cast.daniel, due_at=wall(cast, 10)).pieces.get().product
    items_of(cast, product, "PI-60")
    row = reserved(cast, product, cast.ruth, 1, until=5)
    Reservation.objects.filter(pk=row.pk).update(is_term=True)
    assert due_refresh(course=cast.course) == 1
    row.refresh_from_db()
    assert row.until_at == Booking.objects.get(reservation=row).until_at == wall(cast, 10)


# -- reminders


def test_a_borrower_is_reminded_once_however_often_the_sweep_runs(cast):
    loan = lent(cast, person=cast.ruth, is_term=False, due_at=wall(cast, 7), pieces=2)
    at = wall(cast, 0, 9)
    assert [
        reminders_send(now=at),
        reminders_send(now=at + timedelta(minutes=1)),
        reminders_send(now=wall(cast, 3, 9)),
    ] == [1, 0, 0]
    assert titles(cast.ruth) == ["Due back in 7 days: Raspberry Pi 4, 8 GB PI-01 and Raspberry Pi 4, 8 GB PI-02"]
    assert reminders_send(now=wall(cast, 6, 9)) == 1  # the day before
    assert [event.sentence for event in loan.events.order_by("pk")] == [
        "Reminded: due back in 7 days. To Ruth", "Reminded: due back tomorrow. To Ruth",
    ]  # fmt: skip


def test_all_that_is_due_at_once_comes_in_one_message(cast):
    for name in ("Camera", "Microphone"):
        lent(cast, person=cast.ruth, is_term=False, due_at=wall(cast, 0), name=name)
    assert reminders_send(now=wall(cast, 0, 9)) == 1
    assert titles(cast.ruth) == ["Due back today: Camera PI-01 and Microphone PI-02"]
    assert LoanEvent.objects.filter(what="reminded").count() == 2


def test_who_is_overdue_hears_daily_for_three_days_and_then_weekly(cast):
    lent(cast, person=cast.ruth, is_term=False, due_at=wall(cast, 0))
    sent = [day for day in range(1, 32) if reminders_send(now=wall(cast, day, 9))]
    assert sent == [1, 2, 3, 10, 17, 24, 31]


def test_what_was_handed_over_after_the_morning_is_not_reminded_of_that_morning(cast):
    lent(cast, person=cast.ruth, is_term=False, due_at=wall(cast, 0), handed_at=wall(cast, 0, 10))
    assert reminders_send(now=wall(cast, 0, 11)) == 0


def test_what_is_back_is_not_reminded_of(cast):
    came_back(lent(cast, person=cast.ruth, is_term=False, due_at=wall(cast, 0)))
    assert reminders_send(now=wall(cast, 1, 9)) == 0


def test_another_day_brings_its_own_reminders(cast):
    item = return_work(cast, wall(cast, 7))
    lent(cast, person=cast.ruth, due_at=wall(cast, 7))
    assert sweep.run(wall(cast, 0, 13))["reminded"] == 1
    item.due_at = wall(cast, 14)
    item.save()
    found = sweep.run(wall(cast, 1, 13))
    assert (found["moved"], found["reminded"]) == (1, 0)
    found = sweep.run(wall(cast, 7, 13))
    assert (found["moved"], found["reminded"]) == (0, 1)


def test_the_lead_time_is_that_of_the_course(cast):
    cast.course.facts = {"lending": {"remind_days": [3]}}
    cast.course.save()
    lent(cast, person=cast.ruth, is_term=False, due_at=wall(cast, 7))
    assert [day for day in range(8) if reminders_send(now=wall(cast, day, 9))] == [4, 7]


def test_every_member_of_a_team_hears_and_a_term_loan_says_what_late_days_mean(cast):
    policy = {"bank": {"days": 5, "owner": "team"}, "unit": {"kind": "hours"}, "penalty": {"each": 2}}
    return_work(cast, wall(cast, 1), policy)
    lent(cast, team=make_team(cast, cast.ruth, cast.daniel), due_at=wall(cast, 1))
    reminders_send(now=wall(cast, 0, 9))
    texts = {row.person_id: row.text for row in Notification.objects.all()}
    assert set(texts) == {cast.ruth.pk, cast.daniel.pk}
    assert "5 late days are left: back by " in texts[cast.ruth.pk]


def test_who_left_the_course_is_still_mailed(cast):
    lent(cast, person=cast.ruth, is_term=False, due_at=wall(cast, 0))
    Enrolment.objects.filter(course=cast.course, person=cast.ruth).update(is_active=False, left_at=timezone.now())
    reminders_send(now=wall(cast, 1, 9))
    mail_due()
    (sent,) = mail.outbox
    assert sent.to == [cast.ruth.email] and "Was due back yesterday" in sent.subject and "PI-01" in sent.body


def test_a_sweep_that_finds_nothing_asks_little(cast, django_assert_max_num_queries):
    for person in (cast.ruth, cast.daniel, cast.sofia):
        lent(cast, person=person, is_term=False, due_at=wall(cast, 0))
    reminders_send(now=wall(cast, 1, 9))
    with django_assert_max_num_queries(3):
        assert reminders_send(now=wall(cast, 1, 10)) == 0


def test_a_sweep_of_many_courses_that_lend_nothing_makes_eight_queries(cast, django_assert_num_queries):
    stockroom_of(cast)
    with django_assert_num_queries(8):
        sweep.run(wall(cast, 0, 15))


def test_the_command_says_what_it_did(cast, capsys):
    lent(cast, person=cast.ruth, is_term=False, due_at=timezone.now() - timedelta(days=20))
    call_command("sweep")
    assert "loans: 0 days moved, 1 reminded" in capsys.readouterr().out


# -- by hand


def test_staff_remind_by_hand_once_a_day(cast):
    loan = lent(cast, person=cast.ruth, is_term=False, due_at=timezone.now() - timedelta(days=2))
    remind(visit=cast.visit(cast.amit), loan=loan.pk)
    assert loan.events.get().by == cast.amit.email
    with pytest.raises(Conflict) as again:
        remind(visit=cast.visit(cast.helen), loan=loan.pk)
    assert again.value.code == "reminded_today" and len(titles(cast.ruth)) == 1


def test_reminding_all_passes_over_who_heard_today(cast):
    due_at = timezone.now() - timedelta(days=2)
    loans = [lent(cast, person=person, is_term=False, due_at=due_at) for person in (cast.ruth, cast.daniel, cast.sofia)]
    remind(visit=cast.visit(cast.amit), loan=loans[0].pk)
    assert remind_all(visit=cast.visit(cast.amit), loans=[loan.pk for loan in loans]) == 2
    assert [len(titles(person)) for person in (cast.ruth, cast.daniel, cast.sofia)] == [1, 1, 1]


def test_a_loan_of_nobody_here_or_without_a_day_is_refused(cast):
    loan = lent(cast, person=cast.ruth, is_term=False)
    for pk, code in ((loan.pk, "no_due_time"), (0, "not_found")):
        with pytest.raises((Conflict, NotHere)) as refused:
            remind(visit=cast.visit(cast.amit), loan=pk)
        assert refused.value.code == code
    came_back(loan)
    with pytest.raises(Conflict) as refused:
        remind(visit=cast.visit(cast.amit), loan=loan.pk)
    assert refused.value.code == "nothing_out"


# -- the digest of the staff


def test_staff_get_one_digest_a_morning_and_none_where_there_is_nothing(cast):
    stockroom_of(cast)
    assert sweep.run(wall(cast, 1, 8))["digests"] == 0
    lent(cast, person=cast.ruth, is_term=False, due_at=wall(cast, 1))
    over = lent(cast, person=cast.sofia, is_term=False, due_at=wall(cast, 0))
    DamageCase.objects.create(item=over.pieces.get().item, what="bent", opened_by="amit", opened_at=timezone.now())
    assert [
        sweep.run(wall(cast, 1, hour, minute))["digests"] for hour, minute in ((6, 59), (7, 0), (7, 1), (11, 0))
    ] == [0, 1, 0, 0]
    assert [titles(person)[-1] for person in (cast.helen, cast.ines, cast.amit)] == [
        "Hardware today: 1 due back; 1 overdue; 1 open damage case"
    ] * 3
    assert sweep.run(wall(cast, 2, 13))["digests"] == 0  # not in the afternoon
    assert sweep.run(wall(cast, 2, 8))["digests"] == 1
