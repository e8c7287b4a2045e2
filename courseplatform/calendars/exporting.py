"""What calendars adds to a person's export."""

from courseplatform.accounts.exporting import Exported, ExportSection, rows
from courseplatform.accounts.models import User
from courseplatform.calendars.models import PersonalFeed


def _feed(person: User) -> Exported:
    return Exported({"feed": rows(PersonalFeed.objects.filter(person=person), "made_at renewed_at")})


SECTION = ExportSection(
    "calendar", "since when you have a calendar of your own; its secret address is not told", 20, _feed, frozenset({"calendars.PersonalFeed.person"})
)  # fmt: skip
