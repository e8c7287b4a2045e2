"""When a reading may be added to a stage, and taken back: one rule for the page, the API and what both say about it. Pure."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal

from courseplatform.core.errors import BadInput
from courseplatform.courses.stages import Stage, stage_at
from grading.energy.amounts import amount, with_unit

DAYS_AFTER = 3  # so long after its last day a team itself still adds and takes back readings of a stage


def closes_at(stage: Stage) -> datetime:
    """From then on only the staff change what a stage used."""
    return stage.ends_at + timedelta(days=DAYS_AFTER)


def is_closed(stage: Stage, now: datetime) -> bool:
    return now >= closes_at(stage)


def stage_for(stages: Sequence[Stage], at: datetime, now: datetime) -> Stage:
    """The stage of a reading. Raises BadInput (`in_the_future`, `no_stage`, `no_stages`) with the field `at`."""
    if not stages:
        raise _no(
            "at",
            "This course names no days for its stages, so no reading can be counted. Ask the course staff.",
            "no_stages",
        )
    if at > now:
        raise _no("at", "This moment is still to come. Write when the run began.", "in_the_future")
    found = stage_at(list(stages), at)
    if found is None:
        days = "; ".join(f"{one.number} {one.title}: {one.first:%b %-d} to {one.last:%b %-d}" for one in stages)
        raise _no("at", f"{at.astimezone(stages[0].tz):%b %-d} lies in no stage. The stages: {days}.", "no_stage")
    return found


def check_open(stage: Stage, *, is_staff: bool, reason: str, now: datetime) -> None:
    """Raises BadInput: `stage_closed` for a member of the team, `reason_missing` for the staff."""
    if not is_closed(stage, now):
        return
    ended = f"{stage.name.capitalize()} ended on {stage.last:%a %b %-d}"
    if not is_staff:
        said = f"{ended}, and a team changes its readings for {DAYS_AFTER} days after. Ask the course staff."
        raise _no("at", said, "stage_closed")
    if not reason:
        raise _no("reason", f"{ended}. Say why it is changed now; the team reads it.", "reason_missing")


def check_charge(stage: Stage, used_mah: Decimal, charge: Decimal) -> None:
    """One run lives on one charge. Raises BadInput (`more_than_a_charge`)."""
    most = max(charge, stage.budget_mah)
    if used_mah > most:
        said = f"{amount(used_mah)} mAh is more than one charge holds: {with_unit(most)}. Is the unit right? A run over several charges is a reading for each."
        raise _no("used_mah", said, "more_than_a_charge")


def _no(field: str, said: str, code: str) -> BadInput:
    return BadInput(said, code=code, details={"field": field})
