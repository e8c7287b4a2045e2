"""What every student has of each assignment: handed in, graded, missing, excused. A bounded number of queries, whatever the class."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple, cast

from django.db.models import (
    Case,
    DateTimeField,
    DecimalField,
    ExpressionWrapper,
    F,
    IntegerField,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Sum,
    Value,
    When,
)
from django.db.models.functions import Cast, Round

from courseplatform.core.kept import kept, kept_rows
from courseplatform.core.prepared import Prepared
from courseplatform.courses.models import Course
from courseplatform.teams.models import Membership
from grading.grade_facts import measured_of
from grading.gradebook import ZERO, Piece, State
from grading.late_rows.facts import PersonalDates
from grading.models.assignments import Assignment
from grading.models.grade_now import GradeNow
from grading.models.grades import GradeRelease, ReleasedTo, RubricItem, grade_path
from grading.models.late_days import Accommodation, Excuse, Extension, LateVerdict
from grading.models.submissions import Submission
from grading.returns.work import return_among


class Mark(NamedTuple):
    """What the fold of somebody's grade says. is_complete: nothing is left to be graded."""

    points: Decimal | None
    is_complete: bool


class Fact(NamedTuple):
    """One person and one assignment, as a reader may know it. points: None where there are none, or where they are hidden."""

    state: State
    points: Decimal | None
    is_turned_in: bool


@dataclass
class WorkRows:
    """The rows of a course. marks, handed: by assignment, then person. of: assignment -> what it is worth. released: keys of assignments.
    only_to: of those that are released to some alone, who of the people sees the grade. dates: only of those who have something of their
    own. teams: person -> team now."""

    course: Course
    items: list[Assignment]
    released: set[int]
    only_to: dict[int, set[int]] = field(default_factory=dict)
    marks: dict[int, dict[int, Mark]] = field(default_factory=lambda: defaultdict(dict))
    of: dict[int, Decimal] = field(default_factory=dict)
    handed: dict[int, set[int]] = field(default_factory=lambda: defaultdict(set))
    dates: dict[int, PersonalDates] = field(default_factory=dict)
    teams: dict[int, int] = field(default_factory=dict)
    team_names: dict[int, str] = field(default_factory=dict)

    def fact(self, item: Assignment, person: int, now: datetime, *, for_students: bool) -> Fact:
        """What counts for this person now. Without a release students know that something is with the graders, and no more."""
        mark, is_in = self.marks[item.pk].get(person), person in self.handed[item.pk]
        points, is_complete = (mark.points, mark.is_complete) if mark else (None, False)
        is_hidden = for_students and not self.sees(item, person)
        if is_hidden:
            points = None
        elif points is not None and (points > 0 or not item.takes_anything):
            is_in = True  # on paper, by mail: whoever has points for it was there
        dates = self.dates.get(person, NO_DATES)
        if not item.is_counted:
            return Fact(State.UNCOUNTED, points, is_in)
        if item.pk in dates.excused:
            return Fact(State.EXCUSED, points, is_in)
        if is_complete and not is_hidden:
            return Fact(State.GRADED, points, is_in)
        if is_in or mark is not None:
            return Fact(State.GRADING, points, is_in)
        if not dates.is_past(item, now):
            return Fact(State.AHEAD, None, False)
        if not item.takes_anything and (is_hidden or item.pk not in self.released):
            return Fact(State.GRADING, None, False)  # nothing here says whether it was handed in
        return Fact(State.MISSING, None, False)

    def sees(self, item: Assignment, person: int) -> bool:
        """Whether this student sees the grade: it may be released to some alone."""
        return item.pk in self.released and (item.pk not in self.only_to or person in self.only_to[item.pk])

    def column(self, item: Assignment, people: Iterable[int], now: datetime) -> list[Fact]:
        """The same for a whole class as its staff know it, in the order of the people. Most have a grade and nothing of their own.

        Equal marks are one object (`_read_marks`), and so are the facts made of them: what follows is made once for each.
        """
        marks, handed, own = self.marks[item.pk], self.handed[item.pk], self.dates
        is_plain = item.is_counted and item.takes_anything
        nothing = self.fact(item, NOBODY, now, for_students=False)
        found, missing = list[Fact](), Mark(None, is_complete=False)
        made: dict[tuple[int, bool], Fact] = {}
        for person in people:
            mark = marks.get(person, missing)
            if mark.is_complete and is_plain and person not in own:
                key = (id(mark), person in handed)
                fact = made.get(key)
                if fact is None:
                    fact = made[key] = Fact(State.GRADED, mark.points, key[1] or (mark.points or ZERO) > 0)
                found.append(fact)
            elif person in own or person in marks or person in handed:
                found.append(self.fact(item, person, now, for_students=False))
            else:
                found.append(nothing)
        return found

    def excused_of(self, person: int) -> frozenset[int]:
        """Keys of the assignments that do not count for this person."""
        return self.dates[person].excused if person in self.dates else frozenset()


