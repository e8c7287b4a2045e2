"""Slots with staff: made as a series, booked by teams, moved and cancelled with a word to those who booked."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from django.db import IntegrityError, transaction
from django.utils import timezone

from courseplatform.accounts.models import User
from courseplatform.core.errors import BadInput, Conflict, NotHere
from courseplatform.core.markdown import escaped
from courseplatform.courses.access import Visit
from courseplatform.courses.models import STAFF, Course, Enrolment
from courseplatform.notices.services.notifications import notification_send
from courseplatform.teams.models.slots import Slot, SlotBooking
from courseplatform.teams.models.teams import OPEN_TEAMS, Team
from courseplatform.teams.selectors.membership import members_at
from courseplatform.teams.selectors.slots import live_bookings
from courseplatform.teams.services.joining import lock_teams
from courseplatform.teams.services.teams import check_inside

MOST_OF_A_SERIES = 48


@dataclass(frozen=True)
class SlotFacts:
    """What a slot is, apart from its hour."""

    staff: User
    kind: str
    day: date
    place: str = ""
    link: str = ""
    capacity: int = 1
    change_until: time = time(18)


def check_wall(*, course: Course, day: date, at: time, field: str) -> None:
    """Raises BadInput `skipped_time` for a wall time that a clock change leaves out on that day."""
    if _round_trip(course.wall(day, at)) != at:
        raise BadInput(
            f"{at:%H:%M} does not exist on {day:%b %-d}: the clocks go forward over it. Choose another time.",
            code="skipped_time",
            details={"field": field},
        )


def _round_trip(there: datetime) -> time:
    return datetime.fromtimestamp(there.timestamp(), there.tzinfo).time()


@transaction.atomic
def slots_create(
    *, visit: Visit, facts: SlotFacts, starts: time, ends: time, minutes: int, now: datetime | None = None
) -> list[Slot]:
    """Cut the time from `starts` to `ends` (wall times) into slots of `minutes`; a rest that is too short is left out.

    Raises:
        BadInput: `ends_before`, `no_slot_fits`, `too_many_slots`, `in_the_past`, `skipped_time`, `not_staff`.
        Conflict: `slots_overlap` with what the same person offers that day.
    """
    course, now = visit.course, now or timezone.now()
    _check_staff(course, facts.staff)
    for at, field in ((starts, "starts"), (ends, "ends")):
        check_wall(course=course, day=facts.day, at=at, field=field)
    pieces = _pieces(facts.day, starts, ends, minutes)
    if course.wall(facts.day, starts) <= now:
        raise BadInput(
            "That is in the past. Teams can book only what is to come.", code="in_the_past", details={"field": "day"}
        )
    # One series after the other for the same member of staff: the enrolment is the lock.
    Enrolment.objects.select_for_update(no_key=True).get(course=course, person=facts.staff)
    _check_free(course, facts.staff, facts.day, starts, pieces[-1][1])
    return [
        Slot.objects.create(
            course=course, staff=facts.staff, kind=facts.kind, day=facts.day, starts=begin, ends=end, place=facts.place,
            link=facts.link, capacity=facts.capacity, change_until=facts.change_until,
        )
        for begin, end in pieces
    ]  # fmt: skip


def _check_staff(course: Course, person: User) -> None:
    if not Enrolment.objects.filter(course=course, person=person, role__in=STAFF, is_active=True).exists():
        raise BadInput(f"{person.name} is not of this course's staff.", code="not_staff", details={"field": "staff"})


def _pieces(day: date, starts: time, ends: time, minutes: int) -> list[tuple[time, time]]:
    begin, last, step = datetime.combine(day, starts), datetime.combine(day, ends), timedelta(minutes=minutes)
    if last <= begin:
        raise BadInput("The end comes before the start.", code="ends_before", details={"field": "ends"})
    count = int((last - begin) / step)
    if count < 1:
        raise BadInput(
            f"Not one slot of {minutes} minutes fits between {starts:%H:%M} and {ends:%H:%M}.",
            code="no_slot_fits",
            details={"field": "minutes"},
        )
    if count > MOST_OF_A_SERIES:
        raise BadInput(
            f"That makes {count} slots; a series has at most {MOST_OF_A_SERIES}. Make longer ones, or two series.",
            code="too_many_slots",
            details={"field": "minutes"},
        )
    return [((begin + n * step).time(), (begin + (n + 1) * step).time()) for n in range(count)]


def _check_free(course: Course, staff: User, day: date, starts: time, ends: time, but: int = 0) -> None:
    other = (
        Slot.objects.filter(course=course, staff=staff, day=day, is_cancelled=False, starts__lt=ends, ends__gt=starts)
        .exclude(pk=but)
        .first()
    )
    if other is not None:
        raise Conflict(
            f"{staff.name} offers {other.starts:%H:%M} to {other.ends:%H:%M} on that day already. Choose other times, or cancel that slot.",
            code="slots_overlap",
            details={"field": "starts"},
        )


@transaction.atomic
def slot_book(*, visit: Visit, team: Team, slot: Slot, topic: str = "", now: datetime | None = None) -> SlotBooking:
    """Book a slot for the team, or move the team's booking of this kind to it: the old one is freed in the same breath.

    Raises:
        Conflict: `slot_full`, `slot_over`, `slot_cancelled`, `too_late_to_move`, `already_booked`, `team_dissolved`.
        Forbidden: `not_your_team`.
    """
    now = now or timezone.now()
    check_inside(visit=visit, team=team)
    [team] = lock_teams(team)  # what one team books happens one after the other
    if team.status not in OPEN_TEAMS:
        raise Conflict(f"Team {team.name} was dissolved.", code="team_dissolved")
    old = live_bookings(team, now, slot.kind)
    if any(row.slot_id == slot.pk for row in old):
        raise Conflict("Your team has booked this slot already.", code="already_booked")
    slot = _lock_slot(slot)
    _check_bookable(slot, now)
    for row in old:
        _release(visit, row, now)
    try:
        with transaction.atomic():
            return SlotBooking.objects.create(slot=slot, team=team, booked_by=visit.person, topic=topic, made_at=now)
    except IntegrityError as error:
        raise Conflict("Your team has booked this slot already.", code="already_booked") from error


def _lock_slot(slot: Slot) -> Slot:
    return Slot.objects.select_for_update(of=("self",), no_key=True).select_related("course", "staff").get(pk=slot.pk)


def _check_bookable(slot: Slot, now: datetime) -> None:
    if slot.is_cancelled:
        raise Conflict(f"{slot.staff.name} has cancelled this slot. Choose another one.", code="slot_cancelled")
    if slot.starts_at <= now:
        raise Conflict("This slot has begun already. Choose a later one.", code="slot_over")
    if slot.bookings.filter(cancelled_at=None).count() >= slot.capacity:
        raise Conflict("Another team was faster: this slot is taken. Choose another one.", code="slot_full")


def _release(visit: Visit, booking: SlotBooking, now: datetime) -> None:
    slot = booking.slot
    if not visit.is_staff and now >= slot.free_until:
        until = timezone.localtime(slot.free_until)
        raise Conflict(
            f"A booking can be changed until {until:%a %b %-d, %H:%M %Z}, and that is past. Write to {slot.staff.name}.",
            code="too_late_to_move",
        )
    SlotBooking.objects.filter(pk=booking.pk, cancelled_at=None).update(cancelled_at=now)


@transaction.atomic
def booking_cancel(*, visit: Visit, team: Team, booking: SlotBooking, now: datetime | None = None) -> None:
    """Free a booked slot. Raises Conflict `too_late_to_move` for a team past the cut-off, NotHere for a stranger's booking."""
    now = now or timezone.now()
    check_inside(visit=visit, team=team)
    if booking.team_id != team.pk:
        raise NotHere("This booking is not your team's.")
    lock_teams(team)
    _release(visit, booking, now)
    if visit.is_staff:
        _tell(booking.slot, [team], f"slot-{booking.slot_id}-freed-{booking.pk}", "Your slot was freed", visit)


