"""What of the roster is recorded, and its changes as the audit of the course reads them."""

from typing import Any

from django.urls import reverse

from courseplatform.audit.models import Act
from courseplatform.audit.registry import AuditSource, Read, audit
from courseplatform.courses.models import Course
from courseplatform.roster.models import RosterChange


def _rows(course: Course) -> Any:
    return RosterChange.objects.filter(enrolment__course=course).select_related("enrolment__course")


def _line(row: RosterChange) -> tuple[str, str]:
    values = " to ".join(value for value in (row.changed_from, row.changed_to) if value)
    path = reverse("roster:person", args=[row.enrolment.course.slug, row.enrolment_id])
    return f"{row.get_what_display()}{': ' if values else ''}{values}", path


def register() -> None:
    audit.add_reads(
        Read("roster:people", "The list of people"),
        Read("roster:person", "The page of a person in the course"),
        Read("roster:merge", "Two accounts of one person, side by side"),
        Read("roster:import", "A registrar's list"),
        Read("roster:people_csv", "The list of people", Act.EXPORTED),
    )
    searched = ("changed_from", "changed_to", "why")
    audit.add_audit_source(
        AuditSource("roster", Act.CHANGED, _rows, _line, about="enrolment__person", searched=searched)
    )
