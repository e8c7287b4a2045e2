"""What every team used in every stage, for the staff: who is over, who has no reading. The same few queries for 5 teams and for 200."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from courseplatform.courses.access import Visit
from courseplatform.courses.models import Course
from courseplatform.courses.stages import Stage, dated_stages
from courseplatform.teams.models import Team
from grading.energy.amounts import amount
from grading.energy.standing import StageUse, State, uses_of
from grading.models.power import PowerReading
from grading.selectors.team_energy import BADGES, handed_in


@dataclass(frozen=True)
class TeamRow:
    """A team with a use for each stage, in order."""

    team: Team
    uses: list[StageUse]

    @property
    def cells(self) -> list[dict[str, Any]]:
        return [
            {
                "use": use, "used": amount(use.used_mah), "left": amount(use.left_mah), "over": amount(use.over_mah) if use.over_mah else "",
                "badge": BADGES[use.state], "is_silent": not use.readings and use.state != State.NOT_BEGUN,
            }
            for use in self.uses
        ]  # fmt: skip


@dataclass(frozen=True)
class ClassEnergy:
    """rows: teams that stand, by name. over, silent: teams over the budget of any stage; without a reading in the stage that is on."""

    stages: list[Stage]
    rows: list[TeamRow]
    over: list[Team]
    silent: list[Team]
    stage_now: Stage | None

    @property
    def title(self) -> str:
        if not self.rows:
            return "No team yet"
        if self.over:
            return f"{len(self.over)} of {len(self.rows)} teams {'is' if len(self.over) == 1 else 'are'} over a budget"
        return "No team is over a budget"

    @property
    def sentence(self) -> str:
        if self.stage_now is None or not self.silent:
            return ""
        names = ", ".join(team.name for team in self.silent[:6])
        more = f" and {len(self.silent) - 6} more" if len(self.silent) > 6 else ""
        return f"Without a reading in {self.stage_now.name}: {names}{more}."


def has_stages(course: Course) -> bool:
    return bool(dated_stages(course))


def class_energy(visit: Visit, now: datetime) -> ClassEnergy:
    """Two queries, and two more where a stage ends with an assignment."""
    stages = dated_stages(visit.course)
    teams = list(Team.objects.filter(course=visit.course).standing().select_related("course").order_by("name"))
    readings = defaultdict(list)
    for row in PowerReading.objects.standing().filter(team__in=teams).defer("trace"):
        readings[row.team_id].append(row)
    handed = handed_in(visit.course, stages, teams, now)
    rows = [TeamRow(team, uses_of(stages, readings[team.pk], handed[team.pk], now)) for team in teams]
    on = next((stage for stage in stages if stage.holds(now)), None)
    return ClassEnergy(
        stages, rows, [row.team for row in rows if any(use.over_mah for use in row.uses)],
        [row.team for row in rows if any(use.is_now and not use.readings for use in row.uses)], on,
    )  # fmt: skip


def csv_table(found: ClassEnergy) -> tuple[list[str], list[list[object]]]:
    """A row for each team and stage."""
    columns = [
        "Team",
        "Stage",
        "From",
        "Until",
        "State",
        "Budget, mAh",
        "Used, mAh",
        "Left, mAh",
        "Over, mAh",
        "Readings",
    ]
    rows: list[list[object]] = [
        [
            row.team.name, f"{use.stage.number} {use.stage.title}", f"{use.stage.first}", f"{use.stage.last}", use.state.value, use.stage.budget_mah,
            use.used_mah, use.left_mah, use.over_mah, len(use.readings),
        ]
        for row in found.rows
        for use in row.uses
    ]  # fmt: skip
    return columns, rows