@transaction.atomic
def slot_move(
    *, visit: Visit, slot: Slot, day: date, starts: time, ends: time, place: str, link: str, capacity: int,
    now: datetime | None = None,
) -> Slot:  # fmt: skip
    """Move a slot or its place; who booked it keeps it and is told.

    Raises BadInput `ends_before`, `skipped_time`, `in_the_past`, `too_small` (fewer places than bookings); Conflict `slots_overlap`.
    """
    now, course = now or timezone.now(), visit.course
    slot = _lock_slot(slot)
    if slot.is_cancelled:
        raise Conflict("This slot was cancelled. Make a new one.", code="slot_cancelled")
    if ends <= starts:
        raise BadInput("The end comes before the start.", code="ends_before", details={"field": "ends"})
    for at, field in ((starts, "starts"), (ends, "ends")):
        check_wall(course=course, day=day, at=at, field=field)
    if course.wall(day, starts) <= now:
        raise BadInput("That is in the past. Choose a later time.", code="in_the_past", details={"field": "day"})
    teams = _teams(slot)
    if capacity < len(teams):
        raise BadInput(
            f"{len(teams)} teams have booked it. Free a booking first.",
            code="too_small",
            details={"field": "capacity"},
        )
    _check_free(course, slot.staff, day, starts, ends, but=slot.pk)
    is_moved = (slot.day, slot.starts, slot.ends, slot.place, slot.link) != (day, starts, ends, place, link)
    slot.day, slot.starts, slot.ends = day, starts, ends
    slot.place, slot.link, slot.capacity = place, link, capacity
    if is_moved:
        slot.sequence += 1
    slot.save()
    if is_moved:
        new = f"{timezone.localtime(slot.starts_at, course.tz):%a %b %-d, %H:%M %Z}"
        _tell(
            slot,
            teams,
            f"slot-{slot.pk}-moved-{slot.sequence}",
            f"Your slot with {slot.staff.name} is {new} now",
            visit,
        )
    return slot


@transaction.atomic
def slot_cancel(*, visit: Visit, slot: Slot) -> Slot:
    """Take a slot back; who booked it is told and free to book another. Raises Conflict `slot_cancelled` the second time."""
    slot = _lock_slot(slot)
    if slot.is_cancelled:
        raise Conflict("This slot was cancelled already.", code="slot_cancelled")
    slot.is_cancelled, slot.sequence = True, slot.sequence + 1
    slot.save(update_fields=["is_cancelled", "sequence"])
    at = f"{timezone.localtime(slot.starts_at, slot.course.tz):%a %b %-d, %H:%M %Z}"
    _tell(slot, _teams(slot), f"slot-{slot.pk}-cancelled", f"Your slot on {at} was cancelled", visit)
    return slot


def _teams(slot: Slot) -> list[Team]:
    return [row.team for row in slot.bookings.filter(cancelled_at=None).select_related("team__course")]


def _tell(slot: Slot, teams: list[Team], key: str, title: str, visit: Visit) -> None:
    for team in teams:
        notification_send(
            course=slot.course, people=members_at(team), kind="team", key=key, title=title,
            text=escaped(f"Changed by {visit.person.name}. {slot.place}".strip()), path=team.get_absolute_url(),
        )  # fmt: skip
