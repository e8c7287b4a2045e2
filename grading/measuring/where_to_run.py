"""Where a model is measured: what its lab asks for, against what there is. Pure: one table of cases, decided before anything starts."""

from dataclasses import dataclass
from datetime import timedelta

from courseplatform.core import numbers
from grading.bench.sandbox.choice import CONTAINER
from grading.spec import BenchSpec

LEAST_PAUSE, MOST_PAUSE = timedelta(seconds=30), timedelta(minutes=15)
# The lab's word -> why a machine without it lets the run lie.
ELSEWHERE = {
    "container": "This lab is measured in containers, and this machine has none.",
    "process": "This lab is measured in a process, and this machine measures in containers only.",
}


@dataclass(frozen=True)
class Place:
    """Where one run goes.

    on: process or container, to be measured here; board, for a runner; wait: back into the line, for a worker or a board that can
    take it. why: a sentence where it is not simply what was asked for. is_instead: it is measured here although the lab asked for
    a board. asks_staff: and the staff decide whether that counts. runner: the board that measured it.
    """

    on: str
    why: str = ""
    is_instead: bool = False
    asks_staff: bool = False
    runner: str = ""


def where_to_run(
    spec: BenchSpec, *, isolation: str, boards_available: int | None, waited: timedelta, has_failed: bool = False
) -> Place:
    """Decide for one run.

    Args:
        isolation: name of the sandbox that this worker has.
        boards_available: free boards of the lab's first device; 0 while all are busy, None where the site has no such board at all.
        waited: since it came into the line.
        has_failed: boards took it and could not end it.
    """
    here = "container" if isolation == CONTAINER else "process"
    if spec.run_on != "board":
        return Place(here) if spec.run_on in ("", here) else Place("wait", ELSEWHERE[spec.run_on])
    if boards_available:
        return Place("board")
    is_hoped_for = boards_available is not None and waited < spec.board_wait and not has_failed
    if is_hoped_for or spec.fallback == "wait":
        return Place("wait", _waits(spec, boards_available, waited))
    return Place(
        here, _instead(spec, boards_available, has_failed), is_instead=True, asks_staff=spec.fallback == "staff"
    )


def _instead(spec: BenchSpec, boards_available: int | None, has_failed: bool) -> str:
    if boards_available is None:  # to wait for one would only cost time
        return "This site has no such board."
    if has_failed:
        return "Boards took it, and none could end it."
    return (
        f"No board{spec.board.needs.words} was free within {numbers.span(spec.board_wait).replace(numbers.WHOLE, ' ')}."
    )


def _waits(spec: BenchSpec, boards_available: int | None, waited: timedelta) -> str:
    if boards_available is None:
        return "This lab is measured on a board, and this site has no such board yet. The run waits for one."
    if waited < spec.board_wait:
        return "This lab is measured on a board, and all of them are busy."
    return "This lab is measured on a board; it waits for one longer than the lab had meant it to."


def pause_after(waited: timedelta) -> timedelta:
    """How long a run that waits lies untouched: a quarter of what it has waited, so that its history stays short."""
    return min(max(waited / 4, LEAST_PAUSE), MOST_PAUSE)
