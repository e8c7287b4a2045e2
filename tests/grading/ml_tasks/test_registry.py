"""What is true of every task: its scorer, its keys, its words in the documents; and what each refuses in specs and labels."""

import re

import numpy as np
import pytest

from courseplatform.core.errors import BadInput
from courseplatform.core.numbers import UNITS
from grading.bench.errors import BenchError
from grading.forms.editing.metric_choices import UNIT_WORDS
from grading.hidden_sets.facts import hidden_facts
from grading.hidden_sets.fit import COPIES, MOST_ANSWER_BYTES, misfits
from grading.lab_words import input_words, output_words
from grading.measuring.signature import check_signature
from grading.ml_tasks.registry import TASKS, all_metrics, task_of
from grading.ml_tasks.scoring.base import Scorer, scorer_of
from grading.spec import METRICS, BenchSpec, SpecError
from grading.spec.criteria import METRIC_WORDS
from tests.grading.measuring.test_signature import report
from tests.grading.ml_tasks.specs import OF_TASK, criterion, raw, spec
from tests.parts import ROOT

DOCUMENT = (ROOT / "docs" / "tasks.md").read_text()
EXPLAINED = set(re.findall(r"`([a-z_0-9]+)`", DOCUMENT))


@pytest.mark.parametrize("task", TASKS.values(), ids=TASKS)
def test_each_task_can_be_scored_asked_for_and_read_about(task):
    assert isinstance(scorer_of(task.name), Scorer)
    assert task.name in EXPLAINED
    assert {key.name for key in task.keys} | {metric.name for metric in task.metrics} <= EXPLAINED
    assert {metric.name for metric in task.metrics} <= set(METRICS) & set(METRIC_WORDS)
    assert {metric.unit for metric in task.metrics} <= set(UNITS) & set(UNIT_WORDS)
    assert task.main in task.gives(spec(task.name).options)
    right = scorer_of(task.name).right_means
    assert right == "" or right.removeprefix("An answer is right where ").rstrip(".") in " ".join(DOCUMENT.split())


def test_two_tasks_mean_the_same_by_one_metric():
    for task in TASKS.values():
        for metric in task.metrics:
            assert all_metrics()[metric.name] == metric


def test_a_result_that_names_no_task_is_one_of_classification():
    assert task_of({}).name == "classification" == task_of({"task": "of a later version"}).name


def test_what_a_sandbox_may_answer_is_what_the_harness_takes():
    from grading.bench import canaries
    from hardware.ondevice import rehearsal

    assert (MOST_ANSWER_BYTES, COPIES) == (rehearsal.MAX_OUTPUT_BYTES, canaries.MOST)


# -- specs ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("task", "change", "place"),
    [
        ("classification", {"classes": ["a"]}, "spec.classes"),
        ("classification", {"top_k": 1}, "spec.top_k"),
        ("classification", {"boxes": 3}, "unknown key boxes"),
        ("detection", {"classes": []}, "spec.classes"),
        ("detection", {"boxes": 0}, "spec.boxes"),
        ("detection", {"boxes": 2.5}, "spec.boxes: expected a whole number"),
        ("detection", {"max_detections": 0}, "spec.max_detections"),
        ("sequence", {"vocabulary": ["a"]}, "spec.vocabulary"),
        ("sequence", {"vocabulary": ["a", "a"]}, "stands twice"),
        ("sequence", {"blank": 5}, "spec.blank"),
        ("sequence", {"steps": 0}, "spec.steps"),
        ("sequence", {"tokens": "syllables"}, "spec.tokens"),
        ("sequence", {"word_delimiter": ""}, "spec.word_delimiter"),
        ("anomaly", {"positive": "normal"}, "spec.positive"),
        ("regression", {"targets": []}, "spec.targets"),
        ("regression", {"target": "input"}, "spec.targets"),
        ("distillation", {"classes": ["a"]}, "spec.classes"),
        ("distillation", {"outputs": "votes"}, "spec.outputs"),
        ("training_step", {"classes": ["a"]}, "spec.classes"),
        ("training_step", {"batch": 0}, "spec.batch"),
        ("training_step", {"train": 7}, "spec.train: the training set has to fill one batch"),
        ("training_step", {"steps": 5}, "spec.steps"),
        ("training_step", {"steps": 2001}, "from 20 to 2000"),
        ("poetry", {}, "spec.task"),
    ],
)
def test_a_spec_that_cannot_be_is_refused_at_its_place(task, change, place):
    with pytest.raises(SpecError) as caught:
        BenchSpec.parse({**raw(task if task in OF_TASK else "anomaly"), "task": task, **change})
    assert place in str(caught.value)


