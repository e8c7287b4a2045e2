"""What the page of a lab says of the stages of a pipeline: how their files are called, and what each is given."""

from typing import Any

from grading.bench.formats import ENDINGS
from grading.models.assignments import Assignment
from grading.spec import BenchSpec, Stage


def stage_limits(assignment: Assignment) -> dict[str, Any]:
    """For the upload field, in the words of the server; nothing where the lab takes one model."""
    spec = assignment.spec
    if not spec.pipeline:
        return {}
    endings = [f".{ending}" for ending, found in ENDINGS.items() if found in spec.formats]
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
