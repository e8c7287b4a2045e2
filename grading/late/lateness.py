"""How late one attempt is for one person: the due time, the extensions and the cutoff, before any bank is asked."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache

from grading.late.clock import counted_due, is_in_grace, later_by, read_clock, units_late
from grading.late.facts import Deadline, Extension, HandIn, Policy


@dataclass(frozen=True)
class Relief:
    """What extensions give one person on one assignment. `reach`: the instant up to which the due time was moved, also where the
    penalty is kept and nothing moves for the count."""

    until: datetime | None = None
    units: int = 0
    keeps_penalty: bool = False
    reach: datetime | None = None


@dataclass(frozen=True)
class Lateness:
    """units: late units after the due time that counts. relieved: those an extension covers. kept: those of them that stay late and
    penalised. needed: what is left for the bank. is_cut: past the cutoff.
    due: the due time from which is counted, with its extension. effective_due: the latest that it is due in any sense, for cutoffs and grants."""

    due: datetime
    units: int
    relief: Relief
    effective_due: datetime
    is_cut: bool = False

    @property
    def relieved(self) -> int:
        return min(self.units, self.relief.units)

    @property
    def kept(self) -> int:
        return self.relieved if self.relief.keeps_penalty else 0

    @property
    def needed(self) -> int:
        return self.units - self.relieved

    @property
    def days_late(self) -> int:
        return self.needed + self.kept


def latenesses(policy: Policy, deadline: Deadline, hand_in: HandIn, extensions: Iterable[Extension]) -> list[Lateness]:
    """The lateness under each of the extensions that may count; never empty, and first the one that asks least of anybody.

    The longest extension counts. Where a weekend, a kept penalty or a dear bank would make it worse than a shorter one, or than none,
    the better one counts: an extension never makes its assignment worse. Which is better may hang on the bank, so that is asked later.
    """
    given = list(extensions)
    if not given:  # as for nearly everybody
        return [_under(policy, deadline, hand_in.at, Relief())]
    found = [_under(policy, deadline, hand_in.at, relief) for relief in _reliefs(policy, deadline, given)]
    return sorted(found, key=lambda late: (late.is_cut, late.days_late, late.needed, -late.relief.units))


def _reliefs(policy: Policy, deadline: Deadline, extensions: list[Extension]) -> list[Relief]:
    """Every pair of a moved due time and a number of units, the longest first: min() takes the first of equals."""
    moved = sorted((e.until for e in extensions if e.until is not None and not e.keeps_penalty), reverse=True)
    reach = max((e.until for e in extensions if e.until is not None), default=None)
    plain = max((e.units for e in extensions if e.until is None and not e.keeps_penalty), default=0)
    kept = max((_kept_units(policy, deadline, e) for e in extensions if e.keeps_penalty), default=0)
    covers = [(units, keeps) for units, keeps in ((plain, False), (kept, True)) if units] or [(0, False)]
    found = [
        Relief(until, units, keeps, reach)
        for until in dict.fromkeys([*(m for m in moved if m > deadline.due), None])
        for units, keeps in covers
    ]
    return found if kept else [*found, Relief()]


def _kept_units(policy: Policy, deadline: Deadline, extension: Extension) -> int:
    """An extension by date that keeps its penalty moves nothing: it covers the units that pass up to its date."""
    return units_late(policy, deadline.due, extension.until) if extension.until else extension.units


@lru_cache(maxsize=20_000)
def _under(policy: Policy, deadline: Deadline, at: datetime, relief: Relief) -> Lateness:
    due = max(deadline.due, relief.until) if relief.until else deadline.due
    effective = counted_due(policy, max(due, relief.reach) if relief.reach else due)
    late = Lateness(due, units_late(policy, due, at), relief, effective)
    return replace(late, is_cut=_is_cut(policy, deadline, at, late))


def _is_cut(policy: Policy, deadline: Deadline, at: datetime, late: Lateness) -> bool:
    """Past the cutoff. Units of an extension carry it further: by as many units as they cover."""
    cutoff = deadline.cutoff
    if cutoff is None:
        return False
    if isinstance(cutoff, int):
        return late.units > cutoff + late.relief.units
    end = max(cutoff, late.effective_due)
    if read_clock(policy, at) <= read_clock(policy, end) or is_in_grace(policy, late.due, at):
        return False
    if not late.relief.units:
        return True
    return late.units > late.relief.units and read_clock(policy, at) > later_by(
        policy, read_clock(policy, end), late.relief.units
    )
