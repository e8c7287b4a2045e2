"""What the apps above add to the page of a team: blocks, dated steps of the project, a button, and the sentence that answers first.

In the manner of courses/sections.py: each app registers its own when it is ready; teams owns the order and knows none of them.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from courseplatform.courses.access import Visit
from courseplatform.teams.models.teams import Membership, Team


@dataclass(frozen=True)
class TeamVisit:
    """A person at the page of a team. `members` are those of `now`."""

    visit: Visit
    team: Team
    members: list[Membership]
    now: datetime

    @property
    def is_member(self) -> bool:
        return any(row.person_id == self.visit.person.pk for row in self.members)

    @property
    def is_inside(self) -> bool:
        """Whether the person may see what is the team's own: its slot, its feedback, its energy."""
        return self.is_member or self.visit.is_staff


@dataclass(frozen=True)
class TeamSection:
    """One block of the page.

    column: `main` is a `.figure` row, whose template brings its margin and its content; `side` stands beside the members. build may return
    None: nothing to show. is_public: classmates see it too.
    """

    name: str
    order: int
    column: Literal["main", "side"]
    template: str
    build: Callable[[TeamVisit], dict[str, Any] | None]
    is_public: bool = False


@dataclass(frozen=True)
class Verdict:
    """The title of the page is the answer: what is left, what comes next."""

    title: str
    sentence: str = ""


@dataclass(frozen=True)
class Step:
    """A dated step of the project. `state`: done, now or todo. `right`: the word or the hour at the end of the row; empty: the hour."""

    at: datetime
    text: str
    right: str = ""
    state: Literal["done", "now", "todo"] = "done"
    url: str = ""


@dataclass(frozen=True)
class Action:
    """A button at the head of the page: what a member does here most."""

    label: str
    url: str


ActionSource = Callable[[TeamVisit], Action | None]
VerdictSource = Callable[[TeamVisit], Verdict | None]
StepSource = Callable[[TeamVisit], list[Step]]


@dataclass
class TeamRegistry:
    sections: list[TeamSection] = field(default_factory=list)
    verdicts: list[tuple[int, VerdictSource]] = field(default_factory=list)
    step_sources: list[StepSource] = field(default_factory=list)
    action_sources: list[ActionSource] = field(default_factory=list)

    def add_section(self, section: TeamSection) -> None:
        kept = [s for s in self.sections if s.name != section.name]
        self.sections = sorted([*kept, section], key=lambda s: s.order)

    def add_verdict(self, order: int, source: VerdictSource) -> None:
        """The first that answers, in this order, is the title; teams' own stands at 100."""
        kept = [pair for pair in self.verdicts if pair[1] is not source]
        self.verdicts = sorted([*kept, (order, source)], key=lambda pair: pair[0])

    def add_step_source(self, source: StepSource) -> None:
        if source not in self.step_sources:
            self.step_sources.append(source)

    def add_action(self, source: ActionSource) -> None:
        """The first that answers is the primary button of a member."""
        if source not in self.action_sources:
            self.action_sources.append(source)


registry = TeamRegistry()


def built_sections(at: TeamVisit) -> dict[str, list[dict[str, Any]]]:
    """The blocks that this person may see and that have something to show, by column."""
    columns: dict[str, list[dict[str, Any]]] = {"main": [], "side": []}
    for section in registry.sections:
        if section.is_public or at.is_inside:
            context = section.build(at)
            if context is not None:
                columns[section.column].append({"name": section.name, "template": section.template, **context})
    return columns


def verdict(at: TeamVisit) -> Verdict | None:
    return next((found for _, source in registry.verdicts if (found := source(at)) is not None), None)


def steps(at: TeamVisit) -> list[Step]:
    """The dated steps of all apps, earliest first."""
    return sorted((step for source in registry.step_sources for step in source(at)), key=lambda step: step.at)


def action(at: TeamVisit) -> Action | None:
    return next((found for source in registry.action_sources if (found := source(at)) is not None), None)
