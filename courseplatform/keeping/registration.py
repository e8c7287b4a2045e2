"""What keeping tells the rooms below it."""

from courseplatform.accounts.erasing import rows_go
from courseplatform.accounts.exporting import Exported, ExportSection, add_export_section, rows
from courseplatform.accounts.merging import decide, stay
from courseplatform.accounts.models import User
from courseplatform.audit.models import Act
from courseplatform.audit.registry import Read, audit
from courseplatform.core import health
from courseplatform.core.half_restored import restore_health
from courseplatform.core.leaving import hold_while
from courseplatform.courses.archive_parts import add_archive_part
from courseplatform.courses.closing import goes_on
from courseplatform.courses.models import Role
from courseplatform.courses.sections import NavLink, registry
from courseplatform.keeping.after import add_after_restore
from courseplatform.keeping.afterwards import backups_settled, sessions_dropped, uploads_ended
from courseplatform.keeping.erasing import erased_again
from courseplatform.keeping.models import DeletionRequest
from courseplatform.keeping.selectors import is_being_made
from courseplatform.keeping.term.tables import PART, REST

INSTRUCTORS = frozenset({Role.INSTRUCTOR})
RETENTION = ("keeping:retention", "keeping:retention_hold", "keeping:retention_release")
TERM = (
    "keeping:term_open",
    "keeping:term_keep",
    "keeping:term_archive",
    "keeping:term_archive_file",
    "keeping:term_archive_live",
)


def register_all() -> None:
    add_archive_part(PART)
    add_archive_part(REST)
    registry.add_nav(
        NavLink("Retention", "keeping:retention", 95, INSTRUCTORS, owns=RETENTION, in_more=True),
        NavLink("End of term", "keeping:term", 97, INSTRUCTORS, owns=("keeping:term", *TERM), in_more=True),
    )
    goes_on(*RETENTION, why="what is kept how long is decided after the end of a course, too")
    goes_on(*TERM, why="the course is opened again, archived or deleted")
    goes_on("audit:view_as", "audit:view_as_stop", why="looking at the course as a student changes nothing in it")
    goes_on("courses:tour_seen", "calendars:renew", why="it is the person's own, and nothing of the course")
    audit.add_reads(Read("keeping:term_archive_file", "The archive of the whole course", Act.EXPORTED))
    hold_while(is_being_made)
    health.add_probe("restore", restore_health)
    add_after_restore("sessions", sessions_dropped)
    add_after_restore("uploads", uploads_ended)
    add_after_restore("backups", backups_settled)
    add_after_restore("erased", erased_again)
    rows_go("notices.Notification.person", "notices.MailPreference.person", "calendars.PersonalFeed.person")
    decide("keeping.DeletionRequest.person", stay("the remaining account asks for it already"))
    add_export_section(
        ExportSection(
            "deletion",
            "when you asked that your account be deleted",
            95,
            _exported,
            frozenset({"keeping.DeletionRequest.person"}),
        )
    )


def _exported(person: User) -> Exported:
    found = DeletionRequest.objects.filter(person=person).order_by("pk")
    return Exported({"deletion_requests": rows(found, "asked_at ended_at")})
