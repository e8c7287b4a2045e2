"""What of the seminar is recorded, and its changes as the audit of the course reads them."""

from typing import Any

from django.urls import reverse

from courseplatform.audit.models import Act
from courseplatform.audit.registry import AuditSource, Read, audit
from courseplatform.courses.models import Course
from courseplatform.seminar.models import SlotChange


def _rows(course: Course) -> Any:
    return SlotChange.objects.filter(slot__session__course=course).select_related("slot__session__course")


def _line(row: SlotChange) -> tuple[str, str]:
    day = row.slot.session.held_on
    on = f" of {day:%b} {day.day}" if day else ""
    return f"Presentation{on}: {row.sentence}", reverse(
        "seminar:slot", args=[row.slot.session.course.slug, row.slot_id]
    )


def register() -> None:
    audit.add_reads(
        Read("seminar:slot", "A presentation, with its scores and feedback"),
        Read("seminar:slots_csv", "Presentations and who gives them", Act.EXPORTED),
        Read("seminar:highlight", "A lecture highlight of a person"),
        Read("seminar:highlights_csv", "Lecture highlights", Act.EXPORTED),
        Read("seminar:matching_csv", "Who wishes to present what", Act.EXPORTED),
    )
    audit.add_audit_source(AuditSource("presentations", Act.CHANGED, _rows, _line, searched=("sentence",)))
