"""What the page of a run reads: waiting, running, measured, or stopped with a reason."""

from datetime import datetime, timedelta
from typing import Any

from django.db.models import F, QuerySet
from django.utils import timezone

from courseplatform.core import numbers
from courseplatform.core.errors import NotHere
from courseplatform.courses.access import Visit
from grading.models.runs import Phase, Result, Run
from grading.models.submissions import Submission
from grading.plots import FIGURES, Figure
from grading.selectors.badges import late_badge, run_badge
from hardware import leases
from hardware.models import HELD, NOT_COUNTED, Outcome, Status

EVIDENCE = 40  # runs that the range rests on
Rows = list[dict[str, Any]]
TITLES = {
    Status.QUEUED: "in line", Status.LEASED: "starting", Status.RUNNING: "running",
}  # fmt: skip
STATES = {
    Outcome.MEASURED: "measured", Outcome.REFUSED: "refused", Outcome.CANCELLED: "cancelled",
    Outcome.INFRASTRUCTURE: "ours",
}  # fmt: skip
ENDS = {
    "measured": "result", "refused": "stopped at the check", "cancelled": "cancelled", "ours": "not measured",
    "stopped": "stopped",
}  # fmt: skip


def run_get(visit: Visit, pk: Any) -> Run:
    """Raises NotHere: also for somebody else's."""
    run = (
        Run.objects.visible_to(visit)
        .select_related(
            "submission__assignment__course", "submission__assignment__hidden_set", "submission__person", "result"
        )
        .filter(pk=pk)
        .first()
    )
    if run is None:
        raise NotHere("There is no such run, or it is not yours.")
    return run


def state_of(run: Run) -> str:
    """waiting, running, measured, refused, stopped, ours or cancelled: which page to draw."""
    if run.status == Status.FINISHED:
        return STATES.get(Outcome(run.outcome), "stopped")
    return "waiting" if run.status == Status.QUEUED else "running"


def page(visit: Visit, run: Run, now: datetime) -> dict[str, Any]:
    """Everything the page shows in the run's present state."""
    submission, state = run.submission, state_of(run)
    word = ENDS.get(state) or TITLES[Status(run.status)]
    context = {
        "run": run,
        "submission": submission,
        "assignment": submission.assignment,
        "title": f"{submission.assignment.short}, attempt {submission.number}: {word}",
        "sub": str(submission.person),
        "late_badge": late_badge(submission),
        "badge": run_badge(run),
        "state": state,
        "live": run.is_open,
        "can_cancel": run.is_open and not run.cancel_requested,
        "can_again": not run.is_open and (visit.is_staff or state in {"ours", "cancelled"}),
    }
    if run.is_open:
        return context | _live(run, now)
    return context | (_measured(run) if state == "measured" else _stopped(run, state))


# -- while it waits or runs -------------------------------------------------------------------------------------------


def _live(run: Run, now: datetime) -> dict[str, Any]:
    took = _recent_seconds(run)
    ahead = leases.place_in_line(run.job) if run.status == Status.QUEUED else None
    arrived = numbers.span(now - run.submission.received_at)
    if run.cancel_requested:
        verdict = {"title": "Stopping", "sentence": "The worker has been told; it stops within a few seconds."}
    elif run.status == Status.QUEUED:
        place = ahead or 1
        title = f"{numbers.ordinal(place).capitalize()} in line"
        verdict = {"title": title, "sentence": f"{_range_words(took, place)} {arrived} since it arrived."}
        if run.faults:
            verdict["sentence"] = (
                "Our worker stopped; your attempt is not counted twice and runs again by itself in a few seconds. "
                + verdict["sentence"]
            )
    else:
        title = f"Measuring: {Phase(run.phase).label.lower()}" if run.phase in Phase.values else "Measuring"
        verdict = {"title": title, "sentence": f"{_range_words(took, 1)} {arrived} since it arrived."}
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


def _range_words(took: list[float], place: int) -> str:
    """An honest range: the shortest and the nine-in-ten run, for everybody ahead. Without evidence, no number."""
    if len(took) < 3:
        return "No run of this lab has been timed yet; most small models take under a minute."
    low, high = took[0] * place, took[int(0.9 * (len(took) - 1))] * place
    return (
        f"The result is here in {numbers.span(timedelta(seconds=low))} to {numbers.span(timedelta(seconds=high + 1))}."
    )


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
        return numbers.span(timedelta(seconds=took[int(share * (len(took) - 1))] + 1))

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


# -- when it was stopped ----------------------------------------------------------------------------------------------

