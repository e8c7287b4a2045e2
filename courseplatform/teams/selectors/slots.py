"""Slots as teams choose them and as staff keep them, and as entries of a calendar."""

from collections import defaultdict
from datetime import datetime
from typing import Any

from django.db.models import Count, Q
from django.utils import timezone

from courseplatform.accounts.models import User
from courseplatform.core.errors import NotHere
from courseplatform.core.prepared import Prepared
from courseplatform.courses.access import Visit
from courseplatform.courses.models import Course
from courseplatform.courses.sections import CalendarEntry
from courseplatform.teams.models.slots import Slot, SlotBooking
from courseplatform.teams.models.teams import Team
from courseplatform.teams.selectors.membership import team_of


def slot_get(visit: Visit, pk: int) -> Slot:
    """Raises NotHere for a slot of another course."""
    found = Slot.objects.filter(course=visit.course, pk=pk).select_related("course", "staff").first()
    if found is None:
        raise NotHere("There is no such slot in this course.")
    return found


BOOKINGS = Prepared(
    lambda team: SlotBooking.objects.live().filter(team=team).select_related("slot__course", "slot__staff", "booked_by"), team=int
)  # fmt: skip


def live_bookings(team: Team, now: datetime, kind: str = "") -> list[SlotBooking]:
    """What a team has booked and what is not over yet, soonest first."""
    rows = (row for row in BOOKINGS(team=team.pk) if row.slot.ends_at > now and kind in ("", row.slot.kind))
    return sorted(rows, key=lambda row: row.slot.starts_at)


def booking_get(team: Team, pk: int) -> SlotBooking:
    found = SlotBooking.objects.live().filter(team=team, pk=pk).select_related("slot__course", "slot__staff").first()
    if found is None:
        raise NotHere("Your team has no such booking now.")
    return found


def bookable(visit: Visit, now: datetime) -> list[dict[str, Any]]:
    """What is still to come, day by day in the reader's zone, each slot with the places left. One query."""
    taken = Count("bookings", filter=Q(bookings__cancelled_at=None))
    slots = Slot.objects.filter(
        course=visit.course, is_cancelled=False, day__gte=timezone.localdate(now, visit.course.tz)
    )
    days: dict[Any, list[dict[str, Any]]] = defaultdict(list)
    counts = dict(slots.annotate(taken=taken).values_list("pk", "taken"))
    for slot in slots.select_related("course", "staff"):
        if slot.starts_at > now:
            start = timezone.localtime(slot.starts_at)
            left = slot.capacity - counts[slot.pk]
            days[start.date()].append(
                {"slot": slot, "left": left, "starts": start, "ends": timezone.localtime(slot.ends_at)}
            )
    return [{"day": day, "slots": days[day]} for day in sorted(days)]


def staff_days(visit: Visit, now: datetime, *, is_past: bool = False) -> list[dict[str, Any]]:
    """Slots that are to come (or, newest first, were), each with the teams that booked. Two queries."""
    today = timezone.localdate(now, visit.course.tz)
    slots = Slot.objects.filter(course=visit.course).filter(Q(day__lt=today) if is_past else Q(day__gte=today))
    bookings: dict[int, list[SlotBooking]] = defaultdict(list)
    for row in SlotBooking.objects.filter(slot__in=slots, cancelled_at=None).select_related("team__course"):
        bookings[row.slot_id].append(row)
    days: dict[Any, list[dict[str, Any]]] = defaultdict(list)
    for slot in slots.select_related("course", "staff"):
        if not slot.is_cancelled or bookings[slot.pk]:
            days[slot.day].append({"slot": slot, "bookings": bookings[slot.pk]})
    return [{"day": day, "slots": days[day]} for day in sorted(days, reverse=is_past)]


def calendar_entries(course: Course, person: User | None) -> list[CalendarEntry]:
    """For the feed of a person: what their team has booked, and what was booked with them as staff. Nothing of it is public."""
    if person is None:
        return []
    team = team_of(course, person)
    mine = SlotBooking.objects.filter(slot__course=course, cancelled_at=None).filter(
        Q(team=team) | Q(slot__staff=person) if team else Q(slot__staff=person)
    )
    by_slot: dict[int, list[SlotBooking]] = defaultdict(list)
    for row in mine.select_related("slot__course", "slot__staff", "team__course").order_by("slot__day", "slot__starts"):
        by_slot[row.slot_id].append(row)
    return [_entry(rows, person) for rows in by_slot.values()]


def _entry(rows: list[SlotBooking], person: User) -> CalendarEntry:
    slot, teams = rows[0].slot, ", ".join(row.team.name for row in rows)
    is_host = slot.staff_id == person.pk
    whom = f"{'teams' if len(rows) > 1 else 'team'} {teams}" if is_host else slot.staff.name
    return CalendarEntry(
        uid=f"slot-{slot.pk}", title=f"{slot.get_kind_display()} slot with {whom}", starts=slot.starts_at, ends=slot.ends_at,
        place=slot.place, description="\n".join(filter(None, [slot.link, *(row.topic for row in rows)])),
        path=rows[0].team.get_absolute_url(), is_cancelled=slot.is_cancelled, sequence=slot.sequence,
    )  # fmt: skip
