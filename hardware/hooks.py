"""What the rooms above know of a device and this one shows or asks. They register when they are ready."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from courseplatform.accounts.models import User
from courseplatform.courses.access import Visit
from courseplatform.courses.models import Course
from courseplatform.teams.models import Team
from hardware.models import Item
from hardware.profiles import DeviceProfile

# What refers to a device of a course: (course, slug) -> in words, "" for nothing.
UseSource = Callable[[Course, str], str]
use_sources: list[UseSource] = []

# What latency and energy on a device rest on: (profile, course or None) -> rows {group, rows, date, model_out, family_out, graded, note}.
CalibrationSource = Callable[[DeviceProfile, Course | None], list[dict[str, Any]]]
calibration_sources: list[CalibrationSource] = []


def add_use_source(source: UseSource) -> None:
    if source not in use_sources:
        use_sources.append(source)


def add_calibration_source(source: CalibrationSource) -> None:
    if source not in calibration_sources:
        calibration_sources.append(source)


def use_words(course: Course, slug: str) -> str:
    """What refers to it, in words; "" where nothing does."""
    return "; ".join(said for source in use_sources if (said := source(course, slug)))


def calibrations_of(profile: DeviceProfile, course: Course | None = None) -> list[dict[str, Any]]:
    """course: with what it has adopted for boards of its own; None: what comes with the site."""
    return [row for source in calibration_sources for row in source(profile, course)]


@dataclass(frozen=True)
class ReturnDay:
    """When what a borrower has must be back, as the course's return says it: its due time with their extensions.

    url: of the assignment. say_late: see `late_words`; most who ask for the day show none, and it is a whole late table.
    """

    slug: str
    title: str
    due_at: datetime
    url: str
    say_late: Callable[[], str] = str

    @cached_property
    def late_words(self) -> str:
        """What late days mean for them now, in a sentence; "" where the course has no late rule."""
        return self.say_late()


# What gives a borrower, a person or a team, their day of return; None: the course states none.
ReturnSource = Callable[[Course, User | None, Team | None], ReturnDay | None]
return_sources: list[ReturnSource] = []

# The days alone, of many borrowers at once: for sweeps and tables. Who is not in the answer has none.
BorrowerKey = tuple[int | None, int | None]  # keys of person and team, of which one is None
ReturnDuesSource = Callable[[Course, Collection[BorrowerKey]], dict[BorrowerKey, datetime]]
return_dues_sources: list[ReturnDuesSource] = []

# Told, in the transaction of the change, that a borrower's loans for the term changed: something went out, came back, or is lost.
ReturnListener = Callable[[Course, User | None, Team | None, str], None]
return_listeners: list[ReturnListener] = []

# Told, in the transaction of the change, which items went out of circulation or on loan, or may serve again: (item, may_serve, why) of each.
ServiceListener = Callable[[Sequence[tuple[Item, bool, str]]], None]
service_listeners: list[ServiceListener] = []


def add_return_source(source: ReturnSource) -> None:
    if source not in return_sources:
        return_sources.append(source)


def add_return_dues_source(source: ReturnDuesSource) -> None:
    if source not in return_dues_sources:
        return_dues_sources.append(source)


def add_return_listener(listener: ReturnListener) -> None:
    if listener not in return_listeners:
        return_listeners.append(listener)


def add_service_listener(listener: ServiceListener) -> None:
    if listener not in service_listeners:
        service_listeners.append(listener)


def return_day(course: Course, person: User | None, team: Team | None) -> ReturnDay | None:
    """The day of return of one borrower (exactly one of person and team is given)."""
    return next((found for source in return_sources if (found := source(course, person, team))), None)


def return_dues(course: Course, borrowers: Collection[BorrowerKey]) -> dict[BorrowerKey, datetime]:
    """The same of many borrowers, in a fixed number of queries and without words."""
    found: dict[BorrowerKey, datetime] = {}
    for source in return_dues_sources:
        found = source(course, borrowers) | found
    return found


def tell_return(course: Course, person: User | None, team: Team | None, by: str) -> None:
    for listener in return_listeners:
        listener(course, person, team, by)


def tell_service(changed: Sequence[tuple[Item, bool, str]]) -> None:
    for listener in service_listeners:
        listener(changed)


# A block of the page Hardware of the staff, below what is overdue: {template, ...} or None where there is nothing to show.
BlockSource = Callable[[Visit, datetime], dict[str, Any] | None]
block_sources: list[BlockSource] = []


def add_block_source(source: BlockSource) -> None:
    if source not in block_sources:
        block_sources.append(source)


def blocks_of(visit: Visit, now: datetime) -> list[dict[str, Any]]:
    return [block for source in block_sources if (block := source(visit, now)) is not None]
