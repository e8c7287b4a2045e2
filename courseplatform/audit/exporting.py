"""What of the audit is a person's own: what they did themselves. What others looked at is in nobody's export but theirs."""

from courseplatform.accounts.exporting import Exported, ExportSection, rows
from courseplatform.accounts.models import User
from courseplatform.audit.models import AuditRow, StudentView


def _own(person: User) -> Exported:
    did = rows(
        AuditRow.objects.filter(actor_person=person).order_by("pk"), "at course=course__slug act what path network"
    )
    views = rows(StudentView.objects.filter(by=person).order_by("pk"), "course=course__slug started_at ended_at why")
    return Exported({"audit": did, "student_views": views})


SECTION = ExportSection(
    "audit", "what you looked at and exported as staff, and your sign-ins as staff", 90, _own,
    frozenset({"audit.AuditRow.actor_person", "audit.StudentView.by"}),
)  # fmt: skip