HEADLINES = {
    "input_mismatch": "The input differs from the lab's",
    "output_mismatch": "The output differs from the lab's",
    "non_finite_output": "The model answers with NaN or infinity",
    "timed_out": "It took longer than the lab allows",
    "out_of_memory": "It needs more memory than the lab allows",
    "crashed": "The model crashed",
}


def _stopped(run: Run, state: str) -> dict[str, Any]:
    counted = run.outcome not in NOT_COUNTED
    titles = {"ours": "Our machine failed, not your model", "cancelled": "This run was cancelled"}
    title = titles.get(state) or HEADLINES.get(run.error_code) or run.label
    sentence = run.error_message or ("Nothing was measured." if state == "cancelled" else "")
    cost = (
        "One attempt. The model ran and was stopped by it."
        if counted
        else "Nothing. This run is not counted as an attempt, and no late day is touched."
    )
    details = run.error_details if isinstance(run.error_details, dict) else {}
    return {
        "verdict": {"title": title, "sentence": sentence},
        "code": run.error_code,
        "compare": details.get("compare", []),
        "todo": _ways_out(run, state, details),
        "cost_sentence": cost,
        "checked": _checked(run),
    }


def _ways_out(run: Run, state: str, details: dict[str, Any]) -> Rows:
    if state == "ours":
        return [
            {
                "title": "Nothing to do on your side.",
                "text": "Staff see this run; you or they can run it again.",
                "code": "",
            }
        ]
    if state == "cancelled":
        return [{"title": "Run it again,", "text": "or hand in another model.", "code": ""}]
    if run.error_code == "input_mismatch" and "shape" in details:
        shape = ", ".join(str(n) for n in details["shape"])
        return [{"title": "Export it again with the lab's input.", "text": "With PyTorch and ONNX:",
                 "code": f"torch.onnx.export(model, torch.zeros({shape}), \"model.onnx\")"}]  # fmt: skip
    ways: Rows = []
    if details.get("stderr"):
        ways.append({"title": "What the runtime said last.", "text": "", "code": str(details["stderr"])[-1500:]})
    ways.append(
        {
            "title": "Try it on your machine first.",
            "text": "The same engine runs there:",
            "code": "python manage.py bench MODEL",
        }
    )
    return ways


def _checked(run: Run) -> Rows:
    """Which steps passed before it stopped."""
    reached = list(Phase).index(Phase(run.phase)) if run.phase in Phase.values else 0
    names = [
        "It opens, and is what its name says",
        "Input and output are the lab's",
        "It runs",
        "Accuracy on hidden inputs",
    ]
    if run.outcome == Outcome.REFUSED:
        reached = 1 if run.error_code in {"input_mismatch", "output_mismatch"} else min(reached, 2)
    else:
        reached = 2
    states = ["good" if i < reached else "bad" if i == reached else "todo" for i in range(len(names))]
    return [{"label": name, "state": state} for name, state in zip(names, states, strict=True)]


# -- when it was measured ---------------------------------------------------------------------------------------------


def result_json(result: Result) -> dict[str, Any]:
    """The stored result as one document: what the page, the JSON and the figures are made of."""
    return {
        "report": result.report, "host": result.host, "metrics": result.metrics, "quality": result.quality,
        "points": result.points, "environment": result.environment, "earned": str(result.earned), "of": str(result.of),
    }  # fmt: skip


def figure(run: Run, slug: str) -> Figure:
    """Raises NotHere."""
    if slug not in FIGURES or not hasattr(run, "result"):
        raise NotHere("There is no such figure of this run.")
    return FIGURES[slug](result_json(run.result))


def _measured(run: Run) -> dict[str, Any]:
    document = result_json(run.result)
    groups: dict[str, Rows] = {}
    for line in document["points"]:
        groups.setdefault(line["group"] or "Measured", []).append(
            line | {"lost": float(line["earned"]) < float(line["of"])}
        )
    return {
        "result": run.result,
        "verdict": {"earned": run.result.earned, "of": run.result.of, "sentence": _verdict_sentence(document)},
        "groups": [{"name": name, "lines": lines} for name, lines in groups.items()],
        "total": {"earned": run.result.earned, "of": run.result.of},
        "fits": _fits(run, document),
        "help": _hints(document),
        "figures": [build(document) for build in FIGURES.values()],
        "environment": _environment(document),
        "attempts_before": _earlier(run),
    }


def _verdict_sentence(document: dict[str, Any]) -> str:
    lost = sorted(
        ((float(line["of"]) - float(line["earned"]), line["title"].lower()) for line in document["points"]),
        reverse=True,
    )
    lost = [(loss, title) for loss, title in lost if loss > 0]
    if not lost:
        return "Every measured point is earned."
    parts = [f"{loss:.2f} on {title}" for loss, title in lost[:3]]
    words = parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
    return f"Points are lost: {words}."


