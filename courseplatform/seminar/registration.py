"""What seminar registers with the rooms below it when the app is ready."""

from courseplatform.accounts.exporting import add_export_section
from courseplatform.accounts.merging import decide, stay
from courseplatform.core.kept import quiet
from courseplatform.courses.access import MEMBERS
from courseplatform.courses.archive_parts import add_archive_part, page_files
from courseplatform.courses.course_file.registry import file_parts
from courseplatform.courses.models import Course, Session
from courseplatform.courses.sections import NavLink, ScheduleLine, Section, registry
from courseplatform.seminar import auditing, exporting
from courseplatform.seminar.course_file import PAPERS_PART
from courseplatform.seminar.models import (
    Highlight,
    HighlightPerson,
    Paper,
    PreferenceRound,
    PresentationSlot,
    Ranking,
    SlotPerson,
    Swap,
)
from courseplatform.seminar.selectors import marks
from courseplatform.seminar.selectors.highlights import published_highlights
from courseplatform.seminar.selectors.papers import public_papers


def schedule_lines(course: Course, sessions: list[Session]) -> list[ScheduleLine]:
    """Below a session: the papers that are presented in it, and its published highlights without the names of those who wrote them."""
    papers = [
        ScheduleLine(row.slot.session_id, row.paper.title, url=row.paper.url, note=row.paper.source, kind="paper")
        for row in public_papers(course)
        if row.slot
    ]
    highlights = [
        ScheduleLine(session, "Lecture highlight", html=item.html, kind="published")
        for session, items in published_highlights(course).items()
        for item in items
    ]
    return papers + highlights


ARCHIVED = {
    "presentations/papers.csv": ("seminar:papers_csv", "the papers that were read"),
    "presentations/slots.csv": ("seminar:slots_csv", "who presented what, when"),
    "presentations/highlights.csv": ("seminar:highlights_csv", "lecture highlights and who gave them"),
}


def register_all() -> None:
    add_archive_part(page_files("seminar", 70, ARCHIVED))
    quiet(Highlight, HighlightPerson, Paper, PreferenceRound, PresentationSlot, Ranking, SlotPerson, Swap)
    auditing.register()
    add_export_section(exporting.SECTION)
    decide("seminar.SlotPerson.person", stay("one place in a slot for each person"))
    decide("seminar.HighlightPerson.person", stay("the remaining account writes this highlight already"))
    decide("seminar.Feedback.person", stay("one form for each paper"))
    decide("seminar.Score.person", stay("one score for each person and paper"))
    decide("seminar.Ranking.person", stay("the order of the remaining account holds"))
    decide("seminar.Swap.asker", stay("one swap at a time"))
    file_parts.add(PAPERS_PART)
    registry.add_schedule_source(schedule_lines)
    registry.add_due_source(marks.due_marks)
    registry.add_calendar_source(marks.calendar_entries)
    registry.add_section(Section("swap_asked", 15, "main", "seminar/_section_swap.html", marks.swap_section))
    registry.add_nav(
        NavLink("Papers", "seminar:list", 40, MEMBERS, key="b", owns=("seminar:",)),
        NavLink("Papers", "seminar:list", 60, None),
    )
