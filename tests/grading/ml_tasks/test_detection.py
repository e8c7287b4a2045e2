"""Mean average precision: by hand in small cases, and beside a slow one that is written after the text of COCO's evaluation."""

import numpy as np
import pytest

from grading.ml_tasks.detection import Options
from grading.ml_tasks.scoring.detection import IOUS, SCORER, boxes_of, detection, iou, matched
from tests.grading.ml_tasks.coco import IOUS as SLOW_IOUS
from tests.grading.ml_tasks.coco import mean_ap, overlap


def answers(images, boxes=6):
    """images: lists of rows (x0, y0, x1, y1, score, class), filled up with rows of score 0."""
    made = np.zeros((len(images), boxes, 6), np.float32)
    for n, rows in enumerate(images):
        made[n, : len(rows)] = np.reshape(rows, (-1, 6)) if rows else 0
    return made.reshape(len(images), -1)


def truth(images):
    return [np.array(rows, dtype=np.float64).reshape(-1, 5) for rows in images]


def score(given, true, classes=("a",), most=100):
    boxes = max(6, *(len(rows) for rows in given))
    return detection(answers(given, boxes), truth(true), Options(tuple(classes), boxes, most))


BOX = (0, 0, 10, 10)


def test_a_box_that_is_met_gives_one_and_one_that_is_missed_nothing():
    assert score([[(*BOX, 0.9, 0)]], [[(*BOX, 0)]]).metrics == {"map": pytest.approx(1), "map_50": pytest.approx(1)}
    assert score([[]], [[(*BOX, 0)]]).metrics == {"map": 0.0, "map_50": 0.0}
    assert score([[(20, 20, 30, 30, 0.9, 0)]], [[(*BOX, 0)]]).metrics["map_50"] == 0.0


def test_an_overlap_of_three_quarters_counts_up_to_that_threshold():
    found = score([[(0, 0, 10, 7.5, 0.9, 0)]], [[(*BOX, 0)]])
    assert found.metrics == {"map": pytest.approx(0.6), "map_50": pytest.approx(1.0)}  # 0.50 to 0.75: six of ten


def test_of_two_boxes_one_is_found_behind_a_false_one_by_hand():
    """Right, wrong, right of two: precision 1 up to half the recall, then 2/3."""
    given = [[(*BOX, 0.9, 0), (50, 50, 60, 60, 0.8, 0), (20, 20, 30, 30, 0.7, 0)]]
    found = score(given, [[(*BOX, 0), (20, 20, 30, 30, 0)]])
    assert found.metrics["map_50"] == pytest.approx((51 * 1 + 50 * 2 / 3) / 101)


def test_a_true_box_is_met_once():
    twice = [[(*BOX, 0.9, 0), (*BOX, 0.8, 0)]]
    assert score(twice, [[(*BOX, 0), (20, 20, 30, 30, 0)]]).metrics["map_50"] == pytest.approx(51 / 101)


def test_the_order_of_scores_over_all_images_counts():
    good_first = score([[(*BOX, 0.9, 0)], [(*BOX, 0.1, 0)]], [[(*BOX, 0)], []]).metrics["map_50"]
    bad_first = score([[(*BOX, 0.1, 0)], [(*BOX, 0.9, 0)]], [[(*BOX, 0)], []]).metrics["map_50"]
    assert (good_first, bad_first) == (pytest.approx(1.0), pytest.approx(0.5))


def test_a_class_without_a_true_box_is_left_out_of_the_mean():
    found = score([[(*BOX, 0.9, 0), (*BOX, 0.9, 1)]], [[(*BOX, 0)]], classes=("a", "b"))
    assert found.metrics["map"] == pytest.approx(1.0)
    assert [one["truths"] for one in found.quality["per_class"]] == [1, 0]


def test_rows_of_score_zero_and_of_no_class_of_the_lab_are_no_boxes():
    rows = [[(*BOX, 0, 0), (*BOX, 0.5, -1), (*BOX, 0.5, 7), (*BOX, 0.5, 0)]]
    assert [len(found) for found in boxes_of(answers(rows), Options(("a",), 6))] == [1]


def test_only_the_best_detections_of_a_class_count():
    given = [[(50, 50, 60, 60, 0.9, 0), (*BOX, 0.8, 0)]]
    assert score(given, [[(*BOX, 0)]], most=1).metrics["map_50"] == 0.0
    assert score(given, [[(*BOX, 0)]], most=2).metrics["map_50"] == pytest.approx(0.5)


def scene(random, images=6, classes=3):
    """True boxes, and detections near them, beside them and twice."""
    given, true = [], []
    for _ in range(images):
        real = [
            (*corner, *(corner + random.uniform(5, 20, 2)), random.integers(classes))
            for corner in random.uniform(0, 40, (random.integers(0, 5), 2))
        ]
        rows = [
            (*(np.array(box[:4]) + random.normal(0, 1.5, 4)), random.random(), box[4])
            for box in real
            for _ in range(random.integers(0, 3))
        ]
        rows += [
            (*corner, *(corner + 8), random.random(), random.integers(classes))
            for corner in random.uniform(0, 40, (random.integers(0, 3), 2))
        ]
        given.append(rows)
        true.append(real)
    return given, true


def slowly(given, true, classes, levels, most=100):
    by_class = [
        [
            (
                [(row[:4], np.float32(row[4])) for row in rows if row[5] == kind],
                [box[:4] for box in real if box[4] == kind],
            )
            for rows, real in zip(given, true, strict=True)
        ]
        for kind in range(classes)
    ]
    return mean_ap(by_class, levels, most)


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("most", [100, 1])
def test_both_ways_to_count_agree_on_random_scenes(seed, most):
    given, true = scene(np.random.default_rng(seed))
    given = [[tuple(np.float32(value) for value in row) for row in rows] for rows in given]
    found = score(given, true, classes=("a", "b", "c"), most=most).metrics
    assert found["map"] == pytest.approx(slowly(given, true, 3, SLOW_IOUS, most), abs=1e-9)
    assert found["map_50"] == pytest.approx(slowly(given, true, 3, [0.5], most), abs=1e-9)
    assert 0 < found["map_50"] < 1 or most == 1


def test_overlaps_are_those_of_the_slow_way():
    random = np.random.default_rng(5)
    corners = random.uniform(0, 10, (20, 2))
    boxes = np.hstack([corners, corners + random.uniform(-1, 9, (20, 2))])  # some are empty
    found = iou(boxes, boxes)
    assert found == pytest.approx(np.array([[overlap(a, b) for b in boxes] for a in boxes]))


def test_of_several_true_boxes_the_nearest_free_one_is_taken():
    given = np.array([[0, 0, 10, 10, 0.9, 0], [0, 0, 10, 9, 0.8, 0]])
    true = np.array([[0, 0, 10, 9, 0], [0, 0, 10, 10, 0]])
    assert matched(given, true).all()
    assert len(IOUS) == 10


def test_an_answer_is_right_where_half_of_the_boxes_are_found():
    options = Options(("a",), 6)
    given = answers([[(*BOX, 0.9, 0)], [(*BOX, 0.9, 0)], [(*BOX, 0.9, 0)]])
    true = truth([[(*BOX, 0), (20, 20, 30, 30, 0)], [(20, 20, 30, 30, 0)], []])
    # The first finds one of two only where its best two are looked at.
    assert SCORER.right(given, true, options, None).tolist() == [True, False, False]