def _fits(run: Run, document: dict[str, Any]) -> dict[str, Any]:
    spec, metrics = run.submission.assignment.spec, document["metrics"]
    limits = {c.metric: c.rule for c in spec.criteria if c.rule.kind == "steps"}
    meters = [_meter("Model file", metrics["model_bytes"], spec.max_bytes)]
    if "peak_activation_bytes" in limits:
        limit = limits["peak_activation_bytes"].steps[-1][0]
        meters.insert(0, _meter("Memory at the peak", metrics["peak_activation_bytes"], limit))
    verdict = document["environment"].get("fits", {}).get(spec.device)
    good = all(meter["share"] <= 1 for meter in meters) and (verdict is None or verdict["fits"])
    title = "Fits the lab's limits" if good else "Does not fit the lab's limits"
    return {"good": good, "title": title, "meters": meters}


def _meter(label: str, value: float, limit: float) -> dict[str, Any]:
    share = value / limit if limit else 0.0
    left = limit - value
    note = f"{numbers.share(share)}; " + (
        f"{numbers.size(left)} to spare" if left >= 0 else f"{numbers.size(-left)} too much"
    )
    words = f"{numbers.size(value)} of {numbers.size(limit)}"
    return {
        "label": label,
        "value": numbers.size(value),
        "of": numbers.size(limit),
        "words": words,
        "share": share,
        "note": note,
    }


def _hints(document: dict[str, Any]) -> Rows:
    """What the graph itself says would help. Accuracy is not predicted."""
    report, hints = document["report"], []
    operators = report["operators"]
    macs = max(report["macs"], 1)
    dense = max((op for op in operators if op["op_class"] == "conv"), key=lambda op: op["macs"], default=None)
    if dense is not None and dense["macs"] > 0.3 * macs:
        hints.append({"title": f"Split {dense['name'] or dense['op']} into a depthwise and a pointwise layer.",
                      "text": f"It holds {numbers.share(dense['macs'] / macs, 0)} of the MACs.", "gain": ""})  # fmt: skip
    wide = sum(share for bits, share in report["weight_bits"].items() if float(bits) >= 16)
    if wide > 0.5:
        hints.append({"title": "Quantize the weights to int8.", "gain": "",
                      "text": f"{numbers.share(wide, 0)} of them are stored in 16 bits or more; the file would shrink to about a quarter."})  # fmt: skip
    peak = operators[report["peak_operator"]]
    ranked = sorted(op["live_bytes"] for op in operators)
    if len(ranked) > 1 and peak["live_bytes"] > 1.5 * ranked[len(ranked) // 2]:
        hints.append({"title": f"Give {peak['name'] or peak['op']} a smaller output.", "gain": "",
                      "text": f"It alone sets the peak of {numbers.size(peak['live_bytes'])}; the middle operator needs "
                              f"{numbers.size(ranked[len(ranked) // 2])}."})  # fmt: skip
    return hints


def _environment(document: dict[str, Any]) -> Rows:
    host, facts = document["host"], document["environment"]
    rows = [
        {"label": "Isolation", "value": str(host.get("isolation", ""))},
        {"label": "Runtime", "value": f"{facts.get('runtime', '')} {facts.get('runtime_version', '')}".strip()},
        {"label": "Python", "value": str(facts.get("python", ""))},
        {"label": "Processor", "value": str(facts.get("cpu", ""))},
        {"label": "Memory of the process", "value": numbers.size(host.get("peak_rss_bytes", 0))},
        {"label": "Model", "value": f"{document['report']['format']}, SHA-256 {document['report']['sha256']}"},
    ]
    return [row for row in rows if row["value"]]


def _earlier(run: Run) -> Rows:
    """Own earlier attempts of the same lab, for comparison."""
    mine: QuerySet[Result] = (
        Result.objects.filter(
            run__submission__assignment=run.submission.assignment_id, run__submission__person=run.submission.person_id
        )
        .select_related("run__submission__assignment__course")
        .order_by("-run__submission__number", "-made_at")
    )
    rows: Rows = []
    for result in mine:
        other: Submission = result.run.submission
        rows.append(
            {
                "number": other.number, "url": result.run.get_absolute_url(), "is_this": result.run_id == run.pk,
                "is_active": other.is_active, "accuracy": numbers.share(result.metrics["accuracy"]),
                "macs": numbers.macs(result.metrics["macs"]), "size": numbers.size(result.metrics["model_bytes"]),
                "peak": numbers.size(result.metrics["peak_activation_bytes"]), "earned": result.earned, "of": result.of,
            }
        )  # fmt: skip
    return rows
