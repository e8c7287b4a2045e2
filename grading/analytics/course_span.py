"""Of which days the analytics of a course speak, and the bars that they are drawn in. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cached_property
from zoneinfo import ZoneInfo

from courseplatform.core.errors import BadInput

DAY, WEEK = timedelta(days=1), timedelta(days=7)
MOST_DAYS, MOST_WEEKS = 400, 57
BY_DAY = 35  # up to so many days have a bar each, more of them one for each week
WITHOUT_TERM = 16 * 7  # days that are shown of a course that has no first day
EARLIEST, LATEST = date(2000, 1, 1), date(2100, 1, 1)
HOW = "Write a day like 2026-09-22."


@dataclass(frozen=True)
class Bin:
    """One bar of an axis of days: from `first` to `last`, that one included."""

    first: date
    last: date

    @property
    def label(self) -> str:
        if self.first == self.last:
            return f"{self.first:%a %b} {self.first.day}"
        if self.first.month == self.last.month:
            return f"{self.first:%b} {self.first.day} to {self.last.day}"
        return f"{self.first:%b} {self.first.day} to {self.last:%b} {self.last.day}"

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1

    @property
    def middle(self) -> str:
        """Where its bar stands, as Plotly reads a moment on the wall."""
        return (datetime.combine(self.first, time()) + self.days * DAY / 2).isoformat()


@dataclass(frozen=True)
class Span:
    """From `first` to `last`, that one included, by the walls of `zone`. query: how an address says it; "": the term, nobody chose."""

    first: date
    last: date
    zone: ZoneInfo
    query: str = ""

    @property
    def starts_at(self) -> datetime:
        return datetime.combine(self.first, time(), tzinfo=self.zone)

    @property
    def ends_at(self) -> datetime:
        """The instant after its last day."""
        return datetime.combine(self.last + DAY, time(), tzinfo=self.zone)

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1

    @property
    def is_by_day(self) -> bool:
        return self.days <= BY_DAY

    @property
    def step(self) -> str:
        return "day" if self.is_by_day else "week"

    @cached_property
    def bins(self) -> list[Bin]:
        """Days, or weeks from Monday to Sunday; the first and the last of these may be shorter."""
        found, day = list[Bin](), self.first
        while day <= self.last:
            last = day if self.is_by_day else min(day + timedelta(days=6 - day.weekday()), self.last)
            found.append(Bin(day, last))
            day = last + DAY
        return found

    def place(self, day: date) -> int | None:
        """Number of the bar in which a day lies; None: in none."""
        if not self.holds(day):
            return None
        if self.is_by_day:
            return (day - self.first).days
        return (day - (self.first - timedelta(days=self.first.weekday()))).days // 7

    def holds(self, day: date) -> bool:
        return self.first <= day <= self.last

    def wall(self, moment: datetime) -> datetime:
        return moment.astimezone(self.zone)

    @property
    def words(self) -> str:
        """Sep 22 to Nov 28, 2026."""
        if self.first == self.last:
            return f"{self.first:%b} {self.first.day}, {self.first.year}"
        year = f", {self.first.year}" if self.first.year != self.last.year else ""
        return f"{self.first:%b} {self.first.day}{year} to {self.last:%b} {self.last.day}, {self.last.year}"


def span_of(
    query: Mapping[str, str], *, starts_on: date | None, ends_on: date | None, today: date, zone: ZoneInfo
) -> Span:
    """`weeks`: so many of them until today, or until the term ended. `from` and `to`: these days, and where one lacks the term's own.

    Raises BadInput: `two_ranges`, `not_weeks`, `not_a_day`, `backwards`, `too_long`.
    """
    term_last = min(today, ends_on) if ends_on else today
    term_first = min(starts_on, max(term_last, starts_on)) if starts_on else term_last - timedelta(days=WITHOUT_TERM)
    term_last = max(term_first, term_last)
    weeks, from_, to = (query.get(name, "").strip() for name in ("weeks", "from", "to"))
    if weeks and (from_ or to):
        raise BadInput("Give either a number of weeks or days from and to.", code="two_ranges")
    if weeks:
        return Span(term_last - _weeks(weeks) * WEEK + DAY, term_last, zone, f"weeks={int(weeks)}")
    if not from_ and not to:
        return Span(max(term_first, term_last - (MOST_DAYS - 1) * DAY), term_last, zone)
    first, last = _day(from_, "from") or term_first, _day(to, "to") or term_last
    if last < first:
        raise BadInput(f"The range ends on {last} and begins on {first}. Swap the two days.", code="backwards")
    if (last - first).days >= MOST_DAYS:
        raise BadInput(
            f"A range has at most {MOST_DAYS} days; this one has {(last - first).days + 1}.", code="too_long"
        )
    return Span(first, last, zone, f"from={first}&to={last}")


def _weeks(text: str) -> int:
    if text.isascii() and text.isdecimal() and len(text) < 4 and 1 <= int(text) <= MOST_WEEKS:
        return int(text)
    raise BadInput(f"Give a whole number of weeks from 1 to {MOST_WEEKS}.", code="not_weeks")


def _day(text: str, name: str) -> date | None:
    if not text:
        return None
    try:
        found = date.fromisoformat(text) if len(text) == len("2026-09-22") else None
    except ValueError:
        found = None
    if found is None or not EARLIEST <= found < LATEST:
        raise BadInput(f"“{text[:20]}” is no day that {name} can be. {HOW}", code="not_a_day", details={"field": name})
    return found
