"""Two attempts of one owner side by side: what changed, and what it did to the points."""

from typing import Any
from uuid import UUID

from courseplatform.core import numbers
from courseplatform.core.errors import NotHere
from courseplatform.courses.access import Visit
from grading.asks.on_board import measured_board
from grading.layer_changes import LayerTable, layer_table
from grading.models.assignments import Assignment
from grading.models.pieces import Piece
from grading.models.runs import Result
from grading.models.submissions import Submission
from grading.parts import STATEMENT
from grading.ranks.class_numbers import (
    ClassNumbers,
    basis_of,
    is_less_better,
    label_of,
    numbers_of,
    said,
    tolerance_of,
)
from grading.ranks.places import is_tie
from grading.selectors.assignments import Attempt, attempts
from grading.selectors.pipeline_stages import stage_pairs
from grading.spec import METRICS

Row = dict[str, Any]


def compare(visit: Visit, assignment: Assignment, first: str, second: str) -> dict[str, Any]:
    """The two attempts, older first, with what differs. Left out: the active one and the newest other. Raises NotHere for a foreign key."""
    mine = attempts(visit, assignment, _whose(visit, assignment, first))
    older, newer = _pick(mine, first, second)
    context: dict[str, Any] = {"choices": mine, "older": older, "newer": newer}
    if older is None or newer is None:
        return context
    _read_whole(older, newer)
    return context | {
        "same_file": _same_model(older, newer),
        "facts": _facts(older, newer),
        "metrics": _metrics(older, newer),
        "points": _points(older, newer),
        "total": _total(older, newer),
        "layers": _layers(older, newer),
        "sentence": _sentence(older, newer),
    }


def _whose(visit: Visit, assignment: Assignment, first: str) -> Any:
    """Staff compare the attempts of whoever handed in the first one."""
    if not visit.is_staff or not first:
        return None
    found = (
        Submission.objects.visible_to(visit)
        .filter(assignment=assignment, pk=_key(first))
        .select_related("person")
        .first()
    )
    if found is None:
        raise NotHere("There is no such attempt.")
    return found.person


