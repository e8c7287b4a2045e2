"""Baselines: models that a lab compares with, and limits that are counted from their numbers."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from grading.spec.reader import Reader, SpecError, plain_number

MOST_BASELINES = 20
NAME = re.compile(r"[A-Za-z][\w-]{0,39}", re.ASCII)


@dataclass(frozen=True)
class Baseline:
    """A model to compare with. title: as it stands in sentences. source: where its numbers come from. metrics: by name, in their units."""

    title: str
    source: str
    metrics: Mapping[str, float]


@dataclass(frozen=True)
class Origin:
    """Where a limit comes from that is no number by itself: times x (value of the baseline) + plus."""

    title: str
    value: float
    times: float = 1.0
    plus: float = 0.0


Baselines = Mapping[str, Baseline]


def read_baselines(top: Reader, known: Mapping[str, Any]) -> dict[str, Baseline]:
    """`baselines` of a spec, by name. known: the metrics that exist. Raises SpecError."""
    if "baselines" not in top.raw:
        return {}
    source = top.sub("baselines")
    if len(source.raw) > MOST_BASELINES:
        raise SpecError(f"spec.baselines: at most {MOST_BASELINES} baselines.")
    for name in source.raw:
        if not isinstance(name, str) or not NAME.fullmatch(name):
            said = "a name is up to 40 letters, digits, _ and -, and begins with a letter, such as reference."
            raise SpecError(f"spec.baselines: {str(name)[:60]!r}: {said}")
    return {name: _baseline(source.sub(name), known) for name in source.raw}


def _baseline(reader: Reader, known: Mapping[str, Any]) -> Baseline:
    if "submission" in reader.raw:
        said = "a baseline holds plain numbers; give them in `metrics`. The form takes them from a measured run."
        raise SpecError(f"{reader.place}.submission: {said}")
    numbers = reader.sub("metrics")
    if not numbers.raw:
        raise SpecError(f"{reader.place}.metrics: give at least one number, such as {{accuracy: 0.91}}.")
    if unknown := [str(name) for name in numbers.raw if name not in known]:
        raise SpecError(f"{reader.place}.metrics.{unknown[0]}: known metrics are {', '.join(known)}.")
    found = Baseline(
        title=reader.text("title"),
        source=reader.text("source", ""),
        metrics={name: numbers.number(name) for name in numbers.raw},
    )
    reader.done()
    return found


def read_limit(reader: Reader, key: str, metric: str, baselines: Baselines) -> tuple[float, Origin | None]:
    """A limit of a rule: a number, or {baseline: reference, times: 0.5, plus: 0} in its place. Raises SpecError."""
    if key not in reader.raw:
        raise SpecError(f"{reader.place}.{key}: missing.")
    return limit_of(reader.raw[key], f"{reader.place}.{key}", metric, baselines)


def limit_of(raw: Any, place: str, metric: str, baselines: Baselines) -> tuple[float, Origin | None]:
    """The limit as a number, and where it comes from. Raises SpecError."""
    if not isinstance(raw, Mapping):
        return plain_number(raw, place), None
    reader = Reader(raw, place)
    name = reader.text("baseline")
    times, plus = reader.number("times", 1.0), reader.number("plus", 0.0)
    reader.done()
    if name not in baselines:
        said = f"known baselines are {', '.join(baselines)}." if baselines else "the spec has no `baselines`."
        raise SpecError(f"{place}.baseline: {name} is none of this lab; {said}")
    found = baselines[name]
    if metric not in found.metrics:
        raise SpecError(f"{place}.baseline: {name} has no {metric}; give it in spec.baselines.{name}.metrics.")
    # To twelve digits: 0.1 x 3 is 0.3 for a person.
    value = float(f"{found.metrics[metric] * times + plus:.12g}")
    return plain_number(value, place), Origin(found.title, found.metrics[metric], times, plus)
