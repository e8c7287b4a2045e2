"""Object detection: a fixed number of boxes, each with a score and a class; mean average precision as COCO counts it."""

from collections.abc import Iterator
from dataclasses import dataclass
from math import isfinite
from typing import TYPE_CHECKING, Any

from courseplatform.core import numbers
from grading.figure import Figure, Json
from grading.hidden_sets.npy import Npy, refused
from grading.ml_tasks.base import Facts, Key, Labels, Metric, Output, Task
from grading.ml_tasks.classification import MOST_CLASSES, needed
from grading.ml_tasks.drawing import MOST_BARS, bars, bars_height, bars_layout, ends, pair

if TYPE_CHECKING:
    from grading.spec.reader import Reader

COLUMNS, MOST_BOXES, MOST_DETECTIONS = 6, 10_000, 100


@dataclass(frozen=True)
class Options:
    """boxes: rows of an answer. max_detections: of one class in one input, those with the highest scores."""

    classes: tuple[str, ...]
    boxes: int
    max_detections: int = MOST_DETECTIONS


class Detection(Task):
    name, title, main = "detection", "Object detection", "map"
    metrics = (Metric("map", "mAP at IoU 0.5 to 0.95"), Metric("map_50", "mAP at IoU 0.5"))
    keys = (
        Key("classes", "Classes in order", "words", "With commas between, or one a line."),
        Key(
            "boxes", "Boxes in an answer", help="N of 1×N×6, each x0, y0, x1, y1, score, class. A score of 0 is no box."
        ),
        Key(
            "max_detections",
            "Detections that count",
            usual=MOST_DETECTIONS,
            help="Of one class in one input, by their scores.",
        ),
    )
    labels = Labels(
        ("float32",),
        "float32 of (boxes, 6): number of the input from 0, x0, y0, x1, y1, class; an input without a row holds no object",
    )

    def read(self, top: "Reader") -> Options:
        return Options(
            tuple(str(name) for name in top.take_list("classes")),
            top.whole("boxes"),
            top.whole("max_detections", MOST_DETECTIONS),
        )

    def wrong(self, options: Options) -> Iterator[str]:
        if not options.classes:
            yield "spec.classes: name one class at least."
        if not 1 <= options.boxes <= MOST_BOXES:
            yield f"spec.boxes: an answer has 1 to {MOST_BOXES} boxes."
        if not 1 <= options.max_detections <= MOST_BOXES:
            yield f"spec.max_detections: between 1 and {MOST_BOXES}."

    def gives(self, options: Options) -> tuple[str, ...]:
        return ("map", "map_50")

    def output(self, options: Options, input_shape: tuple[int, ...]) -> Output:
        return Output(
            (options.boxes, COLUMNS), f"{options.boxes} boxes, each x0, y0, x1, y1, score, class",
            f"Let it give 1×{options.boxes}×{COLUMNS}, filled up with rows of score 0", is_exact=True,
        )  # fmt: skip

    def label_facts(self, labels: Npy | None, inputs: Npy) -> dict[str, Any]:
        boxes = needed(labels)
        if len(boxes.shape) != 2 or boxes.shape[1] != COLUMNS:
            raise refused(
                "labels", "wrong_shape", f"The labels are one row for each box: an array of (boxes, {COLUMNS})."
            )
        classes, with_objects = 0, set[int]()
        for n, row in enumerate(boxes.rows()):
            _check_box(row, n, inputs.shape[0])
            classes = max(classes, int(row[5]) + 1)
            with_objects.add(int(row[0]))
        return {"classes": classes, "boxes": boxes.shape[0], "with_objects": len(with_objects)}

    def misfits(self, options: Options, facts: Facts) -> Iterator[str]:
        if facts["classes"] > len(options.classes):
            yield f"The hidden set has boxes of class {facts['classes'] - 1}, and {len(options.classes)} classes are named."

    def labels_words(self, facts: Facts) -> str:
        return f"{numbers.count(facts['boxes'])} boxes in {numbers.count(facts['classes'])} classes"

    def is_size_free(self, options: Options) -> bool:
        return False  # boxes are given in pixels

    def figure(self, quality: Json) -> Figure:
        ranked = sorted((one for one in quality["per_class"] if one["truths"]), key=lambda one: one["ap"])
        shown = ranked[:MOST_BARS]
        names = [one["name"] for one in shown]
        low = shown[0] if shown else None
        said = (
            f"The lowest AP, {numbers.share(low['ap'])}, is that of {low['name']}." if len(ranked) > 1 and low else ""
        )
        return Figure(
            slug="accuracy", title="Average precision", basis="measured",
            finding=f"{numbers.share(quality['map'])} mAP over IoU 0.5 to 0.95. {said}".strip(),
            how="As COCO counts it: precision at 101 steps of recall, the mean over classes and ten IoU.",
            note=f"The {len(shown)} classes of {len(ranked)} with the lowest AP." if len(ranked) > len(shown) else "AP of each class.",
            columns=["Class", "Boxes", "AP, %", "AP at IoU 0.5, %"],
            rows=[[one["name"], numbers.count(one["truths"]), f"{100 * one['ap']:.1f}", f"{100 * one['ap_50']:.1f}"] for one in ranked],
            height=bars_height(2 * len(shown)), is_square=True, aside=_aside(quality),
            keys=[("plot-1", "IoU 0.5 to 0.95"), ("plot-5", "IoU 0.5")],
            draw=lambda: {"data": [_bars(shown, names, "ap", "--plot-1"), _bars(shown, names, "ap_50", "--plot-5")],
                  "layout": bars_layout("AP, %", names, 100) | {"barmode": "group"}},
        )  # fmt: skip


def _check_box(row: Any, n: int, count: int) -> None:
    """Raises BadInput: `not_finite`, `wrong_label`. A row is named from 0, as numpy counts."""
    place, x0, y0, x1, y1, kind = row
    if not all(map(isfinite, row)):
        raise refused("labels", "not_finite", f"Row {n} of the labels holds a value that is no number (nan or inf).")
    if place != int(place) or not 0 <= place < count:
        said = f"Row {n} of the labels is of input {place:g}; the inputs are numbered from 0 to {count - 1}."
        raise refused("labels", "wrong_label", said)
    if kind != int(kind) or not 0 <= kind < MOST_CLASSES:
        raise refused(
            "labels",
            "wrong_label",
            f"Row {n} of the labels has the class {kind:g}; a class is a whole number from 0 up.",
        )
    if x0 >= x1 or y0 >= y1:
        said = f"The box in row {n} of the labels is empty: x1 must be above x0, and y1 above y0."
        raise refused("labels", "wrong_label", said)


def _bars(shown: list[Json], names: list[str], key: str, colour: str) -> Json:
    shares = [100 * one[key] for one in shown]
    return bars(names, shares, colour=colour, texts=[f"{share:.0f}" for share in shares], hover="%{y}: %{x:.1f} %")


def _aside(quality: Json) -> list[dict[str, str]]:
    return [
        pair("mAP, IoU 0.5 to 0.95", numbers.share(quality["map"])),
        pair("95 % interval (bootstrap)", ends(*quality["map_interval"])),
        pair("mAP, IoU 0.5", numbers.share(quality["map_50"])),
        pair("95 % interval (bootstrap)", ends(*quality["map_50_interval"])),
        pair("inputs", numbers.count(quality["n"])),
        pair("boxes to be found", numbers.count(quality["truths"])),
    ]
