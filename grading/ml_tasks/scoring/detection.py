"""Object detection: average precision as the COCO evaluation counts it (Lin et al. 2014; cocoeval.py of pycocotools).

As there: areas without + 1; detections take, in the order of their scores, the free true box with the highest IoU that reaches the
threshold; precision is made monotone and read at 101 steps of recall; a class without a true box is left out of the mean. There are no
crowds and no classes of size here.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from grading.ml_tasks.detection import COLUMNS, Options
from grading.ml_tasks.scoring.base import Array, Scored, Scorer, loaded
from grading.ml_tasks.scoring.intervals import around, resampled

IOUS = np.linspace(0.5, 0.95, 10)
RECALLS = np.linspace(0.0, 1.0, 101)
ROUNDS = 200  # each round evaluates the whole set anew
FOUND = 0.5  # the share of its boxes that makes an input count as right


@dataclass(frozen=True)
class ClassHits:
    """One class over all inputs, its detections by falling score. hits: (IOUs, detections). inputs: of which input each is. truths: (n,)."""

    hits: NDArray[np.bool_]
    inputs: NDArray[np.int64]
    truths: NDArray[np.int64]


class DetectionScorer(Scorer):
    right_means = "An answer is right where half of the input's boxes or more are found at an IoU of 0.5."

    def read(self, labels: Path, options: Options, count: int) -> list[Array]:
        """Of each input its boxes: (boxes, 5), x0, y0, x1, y1, class."""
        rows = loaded(labels, (None, COLUMNS), "f").astype(np.float64)
        return [rows[rows[:, 0] == place, 1:] for place in range(count)]

    def score(self, answers: Array, truth: list[Array], options: Options) -> Scored:
        return detection(answers, truth, options)

    def right(self, answers: Array, truth: list[Array], options: Options, scored: Scored) -> NDArray[np.bool_]:
        found = zip(boxes_of(answers, options), truth, strict=True)
        return np.array([_share_found(given, true, options) >= FOUND for given, true in found], dtype=np.bool_)


SCORER = DetectionScorer()


def boxes_of(answers: Array, options: Options) -> list[Array]:
    """Of each input the rows that are boxes: a score above 0 and a class of the lab. float64 (boxes, 6)."""
    rows = answers.reshape(len(answers), options.boxes, COLUMNS).astype(np.float64)
    kinds = np.rint(rows[..., 5])
    kept = (rows[..., 4] > 0) & (kinds >= 0) & (kinds < len(options.classes))
    rows[..., 5] = kinds
    return [found[keep] for found, keep in zip(rows, kept, strict=True)]


def iou(one: Array, other: Array) -> Array:
    """Intersection over union of boxes (a, 4) and (b, 4), x0, y0, x1, y1: (a, b)."""
    low = np.maximum(one[:, None, :2], other[None, :, :2])
    high = np.minimum(one[:, None, 2:4], other[None, :, 2:4])
    inner = np.clip(high - low, 0, None).prod(axis=2)
    areas = [np.clip(box[:, 2:4] - box[:, :2], 0, None).prod(axis=1) for box in (one, other)]
    union = areas[0][:, None] + areas[1][None, :] - inner
    found: Array = np.divide(inner, union, out=np.zeros_like(inner), where=union > 0)
    return found


def matched(given: Array, true: Array) -> NDArray[np.bool_]:
    """Which of the boxes `given`, by falling score, take a true box: (IOUs, len(given)). Of equal IoU the later box is taken, as there."""
    hits = np.zeros((len(IOUS), len(given)), dtype=np.bool_)
    if not len(given) or not len(true):
        return hits
    over = iou(given, true)
    most = over.max(axis=1)
    for level, least in enumerate(IOUS):
        free, reached = np.ones(len(true), dtype=np.bool_), min(least, 1 - 1e-10)
        # What no true box overlaps so far takes none: an answer filled up with boxes of chance costs next to nothing.
        for place in np.flatnonzero(most >= reached):
            open_ = np.where(free, over[place], -1.0)
            best = len(open_) - 1 - int(open_[::-1].argmax())
            if open_[best] >= reached:
                hits[level, place], free[best] = True, False
    return hits


def _of_class(rows: Array, kind: int, most: int) -> Array:
    own = rows[rows[:, 5] == kind]
    ranked: Array = own[np.argsort(-own[:, 4], kind="stable")][:most]
    return ranked


def class_hits(given: list[Array], truth: list[Array], kind: int, most: int) -> ClassHits:
    parts, scores, inputs, truths = [], [], [], []
    for place, (rows, true) in enumerate(zip(given, truth, strict=True)):
        own, real = _of_class(rows, kind, most), true[true[:, 4] == kind]
        parts.append(matched(own, real))
        scores.append(own[:, 4])
        inputs.append(np.full(len(own), place))
        truths.append(len(real))
    order = np.argsort(-np.concatenate(scores), kind="stable")
    return ClassHits(
        np.concatenate(parts, axis=1)[:, order], np.concatenate(inputs)[order].astype(np.int64), np.array(truths)
    )


def average_precision(found: ClassHits, weights: Array) -> Array:
    """AP at each of IOUS, where input i counts `weights[i]` times: (IOUs,); nan where nothing is to be found."""
    positives = float(weights @ found.truths)
    if positives <= 0:
        return np.full(len(IOUS), np.nan)
    weight = weights[found.inputs]
    right = np.cumsum(found.hits * weight, axis=1)
    every = np.cumsum(weight)
    precision = np.divide(right, every, out=np.zeros_like(right), where=every > 0)
    precision = np.maximum.accumulate(precision[:, ::-1], axis=1)[:, ::-1]
    values = np.zeros((len(IOUS), len(RECALLS)))
    for level in range(len(IOUS)):
        places = np.searchsorted(right[level] / positives, RECALLS, side="left")
        reached = places < precision.shape[1]
        values[level, reached] = precision[level, places[reached]]
    found_ap: Array = values.mean(axis=1)
    return found_ap


def detection(answers: Array, truth: list[Array], options: Options) -> Scored:
    """mAP, mAP at IoU 0.5, and both of each class. answers: (n, boxes * 6). truth: of each input (boxes, 5). Raises ValueError."""
    if len(answers) != len(truth):
        raise ValueError(f"{len(answers)} answers for {len(truth)} inputs")
    given = boxes_of(answers, options)
    hits = [class_hits(given, truth, kind, options.max_detections) for kind in range(len(options.classes))]
    table = np.array([average_precision(found, np.ones(len(truth))) for found in hits])
    metrics = {"map": _mean(table), "map_50": _mean(table[:, 0])}
    rounds = [_both(hits, weights) for chunk in resampled(len(truth), ROUNDS) for weights in chunk]
    intervals = {
        name: around(np.array([found[place] for found in rounds]), metrics[name])
        for place, name in enumerate(("map", "map_50"))
    }
    totals = [int(found.truths.sum()) for found in hits]
    quality: dict[str, Any] = {
        "task": "detection", "n": len(truth), "truths": sum(totals), **metrics,
        **{f"{name}_interval": list(ends) for name, ends in intervals.items()},
        "per_class": [
            {"name": name, "truths": total, "ap": float(np.nan_to_num(row.mean())), "ap_50": float(np.nan_to_num(row[0]))}
            for name, total, row in zip(options.classes, totals, table, strict=True)
        ],
    }  # fmt: skip
    return Scored(metrics, intervals, quality)


def _mean(values: Array) -> float:
    """Over what was to be found; 0 where nothing was."""
    known = values[np.isfinite(values)]
    return float(known.mean()) if known.size else 0.0


def _both(hits: list[ClassHits], weights: Array) -> tuple[float, float]:
    table = np.array([average_precision(found, weights) for found in hits])
    return _mean(table), _mean(table[:, 0])


def _share_found(given: Array, true: Array, options: Options) -> float:
    """Of the boxes of one input, by as many boxes of each class as there are, the best scored ones. 0 where it has none."""
    if not len(true):
        return 0.0
    found = 0
    for kind in np.unique(true[:, 4]):
        real = true[true[:, 4] == kind]
        found += int(matched(_of_class(given, int(kind), len(real)), real)[0].sum())
    return found / len(true)