@pytest.mark.parametrize(
    ("given", "place"),
    [
        ({"dtype": "float64"}, "spec.input.dtype"),
        ({"dtype": "uint8", "low": -1}, "uint8 holds whole numbers from 0 to 255"),
        ({"normalise": {"divide_by": 0}}, "spec.input.normalise.divide_by"),
        ({"normalise": {"std": [1, 0, 1]}}, "spec.input.normalise.std"),
        ({"normalise": {"mean": [1, 2]}}, "2 numbers, and NCHW has 1 channels"),
        ({"normalise": {"mean": "grey"}}, "spec.input.normalise.mean"),
        ({"normalise": {"gamma": 2}}, "unknown key gamma"),
        ({"normalise": 3}, "spec.input.normalise: expected a mapping"),
        ({"shapes": {"flat": [1, 12]}, "normalise": {"mean": [1, 2]}}, "needs layouts whose letters"),
    ],
)
def test_inputs_that_cannot_be_given_are_refused_at_their_place(given, place):
    with pytest.raises(SpecError) as caught:
        spec("anomaly", input={"shapes": {"NCHW": [1, 1, 4, 4]}} | given)
    assert place in str(caught.value)


def test_a_criterion_asks_for_what_its_task_gives():
    with pytest.raises(SpecError) as caught:
        spec("detection", [criterion("accuracy")])
    assert (
        str(caught.value)
        == "criteria[1].metric: accuracy does not come out of this detection; what does is map, map_50."
    )
    with pytest.raises(SpecError):
        spec("classification", [criterion("top_k_accuracy")])  # three classes
    assert spec("classification", [criterion("top_k_accuracy")], top_k=2).criteria[1].metric == "top_k_accuracy"


def test_what_is_left_out_is_as_it_was_before_there_were_tasks():
    found = spec("classification")
    assert (found.input.dtype, found.input.low, found.input.high, found.input.normalise) == ("float32", 0, 1, None)
    assert found.input.given_dtype == "float32" and found.classes == ("a", "b", "c")


# -- signatures -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("task", "fits", "differs", "words"),
    [
        (
            "detection",
            (1, 4, 6),
            (1, 24),
            "one output of 4 boxes, each x0, y0, x1, y1, score, class. Let it give 1×4×6, filled up with rows of score 0",
        ),
        (
            "sequence",
            (1, 8, 5),
            (8, 1, 5),
            "one output of 8 steps with 5 scores, one for each token of the vocabulary. Let it give 1×8×5",
        ),
        (
            "anomaly",
            (1, 1),
            (1, 2),
            "one output of one score, the higher the more anomaly. Give its last layer one output",
        ),
        ("regression", (1, 2), (1, 3), "one output of 2 numbers: x, y. Give its last layer 2 outputs"),
        (
            "distillation",
            (1, 3, 1, 1),
            (1, 4),
            "one output of 3 logits, one for each class. Give its last layer 3 outputs",
        ),
    ],
)
def test_a_model_that_answers_something_else_is_told_what_its_task_asks_for(task, fits, differs, words):
    given = ((1, 1, 4, 4), "float32")
    assert check_signature(report(given, outputs=(fits,)), spec(task), "Lab 3") == "NCHW"
    with pytest.raises(BenchError) as caught:
        check_signature(report(given, outputs=(differs,)), spec(task), "Lab 3")
    assert (
        caught.value.code == "output_mismatch"
        and f"Lab 3 asks for {words}, and export it again." in caught.value.message
    )


def test_an_autoencoder_gives_as_many_numbers_as_it_takes():
    lab = spec("regression", target="input", targets=[])
    for fits in ((1, 1, 4, 4), (1, 16), (1, 4, 4, 1)):
        assert check_signature(report(((1, 1, 4, 4), "float32"), outputs=(fits,)), lab, "Lab 3")
    with pytest.raises(BenchError) as caught:
        check_signature(report(((1, 1, 4, 4), "float32"), outputs=((1, 8),)), lab, "Lab 3")
    assert "one output of 16 numbers, as many as the input has" in caught.value.message


