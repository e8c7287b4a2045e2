"""The page of a family in words and rows: the verdict, what the lab asks, the table, and the form in which variants are named."""

from collections.abc import Mapping, Sequence
from typing import Any

from courseplatform.core import numbers
from grading.bench.fit import SPELLED
from grading.families import words
from grading.families.front import Family
from grading.families.labels import head_of, is_input, listed, said_labels
from grading.families.plots import HEIGHT, plots_of
from grading.families.sides import sides_of
from grading.handing_in.hand_in_rules import counting_attempt, missing_of, pieces_of
from grading.models.assignments import Assignment
from grading.parts import Part
from grading.selectors.desk import limits_of
from grading.selectors.family import Row, Whose, family_among, family_rows, part_of, progress


def page(assignment: Assignment, seen: Whose) -> dict[str, Any]:
    part = part_of(assignment)
    rows = family_rows(seen.pieces, part)
    family = family_among(rows, part)
    place = {one.key: n for n, one in enumerate(family.variants)}
    rows.sort(key=lambda row: place.get(str(row.piece.pk), len(place)))
    title, sentence = words.verdict(family)
    open_rows = [row for row in rows if row.state in {"waiting", "running"}]
    return {
        "assignment": assignment,
        "part": part,
        "seen": seen,
        "query": seen.query,
        "rows": rows,
        "verdict": {"title": title, "sentence": sentence},
        "chosen_words": _chosen_words(family),
        "about": _about(rows, family, part),
        "plots": plots_of(family),
        "plot_height": HEIGHT,
        "groups": [(n, name) for n, name in enumerate(family.groups()) if name],
        "table": _table(family),
        "head": head_of(part.vary),
        "family": family,
        "note": _note(family, rows),
        "asks": _asks(assignment, part, seen, rows, family),
        "progress": progress(rows),
        "is_open": bool(open_rows),
        "troubled": [row for row in rows if row.state in {"refused", "ours", "held"}],
        "sizes": sides_of(assignment.spec.input.shapes, part.sizes),
        "limits": limits_of(assignment, part),
        "host": _host(rows),
        "saved_at": max((piece.saved_at for piece in seen.pieces), default=None),
    }


def _chosen_words(family: Family) -> str:
    """What its owner chose, where that is not the knee."""
    chosen, found = family.chosen, family.knee
    if chosen is None or not chosen.is_chosen or chosen is found:
        return ""
    return f"Chosen is {chosen.full_title}: {chosen.scored.said(chosen.score)} in {words.time_amount(family, chosen.p50_ms)}."


def _about(rows: Sequence[Row], family: Family, part: Part) -> str:
    """All twelve are ONNX files: depth 1 to 3, width 8 to 128, input 4 × 4 or 8 × 8."""
    if not family.variants:
        return ""
    formats = sorted({SPELLED.get(one.format, one.format) for one in family.variants})
    count = len(family.variants)
    of = {1: "The one variant", 2: "Both"}.get(count, f"All {words.in_words(count)}")
    parts = []
    for label in part.vary:
        values = sorted(
            {one.size if is_input(label) else one.labels.get(label, "") for one in family.variants} - {""},
            key=_by_number,
        )
        if values:
            parts.append(f"{label} {listed(values)}")
    if count == 1:
        kinds = f"{of} is of the format {formats[0]}"
    else:
        kinds = f"{of} are {formats[0]} files" if len(formats) == 1 else f"They are {listed(formats)} files"
    return f"{kinds}{': ' if parts else ''}{'; '.join(parts)}." if count == len(rows) or count > 1 else ""


def _by_number(value: str) -> tuple[float, str]:
    head = value.split(" ", maxsplit=1)[0]
    return (float(head) if head.replace(".", "", 1).isdigit() else float("inf"), value)


