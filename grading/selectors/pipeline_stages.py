"""The stages of a pipeline on pages: how their files are called and what each is given, and what each takes beside another attempt's."""

from collections.abc import Iterator, Mapping
from typing import Any

from grading.bench.formats import ENDINGS
from grading.figures.board_rows import verdicts_of
from grading.models.assignments import Assignment
from grading.spec import BenchSpec, Stage


def stage_limits(assignment: Assignment) -> dict[str, Any]:
    """For the upload field, in the words of the server; nothing where the lab takes one model."""
    spec = assignment.spec
    if not spec.pipeline:
        return {}
    endings = [f".{ending}" for kind in spec.formats for ending, found in ENDINGS.items() if found == kind]
    keys = ", ".join(stage.key for stage in spec.pipeline)
    return {
        "stages": [
            {"key": stage.key, "title": stage.title, "words": given_words(spec, number), "names": f"{stage.key}{endings[0]}"}
            for number, stage in enumerate(spec.pipeline)
        ],
        "stages_name": f"{assignment.slug}.zip",
        "stage_endings": " ".join(endings),
        "unknown_stage_words": f"{{name}} is the model of no stage. The stages are {keys}: each file is called as its stage.",
        "wrong_stage_words": f"{{name}} does not end as a model of this lab does: it takes {', '.join(endings)}.",
        "checked_words": "that the zip holds one model for each stage, that each opens and takes what it is given; "
                         "a pipeline that fails this check does not count as an attempt",
    }  # fmt: skip


def given_words(spec: BenchSpec, number: int) -> str:
    """What a stage is given, how often."""
    stage = spec.pipeline[number]
    if number == 0:
        return f"is given {_times(spec.input.shapes.values())}"
    often = f", {stage.calls} times for each input" if stage.calls > 1 else ""
    if stage.is_fed:
        parts = " in equal parts" if stage.calls > 1 else ""
        return f"is given what {spec.pipeline[number - 1].title} answers{parts}{often}"
    given = _times(stage.shapes.values()) if stage.shapes else "its own input"
    return f"is measured on made-up numbers, {given}{often}"


def stages_words(stages: tuple[Stage, ...]) -> str:
    """Detect, then Landmarks (2 times), then Gaze."""
    return ", then ".join(f"{one.title} ({one.calls} times)" if one.calls > 1 else one.title for one in stages)


def _times(shapes: Any) -> str:
    return " or ".join("×".join(map(str, shape)) for shape in shapes)


# What is told of a stage with all its calls: name of the metric -> words. The first two are of one board.
OF_STAGES = {"latency_ms": "latency", "energy_mj": "energy", "macs": "work", "bytes": "file"}
BASES = {"latency_ms": "modelled", "energy_mj": "modelled"}


def stage_numbers(environment: Mapping[str, Any], device: str) -> dict[str, dict[str, float]]:
    """Title of each stage -> its numbers by OF_STAGES, as far as a result has them; empty for a result of one model."""
    there = {row["key"]: row for row in verdicts_of(environment).get(device, {}).get("stages", [])}
    found: dict[str, dict[str, float]] = {}
    for stage in environment.get("stages", []):
        row = there.get(stage["key"], {})
        values = {
            "latency_ms": row.get("latency_ms"), "energy_mj": row.get("energy_mj"), "macs": stage["calls"] * stage["macs"], "bytes": stage["bytes"],
        }  # fmt: skip
        found[stage["title"]] = {name: float(value) for name, value in values.items() if value is not None}
    return found


def stage_pairs(
    older: Mapping[str, Any], newer: Mapping[str, Any], device: str
) -> Iterator[tuple[str, str, str, float, float]]:
    """(words, metric, basis, before, after) of what both environments say of a stage of the same title."""
    one, other = stage_numbers(older, device), stage_numbers(newer, device)
    for title, values in other.items():
        for name, after in values.items():
            if (before := one.get(title, {}).get(name)) is not None:
                metric = "model_bytes" if name == "bytes" else name
                yield f"{title}: {OF_STAGES[name]}", metric, BASES.get(name, "counted"), before, after


def stage_csv(environment: Mapping[str, Any], device: str) -> list[list[str]]:
    """Rows below the points of a result: kind, key, name, value, and the basis; numbers are plain."""
    keys = {stage["title"]: stage["key"] for stage in environment.get("stages", [])}
    return [
        ["stage", keys[title], f"{title}: {OF_STAGES[name]}", f"{value:.10g}", "", "", BASES.get(name, "counted"), name]
        for title, values in stage_numbers(environment, device).items()
        for name, value in values.items()
    ]
