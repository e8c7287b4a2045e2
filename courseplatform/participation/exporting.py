"""What participation adds to a person's export."""

from courseplatform.accounts.exporting import Exported, ExportSection, rows
from courseplatform.accounts.models import User
from courseplatform.participation.models import Attendance, Credit


def _participation(person: User) -> Exported:
    given = Credit.objects.filter(person=person).order_by("at", "pk")
    return Exported(
        {
            "credits": rows(given, "course=course__slug day=session__held_on kind channel reason at withdrawn_at"),
            "attendance": rows(
                Attendance.objects.filter(person=person), "course=session__course__slug day=session__held_on mode at"
            ),
        }
    )


SECTION = ExportSection(
    "participation", "your credits and where you attended", 45, _participation,
    frozenset({"participation.Credit.person", "participation.Attendance.person"}),
)  # fmt: skip
