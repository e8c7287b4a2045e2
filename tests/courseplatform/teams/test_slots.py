"""Slots: made as a series, booked, moved, cancelled; and the calendar of who booked."""

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from courseplatform.core.errors import AppError, BadInput, Conflict
from courseplatform.notices.models import Notification
from courseplatform.teams.models import Slot, SlotBooking
from courseplatform.teams.selectors.slots import calendar_entries
from courseplatform.teams.services.slots import (
    SlotFacts,
    booking_cancel,
    slot_book,
    slot_cancel,
    slot_move,
    slots_create,
)
from tests.courseplatform.teams.builders import make_slot, make_team

pytestmark = pytest.mark.django_db
NEW_YORK = ZoneInfo("America/New_York")


@pytest.fixture
def team(cast):
    return make_team(cast, "Magpie", cast.ruth, cast.daniel)


def make_series(cast, day=None, starts=time(9), ends=time(10), minutes=15, now=None):
    facts = SlotFacts(cast.amit, Slot.Kind.STATUS, day or timezone.localdate() + timedelta(days=5), place="Zoom")
    return slots_create(visit=cast.visit(cast.amit), facts=facts, starts=starts, ends=ends, minutes=minutes, now=now)


def book(cast, team, slot, who=None, now=None):
    return slot_book(visit=cast.visit(who or cast.ruth), team=team, slot=slot, now=now)


def move_to(cast, slot, **changes):
    facts = {name: getattr(slot, name) for name in ("day", "starts", "ends", "place", "link", "capacity")}
    return slot_move(visit=cast.visit(cast.amit), slot=slot, **facts | changes)


def test_a_series_is_cut_into_whole_slots(cast):
    made = make_series(cast, ends=time(10, 5))
    assert [(s.starts, s.ends) for s in made][:2] == [(time(9), time(9, 15)), (time(9, 15), time(9, 30))]
    assert len(made) == 4  # five minutes are left over


@pytest.mark.parametrize(
    ("facts", "code"),
    [
        ({"ends": time(8)}, "ends_before"), ({"minutes": 90}, "no_slot_fits"),
        ({"starts": time(0, 5), "ends": time(23, 55), "minutes": 5}, "too_many_slots"), ({"day": date(2020, 1, 6)}, "in_the_past"),
    ],
)  # fmt: skip
def test_a_series_that_makes_no_sense_is_refused(cast, facts, code):
    with pytest.raises(AppError) as caught:
        make_series(cast, **facts)
    assert caught.value.code == code
    assert not Slot.objects.exists()


def test_a_time_that_the_clocks_skip_is_refused(cast):
    with pytest.raises(BadInput) as caught:
        make_series(cast, day=date(2030, 3, 10), starts=time(2, 30), ends=time(4))
    assert caught.value.code == "skipped_time"


def test_nobody_is_offered_twice_at_the_same_time(cast):
    make_series(cast)
    with pytest.raises(Conflict) as caught:
        make_series(cast, starts=time(9, 50), ends=time(10, 30), minutes=20)
    assert caught.value.code == "slots_overlap"


def test_booking_another_slot_of_the_kind_frees_the_first(cast, team):
    first, second = make_slot(cast), make_slot(cast, days=8)
    book(cast, team, first)
    book(cast, team, second, who=cast.daniel)
    assert SlotBooking.objects.live().get().slot == second
    assert SlotBooking.objects.count() == 2  # history stays


def test_a_status_and_a_scoping_slot_stand_side_by_side(cast, team):
    book(cast, team, make_slot(cast))
    book(cast, team, make_slot(cast, days=8, kind="scoping"))
    assert SlotBooking.objects.live().count() == 2


def test_a_slot_for_two_teams_takes_two(cast, team):
    slot = make_slot(cast, capacity=2)
    book(cast, team, slot)
    book(cast, make_team(cast, "Heron", cast.sofia), slot, who=cast.sofia)
    assert SlotBooking.objects.live().filter(slot=slot).count() == 2


def test_a_team_changes_it_up_to_the_evening_before(cast, team):
    slot = make_slot(cast)
    booking = book(cast, team, slot)
    last = datetime.combine(slot.day - timedelta(days=1), time(18), tzinfo=NEW_YORK)
    assert slot.free_until == last
    with pytest.raises(Conflict) as caught:
        booking_cancel(visit=cast.visit(cast.ruth), team=team, booking=booking, now=last)
    assert caught.value.code == "too_late_to_move"
    booking_cancel(visit=cast.visit(cast.ruth), team=team, booking=booking, now=last - timedelta(seconds=1))
    assert not SlotBooking.objects.live().exists()


