"""Top-1, top-k, macro F1 and Wilson's interval, against scikit-learn and by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, confusion_matrix, f1_score, recall_score, top_k_accuracy_score

from grading.ml_tasks.classification import MATRIX, Options
from grading.ml_tasks.scoring.classification import classification, macro_f1, places
from grading.ml_tasks.scoring.intervals import wilson

ABC = Options(("a", "b", "c"))


def drawn(seed, n=300, classes=8, skill=1.5):
    random = np.random.default_rng(seed)
    labels = random.integers(0, classes, n)
    scores = random.normal(size=(n, classes)) + skill * np.eye(classes)[labels]
    return scores.astype(np.float32), labels


def test_accuracy_and_confusion_by_hand():
    scores = np.array([[3, 1, 0], [0, 2, 1], [5, 0, 1], [0, 0, 9]], dtype=np.float32)
    found = classification(scores, np.array([0, 1, 2, 2]), ABC)
    assert found.metrics["accuracy"] == 0.75
    assert found.quality["confusion"] == [[1, 0, 0], [0, 1, 0], [1, 0, 1]]
    assert found.quality["worst_pairs"] == [{"true": "c", "predicted": "a", "count": 1}]
    assert "top_k_accuracy" not in found.metrics  # three classes, and k is 5


@pytest.mark.parametrize("seed", range(5))
def test_all_numbers_are_those_of_scikit_learn(seed):
    scores, labels = drawn(seed)
    predicted = scores.argmax(axis=1)
    found = classification(scores, labels, Options(tuple("abcdefgh"), top_k=3))
    assert found.metrics["accuracy"] == pytest.approx(accuracy_score(labels, predicted))
    assert found.metrics["macro_f1"] == pytest.approx(f1_score(labels, predicted, average="macro"))
    assert found.metrics["top_k_accuracy"] == pytest.approx(top_k_accuracy_score(labels, scores, k=3))
    assert found.quality["confusion"] == confusion_matrix(labels, predicted, labels=range(8)).tolist()
    assert found.quality["per_class"] == pytest.approx(recall_score(labels, predicted, average=None, labels=range(8)))


def test_macro_f1_leaves_out_a_class_that_nobody_names():
    labels, predicted = np.array([0, 0, 2]), np.array([0, 2, 2])
    assert macro_f1(labels, predicted, np.ones((1, 3)))[0] == pytest.approx(
        f1_score(labels, predicted, average="macro")
    )


def test_among_equal_scores_the_lower_class_comes_first_as_argmax_takes_it():
    scores = np.array([[1, 1, 1], [1, 1, 1], [0, 1, 1]], dtype=np.float32)
    assert places(scores, np.array([0, 2, 2])).tolist() == [0, 2, 1]


@given(st.integers(0, 2**32 - 1))
def test_top_k_grows_with_k_and_begins_at_the_accuracy(seed):
    scores, labels = drawn(seed, n=40, classes=5)
    at = places(scores, labels)
    shares = [(at < k).mean() for k in range(1, 6)]
    assert shares == sorted(shares) and shares[-1] == 1
    assert shares[0] == (scores.argmax(axis=1) == labels).mean()


def test_wilson_matches_the_published_example():
    low, high = wilson(81, 263)  # Newcombe 1998, Table I
    assert (round(low, 4), round(high, 4)) == (0.2553, 0.3662)


def test_wilson_is_sensible_at_the_ends():
    assert wilson(0, 20)[0] == 0.0
    assert wilson(20, 20)[1] == pytest.approx(1.0)
    assert wilson(0, 0) == (0.0, 1.0)


def test_scores_of_another_shape_are_refused():
    with pytest.raises(ValueError):
        classification(np.zeros((2, 3), dtype=np.float32), np.array([0, 1]), Options(("a", "b")))


def test_many_classes_are_kept_without_their_matrix():
    size = MATRIX + 1
    found = classification(np.eye(size, dtype=np.float32), np.arange(size), Options(tuple(map(str, range(size)))))
    assert found.quality["confusion"] == [] and found.quality["per_class"] == [1.0] * size
