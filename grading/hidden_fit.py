"""Whether a hidden set is one on which a spec can measure. Pure: what the set holds was read when it came."""

from collections.abc import Mapping
from typing import Any

from grading.spec import BenchSpec


def misfits(spec: BenchSpec, facts: Mapping[str, Any]) -> list[str]:
    """Sentences; empty where it fits, or where nobody looked up what the set holds."""
    if not facts:
        return []
    found, shape = [], tuple(facts["shape"])
    first = next(iter(spec.input.shapes.values()))[1:]
    if shape != first:
        found.append(f"The hidden set holds inputs of {_times(shape)}, and the first layout asks for {_times(first)}.")
    if facts["classes"] > len(spec.classes):
        found.append(
            f"The hidden set has labels up to {facts['classes'] - 1}, and {len(spec.classes)} classes are named."
        )
    if facts["low"] < spec.input.low or facts["high"] > spec.input.high:
        found.append(
            f"The hidden set holds values from {facts['low']:g} to {facts['high']:g}; the lab says {spec.input.low:g} to {spec.input.high:g}."
        )
    return found


def _times(shape: tuple[int, ...]) -> str:
    return "×".join(map(str, shape))
