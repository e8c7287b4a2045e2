"""The stages of a course's project, as the course file says them: days in the course's zone, and what a team may use in each."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from django.utils.text import slugify

from courseplatform.courses.models import Course

CHARGE_MAH = Decimal(4000)  # one charge of a phone, where the course file names none: docs/course-file.md, budget


@dataclass(frozen=True)
class Stage:
    """One stage. first, last: its days, both counted, or None where the source states none. assignment: its slug, or empty.

    budget_mah: what a team may use in it. What is left over does not pass to the next stage.
    """

    number: int
    key: str
    title: str
    budget_mah: Decimal
    first: date | None
    last: date | None
    assignment: str
    tz: ZoneInfo

    @property
    def name(self) -> str:
        return f"stage {self.number}"

    @property
    def is_dated(self) -> bool:
        return self.first is not None

    @property
    def begins_at(self) -> datetime:
        """The 00:00 of its first day. Only of a stage with days, as `ends_at`."""
        assert self.first is not None
        return datetime.combine(self.first, time(0), tzinfo=self.tz)

    @property
    def ends_at(self) -> datetime:
        """The 00:00 after its last day: the first instant that is no longer in it."""
        assert self.last is not None
        return datetime.combine(self.last + timedelta(days=1), time(0), tzinfo=self.tz)

    def holds(self, at: datetime) -> bool:
        """Whether an instant lies in it, by the wall clock of the course: a day has 23 or 25 hours when the clocks change."""
        return (
            self.first is not None
            and self.last is not None
            and self.first <= at.astimezone(self.tz).date() <= self.last
        )


def charge_mah(course: Course) -> Decimal:
    """One charge of the course's own rule, in mAh."""
    return Decimal(str(course.fact("budget", "capacity_mah", default=CHARGE_MAH)))


def stages_of(course: Course) -> list[Stage]:
    """Every stage in the order of the file, those without days too. Makes no query."""
    return list(stages_said(course.fact("project", "stages", default=[]), charge_mah(course), course.tz))


def dated_stages(course: Course) -> list[Stage]:
    """Those that have days: what a team uses can be told by stage. Makes no query."""
    return [stage for stage in stages_of(course) if stage.is_dated]


def stage_at(stages: list[Stage], at: datetime) -> Stage | None:
    """The stage that an instant lies in, or None: before, after or between them."""
    return next((stage for stage in stages if stage.holds(at)), None)


def stages_said(said: Iterable[Any], charge: Decimal, tz: ZoneInfo) -> Iterator[Stage]:
    """The entries of `project.stages` as a course file says them. charge: the budget of those that say none."""
    for number, entry in enumerate(said, 1):
        item: dict[str, Any] = entry if isinstance(entry, dict) else {"title": entry}
        first, last = (date.fromisoformat(item[key]) if key in item else None for key in ("from", "until"))
        yield Stage(
            number, item.get("key") or slugify(item["title"])[:60] or f"stage-{number}", item["title"],
            Decimal(str(item.get("budget_mah", charge))), first, last, item.get("assignment", ""), tz,
        )  # fmt: skip
