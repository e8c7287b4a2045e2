"""Which slots a round offers, to whom, and what a matching is computed from. Read by services and pages alike."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

from django.db.models import Prefetch, QuerySet
from django.utils import timezone

from courseplatform.courses.models import Course
from courseplatform.seminar.models import Duty, PreferenceRound, PresentationSlot, Ranking, SlotPerson
from courseplatform.seminar.people import students_of


def slots_of(course: Course) -> list[PresentationSlot]:
    """All slots of a course with their people, in the order of their days. Two queries."""
    people = Prefetch("people", SlotPerson.objects.select_related("person"))
    slots = PresentationSlot.objects.of(course).select_related("session__course", "paper").prefetch_related(people)
    return list(slots.in_order())


def offered_slots(
    found: PreferenceRound, now: datetime | None = None, slots: Iterable[PresentationSlot] | None = None
) -> list[PresentationSlot]:
    """Slots to come, of published sessions, with a place left for the round's duty; those to review need their paper. In the order of
    their days. `slots`: those of the course, where they were read already."""
    now = now or timezone.now()
    every = slots_of(found.course) if slots is None else slots
    return [slot for slot in every if _is_offered(slot, found.role, now)]


def _is_offered(slot: PresentationSlot, role: str, now: datetime) -> bool:
    session = slot.session
    if session.is_cancelled or session.is_withdrawn or not session.is_published or free_places(slot, role) <= 0:
        return False
    begins = slot.begins_at
    return begins is not None and begins > now and not (role == Duty.REVIEWER and slot.paper_id is None)


def free_places(slot: PresentationSlot, role: str) -> int:
    return slot.places(role) - sum(row.role == role for row in slot.people.all())


def own_session_slots(slots: list[PresentationSlot], sessions: set[int]) -> set[int]:
    """What is not offered to somebody who has a duty in one of these sessions."""
    return {slot.pk for slot in slots if slot.session_id in sessions}


def duties(found: PreferenceRound) -> QuerySet[SlotPerson]:
    return SlotPerson.objects.filter(slot__session__course=found.course, slot__is_withdrawn=False)


def counts(found: PreferenceRound, role: str, day: date | None) -> bool:
    """Whether somebody with this duty on that day is not asked again: it is of the round's kind, and not of an earlier time."""
    return role == found.role and (day is None or day >= found.opened_on)


def snapshot_of(found: PreferenceRound, now: datetime) -> dict[str, Any]:
    """All that the matching depends on. Students who have such a duty already are not in it; saved slots that are no longer offered fall
    out of the orders."""
    slots = offered_slots(found, now)
    known = {slot.pk for slot in slots}
    orders: dict[int, list[int]] = dict(Ranking.objects.filter(round=found).values_list("person", "order"))
    sessions: dict[int, set[int]] = defaultdict(set)
    has_duty = set()
    for person, role, session, day in duties(found).values_list(
        "person", "role", "slot__session", "slot__session__held_on"
    ):
        sessions[person].add(session)
        if counts(found, role, day):
            has_duty.add(person)
    students = [person.pk for person in students_of(found.course) if person.pk not in has_duty]
    return {
        "students": [
            {"key": key, "order": [slot for slot in orders.get(key, []) if slot in known],
             "forbidden": sorted(own_session_slots(slots, sessions[key]))}
            for key in sorted(students)
        ],
        "slots": sorted(
            ({"key": slot.pk, "most": free_places(slot, found.role), "least": _least(slot, found)} for slot in slots),
            key=lambda row: row["key"],
        ),
    }  # fmt: skip


def _least(slot: PresentationSlot, found: PreferenceRound) -> int:
    """How many are still wanted, at most as many as have room."""
    free = free_places(slot, found.role)
    return max(0, min(free, found.least - (slot.places(found.role) - free)))
