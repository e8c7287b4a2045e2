"""What grading adds to a person's export."""

from typing import Any

from django.utils import timezone

from courseplatform.accounts.exporting import Exported, ExportedFile, ExportSection, rows
from courseplatform.accounts.models import User
from courseplatform.courses.models import Enrolment, Role
from grading.grade import Grade
from grading.grade_facts import grade_for, sees_grade
from grading.models.assignments import Assignment
from grading.models.class_points import Nickname
from grading.models.desk import Snippet
from grading.models.late_days import Accommodation, Excuse, Extension, LateEntry, LateRequest, LateVerdict
from grading.models.pieces import Piece
from grading.models.regrades import RegradeRequest
from grading.models.research import ResearchConsent
from grading.models.runs import Run
from grading.models.submissions import Submission
from grading.selectors.annotations import notes_for
from grading.selectors.book_endpoint import standings_exported

WORK = "course=assignment__course__slug assignment=assignment__short"
NOTE = "course=piece__assignment__course__slug assignment=piece__assignment__short part=piece report_page=page number quote text item=item__title by made_at"


def _grading(person: User) -> Exported:
    """What the person handed in with its files, what was measured, late days, and grades that are released. What a team mate handed in is
    in the export of who sent it; why the staff accommodate somebody is between the two, and is asked for there."""
    sent = Submission.objects.filter(person=person).select_related("assignment__course").order_by("received_at", "pk")
    pieces = Piece.objects.filter(person=person).select_related("assignment__course").order_by("saved_at", "pk")
    seen, asked = _released(person), RegradeRequest.objects.filter(person=person).order_by("made_at", "pk")
    return Exported(
        {
            "hand_ins": rows(sent, f"id {WORK} team=team__name number received_at due_at file_name size_bytes sha256 statement is_active"),
            "parts": rows(pieces, f"id {WORK} team=team__name part kind text file_name size_bytes sha256 saved_at removed_at"),
            "runs": rows(Run.objects.filter(submission__person=person), "hand_in=submission status error_code queued_at finished_at"),
            "extensions": rows(Extension.objects.filter(person=person), f"{WORK} until_at units made_at withdrawn_at"),
            "accommodations": rows(Accommodation.objects.filter(person=person), "course=course__slug extra_days kinds made_at withdrawn_at"),
            "excuses": rows(Excuse.objects.filter(person=person), f"{WORK} made_at withdrawn_at"),
            "late_days_asked_for": rows(LateRequest.objects.filter(person=person), f"{WORK} units asked_at"),
            "late_days": rows(LateEntry.objects.filter(person=person), "course=course__slug assignment=assignment__short bank kind days reason made_at"),
            "lateness": rows(LateVerdict.objects.filter(person=person), f"{WORK} days_late free_days_used penalty_percent accepted explanation counted_at"),
            "regrade_requests": rows(asked, f"{WORK} reason made_at"),
            "regrade_answers": rows(asked.filter(assignment__in=seen), f"{WORK} status answer objection decision answered_at decided_at"),
            "nicknames": rows(Nickname.objects.filter(person=person), "course=course__slug name chosen_at taken_down_at"),
            "notes_in_reports": rows(notes_for(person, seen), NOTE),
            "snippets": rows(Snippet.objects.filter(owner=person), "course=course__slug short text is_shared made_at"),
            "research": rows(ResearchConsent.objects.filter(person=person), "course=course__slug is_given at"),
            "grades": _grades(person, seen),
            "course_grades": standings_exported(person, timezone.now()),
        },
        [*_files(sent, "model_file", "hand-ins"), *_files(pieces, "file", "parts")],
    )  # fmt: skip


def _files(found: Any, name: str, folder: str) -> list[ExportedFile]:
    return [
        ExportedFile(f"{folder}/{row.assignment.course.slug}/{row.assignment.slug}/{row.pk}.{row.format or 'bin'}", getattr(row, name))
        for row in found
        if getattr(row, name)
    ]  # fmt: skip


def _released(person: User) -> list[Assignment]:
    """Assignments whose grades the person sees now: nothing leaves before the release, nor after it was taken back."""
    courses = Enrolment.objects.filter(person=person, role=Role.STUDENT, course__is_published=True).values("course")
    found = Assignment.objects.filter(course__in=courses, is_draft=False).select_related("course")
    return [one for one in found.order_by("course", "position") if sees_grade(one, person)]


def _grades(person: User, seen: list[Assignment]) -> list[dict[str, Any]]:
    """The sum of each, line by line, as its page shows it."""
    return [
        {
            "course": one.course.slug, "assignment": one.short,
            "lines": grade_lines(grade_for(one, person)),
        }
        for one in seen
    ]  # fmt: skip


def grade_lines(grade: Grade) -> list[dict[str, Any]]:
    """The sum of one grade, as its page shows it."""
    return [
        {
            "kind": line.kind, "title": line.title, "points": line.points, "of": line.of, "says": line.says,
            "ticked": [{"title": option.title, "points": option.points} for option in line.ticked],
        }
        for line in grade.lines
    ]  # fmt: skip


SECTION = ExportSection(
    "grading", "what you handed in, with the files; runs, late days, requests, and grades that are released", 60, _grading,
    frozenset({
        "grading.Submission.person", "grading.Piece.person", "grading.Extension.person", "grading.Accommodation.person", "grading.Excuse.person",
        "grading.LateRequest.person", "grading.LateEntry.person", "grading.LateVerdict.person", "grading.RegradeRequest.person",
        "grading.Nickname.person", "grading.GradeEvent.person", "grading.Snippet.owner", "grading.GradeNow.person",
        "grading.ResearchConsent.person",
    }),
)  # fmt: skip
