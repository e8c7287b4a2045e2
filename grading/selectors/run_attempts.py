"""The attempts of one owner at one lab, for the page of a run: their numbers, what changed from one to the next, and which counts."""

from functools import lru_cache
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.db.models.fields.json import KeyTransform

from courseplatform.core import numbers
from grading.bench.fit import SPELLED
from grading.figures.base import Attempt
from grading.figures.energy import HOUR_MS, rounded
from grading.figures.measured import windows_words
from grading.ml_tasks.words import Column, main_column
from grading.models.assignments import ActiveRule, Assignment
from grading.models.owners import PreparedOfOwner
from grading.models.runs import Run
from grading.models.submissions import Submission
from grading.selectors.badges import run_badge

Rows = list[dict[str, Any]]
# Of earlier results only the flat numbers are read: a report of thousands of operators, thirty times, would take seconds.
HEAVY = ("report", "host", "quality", "points", "environment")
FELT = 0.02  # a change of less is none


def attempts_of(run: Run) -> Rows:
    """The attempts of the lab by the same owner, newest first: one row each, with the newest result; refused ones too. Two queries."""
    owner, assignment = run.submission.owner, run.submission.assignment
    runs: dict[UUID, list[Run]] = {}
    for one in _runs_at(assignment.spec.device)(owner, assignment=assignment.pk):
        runs.setdefault(one.submission_id, []).append(one)
    mine = list(MINE(owner, assignment=assignment.pk))
    for submission in mine:
        submission.assignment = assignment
    column = main_column(assignment.spec.kind)
    rows = [_row(submission, runs.get(submission.pk, []), run, column) for submission in mine]
    return [row | _change(row, _measured_before(rows, row)) for row in rows]


def figure_attempts(rows: Rows) -> tuple[Attempt, ...]:
    """The measured ones, as figures take them."""
    return tuple(
        Attempt(row["number"], row["is_this"], row["latency_ms"], row["interval_ms"], row["on"])
        for row in rows
        if row["metrics"]
    )


def with_inferences(rows: Rows, verdict: dict[str, Any]) -> bool:
    """How many inferences each attempt gives on one charge, by the course's rule on the lab's board; whether any has a number."""
    hours = verdict.get("battery_hours")
    for row in rows:
        row["inferences"] = rounded(HOUR_MS * hours / row["latency_ms"]) if hours and row["latency_ms"] else ""
    return any(row["inferences"] for row in rows)


def attempts_note(assignment: Assignment, left: int) -> str:
    used = assignment.attempts_allowed - left
    return f"{used} of {assignment.attempts_allowed} counted attempts used. {ACTIVE_WORDS[assignment.active_rule]}"


ACTIVE_WORDS: dict[str, str] = {
    ActiveRule.BEST: "The best measured attempt is active.",
    ActiveRule.LATEST: "The latest measured attempt is active.",
    ActiveRule.CHOSEN: "You choose which measured attempt is active.",
}


MINE = PreparedOfOwner(
    lambda mine, assignment: Submission.objects.filter(mine, assignment=assignment)
    .only("number", "received_at", "file_name", "format", "is_active", "assignment_id").order_by("-number"),
    assignment=int,
)  # fmt: skip


@lru_cache(maxsize=100)
def _runs_at(device: str) -> PreparedOfOwner[Run]:
    """Of labs whose first device it is; the newest first."""
    return PreparedOfOwner(
        lambda mine, assignment: _runs(device).filter(
            submission__in=Submission.objects.filter(mine, assignment=assignment)
        ),
        assignment=int,
    )


def _runs(device: str) -> QuerySet[Run]:
    found = Run.objects.select_related("result").defer(*(f"result__{name}" for name in HEAVY)).order_by("-queued_at")
    if not device:
        return found
    return found.annotate(
        interval_ms=_at("devices", device, "latency_interval_ms"), on_device=_at("on_board", "device"), on=_at("on_board", "runner"),
        medians_ms=_at("on_board", "medians_ms"),
    )  # fmt: skip


def _at(*keys: str) -> Any:
    found: Any = "result__environment"
    for key in keys:
        found = KeyTransform(key, found)
    return found


