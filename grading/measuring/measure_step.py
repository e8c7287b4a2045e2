"""A training step from file to metrics: the hidden set is cut in two, and only the part that is trained with enters with its labels."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from grading.bench import suspicions
from grading.bench.errors import BenchError
from grading.bench.measurement import HostTiming, Measurement
from grading.bench.report import Report
from grading.bench.sandbox import Limits, Sandbox
from grading.bench.training_run import Given, train
from grading.measuring.lab_inputs import Shown, arrange_inputs, normalise_inputs, shown_inputs
from grading.measuring.scored import scored
from grading.ml_tasks.scoring.base import Scored, answers_of, scorer_of
from grading.ml_tasks.scoring.training_step import with_training
from grading.ml_tasks.training_step import is_untaught
from grading.spec import BenchSpec


@dataclass(frozen=True)
class Found:
    """What a file is worth. found: what looks wrong, for the staff. on_host: times of this machine, where those of the measurement are a board's."""

    measurement: Measurement
    quality: Scored
    found: list[dict[str, Any]]
    on_host: HostTiming | None = None


@dataclass(frozen=True)
class Parts:
    """A hidden set made ready for a step. given: what the sandbox gets. shown: the held-out inputs. held_labels: theirs, which stay outside."""

    given: Given
    shown: Shown
    held_labels: Path


def parts_for(
    model: Path, spec: BenchSpec, layout: str, *, inputs: Path, labels: Path | None, folder: Path, seed: int
) -> Parts:
    """Cut the hidden set in two and write both parts as the step takes them, to `folder`. Raises BenchError."""
    parts = cut(inputs, labels, spec.options.train, folder)
    given = normalise_inputs(
        arrange_inputs(parts["train"], spec, layout, folder / "train-arranged.npy"), spec, layout, folder / "train-given.npy"
    )  # fmt: skip
    shown = shown_inputs(model, parts["held"], spec, layout, folder, seed)
    whole = Given(given, parts["train_labels"], shown.inputs.path, spec.options.steps, spec.output.numbers, seed)
    return Parts(whole, shown, parts["held_labels"])


def step_measured(
    model: Path, report: Report, spec: BenchSpec, layout: str, *, inputs: Path, labels: Path | None, folder: Path, sandbox: Sandbox,
    seed: int, limits: Limits, on_progress: Callable[[str, int, int], None], windows: int = 1,
) -> Found:  # fmt: skip
    """Train, and score what was learned.

    Args:
        inputs, labels: .npy of the hidden set: the training set first, the held-out inputs after it. folder: where their parts may lie.
        windows: processes that time the step, see grading/bench/training_run.py.

    Raises BenchError, with the outcome it means for the run.
    """
    parts = parts_for(model, spec, layout, inputs=inputs, labels=labels, folder=folder, seed=seed)
    shown = parts.shown
    trained = train(
        model, report, parts.given, sandbox=sandbox, on_progress=on_progress, limits=limits, windows=windows
    )
    on_progress("points", 0, 0)
    after, alike = scored(spec, shown.inputs, trained.answers["after"], parts.held_labels)
    truth = scorer_of(spec.task).read(parts.held_labels, spec.options, shown.inputs.count)
    answers = {
        state: answers_of(rows, spec.output.numbers)[: shown.inputs.count] for state, rows in trained.answers.items()
    }
    quality = with_training(after, answers, truth, trained.facts)
    alike = replace(alike, held=shown.copied[0], looked_for=shown.copied[1])
    measurement = Measurement(host=trained.host, predictions=[], environment=trained.environment, findings=[])
    return Found(
        measurement,
        quality,
        suspicions.look_at_training(alike, quality.quality, is_untaught=is_untaught(quality.quality)),
    )


def cut(inputs: Path, labels: Path | None, count: int, folder: Path) -> dict[str, Path]:
    """The parts of a hidden set as files: train, train_labels, held, held_labels. Raises BenchError (`hidden_set_differs`)."""
    if labels is None:
        raise _differs("it has no labels")
    found: dict[str, Path] = {}
    for path, name in ((inputs, ""), (labels, "_labels")):
        data = np.load(path, mmap_mode="r", allow_pickle=False)
        if len(data) <= count:
            raise _differs(f"it holds {len(data)} inputs, and {count} are to train with")
        for part, rows in (("train", data[:count]), ("held", data[count:])):
            found[part + name] = folder / f"cut-{part}{name}.npy"
            np.save(found[part + name], np.ascontiguousarray(rows), allow_pickle=False)
    return found


def _differs(why: str) -> BenchError:
    said = f"The lab's hidden set does not fit its task, training_step: {why}. The staff have to mend it."
    return BenchError("hidden_set_differs", said, outcome="infrastructure")
