"""From rows to the facts that the late-day rules are asked about. One circle at a time: people whose late days hang together.

A circle is a person with everybody who was ever in a team with them in this course, and with everybody of theirs. Nothing outside it can
change what is charged inside, so that deadline night never counts a whole course for one hand-in.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, time, timedelta
from fractions import Fraction
from typing import Any, NamedTuple
from uuid import UUID

from django.db.models import BigIntegerField, Q, Value

from courseplatform.accounts.models import User
from courseplatform.core.by_value import ByValue
from courseplatform.core.kept import kept_ids
from courseplatform.courses.access import Visit, asked_once
from courseplatform.courses.models import Course, Enrolment, Role
from courseplatform.teams.models import Membership, Team
from grading.course_file.late.policy import policy_of
from grading.late import facts as late
from grading.late_rows.reads import ACCOMMODATIONS, EXCUSES, EXTENSIONS, GRANTS, HAND_INS, MARKS, NEAR, PEOPLE, REQUESTS
from grading.latepolicy import Trials, assess
from grading.models.assignments import CLOSES, Assignment, instant_of
from grading.models.course_work import course_work
from grading.models.late_days import Accommodation, Excuse, Extension
from grading.returns.work import return_among, return_id
from hardware.inventory.selectors.returns import TermReturn, term_returns

ALL_BACK = "all back"


_policies = ByValue[late.Policy](most=200)


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
    return (
        _policies.of((found["policy"], course.zone), lambda: policy_of(found["policy"], course.tz)) if found else None
    )


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
    """The circle around some people: all memberships of their teams' members, until nobody new is among them. Mostly one query, whatever
    the size of the course; one more for whoever was in no team."""
    found, waiting, rows = set(people), set(people), dict[int, Membership]()
    while waiting:
        new = {row.pk: row for row in NEAR(course=course.pk, people=sorted(waiting))}
        rows |= new
        theirs = {row.team_id for row in new.values() if row.person_id in waiting}
        asked = waiting | {row.person_id for row in new.values() if row.team_id in theirs}
        waiting = {row.person_id for row in new.values()} - found - asked
        found |= asked | waiting
    members = {row.person_id: row.person for row in rows.values()}
    alone = {one.pk: one for one in PEOPLE(people=sorted(found - set(members)))} if found - set(members) else {}
    ordered = sorted(rows.values(), key=lambda row: (row.since_at, row.pk))
    return Circle(
        course,
        {person_key(pk): user for pk, user in sorted({**members, **alone}.items())},
        {team_key(row.team_id): row.team for row in ordered},
        ordered,
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
    """No query for whoever has nothing of their own, else three, whatever the size of the course."""
    if person.pk not in kept_ids("own dates", course.pk, lambda: _with_own_dates(course)):
        return PersonalDates()
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


class Given(NamedTuple):
    """What the staff gave the people and teams of a circle, also for work without a due time. Their assignments are known without a query."""

    extensions: list[Extension]
    accommodations: list[Accommodation]
    excuses: list[Excuse]


def _with_own_dates(course: Course) -> Iterable[int]:
    """People who have, or had, an extension (their own or a team's), an excuse or an accommodation. One query."""
    extended = Extension.objects.filter(assignment__course=course).order_by()
    of_teams = Membership.objects.filter(team__in=extended.exclude(team=None).values("team")).order_by()
    excused = Excuse.objects.filter(assignment__course=course).order_by()
    slower = Accommodation.objects.filter(course=course).order_by()
    own, *others = (
        rows.values_list("person", flat=True) for rows in (extended.exclude(person=None), of_teams, excused, slower)
    )
    return own.union(*others)


@dataclass
class LateFacts:
    """What `assess` is asked, as rows say it. Change a field to ask what would be.

    return_work: the assignment by which hardware comes back. lent: owner -> what they were lent for the term. given: the rows behind
    `extensions` and `excused`, for pages that name them. work: the assignments with a due time, by slug.
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
    given: "Given" = field(default_factory=lambda: Given([], [], []))
    work: dict[str, Assignment] = field(default_factory=dict)

    def assessment(self, *, explained: bool | str = True) -> late.Assessment:
        return assess(
            self.policy, self.deadlines, self.submissions, self.extensions, self.grants, self.memberships,
            people=self.circle.people, teams=self.circle.teams, excused=self.excused, requests=self.requests,
            names=self.circle.names, explained=explained,
        )  # fmt: skip

    @property
    def values(self) -> tuple[Any, ...]:
        """All that the rules are asked about, as plain values: the same ones get the same answer."""
        return (
            self.policy, self.deadlines, self.submissions, self.extensions, self.grants, self.memberships, self.excused, self.requests,
            sorted(self.circle.people), sorted(self.circle.teams),
        )  # fmt: skip

    def trials(self) -> Trials:
        """For what would be with one more hand-in, tried many times."""
        return Trials(
            self.policy, self.deadlines, self.submissions, self.extensions, self.grants, self.memberships,
            people=self.circle.people, teams=self.circle.teams, excused=self.excused, requests=self.requests,
            names=self.circle.names,
        )  # fmt: skip


def facts_of(circle: Circle, policy: late.Policy | None = None) -> LateFacts | None:
    """The facts of a circle; None where the course states no late rule. Nine queries, whatever its size, and one where hardware comes back."""
    policy = policy or policy_for(circle.course)
    if policy is None:
        return None
    rows = _Rows(circle, {item.pk: item for item in course_work(circle.course) if item.due_at is not None})
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
        rows.given,
        {item.slug: item for item in rows.work.values()},
    )


def _whom_given(course: Course) -> Iterable[str]:
    """Owners who have, or had, something from the staff, as the facts name them. One query."""
    no_team = Value(None, output_field=BigIntegerField())
    extended = Extension.objects.filter(assignment__course=course).order_by().values_list("person", "team")
    excused = Excuse.objects.filter(assignment__course=course).order_by().values_list("person", no_team)
    slower = Accommodation.objects.filter(course=course).order_by().values_list("person", no_team)
    return [key_of(person, team) for person, team in extended.union(excused, slower)]


@dataclass
class _Rows:
    """The rows of a circle's owners, turned into facts one table at a time. `work`: the assignments with a due time, by key."""

    circle: Circle
    work: dict[int, Assignment]

    def __post_init__(self) -> None:
        self.of: dict[str, Any] = {
            "course": self.circle.course.pk,
            "people": [user.pk for user in self.circle.people.values()],
            "teams": [team.pk for team in self.circle.teams.values()],
        }
        self.given = self._given()
        self.back = return_among(self.circle.course, self.work.values())
        self.lent: dict[str, TermReturn] = {}
        if self.back is not None:
            found = term_returns(self.circle.course, people=self.of["people"], teams=self.of["teams"])
            self.lent = {key_of(row.person, row.team): row for row in found}

    def hand_ins(self) -> list[late.HandIn]:
        """Who borrowed something is late with what they borrowed, not with a form that they hand in about it."""
        rows = list(HAND_INS(**self.of))
        marks = self._marks() if rows else {}
        return [
            late.HandIn(
                str(pk), key_of(person, team), self.work[item].slug, at, person_key(person), is_active, counts is not False,
                marks.get(model or pk),
            )
            for pk, model, person, team, item, at, is_active, counts in rows
            if item in self.work and not (self.back and item == self.back.pk and key_of(person, team) in self.lent)
        ]  # fmt: skip

    def returns(self) -> list[late.HandIn]:
        """Each borrower whose things for the term are all back has handed them in when the last one came."""
        return [
            late.HandIn(return_id(row.last), key, self.back.slug, at, None, is_active=True, verb=ALL_BACK)
            for key, row in self.lent.items()
            if self.back and row.last is not None and (at := row.returned_at) is not None
        ]

    def _marks(self) -> dict[UUID, Fraction]:
        """Submission -> percent that its newest result earned, for policies that judge the best attempt."""
        return {pk: Fraction(earned) * 100 / Fraction(of) for pk, earned, of in MARKS(**self.of) if of}

    def _given(self) -> Given:
        """Mostly nobody of a circle has anything of the kind, and then no query is needed."""
        course = self.circle.course
        if kept_ids("given", course.pk, lambda: _whom_given(course)).isdisjoint(self.circle.names):
            return Given([], [], [])
        own = {"course": course.pk, "people": self.of["people"]}
        found = Given(list(EXTENSIONS(**self.of)), list(ACCOMMODATIONS(**own)), list(EXCUSES(**own)))
        rows: list[Extension | Excuse] = [*found.extensions, *found.excuses]
        others = {row.assignment_id for row in rows} - set(self.work)
        known = self.work | (Assignment.objects.in_bulk(others) if others else {})
        for row in rows:
            row.assignment = known[row.assignment_id]
            row.assignment.course = self.circle.course
        return found

    def extensions(self) -> list[late.Extension]:
        moved = [
            late.Extension(key_of(row.person_id, row.team_id), row.assignment.slug, row.until_at, row.units, row.keeps_penalty)
            for row in self.given.extensions if row.assignment_id in self.work
        ]  # fmt: skip
        return moved + [
            late.Extension(person_key(rule.person_id), item.slug, later(item, rule.extra_days))
            for rule in self.given.accommodations
            for item in self.work.values()
            if not rule.kinds or item.kind in rule.kinds
        ]

    def grants(self) -> list[late.Grant]:
        """What people gave. What the count gave back stands beside an assignment, and follows from the facts."""
        return [
            late.Grant(key_of(person, team), days, since, bank, why)
            for person, team, days, since, bank, why in GRANTS(**self.of)
        ]

    def excused(self) -> list[tuple[str, str]]:
        return [
            (person_key(row.person_id), row.assignment.slug)
            for row in self.given.excuses
            if row.assignment_id in self.work
        ]

    def requests(self) -> list[late.Request]:
        return [
            late.Request(key_of(person, team), self.work[item].slug, units, at)
            for person, team, item, units, at in REQUESTS(**self.of)
            if item in self.work
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
