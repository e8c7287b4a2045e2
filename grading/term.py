"""What of grading is not finished when somebody wants to close a course, and what goes on in a closed one."""

from functools import reduce
from operator import or_
from typing import Any

import structlog
from django.db.models import Exists, OuterRef, Q
from django.urls import reverse

from courseplatform.core.errors import AppError
from courseplatform.courses.belongings import before_course_goes, belongs
from courseplatform.courses.closing import Unfinished, add_unfinished, goes_on
from courseplatform.courses.models import Course
from courseplatform.uploads.models import Upload
from courseplatform.uploads.services.receiving import upload_discard
from grading.handing_in.upload_purpose import HAND_IN, PART
from grading.models.assignments import Assignment
from grading.models.boards import BoardAsk
from grading.models.desk import GradingSheet
from grading.models.grade_now import GradeNow
from grading.models.grades import GradeRelease
from grading.models.passback import PassbackScore, ScoreState
from grading.models.regrades import UNANSWERED, RegradeRequest
from grading.models.reruns import Rerun, RerunJob
from grading.models.runs import Run
from grading.models.submissions import Submission
from grading.models.variants import VariantRun
from hardware.models import OPEN, Status

log = structlog.get_logger(__name__)


def register() -> None:
    belongs("uploads.Upload", uploads_of, goes_first=True)
    belongs("grading.HiddenSet", own_sets)
    before_course_goes("uploads", uploads_end)
    add_unfinished("grading", unfinished)
    goes_on("grading:research_consent", why="what somebody says about research can be taken back at any time")


def uploads_of(course: Course) -> Q:
    """Files on their way to an assignment of the course."""
    keys = [str(pk) for pk in Assignment.objects.filter(course=course).values_list("pk", flat=True)]
    whole = Q(purpose=HAND_IN, target__in=keys)
    return reduce(or_, (Q(purpose=PART, target__startswith=f"{key}:") for key in keys), whole)


def uploads_end(course: Course) -> None:
    """Their bytes lie in a place of their own, which the end of an upload clears."""
    for upload in Upload.objects.filter(uploads_of(course)).open():
        try:
            upload_discard(upload=upload, by="the end of the course")
        except AppError as error:
            log.info("upload_ended_already", upload=str(upload.pk), code=error.code)


def own_sets(course: Course) -> Q:
    """Hidden sets that its staff sent, and that no other course measures on. Others lose the mention of the course, and stay."""
    elsewhere = Assignment.objects.exclude(course=course).exclude(hidden_set=None).values("hidden_set")
    return Q(course=course.pk) & ~Q(pk__in=elsewhere)


def unfinished(course: Course) -> list[Unfinished]:
    """Twelve queries, whatever the size of the course."""
    slug = course.slug
    works = Assignment.objects.filter(course=course, is_withdrawn=False, is_draft=False)
    sheets = GradingSheet.objects.graded().filter(assignment__in=works, done_at=None)
    regrades = RegradeRequest.objects.filter(assignment__course=course, status__in=UNANSWERED)
    parked = Run.objects.filter(submission__assignment__course=course, status=Status.PARKED)
    waiting = PassbackScore.objects.filter(passback__assignment__course=course, state=ScoreState.PENDING)
    return [
        Unfinished("Runs in progress", _runs(course), "Their results would be lost: wait until they have ended, or stop them.",
                   reverse("grading:line", args=[slug]), blocks=True),
        Unfinished("Re-runs that are not decided", Rerun.objects.standing().filter(assignment__course=course).count(),
                   "Apply or discard them first.", reverse("grading:assignments", args=[slug]), blocks=True),
        Unfinished("Runs that the staff have not decided", parked.count(), "They stay without a result.", reverse("grading:parked", args=[slug])),
        Unfinished("Reports that nobody has graded", sheets.count(), "They stay ungraded.", reverse("grading:desk", args=[slug])),
        Unfinished("Works without a whole grade", _ungraded(works), "Their owners read that they are not graded.", reverse("grading:submissions", args=[slug])),
        Unfinished("Assignments with grades that are not released", _unreleased(works), "Students never see these grades.",
                   reverse("grading:book", args=[slug])),
        Unfinished("Regrade requests without an answer", regrades.count(), "They stay without one.", reverse("grading:regrades", args=[slug])),
        Unfinished("Grades on their way to the LMS", waiting.count(), "They still arrive there.", reverse("grading:assignments", args=[slug])),
    ]  # fmt: skip


def _runs(course: Course) -> int:
    """Everything that is measured for somebody. Instructions that are counted when nothing else is to be done change no grade, and wait."""
    of_attempt = {"submission__assignment__course": course}
    kinds: list[tuple[Any, dict[str, Any]]] = [
        (Run, of_attempt), (BoardAsk, of_attempt), (VariantRun, {"piece__assignment__course": course}),
        (RerunJob, {"item__rerun__assignment__course": course}),
    ]  # fmt: skip
    return sum(model._base_manager.filter(status__in=OPEN, **where).count() for model, where in kinds)


def _ungraded(works: Any) -> int:
    """Attempts that would count and whose owner has no complete grade: a person's own, and of a team that of whoever sent it."""
    graded = GradeNow.objects.filter(assignment=OuterRef("assignment"), person=OuterRef("person"), is_complete=True)
    handed = Submission.objects.filter(assignment__in=works, is_active=True)
    return handed.filter(~Exists(graded)).count()


def _unreleased(works: Any) -> int:
    newest = {row.assignment_id: row.is_released for row in GradeRelease.objects.filter(assignment__in=works)}
    graded = GradeNow.objects.filter(assignment__in=works, points__isnull=False).values_list("assignment", flat=True)
    return sum(not newest.get(pk, False) for pk in set(graded))
