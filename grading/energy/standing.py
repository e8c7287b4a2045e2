"""What a team used in each stage, from its readings: sums, states and the sentences about them. Plain values, no database.

A reading belongs to the stage in which it was taken. What a stage leaves over does not pass to the next, so every stage is a sum of its own.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Protocol

from courseplatform.core import numbers
from courseplatform.courses.stages import Stage, stage_at
from grading.energy.amounts import amount, with_unit

WORDS = ("No", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine", "Ten")


class Reading(Protocol):
    """What is asked of a reading here."""

    @property
    def at(self) -> datetime: ...
    @property
    def label(self) -> str: ...
    @property
    def used_mah(self) -> Decimal: ...


class State(StrEnum):
    NOT_BEGUN = "not begun"
    RUNNING = "running"
    ENDED = "ended"
    HANDED_IN = "handed in"


@dataclass(frozen=True)
class StageUse:
    """A stage and what was used in it. readings: oldest first, those that were taken back left out."""

    stage: Stage
    state: State
    readings: tuple[Reading, ...]
    used_mah: Decimal
    is_now: bool

    @property
    def left_mah(self) -> Decimal:
        return max(self.stage.budget_mah - self.used_mah, Decimal(0))

    @property
    def over_mah(self) -> Decimal:
        return max(self.used_mah - self.stage.budget_mah, Decimal(0))

    @property
    def share(self) -> float:
        """Of its budget; above 1 where more was used."""
        return float(self.used_mah / self.stage.budget_mah)

    def hours_at(self, current_ma: float) -> float:
        """How long what was used lasts at a current."""
        return float(self.used_mah) / current_ma

    def days_left(self, now: datetime) -> int:
        """Whole days of the course's calendar until its last day; 0 on that day."""
        assert self.stage.last is not None
        return (self.stage.last - now.astimezone(self.stage.tz).date()).days

    def time_gone(self, now: datetime) -> float:
        """The share of its time that has passed, 0 to 1, counted in hours: a day of the clock change has 23 or 25."""
        # In UTC: two moments of one zone are subtracted by their wall clocks.
        begins, ends, at = (moment.astimezone(UTC) for moment in (self.stage.begins_at, self.stage.ends_at, now))
        return min(max((at - begins) / (ends - begins), 0.0), 1.0)


def uses_of(
    stages: Sequence[Stage], readings: Iterable[Reading], handed_in: Collection[str], now: datetime
) -> list[StageUse]:
    """Every stage with what was used in it. handed_in: slugs of the assignments that the team handed in."""
    by_stage: dict[str, list[Reading]] = {stage.key: [] for stage in stages}
    for reading in sorted(readings, key=lambda row: row.at):
        if stage := stage_at(list(stages), reading.at):
            by_stage[stage.key].append(reading)
    return [
        StageUse(
            stage, _state(stage, handed_in, now), tuple(by_stage[stage.key]),
            sum((row.used_mah for row in by_stage[stage.key]), Decimal(0)), stage.holds(now),
        )
        for stage in stages
    ]  # fmt: skip


def _state(stage: Stage, handed_in: Collection[str], now: datetime) -> State:
    if stage.assignment and stage.assignment in handed_in and now >= stage.begins_at:
        return State.HANDED_IN
    if now < stage.begins_at:
        return State.NOT_BEGUN
    return State.RUNNING if stage.holds(now) else State.ENDED


def many(count: int, one: str, several: str) -> str:
    """Four readings, 12 readings, one reading."""
    said = WORDS[count] if count < len(WORDS) else str(count)
    return f"{said} {one if count == 1 else several}"


def days_words(days: int) -> str:
    return "today only" if days <= 0 else f"for {days} day{'s' if days != 1 else ''}"


def day_words(day: date) -> str:
    return f"{day:%b} {day.day}"


def title_of(uses: Sequence[StageUse], now: datetime) -> str:
    """The answer in a line: what is left in the stage that is on, or what comes; of the last one, how it ended."""
    use = next((use for use in uses if use.is_now), None)
    if use is not None:
        if use.over_mah:
            return f"{use.stage.name.capitalize()} is {with_unit(use.over_mah)} over its budget"
        return f"{with_unit(use.left_mah)} are left in {use.stage.name}, {days_words(use.days_left(now))}"
    coming = next((use for use in uses if use.state == State.NOT_BEGUN), None)
    if coming is not None and coming.stage.first is not None:
        days = (coming.stage.first - now.astimezone(coming.stage.tz).date()).days
        when = "today" if days <= 0 else f"in {days} day{'s' if days != 1 else ''}"
        return f"{coming.stage.name.capitalize()} begins {when}, with {with_unit(coming.stage.budget_mah)}"
    last = uses[-1]
    left = (
        f"{with_unit(last.over_mah)} over its budget"
        if last.over_mah
        else f"{with_unit(last.left_mah)} under its budget"
    )
    return f"The last stage ended {left}" if last.readings else "The last stage ended without a reading"


def sum_sentence(use: StageUse) -> str:
    """What the readings of a stage came to."""
    if not use.readings:
        return f"No reading of {use.stage.name} yet."
    verb = "adds" if len(use.readings) == 1 else "add"
    said = f"{many(len(use.readings), 'reading', 'readings')} {verb} up to {amount(use.used_mah)} of {with_unit(use.stage.budget_mah)}"
    over = f": {amount(use.over_mah)} over. What follows from that, the instructors say" if use.over_mah else ""
    return f"{said}{over}.".replace(numbers.THIN, numbers.NARROW)  # a sentence does not break inside a number


def finding_of(uses: Sequence[StageUse], now: datetime) -> str:
    """What the drawing shows, in a sentence: how the stage before ended, and whether the one that is on keeps to its days."""
    use = next((use for use in uses if use.is_now), None)
    before = [one for one in uses if now >= one.stage.ends_at]
    said = [_ended(before[-1])] if before else []
    if use is not None:
        said.append(_on_course(use, now))
    text = "; ".join(said) or "No stage has begun"
    return f"{text[0].upper()}{text[1:]}."


def _ended(use: StageUse) -> str:
    if not use.readings:
        return f"{use.stage.name} ended without a reading"
    if use.over_mah:
        return f"{use.stage.name} used {amount(use.used_mah)} of {with_unit(use.stage.budget_mah)}: {amount(use.over_mah)} over"
    return f"{use.stage.name} stayed {with_unit(use.left_mah)} under its budget"


def _on_course(use: StageUse, now: datetime) -> str:
    gone, name = use.time_gone(now), use.stage.name
    if not use.readings:
        return f"{name} has no reading yet, with {numbers.share(gone, 0)} of its time gone"
    if use.over_mah:
        return f"{name} used {amount(use.used_mah)} of {with_unit(use.stage.budget_mah)}: {amount(use.over_mah)} over"
    verdict = "is on course" if use.share <= gone else "is ahead of its days"
    return f"{name} {verdict}, with {numbers.share(use.share)} used and {numbers.share(gone, 0)} of its time gone"
