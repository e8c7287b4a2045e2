"""Whether a hidden set is one on which a spec can measure. Pure: what the set holds was read when it came."""

from collections.abc import Iterator, Mapping
from typing import Any

from grading.ml_tasks.registry import task_of
from grading.spec import BenchSpec

# What hardware/ondevice/rehearsal.py takes of answers from a sandbox, which is not imported here: it needs numpy.
MOST_ANSWER_BYTES, COPIES = 32 << 20, 64


def misfits(spec: BenchSpec, facts: Mapping[str, Any]) -> list[str]:
    """Sentences; empty where it fits, or where nobody looked up what the set holds."""
    if not facts:
        return []
    if not spec.is_scored:
        return list(_of_inputs(spec, facts))
    kind = task_of(facts)
    if kind.name != spec.task:
        return [f"The labels of the hidden set are for {kind.name}, and the lab's task is {spec.task}."]
    return [
        *_of_inputs(spec, facts),
        *kind.misfits(spec.options, facts),
        *_of_criteria(spec, facts),
        *_of_answers(spec, facts),
    ]


def _of_inputs(spec: BenchSpec, facts: Mapping[str, Any]) -> Iterator[str]:
    shape, first = tuple(facts["shape"]), spec.input.first
    if shape != first:
        yield f"The hidden set holds inputs of {_times(shape)}, and the first layout asks for {_times(first)}."
    dtype = facts.get("dtype", "float32")
    if dtype != spec.input.dtype:
        yield f"The hidden set holds {dtype}, and the lab says {spec.input.dtype} (`dtype` of its input)."
    if facts["low"] < spec.input.low or facts["high"] > spec.input.high:
        yield (
            f"The hidden set holds values from {facts['low']:g} to {facts['high']:g}; the lab says {spec.input.low:g} to {spec.input.high:g}."
        )


def _of_criteria(spec: BenchSpec, facts: Mapping[str, Any]) -> Iterator[str]:
    for metric in dict.fromkeys(criterion.metric for criterion in spec.criteria if criterion.metric):
        if said := spec.kind.needs(metric, facts):
            yield said


def _of_answers(spec: BenchSpec, facts: Mapping[str, Any]) -> Iterator[str]:
    count = facts.get("count", 0)
    size = 4 * spec.output.numbers * (count + min(COPIES, count))
    if size > MOST_ANSWER_BYTES:
        yield (
            f"The answers to {count} inputs of {spec.output.numbers} numbers each come to {size / (1 << 20):.0f} MiB, and at most "
            f"{MOST_ANSWER_BYTES >> 20} are taken. Send fewer inputs, or ask for smaller answers."
        )


def _times(shape: tuple[int, ...]) -> str:
    return "×".join(map(str, shape))
