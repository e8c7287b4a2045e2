"""Whether a board run of a measured attempt may be asked for: read by the page that offers it and by the service that takes it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Q, QuerySet

from courseplatform.core.prepared import Prepared
from courseplatform.courses.access import Visit
from courseplatform.teams.selectors.membership import is_member
from grading.asks.on_board import measured_board
from grading.grade_facts import sees_grade
from grading.models.boards import BoardAsk
from grading.models.runs import Result, Run
from grading.models.submissions import Submission
from grading.reruns.rules import points_by
from grading.spec import BenchSpec
from hardware.models import OPEN, Duty, Outcome, Runner, Status

A_DAY, DAY = 2, timedelta(days=1)  # so many an owner asks for at one lab in 24 hours: boards are few
WAITS = timedelta(days=2)  # for a board; then it ends, and the result that there is stays
# Ends that are not the owner's doing, so what they asked for is not used up.
NO_BOARD, BOARD_FAILED, RULES_CHANGED, NOTHING_THERE = "no_board", "board_failed", "rules_changed", "no_result"
WITHDRAWN = "withdrawn"
OURS = (NO_BOARD, BOARD_FAILED, RULES_CHANGED, NOTHING_THERE, WITHDRAWN, "infrastructure")


@dataclass(frozen=True)
class May:
    """code: "" where it may be asked for. why: the sentence of the refusal. is_told: whether the page says it; what nobody there can change
    it leaves out. left: how many the owner may ask for today."""

    code: str = ""
    why: str = ""
    is_told: bool = True
    left: int = A_DAY

    @property
    def ok(self) -> bool:
        return not self.code


def may_ask(*, visit: Visit, run: Run, now: datetime) -> May:
    """About eight queries. Staff ask for everybody, at any time and as often as they like."""
    submission, assignment = run.submission, run.submission.assignment
    if refused := _of_lab(run):
        return refused
    if refused := _of_result(run):
        return refused
    if not visit.is_staff and (refused := _of_person(visit, submission, now)):
        return refused
    if open_ask(submission) is not None:
        return May("asked_already", "A board run of this attempt is asked for already.")
    if visit.is_staff:
        return May()
    if _of_owner(submission).filter(status__in=OPEN).exists():
        return May("one_at_a_time", f"You have asked for a board run of another attempt at {assignment.short}. It comes first.")  # fmt: skip
    left = A_DAY - asked_today(submission, now)
    if left > 0:
        return May(left=left)
    said = f"{A_DAY} board runs of {assignment.short} were asked for within 24 hours, the most there are: the boards are for everybody."
    return May("asked_enough", said, left=0)


def _of_lab(run: Run) -> May | None:
    """What about the lab, its boards and what they have measured stands in the way."""
    assignment = run.submission.assignment
    if assignment.is_withdrawn:
        return May(WITHDRAWN, f"{assignment.short} was withdrawn, so no board measures it.", is_told=False)
    if not hasattr(run, "result") or not is_for_boards(assignment.spec):
        return May("not_for_boards", "Boards measure single models, in labs that name a device.", is_told=False)
    if measured_board(run.result.environment, assignment.spec.device) is not None:
        return May("measured_there", "A board has measured this attempt.", is_told=False)
    if not runners_of(run).exists():
        return May("no_runner", "This course has no board of the lab's device that measures by itself.", is_told=False)
    return None


def is_for_boards(spec: BenchSpec) -> bool:
    return bool(spec.device) and not spec.pipeline and not spec.kind.trains


def runners_of(run: Run) -> "QuerySet[Runner]":
    """Boards of the lab's first device in the course, those that were revoked left out, and those of the demo, which measure for nobody."""
    assignment = run.submission.assignment
    found = Runner.objects.filter(course=assignment.course_id, device=assignment.device, is_demo=False)
    return found.exclude(status=Duty.REVOKED)


def _of_result(run: Run) -> May | None:
    """What about the attempt and its result stands in the way."""
    submission, assignment = run.submission, run.submission.assignment
    newest = Result.objects.filter(run__submission=submission).order_by("made_at", "pk").values_list("pk", flat=True)
    if newest.last() != run.result.pk:
        return May("newer_result", "This attempt has a newer result: ask from there.")
    if submission.counts is False:
        return May("not_counted", "This attempt is not counted, so no board measures it.", is_told=False)
    if submission.runs.filter(status__in=OPEN | {Status.PARKED}).exists():
        return May("already_in_line", "This attempt is being measured again already.")
    if run.result.points_by and run.result.points_by != points_by(assignment):
        said = f"{assignment.short} asks something else since this result. The staff measure it again first."
        return May(RULES_CHANGED, said)
    verdict = (run.result.environment.get("devices") or {}).get(assignment.device)
    if verdict is not None and not verdict.get("fits", True):
        return May(
            "does_not_fit", f"It does not run on the {verdict.get('name', 'board')}, so there is nothing to time."
        )
    return None


def _of_person(visit: Visit, submission: Submission, now: datetime) -> May | None:
    """A student asks for what is theirs or their team's now, while grades are not out."""
    if not _is_own(visit, submission, now):
        return May("not_yours", "Only the team whose attempt it is asks for its board run.", is_told=False)
    if sees_grade(submission.assignment, visit.person):
        return May("grades_are_out", "The grades are released. Ask the staff if a board should measure it still.")
    return None


def _is_own(visit: Visit, submission: Submission, now: datetime) -> bool:
    """Whether it is theirs, or of the team that they are in now: who has left one still sees what it handed in, and no more."""
    if submission.team is None:
        return bool(submission.person_id == visit.person.pk)
    return is_member(submission.team, visit.person, now)


def may_withdraw(*, visit: Visit, asked: BoardAsk, now: datetime) -> May:
    """Of one that is open: whoever may ask for it takes it back, what the staff asked for the staff alone."""
    if visit.is_staff:
        return May()
    if asked.is_by_staff:
        return May("staff_only", "The staff asked for this board run, so only they withdraw it.")
    if not _is_own(visit, asked.submission, now):
        return May("not_yours", "Only the team whose attempt it is withdraws its board run.")
    return May()


def _of_owner(submission: Submission) -> "QuerySet[BoardAsk]":
    theirs = Submission.objects.of_owner(submission.owner).filter(assignment=submission.assignment_id)
    return BoardAsk.objects.filter(submission__in=theirs, is_by_staff=False)


def asked_today(submission: Submission, now: datetime) -> int:
    """Of its owner at its lab in the last 24 hours, what ended through no doing of theirs left out."""
    ours = Q(error_code__in=OURS) | Q(outcome=Outcome.INFRASTRUCTURE)
    return _of_owner(submission).filter(queued_at__gt=now - DAY).exclude(ours).count()


def open_ask(submission: Submission) -> BoardAsk | None:
    found: BoardAsk | None = BoardAsk.objects.filter(submission=submission, status__in=OPEN).first()
    if found is not None:
        found.submission = submission  # known, with its team
    return found


NEWEST = Prepared(
    lambda submission: BoardAsk.objects.filter(submission=submission).order_by("-queued_at")[:1], submission=UUID
)


def newest_ask(submission: Submission) -> BoardAsk | None:
    return next(iter(NEWEST(submission=submission.pk)), None)
