"""Power readings of teams: added once, taken back once, never changed."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import IntegrityError, transaction

from courseplatform.core.errors import BadInput, Conflict
from courseplatform.courses.access import Visit
from courseplatform.courses.stages import charge_mah, dated_stages, stage_at
from courseplatform.teams.models import Team
from courseplatform.teams.models.teams import TeamStatus
from courseplatform.teams.services.teams import check_inside
from grading.energy.amounts import Amount
from grading.energy.entering import check_charge, check_open, stage_for
from grading.models.power import PowerReading, PowerReadingTakenBack


@dataclass(frozen=True)
class ReadingFacts:
    """at: when the run began. label: what was run. board, meter: in words. reason: of staff, once the stage is closed to the team."""

    at: datetime
    label: str
    amount: Amount
    board: str = ""
    meter: str = ""
    note: str = ""
    reason: str = ""


@transaction.atomic
def power_reading_add(
    *, visit: Visit, team: Team, facts: ReadingFacts, entry_key: UUID, now: datetime
) -> tuple[PowerReading, bool]:
    """Record a reading. Returns it, and whether it is new: the same form twice (`entry_key`) is one reading.

    Raises:
        BadInput: `in_the_future`, `no_stage`, `stage_closed`, `reason_missing`, `more_than_a_charge`, `label_missing`.
        Conflict: `team_dissolved`, `file_counted_already`, `entry_used`.
    """
    check_inside(visit=visit, team=team)
    held = Team.objects.select_for_update().get(pk=team.pk)  # two forms at once are answered one after the other
    if before := PowerReading.objects.filter(entry_key=entry_key).first():
        if before.team_id != team.pk:
            raise Conflict("This form was sent for another team. Open the page again.", code="entry_used")
        return before, False
    if held.status == TeamStatus.DISSOLVED:
        raise Conflict("This team was dissolved; its readings stay as they are.", code="team_dissolved")
    label = " ".join(facts.label.split())
    if not label:
        raise BadInput("Say what was run: last layer, batch 8.", code="label_missing", details={"field": "label"})
    stage = stage_for(dated_stages(visit.course), facts.at, now)
    check_open(stage, is_staff=visit.is_staff, reason=facts.reason, now=now)
    check_charge(stage, facts.amount.used_mah, charge_mah(visit.course))
    _check_file(team, facts.amount)
    made = facts.amount
    return PowerReading.objects.create(
        team=team, at=facts.at, label=label, used_mah=made.used_mah, known_by=made.known_by, minutes=made.minutes, mean_ma=made.mean_ma,
        board=facts.board, meter=facts.meter, note=facts.note, reason=facts.reason, file_sha256=made.sha256, file_rows=made.rows,
        trace=[list(point) for point in made.trace], by=visit.by, entry_key=entry_key,
    ), True  # fmt: skip


def _check_file(team: Team, made: Amount) -> None:
    if not made.sha256:
        return
    before = PowerReading.objects.standing().filter(team=team, file_sha256=made.sha256).first()
    if before is not None:
        said = (
            f"This very file counts already, as “{before.label}”. Take that reading back first, or choose another file."
        )
        raise Conflict(said, code="file_counted_already", details={"field": "file"})


@transaction.atomic
def power_reading_take_back(
    *, visit: Visit, reading: PowerReading, reason: str, now: datetime
) -> PowerReadingTakenBack:
    """The reading no longer counts; it stays in the list with the reason.

    Raises BadInput (`reason_missing`, `stage_closed`), Conflict (`taken_back_already`).
    """
    check_inside(visit=visit, team=reading.team)
    said = " ".join(reason.split())
    if not said:
        raise BadInput(
            "Say why it is taken back; it stays in the list with that.",
            code="reason_missing",
            details={"field": "reason"},
        )
    stage = stage_at(dated_stages(visit.course), reading.at)
    if stage is not None:
        check_open(stage, is_staff=visit.is_staff, reason=said, now=now)
    try:
        with transaction.atomic():
            return PowerReadingTakenBack.objects.create(reading=reading, reason=said, by=visit.by)
    except IntegrityError as error:
        raise Conflict("This reading was taken back already.", code="taken_back_already") from error
