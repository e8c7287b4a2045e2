"""By which rules a course lends: what the part `lending` of its course file says, or its page. Pure values.

The defaults are those of a course that lends boards for a term: teams and persons may borrow, staff approve, everything comes back on the
day of return, and who has something overdue gets nothing new.
"""

from dataclasses import dataclass, field
from typing import Any

from courseplatform.courses.models import Course

KEY = "lending"


@dataclass(frozen=True)
class LendingPolicy:
    """borrowers: "team", "person" or "both". approve: "staff", or "automatic". quota: kind of product -> most of it that one borrower
    has or has reserved at a time; a kind that is not named has no limit. returns: slug of the assignment by which everything
    comes back, "" = the course's only one of the kind hardware_return. longest_days: of a loan that is not for the term, None = no limit.
    pickup_days: a reservation that nobody picked up is released so long after it began. remind_days: before the due time, largest first.
    hold_overdue: who has something overdue is handed nothing new. renewals: how often a borrower may renew alone, each time by
    renew_days. open_to_requests: students may ask on the page. team_runners: a team enrols a board that it has on loan as a runner of its own.
    """

    borrowers: str = "both"
    approve: str = "staff"
    quota: dict[str, int] = field(default_factory=dict)
    returns: str = ""
    longest_days: int | None = None
    pickup_days: int = 3
    remind_days: tuple[int, ...] = (7, 1)
    hold_overdue: bool = True
    renewals: int = 1
    renew_days: int = 14
    open_to_requests: bool = True
    team_runners: bool = True


def policy_of(facts: dict[str, Any]) -> LendingPolicy:
    """From the part of the course file, as it was checked before it was kept."""
    known = {name: facts[name] for name in LendingPolicy.__dataclass_fields__ if name in facts}
    if "remind_days" in known:
        known["remind_days"] = tuple(sorted(known["remind_days"], reverse=True))
    return LendingPolicy(**known)


def policy_for(course: Course) -> LendingPolicy:
    return policy_of(course.facts.get(KEY) or {})
