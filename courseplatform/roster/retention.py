"""What the registrar told of people leaves some time after the course; their accounts and enrolments stay."""

from datetime import datetime
from typing import Any

from django.db.models import Q

from courseplatform.accounts.erasing import add_eraser
from courseplatform.accounts.models import User
from courseplatform.courses.models import Course
from courseplatform.courses.retention_kinds import Found, Source, add_retention_source
from courseplatform.courses.retention_rows import rows_source
from courseplatform.roster.models.entries import RosterChange, RosterEntry

FACTS = ("sis_id", "login", "canvas_id", "email", "registrar_name")
OF_FACTS = (
    RosterChange.What.SIS_ID, RosterChange.What.LOGIN, RosterChange.What.CANVAS_ID, RosterChange.What.REGISTRAR_EMAIL, RosterChange.What.NAME,
)  # fmt: skip


def register() -> None:
    add_retention_source("roster.entries", Source("profile", _found, _take))
    add_retention_source("roster.changes", rows_source("profile", _changes, "at"))
    add_eraser("roster", _erase)


def _entries(course: Course, before: datetime | None) -> Any:
    says = Q()
    for name in FACTS:
        says |= ~Q(**{name: ""})
    rows = RosterEntry.objects.filter(says, course=course)
    return rows if before is None else rows.filter(enrolment__made_at__lt=before)


def _found(course: Course, before: datetime | None) -> list[Found]:
    return [Found("", _entries(course, before).count())]


def _take(course: Course, before: datetime, most: int, now: datetime) -> Found:
    keys = list(_entries(course, before).order_by("pk").values_list("pk", flat=True)[:most])
    RosterEntry.objects.filter(pk__in=keys).update(**dict.fromkeys(FACTS, ""))
    return Found("", len(keys))


def _changes(course: Course) -> Any:
    """What the lists said before: the same facts."""
    return RosterChange._base_manager.filter(enrolment__course=course, what__in=OF_FACTS)


def _erase(person: User, name: str) -> list[str]:
    """All that the registrar told of a person who is deleted, in every course."""
    count = RosterEntry.objects.filter(enrolment__person=person).update(**dict.fromkeys(FACTS, ""))
    RosterChange._base_manager.filter(enrolment__person=person, what__in=OF_FACTS).delete()
    return (
        [f"What the registrar told of them is deleted in {count} course{'' if count == 1 else 's'}."] if count else []
    )
