"""Classification: one score for each class, the highest is the answer."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from courseplatform.core import numbers
from grading.figure import Figure, Json, label
from grading.hidden_sets.npy import Npy, refused, same_count
from grading.ml_tasks.base import Facts, Key, Labels, Metric, Output, Task
from grading.ml_tasks.drawing import MOST_BARS, bars, bars_height, bars_layout, ends, pair

if TYPE_CHECKING:
    from grading.spec.reader import Reader

ACCURACY = Metric("accuracy", "Accuracy")
TOP_K = 5
MOST_CLASSES = 1 << 20
MATRIX = 40  # more classes than this are drawn as bars, and a result keeps no matrix of them
LYING, TURNED_PX, HEAD_PX = (
    3,
    6,
    20,
)  # letters that lie beside each other at 360 px; height of a letter that is turned; of a line above


@dataclass(frozen=True)
class Options:
    classes: tuple[str, ...]
    top_k: int = TOP_K


class Classification(Task):
    name, title, main = "classification", "Classification", "accuracy"
    metrics = (ACCURACY, Metric("top_k_accuracy", "Top-k accuracy"), Metric("macro_f1", "Macro F1"))
    keys = (
        Key("classes", "Classes in order", "words", "With commas between, or one a line."),
        Key("top_k", "k of top-k accuracy", usual=TOP_K, help="Measured where there are more classes than that."),
    )
    labels = Labels(("int64",), "int64, the number of the class of each input, from 0")

    def read(self, top: "Reader") -> Options:
        return Options(tuple(str(name) for name in top.take_list("classes")), top.whole("top_k", TOP_K))

    def wrong(self, options: Options) -> Iterator[str]:
        if len(options.classes) < 2:
            yield "spec.classes: a classification needs two classes or more."
        if options.top_k < 2:
            yield "spec.top_k: top-1 is the accuracy itself; give 2 or more."

    def gives(self, options: Options) -> tuple[str, ...]:
        return ("accuracy", *(["top_k_accuracy"] if len(options.classes) > options.top_k else []), "macro_f1")

    def output(self, options: Options, input_shape: tuple[int, ...]) -> Output:
        count = len(options.classes)
        return Output((count,), f"{count} scores, one for each class", f"Give its last layer {count} outputs")

    def label_facts(self, labels: Npy | None, inputs: Npy) -> dict[str, Any]:
        return {"classes": class_count(needed(labels), inputs)}

    def misfits(self, options: Options, facts: Facts) -> Iterator[str]:
        if facts["classes"] > len(options.classes):
            yield f"The hidden set has labels up to {facts['classes'] - 1}, and {len(options.classes)} classes are named."

    def labels_words(self, facts: Facts) -> str:
        return f"{numbers.count(facts['classes'])} classes"

    def figure(self, quality: Json) -> Figure:
        finding, worst = _finding(quality)
        head: Json = {
            "slug": "accuracy", "title": "Accuracy", "basis": "measured", "finding": finding,
            "how": "Hidden inputs in random order; the labels stay outside the sandbox.", "aside": _aside(quality), "is_square": True,
        }  # fmt: skip
        return Figure(**head, **(_matrix(quality, worst) if quality["confusion"] else _recalls(quality)))


def needed(labels: Npy | None) -> Npy:
    """Raises BadInput (`no_file`)."""
    if labels is None:
        raise refused(
            "labels", "no_file", "Choose the file of the labels. After a refusal both have to be chosen again."
        )
    return labels


def class_count(labels: Npy, inputs: Npy) -> int:
    """The largest label and one. Raises BadInput: `wrong_shape`, `counts_differ`, `wrong_label`."""
    if len(labels.shape) != 1:
        raise refused("labels", "wrong_shape", "The labels are one number for each input: an array with one axis.")
    same_count(labels, inputs)
    least, most = min(map(min, labels.values())), max(map(max, labels.values()))
    if least < 0 or most >= MOST_CLASSES:
        said = f"A label is the number of its class from 0 up; there is one of {least if least < 0 else most}."
        raise refused("labels", "wrong_label", said)
    return int(most) + 1


def _finding(quality: Json) -> tuple[str, list[Json]]:
    errors = quality["n"] - quality["correct"]
    worst = [found for found in quality["worst_pairs"] if found["count"] > 1]
    said = f"{numbers.count(quality['correct'])} of {numbers.count(quality['n'])} are right."
    if worst:
        said += f" {worst[0]['count']} of the {errors} errors are {worst[0]['true']} read as {worst[0]['predicted']}."
    return said, worst


def _aside(quality: Json) -> list[dict[str, str]]:
    """Results of before have neither F1 nor top-k."""
    rows = [
        pair("right", f"{numbers.count(quality['correct'])} of {numbers.count(quality['n'])}"),
        pair("accuracy", numbers.share(quality["accuracy"])),
        pair("95 % interval (Wilson)", f"{100 * quality['low']:.1f} to {numbers.share(quality['high'])}"),
    ]
    if "macro_f1" in quality:
        rows.append(pair("macro F1", numbers.share(quality["macro_f1"])))
        rows.append(pair("95 % interval (bootstrap)", ends(*quality["macro_f1_interval"])))
    if "top_k_accuracy" in quality:
        rows.append(pair(f"top-{quality['top_k']} accuracy", numbers.share(quality["top_k_accuracy"])))
    return rows


def _matrix(quality: Json, worst: list[Json]) -> Json:
    """The confusion matrix: true class down, predicted class across."""
    classes, confusion = quality["classes"], quality["confusion"]
    # On a narrow page names that have no room beside each other are turned, and what stands above them moves up.
    longest = max(map(len, classes))
    turned = TURNED_PX * longest if longest > LYING else 0
    return {
        "note": "Blue: right. Orange: the most frequent errors.", "height": 400,
        "columns": ["True class", "Right, %", *[f"read as {name}" for name in classes]],
        "rows": [[name, f"{100 * quality['per_class'][i]:.1f}", *[str(count) for count in confusion[i]]] for i, name in enumerate(classes)],
        "draw": lambda: {"data": [_heat(quality, worst)], "layout": {**_head(quality, 0), "meta": {"narrow": _head(quality, turned)},
                 "yaxis": {"title": {"text": "true"}, "type": "category", "autorange": "reversed", "showgrid": False, "showline": False}}},
    }  # fmt: skip


def _head(quality: Json, turned_px: int) -> Json:
    """What stands above the matrix. turned_px: how high names reach that are turned; 0: they lie."""
    up = HEAD_PX + turned_px
    return {
        "margin": {"r": 52, "t": 20 + up}, "annotations": _recall_labels(quality, up - 2),
        "xaxis": {"title": {"text": "read as", "standoff": up}, "type": "category", "side": "top", "showgrid": False, "showline": False},
    }  # fmt: skip


def _heat(quality: Json, worst: list[Json]) -> Json:
    """Counts on three grounds: quiet, the most frequent errors, right."""
    classes, confusion = quality["classes"], quality["confusion"]
    marked = {(classes.index(found["true"]), classes.index(found["predicted"])) for found in worst}
    shade = [
        [2 if i == j and count else 1 if (i, j) in marked else 0 for j, count in enumerate(row)]
        for i, row in enumerate(confusion)
    ]
    grounds = ("--inset", "--plot-2-soft", "--plot-1-soft")
    return {
        "type": "heatmap", "x": classes, "y": classes, "z": shade, "zmin": 0, "zmax": 3, "showscale": False, "xgap": 2, "ygap": 2,
        "colorscale": [[(step + end) / 3, colour] for step, colour in enumerate(grounds) for end in (0, 1)], "customdata": confusion,
        "text": [[str(count) if count else "" for count in row] for row in confusion], "texttemplate": "%{text}",
        "textfont": {"color": "--ink"}, "hovertemplate": "%{y} read as %{x}: %{customdata}<extra></extra>",
    }  # fmt: skip


def _recall_labels(quality: Json, up_px: int) -> list[Json]:
    """What share of each class is right, at the right end of its row."""
    beside: Json = {"x": 1.01, "xref": "paper", "xanchor": "left"}
    rows = zip(quality["classes"], quality["per_class"], strict=True)
    labels = [label(f"{100 * share:.0f}", y=name, yanchor="middle", color="--ink-2", **beside) for name, share in rows]
    return [*labels, label("right, %", y=1, yref="paper", yanchor="bottom", yshift=up_px, color="--ink-3", **beside)]


def _recalls(quality: Json) -> Json:
    """With many classes a matrix cannot be read: those with the lowest recall, as bars; all of them in the table."""
    ranked = sorted(zip(quality["per_class"], quality["classes"], strict=True), key=lambda found: found[0])
    shown = ranked[:MOST_BARS]
    names, shares = [name for _, name in shown], [100 * share for share, _ in shown]
    texts = [f"{share:.0f}" for share in shares]
    return {
        "note": f"The {len(shown)} classes of {len(ranked)} with the fewest right.", "height": bars_height(len(shown)),
        "columns": ["Class", "Right, %"], "rows": [[name, f"{100 * share:.1f}"] for share, name in ranked],
        "draw": lambda: {"data": [bars(names, shares, texts=texts, hover="%{y}: %{x:.1f} % are right")], "layout": bars_layout("right, %", names, 100)},
    }  # fmt: skip
