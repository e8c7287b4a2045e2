"""From a model's answers to the numbers of its task, and what the changed copies of the inputs say of them. The worker's: needs numpy."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from grading.bench import suspicions
from grading.bench.errors import BenchError
from grading.ml_tasks.scoring.base import Inputs, Scored, answers_of, scorer_of
from grading.spec import BenchSpec


def scored(
    spec: BenchSpec, inputs: Inputs, predictions: Sequence[Any], labels: Path | None
) -> tuple[Scored, suspicions.Answers]:
    """The metrics of the task, and how many answers hold on inputs that were changed a little.

    Args:
        inputs: what the model was given. predictions: its answers to them, one row each, those to the copies last.

    Raises:
        BenchError: `hidden_set_differs`, where the labels are not those of such a lab. That is ours.
    """
    scorer, rows = scorer_of(spec.task), answers_of(predictions, spec.output.numbers)
    answers, changed = rows[: inputs.count], rows[inputs.count :]
    try:
        truth, of_copies = scorer.truth(labels, inputs, spec.options)
        found = scorer.score(answers, truth, spec.options)
    except ValueError as error:
        said = f"The lab's hidden set does not fit its task, {spec.task}: {error}. The staff have to mend it."
        raise BenchError("hidden_set_differs", said, outcome="infrastructure") from error
    plain = scorer.right(answers[list(inputs.places)], scorer.at(truth, inputs.places), spec.options, found)
    again = scorer.right(changed, of_copies, spec.options, found)
    lost, won = int((plain & ~again).sum()), int((again & ~plain).sum())
    return found, suspicions.Answers(len(inputs.places), lost, won, means=scorer.right_means)
