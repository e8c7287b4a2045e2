"""Quality from predictions: outside the sandbox, against labels it never saw."""

import numpy as np
import pytest

from grading.bench.scoring import classification, wilson

CLASSES = ("a", "b", "c")


def test_accuracy_and_confusion_by_hand():
    scores = np.array([[3, 1, 0], [0, 2, 1], [5, 0, 1], [0, 0, 9]], dtype=np.float32)
    quality = classification(scores, np.array([0, 1, 2, 2]), CLASSES)
    assert quality.accuracy == 0.75
    assert quality.confusion == [[1, 0, 0], [0, 1, 0], [1, 0, 1]]
    assert quality.worst_pairs == [{"true": "c", "predicted": "a", "count": 1}]


def test_wilson_matches_the_published_example():
    low, high = wilson(81, 263)  # Newcombe 1998, Table I
    assert (round(low, 4), round(high, 4)) == (0.2553, 0.3662)


def test_wilson_is_sensible_at_the_ends():
    assert wilson(0, 20)[0] == 0.0
    assert wilson(20, 20)[1] == pytest.approx(1.0)
    assert wilson(0, 0) == (0.0, 1.0)


def test_scores_of_another_shape_are_refused():
    with pytest.raises(ValueError):
        classification(np.zeros((2, 3), dtype=np.float32), np.array([0, 1]), ("a", "b"))
