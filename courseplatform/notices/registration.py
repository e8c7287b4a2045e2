"""What notices registers with the rooms below it when the app is ready."""

from courseplatform.accounts.exporting import add_export_section
from courseplatform.accounts.hooks import on_security_event, on_token_made
from courseplatform.accounts.merging import decide, stay
from courseplatform.core.kept import quiet
from courseplatform.courses.access import MEMBERS
from courseplatform.courses.archive_parts import ArchivePart, add_archive_part
from courseplatform.courses.retention_kinds import add_retention_source
from courseplatform.courses.retention_rows import rows_source
from courseplatform.courses.sections import NavLink, Section, registry
from courseplatform.notices import auditing, exporting, metrics, status_parts
from courseplatform.notices.archiving import ARCHIVED, archived
from courseplatform.notices.models.announcements import Announcement
from courseplatform.notices.models.notifications import Notification
from courseplatform.notices.models.surveys import Survey
from courseplatform.notices.selectors import sections
from courseplatform.notices.services.accounts import security_event_tell, token_made_tell
from courseplatform.notices.services.schedule import schedule_change_tell


def register_all() -> None:
    add_archive_part(ArchivePart("notices", 80, ARCHIVED, archived))
    quiet(Announcement, Survey)
    add_retention_source(
        "notices",
        rows_source(
            "mail",
            lambda course: (
                Notification.objects.filter(course=course, mail_after=None)
                | Notification.objects.filter(course=course, mailed_at__isnull=False)
            ),
            "made_at",
        ),
    )
    status_parts.register()
    auditing.register()
    metrics.register()
    add_export_section(exporting.SECTION)
    registry.add_section(
        Section("announcements", 5, "main", "notices/_section_announcements.html", sections.announcements)
    )
    registry.add_section(Section("surveys", 6, "main", "notices/_section_surveys.html", sections.surveys))
    decide("notices.MailPreference.person", stay("the remaining account's own choice holds"))
    decide("notices.Completion.person", stay("a survey is answered once"))
    registry.add_change_listener(schedule_change_tell)
    on_token_made(token_made_tell)
    on_security_event(security_event_tell)
    registry.add_nav(
        NavLink("Announcements", "notices:announcements", 65, MEMBERS, key="m", owns=("notices:",), in_more=True)
    )
