"""A re-run is applied, some owners at a time: each step is one transaction, and doing a step twice changes nothing the second time.

What people gave by hand is not touched: late days, marks for the rubric, grades set by hand, and points for open lines that are still open.
"""

from decimal import Decimal
from itertools import groupby

from django.db import transaction
from django.utils import timezone

from courseplatform.accounts.models import User
from courseplatform.core import states
from courseplatform.core.markdown import quoted
from courseplatform.notices.services.notifications import notification_send
from courseplatform.teams.models import Membership
from grading.grade import Grade
from grading.grade_facts import grades_of, judged, who_see
from grading.models.grades import grade_path
from grading.models.reruns import (
    RERUN_MOVES,
    ItemState,
    PointsBefore,
    Rerun,
    RerunItem,
    RerunKind,
    RerunMove,
    RerunStatus,
)
from grading.models.runs import Result
from grading.models.submissions import Submission
from grading.reruns.choice import owner_key
from grading.reruns.rules import points_by
from grading.reruns.table import Planned
from grading.services.activity import activate, models_set
from grading.services.benchmarks import benchmarks_record
from grading.services.class_points import class_point_record
from grading.services.counts import count_enqueue
from grading.services.grade_rows import grades_now_write
from grading.services.late_days import late_days_mark, lock_circle
from grading.services.rerun_settled import given_before, given_carry
from grading.services.reruns import rerun_settle
from grading.services.results import job_as_run, result_record
from hardware.models import Job

AT_ONCE = 40  # models in one transaction
OVERTAKEN = "It was measured again meanwhile; that result stays."


def reruns_carry_on() -> int:
    """Whatever was left where it stopped: re-runs whose models have all ended, and those that are being applied. Returns how many."""
    done = 0
    for rerun in Rerun.objects.filter(status__in=[RerunStatus.MEASURING, RerunStatus.APPLYING]):
        done += (
            rerun_settle(rerun=rerun, by="sweep")
            if rerun.status == RerunStatus.MEASURING
            else rerun_carry_on(rerun=rerun)
        )
    return done


def rerun_carry_on(*, rerun: Rerun) -> bool:
    """Apply what is left of one. Returns whether it is applied when this returns."""
    while _step(rerun.pk):
        pass
    return Rerun.objects.filter(pk=rerun.pk, status=RerunStatus.APPLIED).exists()


@transaction.atomic
def _step(pk: int) -> bool:
    """The next owners; where there are none, its end. Returns whether there may be more."""
    rows = Rerun.objects.select_for_update(of=("self",)).select_related("assignment__course", "assignment__hidden_set")
    rerun = rows.get(pk=pk)
    if rerun.status != RerunStatus.APPLYING:
        return False
    items = _next_items(rerun)
    if not items:
        states.move(rerun, moves=RERUN_MOVES, to=RerunStatus.APPLIED, by=rerun.decided_by, history=RerunMove)
        return False
    _Step(rerun, items).apply()
    return True


def _next_items(rerun: Rerun) -> list[RerunItem]:
    """Of whole owners, because which attempt counts is decided from all of them."""
    left = rerun.items.filter(state=ItemState.PROPOSED).select_related(
        "submission__person", "submission__team", "before"
    )
    ordered = left.order_by("submission__team", "submission__person", "pk").defer(
        "document", *(f"before__{name}" for name in ("report", "host"))
    )
    found: list[RerunItem] = []
    for _, mine in groupby(ordered[: AT_ONCE * 3], key=lambda item: owner_key(item.submission)):
        if len(found) >= AT_ONCE:
            break
        found += mine
    return found


