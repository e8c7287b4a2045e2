"""What of participation is recorded, and its changes as the audit of the course reads them."""

from typing import Any

from django.urls import reverse

from courseplatform.audit.models import Act
from courseplatform.audit.registry import AuditSource, Read, audit
from courseplatform.courses.models import Course
from courseplatform.participation.models import Credit


def _rows(course: Course) -> Any:
    return Credit.objects.filter(course=course).select_related("course")


def _line(row: Credit) -> tuple[str, str]:
    taken_back = ", taken back later" if row.withdrawn_by else ""
    return f"Credit: {row.get_kind_display()}{taken_back}", reverse(
        "participation:person", args=[row.course.slug, row.person_id]
    )


def register() -> None:
    audit.add_reads(
        Read("participation:person", "Participation of a person"),
        Read("participation:people", "Participation of everybody"),
        Read("participation:people_csv", "Participation of everybody", Act.EXPORTED),
        Read("participation:attendance", "Who attended which session"),
        Read("participation:import", "What a file says of who took part"),
    )
    audit.add_audit_source(
        AuditSource(
            "credits", Act.CHANGED, _rows, _line, at="recorded_at", actor="given_by", about="person", searched=("reason",)
        )
    )  # fmt: skip
