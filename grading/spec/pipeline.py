"""The key `pipeline` of a spec: several models in a row, each a stage, handed in together."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from grading.spec.reader import Reader, SpecError

LEAST_STAGES, MOST_STAGES, MOST_CALLS = 2, 8, 16
KEY = re.compile(r"[a-z][a-z0-9_-]{0,29}", re.ASCII)
PREVIOUS, OWN = "previous", "own"
FEEDS = (PREVIOUS, OWN)


@dataclass(frozen=True)
class Stage:
    """One model of a pipeline.

    key: the name of its file without its ending. calls: how often it runs for one input of the pipeline.
    feeds: previous: it is given what the stage before answers, in equal parts where it runs several times and side by side where that one
    does. own: something that is not
    here (a crop, a decoder) lies between, so it is measured on made-up numbers. The first stage is given the lab's inputs.
    shapes: layout -> shape with batch, what an `own` stage has to take; empty: whatever its model takes.
    """

    key: str
    title: str
    calls: int = 1
    feeds: str = PREVIOUS
    shapes: Mapping[str, tuple[int, ...]] | None = None

    @property
    def is_fed(self) -> bool:
        return self.feeds == PREVIOUS


def read_pipeline(raw: Any) -> tuple[Stage, ...]:
    """[{key, title, calls, feeds, input}], in the order in which they run. Raises SpecError."""
    place = "spec.pipeline"
    if not isinstance(raw, list | tuple):
        raise SpecError(f"{place}: expected a list of stages, got {raw!r}.")
    if not LEAST_STAGES <= len(raw) <= MOST_STAGES:
        raise SpecError(f"{place}: a pipeline has {LEAST_STAGES} to {MOST_STAGES} stages, and this one has {len(raw)}.")
    stages = tuple(_stage(item, f"{place}[{n}]", is_first=n == 0) for n, item in enumerate(raw))
    if twice := [stage.key for n, stage in enumerate(stages) if stage.key in {one.key for one in stages[:n]}]:
        raise SpecError(f"{place}: two stages are called {twice[0]}.")
    return stages


def usual_title(key: str) -> str:
    return key.replace("-", " ").replace("_", " ").capitalize()


def _stage(raw: Any, place: str, *, is_first: bool) -> Stage:
    reader = Reader(raw, place)
    key = reader.text("key")
    if not KEY.fullmatch(key):
        said = "a key is up to 30 small letters, digits, _ and -, and begins with a letter, such as detect."
        raise SpecError(f"{place}.key: {key[:60]!r}: {said}")
    found = Stage(
        key=key,
        title=reader.text("title", usual_title(key)),
        calls=reader.whole("calls", 1),
        feeds=reader.choice("feeds", FEEDS, PREVIOUS),
        shapes=_shapes(reader),
    )
    reader.done("input")
    if not found.title.strip() or len(found.title) > 60:
        raise SpecError(f"{place}.title: give a title of up to 60 letters.")
    if not 1 <= found.calls <= MOST_CALLS:
        raise SpecError(f"{place}.calls: give a whole number from 1 to {MOST_CALLS}.")
    if is_first and not (found.is_fed and found.calls == 1 and found.shapes is None):
        raise SpecError(
            f"{place}: the first stage is given the lab's inputs, once each. Leave out calls, feeds and input."
        )
    if found.is_fed and found.shapes is not None:
        raise SpecError(
            f"{place}.input: this stage takes what the one before answers. Say `feeds: own`, or leave out input."
        )
    return found


def _shapes(reader: Reader) -> dict[str, tuple[int, ...]] | None:
    if "input" not in reader.raw:
        return None
    source = reader.sub("input").sub("shapes")
    found = {str(name): source.whole_numbers(str(name)) for name in source.raw}
    reader.sub("input").done("shapes")
    if not found:
        raise SpecError(f"{reader.place}.input.shapes: give at least one layout with its shape.")
    return found


def wrong_pipeline(stages: tuple[Stage, ...], asked: Mapping[int, list[str]], *, trains: bool) -> Iterator[str]:
    """Sentences that begin with the place.

    Args:
        asked: criterion -> those of its metrics that come from a model's answers. trains: whether the spec looks at training.
    """
    if not stages:
        return
    if trains:
        yield "spec.training: a pipeline has no update step of its own. Take training or pipeline away."
    apart = next((stage for stage in stages if not stage.is_fed), None)
    if apart is None and stages[-1].calls > 1:
        yield "spec.pipeline: the last stage answers for the whole pipeline, so it runs once. Leave out its calls."
    if apart is None:
        return
    for n, metrics in asked.items():
        if metrics:
            yield (
                f"criteria[{n}].metric: {metrics[0]} comes from answers, and the stage {apart.key} is measured on made-up numbers "
                "(`feeds: own`), so the pipeline answers nothing. Take the criterion away, or let every stage feed the next."
            )