NO_DATES, NOBODY = PersonalDates(), 0


def work_rows(course: Course, people: Collection[int]) -> WorkRows:
    items, released = items_with_release(course)
    members = kept("book members", course.pk, lambda: _members(course))
    if len(people) == 1:
        members = [member for member in members if member[1] in people]
    rows = WorkRows(course, items, released, _only_to(items, people))
    for team, person, _, until, name in members:
        rows.team_names[team] = name
        if until is None:
            rows.teams[person] = team
    _read_marks(rows, people)
    _read_handed(rows, people, members)
    rows.dates = _dates(course, people, rows.teams)
    return rows


def items_with_release(course: Course) -> tuple[list[Assignment], set[int]]:
    """The published work, and which of it has grades that students see. No query where nothing was changed."""
    newest = GradeRelease.objects.filter(assignment=OuterRef("pk")).order_by("-pk")
    to_some = Case(When(is_released=True, is_partial=True, then=F("pk")))
    work = Assignment.objects.of(course).annotate(
        is_out=Subquery(newest.values("is_released")[:1]),
        partial_release=Subquery(newest.annotate(to_some=to_some).values("to_some")[:1]),
    )
    items = kept_rows("book items", course.pk, lambda: work)
    for item in items:
        item.course = course
    return items, {item.pk for item in items if getattr(item, "is_out", False)}


def _members(course: Course) -> "list[Member]":
    joined = Membership.objects.filter(course=course).order_by()
    # The stubs lose the name of the team.
    return cast("list[Member]", list(joined.values_list("team", "person", "since_at", "until_at", "team__name")))


def _only_to(items: Iterable[Assignment], people: Collection[int]) -> dict[int, set[int]]:
    """Work whose grades are out to some alone -> those of these people who see theirs. No query where there is none."""
    partial = {pk: item.pk for item in items if (pk := getattr(item, "partial_release", None))}
    found: dict[int, set[int]] = {item: set() for item in partial.values()}
    if partial:
        for release, person in ReleasedTo.objects.filter(release__in=partial, person__in=people).values_list("release", "person"):  # fmt: skip
            found[partial[release]].add(person)
    return found


def _read_marks(rows: WorkRows, people: Collection[int]) -> None:
    if len(people) == 1:
        found = MARKS_OF_ONE(course=rows.course.pk, person=next(iter(people)))
    else:
        found = _marks(GradeNow.objects.filter(assignment__in=rows.items))
    shown = {item.pk for item in rows.items}
    known: dict[tuple[int | None, int], Mark] = {}  # ten thousand rows, some hundred different ones
    for item, person, points, of, is_complete in found:
        if item not in shown:
            continue  # a draft
        mark = known.get((points, is_complete))
        if mark is None:
            exact = None if points is None else Decimal(points).scaleb(-2)
            mark = known[points, is_complete] = Mark(exact, is_complete == 1)
        rows.of[item] = of
        rows.marks[item][person] = mark
    rows.of = {item: Decimal(of).scaleb(-2) for item, of in rows.of.items()}
    _fill_worth(rows)


def withhold(rows: WorkRows) -> None:
    """Leave out the points of reports that are graded without names until their grades are released: beside a name they would tell whose
    report it was. What stays is that it is with the graders."""
    for item in rows.items:
        if item.is_anonymous and item.pk not in rows.released:
            rows.marks[item.pk] = dict.fromkeys(rows.marks[item.pk], Mark(None, is_complete=False))


class _AsItIs(Cast):
    """As the database gives it: of ten thousand values Django would turn each by itself, which takes longer than all the rest."""

    @property
    def convert_value(self) -> Any:
        return self._convert_value_noop  # type: ignore[attr-defined]


def _whole(name: str, times: int = 1) -> _AsItIs:
    """As a whole number: hundredths of points, 1 for true."""
    if times == 1:
        return _AsItIs(name, IntegerField())
    exact = DecimalField(max_digits=12, decimal_places=2)
    return _AsItIs(Round(ExpressionWrapper(F(name) * times, exact)), IntegerField())


def _fill_worth(rows: WorkRows) -> None:
    """What work is worth that nobody was graded for yet: as the fold says it, and what its parts add up to where it says nothing itself."""
    rows.of |= {item.pk: item.points for item in rows.items if item.pk not in rows.of and item.points}
    bare = [item for item in rows.items if item.pk not in rows.of]
    if not bare:
        return
    sums = kept("rubric worth", rows.course.pk, lambda: _rubric_worth(rows.course))
    rows.of |= {item.pk: sums.get(item.pk, ZERO) + measured_of(item) for item in bare}


def _rubric_worth(course: Course) -> dict[int, Decimal]:
    counted = RubricItem.objects.filter(assignment__course=course, is_withdrawn=False, is_extra=False).order_by()
    return dict(counted.values_list("assignment").annotate(Sum("points")))


