"""What the other charts of a lab's analytics are made of: numbers of standing attempts, waiting, late days, sheets of graders."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from django.db.models import Q, Sum
from django.utils import timezone

from courseplatform.accounts.models import User
from courseplatform.courses.access import Visit
from courseplatform.courses.models import Role
from courseplatform.teams.selectors.membership import teams_at
from grading.analytics.attempts import ClassOfAttempts
from grading.analytics.cost_facts import ClassOfCosts, Measured
from grading.analytics.graders_facts import ClassOfGraders, Given
from grading.analytics.late import ClassOfLateDays
from grading.desk.marks import of_hand
from grading.late.facts import Bank
from grading.late_rows.facts import policy_for
from grading.models.assignments import Assignment
from grading.models.desk import GradingSheet, Purpose
from grading.models.late_days import EntryKind, LateEntry, LateVerdict
from grading.models.runs import Run
from grading.rubric import Item
from grading.selectors.analytics_class import Class
from grading.selectors.class_points import Key, standing_attempts_of, word_of
from grading.spec import SpecError
from hardware.course_devices import profiles_of
from hardware.models import Outcome

DAY = timedelta(days=1)


def costs_read(assignment: Assignment, group: Class, asked: str) -> ClassOfCosts | None:
    """None where no model is measured. Three queries."""
    if not assignment.takes_model:
        return None
    try:
        spec = assignment.spec
    except SpecError:
        return None
    measured = [
        Measured(group.names[one.key], one.number, one.numbers, one.key)
        for one in standing_attempts_of(assignment)
        if one.key in group.names
    ]
    devices = {slug: profile.name for slug, profile in profiles_of(assignment.course, with_retired=True).items()}
    return ClassOfCosts(word_of(assignment), spec, measured, asked, devices, assignment.active_rule)


def attempts_read(assignment: Assignment, group: Class, now: datetime) -> ClassOfAttempts:
    """One query."""
    zone = assignment.course.tz
    due = timezone.localtime(assignment.due_at, zone) if assignment.due_at else None
    waits, failed = _waits(assignment, due)
    short = [wait for wait in waits if wait <= DAY]
    return ClassOfAttempts(
        word_of(assignment), [timezone.localtime(at, zone) for _, at in group.arrived], due, timezone.localtime(now, zone), len(group.handed_in),
        assignment.attempts_allowed, max(short, default=None), len(waits) - len(short), failed,
    )  # fmt: skip


def _waits(assignment: Assignment, due: datetime | None) -> tuple[list[timedelta], int]:
    """Of the runs that were queued on the due day: how long each waited until it began, and how many failed on our side."""
    if due is None:
        return [], 0
    begin = assignment.course.wall(due.date(), datetime.min.time())
    end = assignment.course.wall(due.date() + DAY, datetime.min.time())
    rows = Run.objects.filter(submission__assignment=assignment, queued_at__gte=begin, queued_at__lt=end).order_by()
    found = list(rows.values_list("queued_at", "started_at", "outcome"))
    waits = [started - queued for queued, started, _ in found if started is not None and started >= queued]
    return waits, sum(outcome == Outcome.INFRASTRUCTURE for *_, outcome in found)


def late_read(assignment: Assignment, group: Class, now: datetime) -> ClassOfLateDays:
    """By the ledger where a bank pays, else by the days late of the verdicts. Two queries."""
    policy = policy_for(assignment.course)
    if policy is None:
        return ClassOfLateDays(assignment.short, has_policy=False)
    bank = policy.bank_for(assignment.slug)
    if bank is None or not bank.days:
        return _by_verdicts(assignment, group)
    is_team = bank.owner == "team"
    owner_of = _teams(assignment, group) if is_team else {person: ("person", person) for person in group.people}
    owners = set(owner_of.values())
    handed = {owner for person, owner in owner_of.items() if group.people[person] in group.handed_in}
    sums = _sums(assignment, bank)
    others = (
        Assignment.objects.of(assignment.course)
        .filter(due_at__gt=now)
        .exclude(pk=assignment.pk)
        .values_list("slug", flat=True)
    )
    return ClassOfLateDays(
        assignment.short, "team" if is_team else "student", used=[max(sums.get(key, (0, 0))[0], 0) for key in sorted(owners & handed)],
        left=[sums.get(key, (0, bank.days))[1] for key in sorted(owners)], absent=len(owners - handed), held=bank.days,
        to_come=sum(policy.bank_for(slug) == bank for slug in others),
    )  # fmt: skip


def _teams(assignment: Assignment, group: Class) -> dict[int, Key]:
    """Person -> the team whose bank pays: that of the attempt, else that of today. A query where the work is everybody's own."""
    if not assignment.is_individual:
        return {person: key for person, key in group.people.items() if key[0] == "team"}
    return {person: ("team", team.pk) for person, team in teams_at(assignment.course).items() if person in group.people}