def _key(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as error:
        raise NotHere("There is no such attempt, or it is not yours.") from error


def _pick(mine: list[Attempt], first: str, second: str) -> tuple[Attempt | None, Attempt | None]:
    by_key = {attempt.submission.pk: attempt for attempt in mine}
    chosen = [by_key.get(_key(text)) for text in (first, second) if text]
    if None in chosen:
        raise NotHere("There is no such attempt, or it is not yours.")
    active = next((attempt for attempt in mine if attempt.is_active), None)
    for candidate in (active, *mine):
        if len(chosen) < 2 and candidate is not None and candidate not in chosen:
            chosen.append(candidate)
    if len(chosen) < 2 or chosen[0] is chosen[1]:
        return (chosen[0] if chosen else None), None
    older, newer = sorted((one for one in chosen if one is not None), key=lambda one: one.handed_in_at)[:2]
    return older, newer


def _read_whole(*attempts: Attempt | None) -> None:
    """The two results with their reports and metrics, which the list of attempts does without. One query."""
    runs = [one.run for one in attempts if one is not None and one.run is not None and hasattr(one.run, "result")]
    whole = Result.objects.in_bulk([run.result.pk for run in runs])
    for run in runs:
        run.result = whole[run.result.pk]


def _facts(older: Attempt, newer: Attempt) -> list[Row]:
    def of(attempt: Attempt) -> list[str]:
        row, model = attempt.submission, attempt.submission.model
        if model is None:
            return [row.person.name, row.file_name or "none", row.format or "–", "–"]
        return [row.person.name, model.file_name, model.format, numbers.size(model.size_bytes)]

    labels = ["Handed in by", "Model", "Format", "Size"]
    sides = [of(older), of(newer)]
    for part in older.submission.assignment.all_parts:
        if part.is_model or part.kind == STATEMENT:
            continue
        labels.append(part.title)
        for side, attempt in zip(sides, (older, newer), strict=True):
            side.append(_pieces_words([piece for piece in attempt.submission.pieces.all() if piece.part == part.key]))
    rows = zip(labels, *sides, strict=True)
    return [{"label": label, "older": a, "newer": b, "differs": a != b} for label, a, b in rows]


def _pieces_words(pieces: list[Piece]) -> str:
    """What of a part was handed in, so that two that differ read differently."""
    said = [f"{piece.file_name or 'written'}, {piece.sha256[:8]}" for piece in pieces]
    return said[0] if len(said) == 1 else f"{len(said)} models" if said else "none"


def _result(attempt: Attempt) -> Any:
    return getattr(attempt.run, "result", None) if attempt.run is not None else None


def _numbers(attempt: Attempt) -> ClassNumbers | None:
    result = _result(attempt)
    if result is None:
        return None
    held = {
        "metrics": result.metrics,
        "quality": result.quality,
        "environment": result.environment,
        "earned": result.earned,
    }
    return numbers_of(held, attempt.submission.assignment.device)


def _metrics(older: Attempt, newer: Attempt) -> list[Row]:
    """What both have, and whether the newer is better by more than a tie. A latency of another kind is told beside, and not judged."""
    one, other = _numbers(older), _numbers(newer)
    if one is None or other is None:
        return []
    rows = []
    for metric in METRICS:
        a, b = one.value(metric), other.value(metric)
        if a is None or b is None:
            continue
        row = {
            "label": label_of(metric),
            "older": said(metric, a),
            "newer": said(metric, b),
            "basis": basis_of(metric, other.kind),
        }
        if one.kind_for(metric) != other.kind_for(metric):
            rows.append(row | _of_two_kinds(metric, one, other))
        else:
            rows.append(row | _change(metric, a, b))
    return rows + _modelled_beside(older, newer) + _stages(older, newer)


def _of_two_kinds(metric: str, one: ClassNumbers, other: ClassNumbers) -> Row:
    """Measured and modelled, or of two runtimes: told beside each other with what each is, and not judged."""
    bases = basis_of(metric, one.kind), basis_of(metric, other.kind)
    if bases[0] == bases[1]:
        return {"change": "another runtime or device", "tone": "neutral"}
    return {"older_basis": bases[0], "change": f"{bases[0]} and {bases[1]}: not compared", "tone": "neutral"}


def _modelled_beside(older: Attempt, newer: Attempt) -> list[Row]:
    """What is modelled of both, where a board measured one of them: that can be compared."""
    device = older.submission.assignment.device
    environments = [_result(attempt).environment for attempt in (older, newer)]
    if not any(measured_board(environment, device) for environment in environments):
        return []
    verdicts = [(environment.get("devices") or {}).get(device) or {} for environment in environments]
    same = len({(verdict.get("runtime"), verdict.get("threads")) for verdict in verdicts}) == 1
    rows = []
    for metric in ("latency_ms", "energy_mj"):
        a, b = (verdict.get(metric) for verdict in verdicts)
        if a and b:
            change = _change(metric, a, b) if same else {"change": "another runtime", "tone": "neutral"}
            rows.append(
                {
                    "label": f"{label_of(metric)}, modelled",
                    "older": said(metric, a),
                    "newer": said(metric, b),
                    "basis": "modelled",
                    **change,
                }
            )
    return rows


def _stages(older: Attempt, newer: Attempt) -> list[Row]:
    """The same of each stage, where both are pipelines."""
    device = older.submission.assignment.device
    pairs = stage_pairs(_result(older).environment, _result(newer).environment, device)
    return [
        {"label": label, "older": said(metric, a), "newer": said(metric, b), "basis": basis, **_change(metric, a, b)}
        for label, metric, basis, a, b in pairs
    ]


def _change(metric: str, a: float, b: float) -> Row:
    """The change in words, and whether it is one for the better: never told by colour alone."""
    if a == b:
        return {"change": "the same", "tone": "neutral"}
    less = is_less_better(metric)
    best, worst = (min(a, b), max(a, b)) if less else (max(a, b), min(a, b))
    if is_tie(best, worst, tolerance_of(metric), is_less_better=less):
        return {"change": "less than 5 %, a tie", "tone": "neutral"}
    tone = "good" if (b < a) == less else "warn"
    if METRICS[metric][0] == "share":
        return {"change": f"{100 * (b - a):+.1f} points of %", "tone": tone}
    if not a:
        return {"change": "from nothing", "tone": tone}
    ratio = b / a
    words = f"{100 * (ratio - 1):+.0f} %" if 0.5 <= ratio <= 2 else f"x {ratio:.2g}"
    return {"change": words, "tone": tone}


def _layers(older: Attempt, newer: Attempt) -> LayerTable | None:
    one, other = _result(older), _result(newer)
    if one is None or other is None or _same_model(older, newer):
        return None
    return layer_table(one.report, other.report)


def _total(older: Attempt, newer: Attempt) -> Row | None:
    if older.earned is None or newer.earned is None:
        return None
    gained = newer.earned - older.earned
    return {
        "change": f"{gained:+.2f}" if gained else "",
        "tone": "good" if gained > 0 else "warn" if gained < 0 else "neutral",
    }


def _points(older: Attempt, newer: Attempt) -> list[Row]:
    """Criterion by criterion; one that only one of them knows (the lab changed between) shows a dash on the other side."""
    sides = [{line["key"]: line for line in getattr(_result(attempt), "points", [])} for attempt in (older, newer)]
    rows = []
    for key in dict.fromkeys([*sides[0], *sides[1]]):
        a, b = (side.get(key) for side in sides)
        line = b or a or {}
        gained = float(b["earned"]) - float(a["earned"]) if a and b else 0.0
        rows.append(
            {
                "label": line["title"] + (", extra credit" if line.get("bonus") else ""),
                "older": a and a["earned"], "newer": b and b["earned"], "of": line["of"],
                "change": f"{gained:+.2f}" if gained else "", "tone": "good" if gained > 0 else "warn" if gained < 0 else "neutral",
            }
        )  # fmt: skip
    return rows


def _same_model(older: Attempt, newer: Attempt) -> bool:
    one, other = older.submission.model, newer.submission.model
    return one is not None and other is not None and one.sha256 == other.sha256


def _sentence(older: Attempt, newer: Attempt) -> str:
    if older.submission.model is None and newer.submission.model is None:
        return "No model came with either: they differ in their parts."
    if _same_model(older, newer):
        return "Both attempts have the same model, byte by byte."
    if older.earned is None or newer.earned is None:
        unmeasured = older if older.earned is None else newer
        return f"Attempt {unmeasured.number} has no result, so only the files can be compared."
    gained = newer.earned - older.earned
    if not gained:
        return f"Both have {newer.earned:.2f} points."
    return f"Attempt {newer.number} has {abs(gained):.2f} points {'more' if gained > 0 else 'less'} than attempt {older.number}."