def _marks(found: QuerySet[GradeNow]) -> Any:
    return found.values_list("assignment", "person", _whole("points", 100), _whole("of", 100), _whole("is_complete"))


def _sent(found: QuerySet[Submission]) -> Any:
    """The moment matters for teams alone; of ten thousand others it would be turned into a date for nothing."""
    of_team = Case(When(team__isnull=False, then=F("received_at")))
    standing = found.filter(Q(is_active=True) | Q(counts=None)).order_by()
    return standing.values_list("assignment", "person", "team", of_team)


MARKS_OF_ONE: Prepared[Any] = Prepared(
    lambda course, person: _marks(GradeNow.objects.filter(assignment__course=course, person=person)), course=int, person=int
)  # fmt: skip
SENT_BY_ONE: Prepared[Any] = Prepared(
    lambda course, person, teams: _sent(
        Submission.objects.filter(Q(person=person) | Q(team__in=teams), assignment__course=course)
    ),
    course=int, person=int, teams=list,
)  # fmt: skip
BROUGHT_BACK: Prepared[Any] = Prepared(
    lambda assignment, people: LateVerdict.objects.filter(assignment=assignment, returned__isnull=False, person__in=people)
    .order_by().values_list("person", flat=True),
    assignment=int, people=list,
)  # fmt: skip
Member = tuple[int, int, datetime, datetime | None, str]  # team, person, since, until, name


def _read_handed(rows: WorkRows, people: Collection[int], members: Iterable[Member]) -> None:
    """Whoever handed something in that is not refused, alone or in the team of that moment; and whose hardware is all back."""
    by_team = defaultdict[int, list[Member]](list)
    for member in members:
        by_team[member[0]].append(member)
    if len(people) == 1:
        sent = SENT_BY_ONE(course=rows.course.pk, person=next(iter(people)), teams=sorted(by_team))
    else:
        sent = _sent(Submission.objects.filter(assignment__in=rows.items))
    for item, person, team, at in sent:
        if team is None:
            rows.handed[item].add(person)
            continue
        for _, one, since, until, _ in by_team[team]:
            if since <= at and (until is None or until > at):
                rows.handed[item].add(one)
    back = return_among(rows.course, rows.items)
    if back is not None:
        rows.handed[back.pk].update(BROUGHT_BACK(assignment=back.pk, people=sorted(people)))


def _dates(course: Course, people: Collection[int], teams: dict[int, int]) -> dict[int, PersonalDates]:
    """As `dates_of`, for a whole class. Nobody who has nothing of their own is in it."""
    of_team, of_person = defaultdict[int, dict[int, datetime]](dict), defaultdict[int, dict[int, datetime]](dict)
    rules, excused = defaultdict[int, list[Accommodation]](list), defaultdict[int, set[int]](set)
    given, slower = kept("book dates", course.pk, lambda: _given(course))
    for item, person, team, until in given:
        if until is None:
            excused[person or 0].add(item)
        else:
            own = of_team[team] if team else of_person[person or 0]
            own[item] = max(until, own.get(item, until))
    for rule in slower:
        rules[rule.person_id].append(rule)
    found = {}
    for person in people:
        moved = dict(of_team.get(teams.get(person, 0), {}))
        for item, until in of_person.get(person, {}).items():
            moved[item] = max(until, moved.get(item, until))
        if moved or person in rules or person in excused:
            found[person] = PersonalDates(moved, rules.get(person, []), frozenset(excused.get(person, ())))
    return found


def _given(course: Course) -> tuple[list[Any], list[Accommodation]]:
    """Extensions and excuses (without a moment) of the whole course, and accommodations. Two queries."""
    given = Extension.objects.filter(assignment__course=course, withdrawn_at=None, keeps_penalty=False)
    excuses = Excuse.objects.filter(assignment__course=course, withdrawn_at=None).order_by()
    nothing = (Value(None, output_field=IntegerField()), Value(None, output_field=DateTimeField()))
    rows = given.filter(until_at__isnull=False).order_by().values_list("assignment", "person", "team", "until_at")
    both = rows.union(excuses.values_list("assignment", "person", *nothing), all=True)
    return list(both), list(Accommodation.objects.filter(course=course, withdrawn_at=None))


def piece_of(rows: WorkRows, item: Assignment, person: int, now: datetime, *, for_students: bool) -> Piece:
    """An assignment as a piece of the course grade, with the page that says where its points come from."""
    fact = rows.fact(item, person, now, for_students=for_students)
    path = grade_path(item) if for_students else grade_path(item, "grades_person", person=person)
    return Piece(
        item.slug, item.full_title, fact.points, rows.of.get(item.pk, ZERO), fact.state, item.worth_percent,
        url=path, is_turned_in=fact.is_turned_in,
    )  # fmt: skip
