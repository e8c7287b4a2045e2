"""A training step: a program that changes its own weights is called with batches of a training set, then asked about held-out inputs."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from courseplatform.core import numbers
from grading.figure import Figure, Json, axis
from grading.hidden_sets.npy import Npy
from grading.ml_tasks.base import Facts, Key, Labels, Metric, Output, Task
from grading.ml_tasks.classification import ACCURACY, class_count, needed
from grading.ml_tasks.drawing import ends, pair

if TYPE_CHECKING:
    from grading.spec.reader import Reader

BATCH, STEPS = 32, 200
LEAST_STEPS, MOST_STEPS = 20, 2000
MOST_BATCH = 4096
MOST_ANSWER_BYTES = 32 << 20  # as grading/hidden_sets/fit.py; here for three answers to each input
# Below, training brought nothing that chance could not.
LEAST_GAIN = 0.02
LEAST_UNTAUGHT, UNTAUGHT_SHARE = 0.15, 0.5
FAR = 4  # times the loss of before: from there on the axis is logarithmic
HOW = (
    "Export one program step(x, y) that answers its loss and its scores and writes the new weights into its own buffers"
)


@dataclass(frozen=True)
class Options:
    """train: how many inputs, from the first on, are the training set; the others are held out."""

    classes: tuple[str, ...]
    train: int
    batch: int = BATCH
    steps: int = STEPS


class TrainingStep(Task):
    name, title, main = "training_step", "Training step: what is learned in a number of steps", "accuracy"
    trains, formats = True, ("torch_export",)
    metrics = (
        ACCURACY,
        Metric("accuracy_gain", "Accuracy gained by the training"),
        Metric("heldout_loss", "Held-out loss after the training", "nats", more_is_better=False),
        Metric("step_peak_bytes", "Memory of a step, as PyTorch allocated it", "bytes", more_is_better=False),
    )
    keys = (
        Key("classes", "Classes in order", "words", "With commas between, or one a line."),
        Key("train", "Inputs to train with", help="The first so many of the hidden set enter with their labels. The rest is held out."),
        Key("batch", "Inputs of a step", usual=BATCH),
        Key("steps", "Steps", usual=STEPS, help=f"From {LEAST_STEPS} to {MOST_STEPS}."),
    )  # fmt: skip
    labels = Labels(
        ("int64",),
        "int64, the number of the class of each input, from 0; first those of the training set, then the held-out ones",
    )

    def read(self, top: "Reader") -> Options:
        classes = tuple(str(name) for name in top.take_list("classes"))
        return Options(classes, top.whole("train"), top.whole("batch", BATCH), top.whole("steps", STEPS))

    def wrong(self, options: Options) -> Iterator[str]:
        if len(options.classes) < 2:
            yield "spec.classes: a classification needs two classes or more."
        if not 1 <= options.batch <= MOST_BATCH:
            yield f"spec.batch: give a whole number from 1 to {MOST_BATCH}."
        if options.train < max(options.batch, 2):
            yield "spec.train: the training set has to fill one batch at least."
        if not LEAST_STEPS <= options.steps <= MOST_STEPS:
            yield f"spec.steps: give a whole number from {LEAST_STEPS} to {MOST_STEPS}."

    def gives(self, options: Options) -> tuple[str, ...]:
        return tuple(metric.name for metric in self.metrics)

    def output(self, options: Options, input_shape: tuple[int, ...]) -> Output:
        count = len(options.classes)
        return Output((count,), f"{count} logits, one for each class", f"Give the last layer {count} outputs")

    def shown(self, options: Options) -> int:
        return options.train

    def batch(self, options: Options) -> int:
        return options.batch

    def takes_words(self, options: Options) -> str:
        return (
            f"{options.batch} at once, and beside them {options.batch} labels (int64). The step is called {numbers.count(options.steps)} times "
            f"with batches of the {numbers.count(options.train)} inputs of the training set, in an order that is the same for everybody."
        )

    def answers_words(self, options: Options) -> str:
        return (
            f"the loss of the batch, one number, and {options.batch}×{len(options.classes)} logits from the weights before the update. "
            f"{HOW}. grading/labs/step_file.py makes such a file of a module."
        )

    def label_facts(self, labels: Npy | None, inputs: Npy) -> dict[str, Any]:
        return {"classes": class_count(needed(labels), inputs)}

    def misfits(self, options: Options, facts: Facts) -> Iterator[str]:
        if facts["classes"] > len(options.classes):
            yield f"The hidden set has labels up to {facts['classes'] - 1}, and {len(options.classes)} classes are named."
        count = facts.get("count", 0)
        if count < options.train + 2:
            yield f"The hidden set holds {count} inputs, and {options.train} of them are to train with: too few are left to hold out."
        if 3 * 4 * len(options.classes) * max(count - options.train, 0) > MOST_ANSWER_BYTES:
            yield f"The answers before, after and beside the training come to more than {MOST_ANSWER_BYTES >> 20} MiB. Hold out fewer inputs."

    def labels_words(self, facts: Facts) -> str:
        return f"{numbers.count(facts['classes'])} classes, to train and to hold out"

    def advice(self, quality: Json, lost: Mapping[str, float]) -> list[dict[str, str]]:
        learned = next((metric for metric in ("accuracy", "accuracy_gain", "heldout_loss") if metric in lost), "")
        found = (
            [{"title": LEARN_MORE, "text": " ".join(findings(quality)) or _fell(quality), "metric": learned}]
            if learned
            else []
        )
        if "step_peak_bytes" in lost:
            found.append({"title": "Keep less for the gradient", "text": KEEP_LESS, "metric": "step_peak_bytes"})
        return found

    def figure(self, quality: Json) -> Figure:
        told = list(findings(quality))
        steps = list(range(1, len(quality["loss"]) + 1))
        columns = ["Step", "Loss, as the program says it", "The same with shuffled labels"]
        pairs = zip(steps, quality["loss"], quality["shuffled_loss"], strict=True)
        return Figure(
            slug="accuracy", title="Training", basis="measured", finding=" ".join([said(quality), *told[:1]]),
            how=" ".join([*told[1:], HOW_MEASURED]),
            columns=columns, height=320, is_square=True, aside=_aside(quality),
            rows=[[str(step), *("" if value is None else f"{value:.6g}" for value in losses)] for step, *losses in pairs],
            draw=lambda: {"data": _curves(quality, steps), "layout": _layout(quality)}, keys=KEYS,
        )  # fmt: skip


HOW_MEASURED = (
    "Held-out inputs went in with zeros for labels, and nothing is learned from them. The loss of a step is the program's own word: no point "
    "rests on it."
)
LEARN_MORE = "Look at the learning rate and at what trains"
KEEP_LESS = "Where no layer in front trains, its activations need not be kept. Train the last layers only, or a smaller network."
KEYS = [("plot-1", "labels as they are"), ("plot-2", "the same labels, shuffled"), ("plot-0", "held-out loss")]


def said(quality: Json) -> str:
    """The answer first: what was right before, and what is right now."""
    before, after = numbers.share(quality["before_accuracy"]), numbers.share(quality["accuracy"])
    steps = numbers.count(len(quality["loss"]))
    return f"After {steps} steps {after} of {numbers.count(quality['n'])} held-out inputs are right; before the first it was {before}."


def findings(quality: Json) -> Iterator[str]:
    """What went wrong or looks odd in this training, plainly; nothing where all is as it should be."""
    lost = next((step for step, value in enumerate(quality["loss"], 1) if value is None), 0)
    if not quality["changed_tensors"]:
        yield "No step changes anything: look at the learning rate."
    elif not quality["uses_labels"]:
        yield "The step ignores its labels: other labels change the weights in the same way."
    if lost:
        yield f"From step {lost} on the loss is no number: the training diverged. Lower the learning rate."
    elif quality["heldout_loss"] > 2 * quality["before_loss"]:
        yield "The held-out loss has grown to more than twice what it was: the steps are too large."
    if quality["changed_tensors"] and quality["is_constant"]:
        yield "It gives every held-out input the same answer."
    elif quality["changed_tensors"] and not lost and quality["accuracy_gain"] < LEAST_GAIN:
        yield f"{numbers.count(len(quality['loss']))} steps gained next to nothing."
    if is_untaught(quality):
        yield "With shuffled labels it learns nearly as much, which no training can."


def is_untaught(quality: Mapping[str, Any]) -> bool:
    """Whether shuffled labels made it better too, by more than chance moves a few hundred held-out inputs and half of the true gain."""
    gained = quality["shuffled_accuracy"] - quality["before_accuracy"]
    return bool(gained > max(LEAST_UNTAUGHT, UNTAUGHT_SHARE * quality["accuracy_gain"]))


def _fell(quality: Json) -> str:
    begin, end = (numbers.with_unit(quality[key], "nats") for key in ("before_loss", "heldout_loss"))
    return f"The held-out loss went from {begin} to {end}. Where the curve still falls, a larger rate or momentum gets further in as many steps."


def _aside(quality: Json) -> list[dict[str, str]]:
    before, after = (numbers.with_unit(quality[key], "nats") for key in ("before_loss", "heldout_loss"))
    return [
        pair("right after the training", numbers.share(quality["accuracy"])),
        pair("95 % interval (Wilson)", ends(quality["low"], quality["high"])),
        pair("right before", numbers.share(quality["before_accuracy"])),
        pair("gained", f"{100 * quality['accuracy_gain']:.1f} points"),
        pair("95 % interval (bootstrap)", ends(*quality["accuracy_gain_interval"])),
        pair("right with shuffled labels", numbers.share(quality["shuffled_accuracy"])),
        pair("held-out loss before", before),
        pair("held-out loss after", after),
        pair("tensors that a step changes", f"{quality['changed_tensors']} of {quality['kept_tensors']}"),
    ]


def _curves(quality: Json, steps: list[int]) -> list[Json]:
    def line(name: str, values: list[Any], colour: str) -> Json:
        return {"type": "scatter", "mode": "lines", "name": name, "x": steps, "y": values, "line": {"color": colour, "width": 1.5},
                "hovertemplate": f"step %{{x}}, {name}: %{{y:.3g}} nats<extra></extra>"}  # fmt: skip

    held: Json = {
        "type": "scatter", "mode": "markers", "name": "held-out loss", "x": [0, len(steps)], "cliponaxis": False,
        "y": [quality["before_loss"], quality["heldout_loss"]], "marker": {"color": "--plot-0", "size": 10},
        "hovertemplate": "held-out loss after %{x} steps: %{y:.3g} nats<extra></extra>",
    }  # fmt: skip
    shuffled = line("shuffled labels", quality["shuffled_loss"], "--plot-2")
    return [shuffled, line("labels as they are", quality["loss"], "--plot-1"), held]


def _layout(quality: Json) -> Json:
    told = [
        value for value in (*quality["loss"], *quality["shuffled_loss"], quality["heldout_loss"]) if value is not None
    ]
    is_far = max(told) > FAR * max(quality["before_loss"], 1e-9)
    height: Json = {"title": {"text": "loss, nats, logarithmic"}, "type": "log"} if is_far else axis("loss, nats")
    return {
        "xaxis": {"title": {"text": "step"}, "range": [0, 1.02 * len(quality["loss"])], "showgrid": False},
        "yaxis": height, "showlegend": False,
    }  # fmt: skip