def _table(family: Family) -> list[dict[str, Any]]:
    slowest = max((one.p50_ms for one in family.variants), default=0.0)
    unit, _ = family.time_unit
    group_of = {one.key: n for n, members in enumerate(family.groups().values()) for one in members}
    return [
        {
            "key": one.key, "group": group_of[one.key], "title": one.title, "name": one.name, "size": one.size,
            "params": numbers.count(one.params), "weights": numbers.digits(one.weight_bytes / 1024), "flops": numbers.digits(one.flops / 1e3),
            "latency": numbers.digits(one.p50_ms / unit), "latency_share": one.p50_ms / slowest if slowest else 0.0,
            "latency_ends": f"({numbers.digits(one.fast_ms / unit, 2)}–{numbers.digits(one.slow_ms / unit, 2)})",
            "score": one.scored.bare(one.score), "score_ends": f"({one.scored.bare(one.low)}–{one.scored.bare(one.high)})",
            "by_flops": one in family.by_flops, "by_time": one in family.by_time, "is_knee": one is family.knee,
            "is_chosen": one.is_chosen, "is_marked": one is family.chosen,
        }
        for one in family.variants
    ]  # fmt: skip


def _asks(assignment: Assignment, part: Part, seen: Whose, rows: Sequence[Row], family: Family) -> list[dict[str, Any]]:
    """What the lab asks, with what is there: variants, what varies, plots, and the other parts of the work."""
    least = f"{words.in_words(part.least).capitalize()} variants or more"
    asked: list[dict[str, Any]] = [{"ok": len(rows) >= part.least, "label": least, "value": str(len(rows))}]
    if part.vary:
        counts = family.counts()
        said = listed(list(part.vary))
        asked.append({
            "ok": all(count > 1 for count in counts.values()), "label": f"{said[:1].upper()}{said[1:]} {'varies' if len(part.vary) == 1 else 'vary'}",
            "value": ", ".join(str(counts[label]) for label in part.vary),
        })  # fmt: skip
    asked.append(
        {
            "ok": len(family.variants) > 1,
            "label": "Three plots",
            "value": "below" if len(family.variants) > 1 else "to come",
        }
    )
    if seen.attempt is not None:
        return asked
    pieces = pieces_of(owner=seen.owner, assignment=assignment)
    missing = {one.key for one in missing_of(owner=seen.owner, assignment=assignment, pieces=pieces)}
    url = assignment.get_absolute_url()
    for other in assignment.all_parts:
        if other.key == part.key or other.is_model or (other.key not in missing and not other.is_required):
            continue
        is_here = other.key not in missing
        asked.append({"ok": is_here, "label": other.title, "value": "here" if is_here else "missing",
                      "url": "" if is_here or not seen.may_edit else f"{url}#part-{other.key}"})  # fmt: skip
    if assignment.takes_model:
        has = counting_attempt(owner=seen.owner, assignment=assignment) is not None
        asked.append({"ok": has, "label": "A model, for points", "value": "handed in" if has else "missing",
                      "url": "" if has or not seen.may_edit else url})  # fmt: skip
    return asked


def _note(family: Family, rows: Sequence[Row]) -> str:
    if not family.variants:
        return ""
    said = words.told_apart_note(family)
    facts = [row.run.measured["environment"] for row in rows if row.variant is not None and row.run is not None]
    if len({fact.get("runtime") for fact in facts}) > 1:
        said += " The times come from several runtimes, so they compare the runtimes too."
    return said


def _host(rows: Sequence[Row]) -> list[str]:
    """What the times were taken with: where it differs from one variant to the next, each way is named."""
    facts = [row.run.measured["environment"] for row in rows if row.variant is not None and row.run is not None]
    runtimes = sorted({f"{fact.get('runtime', '')} {fact.get('runtime_version', '')}".strip() for fact in facts})
    threads = sorted(
        {f"{fact['threads']} thread{'' if fact['threads'] == 1 else 's'}" for fact in facts if "threads" in fact}
    )
    return [word for word in (*runtimes, *threads, *sorted({str(fact.get("cpu", "")) for fact in facts})) if word]


def form_rows(rows: Sequence[Row], part: Part, typed: Mapping[str, str] | None = None) -> list[dict[str, Any]]:
    """The form in which variants are named: what stands, or after a refusal what was typed."""
    labels = said_labels(part.vary)
    made = []
    for row in rows:
        key, said = str(row.piece.pk), row.piece.data
        values = {"name": row.name, **{label: said.get("labels", {}).get(label, "") for label in labels}}
        if typed is not None:
            values = {name: typed.get(f"{key}:{name}", value) for name, value in values.items()}
        made.append(
            {
                "key": key,
                "file_name": row.piece.file_name,
                "fields": [{"name": f"{key}:{name}", "label": name, "value": value} for name, value in values.items()],
                "is_chosen": typed.get("chosen") == key if typed is not None else bool(said.get("chosen")),
            }
        )
    return made
