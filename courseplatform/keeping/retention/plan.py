"""What would leave and when: read by the page, by the mails and by the sweep alike."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from courseplatform.courses.models import Course
from courseplatform.courses.retention_kinds import KINDS, Found, Kind, sources_of
from courseplatform.keeping.models import Leaving, RetentionPolicy
from courseplatform.keeping.retention.days import came_before, leaves_at_the_earliest, policy_day, today_in


@dataclass(frozen=True)
class Line:
    """leaves_on: None where the course has no last day. leaving: what leaves then, of what is here now, by assignment. later: what came so
    late that it stays longer; it leaves day by day. told: whether the instructors have been told of that day."""

    kind: Kind
    days: int
    leaves_on: date | None
    leaving: list[Found]
    later: Found
    told: bool

    @property
    def total(self) -> Found:
        return summed(self.leaving)

    @property
    def total_words(self) -> str:
        return self.kind.counted(self.total.count)

    @property
    def later_words(self) -> str:
        return f"{self.kind.counted(self.later.count)} {'is' if self.later.count == 1 else 'are'} here"


def policy_of(course: Course) -> RetentionPolicy:
    """The row, or one that is not saved and says the defaults."""
    return RetentionPolicy.objects.filter(course=course).first() or RetentionPolicy(course=course)


def plan_of(course: Course, now: datetime, policy: RetentionPolicy | None = None) -> list[Line]:
    """All kinds in the order of the table. A bounded number of queries."""
    policy = policy or policy_of(course)
    rows = {row.kind: row for row in Leaving.objects.filter(course=course)}
    return [line_of(course, kind, policy, rows.get(kind.key), now) for kind in KINDS.values()]


def line_of(course: Course, kind: Kind, policy: RetentionPolicy, row: Leaving | None, now: datetime) -> Line:
    days = policy.days_of(kind.key)
    first = policy_day(course, days)
    everything = found_of(course, kind, None)
    if first is None:
        return Line(kind, days, None, [], summed(everything), False)
    today = today_in(course, now)
    told = row is not None and first <= row.leaves_on
    day = max(row.leaves_on, today) if told and row else leaves_at_the_earliest(first, today)
    leaving = found_of(course, kind, came_before(course, day, days))
    whole, some = summed(everything), summed(leaving)
    return Line(kind, days, day, leaving, Found("", whole.count - some.count, whole.bytes - some.bytes), told)


def found_of(course: Course, kind: Kind, before: datetime | None) -> list[Found]:
    """By assignment, of all rooms together."""
    counts, sizes = Counter[str](), Counter[str]()
    for source in sources_of(kind.key):
        for one in source.found(course, before):
            counts[one.title] += one.count
            sizes[one.title] += one.bytes
    return [Found(title, count, sizes[title]) for title, count in sorted(counts.items()) if count]


def summed(found: Iterable[Found]) -> Found:
    rows = list(found)
    return Found("", sum(one.count for one in rows), sum(one.bytes for one in rows))
