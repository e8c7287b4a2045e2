"""What the seminar adds to the other pages of a course: due work, the section of the home, dates for the calendars."""

from datetime import datetime
from typing import Any

from django.urls import reverse

from courseplatform.accounts.models import User
from courseplatform.core.kept import kept
from courseplatform.courses.access import Visit
from courseplatform.courses.models import Course
from courseplatform.courses.sections import CalendarEntry, DueMark
from courseplatform.seminar.models import Duty, Highlight, PreferenceRound, PresentationSlot
from courseplatform.seminar.offers import slots_of
from courseplatform.seminar.selectors.duties import Owed, owed, swaps_of
from courseplatform.seminar.selectors.ranking import asked_order, open_rounds
from courseplatform.seminar.selectors.slots import slot_rows


def due_marks(visit: Visit, now: datetime) -> list[DueMark]:
    """Own duties that are not done; for staff the last moments of open rounds."""
    if visit.is_staff:
        return [
            DueMark(f"Order of {found.title.lower()}", "", found.due_at, _list(visit)) for found in open_rounds(visit)
        ]
    swaps = swaps_of(visit, now)
    slots = kept("slots", visit.course.pk, lambda: slots_of(visit.course))
    asked = [asked_order(visit, item, now, slots) for item in open_rounds(visit)]
    rows = slot_rows(visit.course, visit.person, now, staff=False, slots=slots)
    lines = owed(visit, rows, swaps, [item.head for item in asked if item], now)
    return [_mark(visit, line) for line in lines if not line.is_done]


def _mark(visit: Visit, line: Owed) -> DueMark:
    return DueMark(
        line.label,
        line.subject,
        line.due_at,
        _absolute(visit, line.url),
        line.badge,
        lambda: f"State: {line.badge.word}.",
    )


def _absolute(visit: Visit, url: str) -> str:
    return f"{_list(visit)}{url}" if url.startswith("#") else url


def _list(visit: Visit) -> str:
    return reverse("seminar:list", args=[visit.course.slug])


def swap_section(visit: Visit, now: datetime) -> dict[str, Any] | None:
    """On the home only while somebody waits for an answer."""
    if visit.is_staff:
        return None
    received = swaps_of(visit, now)["received"]
    return {"swaps": received, "url": f"{_list(visit)}#swaps"} if received else None


def calendar_entries(course: Course, person: User | None) -> list[CalendarEntry]:
    """Presentations: all of them for the course's feed, one's own for a person's; there also slides, highlights and rounds."""
    slots = (
        PresentationSlot.objects.of(course)
        .in_order()
        .select_related("session__course", "paper")
        .prefetch_related("people")
    )
    entries = []
    for slot in slots:
        role = next((row.role for row in slot.people.all() if person and row.person_id == person.pk), "")
        if slot.begins_at is not None and (role or (person is None and slot.paper and slot.session.is_published)):
            entries += _slot_entries(slot, role)
    return entries + (_own_entries(course, person) if person else [])


def _slot_entries(slot: PresentationSlot, role: str) -> list[CalendarEntry]:
    session, day = slot.session, slot.session.day
    has_hours = session.starts_at is not None
    verb = {Duty.PRESENTER: "You present", Duty.REVIEWER: "You review"}.get(Duty(role), "") if role else "Paper"
    entry = CalendarEntry(
        uid=f"slot-{slot.pk}", title=f"{verb}: {slot.short}", starts=slot.begins_at if has_hours and slot.begins_at else day,
        ends=slot.ends_at if has_hours and session.ends_at else None, place=session.place, description=slot.title,
        path=slot.get_absolute_url(), is_cancelled=session.is_cancelled or session.is_withdrawn, sequence=slot.sequence + session.sequence,
    )  # fmt: skip
    if role != Duty.PRESENTER or slot.slides_due_at is None:
        return [entry]
    return [entry, CalendarEntry(uid=f"slides-{slot.pk}", title=f"Slides and questions: {slot.short}", starts=slot.slides_due_at,
                                 path=slot.get_absolute_url(), is_cancelled=entry.is_cancelled, sequence=entry.sequence)]  # fmt: skip


def _own_entries(course: Course, person: User) -> list[CalendarEntry]:
    highlights = Highlight.objects.of(course).filter(people__person=person).select_related("session__course")
    entries = [
        CalendarEntry(uid=f"highlight-{highlight.pk}", title=f"Lecture highlight: {highlight.session.title}", starts=highlight.due_at,
                      path=highlight.get_absolute_url(), sequence=highlight.session.sequence)
        for highlight in highlights
        if highlight.due_at is not None
    ]  # fmt: skip
    rounds = PreferenceRound.objects.filter(course=course, status=PreferenceRound.Status.OPEN).select_related("course")
    path = reverse("seminar:list", args=[course.slug])
    return entries + [
        CalendarEntry(uid=f"round-{found.pk}", title=f"Order of {found.title.lower()}", starts=found.due_at, path=path)
        for found in rounds
    ]
