"""AUC, average precision, errors and divergence beside scikit-learn and scipy; intervals that cover, and are the same each time."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import log_softmax, rel_entr, softmax
from sklearn.metrics import average_precision_score, mean_absolute_error, mean_squared_error, r2_score, roc_auc_score

from grading.ml_tasks.anomaly import Options as AnomalyOptions
from grading.ml_tasks.classification import Options as ClassOptions
from grading.ml_tasks.distillation import Options as DistillationOptions
from grading.ml_tasks.registry import TASKS
from grading.ml_tasks.regression import Options as RegressionOptions
from grading.ml_tasks.scoring import anomaly, distillation, regression
from grading.ml_tasks.scoring.base import Inputs
from grading.ml_tasks.scoring.classification import classification
from grading.ml_tasks.scoring.distillation import Truth
from grading.ml_tasks.scoring.intervals import bootstrap, ratio_interval, resampled, wilson

XY = RegressionOptions(("x", "y"))


# -- one score --------------------------------------------------------------------------------------------------------


@given(st.integers(0, 2**32 - 1), st.sampled_from([2, 7, 1000]))
def test_auc_and_average_precision_are_those_of_scikit_learn_also_with_ties(seed, levels):
    random = np.random.default_rng(seed)
    truth = np.r_[0, 1, random.integers(0, 2, 40)]
    scores = np.round(random.random(42) * levels).astype(np.float32)
    found = anomaly.Ranked(scores, truth).groups(np.ones((1, 42)))
    assert anomaly.roc_auc(*found)[0] == pytest.approx(roc_auc_score(truth, scores))
    assert anomaly.average_precision(*found)[0] == pytest.approx(average_precision_score(truth, scores))


def test_a_weight_of_two_is_the_input_twice():
    scores, truth = np.array([3, 2, 2, 1], np.float32), np.array([1, 0, 1, 0])
    found = anomaly.Ranked(scores, truth).groups(np.array([[2.0, 1, 3, 0]]))
    repeated = [0, 0, 1, 2, 2, 2]
    assert anomaly.roc_auc(*found)[0] == pytest.approx(roc_auc_score(truth[repeated], scores[repeated]))
    assert anomaly.average_precision(*found)[0] == pytest.approx(
        average_precision_score(truth[repeated], scores[repeated])
    )


def test_the_curve_begins_and_ends_and_marks_its_best_threshold():
    scores, truth = np.array([0.9, 0.8, 0.3, 0.1], np.float32), np.array([1, 1, 0, 0])
    found = anomaly.anomaly(scores, truth, AnomalyOptions())
    assert found.quality["roc"][0] == [0, 0] and found.quality["roc"][-1] == [1, 1]
    assert found.quality["best"] == {"threshold": pytest.approx(0.8), "false_positive_rate": 0, "true_positive_rate": 1}
    assert found.intervals["roc_auc"] == (1.0, 1.0)
    assert anomaly.SCORER.right(scores[::-1], truth, AnomalyOptions(), found).tolist() == [False] * 4


def test_no_result_tells_the_scores_of_the_hidden_inputs_beside_their_labels():
    random = np.random.default_rng(3)
    scores, truth = random.random(100).astype(np.float32), np.r_[0, 1, random.integers(0, 2, 98)]
    quality = anomaly.anomaly(scores, truth, AnomalyOptions()).quality
    told = {number for point in quality["roc"] for number in point} | {quality["best"]["threshold"]}
    assert len(told & {float(score) for score in scores}) == 1  # the one threshold that is marked
    earlier = quality | {"roc": [[0.123456, *point] for point in quality["roc"]]}
    assert "0.123456" not in str(TASKS["anomaly"].figure(earlier))


# -- numbers ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(4))
def test_errors_are_those_of_scikit_learn(seed):
    random = np.random.default_rng(seed)
    truth = random.normal(3, [1, 5], (80, 2)).astype(np.float32)
    answers = truth + random.normal(0, 0.5, truth.shape).astype(np.float32)
    found = regression.regression(answers, truth, XY).metrics
    assert found["mse"] == pytest.approx(mean_squared_error(truth, answers))
    assert found["mae"] == pytest.approx(mean_absolute_error(truth, answers))
    assert found["r2"] == pytest.approx(r2_score(truth, answers, multioutput="variance_weighted"))


@pytest.mark.parametrize("answer", [1e5, 1e17, 1e38, -3.4e38])
@pytest.mark.parametrize("targets", [1, 2])
def test_a_model_that_always_answers_a_huge_number_is_measured_as_any_other(answer, targets):
    truth = np.random.default_rng(1).normal(size=(40, targets)).astype(np.float32)
    options = RegressionOptions(("x", "y")[:targets])
    found = regression.regression(np.full_like(truth, answer), truth, options)
    assert sum(found.quality["counts"]) == 40
    assert (np.diff(found.quality["edges"]) > 0).all()


def test_targets_that_never_change_have_no_r2_to_win():
    flat = np.ones((5, 1), np.float32)
    assert regression.regression(flat, flat, RegressionOptions(("x",))).metrics["r2"] == 1.0
    found = regression.regression(flat + 1, flat, RegressionOptions(("x",)))
    assert found.metrics["r2"] == 0.0 and found.intervals["r2"] == (0.0, 0.0)


def test_an_autoencoder_is_compared_with_its_input_and_a_changed_copy_with_itself(tmp_path):
    given = np.arange(12, dtype=np.float32).reshape(4, 1, 3)
    np.save(tmp_path / "given.npy", given)
    truth, of_copies = regression.SCORER.truth(
        None, Inputs(tmp_path / "given.npy", 3, (1,)), RegressionOptions(target="input")
    )
    assert np.array_equal(truth, given[:3].reshape(3, 3)) and np.array_equal(of_copies, given[3:].reshape(1, 3))


def test_one_target_may_come_without_an_axis_of_its_own(tmp_path):
    np.save(tmp_path / "y.npy", np.arange(3, dtype=np.float32))
    assert regression.SCORER.read(tmp_path / "y.npy", RegressionOptions(("x",)), 3).shape == (3, 1)
    with pytest.raises(ValueError):
        regression.SCORER.read(tmp_path / "y.npy", XY, 3)


def test_an_answer_is_right_within_half_the_spread_of_the_targets():
    truth = np.array([[-1.0], [1.0]], np.float32)  # a standard deviation of 1
    found = regression.regression(truth, truth, RegressionOptions(("x",)))
    assert regression.SCORER.right(
        truth + np.array([[0.4], [0.6]]), truth, RegressionOptions(("x",)), found
    ).tolist() == [
        True,
        False,
    ]


# -- a teacher --------------------------------------------------------------------------------------------------------


def taught(seed=1, n=60, classes=4):
    random = np.random.default_rng(seed)
    logits = random.normal(0, 2, (n, classes))
    answers = (logits + random.normal(0, 1, logits.shape)).astype(np.float32)
    return answers, Truth(random.integers(0, classes, n), logits.argmax(axis=1), logits)


def test_agreement_accuracy_and_divergence_beside_numpy_and_scipy():
    answers, truth = taught()
    found = distillation.distillation(answers, truth, DistillationOptions(tuple("abcd")))
    assert found.metrics["agreement"] == pytest.approx((answers.argmax(1) == truth.teacher).mean())
    assert found.metrics["accuracy"] == pytest.approx((answers.argmax(1) == truth.labels).mean())
    apart = rel_entr(softmax(truth.logits, axis=1), softmax(answers.astype(float), axis=1)).sum(axis=1).mean()
    assert found.metrics["kl_divergence"] == pytest.approx(apart)
    kinds = ("both_right", "same_error", "only_teacher", "only_model", "other_error")
    assert sum(found.quality[kind] for kind in kinds) == 60
    assert found.quality["both_right"] + found.quality["same_error"] == found.quality["agreed"]


def test_a_model_with_a_softmax_diverges_as_its_logits_do():
    answers, truth = taught()
    given = softmax(answers.astype(float), axis=1).astype(np.float32)
    both = [
        distillation.divergence(answers, truth.logits, "logits"),
        distillation.divergence(given, truth.logits, "probabilities"),
    ]
    assert both[1] == pytest.approx(both[0], abs=1e-4)
    assert (
        distillation.divergence(np.eye(4, dtype=np.float32), np.eye(4), "probabilities").max() < 20
    )  # a probability of 0 is no infinity


def test_the_log_of_a_softmax_does_not_overflow():
    logits = np.array([[1000.0, 0.0, -1000.0]])
    assert distillation.log_softmax(logits) == pytest.approx(log_softmax(logits, axis=1))


def test_without_logits_there_is_no_divergence(tmp_path):
    np.save(tmp_path / "labels.npy", np.array([[0, 1], [1, 1]]))
    truth = distillation.SCORER.read(tmp_path / "labels.npy", DistillationOptions(("a", "b")), 2)
    found = distillation.distillation(np.array([[0, 1], [0, 1]], np.float32), truth, DistillationOptions(("a", "b")))
    assert found.metrics == {"agreement": 1.0, "accuracy": 0.5}


# -- intervals --------------------------------------------------------------------------------------------------------


def test_what_is_drawn_is_whole_inputs_and_the_same_each_time():
    first, again = (np.concatenate(list(resampled(50, 30))) for _ in range(2))
    assert np.array_equal(first, again) and (first.sum(axis=1) == 50).all() and first.shape == (30, 50)
    assert not np.array_equal(first[0], first[1])


def test_a_bootstrapped_share_is_close_to_wilson():
    hits = np.r_[np.ones(170), np.zeros(30)]
    assert ratio_interval(hits) == pytest.approx(wilson(170, 200), abs=0.012)


def test_nine_of_ten_intervals_and_more_hold_the_truth():
    random = np.random.default_rng(2)
    held = 0
    for _ in range(60):
        low, high = ratio_interval(random.exponential(2.0, 100))
        held += low <= 2.0 <= high
    assert held >= 51  # 95 % of 60 are 57; fewer than 51 comes once in 500 times


def test_rounds_without_a_value_are_left_out_and_the_estimate_lies_within():
    def statistic(weights):
        found = np.full(len(weights), 3.0)
        found[::2] = np.nan
        return found

    assert bootstrap(5, statistic, 4.0) == (3.0, 4.0)


def test_the_same_answers_get_the_same_document():
    random = np.random.default_rng(0)
    scores, labels = random.normal(size=(30, 3)).astype(np.float32), random.integers(0, 3, 30)
    both = [classification(scores, labels, ClassOptions(("a", "b", "c"))) for _ in range(2)]
    assert both[0] == both[1]
