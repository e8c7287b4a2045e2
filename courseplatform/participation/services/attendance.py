"""Who was there. The last word counts; two people who record at once leave one row a person."""

from collections.abc import Mapping
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from courseplatform.core.errors import BadInput, NotHere
from courseplatform.courses.access import Visit
from courseplatform.courses.models import Session
from courseplatform.participation.models import Attendance
from courseplatform.participation.selectors.entry import students


def attendance_record(*, visit: Visit, session: Session, modes: Mapping[int, str], now: datetime | None = None) -> int:
    """Record how these people take part in a session. Returns how many rows changed.

    Raises:
        NotHere: the session is another course's, or somebody is no student of this one.
        BadInput: `unknown_mode`, `not_a_class`.
    """
    _check(visit, session, set(modes.values()))
    if set(modes) - {person.pk for person in students(visit.course)}:
        raise NotHere(
            "One of these people is no student of this course any more. Reload the page.", code="not_a_student"
        )
    with transaction.atomic():
        known = dict(session.attendance.values_list("person_id", "mode"))
        changed = {person: mode for person, mode in modes.items() if known.get(person) != mode}
        _write(visit, session, changed, now or timezone.now())
    return len(changed)


def attendance_fill(*, visit: Visit, session: Session, mode: str, now: datetime | None = None) -> int:
    """Everybody who is not recorded yet: "everybody is here", then the exceptions. Returns how many were recorded."""
    _check(visit, session, {mode})
    with transaction.atomic():
        before = session.attendance.count()
        rows = _rows(visit, session, {person.pk: mode for person in students(visit.course)}, now or timezone.now())
        # Who was recorded meanwhile by somebody else keeps that.
        Attendance.objects.bulk_create(rows, ignore_conflicts=True, batch_size=150)
        return session.attendance.count() - before


def _check(visit: Visit, session: Session, modes: set[str]) -> None:
    if session.course_id != visit.course.pk:
        raise NotHere("There is no such session in this course.")
    if not session.is_class or session.is_cancelled:
        raise BadInput(
            "The class does not meet in this session, so nobody's attendance is recorded.", code="not_a_class"
        )
    if modes - set(Attendance.Mode.values):
        raise BadInput("Choose in the room, Zoom, excused or absent.", code="unknown_mode")


def _rows(visit: Visit, session: Session, modes: Mapping[int, str], now: datetime) -> list[Attendance]:
    by = visit.person.name or visit.by
    # In one order, whoever writes: two who insert the same rows in different orders would wait for each other.
    ordered = sorted(modes.items())
    return [Attendance(session=session, person_id=person, mode=mode, by=by, at=now) for person, mode in ordered]


def _write(visit: Visit, session: Session, modes: Mapping[int, str], now: datetime) -> None:
    Attendance.objects.bulk_create(
        _rows(visit, session, modes, now), update_conflicts=True, unique_fields=["session", "person"],
        update_fields=["mode", "by", "at"], batch_size=150,
    )  # fmt: skip
