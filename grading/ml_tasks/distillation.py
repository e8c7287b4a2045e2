"""Distillation: how far a small model answers as its teacher does, and how far it is right."""

from collections.abc import Iterator
from dataclasses import dataclass
from math import isfinite
from typing import TYPE_CHECKING, Any

from courseplatform.core import numbers
from grading.figure import Figure, Json
from grading.hidden_sets.npy import Npy, refused, same_count
from grading.ml_tasks.base import Facts, Key, Labels, Metric, Output, Task
from grading.ml_tasks.classification import ACCURACY, MOST_CLASSES, needed
from grading.ml_tasks.drawing import bars, bars_height, bars_layout, ends, pair

if TYPE_CHECKING:
    from grading.spec.reader import Reader

OUTPUTS = (("logits", "logits: any numbers"), ("probabilities", "probabilities: a softmax is in the model"))
KINDS = (
    ("both_right", "both are right"),
    ("same_error", "both make the same error"),
    ("only_teacher", "only the teacher is right"),
    ("only_model", "only the model is right"),
    ("other_error", "both are wrong, differently"),
)


@dataclass(frozen=True)
class Options:
    """outputs: what the numbers are that a model gives, which the divergence from the teacher has to know."""

    classes: tuple[str, ...]
    outputs: str = "logits"


class Distillation(Task):
    name, title, main = "distillation", "Distillation: agreement with a teacher", "agreement"
    metrics = (
        Metric("agreement", "Agreement with the teacher"),
        ACCURACY,
        Metric("kl_divergence", "Divergence from the teacher", "nats", more_is_better=False),
    )
    keys = (
        Key("classes", "Classes in order", "words", "With commas between, or one a line."),
        Key("outputs", "What a model gives", "choice", usual="logits", choices=OUTPUTS),
    )
    labels = Labels(
        ("int64", "float32"),
        "int64 of (inputs, 2): true class, class that the teacher answers; or float32 of (inputs, 1 + classes): true class, the teacher's logits",
    )

    def read(self, top: "Reader") -> Options:
        classes = tuple(str(name) for name in top.take_list("classes"))
        return Options(classes, top.choice("outputs", tuple(name for name, _ in OUTPUTS), "logits"))

    def wrong(self, options: Options) -> Iterator[str]:
        if len(options.classes) < 2:
            yield "spec.classes: a teacher and its pupil choose between two classes or more."

    def gives(self, options: Options) -> tuple[str, ...]:
        return ("agreement", "accuracy", "kl_divergence")

    def needs(self, metric: str, facts: Facts) -> str:
        if metric == "kl_divergence" and not facts["has_logits"]:
            return "The hidden set holds the teacher's answers without its logits, so no divergence from them can be measured."
        return ""

    def output(self, options: Options, input_shape: tuple[int, ...]) -> Output:
        count = len(options.classes)
        return Output(
            (count,), f"{count} {options.outputs}, one for each class", f"Give its last layer {count} outputs"
        )

    def label_facts(self, labels: Npy | None, inputs: Npy) -> dict[str, Any]:
        found = needed(labels)
        has_logits = found.dtype == "float32"
        if len(found.shape) != 2 or (found.shape[1] < 3 if has_logits else found.shape[1] != 2):
            said = "an array of (inputs, 1 + classes) of float32" if has_logits else "an array of (inputs, 2) of int64"
            raise refused("labels", "wrong_shape", f"The labels are the true class and what the teacher says: {said}.")
        same_count(found, inputs)
        classes = 0
        for n, row in enumerate(found.rows()):
            if not all(map(isfinite, row)):
                raise refused(
                    "labels", "not_finite", f"Row {n} of the labels holds a value that is no number (nan or inf)."
                )
            named = row[:1] if has_logits else row
            if any(value != int(value) or not 0 <= value < MOST_CLASSES for value in named):
                raise refused(
                    "labels", "wrong_label", f"Row {n} of the labels holds a class that is no whole number from 0 up."
                )
            classes = max(classes, *(int(value) + 1 for value in named))
        return {"classes": max(classes, found.shape[1] - 1) if has_logits else classes, "has_logits": has_logits}

    def misfits(self, options: Options, facts: Facts) -> Iterator[str]:
        count = len(options.classes)
        if facts["classes"] > count or (facts["has_logits"] and facts["classes"] != count):
            yield f"The teacher of the hidden set knows {facts['classes']} classes, and {count} are named."

    def labels_words(self, facts: Facts) -> str:
        return f"{numbers.count(facts['classes'])} classes, of a teacher {'with' if facts['has_logits'] else 'without'} its logits"

    def figure(self, quality: Json) -> Figure:
        n, agreed = quality["n"], quality["agreed"]
        rows = [(words, quality[kind]) for kind, words in KINDS]
        names, counts = [words for words, _ in rows], [count for _, count in rows]
        teacher = quality["both_right"] + quality["only_teacher"]
        return Figure(
            slug="accuracy", title="Agreement", basis="measured",
            finding=f"{numbers.count(agreed)} of {numbers.count(n)} answers are those of the teacher.",
            how=f"The teacher is right for {numbers.share(teacher / n)}, this model for {numbers.share(quality['accuracy'])}.",
            note="Each hidden input is in one of the bars.",
            columns=["", "Inputs", "Share, %"], rows=[[words, str(count), f"{100 * count / n:.1f}"] for words, count in rows],
            height=bars_height(len(rows)), is_square=True, aside=_aside(quality),
            draw=lambda: {"data": [bars(names, counts, texts=[numbers.count(count) for count in counts], hover="%{y}: %{x}")],
                  "layout": bars_layout("inputs", names)},
        )  # fmt: skip


def _aside(quality: Json) -> list[dict[str, str]]:
    rows = [
        pair("agreement", numbers.share(quality["agreement"])),
        pair("95 % interval (Wilson)", ends(*quality["agreement_interval"])),
        pair("accuracy", numbers.share(quality["accuracy"])),
        pair("95 % interval (Wilson)", ends(quality["low"], quality["high"])),
    ]
    if "kl_divergence" in quality:
        low, high = quality["kl_divergence_interval"]
        rows.append(pair("divergence from the teacher", numbers.with_unit(quality["kl_divergence"], "nats")))
        rows.append(pair("95 % interval (bootstrap)", f"{low:.3g} to {high:.3g}"))
    return rows
