"""What the rooms above know about a team and this one shows, and what they hear of it. They register when they are ready."""

from collections.abc import Callable
from dataclasses import dataclass

from courseplatform.teams.models import Membership, Team


@dataclass(frozen=True)
class RunChoice:
    """A benchmark run of a team's members that staff may name as proof that a board works. ref: what is stored; url: its page."""

    ref: str
    label: str
    url: str


RunSource = Callable[[Team], list[RunChoice]]
run_sources: list[RunSource] = []


def add_run_source(source: RunSource) -> None:
    if source not in run_sources:
        run_sources.append(source)


def run_choices(team: Team) -> list[RunChoice]:
    return [choice for source in run_sources for choice in source(team)]


# Called in the transaction of the change, with the row that began or ended and who did it.
MembershipListener = Callable[[Membership, str], None]
membership_listeners: list[MembershipListener] = []


def add_membership_listener(listener: MembershipListener) -> None:
    if listener not in membership_listeners:
        membership_listeners.append(listener)


def tell_membership(membership: Membership, by: str) -> None:
    for listener in membership_listeners:
        listener(membership, by)
