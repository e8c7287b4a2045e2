"""Everybody's late days as the staff read them: one table of people, and of teams where the bank is the team's.

Everything is read from kept rows (ledger and verdicts), so that 600 people cost as many queries as 5.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, ClassVar

from django.db.models import Prefetch, Q, Sum
from django.http import QueryDict
from django.utils import timezone

from courseplatform.accounts.models import User
from courseplatform.courses.access import Visit
from courseplatform.courses.models import Course, Enrolment, Role
from courseplatform.roster.models import CourseSection
from courseplatform.teams.models import Team
from courseplatform.teams.selectors.membership import members_of, teams_at
from grading.late.facts import Bank, Policy
from grading.late_rows.facts import policy_for
from grading.models.late_days import Accommodation, EntryKind, Extension, LateEntry, LateVerdict

PAGE = 100
SQUARES = 10  # more are drawn as a bar
COLUMNS = (
    "Kind",
    "Name",
    "E-mail",
    "Section",
    "Team",
    "Left",
    "Held",
    "Spent",
    "Given",
    "Points lost",
    "Late hand-ins",
    "Marks",
)


@dataclass(frozen=True)
class Amount:
    """What one bank of one owner holds. Units: given by the policy and by people, spent, and what is left of them."""

    bank: str
    policy: int = 0
    given: int = 0
    spent: int = 0

    @property
    def held(self) -> int:
        return self.policy + self.given

    @property
    def left(self) -> int:
        return self.held - self.spent

    @property
    def share(self) -> float:
        return max(self.left, 0) / self.held if self.held > 0 else 0.0

    @property
    def squares(self) -> list[dict[str, Any]]:
        """One for each unit held, the full ones first; empty where a bar says it better."""
        if not 0 < self.held <= SQUARES:
            return []
        return [{"x": n * 14 + 1, "is_full": n < self.left} for n in range(self.held)]


@dataclass(frozen=True)
class Row:
    """One person or team of the table. sections: key -> name. lost: points that lateness takes from perfect work. marks: what was given, in words."""

    person: User | None
    team: Team | None
    sections: dict[str, str]
    amounts: list[Amount]
    lost: Decimal = Decimal()
    late: int = 0
    marks: list[str] = field(default_factory=list)
    members: str = ""

    @property
    def name(self) -> str:
        return str(self.team if self.person is None else self.person)

    @property
    def left(self) -> int:
        return sum(amount.left for amount in self.amounts)

    @property
    def held(self) -> int:
        return sum(amount.held for amount in self.amounts)

    @property
    def spent(self) -> int:
        return sum(amount.spent for amount in self.amounts)

    @property
    def given(self) -> int:
        return sum(amount.given for amount in self.amounts)

    @property
    def has_spent_all(self) -> bool:
        return self.held > 0 and self.left <= 0


@dataclass(frozen=True)
class BalanceFilter:
    """Filters of the table; they stand in the URL. Unknown values mean no filter, and the page shows that."""

    text: str = ""
    section: str = ""
    team: str = ""
    state: str = ""
    sort: str = "name"

    STATES: ClassVar[dict[str, str]] = {
        "spent": "has spent all", "late": "handed in late", "lost": "lost points", "marks": "was given something", "teams": "teams only",
    }  # fmt: skip
    SORTS: ClassVar[dict[str, str]] = {
        "name": "name", "left": "fewest left", "-lost": "most points lost", "-late": "most often late", "-given": "most given",
    }  # fmt: skip

    @classmethod
    def of(cls, query: QueryDict) -> "BalanceFilter":
        state, sort, section = query.get("state", ""), query.get("sort", ""), query.get("section", "")
        return cls(
            text=query.get("q", "").replace("\x00", "").strip()[:120],
            section=section if section.isdecimal() and len(section) < 12 else "",
            team=query.get("team", "")[:80],
            state=state if state in cls.STATES else "",
            sort=sort if sort in cls.SORTS else "name",
        )


def balance_rows(visit: Visit, chosen: BalanceFilter) -> list[Row]:
    """The rows that fit, in the order that was asked for."""
    policy = policy_for(visit.course)
    if policy is None:
        return []
    rows = [row for row in _Table(visit.course, policy, timezone.now()).rows() if _fits(row, chosen)]
    return sorted(rows, key=_ORDER[chosen.sort])


_ORDER: dict[str, Callable[[Row], tuple[Any, ...]]] = {
    "name": lambda row: (row.name.casefold(),),
    "left": lambda row: (row.left, row.name.casefold()),
    "-lost": lambda row: (-row.lost, row.name.casefold()),
    "-late": lambda row: (-row.late, row.name.casefold()),
    "-given": lambda row: (-row.given, row.name.casefold()),
}


def _fits(row: Row, chosen: BalanceFilter) -> bool:
    words = f"{row.name} {row.person.email if row.person else ''} {row.team or ''} {row.members}".casefold()
    states = {
        "": True, "spent": row.has_spent_all, "late": row.late > 0, "lost": row.lost > 0, "marks": bool(row.marks or row.given),
        "teams": row.person is None,
    }  # fmt: skip
    return (
        all(word in words for word in chosen.text.casefold().split())
        and (not chosen.section or chosen.section in row.sections)
        and (not chosen.team or (row.team is not None and row.team.slug == chosen.team))
        and states[chosen.state]
    )


@dataclass
class _Table:
    """The rows of a course, one table of the database at a time."""

    course: Course
    policy: Policy
    now: datetime

    def __post_init__(self) -> None:
        self.banks: dict[str, list[Bank]] = {"person": [], "team": []}
        for bank in self.policy.banks:
            self.banks[bank.owner].append(bank)
        self.sums = self._sums()
        self.lost, self.late = self._verdicts()
        self.marks = self._marks()
        self.teams = teams_at(self.course, self.now)

    def rows(self) -> Iterable[Row]:
        if self.banks["team"]:
            yield from self._team_rows()
        named = Prefetch("roster_entry__sections", CourseSection.objects.all(), to_attr="named_sections")
        students = Enrolment.objects.filter(course=self.course, role=Role.STUDENT, is_active=True)
        for enrolment in students.select_related("person", "roster_entry").prefetch_related(named):
            entry = getattr(enrolment, "roster_entry", None)
            sections = {str(section.pk): section.name for section in entry.named_sections} if entry else {}
            yield self._of_person(enrolment.person, sections)

    def _of_person(self, person: User, sections: dict[str, str]) -> Row:
        team = self.teams.get(person.pk)
        amounts = self._amounts("person", (person.pk, None)) + (self._amounts("team", (None, team.pk)) if team else [])
        marks = self.marks[person.pk, None] + (self.marks[None, team.pk] if team else [])
        return Row(person, team, sections, amounts, self.lost[person.pk], self.late[person.pk], marks)

    def _team_rows(self) -> Iterable[Row]:
        found = list(Team.objects.filter(course=self.course))
        members = members_of(found, self.now)
        for team in found:
            people = [row.person for row in members.get(team.pk, [])]
            lost = max((self.lost[person.pk] for person in people), default=Decimal())
            late = max((self.late[person.pk] for person in people), default=0)
            names = ", ".join(person.name for person in people)
            yield Row(
                None, team, {}, self._amounts("team", (None, team.pk)), lost, late, self.marks[None, team.pk], names
            )

    def _amounts(self, owner: str, place: tuple[int | None, int | None]) -> list[Amount]:
        return [self.sums.get((*place, bank.name), Amount(bank.name)) for bank in self.banks[owner]]

    def _sums(self) -> dict[tuple[int | None, int | None, str], Amount]:
        # What is given back for a fault of ours is less spent, as the ledger of its owner says it too.
        spent = Q(kind__in=(EntryKind.SPEND, EntryKind.REFUND))
        lines = LateEntry.objects.filter(course=self.course).order_by().values_list("person", "team", "bank")
        rows = lines.annotate(
            policy=Sum("days", filter=Q(kind=EntryKind.POLICY), default=0), given=Sum("days", filter=Q(kind=EntryKind.GRANT), default=0),
            spent=Sum("days", filter=spent, default=0),
        )  # fmt: skip
        return {
            (person, team, bank): Amount(bank, policy, given, -spent)
            for person, team, bank, policy, given, spent in rows
        }

    def _verdicts(self) -> tuple[dict[int, Decimal], dict[int, int]]:
        lost: dict[int, Decimal] = defaultdict(Decimal)
        late: dict[int, int] = defaultdict(int)
        rows = LateVerdict.objects.filter(assignment__course=self.course).filter(
            Q(days_late__gt=0) | Q(max_percent__lt=100)
        )
        for person, days, most, points in rows.values_list("person", "days_late", "max_percent", "assignment__points"):
            late[person] += days > 0
            lost[person] += (100 - most) * points / 100
        return lost, late

    def _marks(self) -> dict[tuple[int | None, int | None], list[str]]:
        """What stands open for an owner: extensions that are not over, and standing accommodations."""
        found: dict[tuple[int | None, int | None], list[str]] = defaultdict(list)
        open_ones = Extension.objects.filter(assignment__course=self.course, withdrawn_at=None).filter(
            Q(until_at=None) | Q(until_at__gt=self.now)
        )
        for person, team, short in open_ones.values_list("person", "team", "assignment__short"):
            found[person, team].append(f"extension, {short}")
        rules = Accommodation.objects.filter(course=self.course, withdrawn_at=None)
        for person, days in rules.values_list("person", "extra_days"):
            found[person, None].append(f"everything {days} day{'s' if days != 1 else ''} later")
        return found


def filter_choices(course: Course, chosen: BalanceFilter) -> dict[str, Any]:
    def options(pairs: Iterable[tuple[str, str]], value: str) -> list[dict[str, Any]]:
        return [{"value": key, "label": word, "chosen": key == value} for key, word in pairs]

    sections = [(str(pk), name) for pk, name in course.course_sections.values_list("pk", "name")]
    return {
        "text": chosen.text,
        "section": options(sections, chosen.section),
        "team": options(Team.objects.filter(course=course).values_list("slug", "name"), chosen.team),
        "state": options(chosen.STATES.items(), chosen.state),
        "sort": options(chosen.SORTS.items(), chosen.sort),
    }


def csv_row(row: Row) -> list[object]:
    return [
        "team" if row.person is None else "student", row.name, row.person.email if row.person else "",
        "; ".join(row.sections.values()), str(row.team or ""), row.left, row.held, row.spent, row.given,
        f"{row.lost:.2f}", row.late, "; ".join(row.marks),
    ]  # fmt: skip