def test_a_refused_move_keeps_the_old_booking(cast, team):
    old, taken = make_slot(cast), make_slot(cast, days=8)
    book(cast, team, old)
    book(cast, make_team(cast, "Heron", cast.sofia), taken, who=cast.sofia)
    with pytest.raises(Conflict):
        book(cast, team, taken)
    assert SlotBooking.objects.live().get(team=team).slot == old


def test_a_slot_that_has_begun_is_not_booked(cast, team):
    slot = make_slot(cast)
    with pytest.raises(Conflict) as caught:
        book(cast, team, slot, now=slot.starts_at)
    assert caught.value.code == "slot_over"


def test_who_booked_keeps_a_moved_slot_and_is_told(cast, team):
    slot = make_slot(cast)
    book(cast, team, slot)
    moved = move_to(cast, slot, starts=time(11), ends=time(11, 15))
    assert moved.sequence == 1
    told = Notification.objects.filter(kind="team", person__in=[cast.ruth, cast.daniel])
    assert told.count() == 2
    assert "11:00" in told[0].title
    assert SlotBooking.objects.live().get().slot == slot


def test_saving_a_slot_unchanged_tells_nobody(cast, team):
    slot = make_slot(cast)
    book(cast, team, slot)
    assert move_to(cast, slot).sequence == 0
    assert not Notification.objects.exists()


def test_a_cancelled_slot_frees_its_team(cast, team):
    slot = make_slot(cast)
    book(cast, team, slot)
    slot_cancel(visit=cast.visit(cast.amit), slot=slot)
    assert "was cancelled" in Notification.objects.filter(person=cast.ruth).get().title
    book(cast, team, make_slot(cast, days=8))
    assert SlotBooking.objects.live().count() == 1


def test_the_calendar_of_a_member_and_of_the_staff_hold_the_slot(cast, team):
    slot = make_slot(cast)
    book(cast, team, slot)
    [mine], [hers] = calendar_entries(cast.course, cast.daniel), calendar_entries(cast.course, cast.amit)
    assert mine.uid == hers.uid == f"slot-{slot.pk}"
    assert (mine.title, hers.title) == ("Status slot with Amit", "Status slot with team Magpie")
    assert (mine.starts, mine.ends) == (slot.starts_at, slot.ends_at)
    assert calendar_entries(cast.course, cast.sofia) == []
    assert calendar_entries(cast.course, None) == []


def test_a_cancelled_slot_is_cancelled_in_the_calendar(cast, team):
    slot = make_slot(cast)
    book(cast, team, slot)
    slot_cancel(visit=cast.visit(cast.amit), slot=slot)
    [entry] = calendar_entries(cast.course, cast.ruth)
    assert (entry.is_cancelled, entry.sequence) == (True, 1)


def test_a_team_books_on_its_page(cast, team, client):
    slot = make_slot(cast)
    client.force_login(cast.ruth)
    path = f"/courses/{cast.course.slug}/team/{team.slug}/slots/"
    assert client.post(path, {}).status_code == 422
    assert client.post(path, {"slot": slot.pk, "topic": "Scope"}).status_code == 302
    assert client.post(path, {"slot": 999999}).status_code == 404
    assert SlotBooking.objects.live().get().topic == "Scope"


def test_staff_make_a_series_on_their_page(cast, client):
    client.force_login(cast.amit)
    path = f"/courses/{cast.course.slug}/teams/slots/"
    sent = {
        "staff": cast.amit.pk, "kind": "status", "day": f"{timezone.localdate() + timedelta(days=4)}", "starts": "09:00", "ends": "10:00",
        "minutes": "20", "capacity": "1", "place": "Zoom", "link": "", "change_until": "18:00",
    }  # fmt: skip
    assert client.post(path, sent | {"ends": "08:00"}).status_code == 422
    assert client.post(path, sent | {"link": "javascript:alert(1)"}).status_code == 422
    assert client.post(path, sent).status_code == 302
    assert Slot.objects.count() == 3
