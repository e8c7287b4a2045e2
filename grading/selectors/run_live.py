"""What the page of a run shows while it waits or runs: the place in line, the steps, an honest range."""

from datetime import datetime, timedelta
from math import ceil
from typing import Any

from django.db.models import F
from django.utils import timezone

from courseplatform.core import numbers
from grading.models.runs import Phase, Run
from hardware import leases
from hardware.models import HELD, Outcome, Status

EVIDENCE = 40  # runs that the range rests on
PATIENCE_S = 20  # how far past the range a run may be before the page says that it takes longer
Rows = list[dict[str, Any]]


def live_part(run: Run, now: datetime) -> dict[str, Any]:
    took = _recent_seconds(run)
    ahead = leases.place_in_line(run.job) if run.status == Status.QUEUED else None
    arrived = numbers.span(now - run.submission.received_at)
    if run.cancel_requested:
        verdict = {"title": "Stopping", "sentence": "The worker has been told; it stops within a few seconds."}
    elif run.status == Status.QUEUED:
        place = ahead or 1
        title = f"{numbers.ordinal(place).capitalize()} in line"
        verdict = {
            "title": title,
            "sentence": f"{_range_words(took, place, now - run.queued_at)} {arrived} since it arrived.",
        }
        if run.faults:
            verdict["sentence"] = (
                "Our worker stopped; your attempt is not counted twice and runs again by itself in a few seconds. "
                + verdict["sentence"]
            )
    else:
        title = f"Measuring: {Phase(run.phase).label.lower()}" if run.phase in Phase.values else "Measuring"
        verdict = {
            "title": title,
            "sentence": f"{_range_words(took, 1, now - (run.started_at or now))} {arrived} since it arrived.",
        }
    return {"verdict": verdict, "steps": _steps(run, now), "sure": _sure(run, took), "line_now": _line_now(run)}


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
    """An honest range: the shortest and the nine-in-ten run, for everybody ahead. Without evidence, and past it, no number."""
    if len(took) < 3:
        return "No run of this lab has been timed yet; most small models take under a minute."
    low, high = (max(ceil(seconds * place), 1) for seconds in (took[0], took[int(0.9 * (len(took) - 1))]))
    if so_far.total_seconds() > 3 * high + PATIENCE_S:
        return "This takes longer than the last runs did. It is not lost, and it costs you nothing: it runs as soon as a worker is free."
    if so_far.total_seconds() > high:
        return f"Nine in ten runs took at most {numbers.span(timedelta(seconds=high))}; this one takes a little longer."
    first, last = (numbers.span(timedelta(seconds=seconds)) for seconds in (low, high))
    return f"The result is here in {first} to {last}." if first != last else f"The result is here in about {first}."


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
        {"name": "In line", "detail": "" if not waiting else "one run per person at a time, first come, first served",
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
        return numbers.span(timedelta(seconds=ceil(took[int(share * (len(took) - 1))])))

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
    mine = ", you are one" if run.status in HELD else ""
    return [
        {"label": "Measuring", "value": f"{held}{mine}"},
        {"label": "Waiting", "value": str(waiting)},
    ]