def _row(submission: Submission, runs: list[Run], this: Run, column: Column) -> dict[str, Any]:
    newest = next((run for run in runs if hasattr(run, "result")), runs[0] if runs else None)
    row: dict[str, Any] = {
        "number": submission.number, "received_at": submission.received_at, "file_name": _file_name(submission, this), "format": submission.format,
        "is_this": submission.pk == this.submission_id, "is_active": submission.is_active, "badge": run_badge(newest),
        "again": f"run {len(runs)}" if len(runs) > 1 else "", "metrics": {}, "latency_ms": None, "interval_ms": None, "earned": None, "on": "",
    }  # fmt: skip
    if newest is not None:
        newest.submission = submission
        row["url"] = newest.get_absolute_url()
    if newest is not None and hasattr(newest, "result"):
        row |= _numbers(newest, column, submission.assignment.device)
    return row


def _file_name(submission: Submission, this: Run) -> str:
    """Not said where the names are hidden from who asks: anonymity.py has masked the run's own."""
    return "" if getattr(this.submission, "is_masked", False) else submission.file_name


def _numbers(run: Run, column: Column, device: str) -> dict[str, Any]:
    metrics, ends = run.result.metrics, getattr(run, "interval_ms", None)
    latency, medians, on = metrics.get("latency_ms"), getattr(run, "medians_ms", None), ""
    if device and getattr(run, "on_device", None) == device and medians:
        on, ends = str(getattr(run, "on", "")), [min(medians), max(medians)]
    interval = (float(ends[0]), float(ends[1])) if isinstance(ends, list) and len(ends) == 2 else None
    return {
        "metrics": metrics, "latency_ms": latency, "interval_ms": interval, "latency": _latency(latency, interval, on), "on": on,
        "accuracy": column.cell(metrics),
        "macs": numbers.digits(metrics["macs"] / 1000), "size": numbers.digits(metrics["model_bytes"] / 1024),
        "peak": numbers.digits(metrics["peak_activation_bytes"] / 1024), "earned": run.result.earned, "of": run.result.of,
    }  # fmt: skip


def _latency(value: float | None, interval: tuple[float, float] | None, on: str) -> str:
    if value is None:
        return ""
    if interval is None:
        return numbers.digits(value)
    return f"{numbers.digits(value)} ({windows_words(*interval) if on else numbers.between(*interval)})"


# -- what changed -----------------------------------------------------------------------------------------------------


def _measured_before(rows: Rows, row: dict[str, Any]) -> dict[str, Any] | None:
    """The last measured attempt before this one."""
    return next((one for one in rows if one["number"] < row["number"] and one["metrics"]), None)


def _change(row: dict[str, Any], before: dict[str, Any] | None) -> dict[str, Any]:
    """Points more or less than before, and what about the model is not as it was."""
    if before is None or not row["metrics"]:
        return {"change": "", "changed": ""}
    gained = float(row["earned"]) - float(before["earned"])
    sign = "+" if gained > 0 else "-" if gained < 0 else "±"
    return {"change": f"{sign}{abs(gained):.2f}", "changed": changed_words(before, row)}


def changed_words(before: dict[str, Any], after: dict[str, Any]) -> str:
    """TFLite for ONNX, 8 bits a weight for 32, 40 % fewer MACs: the three things that tell most; "the same counts" where none differs."""
    old, new, said = before["metrics"], after["metrics"], []
    if before["format"] != after["format"]:
        said.append(
            f"{SPELLED.get(after['format'], after['format'])} for {SPELLED.get(before['format'], before['format'])}"
        )
    bits = [metrics.get("weight_bits_mean", 32.0) for metrics in (old, new)]
    if abs(bits[1] - bits[0]) > 0.5:
        said.append(f"{numbers.digits(bits[1], 2)} bits a weight for {numbers.digits(bits[0], 2)}")
    for key, words in (("macs", "MACs"), ("params", "parameters"), ("sparsity", "weights at zero")):
        if change := _more_or_less(old.get(key, 0.0), new.get(key, 0.0), words):
            said.append(change)
    return ", ".join(said[:3]) or "the same counts"


def _more_or_less(old: float, new: float, words: str) -> str:
    if old == 0 or new == 0 or abs(new - old) <= FELT * old:
        return ""
    if new >= 2 * old:
        return f"{numbers.digits(new / old, 2)} times the {words}"
    return f"{numbers.share(abs(new - old) / old, 0)} {'more' if new > old else 'fewer'} {words}"
