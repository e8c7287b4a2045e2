"""What a hidden set holds, read once when it is sent, by the task that its labels are for."""

from pathlib import Path
from typing import Any

from grading.hidden_sets.npy import INPUTS, npy_at, refused, value_range
from grading.ml_tasks.registry import TASKS, USUAL


def hidden_facts(inputs_path: Path, labels_path: Path | None, task: str = USUAL) -> dict[str, Any]:
    """{task, count, shape (of one input), dtype, low, high} and what the task tells of its labels.

    Raises BadInput as `npy_at` does, or `wrong_shape`, `not_finite`, `unknown_task`, and what the task refuses in its labels.
    """
    if task not in TASKS:
        raise refused("task", "unknown_task", f"Say what the labels are for: one of {', '.join(TASKS)}.")
    kind = TASKS[task]
    inputs = npy_at(inputs_path, "inputs", INPUTS)
    labels = None if labels_path is None else npy_at(labels_path, "labels", kind.labels.types)
    if len(inputs.shape) < 2:
        said = "The inputs need a first axis, the number of inputs, and the shape of one behind it."
        raise refused("inputs", "wrong_shape", said)
    told = kind.label_facts(labels, inputs)
    low, high = value_range(inputs)
    head = {"task": task, "count": inputs.shape[0], "shape": list(inputs.shape[1:]), "dtype": inputs.dtype}
    return head | {"low": low, "high": high} | told