def _sums(assignment: Assignment, bank: Bank) -> dict[tuple[str, int], tuple[int, int]]:
    """Owner -> (spent on this work, left in all). Where the policy's own line is not written yet, it is as if it were."""
    lines = (
        LateEntry.objects.filter(course=assignment.course_id, bank=bank.name).order_by().values_list("person", "team")
    )
    spent = Q(kind__in=(EntryKind.SPEND, EntryKind.REFUND), assignment=assignment)
    rows = lines.annotate(
        spent=Sum("days", filter=spent, default=0), left=Sum("days"), given=Sum("days", filter=Q(kind=EntryKind.POLICY))
    )
    return {
        ("team", team) if team else ("person", person): (-spent, left + (bank.days if given is None else 0))
        for person, team, spent, left, given in rows
    }


def _by_verdicts(assignment: Assignment, group: Class) -> ClassOfLateDays:
    rows = dict(
        LateVerdict.objects.filter(assignment=assignment, submission__isnull=False)
        .order_by()
        .values_list("person", "days_late")
    )
    handed = [person for person, key in group.people.items() if key in group.handed_in]
    return ClassOfLateDays(
        assignment.short,
        used=[rows.get(person, 0) for person in handed],
        absent=len(group.people) - len(handed),
        unit="day late",
        many="days late",
    )


def graders_read(visit: Visit, assignment: Assignment, items: Sequence[Item]) -> ClassOfGraders:
    """A grader reads what others gave for the same reports only when their own are done: they are marked blindly. One query."""
    sheets = list(GradingSheet.objects.filter(assignment=assignment).select_related("grader", "done_by"))
    chosen = {one.pk: one.number for one in sheets if one.purpose == Purpose.GRADE and one.is_sample}
    mine = {one.sample_of_id for one in sheets if one.is_blind and one.grader_id == visit.person.pk and one.done_at}
    left = sum(pk not in mine for pk in chosen)
    names = _names([person for one in sheets for person in (one.done_by, one.grader) if person])
    own = [
        Given(names[one.done_by.pk], one.number, one.points)
        for one in sheets
        if not one.is_blind and one.done_at and one.done_by and one.points is not None
    ]
    blind = [
        Given(names[one.grader.pk], chosen[one.sample_of_id], one.points)
        for one in sheets
        if one.is_blind and one.done_at and one.grader and one.points is not None and one.sample_of_id in chosen
    ]
    has_rubric = any(not item.is_withdrawn for item in items)
    may_compare = visit.role == Role.INSTRUCTOR or not left
    return ClassOfGraders(
        of_hand(items), own, blind, may_compare=may_compare, left=left, chosen=len(chosen), has_rubric=has_rubric
    )


def _names(people: Iterable[User]) -> dict[int, str]:
    """Key -> name; with the address where two graders are called alike."""
    held = {person.pk: person for person in people}
    counts = Counter(person.name for person in held.values())
    return {
        pk: person.name if counts[person.name] == 1 else f"{person.name} ({person.email})"
        for pk, person in held.items()
    }
