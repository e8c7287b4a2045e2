"""Changing the schedule on its pages: what is said about it, what moves with a session, who is told."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, time, timedelta
from typing import Any

from django.db import transaction
from django.db.models import F, ProtectedError

from courseplatform.core.errors import BadInput, Conflict, NotHere
from courseplatform.courses.access import Visit
from courseplatform.courses.models import Course, ScheduleChange, Session
from courseplatform.courses.schedule import day_label
from courseplatform.courses.sections import registry

SAID = ("held_on", "starts_at", "ends_at", "place", "title", "is_cancelled")  # what members plan by
FIELDS = (
    "held_on", "starts_at", "ends_at", "place", "column", "kind", "number", "title", "note", "is_class", "is_cancelled", "is_published",
    "releases_lab", "details",
)  # fmt: skip


@dataclass(frozen=True)
class Saved:
    """session: as it is now. moved: what followed it. change: the row of the log, None where nothing changed."""

    session: Session
    moved: list[str]
    change: ScheduleChange | None


def session_get(visit: Visit, pk: int, *, lock: bool = False) -> Session:
    """Raises NotHere: also for a session of another course."""
    rows = Session.objects.select_for_update() if lock else Session.objects
    session = rows.filter(course=visit.course, pk=pk, is_withdrawn=False).first()
    if session is None:
        raise NotHere("There is no such session in this course.")
    return session


def session_save(
    *, visit: Visit, pk: int | None, values: Mapping[str, Any], tell: bool = True, seen_sequence: int | None = None
) -> Saved:
    """Write a session (pk None: a new one). What hangs on its day moves by as many days; members are told of a published change.

    seen_sequence: the session's sequence when the page was opened; another number means that somebody else saved meanwhile.

    Raises BadInput (`sessions_overlap`, `ends_before_it_begins`, `outside_the_course`), Conflict (`changed_meanwhile`), NotHere.
    """
    with transaction.atomic():
        course = Course.objects.select_for_update().get(pk=visit.course.pk)
        session = (
            session_get(visit, pk, lock=True)
            if pk
            else Session(course=course, position=course.sessions.count(), is_published=False)
        )
        if seen_sequence is not None and seen_sequence != session.sequence:
            said = "Somebody else changed this session while you had it open. Look at it again; your text stands in the fields below."
            raise Conflict(said, code="changed_meanwhile")
        old = {name: getattr(session, name) for name in FIELDS}
        for name, value in values.items():
            setattr(session, name, value)
        _check(course, session)
        changed = {name for name in FIELDS if getattr(session, name) != old[name]}
        if pk and not changed:
            return Saved(session, [], None)
        session.sequence += 1 if pk else 0
        session.save()
        Course.objects.filter(pk=course.pk).update(sequence=F("sequence") + 1)
        moved = _follow(session, old["held_on"]) if pk and "held_on" in changed else []
        return Saved(session, moved, _log(visit, session, old, changed, moved, tell=tell, is_new=pk is None))


def _check(course: Course, session: Session) -> None:
    if session.starts_at and session.ends_at and session.starts_at >= session.ends_at:
        raise BadInput(
            f"It ends at {session.ends_at:%H:%M}, before it begins at {session.starts_at:%H:%M}.",
            code="ends_before_it_begins",
        )
    first, last = course.starts_on, course.ends_on
    if session.held_on and first and last and not first <= session.held_on <= last:
        said = f"{session.held_on} is outside the course, which runs from {first} to {last}."
        raise BadInput(said, code="outside_the_course")
    if not session.is_class or session.is_cancelled or session.held_on is None or session.starts_at is None:
        return
    others = course.sessions.filter(
        held_on=session.held_on, is_class=True, is_cancelled=False, is_withdrawn=False
    ).exclude(pk=session.pk)
    for other in others:
        together = (session.column and other.column == session.column) or (
            session.place and other.place == session.place
        )
        if (
            together
            and other.starts_at
            and other.ends_at
            and session.ends_at
            and other.starts_at < session.ends_at
            and session.starts_at < other.ends_at
        ):
            said = f"It overlaps with {other.title}, {other.starts_at:%H:%M} to {other.ends_at:%H:%M} on the same day."
            raise BadInput(said, code="sessions_overlap")


def _follow(session: Session, before: date | None) -> list[str]:
    """Move what hangs on the session's day by as many days: its dated items, and what other apps have registered."""
    if before is None or session.held_on is None:
        return []
    by, said = session.held_on - before, []
    for item in session.items.filter(follows=True).exclude(on=None):
        if item.on is not None:
            item.on += by
            item.save(update_fields=["on"])
            said.append(f"{item.label} is on {day_label(item.on, weekday=True)} now")
    return said + [sentence for mover in registry.movers for sentence in mover(session, before, by)]


