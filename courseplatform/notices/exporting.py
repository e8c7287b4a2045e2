"""What notices adds to a person's export."""

from courseplatform.accounts.exporting import Exported, ExportSection, rows
from courseplatform.accounts.models import User
from courseplatform.notices.models import Announcement, Completion, MailPreference, Notification


def _notices(person: User) -> Exported:
    """Of a survey only that it was answered: who answered what is known to nobody."""
    told = Notification.objects.filter(person=person).order_by("made_at", "pk")
    return Exported(
        {
            "notifications": rows(told, "course=course__slug kind title text path made_at read_at mailed_at"),
            "mail": rows(MailPreference.objects.filter(person=person), "kind choice"),
            "surveys_answered": rows(Completion.objects.filter(person=person), "course=survey__course__slug survey=survey__title"),
            "announcements_written": rows(Announcement.objects.filter(author=person), "course=course__slug title text status made_at published_at"),
        }
    )  # fmt: skip


SECTION = ExportSection(
    "notices", "what you were told, by which mail, and which surveys you answered", 25, _notices,
    frozenset({"notices.Notification.person", "notices.MailPreference.person", "notices.Completion.person", "notices.Announcement.author"}),
)  # fmt: skip
