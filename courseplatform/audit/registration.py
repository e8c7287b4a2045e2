"""What audit registers when the app is ready, also for the rooms below it, which do not know it."""

from typing import Any

from django.contrib.auth.signals import user_logged_in, user_logged_out
from django.http import HttpRequest

from courseplatform.accounts.browsers import browser_words
from courseplatform.accounts.exporting import add_export_section
from courseplatform.accounts.models import User
from courseplatform.audit import exporting
from courseplatform.audit.models import Act, AuditRow, StudentView
from courseplatform.audit.recording import audit_record
from courseplatform.audit.registry import AuditSource, Read, audit
from courseplatform.audit.view_as.current import marked_view
from courseplatform.audit.view_as.services import student_view_end
from courseplatform.courses.archive_parts import add_archive_part, page_files
from courseplatform.courses.models import STAFF, Course, CourseFileImport, Enrolment, Role, ScheduleChange
from courseplatform.courses.retention_kinds import add_retention_source
from courseplatform.courses.retention_rows import rows_source
from courseplatform.courses.sections import NavLink, registry


def register_all() -> None:
    audited = "who of the staff saw, changed and exported what, the newest 5000 lines; all of it is in tables/"
    add_archive_part(page_files("audit", 90, {"audit/audit.csv": ("audit:csv", audited)}))
    add_retention_source(
        "audit", rows_source("audit", lambda course: AuditRow._base_manager.filter(course=course), "at")
    )
    add_export_section(exporting.SECTION)
    instructors = frozenset({Role.INSTRUCTOR})
    registry.add_nav(
        NavLink("Audit", "audit:index", 95, instructors, owns=("audit:index",), in_more=True),
        NavLink("View as a student", "audit:view_as", 96, instructors, owns=("audit:view_as",), in_more=True),
    )
    audit.add_whose("person", lambda pk: User.objects.filter(pk=pk).values("pk"))
    audit.add_whose("enrolment", lambda pk: Enrolment.objects.filter(pk=pk).values("person"))
    audit.add_reads(
        Read("audit:csv", "The audit of the course", Act.EXPORTED),
        Read("accounts:export_download", "Everything about oneself", Act.EXPORTED, method="POST", by_anybody=True),
    )
    audit.add_audit_source(AuditSource("schedule", Act.CHANGED, _schedule_rows, _schedule_line, searched=("sentence",)))
    audit.add_audit_source(AuditSource("course_file", Act.CHANGED, _file_rows, _file_line))
    user_logged_in.connect(_signed_in, dispatch_uid="audit.signed_in")
    user_logged_out.connect(_signed_out, dispatch_uid="audit.signed_out")


def _schedule_rows(course: Course) -> Any:
    return ScheduleChange.objects.filter(course=course).select_related("course")


def _schedule_line(row: ScheduleChange) -> tuple[str, str]:
    return row.sentence, f"{row.course.get_absolute_url()}schedule/changes/"


def _file_rows(course: Course) -> Any:
    return CourseFileImport.objects.filter(course=course).select_related("course").defer("tree")


def _file_line(row: CourseFileImport) -> tuple[str, str]:
    return "Applied a course file", f"{row.course.get_absolute_url()}file/"


def _signed_in(sender: Any, request: HttpRequest | None, user: Any, **_: Any) -> None:
    """Of those who can see the data of others. When students come and go is nobody's business."""
    if request is None or not isinstance(user, User):
        return
    if user.is_operator or Enrolment.objects.filter(person=user, role__in=STAFF, is_active=True).exists():
        words = browser_words(request.META.get("HTTP_USER_AGENT", ""))
        audit_record(course=None, person=user, act=Act.SIGNED_IN, what=f"Signed in with {words}")


def _signed_out(sender: Any, request: HttpRequest | None, **_: Any) -> None:
    if request is not None and (view := marked_view(request)) is not None:
        student_view_end(view=view, why=StudentView.Why.SIGNED_OUT)
