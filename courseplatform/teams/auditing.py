"""What of teams is recorded, and their changes as the audit of the course reads them."""

from typing import Any

from courseplatform.audit.models import Act
from courseplatform.audit.registry import AuditSource, Read, audit
from courseplatform.courses.models import Course
from courseplatform.teams.models import TeamEvent


def _rows(course: Course) -> Any:
    return TeamEvent.objects.filter(team__course=course).select_related("team__course")


def _line(row: TeamEvent) -> tuple[str, str]:
    return f"{row.team.name}: {row.sentence}", row.team.get_absolute_url()


def register() -> None:
    audit.add_reads(
        Read("teams:csv", "The list of teams", Act.EXPORTED),
        Read("teams:received", "Peer feedback that members of {team} received"),
        Read("teams:round", "Peer feedback of all teams"),
        Read("teams:fill", "Peer feedback within {team}"),
    )
    audit.add_audit_source(AuditSource("teams", Act.CHANGED, _rows, _line, searched=("sentence", "team__name")))
