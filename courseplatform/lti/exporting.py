"""What lti adds to a person's export."""

from courseplatform.accounts.exporting import Exported, ExportSection, rows
from courseplatform.accounts.models import User
from courseplatform.lti.models import Identity


def _identities(person: User) -> Exported:
    return Exported(
        {"lms": rows(Identity.objects.filter(person=person), "lms=platform__name id=sub how since=made_at used_at")}
    )


SECTION = ExportSection(
    "lms", "which LMS knows you, under which id, and since when", 25, _identities, frozenset({"lti.Identity.person"})
)