def test_a_type_and_a_shape_that_both_differ_are_said_in_one_sentence():
    lab = spec("anomaly", input={"shapes": {"NCHW": [1, 3, 32, 32]}, "dtype": "uint8"})
    with pytest.raises(BenchError) as caught:
        check_signature(report(((1, 1, 28, 28), "float32"), outputs=((1, 1),)), lab, "Lab 2")
    assert caught.value.message.startswith(
        "This model expects an input of 1×1×28×28 float32. Lab 2 gives 1×3×32×32 uint8."
    )
    tflite = report(((1, 3, 32, 32), "int8"), outputs=((1, 1),), model_format="tflite")
    with pytest.raises(BenchError) as caught:
        check_signature(tflite, lab, "Lab 2")
    assert {row["label"]: row["yours"] for row in caught.value.details["compare"]}["Input type"] == "int8"


def test_the_page_of_a_lab_says_what_is_given_and_asked_for():
    lab = spec(
        "classification",
        input={
            "shapes": {"NCHW": [1, 1, 4, 4]},
            "dtype": "uint8",
            "normalise": {"divide_by": 255, "mean": 0.5},
            "note": "Hands.",
        },
    )
    assert input_words("1×1×4×4 (NCHW)", lab.input) == (
        "1×1×4×4 (NCHW), float32: stored as uint8, 0 to 255, and divided by 255, then minus 0.5 before your model sees it. Hands."
    )
    assert output_words(lab) == "1×3, one score for each of a b c"
    assert output_words(spec("detection")) == "1×4×6, 4 boxes, each x0, y0, x1, y1, score, class: cat dog"


# -- labels -----------------------------------------------------------------------------------------------------------

INPUTS = np.zeros((4, 1, 4, 4), np.float32)
BOXES = np.array([[0, 1, 1, 3, 3, 0], [2, 1, 1, 3, 3, 1]], np.float32)
TOKENS = np.array([[1, 2, -1], [1, -1, -1], [-1, -1, -1], [3, 3, 3]])
TAUGHT = np.array([[0, 1], [1, 1], [2, 2], [0, 0]])


def facts_of(task, tmp_path, labels):
    np.save(tmp_path / "inputs.npy", INPUTS)
    if labels is not None:
        np.save(tmp_path / "labels.npy", labels)
    return hidden_facts(tmp_path / "inputs.npy", None if labels is None else tmp_path / "labels.npy", task)


def changed(array, place, value):
    made = array.copy()
    made[place] = value
    return made


@pytest.mark.parametrize(
    ("task", "labels", "code"),
    [
        ("classification", None, "no_file"),
        ("detection", None, "no_file"),
        ("detection", BOXES[:, :5], "wrong_shape"),
        ("detection", BOXES.astype(np.float64), "wrong_dtype"),
        ("detection", changed(BOXES, (0, 0), 4), "wrong_label"),
        ("detection", changed(BOXES, (0, 0), 0.5), "wrong_label"),
        ("detection", changed(BOXES, (1, 5), -1), "wrong_label"),
        ("detection", changed(BOXES, (1, 5), 1e30), "wrong_label"),
        ("detection", changed(BOXES, (1, 3), 1), "wrong_label"),
        ("detection", changed(BOXES, (1, 2), np.nan), "not_finite"),
        ("sequence", TOKENS[:3], "counts_differ"),
        ("sequence", TOKENS[0], "wrong_shape"),
        ("sequence", changed(TOKENS, (1, 2), 3), "wrong_label"),
        ("sequence", changed(TOKENS, (0, 0), -2), "wrong_label"),
        ("sequence", changed(TOKENS, (0, 0), 1 << 40), "wrong_label"),
        ("sequence", np.full((4, 3), -1), "wrong_label"),
        ("sequence", np.zeros((4, 5000), np.int64), "wrong_shape"),
        ("anomaly", np.array([0, 1, 2, 0]), "wrong_label"),
        ("anomaly", np.array([0, 0, 0, 0]), "one_class"),
        ("anomaly", np.array([1, 1, 1, 1]), "one_class"),
        ("regression", np.zeros((4, 2), np.int64), "wrong_dtype"),
        ("regression", np.full((4, 2), np.inf, np.float32), "not_finite"),
        ("regression", np.zeros((4, 2, 2), np.float32), "wrong_shape"),
        ("distillation", TAUGHT[:, :1], "wrong_shape"),
        ("distillation", changed(TAUGHT, (0, 1), -1), "wrong_label"),
        ("distillation", np.zeros((4, 2), np.float32), "wrong_shape"),
        ("distillation", np.full((4, 4), np.nan, np.float32), "not_finite"),
        ("distillation", np.full((4, 4), 0.5, np.float32), "wrong_label"),
        ("poetry", TAUGHT, "unknown_task"),
    ],
)
def test_labels_that_no_such_task_has_are_refused_with_their_field(task, labels, code, tmp_path):
    with pytest.raises(BadInput) as caught:
        facts_of(task, tmp_path, labels)
    assert caught.value.code == code
    assert caught.value.details == {"field": "task" if task == "poetry" else "labels"}