def what_follows(session: Session) -> list[str]:
    """What would move with the session, for the page that offers to move it."""
    items = [
        f"{item.label}, {day_label(item.on, weekday=True)}" for item in session.items.filter(follows=True) if item.on
    ]
    day = session.held_on
    return items + (
        [sentence for mover in registry.movers for sentence in mover(session, day, timedelta(0))] if day else []
    )


def _log(
    visit: Visit,
    session: Session,
    old: Mapping[str, Any],
    changed: set[str],
    moved: list[str],
    *,
    tell: bool,
    is_new: bool,
) -> ScheduleChange:
    was_seen = bool(old["is_published"]) and not is_new  # taking off what people saw is news too
    told = tell and (session.is_published or was_seen) and bool(is_new or changed & {*SAID, "is_published"})
    sentence = change_sentence(session, old, changed, is_new=is_new)
    if moved:
        sentence = f"{sentence} {'; '.join(moved)}."
    change = ScheduleChange.objects.create(
        course=session.course, session=session, by=visit.by, sentence=sentence[:400], is_told=told
    )
    if told:
        for listener in registry.change_listeners:
            listener(change)
    return change


def change_sentence(session: Session, old: Mapping[str, Any], changed: set[str], *, is_new: bool) -> str:
    """What changed, as members read it. old: the fields before, by name."""
    name = old["title"] or session.title
    when = day_label(session.held_on, weekday=True) if session.held_on else "a day to be announced"
    if is_new:
        return f"{session.title} was added on {when}."
    if "is_published" in changed:
        return f"{name} was {'put on' if session.is_published else 'taken off'} the schedule ({when})."
    if "is_cancelled" in changed:
        return f"{name} on {when} is {'cancelled' if session.is_cancelled else 'held after all'}."
    parts = []
    if "held_on" in changed:
        before = day_label(old["held_on"], weekday=True) if old["held_on"] else "a day to be announced"
        parts.append(f"moved from {before} to {when}")
    if changed & {"starts_at", "ends_at"}:
        parts.append(f"is at {_clock(session.starts_at)} to {_clock(session.ends_at)}")
    if "place" in changed:
        parts.append(f"is in {session.place or 'a room to be announced'}")
    if "title" in changed:
        parts.append(f"is called {session.title} now")
    rest = changed - {*SAID}
    if rest and not parts:
        parts.append("got other notes, links or kind")
    return f"{name} {', '.join(parts)}."


def _clock(value: time | None) -> str:
    return f"{value:%H:%M}" if value else "a time to be announced"


def session_delete(*, visit: Visit, pk: int) -> None:
    """Raises Conflict (`session_in_use`) where work refers to it: hide it instead."""
    with transaction.atomic():
        session = session_get(visit, pk, lock=True)
        sentence, published = f"{session.title} was taken off the schedule.", session.is_published
        try:
            session.delete()
        except ProtectedError as error:
            said = "Scribe notes, attendance or papers belong to this session, so it is not deleted. Take it off the schedule instead."
            raise Conflict(said, code="session_in_use") from error
        change = ScheduleChange.objects.create(course=visit.course, by=visit.by, sentence=sentence, is_told=published)
        if published:
            for listener in registry.change_listeners:
                listener(change)