class _Step:
    """One transaction. The people are locked, in the order of all locks of grades."""

    def __init__(self, rerun: Rerun, items: list[RerunItem]) -> None:
        self.rerun, self.items, self.assignment = rerun, items, rerun.assignment
        self.why = (
            f"{'counted' if rerun.kind == RerunKind.POINTS else 'measured'} again by {rerun.decided_by}: {rerun.reason}"
        )
        self.owners = {owner_key(item.submission) for item in items}
        teams = {team for team, _ in self.owners if team}
        members = Membership.objects.filter(team__in=teams).values_list("person", flat=True)
        self.people = {item.submission.person_id for item in items} | set(members)

    def apply(self) -> None:
        lock_circle(course=self.assignment.course, people=self.people)
        before = grades_of(self.assignment, self.people)
        plan = Planned(self.rerun, self.owners)
        overtaken = {item.pk for item in self.items if plan.is_overtaken(item)}
        plan.choices  # noqa: B018 decided from what stands before anything is written
        given = given_before(plan, before, judged(self.assignment, self.people))
        held = [item for item in self.items if item.pk not in overtaken]
        if self.rerun.kind == RerunKind.POINTS:
            self._count_again(held)
        else:
            self._measured_again(held)
        mine = self.rerun.items
        mine.filter(pk__in=overtaken).update(state=ItemState.OVERTAKEN, said=OVERTAKEN)
        mine.filter(pk__in=[item.pk for item in held]).update(state=ItemState.APPLIED)
        moved = self._choose(plan)
        given_carry(self.rerun, given, self.why)
        benchmarks_record(assignment=self.assignment, people=self.people, why=self.why, is_told=False)
        grades_now_write(self.assignment, self.people)
        if moved:
            cause = f"another attempt at {self.assignment.short} counts after a re-run"
            late_days_mark(course=self.assignment.course, people=moved, cause=cause, actor=self.rerun.decided_by)
        self._tell(before)

    def _count_again(self, items: list[RerunItem]) -> None:
        """Results are changed in place, so that whoever reads them needs to know nothing of it; what they said is kept."""
        now, others, results = timezone.now(), list[Result](), [item.before for item in items]
        before = []
        for item in items:
            result = item.before
            result.points_by = points_by(self.assignment, result.measured_by)
            if (result.points, result.earned, result.of) == (item.lines, item.earned, item.of):
                continue
            kept = PointsBefore(result=result, rerun=self.rerun, points=result.points, until=now)
            kept.earned, kept.of, kept.left_open = result.earned, result.of, result.left_open
            before.append(kept)
            others.append(result)
            result.points, result.earned = item.lines, item.earned or Decimal()
            result.of, result.left_open = item.of or Decimal(), item.left_open or Decimal()
        PointsBefore.objects.bulk_create(before)
        Result.objects.bulk_update(results, ["points_by"])
        Result.objects.bulk_update(others, ["points", "earned", "of", "left_open"])
        for result in others:
            class_point_record(result=result, assignment=self.assignment)

    def _measured_again(self, items: list[RerunItem]) -> None:
        for item in items:
            item.result = self._as_run(item)
            item.save(update_fields=["result"])

    def _as_run(self, item: RerunItem) -> Result:
        """The job that measured it becomes a run of the attempt, and what it came to its newest result."""
        submission = item.submission
        submission.assignment = self.assignment
        job = Job.objects.get(rerunjob__item=item)
        run = job_as_run(job=job, submission=submission, requested_by=self.rerun.made_by)
        made = result_record(run=run, document=item.document)
        count_enqueue(run)
        return made

    def _choose(self, plan: Planned) -> set[int]:
        """Make the attempts active that count now. Returns the people for whom that is another one."""
        moved: set[int] = set()
        for choice in plan.choices.values():
            mine = Submission.objects.of_owner(choice.now.owner).filter(assignment=self.assignment)
            models_set([row for row in plan.attempts if owner_key(row) == owner_key(choice.now)], choice.models)
            if choice.then.pk != choice.now.pk:
                activate(mine, choice.then.pk)
                moved |= self._whose(choice.then)
            if choice.better is not None:  # it stays until a model comes after it or the staff choose
                mine.filter(pk=choice.then.pk).update(chosen_at=timezone.now())
        return moved

    def _whose(self, row: Submission) -> set[int]:
        if row.team_id is None:
            return {row.person_id}
        return set(Membership.objects.filter(team=row.team_id).values_list("person", flat=True)) | {row.person_id}

    def _tell(self, before: dict[int, Grade]) -> None:
        """Once, and only those who see a grade that is another one now."""
        see = who_see(self.assignment, self.people)
        if not see:
            return
        after = grades_of(self.assignment, see)
        people = [pk for pk, grade in after.items() if grade.points != before[pk].points]
        notification_send(
            course=self.assignment.course, people=User.objects.filter(pk__in=people), kind="grade", key=f"rerun-{self.rerun.pk}",
            title=f"Your grade of {self.assignment.short} changed: it was {self.why.split(':')[0]}", text=quoted(self.rerun.reason),
            path=grade_path(self.assignment),
        )  # fmt: skip
