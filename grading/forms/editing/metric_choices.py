"""The metrics that a criterion of this lab may name, in groups: what its task gives, what is counted, and what its board and its training add."""

from grading.ml_tasks.base import Task
from grading.spec import METRICS
from grading.spec.criteria import COMMON, OF_DEVICE, words_of_metric
from grading.spec.training import OF_A_DEVICE, TRAINING_METRICS

UNIT_WORDS = {
    "share": "a share: 0.9 is 90 %",
    "bytes": "in bytes",
    "count": "a number",
    "macs": "a number",
    "bits": "in bits",
    "ms": "in ms",
    "mj": "in mJ",
    "hours": "in hours",
    "mah": "in mAh",
    "inferences": "a number",
    "rate": "a share: 0.1 is 10 %",
    "value": "in its own unit",
    "nats": "in nats",
    "fps": "frames per second",
}
Choices = list[tuple[str, list[tuple[str, str]]]]


def metric_choices(task: Task, *, has_device: bool, trains: bool) -> Choices:
    """(heading, [(name, words), ...]). has_device: a board that models have to fit is chosen. trains: a way of training is looked at."""
    of_board = [name for name in METRICS if name in OF_DEVICE and name not in TRAINING_METRICS]
    of_training = [name for name in TRAINING_METRICS if has_device or name not in OF_A_DEVICE]
    groups = [
        ("Measured on the hidden set", [metric.name for metric in task.metrics]),
        ("Counted in the file", [name for name in COMMON if name not in OF_DEVICE]),
        ("On the board that it has to fit", of_board if has_device else []),
        ("Of one update step", of_training if trains else []),
    ]
    return [(heading, [(name, _words(name)) for name in names]) for heading, names in groups if names]


def with_held(choices: Choices, name: str) -> Choices:
    """A metric that stands in the form already is kept, and refused on saving where this lab does not give it: nothing is lost unseen."""
    if name not in METRICS or any(name == one for _, names in choices for one, _ in names):
        return choices
    return [*choices, ("Not given by this lab", [(name, _words(name))])]


def _words(name: str) -> str:
    unit = METRICS[name][0]
    return f"{words_of_metric(name)}, {UNIT_WORDS.get(unit, unit)}"
