"""What scribe registers with the rooms below it when the app is ready."""

from courseplatform.accounts.exporting import add_export_section
from courseplatform.accounts.merging import decide, stay
from courseplatform.core.kept import quiet
from courseplatform.courses.access import MEMBERS
from courseplatform.courses.archive_parts import add_archive_part, page_files
from courseplatform.courses.models import Course, Session
from courseplatform.courses.sections import NavLink, ScheduleLine, registry
from courseplatform.scribe import auditing, exporting
from courseplatform.scribe.models import ScribeDuty, ScribeMember
from courseplatform.scribe.selectors import duties
from courseplatform.scribe.selectors.duties import published_notes
from courseplatform.scribe.services.duties import duties_move


def schedule_lines(course: Course, sessions: list[Session]) -> list[ScheduleLine]:
    """Published notes stand below their lecture."""
    return [
        ScheduleLine(session, "Scribe notes", url=path, kind="notes")
        for session, path in published_notes(course).items()
    ]


def register_all() -> None:
    add_archive_part(
        page_files(
            "scribe",
            72,
            {
                "scribe/duties.csv": (
                    "scribe:csv",
                    "who wrote notes of which lecture; texts are in tables/",
                )
            },
        )
    )
    quiet(ScribeDuty, ScribeMember)
    auditing.register()
    add_export_section(exporting.SECTION)
    decide("scribe.ScribeMember.person", stay("the remaining account writes these notes already"))
    registry.add_schedule_source(schedule_lines)
    registry.add_due_source(duties.due_marks)
    registry.add_mover(duties_move)
    registry.add_calendar_source(duties.calendar_entries)
    registry.add_nav(NavLink("Scribe notes", "scribe:index", 60, MEMBERS, key="n", owns=("scribe:",), in_more=True))
