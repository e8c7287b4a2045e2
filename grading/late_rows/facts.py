"""From rows to the facts that the late-day rules are asked about. One circle at a time: people whose late days hang together.

A circle is a person with everybody who was ever in a team with them in this course, and with everybody of theirs. Nothing outside it can
change what is charged inside, so that deadline night never counts a whole course for one hand-in.
"""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass, field, replace
from datetime import datetime, time, timedelta
from fractions import Fraction
from typing import Any

from django.db.models import OuterRef, Q, Subquery
from django.db.models.functions import Coalesce

from courseplatform.accounts.models import User
from courseplatform.courses.access import Visit, asked_once
from courseplatform.courses.models import Course, Enrolment, Role
from courseplatform.teams.models import Membership, Team
from courseplatform.teams.selectors.membership import memberships_of
from grading.course_file.late.policy import policy_of
from grading.late import facts as late
from grading.latepolicy import assess
from grading.models.assignments import CLOSES, Assignment, instant_of
from grading.models.late_days import Accommodation, EntryKind, Excuse, Extension, LateEntry, LateRequest
from grading.models.reruns import PointsBefore
from grading.models.runs import Result
from grading.models.submissions import Submission
from grading.returns.work import return_among, return_id
from hardware.inventory.selectors.returns import TermReturn, term_returns

ALL_BACK = "all back"


def person_key(pk: int) -> str:
    return f"p{pk}"


def team_key(pk: int) -> str:
    return f"t{pk}"


def key_of(person_id: int | None, team_id: int | None) -> str:
    """The owner's name in the facts: of a team where there is one."""
    return team_key(team_id) if team_id is not None else person_key(person_id or 0)


def policy_for(course: Course) -> late.Policy | None:
    """The late policy of the course file, or None where the course states no rule."""
    found = course.facts.get("late_policy")
    return policy_of(found["policy"], course.tz) if found else None


@dataclass(frozen=True)
class Circle:
    """People and teams whose late days hang together. The keys are those of the facts."""

    course: Course
    people: dict[str, User]
    teams: dict[str, Team]
    memberships: list[Membership]

    @property
    def names(self) -> dict[str, str]:
        return {key: str(owner) for key, owner in (*self.people.items(), *self.teams.items())}


def circle_of(course: Course, people: Collection[int]) -> Circle:
    """The circle around some people. Two queries, whatever its size."""
    rows = list(memberships_of(course))
    by_person, by_team = defaultdict(list), defaultdict(list)
    for row in rows:
        by_person[row.person_id].append(row)
        by_team[row.team_id].append(row)
    found, teams, waiting = set(people), set(), list(people)
    while waiting:
        for row in by_person[waiting.pop()]:
            if row.team_id not in teams:
                teams.add(row.team_id)
                new = {other.person_id for other in by_team[row.team_id]} - found
                found |= new
                waiting += new
    members = {row.person_id: row.person for row in rows if row.person_id in found}
    alone = User.objects.in_bulk(found - set(members))
    return Circle(
        course,
        {person_key(pk): user for pk, user in sorted({**members, **alone}.items())},
        {team_key(row.team_id): row.team for row in rows if row.team_id in teams},
        [row for row in rows if row.person_id in found],
    )


def everybody(course: Course) -> Circle:
    """All students and teams there ever were: for a change that reaches everybody."""
    students = Enrolment.objects.filter(course=course, role=Role.STUDENT).values_list("person", flat=True)
    circle = circle_of(course, set(students))
    teams = Team.objects.filter(course=course)
    return replace(circle, teams={team_key(team.pk): team for team in teams})


@dataclass(frozen=True)
class PersonalDates:
    """When the work of a course is due for one person: what extensions and accommodations move, and what the person is excused from.

    moved: assignment -> the latest `until` of an extension of this person or of the team they are in. excused: keys of assignments.
    """

    moved: dict[int, datetime] = field(default_factory=dict)
    rules: list[Accommodation] = field(default_factory=list)
    excused: frozenset[int] = frozenset()

    def due_of(self, item: Assignment) -> datetime | None:
        """The due time of this person; None where the course states none. An extension that keeps its penalty moves nothing."""
        if item.due_at is None:
            return None
        extra = [later(item, rule.extra_days) for rule in self.rules if not rule.kinds or item.kind in rule.kinds]
        return max([item.due_at, self.moved.get(item.pk, item.due_at), *extra])

    def is_past(self, item: Assignment, now: datetime) -> bool:
        due = self.due_of(item)
        return due is not None and due < now


