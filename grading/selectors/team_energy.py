"""The energy of one team: what its readings came to in each stage, for its page, its list and its downloads."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import OuterRef, Subquery

from courseplatform.accounts.models import User
from courseplatform.core import numbers
from courseplatform.core.badges import Badge
from courseplatform.core.errors import NotHere
from courseplatform.courses.access import Visit, asked_once
from courseplatform.courses.models import Course
from courseplatform.courses.stages import Stage, charge_mah, dated_stages, stage_at
from courseplatform.teams.models import Team
from courseplatform.teams.models.teams import TeamStatus
from courseplatform.teams.selectors.index import team_get
from courseplatform.teams.selectors.membership import is_member, members_of
from grading.energy.amounts import Amount, amount, with_unit
from grading.energy.drawing import WIDTHS, Drawing, drawing_of
from grading.energy.entering import DAYS_AFTER, is_closed
from grading.energy.standing import StageUse, State, finding_of, uses_of
from grading.models.power import PowerReading, PowerReadingQuerySet
from grading.models.submissions import Submission
from hardware.course_devices import profiles_of

BADGES = {
    State.NOT_BEGUN: Badge("neutral", "info", "not begun"),
    State.RUNNING: Badge("neutral", "clock", "running"),
    State.ENDED: Badge("neutral", "lock", "ended"),
    State.HANDED_IN: Badge("good", "check", "handed in"),
}
GONE = "somebody who left"
CSV_COLUMNS = (
    "Stage", "Taken at", "What was run", "Used, mAh", "How it is known", "Minutes", "Mean current, mA", "Board", "Meter", "Note", "Added by",
    "Added at", "Reason", "Taken back by", "Why taken back",
)  # fmt: skip


@dataclass(frozen=True)
class Current:
    """The nominal current of a team's board: by it the course counts hours on a charge."""

    board: str
    ma: float


@dataclass(frozen=True)
class TeamEnergy:
    """uses: of the stages with days, in order; never empty. readings: all as `readings_of` gives them, newest first, those that were taken
    back too."""

    team: Team
    uses: list[StageUse]
    readings: list[Any]
    now: datetime

    @property
    def use_now(self) -> StageUse | None:
        return next((use for use in self.uses if use.is_now), None)


@asked_once
def team_energy(visit: Visit, team: Team, now: datetime) -> TeamEnergy | None:
    """None where the course names no days for its stages. One query, and two more where a stage ends with an assignment."""
    stages = dated_stages(visit.course)
    if not stages:
        return None
    readings = list(readings_of(team).order_by("-at", "-pk"))
    handed = handed_in(visit.course, stages, [team], now)[team.pk]
    counted = [row for row in readings if not is_taken_back(row)]
    return TeamEnergy(team, uses_of(stages, counted, handed, now), readings, now)


def team_inside(visit: Visit, slug: str) -> Team:
    """A team whose own affairs this person may see. Raises NotHere for anybody else."""
    found = team_get(visit, slug)
    if not visit.is_staff and not is_member(found, visit.person):
        raise NotHere("There is no such page, or it belongs to another team.")
    return found


def readings_of(team: Team) -> PowerReadingQuerySet:
    """All readings of a team with the names of who added and took them back; None where the account is gone."""

    def name(of: str) -> Subquery:
        return Subquery(User.objects.filter(email=OuterRef(of)).values("name")[:1])

    rows = PowerReading.objects.filter(team=team).select_related("taken_back", "team__course")
    return rows.annotate(by_name=name("by"), gone_by_name=name("taken_back__by"))  # type: ignore[no-any-return]


def stage_of(reading: PowerReading) -> Stage | None:
    """The stage that a reading counts in. Makes no query where the team's course is there."""
    return stage_at(dated_stages(reading.team.course), reading.at)


def is_taken_back(reading: PowerReading) -> bool:
    return hasattr(reading, "taken_back")


