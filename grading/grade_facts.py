"""From rows to what the gradebook is asked: whose grade hangs together, what happened to it, and whether students may see it."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db.models import Q, QuerySet

from courseplatform.accounts.models import User
from courseplatform.core.kept import kept, kept_rows
from courseplatform.teams.models import Membership, Team
from courseplatform.teams.selectors.membership import members_at, team_of
from grading.grade import Event, Grade, Late, grade_of
from grading.late_rows.facts import policy_for
from grading.models.assignments import Assignment
from grading.models.grades import MEASUREMENT, GradeEvent, GradeKind, GradeRelease, RubricItem
from grading.models.late_days import LateVerdict
from grading.models.submissions import Submission
from grading.rubric import ZERO, Item, Option
from grading.spec import SpecError


@dataclass(frozen=True)
class Group:
    """The people whose work was one: a team as it was when it handed in, or one person. `judged_at`: None before a hand-in."""

    people: tuple[User, ...]
    team: Team | None = None
    submission: Submission | None = None

    @property
    def judged_at(self) -> datetime | None:
        return self.submission.received_at if self.submission else None


def release_of(assignment: Assignment) -> GradeRelease | None:
    """The newest word about whether students see the grades; None: never released."""
    found = kept_rows(
        "release", assignment.pk, lambda: GradeRelease.objects.filter(assignment=assignment).order_by("-pk")[:1]
    )
    return next(iter(found), None)


def is_visible(release: GradeRelease | None) -> bool:
    """Whether grades are out, be it to some alone: `who_see` says to whom."""
    return release is not None and release.is_released


def who_see(assignment: Assignment, people: Collection[int]) -> set[int]:
    """Those of these people who see their grade now. One query; another where the grades are out to some alone."""
    release = release_of(assignment)
    if release is None or not release.is_released:
        return set()
    if not release.is_partial:
        return set(people)
    return set(release.people.filter(person__in=people).values_list("person", flat=True))


def sees_grade(assignment: Assignment, person: User) -> bool:
    return bool(who_see(assignment, {person.pk}))


def seen_since(release: GradeRelease | None, person: User) -> datetime | None:
    """When this person came to see the grade, which an earlier release to some may have brought; None: they do not see it. One query."""
    if release is None or not release.is_released:
        return None
    found = release.people.filter(person=person).values_list("since_at", flat=True).first()
    return found if found is not None or release.is_partial else release.at


def judged(assignment: Assignment, people: Collection[int] | None = None) -> dict[int, Submission]:
    """Person (of those asked about; None: all) -> the active attempt that their grade rests on: of several teams the one that handed in
    last. Two queries."""
    found = Submission.objects.filter(assignment=assignment, is_active=True).order_by("received_at")
    if people is not None:
        teams = Membership.objects.filter(course=assignment.course_id, person__in=people).values("team")
        found = found.filter(Q(team=None, person__in=people) | Q(team__in=teams))
    rows = list(found.select_related("team"))
    members = defaultdict[int, list[Membership]](list)
    for member in Membership.objects.filter(team__in=[row.team_id for row in rows if row.team_id]):
        members[member.team_id].append(member)
    by_person = dict[int, Submission]()
    for row in rows:
        if row.team_id is None:
            by_person[row.person_id] = row
            continue
        for one in members[row.team_id]:
            if one.since_at <= row.received_at and (one.until_at is None or one.until_at > row.received_at):
                by_person[one.person_id] = row
    return by_person if people is None else {pk: row for pk, row in by_person.items() if pk in people}


def somebody_of(submission: Submission) -> User | None:
    """One of those whose grade rests on this attempt; None where all of them handed in with another team since. Three queries."""
    team = submission.team
    people = members_at(team, submission.received_at) if team else [submission.person]
    found = judged(submission.assignment, {one.pk for one in people})
    return next((one for one in people if (row := found.get(one.pk)) is not None and row.pk == submission.pk), None)


def group_of(assignment: Assignment, person: User) -> Group:
    """Whom a mark for this person is for: everybody who was in the team at the judged hand-in; without one the team of today."""
    submission = judged(assignment, {person.pk}).get(person.pk)
    if submission is None and not assignment.is_individual:
        others = Submission.objects.filter(assignment=assignment).exclude(counts=False)
        submission = others.of_person(person).order_by("-received_at").select_related("team").first()
        if (
            submission is not None
            and submission.team
            and person not in members_at(submission.team, submission.received_at)
        ):
            submission = None
    if submission is not None:
        team = submission.team
        people = members_at(team, submission.received_at) if team else [person]
        return Group(tuple(people), team, submission)
    team = None if assignment.is_individual else team_of(assignment.course, person)
    return Group(tuple(members_at(team)) if team else (person,), team)


def measured_of(assignment: Assignment) -> Decimal:
    """What the measured part can give at most."""
    if not assignment.takes_model:
        return ZERO
    try:
        return sum((Decimal(str(one.points)) for one in assignment.spec.criteria if not one.bonus), ZERO)
    except SpecError:
        return ZERO


def items_of(assignment: Assignment) -> list[Item]:
    """The rubric in its order; withdrawn items come too, for the timeline."""
    return list(kept("rubric", assignment.pk, lambda: [item_of(row) for row in _rubric(assignment)]))


def _rubric(assignment: Assignment) -> "QuerySet[RubricItem]":
    return RubricItem.objects.filter(assignment=assignment).prefetch_related("options")


def item_of(row: RubricItem) -> Item:
    """Its options come from what was prefetched."""
    options = tuple(Option(one.key, one.title, one.points, one.is_withdrawn) for one in row.options.all())
    return Item(row.key, row.title, row.points, row.note, row.is_withdrawn, options, row.is_one_of, row.is_extra)


@dataclass(frozen=True)
class Facts:
    """What the grades of some people follow from."""

    items: list[Item]
    measured_of: Decimal
    worth: Decimal
    events: Mapping[int, list[Event]]
    late: Mapping[int, Late]

    def grade(self, person: int, *, items: Sequence[Item] | None = None, then: Sequence[Event] = ()) -> Grade:
        """items: of another rubric. then: what would happen to this grade."""
        events = [*self.events.get(person, ()), *then]
        used = self.items if items is None else items
        return grade_of(used, events, measured_of=self.measured_of, worth=self.worth, late=self.late.get(person))


def facts_of(assignment: Assignment, people: Collection[int]) -> Facts:
    """Four queries, whatever the number of people."""
    events = defaultdict[int, list[Event]](list)
    rows = GradeEvent.objects.filter(assignment=assignment, person__in=people)
    for row in rows.select_related("item", "result").defer(*HEAVY).order_by("pk"):
        events[row.person_id].append(event_of(row))
    late = lates_of(assignment, people)
    return Facts(items_of(assignment), measured_of(assignment), assignment.points, events, late)


def grades_of(
    assignment: Assignment, people: Collection[int], then: Mapping[int, Event] | None = None
) -> dict[int, Grade]:
    """Person -> grade, for everybody asked about. Four queries, whatever their number.

    then: what would happen to the grade of some of them.
    """
    facts, more = facts_of(assignment, people), then or {}
    return {pk: facts.grade(pk, then=[more[pk]] if pk in more else ()) for pk in people}


HEAVY = tuple(f"result__{name}" for name in ("report", "host", "metrics", "quality", "points", "environment"))


def event_of(row: GradeEvent) -> Event:
    # Only a measurement speaks for itself; whoever gave the points that it had left open has said all there is.
    is_by_person = row.kind == GradeKind.BENCHMARK and row.actor != MEASUREMENT
    return Event(
        row.pk, row.kind, row.made_at, row.actor, row.item.key if row.item else "", row.points,
        row.result.of if row.result else None, row.reason, row.cause_id,
        left_open=row.result.left_open if row.result and not is_by_person else ZERO,
        graded_by=row.result.graded_by if row.result else "", is_by_person=is_by_person,
        options=tuple(row.options),
    )  # fmt: skip


def measured_event(assignment: Assignment, person: User) -> GradeEvent | None:
    """The event that the measured part rests on, with its result. One query."""
    found = GradeEvent.objects.filter(
        assignment=assignment, person=person, kind=GradeKind.BENCHMARK, result__isnull=False
    )
    return found.select_related("result__run__submission__assignment__course").order_by("pk").last()


def grade_for(assignment: Assignment, person: User) -> Grade:
    return grades_of(assignment, {person.pk})[person.pk]


def lates_of(assignment: Assignment, people: Collection[int]) -> dict[int, Late]:
    """Person -> what lateness takes, for those whom it takes something. One query."""
    policy = policy_for(assignment.course)
    if policy is None:
        return {}
    rows = LateVerdict.objects.filter(assignment=assignment, person__in=people)
    return {
        row.person_id: Late(policy, row.penalty_percent, row.accepted, tuple(row.explanation))
        for row in rows
        if row.penalty_percent or not row.accepted
    }
