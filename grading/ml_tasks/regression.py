"""Regression: numbers that should be as near as possible to others, those of the labels or, for an autoencoder, the input itself."""

from collections.abc import Iterator
from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING, Any

from courseplatform.core import numbers
from grading.figure import Figure, Json, axis, label
from grading.hidden_sets.npy import Npy, refused, same_count, value_range
from grading.ml_tasks.base import Facts, Key, Labels, Metric, Output, Task
from grading.ml_tasks.classification import needed
from grading.ml_tasks.drawing import pair

if TYPE_CHECKING:
    from grading.spec.reader import Reader

MOST_TARGETS = 65_536
FROM = (("labels", "the labels"), ("input", "the input itself: an autoencoder"))


@dataclass(frozen=True)
class Options:
    """targets: what the numbers are called, in order; empty where the target is the input."""

    targets: tuple[str, ...] = ()
    target: str = "labels"

    @property
    def is_input(self) -> bool:
        return self.target == "input"


class Regression(Task):
    name, title, main = "regression", "Regression, or reconstruction of the input", "mse"
    metrics = (
        Metric("mse", "Mean squared error", "value", more_is_better=False),
        Metric("mae", "Mean absolute error", "value", more_is_better=False),
        Metric("r2", "R²", "value"),
    )
    keys = (
        Key("target", "What it should give", "choice", usual="labels", choices=FROM),
        Key(
            "targets",
            "Numbers in order",
            "words",
            "What each is called. Only where the labels are the target.",
            usual=[],
        ),
    )
    labels = Labels(("float32",), "float32 of (inputs, targets); no file where the target is the input itself")

    def read(self, top: "Reader") -> Options:
        kinds = tuple(name for name, _ in FROM)
        return Options(tuple(str(name) for name in top.take_list("targets", [])), top.choice("target", kinds, "labels"))

    def wrong(self, options: Options) -> Iterator[str]:
        if options.is_input and options.targets:
            yield "spec.targets: the target is the input, which needs no names. Take this key away."
        if not options.is_input and not 1 <= len(options.targets) <= MOST_TARGETS:
            yield f"spec.targets: name what the model has to give, 1 to {MOST_TARGETS} numbers."

    def gives(self, options: Options) -> tuple[str, ...]:
        return ("mse", "mae", "r2")

    def output(self, options: Options, input_shape: tuple[int, ...]) -> Output:
        if options.is_input:
            count = prod(input_shape)
            return Output(
                input_shape, f"{count} numbers, as many as the input has", "Let it give as many numbers as it takes"
            )
        count = len(options.targets)
        return Output((count,), f"{count} number{'' if count == 1 else 's'}: {', '.join(options.targets[:6])}{', …' if count > 6 else ''}",
                      f"Give its last layer {count} output{'' if count == 1 else 's'}")  # fmt: skip

    def label_facts(self, labels: Npy | None, inputs: Npy) -> dict[str, Any]:
        """`targets` 0: there are none, the input is the target."""
        if labels is None:
            return {"targets": 0}
        found = needed(labels)
        if len(found.shape) > 2:
            raise refused(
                "labels",
                "wrong_shape",
                "The labels are one row of numbers for each input: an array of (inputs, targets).",
            )
        same_count(found, inputs)
        least, most = value_range(found)
        return {"targets": found.shape[1] if len(found.shape) > 1 else 1, "least": least, "most": most}

    def misfits(self, options: Options, facts: Facts) -> Iterator[str]:
        if options.is_input and facts["targets"]:
            yield "The lab's target is the input itself, and the hidden set has labels. Send it without them, or set `target: labels`."
        elif not options.is_input and facts["targets"] != len(options.targets):
            held = f"{facts['targets']} numbers for each input" if facts["targets"] else "no labels"
            yield f"The hidden set has {held}, and {len(options.targets)} targets are named."

    def labels_words(self, facts: Facts) -> str:
        if not facts["targets"]:
            return "none: the input is the target"
        return f"{numbers.count(facts['targets'])} target{'' if facts['targets'] == 1 else 's'}, {facts['least']:.4g} to {facts['most']:.4g}"

    def is_size_free(self, options: Options) -> bool:
        return not options.is_input

    def figure(self, quality: Json) -> Figure:
        what = (
            "The input comes back with a mean squared error of" if quality["is_input"] else "The mean squared error is"
        )
        return Figure(
            slug="accuracy", title="Errors", basis="measured",
            finding=f"{what} {numbers.digits(quality['mse'])}, {_beside_the_mean(quality)}.",
            how="The bars are the errors of single inputs: the answer minus the target." if quality["is_signed"] else
                "The bars are the root mean squared errors of single inputs.",
            note="The dashed line is no error." if quality["is_signed"] else "Further left is better.",
            columns=["Error from", "to", "Inputs"],
            rows=[[f"{a:.5g}", f"{b:.5g}", str(count)] for a, b, count in _bins(quality)],
            height=320, is_square=True, aside=_aside(quality), draw=lambda: {"data": [_histogram(quality)], "layout": _layout(quality)},
        )  # fmt: skip