@asked_once
def dates_for(visit: Visit) -> PersonalDates:
    """The visitor's own; staff have none of their own and read those of the course."""
    return PersonalDates() if visit.is_staff else dates_of(visit.course, visit.person)


def dates_of(course: Course, person: User) -> PersonalDates:
    """Three queries, whatever the size of the course."""
    teams = Membership.objects.filter(course=course, person=person, until_at=None).values("team")
    rows = Extension.objects.filter(
        Q(team__in=teams) | Q(team=None, person=person),
        assignment__course=course, withdrawn_at=None, keeps_penalty=False, until_at__isnull=False,
    )  # fmt: skip
    moved = {row.assignment_id: row.until_at for row in rows.order_by("until_at") if row.until_at}
    excuses = Excuse.objects.filter(assignment__course=course, person=person, withdrawn_at=None)
    return PersonalDates(
        moved,
        list(Accommodation.objects.filter(course=course, person=person, withdrawn_at=None)),
        frozenset(excuses.values_list("assignment", flat=True)),
    )


@dataclass
class LateFacts:
    """What `assess` is asked, as rows say it. Change a field to ask what would be.

    return_work: the assignment by which hardware comes back. lent: owner -> what they were lent for the term.
    """

    circle: Circle
    policy: late.Policy
    deadlines: dict[str, late.Deadline]
    submissions: list[late.HandIn] = field(default_factory=list)
    extensions: list[late.Extension] = field(default_factory=list)
    grants: list[late.Grant] = field(default_factory=list)
    memberships: list[late.Membership] = field(default_factory=list)
    excused: list[tuple[str, str]] = field(default_factory=list)
    requests: list[late.Request] = field(default_factory=list)
    return_work: Assignment | None = None
    lent: dict[str, TermReturn] = field(default_factory=dict)

    def assessment(self, *, explained: bool = True) -> late.Assessment:
        return assess(
            self.policy, self.deadlines, self.submissions, self.extensions, self.grants, self.memberships,
            people=self.circle.people, teams=self.circle.teams, excused=self.excused, requests=self.requests,
            names=self.circle.names, explained=explained,
        )  # fmt: skip


def facts_of(circle: Circle, policy: late.Policy | None = None) -> LateFacts | None:
    """The facts of a circle; None where the course states no late rule. Nine queries, whatever its size, and one where hardware comes back."""
    policy = policy or policy_for(circle.course)
    if policy is None:
        return None
    dated = Assignment.objects.of(circle.course).exclude(due_at=None).select_related("course")
    rows = _Rows(circle, {item.pk: item for item in dated})
    return LateFacts(
        circle,
        policy,
        {item.slug: deadline_of(item) for item in rows.work.values()},
        [*rows.hand_ins(), *rows.returns()],
        rows.extensions(),
        rows.grants(),
        [
            late.Membership(team_key(row.team_id), person_key(row.person_id), row.since_at, row.until_at)
            for row in circle.memberships
        ],
        rows.excused(),
        rows.requests(),
        rows.back,
        rows.lent,
    )


