"""Counting late days: the verdicts and the ledger are made to say what grading/latepolicy.py decides from the rows.

Whoever changes something that lateness hangs on marks the people (`late_days_mark`) in the same transaction. The count follows after the
commit, or from the sweep when the process was killed in between. Counting twice changes nothing: it writes the difference.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Q, Sum

from courseplatform.courses.models import Course, Enrolment, Role
from courseplatform.teams.models import Membership
from grading.late.facts import Assessment, Bank, HandIn, Policy, Verdict
from grading.late.money import shown
from grading.late_rows.facts import Circle, LateFacts, circle_of, facts_of, policy_for
from grading.late_rows.preview import verdict_of
from grading.models.assignments import Assignment
from grading.models.late_days import POLICY_ACTOR, EntryKind, LateEntry, LateStale, LateVerdict
from grading.models.submissions import Submission
from grading.queue.wake import wake_count
from grading.returns.work import is_return, piece_of
from grading.services.activity import make_active
from grading.services.benchmarks import benchmark_record
from grading.services.grade_rows import grades_now_of_late, grades_now_write

AT_ONCE = 12  # people counted in the process that made the change; more are left to the worker


def late_days_mark(*, course: Course, people: Collection[int], cause: str, actor: str) -> None:
    """Say, in the transaction of a change, that the late days of these people have to be counted again.

    Args:
        people: keys of persons. cause: why, as the ledger will say it. actor: who did it.
    """
    if "late_policy" not in course.facts and not LateEntry.objects.filter(course=course).exists():
        return
    LateStale.objects.bulk_create(
        LateStale(course=course, person_id=pk, cause=cause[:300], actor=actor[:120]) for pk in sorted(people)
    )
    if len(people) <= AT_ONCE:
        transaction.on_commit(lambda: late_days_count(course=course, people=people))
    else:
        transaction.on_commit(wake_count)


def late_days_mark_all(*, course: Course, cause: str, actor: str) -> None:
    """The same for every student of the course: its policy or a due time has changed."""
    people = Enrolment.objects.filter(course=course, role=Role.STUDENT).values_list("person", flat=True)
    grades_now_of_late(course)
    late_days_mark(course=course, people=set(people), cause=cause, actor=actor)


def late_days_mark_new() -> int:
    """Mark students and teams whom a policy gives late days, and whose ledger does not say so yet: whoever came since the last sweep."""
    done = 0
    for course in Course.objects.filter(facts__contains='"late_policy"'):  # facts are text; `policy_for` asks exactly
        policy = policy_for(course)
        kinds = {bank.owner for bank in policy.banks if bank.days} if policy else set()
        lines = LateEntry.objects.filter(course=course, kind=EntryKind.POLICY)
        people: set[int] = set()
        if "person" in kinds:
            students = Enrolment.objects.filter(course=course, role=Role.STUDENT)
            people |= set(
                students.exclude(person__in=lines.filter(team=None).values("person")).values_list("person", flat=True)
            )
        if "team" in kinds:
            new = Membership.objects.filter(course=course).exclude(team__in=lines.filter(person=None).values("team"))
            people |= set(new.values_list("person", flat=True))
        if people:
            late_days_mark(course=course, people=people, cause="", actor="")
            done += len(people)
    return done


def team_changed(membership: Membership, by: str) -> None:
    """Somebody joined or left a team: whose late days hang together is another circle now."""
    team = membership.team
    people = set(Membership.objects.filter(team=team).values_list("person", flat=True))
    verb = "left" if membership.until_at else "joined"
    late_days_mark(
        course=team.course, people=people, cause=f"{membership.person.name} {verb} team {team.name}", actor=by
    )


def late_days_count_stale(limit: int = 200) -> int:
    """Count whoever is marked, circle by circle. Returns how many people; the sweep calls it again while there are more."""
    done = 0
    waiting = LateStale.objects.select_related("course").order_by("pk")[:limit]
    for course, people in _by_course(waiting).items():
        left = set(people)
        while left:
            circle = circle_of(course, {left.pop()})
            members = {user.pk for user in circle.people.values()}
            late_days_count(course=course, people=members)
            left -= members
            done += len(members)
    return done


def _by_course(rows: Iterable[LateStale]) -> dict[Course, set[int]]:
    found: dict[Course, set[int]] = defaultdict(set)
    for row in rows:
        found[row.course].add(row.person_id)
    return found


def late_days_count(*, course: Course, people: Collection[int]) -> None:
    """Count the circle around these people, one transaction."""
    with transaction.atomic():
        circle = lock_circle(course=course, people=people)
        count_locked(circle)


def lock_circle(*, course: Course, people: Collection[int]) -> Circle:
    """Inside a transaction: whose late days hang together are counted one after the other. Always in the order of the keys.

    The circle is read again behind the lock, because a team may have changed while we waited.
    """
    if not connection.features.has_select_for_update:  # SQLite has one writer, which is a lock of its own
        return circle_of(course, people)
    while True:
        members = {user.pk for user in circle_of(course, people).people.values()}
        rows = Enrolment.objects.select_for_update(no_key=True).filter(course=course, person__in=members).order_by("pk")
        list(rows.values_list("pk"))
        circle = circle_of(course, people)
        if {user.pk for user in circle.people.values()} <= members:
            return circle


def count_locked(circle: Circle) -> LateFacts | None:
    """Make ledger and verdicts say what the rules decide. The circle is locked. Returns what was asked; None: the course states no rule."""
    members = [user.pk for user in circle.people.values()]
    stale = LateStale.objects.filter(course=circle.course, person__in=members)
    marks = list(stale)
    facts = facts_of(circle)
    if facts is not None and _choose_again(circle, facts):
        facts = facts_of(circle)
    assessment = facts.assessment() if facts is not None else None
    writer = _Ledger(circle, facts, marks[-1].cause if marks else "", marks[-1].actor if marks else "")
    writer.policy_lines()
    writer.draw_lines(assessment)
    _write_verdicts(circle, facts, assessment)
    LateStale.objects.filter(pk__in=[mark.pk for mark in marks]).delete()
    return facts


def choose_active(circle: Circle, submission: Submission) -> bool:
    """Make the attempt of its owner active that counts, by the rule of the assignment; what the late policy does not take displaces nothing
    that it takes. The circle is locked. Returns whether another one is active than before."""
    policy = policy_for(circle.course)
    if policy is None or not _may_refuse(policy, submission.assignment):
        return make_active(submission)
    facts = facts_of(circle, policy)
    return make_active(submission, _accepts(facts) if facts is not None else None)


def _accepts(facts: LateFacts) -> Callable[[Submission], bool]:
    return lambda row: (said := verdict_of(row, facts)) is None or said.accepted


def _may_refuse(policy: Policy, assignment: Assignment) -> bool:
    rules = assignment.late_rules
    return policy.over == "refuse" or bool(rules.get("no_late")) or rules.get("cutoff") is not None


def _choose_again(circle: Circle, facts: LateFacts) -> bool:
    """An extension or another due time may let the policy take another attempt. Returns whether another one is active than before."""
    may_refuse = {item.slug for item in facts.work.values() if _may_refuse(facts.policy, item)}
    by_work = defaultdict[tuple[str, str], list[HandIn]](list)
    for one in facts.submissions:
        if one.is_counted and one.assignment in may_refuse and not is_return(one.id):
            by_work[one.owner, one.assignment].append(one)
    changed = False
    for hand_ins in by_work.values():
        if len(hand_ins) < 2 or all(one.at <= facts.deadlines[one.assignment].due for one in hand_ins):
            continue
        row = Submission.objects.select_related("assignment__course", "person", "team").get(pk=hand_ins[0].id)
        if make_active(row, _accepts(facts)):
            benchmark_record(submission=row)
            changed = True
    return changed


class Place(NamedTuple):
    """Where a line of the ledger stands: one of person and team, the bank, and what it was spent on."""

    person: int | None
    team: int | None
    bank: str
    assignment: int | None = None


@dataclass
class _Ledger:
    """Writes the lines that are missing. `cause` and `actor`: what made the count necessary."""

    circle: Circle
    facts: LateFacts | None
    cause: str
    actor: str

    def __post_init__(self) -> None:
        self.person_of = {key: user.pk for key, user in self.circle.people.items()}
        self.team_of = {key: team.pk for key, team in self.circle.teams.items()}
        self.students = set(
            Enrolment.objects.filter(
                course=self.circle.course, person__in=self.person_of.values(), role=Role.STUDENT
            ).values_list("person", flat=True)
        )
        # What the ledger says now: what the policy gave, and what was spent on each assignment.
        self.given, self.spent = defaultdict[Place, int](int), defaultdict[Place, int](int)
        owned = Q(person__in=self.person_of.values()) | Q(team__in=self.team_of.values())
        rows = LateEntry.objects.filter(owned, course=self.circle.course).order_by()
        lines = rows.values_list("kind", "person", "team", "bank", "assignment").annotate(Sum("days"))
        for kind, person, team, bank, assignment, days in lines:
            if kind == EntryKind.POLICY:
                self.given[Place(person, team, bank, assignment)] += days
            if assignment is not None:
                self.spent[Place(person, team, bank, assignment)] += days

    def _owners(self, bank: Bank) -> Iterator[Place]:
        if bank.owner == "team":
            yield from (Place(None, pk, bank.name) for pk in self.team_of.values())
        else:
            yield from (Place(pk, None, bank.name) for pk in self.person_of.values() if pk in self.students)

    def policy_lines(self) -> None:
        """What the policy gives each owner, once; a policy that changed writes the difference."""
        held = self.given
        wanted = {
            place: bank.days for bank in (self.facts.policy.banks if self.facts else ()) for place in self._owners(bank)
        }
        for place in dict.fromkeys([*held, *wanted]):
            gives = wanted.get(place, 0)
            change = gives - held.get(place, 0)
            if change:
                first = f"every {'team' if place.team else 'student'} gets {gives}"
                again = self.cause or f"the policy gives {gives} now"
                self._add(place, EntryKind.POLICY, change, again if place in held else first)

    def draw_lines(self, assessment: Assessment | None) -> None:
        """What the bank pays for each assignment: spent where it pays more than the ledger says, returned where it pays less."""
        work = {slug: item.pk for slug, item in self.facts.work.items()} if self.facts else {}
        held, wanted, paid_for = self.spent, defaultdict[Place, int](int), dict[Place, str]()
        for draw in assessment.draws if assessment else ():
            place = Place(
                self.person_of.get(draw.owner), self.team_of.get(draw.owner), draw.bank, work[draw.assignment]
            )
            wanted[place] -= draw.units
            paid_for[place] = "" if is_return(draw.submission_id) else draw.submission_id
        for place in dict.fromkeys([*held, *wanted]):
            change = wanted.get(place, 0) - held.get(place, 0)
            if change:
                kind = EntryKind.SPEND if change < 0 else EntryKind.REFUND
                usual = "handed in late" if change < 0 else "less is charged now"
                self._add(place, kind, change, self.cause or usual, paid_for.get(place))

    def _add(self, place: Place, kind: EntryKind, days: int, reason: str, submission: str | None = None) -> None:
        LateEntry.objects.create(
            course=self.circle.course, person_id=place.person, team_id=place.team, bank=place.bank, kind=kind, days=days,
            reason=reason[:400], actor=(self.actor or POLICY_ACTOR)[:120], assignment_id=place.assignment,
            submission_id=UUID(submission) if submission else None,
        )  # fmt: skip


def _write_verdicts(circle: Circle, facts: LateFacts | None, assessment: Assessment | None) -> None:
    """The kept verdicts of the circle: those that changed are written, those that no longer hold are removed. A grade follows where lateness
    takes something, or took something before."""
    people = {key: user.pk for key, user in circle.people.items()}
    work = {slug: item.pk for slug, item in facts.work.items()} if facts else {}
    kept = {
        (row.assignment_id, row.person_id): row
        for row in LateVerdict.objects.filter(assignment__course=circle.course, person__in=people.values())
    }
    changed = set[tuple[int, int]]()
    for verdict in assessment.verdicts if assessment else ():
        row = kept.pop((work[verdict.assignment], people[verdict.person]), None) or LateVerdict(
            assignment_id=work[verdict.assignment], person_id=people[verdict.person]
        )
        before = _takes(row)
        if _set(row, verdict) and (before or _takes(row)):
            changed.add((row.assignment_id, row.person_id))
    LateVerdict.objects.filter(pk__in=[row.pk for row in kept.values()]).delete()
    _write_grades({*changed, *(place for place, row in kept.items() if _takes(row))})


def _takes(row: LateVerdict) -> bool:
    """Whether it takes anything off a grade, as grade_facts.py: lates_of reads it. A new row takes nothing."""
    return row.pk is not None and (bool(row.penalty_percent) or not row.accepted)


def _write_grades(changed: Iterable[tuple[int, int]]) -> None:
    """What lateness takes from these grades is something else now. In one order, so that two counts do not wait for each other."""
    people = defaultdict[int, set[int]](set)
    for key, person in changed:
        people[key].add(person)
    if not people:
        return
    graded = Assignment.objects.filter(pk__in=people, grade_events__isnull=False).distinct().order_by("pk")
    for assignment in graded:
        grades_now_write(assignment, people[assignment.pk])


def _set(row: LateVerdict, verdict: Verdict) -> bool:
    """Write the row when it says something else than the verdict. Returns whether it did."""
    piece = piece_of(verdict.submission_id)
    wanted = {
        "submission_id": None if piece else UUID(verdict.submission_id),
        "returned_id": piece,
        "days_late": verdict.days_late,
        "free_days_used": verdict.free_days_used,
        "penalty_percent": Decimal(str(shown(verdict.penalty_percent))),
        "max_percent": Decimal(str(shown(verdict.max_percent))),
        "accepted": verdict.accepted,
        "explanation": list(verdict.explanation),
    }
    if row.pk is None or any(getattr(row, name) != value for name, value in wanted.items()):
        for name, value in wanted.items():
            setattr(row, name, value)
        row.save()
        return True
    return False
