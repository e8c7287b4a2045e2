"""What the page of a run shows while it waits or runs: the place in line, the steps, an honest range."""

from datetime import datetime, timedelta
from math import ceil
from typing import Any

from django.db.models import F
from django.utils import timezone

from courseplatform.core import health, numbers
from grading.models.runs import Phase, Run
from grading.wake import BENCH_QUEUE
from hardware.line import place_in_line
from hardware.models import HELD, Outcome, Status

EVIDENCE = 40  # runs that the range rests on
PATIENCE_S = 20  # how far past the range a run may be before the page says that it takes longer
Rows = list[dict[str, Any]]


def live_part(run: Run, now: datetime, *, is_staff: bool) -> dict[str, Any]:
    took = _recent_seconds(run)
    if run.cancel_requested:
        title, sentence = "Stopping", "The worker has been told; it stops within a few seconds."
    elif run.status == Status.QUEUED:
        place = place_in_line(run) or 1
        title = f"{numbers.ordinal(place).capitalize()} in line"
        sentence = _range_words(took, place, now - run.queued_at)
        if run.faults:
            sentence = (
                f"Our worker stopped; it costs nothing, and the run starts again by itself in a few seconds. {sentence}"
            )
        held_up = _stands_still(run, now, place, is_staff=is_staff) or _held_back(run, now, is_staff=is_staff)
        title, sentence = held_up or (title, sentence)
    else:
        title = f"Measuring: {Phase(run.phase).label.lower()}" if run.phase in Phase.values else "Measuring"
        sentence = _range_words(took, 1, now - (run.started_at or now))
    return {
        "verdict": {"title": title, "sentence": sentence},
        "waited": f"{numbers.span(now - run.queued_at)} so far",
        "steps": _steps(run, now), "sure": _sure(run, took), "line_now": _line_now(run),
    }  # fmt: skip


def _stands_still(run: Run, now: datetime, place: int, *, is_staff: bool) -> tuple[str, str] | None:
    """While no worker measures (stopped, or without its isolation) there is no range to give: nothing in the line moves."""
    since = health.last_sign(BENCH_QUEUE) or run.queued_at
    if now - since <= health.FRESH:
        return None
    where = " /healthz says which part is missing." if is_staff else ""
    lasted = numbers.span(now - since)
    said = f"Our worker has given no sign of life for {lasted}. This run keeps its place, {numbers.ordinal(place)} in line, and starts by itself "
    said += f"when the machine is back. The wait uses no attempt.{where}"
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


def _recent_seconds(run: Run) -> list[float]:
    """How long the last runs of this lab took from start to points, in seconds, shortest first."""
    done = (
        Run.objects.filter(submission__assignment=run.submission.assignment_id, outcome=Outcome.MEASURED)
        .exclude(started_at=None)
        .order_by("-finished_at")
        .values_list(F("finished_at") - F("started_at"), flat=True)[:EVIDENCE]
    )
    return sorted(_seconds(span) for span in done)


def _seconds(span: Any) -> float:
    return span.total_seconds() if isinstance(span, timedelta) else float(span) / 1e6


def _range_words(took: list[float], place: int, so_far: timedelta) -> str:
    """What is left of an honest range: the shortest and the nine-in-ten run, for everybody ahead. Without evidence no number."""
    if len(took) < 3:
        few = "Too few runs of this lab have been measured" if took else "No run of this lab has been measured yet"
        return f"{few} for a range; most small models take under a minute."
    low, high = took[0] * place, took[int(0.9 * (len(took) - 1))] * place
    gone = so_far.total_seconds()
    if gone > 3 * high + PATIENCE_S:
        return "This takes longer than the last runs did. It is not lost, and it costs nothing: it runs as soon as a worker is free."
    if gone > high:
        return f"Nine in ten runs took at most {_whole(high)}; this one takes a little longer."
    first, last = (_whole(seconds - gone) for seconds in (low, high))
    return f"The result is here in {first} to {last}." if first != last else f"The result is here in about {first}."


def _whole(seconds: float) -> str:
    return numbers.span(timedelta(seconds=max(ceil(seconds), 1)))


def _steps(run: Run, now: datetime) -> Rows:
    arrived = timezone.localtime(run.submission.received_at)
    order = [Phase.CHECK, Phase.TIMING, Phase.ACCURACY, Phase.POINTS]
    details = {
        Phase.CHECK: "does it open, what is in it, does it take the lab's input",
        Phase.TIMING: "fresh processes on this machine; shown, not graded",
        Phase.ACCURACY: "hidden inputs, in the sandbox",
        Phase.POINTS: "the lab's rules, line by line",
    }
    current = order.index(Phase(run.phase)) if run.phase in Phase.values else -1
    waiting = run.status == Status.QUEUED
    rows: Rows = [
        {"name": "Received", "detail": f"{arrived:%H:%M:%S %Z}, receipt {run.submission.receipt}", "state": "done", "time": ""},
        {"name": "In line", "detail": "" if not waiting else "everybody's first run comes before anybody's second",
         "state": "now" if waiting else "done", "time": "" if waiting or run.leased_at is None else numbers.span(run.leased_at - run.queued_at)},
    ]  # fmt: skip
    for position, phase in enumerate(order):
        state = "todo" if waiting or position > current else "now" if position == current else "done"
        row = {"name": phase.label, "detail": details[phase], "state": state, "time": "", "done": 0, "total": 0}
        if state == "now" and run.phase_started_at is not None:
            row["time"] = numbers.span(now - run.phase_started_at)
            if run.progress_total:
                row |= {"done": run.progress_done, "total": run.progress_total}
                row["detail"] = f"{numbers.count(run.progress_done)} of {numbers.count(run.progress_total)}"
        rows.append(row)
    return rows


def _sure(run: Run, took: list[float]) -> dict[str, Any]:
    if len(took) < 3:
        return {
            "title": "How sure is the range",
            "rows": [],
            "note": "There is no range before three runs of this lab.",
        }

    def say(share: float) -> str:
        return _whole(took[int(share * (len(took) - 1))])

    rows = [
        {"label": "half took less than", "value": say(0.5)},
        {"label": "nine in ten less than", "value": say(0.9)},
        {"label": "longest", "value": say(1.0)},
    ]
    note = f"Last {len(took)} runs of {run.submission.assignment.short}, from start to points, without the wait."
    return {"title": "How sure is the range", "rows": rows, "note": note}


def _line_now(run: Run) -> Rows:
    held = Run.objects.filter(status__in=HELD).count()
    waiting = Run.objects.filter(status=Status.QUEUED).count()
    mine = ", this one too" if run.status in HELD else ""
    return [
        {"label": "Measuring", "value": f"{held}{mine}"},
        {"label": "Waiting", "value": str(waiting)},
    ]
