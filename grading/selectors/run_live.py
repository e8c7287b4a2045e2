"""What the page of a run shows while it waits or runs: the place in line, the steps, an honest range."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.utils import timezone

from courseplatform.core import health, numbers
from grading.models.runs import Phase, Run, step_of
from grading.queue.forecast import LEAST_RUNS, Forecast, Range
from grading.queue.wake import BENCH_QUEUE, RUN_KIND
from grading.selectors.line_now import LineNow, Place, line_read, phases_of, place_of, promise, range_words, share_of
from hardware.models import HELD, OPEN, Priority, Status

Rows = list[dict[str, Any]]
POLL_S = (1, 10)
COUNTED = {Phase.TIMING: "timed inferences", Phase.ACCURACY: "hidden inputs"}
FIRST_WORDS = {
    Priority.NEXT: "the staff put it first",
    Priority.AGAIN: "it is measured again, after everything that was handed in",
    Priority.RERUN: "it is measured again for the staff, while nobody else waits",
}


@dataclass(frozen=True)
class RunWait:
    """Where an open run is. title, sentence: for people. ahead: None while it is being measured. starts_in: None then too, and both
    where nothing is promised. ask_again_s: as `poll_s`."""

    title: str
    sentence: str
    ahead: int | None
    starts_in: Range | None
    ends_in: Range | None
    ask_again_s: int


def run_wait(run: Run, now: datetime, *, is_staff: bool) -> RunWait | None:
    """The head of the page, for programs; None where the run has ended or is with the staff. No query then, else up to eight."""
    if run.status not in OPEN:
        return None
    _, place, found, title, sentence, asks = _head(run, now, is_staff=is_staff)
    start, end = (found.start, found.end) if found else (None, None)
    return RunWait(title, sentence, place.ahead if place else None, start, end, asks)


class _Head(NamedTuple):
    """What stands at the head of the page, and what it was made of. asks: seconds until the page asks again."""

    line: LineNow
    place: Place | None
    found: Forecast | None
    title: str
    sentence: str
    asks: int


def _head(run: Run, now: datetime, *, is_staff: bool) -> _Head:
    line = line_read(now, [run.submission.assignment_id])
    place = place_of(run, now) if run.status == Status.QUEUED else None
    found = promise(run, line, place)
    held_up = _held_up(run, place, now, is_staff=is_staff)
    if held_up:
        found = None  # nothing moves, so nothing is promised anywhere on the page
    title, sentence = held_up or _verdict(run, place, found)
    return _Head(line, place, found, title, sentence, poll_s(place, found, is_held_up=bool(held_up)))


def live_part(run: Run, now: datetime, *, is_staff: bool) -> dict[str, Any]:
    """Ten queries."""
    line, place, found, title, sentence, asks = _head(run, now, is_staff=is_staff)
    return {
        "verdict": {"title": title, "sentence": sentence},
        "waited": f"{numbers.span(now - run.submission.received_at)} since it arrived" if run.priority == Priority.LIVE
        else f"{numbers.span(now - run.queued_at)} so far",
        "steps": _steps(run, now, line, place, found), "sure": _sure(run, line), "line_now": _line_now(run, line),
        "poll_s": asks,
    }  # fmt: skip


def poll_s(place: Place | None, found: Forecast | None, *, is_held_up: bool) -> int:
    """After how many seconds the page asks again: every second while it is measured or soon will be, and less often far back in line,
    where nothing that it shows changes so fast. Eighty who wait would else ask eighty times a second."""
    if place is None:
        return POLL_S[0]
    if is_held_up:
        return POLL_S[1]
    wait_s = found.start.low_s / 5 if found and found.start else float(place.ahead)
    return min(max(round(wait_s), POLL_S[0]), POLL_S[1])


def _held_up(run: Run, place: Place | None, now: datetime, *, is_staff: bool) -> tuple[str, str] | None:
    if place is None or run.cancel_requested:
        return None
    return _stands_still(run, now, place, is_staff=is_staff) or _held_back(run, now, is_staff=is_staff)


def _verdict(run: Run, place: Place | None, found: Forecast | None) -> tuple[str, str]:
    if run.cancel_requested:
        return "Stopping", "The worker has been told; it stops within a few seconds."
    if place is None:
        phase, number = step_of(run.phase)
        doing = ", ".join(filter(None, [_stage_words(run, number), phase.label.lower() if phase else ""]))
        return f"Measuring: {doing}" if doing else "Measuring", f"{_count_words(run)}{_range_sentence(found)}"
    sentence = _range_sentence(found)
    if run.faults:
        sentence = (
            f"Our worker stopped; it costs nothing, and the run starts again by itself in a few seconds. {sentence}"
        )
    return f"{numbers.ordinal(place.ahead + 1).capitalize()} in line", sentence


def _stands_still(run: Run, now: datetime, place: Place, *, is_staff: bool) -> tuple[str, str] | None:
    """While no worker measures (stopped, or without its isolation) there is no range to give: nothing in the line moves."""
    since = health.last_sign(BENCH_QUEUE) or run.queued_at
    if now - since <= health.FRESH:
        return None
    where = " /healthz says which part is missing." if is_staff else ""
    lasted = numbers.span(now - since)
    said = f"Our worker has given no sign of life for {lasted}. This run keeps its place, {numbers.ordinal(place.ahead + 1)} in line, and "
    said += f"starts by itself when the machine is back. The wait uses no attempt.{where}"
    return "Measuring stands still on our machine", said


def _held_back(run: Run, now: datetime, *, is_staff: bool) -> tuple[str, str] | None:
    """Of a run that a worker has put back for a while: why. What went wrong on our machine is for the staff alone."""
    is_elsewhere = run.attempt > 0 and run.started_at is None and not run.faults
    if not is_elsewhere and (run.not_before <= now or run.attempt == 0):
        return None
    why = run.moves.filter(moved_to=Status.QUEUED).order_by("pk").values_list("why", flat=True).last() or ""
    if is_elsewhere:
        return (
            "It waits for a place where it can be measured",
            f"{why} It costs nothing, and it is looked at again by itself.",
        )
    if is_staff and why:
        return (
            "Our worker stopped",
            f"It said: {why} The run costs nothing and starts again by itself in a few seconds.",
        )
    return None


def _range_sentence(found: Forecast | None) -> str:
    if found is None:
        return f"There is no range before {LEAST_RUNS} runs of this lab have been measured; most small models take under a minute."
    if found.is_overdue:
        return "It takes longer than any of the last runs did. It is not lost, and it costs nothing more."
    result = f"the result is here in {range_words(found.end)}."
    if found.start is None or found.start.high_s < 1:
        return result.capitalize()
    return f"Starts in {range_words(found.start)}; {result}"


def _count_words(run: Run) -> str:
    """120 of 360 hidden inputs."""
    phase, _ = step_of(run.phase)
    if not run.progress_total or phase not in COUNTED:
        return ""
    return f"{numbers.count(run.progress_done)} of {numbers.count(run.progress_total)} {COUNTED[phase]}. "


def _steps(run: Run, now: datetime, line: LineNow, place: Place | None, found: Forecast | None) -> Rows:
    arrived = timezone.localtime(run.submission.received_at)
    order = [Phase.CHECK, Phase.TIMING, Phase.ACCURACY, Phase.POINTS]
    details = {
        Phase.CHECK: "does it open, what is in it, does it take the lab's input",
        Phase.TIMING: "fresh processes on this machine; shown, not graded",
        Phase.ACCURACY: "hidden inputs, in the sandbox",
        Phase.POINTS: "the lab's rules, line by line",
    }
    usual = phases_of(run, line.newest)
    now_at, number = step_of(run.phase)
    current = order.index(now_at) if now_at else -1
    rows: Rows = [
        {"name": "Received", "detail": f"{arrived:%H:%M:%S %Z}, receipt {run.submission.receipt}", "state": "done", "time": ""},
        _line_step(run, now, line, place, found),
    ]  # fmt: skip
    for position, phase in enumerate(order):
        state = "todo" if place is not None or position > current else "now" if position == current else "done"
        row = {"name": phase.label, "detail": details[phase], "state": state, "time": "", "done": 0, "total": 0}
        if state == "todo" and phase in usual:
            row["time"] = f"usually {range_words(usual[phase])}"
        if state == "now" and run.phase_started_at is not None:
            row["time"] = numbers.span(now - run.phase_started_at)
            if run.progress_total:
                row |= {"done": run.progress_done, "total": run.progress_total}
                row["detail"] = _count_words(run).removesuffix(". ") or details[phase]
            stage = _stage_words(run, number)
            row["detail"] = f"{stage}: {row['detail']}" if stage else row["detail"]
        rows.append(row)
    return rows


def _stage_words(run: Run, number: int) -> str:
    """landmarks, 2 of 3; "" where it is no pipeline."""
    stages = run.submission.assignment.spec.pipeline if number else ()
    return f"{stages[number - 1].title.lower()}, {number} of {len(stages)}" if number <= len(stages) and number else ""


def _line_step(run: Run, now: datetime, line: LineNow, place: Place | None, found: Forecast | None) -> dict[str, Any]:
    row: dict[str, Any] = {"name": "In line", "detail": "", "state": "done", "time": ""}
    if place is None:
        return row | {"time": numbers.span(run.leased_at - run.queued_at) if run.leased_at else ""}
    waited = numbers.span(now - run.queued_at)
    left = f", {range_words(found.start)} left" if found and found.start and found.start.high_s >= 1 else ""
    return row | {"state": "now", "detail": _ahead_words(run, line, place), "time": waited, "left": left}


def _ahead_words(run: Run, line: LineNow, place: Place) -> str:
    """`3 before it, 2 of them yours; 1 is being measured`: what the place is made of."""
    whose = "" if not place.own else ", yours" if place.own == place.ahead else f", {place.own} of them yours"
    before = f"{numbers.count(place.ahead)} before it{whose}" if place.ahead else "it is next"
    measured = f"{len(line.held)} being measured" if line.held else "no worker is busy"
    why = FIRST_WORDS.get(Priority(run.priority), "")
    return f"{before}, {measured}" + (f"; {why}" if why else "")


def _sure(run: Run, line: LineNow) -> dict[str, Any]:
    lab, model_format = run.submission.assignment, run.submission.format
    took = line.took(RUN_KIND, lab.pk, model_format) if (RUN_KIND, lab.pk) in line.times else ()
    title = "How sure is the range"
    if len(took) < LEAST_RUNS:
        return {
            "title": title,
            "of": "",
            "rows": [],
            "note": f"There is no range before {LEAST_RUNS} runs of this lab.",
        }

    def say(share: float) -> str:
        return numbers.span(timedelta(seconds=max(round(share_of(took, share)), 1)))

    rows = [
        {"label": "half took less than", "value": say(0.5)},
        {"label": "nine in ten less than", "value": say(0.9)},
        {"label": "longest", "value": say(1.0)},
    ]
    is_narrow = took is line.times.get((RUN_KIND, lab.pk, model_format))
    kind = f" with this format ({model_format})" if is_narrow and model_format else ""
    note = (
        "From when a worker took it to its points, without the wait. Eight in ten results should come inside the range; first runs of "
        "people who come now may go before a second one."
    )
    return {"title": title, "of": f"Last {len(took)} runs of {lab.short}{kind}", "rows": rows, "note": note}


def _line_now(run: Run, line: LineNow) -> Rows:
    mine = ", this one too" if run.status in HELD else ""
    return [
        {"label": "Measuring", "value": f"{len(line.held)}{mine}"},
        {"label": "Waiting", "value": numbers.count(line.waiting)},
        {"label": "Workers", "value": str(line.slots)},
    ]
