"""What of hand-ins, grades and late days is recorded, and their changes as the audit of the course reads them."""

from collections.abc import Callable
from typing import Any

from django.db.models import QuerySet
from django.urls import reverse

from courseplatform.accounts.models import User
from courseplatform.audit.models import Act
from courseplatform.audit.registry import AuditSource, Read, audit
from courseplatform.audit.view_as.rules import add_view_objection
from courseplatform.courses.access import Visit
from courseplatform.courses.models import Course, Role
from grading.anonymity import hidden_assignments, nameless_in, with_a_name
from grading.models import Accommodation, Excuse, Extension, GradeEvent, LateEntry, Piece, Run, Submission
from grading.models.grades import MEASUREMENT, GradeRelease, grade_path
from grading.models.late_days import POLICY_ACTOR
from grading.models.regrades import RegradeRequest
from grading.models.reruns import RerunMove

READS = (
    Read("grading:grades_person", "The grade for {assignment}"),
    Read("grading:grades", "The grades of the class for {assignment}"),
    Read("grading:grades_csv", "The grades of the class for {assignment}", Act.EXPORTED),
    Read("grading:grades_release", "The grades for {assignment}, before their release"),
    Read("grading:regrade", "A regrade request"),
    Read("grading:regrades", "Regrade requests of the class"),
    Read("grading:submissions", "Hand-ins of the class"),
    Read("grading:submissions_csv", "Hand-ins of the class", Act.EXPORTED),
    Read("grading:receipt", "A hand-in"),
    Read("grading:run", "A run and its result"),
    Read("grading:run_json", "A result", Act.EXPORTED),
    Read("grading:run_result_csv", "A result", Act.EXPORTED),
    Read("grading:piece", "A part of a hand-in"),
    Read("grading:piece_pdf", "A report that was handed in"),
    Read("grading:piece_file", "A file that was handed in", Act.EXPORTED),
    Read("grading:late_person", "The late days of a person"),
    Read("grading:late_person_csv", "The late days of a person", Act.EXPORTED),
    Read("grading:late_team", "The late days of {team}"),
    Read("grading:late_team_csv", "The late days of {team}", Act.EXPORTED),
    Read("grading:late_balances", "The late days of the class"),
    Read("grading:late_balances_csv", "The late days of the class", Act.EXPORTED),
    Read("grading:late_report_file", "The late days of the class, as a file", Act.EXPORTED),
    Read("grading:extension_withdraw", "An extension of a person"),
    Read("grading:accommodation_withdraw", "An accommodation of a person"),
    Read("grading:excuse_withdraw", "An excuse of a person"),
    Read("grading:leaderboard_csv", "The leaderboard of {assignment}, with names", Act.EXPORTED),
    Read("grading:lab_analytics", "The analytics of {assignment}"),
    Read("grading:lab_analytics_csv", "The analytics of {assignment}", Act.EXPORTED),
    Read("grading:lab_analytics_all", "The analytics of {assignment}", Act.EXPORTED),
    Read("grading:parked", "Results that are kept back"),
    Read("grading:meter_readings", "Readings of meters"),
    Read("grading:energy", "The energy of each team"),
    Read("grading:energy_csv", "The energy of each team", Act.EXPORTED),
    Read("grading:power_readings", "The energy of {team}"),
    Read("grading:power_readings_csv", "The energy of {team}", Act.EXPORTED),
    Read("grading:rerun", "What a new run of {assignment} changes for whom"),
    Read("grading:rerun_csv", "What a new run of {assignment} changes for whom", Act.EXPORTED),
    Read("grading:book", "The gradebook of the class"),
    Read("grading:book_csv", "The gradebook of the class", Act.EXPORTED),
    Read("grading:book_excel", "The gradebook of the class", Act.EXPORTED),
    Read("grading:book_person", "A person's line in the gradebook"),
    Read("grading:book_cell", "Why a grade in the gradebook is what it is"),
    Read("grading:canvas", "What was sent to Canvas"),
    Read("grading:canvas_file", "The gradebook, prepared for Canvas", Act.EXPORTED),
    Read("grading:desk_report", "A report at the desk for {assignment}"),
    Read("grading:piece_report", "A report that was handed in"),
    Read("grading:passback", "Scores for {assignment} that go to the LMS"),
    Read("api:class_grades", "The course grades of the class, by a program"),
    Read("api:board_ask", "A board run that was asked for, by a program"),
    Read("api:rerun", "What a new run of {assignment} changes for whom, by a program"),
    Read("api:submissions", "Hand-ins for {assignment}, by a program"),
    Read("api:submission", "A hand-in, by a program"),
    Read("api:submission_file", "A model that was handed in, by a program", Act.EXPORTED),
    Read("api:piece_file", "A file that was handed in, by a program", Act.EXPORTED),
    Read("api:run", "A run and its result, by a program"),
    Read("api:parts", "Parts of hand-ins for {assignment}, by a program"),
    Read("api:part", "A part of a hand-in for {assignment}, by a program"),
    Read("api:late_days", "Late days, by a program"),
    Read("api:power_readings", "The energy of {team}, by a program"),
)