def test_a_row_that_is_wrong_is_named_as_numpy_counts(tmp_path):
    with pytest.raises(BadInput, match=r"Row 1 of the labels has the class -1"):
        facts_of("detection", tmp_path, changed(BOXES, (1, 5), -1))


@pytest.mark.parametrize(
    ("task", "labels", "more", "said"),
    [
        ("classification", np.array([0, 1, 2, 3]), {}, "labels up to 3, and 3 classes"),
        ("detection", changed(BOXES, (0, 5), 2), {}, "boxes of class 2, and 2 classes"),
        ("sequence", changed(TOKENS, (0, 0), 7), {}, "labels up to 7, and the vocabulary has 5"),
        ("sequence", TOKENS, {"blank": 2}, "use token 2, which the lab calls the blank"),
        ("regression", np.zeros((4, 3), np.float32), {}, "3 numbers for each input, and 2 targets"),
        ("regression", None, {}, "no labels, and 2 targets"),
        ("regression", np.zeros((4, 3), np.float32), {"target": "input", "targets": []}, "the hidden set has labels"),
        ("distillation", np.zeros((4, 5), np.float32), {}, "knows 4 classes, and 3 are named"),
        (
            "distillation",
            TAUGHT,
            {"criteria": [criterion("kl_divergence", "ramp", **{"from": 1, "to": 0})]},
            "without its logits",
        ),
    ],
)
def test_a_set_that_does_not_fit_its_lab_is_told_in_a_sentence(task, labels, more, said, tmp_path):
    found = misfits(BenchSpec.parse(raw(task) | more), facts_of(task, tmp_path, labels))
    assert len(found) == 1 and said in found[0]


def test_a_set_of_another_type_is_told(tmp_path):
    facts = facts_of("anomaly", tmp_path, np.array([0, 1, 1, 0]))
    lab = spec("anomaly", input={"shapes": {"NCHW": [1, 1, 4, 4]}, "dtype": "uint8"})
    assert misfits(lab, facts) == ["The hidden set holds float32, and the lab says uint8 (`dtype` of its input)."]


def test_facts_of_before_there_were_tasks_still_fit():
    assert (
        misfits(spec("classification"), {"count": 4, "shape": [1, 4, 4], "low": 0.0, "high": 1.0, "classes": 3}) == []
    )


# -- training steps ---------------------------------------------------------------------------------------------------


def test_the_page_of_a_lab_of_steps_says_what_is_called_with_what():
    lab = spec("training_step")
    assert lab.kind.takes_words(lab.options).startswith(
        "8 at once, and beside them 8 labels (int64). The step is called 40 times"
    )
    assert output_words(lab).startswith(
        "the loss of the batch, one number, and 8×3 logits from the weights before the update."
    )
    assert (lab.kind.shown(lab.options), lab.kind.batch(lab.options)) == (96, 8)


def test_what_would_help_a_training_names_the_points_that_it_would_bring():
    quality = {
        "loss": [1.0] * 40, "changed_tensors": 2, "uses_labels": True, "heldout_loss": 1.09, "before_loss": 1.1, "is_constant": False,
        "accuracy_gain": 0.0, "shuffled_accuracy": 0.3, "before_accuracy": 0.3, "accuracy": 0.3,
    }  # fmt: skip
    found = TASKS["training_step"].advice(quality, {"accuracy": 3.0, "step_peak_bytes": 1.0})
    assert [one["metric"] for one in found] == ["accuracy", "step_peak_bytes"]
    assert found[0]["text"] == "40 steps gained next to nothing."
    learned = quality | {"accuracy_gain": 0.4, "accuracy": 0.7, "heldout_loss": 0.6}
    assert (
        TASKS["training_step"]
        .advice(learned, {"heldout_loss": 1.0})[0]["text"]
        .startswith("The held-out loss went from 1.1")
    )
    assert TASKS["training_step"].advice(learned, {"macs": 1.0}) == []
