"""Sending what waits. The rows are the truth: a worker may be killed anywhere, and another goes on.

One worker sends for an assignment at a time (`busy_until`, a lease that is renewed before each score). A score that was sent and not marked
is sent again with the time that it had, and the LMS says that it has it: nothing is lost, and nothing stands there twice.
"""

import time
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.conf import settings
from django.db.models import F, QuerySet

from courseplatform.core.clock import shared_now
from courseplatform.lti.errors import PlatformProblem
from courseplatform.lti.models import CourseLink
from courseplatform.lti.selectors import column_of, link_of_course, subs_of
from grading.grade_facts import is_visible, release_of
from grading.models.assignments import Assignment
from grading.models.grades import grade_path
from grading.models.passback import Passback, PassbackScore, PassbackTry, ScoreState
from grading.passback.collecting import passbacks_collect
from grading.passback.plan import MOST_TRIES, again_at, stamp_after
from grading.passback.worth import worth_of

LEASE = timedelta(minutes=2)  # longer than one score may take
LONGEST_S = 12.0
HALTS = frozenset(
    {
        "lms_gone",
        "lms_not_authorised",
        "lms_no_token",
        "scope_missing",
        "foreign_address",
        "plain_address",
        "no_grades_service",
    }
)
WORKER = "worker"
AFTER_FAULT = 6  # the pause is that of so many tries
log = structlog.get_logger(__name__)


def passback_run(*, now: datetime | None = None) -> int:
    """Collect what changed, then send what is due, for a while. Returns how many scores were sent; the sweep comes again for the rest."""
    passbacks_collect(now=now)
    at, end, sent = now or shared_now(), time.monotonic() + LONGEST_S, 0
    due = Passback.objects.filter(
        is_on=True, problem="", resume_at__lte=at, scores__state=ScoreState.PENDING, scores__next_at__lte=at
    )
    for passback in due.distinct().select_related("assignment__course").order_by("resume_at", "pk"):
        sent += _turn(passback, now, end)
        if time.monotonic() > end:
            break
    return sent


def _turn(passback: Passback, now: datetime | None, end: float) -> int:
    """A fault of ours with one assignment is logged and waits an hour: those behind it, of whatever course, have their turn."""
    try:
        return _Sender(passback, now).run(end)
    except Exception:
        log.exception("passback_broke", passback=passback.pk)
        Passback.objects.filter(pk=passback.pk).update(resume_at=again_at(AFTER_FAULT, 0, now or shared_now()))
        return 0


