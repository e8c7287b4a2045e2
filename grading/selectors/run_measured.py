"""What the page of a run shows when it was measured: points, fit, hints, figures, own attempts."""

from typing import Any

from django.db.models import Prefetch

from courseplatform.core import numbers
from courseplatform.core.errors import NotHere
from grading.bench.fit import SPELLED
from grading.figures import Figure, Given, figure_of, figures_of
from grading.figures.board_rows import name_of, verdicts_of
from grading.hand_in_rules import attempts_left
from grading.hints import hints
from grading.models.assignments import ActiveRule
from grading.models.runs import Result, Run
from grading.models.submissions import Submission
from grading.points_table import extra_words, groups_of, is_lost
from grading.selectors.badges import run_badge
from grading.selectors.class_points import class_picture
from hardware.course_devices import profiles_of
from hardware.models import HELD

Rows = list[dict[str, Any]]


def result_json(result: Result) -> dict[str, Any]:
    """The stored result as one document: what the page, the JSON and the figures are made of."""
    return {
        "report": result.report, "host": result.host, "metrics": result.metrics, "quality": result.quality,
        "points": result.points, "environment": result.environment, "earned": str(result.earned), "of": str(result.of),
    }  # fmt: skip


def figure(run: Run, slug: str) -> Figure:
    """Raises NotHere."""
    found = figure_of(_given(run), slug) if hasattr(run, "result") else None
    if found is None:
        raise NotHere("There is no such figure of this run.")
    return found


def _given(run: Run) -> Given:
    assignment = run.submission.assignment
    profiles = profiles_of(assignment.course, with_retired=True)
    return Given(result_json(run.result), assignment.spec, profiles, class_of=lambda: class_picture(run))


def measured_part(run: Run) -> dict[str, Any]:
    given = _given(run)
    document = given.result
    return {
        "result": run.result,
        "verdict": {"earned": run.result.earned, "of": run.result.of, "sentence": _verdict_sentence(given)},
        "left_open": run.result.left_open,
        "graded_by": document["environment"].get("graded_by"),
        "groups": groups_of(document["points"]),
        "extra": extra_words(document["points"]),
        "is_full": not any(is_lost(line) for line in document["points"]),
        "total": {"earned": run.result.earned, "of": run.result.of},
        "fits": _fits(run, document),
        "help": hints(document),
        "figures": figures_of(given),
        "environment": _environment(run, document),
        "attempts_before": _earlier(run),
        "attempts_note": _attempts_note(run),
    }


def _verdict_sentence(given: Given) -> str:
    """Fits or not, and where points are lost, the largest loss first."""
    verdict = verdicts_of(given.result["environment"]).get(given.spec.device)
    name = name_of(given.spec.device, verdict, given.profiles) if verdict else ""
    fit = f"It {'fits' if verdict['fits'] else 'does not fit'} a {name}. " if verdict else ""
    lines = given.result["points"]
    lost = sorted(
        ((float(line["of"]) - float(line["earned"]), line["title"].lower()) for line in lines if is_lost(line)),
        reverse=True,
    )
    parts = [f"{loss:.2f} on {title}" for loss, title in lost[:3]]
    if left := [line["title"].lower() for line in lines if line.get("left_open")]:
        fit += f"The points for {' and '.join(left)} are left to the staff. "
    if not parts:
        return f"{fit}{'Every other' if left else 'Every'} measured point is earned."
    words = parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
    return f"{fit}Lost: {words}."


def _fits(run: Run, document: dict[str, Any]) -> dict[str, Any]:
    """The lab's own limits with the value against them. Where no criterion limits the file, the largest that is taken is the limit."""
    spec, metrics = run.submission.assignment.spec, document["metrics"]
    limits = {c.metric: c.rule.most for c in spec.criteria if c.rule.most is not None and not c.bonus}
    labels = {"peak_activation_bytes": "Memory at the peak", "model_bytes": "Model file"}
    meters = [_meter(label, metrics[metric], limits[metric]) for metric, label in labels.items() if metric in limits]
    if "model_bytes" not in limits:
        meters.append(_meter("Model file, of the largest taken", metrics["model_bytes"], spec.max_bytes))
    verdict = verdicts_of(document["environment"]).get(spec.device)
    good = all(meter["share"] <= 1 for meter in meters) and (verdict is None or verdict["fits"])
    title = "Within the lab's limits" if good else "Outside the lab's limits"
    return {"good": good, "title": title, "meters": meters, "how": _how_it_fits(document, verdict)}


