"""What courses adds to a person's export."""

from django.db.models import Q

from courseplatform.accounts.exporting import Exported, ExportSection, rows
from courseplatform.accounts.models import User
from courseplatform.courses.models import STAFF, Enrolment


def _enrolments(person: User) -> Exported:
    """Also those that were left. A course that is a draft is not there for its students yet."""
    seen = Q(course__is_published=True) | Q(role__in=STAFF)
    mine = Enrolment.objects.filter(seen, person=person).order_by("made_at", "pk")
    return Exported(
        {
            "enrolments": rows(
                mine, "course=course__slug title=course__title term=course__term role is_active made_at left_at"
            )
        }
    )


SECTION = ExportSection(
    "courses", "courses that you are in, or were", 10, _enrolments, frozenset({"courses.Enrolment.person"})
)
