"""What the late-day rules are asked about, and what they answer. Plain values: no Django, no database.

Instants are aware datetimes. Percentages are exact fractions of the assignment's maximum and become two decimals only where they are
shown. `units` are late units as the policy counts them: calendar days, or stretches of `Unit.hours`. Who is named by `owner` is a person or
a team; the name is all that is known of either.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import date, datetime, time
from fractions import Fraction
from functools import cached_property
from typing import Literal
from zoneinfo import ZoneInfo

ALL = Fraction(100)
UNIT_KINDS = ("calendar_day", "hours")


@dataclass(frozen=True)
class Bank:
    """Free units that are spent over a term. `assignments`: what it pays for; None: whatever no other bank pays for."""

    days: int = 0
    owner: str = "person"  # person | team
    name: str = ""
    assignments: tuple[str, ...] | None = None


@dataclass(frozen=True)
class Unit:
    """What one late unit is. Hours count from the due time, calendar days from the local `boundary` of each day."""

    kind: str = "calendar_day"  # one of UNIT_KINDS
    boundary: time = time()
    due_day: str = "free"  # free | counts: whether the due time is a boundary too
    hours: Fraction = Fraction(24)
    clock: str = "wall"  # wall | elapsed: what a clock change does to a unit of hours


@dataclass(frozen=True)
class Penalty:
    """What uncovered units cost: `steps[n - 1]` in all after n of them, then `each` more, never above `most`.

    The amounts are percent, or points for the kind `points`. `used_unit_costs`: percent for each unit that the bank paid.
    """

    kind: str = "percent_of_max"  # percent_of_max | percent_of_earned | points | cap
    steps: tuple[Fraction, ...] = ()
    each: Fraction = Fraction()
    most: Fraction | None = None
    used_unit_costs: Fraction = Fraction()


@dataclass(frozen=True)
class PassRule:
    """To pass, `turned_in` of the assignments `of` must have been handed in and taken."""

    turned_in: int
    of: tuple[str, ...]


@dataclass(frozen=True)
class Policy:
    """A late policy, field by field as docs/late-days.md explains them."""

    zone: ZoneInfo
    banks: tuple[Bank, ...] = (Bank(),)
    unit: Unit = Unit()
    edge: str = ""  # on_time | late; empty: late for calendar days, on_time for hours
    minute: str = "instant"  # instant | whole
    grace_minutes: Fraction = Fraction()
    grace_at: str = "first"  # first | every | shift
    weekend: str = "counts"  # counts | skipped | one
    cap: int | None = None
    spend: str = "automatic"  # automatic | asked
    order: str = "submit_time"  # submit_time | due_date
    over: str = "penalty"  # penalty | refuse | zero
    partial: bool = True
    penalty: Penalty = Penalty()
    team: str = "each"  # each | all | poorest
    attempt: str = "active"  # active | last | best | last_affordable
    pass_rule: PassRule | None = None

    def __hash__(self) -> int:
        return self._hash

    @cached_property
    def _hash(self) -> int:
        """Once: what is kept by a policy asks for it thousands of times."""
        return hash(tuple(getattr(self, one.name) for one in fields(self)))

    @property
    def edge_is_late(self) -> bool:
        return (self.edge or ("late" if self.unit.kind == "calendar_day" else "on_time")) == "late"

    def bank_for(self, assignment: str) -> Bank | None:
        """The bank that pays for this assignment."""
        named = next((bank for bank in self.banks if assignment in (bank.assignments or ())), None)
        return named or next((bank for bank in self.banks if bank.assignments is None), None)


@dataclass(frozen=True)
class Deadline:
    """When an assignment is due, and how far its lateness may reach. `cutoff`: an instant, or a number of late units.

    `cap`: most units of the bank; None: as many as there are; left out: what the policy says.
    """

    due: datetime
    points: Fraction | None = None
    cap: int | Literal["policy"] | None = "policy"
    no_late: bool = False
    cutoff: datetime | int | None = None


@dataclass(frozen=True)
class HandIn:
    """One attempt. `owner` is the person or the team whose attempt it is. `is_counted` false: a fault of ours or a staff test.

    verb: what explanations say was done with it.
    """

    id: str
    owner: str
    assignment: str
    at: datetime
    by: str | None = None  # None: the staff
    is_active: bool = False
    is_counted: bool = True
    raw_percent: Fraction | None = None
    verb: str = "handed in"


@dataclass(frozen=True)
class Extension:
    """More time for one owner and assignment: `until` moves the due time, `units` cover late units before the bank does."""

    owner: str
    assignment: str
    until: datetime | None = None
    units: int = 0
    keeps_penalty: bool = False


@dataclass(frozen=True)
class Grant:
    """More units for a bank. With `since`, only for what is effectively due on or after that day."""

    owner: str
    days: int
    since: date | datetime | None = None
    bank: str = ""
    reason: str = ""


@dataclass(frozen=True)
class Membership:
    """Who was in which team, `since` included and `until` excluded; None: always."""

    team: str
    person: str
    since: datetime | None = None
    until: datetime | None = None

    def holds_at(self, at: datetime) -> bool:
        return (self.since is None or self.since <= at) and (self.until is None or at < self.until)


@dataclass(frozen=True)
class Request:
    """Units that an owner asked to spend, where the policy says that units are spent only when asked for."""

    owner: str
    assignment: str
    units: int
    at: datetime | None = None


@dataclass(frozen=True)
class Verdict:
    """What one person's judged attempt at one assignment comes to. Percent of the assignment's maximum, 0 to 100 or above for bonus work."""

    person: str
    team: str | None
    assignment: str
    submission_id: str
    charged_to: str | None
    days_late: int
    free_days_used: int
    penalty_percent: Fraction
    max_percent: Fraction
    final_percent: Fraction | None
    accepted: bool
    explanation: tuple[str, ...]


@dataclass(frozen=True)
class PassVerdict:
    ok: bool
    reasons: tuple[str, ...]


@dataclass(frozen=True)
class Draw:
    """Units that a bank paid for one hand-in: what the ledger holds as spent."""

    owner: str
    bank: str
    assignment: str
    submission_id: str
    units: int


@dataclass(frozen=True)
class Assessment:
    """verdicts: one for each person and assignment handed in. balances: owner -> bank's name -> units left at the end of everything.

    passes: person -> verdict, empty where the policy asks for nothing. draws: what the banks paid, in the order in which they did.
    """

    verdicts: tuple[Verdict, ...]
    balances: Mapping[str, Mapping[str, int]]
    passes: Mapping[str, PassVerdict] = field(default_factory=dict)
    draws: tuple[Draw, ...] = ()