@dataclass
class _Rows:
    """The rows of a circle's owners, turned into facts one table at a time. `work`: the assignments with a due time, by key."""

    circle: Circle
    work: dict[int, Assignment]

    def __post_init__(self) -> None:
        self.people = [user.pk for user in self.circle.people.values()]
        teams = [team.pk for team in self.circle.teams.values()]
        self.owned = Q(team__in=teams) | Q(team=None, person__in=self.people)
        self.back = return_among(self.circle.course, self.work.values())
        self.lent: dict[str, TermReturn] = {}
        if self.back is not None:
            found = term_returns(self.circle.course, people=self.people, teams=teams)
            self.lent = {key_of(row.person, row.team): row for row in found}

    def hand_ins(self) -> list[late.HandIn]:
        """Who borrowed something is late with what they borrowed, not with a form that they hand in about it."""
        found = Submission.objects.filter(self.owned, assignment__in=self.work)
        marks = self._marks(found)
        return [
            late.HandIn(
                str(row.pk), key_of(row.person_id, row.team_id), self.work[row.assignment_id].slug, row.received_at,
                person_key(row.person_id), row.is_active, row.counts is not False, marks.get(row.measured_pk),
            )
            for row in found
            if not (self.back and row.assignment_id == self.back.pk and key_of(row.person_id, row.team_id) in self.lent)
        ]  # fmt: skip

    def returns(self) -> list[late.HandIn]:
        """Each borrower whose things for the term are all back has handed them in when the last one came."""
        return [
            late.HandIn(return_id(row.last), key, self.back.slug, at, None, is_active=True, verb=ALL_BACK)
            for key, row in self.lent.items()
            if self.back and row.last is not None and (at := row.returned_at) is not None
        ]

    def _marks(self, found: Any) -> dict[Any, Fraction]:
        """Submission -> percent that its newest result earned, for policies that judge the best attempt.

        A re-run of the whole lab never moves late days, so it is not asked: what a result said before it was counted again holds here.
        """
        first = PointsBefore.objects.filter(result=OuterRef("pk")).order_by("pk")
        results = Result.objects.filter(run__submission__in=found, rerun_item=None).order_by("made_at")
        rows = results.values_list(
            "run__submission",
            Coalesce(Subquery(first.values("earned")[:1]), "earned"),
            Coalesce(Subquery(first.values("of")[:1]), "of"),
        )
        return {pk: Fraction(earned) * 100 / Fraction(of) for pk, earned, of in rows if of}

    def extensions(self) -> list[late.Extension]:
        rows = Extension.objects.filter(self.owned, assignment__in=self.work, withdrawn_at=None)
        given = [
            late.Extension(
                key_of(row.person_id, row.team_id), self.work[row.assignment_id].slug, row.until_at, row.units, row.keeps_penalty
            )
            for row in rows
        ]  # fmt: skip
        rules = Accommodation.objects.filter(course=self.circle.course, person__in=self.people, withdrawn_at=None)
        return given + [
            late.Extension(person_key(rule.person_id), item.slug, later(item, rule.extra_days))
            for rule in rules
            for item in self.work.values()
            if not rule.kinds or item.kind in rule.kinds
        ]

    def grants(self) -> list[late.Grant]:
        """What people gave. What the count gave back stands beside an assignment, and follows from the facts."""
        rows = LateEntry.objects.filter(self.owned, course=self.circle.course, assignment=None)
        return [
            late.Grant(key_of(row.person_id, row.team_id), row.days, row.since, row.bank, row.reason)
            for row in rows.exclude(kind=EntryKind.POLICY)
        ]

    def excused(self) -> list[tuple[str, str]]:
        rows = Excuse.objects.filter(assignment__in=self.work, person__in=self.people, withdrawn_at=None)
        return [(person_key(row.person_id), self.work[row.assignment_id].slug) for row in rows]

    def requests(self) -> list[late.Request]:
        rows = LateRequest.objects.filter(self.owned, assignment__in=self.work)
        return [
            late.Request(key_of(row.person_id, row.team_id), self.work[row.assignment_id].slug, row.units, row.asked_at)
            for row in rows
        ]


def deadline_of(assignment: Assignment) -> late.Deadline:
    """When it is due and how far its lateness reaches, as the course file says it. It has a due time."""
    rules = assignment.late_rules
    cutoff = rules.get("cutoff")
    if isinstance(cutoff, str):
        cutoff = instant_of(assignment.course, cutoff, CLOSES)
    elif cutoff is not None:
        cutoff = int(cutoff["units"])
    if assignment.due_at is None:
        raise ValueError(f"{assignment.slug} has no due time")
    return late.Deadline(
        assignment.due_at,
        Fraction(assignment.points) or None,
        rules.get("cap", "policy"),
        rules.get("no_late", False),
        cutoff,
    )


def later(assignment: Assignment, days: int) -> datetime:
    """The due time some days later, at the same hour of the course's clock."""
    if assignment.due_at is None:
        raise ValueError(f"{assignment.slug} has no due time")
    wall = assignment.due_at.astimezone(assignment.course.tz)
    return assignment.course.wall(wall.date() + timedelta(days=days), time(wall.hour, wall.minute, wall.second))
