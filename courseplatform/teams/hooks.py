"""What the rooms above know about a team and this one shows. They register when they are ready."""

from collections.abc import Callable
from dataclasses import dataclass

from courseplatform.teams.models import Team


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
