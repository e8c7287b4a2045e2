"""What the rooms above say to the status page: their machines, their lines by course, due times, values to be watched, rules, acts.

Each registers when it is ready (AppConfig.ready); status knows none of them. Kinds of waiting work go to courseplatform/core/lines.py, which
the metrics read too.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from courseplatform.core.badges import Badge
from courseplatform.status.rules import Rule


@dataclass(frozen=True)
class Machine:
    """A worker or a board at this moment.

    name: for those who are signed in; `what` is all that a visitor reads. now: what it does, without the name of a person or a lab.
    """

    name: str
    what: str
    badge: Badge
    now: str
    for_s: float | None
    is_well: bool
    is_worker: bool = False


@dataclass(frozen=True)
class HandedIn:
    """What arrived since a moment. largest_bytes: None where nothing did."""

    arrived: int
    with_receipt: int
    largest_bytes: int | None = None


@dataclass(frozen=True)
class LabLine:
    """What waits for one work of one course. Shown to those who are in that course alone."""

    course: int
    title: str
    waiting: int
    oldest_s: float | None
    running: int


@dataclass(frozen=True)
class Due:
    """course: its members read the title; everybody else only that something is due."""

    course: int
    title: str
    at: datetime


@dataclass(frozen=True)
class Loss:
    """Something that broke and was whole again between two looks. key: names it for ever."""

    key: str
    title: str
    says: str
    since: datetime
    until: datetime


@dataclass(frozen=True)
class Act:
    """Something real that an operator can do now. do: does it, and returns what is written into the log."""

    key: str
    label: str
    says: str
    do: Callable[[str], str]
    is_primary: bool = False


@dataclass(frozen=True)
class Measure:
    """A sampled value in the operators' table. of: what the value is a part of, in words. alert: key of the rule that watches it."""

    probe: str
    title: str
    shown: Callable[[float], str]
    rule: str = ""


@dataclass
class Registry:
    machines: dict[str, Callable[[datetime], list[Machine]]] = field(default_factory=dict)
    handed_in: dict[str, Callable[[datetime], HandedIn]] = field(default_factory=dict)
    lab_lines: dict[str, Callable[[datetime], list[LabLine]]] = field(default_factory=dict)
    result_in: dict[str, Callable[[datetime], str]] = field(default_factory=dict)
    dues: dict[str, Callable[[datetime, datetime], list[Due]]] = field(default_factory=dict)
    losses: dict[str, Callable[[datetime], list[Loss]]] = field(default_factory=dict)
    lost_runs: dict[str, Callable[[datetime], int]] = field(default_factory=dict)
    pace_s: dict[str, Callable[[datetime], float | None]] = field(default_factory=dict)
    acts: dict[str, Callable[[datetime], list[Act]]] = field(default_factory=dict)
    probes: dict[str, Callable[[datetime], float | None]] = field(default_factory=dict)
    rules: dict[str, Rule] = field(default_factory=dict)
    measures: dict[str, Measure] = field(default_factory=dict)

    def add_probe(self, name: str, read: Callable[[datetime], float | None]) -> None:
        """Read at each look and sampled each minute. None: cannot be told now."""
        self.probes[name] = read

    def add_rule(self, *rules: Rule) -> None:
        self.rules |= {rule.key: rule for rule in rules}

    def add_measure(self, *measures: Measure) -> None:
        self.measures |= {one.probe: one for one in measures}


registry = Registry()
