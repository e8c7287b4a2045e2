"""Anomaly detection, and everything else that gives one score an input: how well the score parts two kinds of inputs."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from courseplatform.core import numbers
from grading.figure import Figure, Json, axis, label
from grading.hidden_sets.npy import Npy, refused
from grading.ml_tasks.base import Facts, Key, Labels, Metric, Output, Task
from grading.ml_tasks.classification import class_count, needed
from grading.ml_tasks.drawing import ends, pair

if TYPE_CHECKING:
    from grading.spec.reader import Reader


@dataclass(frozen=True)
class Options:
    """What the two kinds are called: those with label 0 and those with label 1."""

    negative: str = "normal"
    positive: str = "anomaly"


class Anomaly(Task):
    name, title, main = "anomaly", "Anomaly detection, or another single score", "roc_auc"
    metrics = (Metric("roc_auc", "AUC"), Metric("average_precision", "Average precision"))
    keys = (
        Key("negative", "What label 0 is", "text", usual="normal"),
        Key("positive", "What label 1 is", "text", "A higher score means this.", usual="anomaly"),
    )
    labels = Labels(("int64",), "int64, 0 or 1 for each input; both have to occur")

    def read(self, top: "Reader") -> Options:
        return Options(top.text("negative", "normal"), top.text("positive", "anomaly"))

    def wrong(self, options: Options) -> Iterator[str]:
        if options.negative == options.positive:
            yield "spec.positive: call the two kinds by different names."

    def gives(self, options: Options) -> tuple[str, ...]:
        return ("roc_auc", "average_precision")

    def output(self, options: Options, input_shape: tuple[int, ...]) -> Output:
        return Output((1,), f"one score, the higher the more {options.positive}", "Give its last layer one output")

    def label_facts(self, labels: Npy | None, inputs: Npy) -> dict[str, Any]:
        found = needed(labels)
        if class_count(found, inputs) > 2:
            raise refused("labels", "wrong_label", "A label is 0 or 1 here; there is a larger one.")
        positives = sum(sum(piece) for piece in found.values())
        if not 0 < positives < inputs.shape[0]:
            said = f"Every label is {1 if positives else 0}. A score parts two kinds, so both 0 and 1 have to occur."
            raise refused("labels", "one_class", said)
        return {"classes": 2, "positives": positives}

    def misfits(self, options: Options, facts: Facts) -> Iterator[str]:
        yield from ()

    def labels_words(self, facts: Facts) -> str:
        return f"{numbers.count(facts['positives'])} of label 1"

    def figure(self, quality: Json) -> Figure:
        at = quality["best"]
        return Figure(
            slug="accuracy", title="ROC curve", basis="measured",
            finding=f"The AUC is {quality['roc_auc']:.3f}: of 100 pairs of one of each kind, {quality['positive']} scores higher in "
                    f"{100 * quality['roc_auc']:.0f}.",
            how=f"At the marked threshold {numbers.share(at['true_positive_rate'])} of label 1 ({quality['positive']}) are found, and "
                f"{numbers.share(at['false_positive_rate'])} of label 0 ({quality['negative']}) are false alarms.",
            note="The dashed line is what chance gives.",
            columns=["Found, %", "False alarms, %"],
            rows=[[f"{100 * y:.1f}", f"{100 * x:.1f}"] for x, y in _points(quality)],
            height=360, is_square=True, aside=_aside(quality),
            draw=lambda: {"data": [_curve(quality), _mark(at)], "layout": _layout(at)},
        )  # fmt: skip


def _points(quality: Json) -> list[tuple[float, float]]:
    """(false alarms, found). Results stored earlier have the threshold in front, which nobody is shown any more."""
    return [(point[-2], point[-1]) for point in quality["roc"]]


def _curve(quality: Json) -> Json:
    x, y = zip(*_points(quality), strict=True)
    return {
        "type": "scatter", "mode": "lines", "x": list(x), "y": list(y), "line": {"color": "--plot-1", "width": 2},
        "hovertemplate": "%{y:.1%} found at %{x:.1%} false alarms<extra></extra>",
    }  # fmt: skip


def _mark(at: Json) -> Json:
    return {
        "type": "scatter", "mode": "markers", "x": [at["false_positive_rate"]], "y": [at["true_positive_rate"]], "hoverinfo": "skip",
        "marker": {"color": "--plot-1", "size": 9, "line": {"color": "--ground", "width": 1.5}},
    }  # fmt: skip


def _layout(at: Json) -> Json:
    chance = {
        "type": "line",
        "x0": 0,
        "x1": 1,
        "y0": 0,
        "y1": 1,
        "line": {"color": "--plot-0", "width": 1, "dash": "dash"},
    }
    said = label(
        f"threshold {numbers.digits(at['threshold'])}", x=at["false_positive_rate"], y=at["true_positive_rate"], xanchor="left",
        yanchor="top", xshift=8, yshift=-4, color="--ink",
    )  # fmt: skip
    return {
        "shapes": [chance], "annotations": [said], "xaxis": axis("false alarms") | {"range": [0, 1.01], "tickformat": ".0%"},
        "yaxis": axis("found") | {"range": [0, 1.02], "tickformat": ".0%"},
    }  # fmt: skip


def _aside(quality: Json) -> list[dict[str, str]]:
    return [
        pair("AUC", f"{quality['roc_auc']:.3f}"),
        pair("95 % interval (bootstrap)", "{:.3f} to {:.3f}".format(*quality["roc_auc_interval"])),
        pair("average precision", numbers.share(quality["average_precision"])),
        pair("95 % interval (bootstrap)", ends(*quality["average_precision_interval"])),
        pair("label 1", f"{numbers.count(quality['positives'])} of {numbers.count(quality['n'])}"),
    ]
