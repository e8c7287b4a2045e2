"""A run that waits for a board or is on one, in words: its place, the range, which boards there are, and what the board does now."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from courseplatform.core import numbers
from grading.models.boards import BoardRun
from grading.queue.forecast import Range
from grading.selectors.line_now import range_words
from hardware.models import HELD, BoardJob, Outcome, Status
from hardware.runners.waiting import BoardNow, Waits, waits

WAITING, MEASURING, SCORING, LOST = "waiting", "measuring", "scoring", "lost"
# What an agent says that it does (hardware/ondevice/runner/carry_out.py) -> in a sentence.
DOES = {
    "": "has taken the run", "leased": "has taken the run", "downloading": "fetches the model", "cooling": "cools down first",
    "idle": "measures what it takes when idle", "reference": "measures its reference model",
}  # fmt: skip
STATE_WORDS = {"free": "free", "busy": "busy", "checking": "checks itself", "away": "away", "barred": "not on duty"}
Row = dict[str, Any]


@dataclass(frozen=True)
class OnABoard:
    """Where the newest board run of a job is.

    state: one of the four words above; lost: its board gave it up. does: what the board does now. step, steps: the window that runs, of how
    many; 0 while none does. waits: of one that waits. temperature_c, clock_mhz: of the board as it said last.
    """

    state: str
    job: BoardJob
    runner: str = ""
    does: str = ""
    step: int = 0
    steps: int = 0
    waits: Waits | None = None
    temperature_c: float | None = None
    clock_mhz: float | None = None
    boards: tuple[BoardNow, ...] = field(default_factory=tuple)

    @property
    def title(self) -> str:
        """Third in line for a board; Measuring on pi4-01: window 3 of 5."""
        if self.state == WAITING:
            before = self.waits.before if self.waits else 0
            return f"{numbers.ordinal(before + 1).capitalize()} in line for a board"
        if self.state == MEASURING:
            return f"Measuring on {self.runner}" + (f": window {self.step} of {self.steps}" if self.step else "")
        return "The board is done: points are counted"

    @property
    def sentence(self) -> str:
        if self.state == WAITING and self.waits is not None:
            return f"{self.waits.sentence} {begins_words(self.waits)}".strip()
        if self.state == MEASURING:
            # The title names the board and the window.
            return f"{'Each window is a process of its own.' if self.step else f'It {self.does}.'}{self._is_warm()}"
        return "A worker of ours scores what the board answered."

    def _is_warm(self) -> str:
        if self.temperature_c is None:
            return ""
        clock = f" at {numbers.digits(self.clock_mhz)}{numbers.NARROW}MHz" if self.clock_mhz else ""
        return f" It is {numbers.digits(self.temperature_c)}{numbers.NARROW}°C warm{clock}."


def on_a_board(job: UUID, now: datetime) -> OnABoard | None:
    """The newest board run of this job; None where none was made. A bounded number of queries."""
    found = BoardRun.objects.filter(for_job=job).select_related("job__taken_by", "job__course").order_by("-pk").first()
    return _of(found.job, now) if found is not None else None


def _of(job: BoardJob, now: datetime) -> OnABoard:
    if job.status == Status.QUEUED:
        found = waits(job, now)
        return OnABoard(WAITING, job, waits=found, boards=found.boards)
    if job.status not in HELD:
        return OnABoard(SCORING if job.outcome == Outcome.MEASURED else LOST, job)
    runner, steps = job.taken_by, [step.get("name", "") for step in job.plan.get("steps", [])]
    at = job.phase.removeprefix("step ")
    step = steps.index(at) + 1 if job.phase.startswith("step ") and at in steps else 0
    state = runner.state if runner is not None else {}
    return OnABoard(
        MEASURING, job, runner=runner.name if runner is not None else "A board", does=DOES.get(job.phase, "measures"), step=step, steps=len(steps),
        temperature_c=state.get("temperature_c"), clock_mhz=state.get("clock_mhz"),
    )  # fmt: skip


def begins_words(found: Waits) -> str:
    """A board begins in 50 min to 2 h. Nothing where nothing is known."""
    if found.least is None or found.most is None:
        return ""
    return f"A board begins in {range_words(range_of(found.least, found.most))}."


def range_of(least: timedelta, most: timedelta) -> Range:
    return Range(least.total_seconds(), most.total_seconds())


def board_rows(boards: tuple[BoardNow, ...]) -> list[Row]:
    """The boards that could take it, for a list of pairs."""
    return [{"label": one.name, "value": STATE_WORDS[one.state]} for one in boards if one.could]
