"""What the page of a run shows while a board is to measure it: its place in the line of the boards, the board's own steps, and what happens
where none is free in time."""

from datetime import datetime
from typing import Any

from django.utils import timezone

from courseplatform.core import numbers
from grading.models.runs import Run
from grading.selectors.on_a_board import MEASURING, SCORING, WAITING, OnABoard, begins_words, board_rows, on_a_board
from grading.spec import BenchSpec
from hardware.models import Status

Rows = list[dict[str, Any]]
POLL_S = {WAITING: 10, MEASURING: 3, SCORING: 2}
# What the lab does where no board is free in time -> for whoever waits.
INSTEAD = {
    "emulation": "After {wait} without a board it is measured in emulation instead, and says so.",
    "staff": "After {wait} without a board our machine measures it, and the staff decide whether that counts.",
    "wait": "It waits for a board however long that takes; the lab means about {wait}.",
}


def board_live_part(run: Run, now: datetime) -> dict[str, Any]:
    """In the place of what a run in the line of the workers shows; empty where no board has anything to do with it now."""
    spec = run.submission.assignment.spec
    if spec.run_on != "board" or run.status != Status.QUEUED or run.cancel_requested:
        return {}
    found = on_a_board(run.pk, now)
    if found is None or found.state not in POLL_S:
        return {}
    instead = instead_words(spec, run, now) if found.state == WAITING else ""
    return {
        "verdict": {"title": found.title, "sentence": f"{found.sentence} {instead}".strip()},
        "waited": f"{numbers.span(now - run.submission.received_at)} since it arrived", "steps": _steps(run, found, spec, now),
        "sure": _boards(found), "line_now": [], "poll_s": POLL_S[found.state], "is_on_board": True,
    }  # fmt: skip


def instead_words(spec: BenchSpec, run: Run, now: datetime) -> str:
    """After 4 h without a board it is measured in emulation instead; and how much of that is left."""
    said = INSTEAD[spec.fallback].format(wait=numbers.span(spec.board_wait))
    left = spec.board_wait - (now - run.queued_at)
    if spec.fallback == "wait" or left.total_seconds() <= 0:
        return said
    return f"{said[:-1]}: in {numbers.span(left)}."


def _steps(run: Run, found: OnABoard, spec: BenchSpec, now: datetime) -> Rows:
    arrived = timezone.localtime(run.submission.received_at)
    state = {WAITING: 2, MEASURING: 3, SCORING: 4}[found.state]
    job = found.job
    waited = numbers.span((job.leased_at or now) - job.queued_at)
    what = "training steps" if spec.kind.trains else "inferences"
    windows = f"{found.steps or 5} windows of {what}, its reference model before and after, temperature and clock"
    rows: Rows = [
        {"name": "Received", "detail": f"{arrived:%H:%M:%S %Z}, receipt {run.submission.receipt}", "time": ""},
        {"name": "Checked", "detail": "it opens and takes the lab's input; a board is asked for", "time": ""},
        {"name": "In line for a board", "detail": _line_words(found), "time": waited if state >= 2 else ""},
        {"name": "On the board", "detail": _board_words(found) if state == 3 else windows, "time": _since(found, now) if state == 3 else ""},
        {"name": "Points", "detail": "the answers of the board are scored here, line by line", "time": ""},
    ]  # fmt: skip
    for place, row in enumerate(rows):
        row |= {
            "state": "done" if place < state else "now" if place == state else "todo",
            "done": 0,
            "total": 0,
            "left": "",
        }
    if state == 3 and found.step:
        rows[3] |= {"done": found.step, "total": found.steps}
    if state == 2 and found.waits is not None and (words := begins_words(found.waits)):
        rows[2]["left"] = f", {words.removeprefix('A board begins in ').rstrip('.')} left"
    return rows


def _line_words(found: OnABoard) -> str:
    if found.waits is None:
        return f"{found.runner} took it" if found.runner else "a board took it"
    before = found.waits.before
    return f"{before} before it" if before else "it is next"


def _board_words(found: OnABoard) -> str:
    step = f"{found.runner}: window {found.step} of {found.steps}" if found.step else f"{found.runner} {found.does}"
    return step + (
        f", {numbers.digits(found.temperature_c)}{numbers.NARROW}°C" if found.temperature_c is not None else ""
    )


def _since(found: OnABoard, now: datetime) -> str:
    begun = found.job.phase_started_at or found.job.leased_at
    return numbers.span(now - begun) if begun else ""


def _boards(found: OnABoard) -> dict[str, Any]:
    """The boards that could take it, or the one that has it, beside the steps."""
    if found.state == WAITING:
        note = (
            "In each round everybody has one turn; what was handed in goes before board runs that are only asked for."
        )
        return {"title": "The boards", "of": "", "rows": board_rows(found.boards), "note": note}
    rows = [{"label": "Board", "value": found.runner}] if found.runner else []
    if found.temperature_c is not None:
        rows.append({"label": "Temperature", "value": f"{numbers.digits(found.temperature_c)}{numbers.NARROW}°C"})
    if found.clock_mhz:
        rows.append({"label": "Clock", "value": f"{numbers.digits(found.clock_mhz)}{numbers.NARROW}MHz"})
    note = "A board that is too warm waits before it begins, so that no run is slower for the one before it. One that throttles measures again."
    return {"title": "The board", "of": "", "rows": rows, "note": note}
