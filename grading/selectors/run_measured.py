"""What the page of a run shows when it was measured: points, fit, hints, figures, own attempts."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from courseplatform.core import numbers
from courseplatform.core.errors import BadInput, NotHere
from grading.advice.hints import hints
from grading.advice.too_big import too_big, too_big_part
from grading.advice.what_if import effects
from grading.bench.fit import SPELLED
from grading.calibrating.adopted import calibrations_of_result
from grading.figures import OF_ATTEMPTS, Figure, Given, figure_of, figures_of
from grading.figures.board_rows import name_of, verdicts_of
from grading.figures.layers import board_options
from grading.figures.measured import both_of
from grading.ml_tasks.words import main_column
from grading.models.runs import Result, Run
from grading.points.table import extra_words, groups_of, in_sentence, is_lost
from grading.selectors.class_points import class_picture
from grading.selectors.pipeline_stages import stage_csv
from grading.selectors.run_attempts import attempts_note, attempts_of, figure_attempts, with_inferences
from grading.selectors.run_head import Attempts
from grading.spec.criteria import basis_of, unit_of, words_of_metric
from hardware.course_devices import profiles_of
from hardware.models import HELD
from hardware.profiles import today_slug

Rows = list[dict[str, Any]]


def result_file(result: Result) -> dict[str, Any]:
    """The JSON that is downloaded: the stored result, and where a board measured its numbers beside those of the model and of the host."""
    found = result_json(result)
    both = both_of(found, result.run.submission.assignment.device)
    return found | ({"measured_and_modelled": both} if both else {})


def result_json(result: Result) -> dict[str, Any]:
    """The stored result as one document: what the page, the JSON and the figures are made of."""
    return {
        "report": result.report, "host": result.host, "metrics": result.metrics, "quality": result.quality,
        "points": result.points, "environment": result.environment, "earned": str(result.earned), "of": str(result.of),
    }  # fmt: skip


def metric_rows(result: Result) -> Rows:
    """The metrics with a name, a unit and a basis each, in the order of the result."""
    return [
        {"key": key, "title": words_of_metric(key), "value": value, "unit": unit_of(key), "basis": basis_of(key)}
        for key, value in result.metrics.items()
        if isinstance(value, int | float)
    ]


POINTS_COLUMNS = ("Kind", "Key", "Name", "Value", "Earned", "Of", "Basis", "How")


def points_rows(result: Result) -> list[list[str]]:
    """The points line by line, what each stage of a pipeline takes, then every metric as a plain number: what the CSV at the head of the page holds."""
    rows = [
        ["points", line["key"], line["title"], line["value"], "" if line.get("left_open") else line["earned"], line["of"], line["basis"],
         line.get("left_open") or line["arithmetic"]]
        for line in result.points
    ]  # fmt: skip
    rows.append(["points", "all", "Measured", "", str(result.earned), str(result.of), "", ""])
    device = result.run.submission.assignment.device
    rows += stage_csv(result.environment, device)
    both = both_of(result_json(result), device)
    for key, value in result.metrics.items():
        if isinstance(value, int | float):
            basis = "measured" if "measured" in both.get(key, {}) else ""
            rows.append(
                [
                    "metric",
                    key,
                    key,
                    f"{value:.10g}",
                    "",
                    "",
                    basis,
                    _ends_words(both[key]["measured"]) if basis else "",
                ]
            )
    return rows + [
        [basis, key, key, f"{held['value']:.10g}", "", "", "shown" if basis == "host" else basis, _ends_words(held)]
        for key, sides in both.items()
        for basis, held in sides.items()
        if basis != "measured"
    ]


def _ends_words(held: dict[str, Any]) -> str:
    """on pi4-01, 40.8 to 42"""
    on = f"on {held['on']}" if held.get("on") else ""
    ends = f"{held['from']:.6g} to {held['to']:.6g}" if held["from"] is not None and held["to"] is not None else ""
    return ", ".join(filter(None, [on, ends]))


def figure(run: Run, slug: str, board: str = "") -> Figure:
    """One figure; for the board that was asked for, where it has one. Raises NotHere, BadInput (`unknown_board`)."""
    if not hasattr(run, "result"):
        raise NotHere("There is no such figure of this run.")
    found = figure_of(given_of(run, attempts_of(run) if slug in OF_ATTEMPTS else [], board), slug)
    if found is None:
        raise NotHere("There is no such figure of this run.")
    return found


def given_of(run: Run, attempts: Rows, board: str = "") -> Given:
    assignment = run.submission.assignment
    profiles = profiles_of(assignment.course, with_retired=True)
    slug = today_slug(board)
    if slug and slug not in profiles:
        raise BadInput(f"This course has no board {board[:40]}. Choose one of the list.", code="unknown_board")
    count = getattr(run, "count", None)
    document = result_json(run.result)
    return Given(
        document, assignment.spec, profiles, board=slug, attempts=figure_attempts(attempts),
        instructions=count.counted["per_inference"] if count is not None and count.counted else None,
        grams_per_kwh=assignment.course.fact("budget", "grams_co2_per_kwh", default=0.0), class_of=lambda: class_picture(run),
        calibrations=calibrations_of_result(assignment.course, document),
    )  # fmt: skip


def measured_part(run: Run, mine: Attempts, now: datetime, given: Given, attempts: Rows) -> dict[str, Any]:
    """Computed from what is given; asks nothing but what the figure of the class reads."""
    document, tried = given.result, effects(given)
    over = too_big(given, run.submission.assignment.short)
    return {
        "result": run.result,
        "verdict": {
            "earned": run.result.earned,
            "of": run.result.of,
            "sentence": verdict_sentence(given, by_staff(run), says_fit=over is None),
        },
        "too_big": too_big_part(given, over, mine.words(now), tried) if over else None,
        "left_open": run.result.left_open,
        "graded_by": document["environment"].get("graded_by"),
        "groups": groups_of(document["points"]),
        "extra": extra_words(document["points"]),
        "total": {"earned": run.result.earned, "of": run.result.of},
        "fits": _fits(run, document),
        "help": hints(given, tried),
        "no_help": _no_help(given.lab_costs.verdict, is_full=not any(is_lost(line) for line in document["points"])),
        "figures": figures_of(given.with_class(None)),
        "boards": board_options(given),
        "board_query": f"?board={given.board}" if given.board else "",
        "environment": _environment(run, document),
        "attempts_before": attempts,
        "has_latency": any(row["latency_ms"] is not None for row in attempts),
        "has_inferences": not given.of_steps and with_inferences(attempts, given.lab_costs.verdict),
        "attempts_note": attempts_note(mine.assignment, mine.left),
        "main_head": main_column(given.spec.kind).head,
    }


def _no_help(verdict: dict[str, Any], *, is_full: bool) -> str:
    """Where no change of the graph would help: why it does not fit, if that is it."""
    if is_full:
        return "Nothing is lost."
    reasons = [] if verdict.get("fits", True) else verdict.get("reasons", [])
    return str(reasons[0]) if reasons else "Nothing in the graph stands out; try another architecture."


def by_staff(run: Run) -> float:
    """Points of the assignment that no machine gives."""
    return max(float(run.submission.assignment.points) - float(run.result.of), 0.0)


def verdict_sentence(given: Given, points_by_staff: float, *, says_fit: bool = True) -> str:
    """Fits or not, where points are lost, the largest loss first, and what the staff still give."""
    verdict = given.lab_costs.verdict if says_fit else None
    said = [_fit_sentence(verdict, given.lab_costs.name)] if verdict else []
    lines = given.result["points"]
    lost = sorted(
        ((float(line["of"]) - float(line["earned"]), _within(line["title"])) for line in lines if is_lost(line)),
        reverse=True,
    )
    left = [_within(line["title"]) for line in lines if line.get("left_open")]
    if left:
        said.append(f"The points for {_listed(left)} are left to the staff.")
    if lost:
        parts = [f"{loss:.2f} on {title}" for loss, title in lost[:3]]
        said.append(f"Lost: {_listed(parts)}.")
    else:
        said.append(f"{'Every other' if left else 'Every'} measured point is earned.")
    if points_by_staff:
        said.append(f"The staff grade the other {points_by_staff:.2f} points.")
    return " ".join(said)


def _fit_sentence(verdict: dict[str, Any], name: str) -> str:
    """`why` names what is in the way of a runtime; a model that is only too large has none."""
    if verdict["fits"]:
        return f"It fits the {name}."
    return f"It does not run on the {name}." if verdict["why"] else f"It does not fit the {name}."


def _within(title: str) -> str:
    """A title within a sentence, its per cent sign beside its number."""
    return in_sentence(title).replace(" %", f"{numbers.WHOLE}%")


def _listed(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


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
    if verdict is not None and not verdict["fits"] and verdict["why"]:
        title = f"Does not run on the {name_of(spec.device, verdict, {})}"
    return {"good": good, "title": title, "meters": meters, "how": _how_it_fits(document, verdict)}


def _how_it_fits(document: dict[str, Any], verdict: dict[str, Any] | None) -> str:
    """By which means the answer was got; results of before say nothing."""
    graded_by = document["environment"].get("graded_by")
    if verdict is None or graded_by is None:
        return ""
    if verdict["why"] and not verdict["fits"]:
        return str(verdict["why"])
    word = "Fits" if verdict["fits"] else "Does not fit"
    if graded_by.get("on") == "board":
        return f"{word}, by arithmetic; and it ran on the {graded_by['label']}."
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
        {"label": "Zeros", "value": zeros_words(report)},
        {"label": "Graded by", "value": _graded_by(facts.get("graded_by"))},
        {"label": "Isolation", "value": isolation_words(facts, host)},
        {"label": "Runtime", "value": f"{facts.get('runtime', '')} {facts.get('runtime_version', '')}".strip()},
        {"label": "Python", "value": str(facts.get("python", ""))},
        {"label": "Processor", "value": str(facts.get("cpu", ""))},
        {"label": "Memory of the process", "value": f"{numbers.size(host.get('peak_rss_bytes', 0))} at most, runtime included"},
        {"label": "Worker", "value": f"{run.leased_by}, {numbers.span(run.finished_at - run.started_at)}"
         if run.finished_at and run.started_at else ""},
    ]  # fmt: skip
    return [row for row in [*rows, *counted_rows(run)] if row["value"]]


def isolation_words(facts: Mapping[str, Any], host: Mapping[str, Any]) -> str:
    """What kept the model in: of a run on a board its sandbox there, and not the board's name alone."""
    said, board = str(facts.get("isolation") or host.get("isolation", "")), facts.get("on_board") or {}
    if (facts.get("graded_by") or {}).get("on") == "board" and host.get("isolation"):
        return f"{host['isolation']} on {board.get('runner') or 'the board'}"
    return said


def zeros_words(report: dict[str, Any]) -> str:
    """How many weights are zero, and which of these zeros a device can skip; "" where none is, or the report is older than that."""
    found = report.get("structured")
    if not report.get("sparsity") or found is None:
        return ""
    share, fours, channels = (
        numbers.share(value, 1) for value in (report["sparsity"], found["two_of_four"], found["output_channels"])
    )
    return f"{share} of the weights are zero; {fours} of all lie in the pattern 2 of 4, and {channels} of the output channels are zero as a whole"


def _graded_by(found: dict[str, Any] | None) -> str:
    return f"{found['label']}. {found['reason']}".strip() if found else ""


def counted_rows(run: Run) -> Rows:
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