def _grade_rows(course: Course) -> Any:
    rows = GradeEvent.objects.filter(assignment__course=course).exclude(actor=MEASUREMENT)
    return rows.select_related("assignment__course", "item")


def _grade_line(row: GradeEvent) -> tuple[str, str]:
    what = row.item.title if row.item else row.get_kind_display().lower()
    return f"The grade for {row.assignment.short or row.assignment.title}: {what}", grade_path(
        row.assignment, "grades_person", person=row.person_id
    )


def _release_rows(course: Course) -> Any:
    return GradeRelease.objects.filter(assignment__course=course).select_related("assignment__course")


def _release_line(row: GradeRelease) -> tuple[str, str]:
    done = "Released" if row.is_released else "Took back"
    some = " to those who were graded" if row.is_partial else ""
    return f"{done} the grades of {row.assignment.short or row.assignment.title}{some}", grade_path(
        row.assignment, "grades"
    )


def _ledger_rows(course: Course) -> Any:
    return LateEntry.objects.filter(course=course).exclude(actor=POLICY_ACTOR).select_related("course")


def _ledger_line(row: LateEntry) -> tuple[str, str]:
    if row.person_id is None:
        return f"Late days of a team: {row.get_kind_display().lower()} {row.days:+d}", ""
    return f"Late days: {row.get_kind_display().lower()} {row.days:+d}", _late_path(row.course, row.person_id)


def _late_path(course: Course, person: int) -> str:
    return reverse("grading:late_person", args=[course.slug, person])


def _favour_rows(model: Any, course_of: str) -> Callable[[Course], "QuerySet[Any]"]:
    return lambda course: model.objects.filter(**{course_of: course}).select_related(course_of)


def _favour_line(words: str) -> Callable[[Any], tuple[str, str]]:
    def line(row: Any) -> tuple[str, str]:
        course = row.assignment.course if hasattr(row, "assignment_id") else row.course
        return f"{words}: {row}", _late_path(course, row.person_id) if row.person_id else ""

    return line


def _rerun_rows(course: Course) -> Any:
    return RerunMove.objects.filter(subject__assignment__course=course).select_related("subject__assignment__course")


def _rerun_line(row: RerunMove) -> tuple[str, str]:
    assignment = row.subject.assignment
    path = reverse("grading:rerun", args=[assignment.course.slug, assignment.slug, row.subject_id])
    return f"New run of {assignment.short or assignment.title}: {row.moved_to.replace('_', ' ')}", path


def names_are_hidden(visit: Visit, student: User | None) -> str:
    """Against a view as a student: whoever grades reports without names would learn whose they are."""
    if student is None or visit.role == Role.INSTRUCTOR:
        return ""
    if not hidden_assignments(visit):
        return ""
    return "Reports of this course are graded without names now. A view as one student would tell whose they are; an instructor may."


def register() -> None:
    audit.add_reads(*READS)
    add_view_objection(names_are_hidden)
    # Whoever looked at work without a name saw nobody's: a line that named somebody would tell whose it is.
    audit.add_whose("submission", lambda pk: with_a_name(Submission.objects.filter(pk=pk)).values("person"))
    audit.add_whose(
        "run", lambda pk: with_a_name(Run.objects.filter(pk=pk), "submission__assignment").values("submission__person")
    )
    audit.add_whose("piece", lambda pk: with_a_name(Piece.objects.filter(pk=pk)).values("person"))
    audit.add_whose("regrade", lambda pk: RegradeRequest.objects.filter(pk=pk).values("person"))
    audit.add_whose("extension", lambda pk: Extension.objects.filter(pk=pk).values("person"))
    audit.add_whose("accommodation", lambda pk: Accommodation.objects.filter(pk=pk).values("person"))
    audit.add_whose("excuse", lambda pk: Excuse.objects.filter(pk=pk).values("person"))
    for source in _sources():
        audit.add_audit_source(source)


def _sources() -> tuple[AuditSource, ...]:
    made: dict[str, Any] = {"at": "made_at", "about": "person"}
    favours = (
        (Extension, "assignment__course", "An extension"),
        (Accommodation, "course", "An accommodation"),
        (Excuse, "assignment__course", "An excuse"),
    )
    return (
        AuditSource("grades", Act.CHANGED, _grade_rows, _grade_line, actor="actor", searched=("assignment__short", "assignment__title", "reason"),
                    nameless=nameless_in, **made),
        AuditSource("releases", Act.RELEASED, _release_rows, _release_line, searched=("assignment__short", "assignment__title")),
        AuditSource("ledger", Act.CHANGED, _ledger_rows, _ledger_line, actor="actor", searched=("reason",), **made),
        *(
            AuditSource(words, Act.CHANGED, _favour_rows(model, where), _favour_line(words), actor="made_by", searched=("reason",), **made)
            for model, where, words in favours
        ),
        AuditSource("reruns", Act.CHANGED, _rerun_rows, _rerun_line, searched=("why", "subject__assignment__short")),
    )  # fmt: skip