def _how_it_fits(document: dict[str, Any], verdict: dict[str, Any] | None) -> str:
    """By which means the answer was got; results of before say nothing."""
    graded_by = document["environment"].get("graded_by")
    if verdict is None or graded_by is None:
        return ""
    word = "Fits" if verdict["fits"] else "Does not fit"
    if graded_by["ran_under_bytes"]:
        return f"{word}, by arithmetic; and it ran under the device's memory of {numbers.size(graded_by['ran_under_bytes'])}."
    return f"{word}, by arithmetic. It did not run under the device's own memory."


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


def _environment(run: Run, document: dict[str, Any]) -> Rows:
    host, facts, report = document["host"], document["environment"], document["report"]
    rows: Rows = [
        {"label": "Model", "value": f"{run.submission.file_name}, {SPELLED.get(report['format'], report['format'])}, {numbers.count(report['bytes'])} bytes"},
        {"label": "SHA-256", "value": str(report["sha256"]), "mono": True},
        {"label": "Graded by", "value": _graded_by(facts.get("graded_by"))},
        {"label": "Isolation", "value": str(facts.get("isolation") or host.get("isolation", ""))},
        {"label": "Runtime", "value": f"{facts.get('runtime', '')} {facts.get('runtime_version', '')}".strip()},
        {"label": "Python", "value": str(facts.get("python", ""))},
        {"label": "Processor", "value": str(facts.get("cpu", ""))},
        {"label": "Memory of the process", "value": f"{numbers.size(host.get('peak_rss_bytes', 0))} at most, runtime included"},
        {"label": "Worker", "value": f"{run.leased_by}, {numbers.span(run.finished_at - run.started_at)}"
         if run.finished_at and run.started_at else ""},
    ]  # fmt: skip
    return [row for row in [*rows, *_counted(run)] if row["value"]]


def _graded_by(found: dict[str, Any] | None) -> str:
    return f"{found['label']}. {found['reason']}".strip() if found else ""


def _counted(run: Run) -> Rows:
    """Instructions per inference, or that they are being counted. One that waits, perhaps for a worker that can count, or that came to
    nothing, is nobody's business."""
    count = getattr(run, "count", None)
    if count is None or not (count.counted or count.status in HELD):
        return []
    said = "being counted; no points rest on it"
    if count.counted:
        said = f"{numbers.count(round(count.counted['per_inference']))}, the call from Python included"
    return [{"label": "Instructions per inference (x86-64, Callgrind)", "value": said}]


def counted_evidence(run: Run) -> Rows:
    """What looks wrong in the count of instructions, which came after the result stood: for the staff alone."""
    count = getattr(run, "count", None)
    found: Rows = count.counted.get("evidence", []) if count is not None else []
    return found


ACTIVE_WORDS: dict[str, str] = {
    ActiveRule.BEST: "The best measured attempt is active.",
    ActiveRule.LATEST: "The latest measured attempt is active.",
    ActiveRule.CHOSEN: "You choose which measured attempt is active.",
}


def _attempts_note(run: Run) -> str:
    assignment = run.submission.assignment
    left = attempts_left(owner=run.submission.owner, assignment=assignment)
    used = assignment.attempts_allowed - left
    return f"{used} of {assignment.attempts_allowed} counted attempts used. {ACTIVE_WORDS[assignment.active_rule]}"


def _earlier(run: Run) -> Rows:
    """The attempts of the lab by the same owner, newest first: one row each, with the newest result; refused ones too."""
    mine = (
        Submission.objects.of_owner(run.submission.owner)
        .filter(assignment=run.submission.assignment_id)
        .select_related("assignment__course")
        .prefetch_related(Prefetch("runs", queryset=Run.objects.select_related("result").order_by("-queued_at")))
        .order_by("-number")
    )
    return [_attempt_row(submission, run) for submission in mine]


def _attempt_row(submission: Submission, this: Run) -> dict[str, Any]:
    runs = list(submission.runs.all())
    newest = next((run for run in runs if hasattr(run, "result")), runs[0] if runs else None)
    row: dict[str, Any] = {
        "number": submission.number, "received_at": submission.received_at, "file_name": submission.file_name,
        "is_this": submission.pk == this.submission_id, "is_active": submission.is_active, "badge": run_badge(newest),
        "again": f"run {len(runs)}" if len(runs) > 1 else "",
    }  # fmt: skip
    if newest is not None:
        newest.submission = submission
        row["url"] = newest.get_absolute_url()
    if newest is not None and hasattr(newest, "result"):
        metrics = newest.result.metrics
        row |= {
            "accuracy": f"{100 * metrics['accuracy']:.1f}", "macs": numbers.digits(metrics["macs"] / 1000),
            "size": numbers.digits(metrics["model_bytes"] / 1024), "peak": numbers.digits(metrics["peak_activation_bytes"] / 1024),
            "earned": newest.result.earned, "of": newest.result.of,
        }  # fmt: skip
    return row