def handed_in(course: Course, stages: Iterable[Stage], teams: Sequence[Team], now: datetime) -> Mapping[int, set[str]]:
    """Team's key -> slugs of the stages' assignments that it handed in. Work of single people counts when every member did; team work also when a
    member handed it in before there was a team. Two queries for all teams; none where no stage names an assignment.
    """
    found: dict[int, set[str]] = defaultdict(set)
    slugs = {stage.assignment for stage in stages if stage.assignment}
    if not slugs:
        return found
    rows = Submission.objects.filter(assignment__course=course, assignment__slug__in=slugs).exclude(counts=False)
    by_person: dict[tuple[str, bool], set[int]] = defaultdict(set)
    for slug, is_individual, team_id, person_id in set(
        rows.values_list("assignment__slug", "assignment__is_individual", "team", "person").order_by()
    ):
        if team_id:
            found[team_id].add(slug)
        else:
            by_person[slug, is_individual].add(person_id)
    members = members_of(teams, now)
    for team in teams:
        people = {row.person_id for row in members.get(team.pk, [])}
        for (slug, is_individual), who in by_person.items():
            if people and (people <= who if is_individual else people & who):
                found[team.pk].add(slug)
    return found


def current_of(course: Course, team: Team) -> Current | None:
    """By the board that the team chose. None where it chose none of the course's, or nobody gave its current."""
    board = board_of(course, team)
    profile = profiles_of(course).get(board["slug"]) if board else None
    if board is None or profile is None or not profile.nominal_current_ma:
        return None
    return Current(board["name"], float(profile.nominal_current_ma))


def board_of(course: Course, team: Team) -> dict[str, Any] | None:
    """The entry of the course file's boards that the team chose, if it has a profile. Makes no query."""
    chosen = team.board_choice.strip().lower()
    named = [
        item for item in course.fact("devices", default=[]) if "slug" in item and _is_named(chosen, str(item["name"]))
    ]
    return max(named, key=lambda item: len(item["name"])) if chosen and named else None


def _is_named(chosen: str, name: str) -> bool:
    return chosen == name.lower() or chosen.startswith(f"{name.lower()},")


def stage_rows(found: TeamEnergy, current: Current | None) -> list[dict[str, Any]]:
    """The table of stages. hours: how long what was used lasts at the current."""
    return [
        {
            "use": use, "badge": BADGES[use.state], "used": amount(use.used_mah), "left": amount(use.left_mah),
            "over": amount(use.over_mah) if use.over_mah else "", "budget": amount(use.stage.budget_mah),
            "hours": f"{use.hours_at(current.ma):.2f}" if current and use.used_mah else "0" if current else "",
        }
        for use in found.uses
    ]  # fmt: skip


def drawings(found: TeamEnergy) -> list[tuple[str, Drawing]]:
    """One for each width; the page shows the one that fits."""
    return [(size, drawing_of(found.uses, found.now, size)) for size in WIDTHS]


def rule_words(course: Course, current: Current | None) -> str:
    """4 000 mAh at 600 mA are 6.67 h: the arithmetic of the course's rule."""
    if current is None:
        return ""
    charge = charge_mah(course)
    hours = float(charge) / current.ma
    return (
        f"{amount(charge)}{numbers.NARROW}mAh at {numbers.count(current.ma)}{numbers.NARROW}mA are {hours:.2f}{numbers.NARROW}h, "
        f"the course's rule for a {current.board}."
    )


def sources_words(found: TeamEnergy) -> str:
    """Of which meter and board the readings that count are, where all name the same."""
    rows = [row for row in found.readings if not is_taken_back(row)]
    meters, boards = {row.meter for row in rows}, {row.board for row in rows}
    meter = f" of {meters.pop()}" if len(meters) == 1 and "" not in meters else ""
    board = f" on {boards.pop()}" if len(boards) == 1 and "" not in boards else ""
    return f"Each dot is a reading{meter}{board}." if rows else ""


def energy_section(found: TeamEnergy, visit: Visit) -> dict[str, Any]:
    """What the block of the team's page shows."""
    current = current_of(visit.course, found.team)
    return {
        "found": found, "rows": stage_rows(found, current), "drawings": drawings(found), "current": current, "finding": finding_of(found.uses, found.now),
        "rule": rule_words(visit.course, current), "sources": sources_words(found), "one_budget": _one_budget(found), "strays": len(_strays(found)),
        "years": _years(found), "basis": "measured" if any(use.readings for use in found.uses) else "",
    }  # fmt: skip


def _one_budget(found: TeamEnergy) -> str:
    budgets = {use.stage.budget_mah for use in found.uses}
    return amount(budgets.pop()) if len(budgets) == 1 else ""