def _beside_the_mean(quality: Json) -> str:
    """How the error compares with that of always answering the mean of the targets."""
    mse, baseline = quality["mse"], quality["baseline_mse"]
    if mse >= baseline:
        return f"not less than the {numbers.digits(baseline)} of always answering the mean"
    times = f"{numbers.digits(baseline / mse)} times " if mse else ""
    return f"{times}less than the {numbers.digits(baseline)} of always answering the mean"


def _bins(quality: Json) -> list[tuple[float, float, int]]:
    edges = quality["edges"]
    return list(zip(edges[:-1], edges[1:], quality["counts"], strict=True))


def _histogram(quality: Json) -> Json:
    bins = _bins(quality)
    return {
        "type": "bar", "x": [(a + b) / 2 for a, b, _ in bins], "width": [b - a for a, b, _ in bins], "y": [count for *_, count in bins],
        "marker": {"color": "--plot-1", "line": {"color": "--ground", "width": 1}}, "text": [f"{a:.4g} to {b:.4g}" for a, b, _ in bins],
        "textposition": "none", "hovertemplate": "error %{text}: %{y} inputs<extra></extra>",
    }  # fmt: skip


def _layout(quality: Json) -> Json:
    said = "answer minus target" if quality["is_signed"] else "root mean squared error"
    layout: Json = {"bargap": 0, "xaxis": {"title": {"text": said}, "showgrid": False}, "yaxis": axis("inputs")}
    if quality["is_signed"]:
        zero = {
            "type": "line",
            "yref": "paper",
            "y0": 0,
            "y1": 1,
            "x0": 0,
            "x1": 0,
            "line": {"color": "--ink-3", "width": 1, "dash": "dash"},
        }
        bias = label(
            f"on average {quality['bias']:+.3g}",
            x=1,
            xref="paper",
            xanchor="right",
            y=1,
            yref="paper",
            yanchor="top",
            color="--ink-2",
        )
        layout |= {"shapes": [zero], "annotations": [bias]}
    return layout


def _aside(quality: Json) -> list[dict[str, str]]:
    rows = []
    for name, words in (("mse", "mean squared error"), ("mae", "mean absolute error"), ("r2", "R²")):
        low, high = quality[f"{name}_interval"]
        rows.append(pair(words, numbers.digits(quality[name])))
        rows.append(pair("95 % interval (bootstrap)", f"{numbers.digits(low)} to {numbers.digits(high)}"))
    if len(quality["targets"]) > 1:
        rows += [
            pair(f"mean squared error of {one['name']}", numbers.digits(one["mse"])) for one in quality["targets"][:6]
        ]
    return [*rows, pair("inputs", numbers.count(quality["n"]))]