class _Sender:
    """One worker's turn with one assignment."""

    def __init__(self, passback: Passback, now: datetime | None) -> None:
        self.passback, self.fixed, self.lease = passback, now, passback.busy_until
        self.assignment: Assignment = passback.assignment
        self.book: Any = None

    @property
    def now(self) -> datetime:
        return self.fixed or shared_now()

    def run(self, end: float) -> int:
        link = link_of_course(self.assignment.course)
        if link is None or not self._hold(first=True):
            return 0
        sent = 0
        try:
            for score in self._due():
                if time.monotonic() > end or not self._hold() or not is_visible(release_of(self.assignment)):
                    break
                sent += self._one(link, score)
        except PlatformProblem as problem:
            self._halt(problem)
        finally:
            Passback.objects.filter(pk=self.passback.pk, busy_until=self.lease).update(busy_until=self.now)
        return sent

    def _hold(self, *, first: bool = False) -> bool:
        """Take the lease, or keep it. False: another worker has it."""
        mine = Passback.objects.filter(pk=self.passback.pk, is_on=True, problem="", busy_until=self.lease)
        until = shared_now() + LEASE
        if (first and self.lease > self.now) or mine.update(busy_until=until) != 1:
            return False
        self.lease = until
        return True

    def _due(self) -> list[PassbackScore]:
        found = PassbackScore.objects.filter(passback=self.passback, state=ScoreState.PENDING, next_at__lte=self.now)
        return list(found.select_related("person").order_by("next_at", "pk")[:200])

    def _one(self, link: CourseLink, score: PassbackScore) -> int:
        """Raises PlatformProblem where there is no sense in trying the next one."""
        from courseplatform.lti.services.gradebook import Gradebook, Score

        taken = self._mine(score).update(tries=F("tries") + 1, next_at=self.now + LEASE)
        sub = subs_of(link, [score.person]).get(score.person_id)
        if taken != 1:
            return 0  # a newer grade has taken its place
        score.tries += 1
        if sub is None:
            self._failed(
                score,
                PlatformProblem("The LMS's course does not list this person.", code="not_in_lms", is_passing=False),
            )
            return 0
        self.book = self.book or Gradebook(link)  # one for all: its connection stays open
        why = f"Why: {settings.SITE_URL}{grade_path(self.assignment)}"
        sending = Score(sub, score.points, score.of, score.stamp, score.submitted_at, why)
        try:
            self.book.send(self._column(link), sending)
        except PlatformProblem as problem:
            return self._refused(score, problem)
        return self._done(score, "sent", 200, "")

    def _mine(self, score: PassbackScore) -> QuerySet[PassbackScore]:
        return PassbackScore.objects.filter(pk=score.pk, version=score.version, state=ScoreState.PENDING)

    def _column(self, link: CourseLink) -> str:
        """Found by the place that the LMS opened, else by our key, else made; kept from then on."""
        if not self.passback.column_url:
            found = column_of(link, self.assignment.slug)
            if not found and not link.lineitems_url:
                raise PlatformProblem("The LMS has told no gradebook.", code="no_grades_service", is_passing=False)
            maximum = worth_of(self.assignment)
            found = found or self.book.column(
                key=self.assignment.slug, label=self.assignment.full_title, maximum=maximum
            )
            Passback.objects.filter(pk=self.passback.pk).update(column_url=found)
            self.passback.column_url = found
        return self.passback.column_url

    def _refused(self, score: PassbackScore, problem: PlatformProblem) -> int:
        if problem.code == "lms_newer":
            if _may_have_arrived(score):
                return self._done(score, "sent", 409, "A try before had arrived: the LMS has it.")
            if score.tries >= MOST_TRIES:
                self._failed(score, problem)
                return 0
            later = stamp_after(score.stamp, self.now) + timedelta(seconds=1)
            at = self.now if score.tries == 1 else again_at(score.tries, 0, self.now)
            self._mine(score).update(stamp=later, next_at=at)
            self._log(score, "again", problem)
            return 0
        if problem.is_passing or problem.code in HALTS:
            later = again_at(score.tries, problem.retry_after_s, self.now)
            self._mine(score).update(next_at=later, problem=problem.code, problem_says=problem.message[:300])
            if score.tries >= MOST_TRIES:
                self._failed(score, problem)
            else:
                self._log(score, "again", problem)
            raise problem
        self._failed(score, problem)
        return 0

    def _done(self, score: PassbackScore, outcome: str, status: int, says: str) -> int:
        now = self.now
        self._mine(score).update(
            state=ScoreState.SENT, sent_at=now, next_at=now, problem="", problem_says="", shown=None
        )
        PassbackTry.objects.create(score=score, points=score.points, of=score.of, outcome=outcome, status=status, says=says, by=WORKER)  # fmt: skip
        return 1

    def _failed(self, score: PassbackScore, problem: PlatformProblem) -> None:
        self._mine(score).update(state=ScoreState.FAILED, problem=problem.code, problem_says=problem.message[:300])
        self._log(score, "failed", problem)

    def _log(self, score: PassbackScore, outcome: str, problem: PlatformProblem) -> None:
        PassbackTry.objects.create(
            score=score,
            points=score.points,
            of=score.of,
            outcome=outcome,
            status=problem.status,
            says=problem.message[:300],
            by=WORKER,
        )

    def _halt(self, problem: PlatformProblem) -> None:
        """The LMS is away: nobody else is tried for a while. Or somebody has to do something first: then nothing is sent before."""
        row = Passback.objects.filter(pk=self.passback.pk)
        if problem.code in HALTS:
            row.update(problem=problem.code, problem_says=problem.message[:300])
        else:
            row.update(resume_at=again_at(1, problem.retry_after_s, self.now))
        log.warning("passback_halted", passback=self.passback.pk, code=problem.code, status=problem.status)


def _may_have_arrived(score: PassbackScore) -> bool:
    """Whether one of the tries before this one was left without an answer: its line has none, or it has no line, as the worker was killed.

    Where the LMS has answered each of them that it did not take it, what it has is somebody else's, and ours is not there.
    """
    before = score.tries - 1
    newest = PassbackTry.objects.filter(score=score).order_by("-pk").values_list("outcome", "status")[:before]
    answered = [status for outcome, status in newest if outcome == "again" and status]
    return len(answered) < before