def _years(found: TeamEnergy) -> str:
    first, last = found.uses[0].stage.begins_at, found.uses[-1].stage.ends_at - timedelta(days=1)
    return f"{first:%Y}" if first.year == last.year else "Days"


def _strays(found: TeamEnergy) -> list[PowerReading]:
    """Readings that count in no stage: the stages' days were changed after they were added."""
    stages = [use.stage for use in found.uses]
    return [row for row in found.readings if not is_taken_back(row) and stage_at(stages, row.at) is None]


def reading_rows(found: TeamEnergy, visit: Visit) -> list[dict[str, Any]]:
    """The list of readings, newest first, with who added and who took back. No query."""
    stages = [use.stage for use in found.uses]
    rows = []
    for row in found.readings:
        stage, gone = stage_at(stages, row.at), is_taken_back(row)
        may = not gone and found.team.status != TeamStatus.DISSOLVED
        rows.append(
            {
                "row": row, "stage": stage, "is_gone": gone, "used": amount(row.used_mah), "who": row.by_name or GONE,
                "gone_by": (row.gone_by_name or GONE) if gone else "",
                "may_take_back": may and (visit.is_staff or stage is None or not is_closed(stage, found.now)),
                "detail": detail_words(row),
            }
        )  # fmt: skip
    return rows


def detail_words(row: PowerReading) -> str:
    """How the charge is known, with what it was calculated from."""
    said = [str(row.get_known_by_display())]
    if row.mean_ma is not None and row.minutes is not None:
        said = [
            f"{said[0]}: {numbers.digits(float(row.mean_ma))}{numbers.NARROW}mA for {numbers.span(timedelta(minutes=float(row.minutes)))}"
        ]
    elif row.minutes is not None:
        said.append(numbers.span(timedelta(minutes=float(row.minutes))))
    if row.file_rows:
        said.append(f"{numbers.count(row.file_rows)} rows, sha256 {row.file_sha256[:8]}")
    return ", ".join([*said, *(text for text in (row.meter, row.board) if text)])


def csv_rows(found: TeamEnergy, visit: Visit) -> list[list[object]]:
    """Every reading, oldest first; times in the course's zone."""
    tz = visit.course.tz
    return [
        [
            f"{item['stage'].number} {item['stage'].title}" if item["stage"] else "", f"{row.at.astimezone(tz):%Y-%m-%d %H:%M}", row.label, row.used_mah,
            row.get_known_by_display(), _or_empty(row.minutes), _or_empty(row.mean_ma), row.board, row.meter, row.note, item["who"],
            f"{row.made_at.astimezone(tz):%Y-%m-%d %H:%M}", row.reason, item["gone_by"], row.taken_back.reason if item["is_gone"] else "",
        ]
        for item in reversed(reading_rows(found, visit))
        for row in [item["row"]]
    ]  # fmt: skip


def _or_empty(value: object) -> object:
    return "" if value is None else value


def closing_words() -> str:
    return (
        f"A team adds and takes back readings until {DAYS_AFTER} days after a stage; later the staff do, with a reason."
    )


def reading_get(visit: Visit, team: Team, pk: int) -> PowerReading:
    """Raises NotHere for a reading of another team."""
    found = PowerReading.objects.filter(team=team, pk=pk).select_related("taken_back", "team__course").first()
    if found is None:
        raise NotHere("There is no such reading, or it belongs to another team.")
    return found  # type: ignore[no-any-return]


def metered_words(made: Amount | None) -> dict[str, Any] | None:
    """What a meter's file came to, and its current as a polyline in a box of 320 by 64."""
    if made is None or made.mean_ma is None or made.minutes is None or not made.trace:
        return None
    whole, most = made.trace[-1][0] or 1.0, max(ma for _, ma in made.trace) or 1.0
    return {
        "used": with_unit(made.used_mah), "rows": numbers.count(made.rows or 0), "span": numbers.span(timedelta(minutes=float(made.minutes))),
        "mean": f"{numbers.digits(float(made.mean_ma))}{numbers.NARROW}mA", "peak": f"{numbers.digits(most)}{numbers.NARROW}mA",
        "points": " ".join(f"{320 * at / whole:.1f},{62 - 60 * ma / most:.1f}" for at, ma in made.trace),
    }  # fmt: skip
