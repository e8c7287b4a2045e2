"""Training steps from file to metrics, through the sandbox: those that learn, those that do not, and those that only seem to."""

import json

import numpy as np
import pytest

from grading.bench.errors import BenchError
from grading.bench.sandbox import detect
from grading.course_file.assignments import check
from grading.course_file.placed import numbered
from grading.figures import Given, figure_of
from grading.hidden_sets.facts import hidden_facts
from grading.hidden_sets.fit import misfits
from grading.labs.step_file import Rule
from grading.measuring.measure_run import measure_run
from grading.measuring.measure_step import cut
from grading.ml_tasks.training_step import findings
from hardware.ondevice.sandbox.request import MIB
from hardware.profiles import load_profiles
from tests.grading.bench import training_steps as steps
from tests.grading.ml_tasks.specs import criterion, raw, spec

GAIN = criterion("accuracy_gain", "ramp", **{"from": 0.0, "to": 0.4})


def lab(**more):
    return spec("training_step", [GAIN], devices=["rpi-4-4gb"], **{"wall_s": 240} | more)


@pytest.fixture(scope="module")
def box():
    return detect("auto")


@pytest.fixture(scope="module")
def measured(box, tmp_path_factory):
    """Measures a step, each once: a function of its maker."""

    def run(write, **more):
        folder = tmp_path_factory.mktemp("step")
        hidden = steps.files(folder)
        return measure_run(
            model=write(folder / "step.pt2"), name="step.pt2", spec=lab(**more), lab="Lab 8b", inputs=hidden.inputs,
            labels=hidden.labels, sandbox=box, seed=3, on_progress=lambda *told: None, profiles=load_profiles(), work=folder,
        )  # fmt: skip

    return run


@pytest.fixture(scope="module")
def learned(measured):
    return measured(steps.learner)


def odd(measured, module, **more):
    return measured(lambda path: steps.written(module, path), **more)


def codes(document):
    return [one["code"] for one in document["suspicions"]]


# -- one that learns --------------------------------------------------------------------------------------------------


def test_a_step_that_learns_is_scored_on_inputs_whose_labels_never_entered(learned):
    metrics, quality = learned["metrics"], learned["quality"]
    assert metrics["accuracy"] > 0.9 > 0.6 > quality["before_accuracy"]
    assert metrics["accuracy_gain"] == pytest.approx(metrics["accuracy"] - quality["before_accuracy"])
    assert metrics["heldout_loss"] < quality["before_loss"]
    assert quality["shuffled_accuracy"] < 0.6
    assert (quality["n"], len(quality["loss"]), codes(learned), list(findings(quality))) == (steps.HELD, 40, [], [])
    assert float(learned["earned"]) > 1


def test_the_memory_of_its_step_is_counted_and_measured(learned):
    counted, measured = learned["report"]["peak_activation_bytes"], learned["metrics"]["step_peak_bytes"]
    assert 0.5 * counted < measured < 2 * counted
    assert learned["quality"]["state_bytes"] == 2 * learned["report"]["weight_bytes"], "weights and their velocity"


def test_its_backward_convolution_is_counted(learned):
    convolutions = {op["op"]: op["macs"] for op in learned["report"]["operators"] if "convolution" in op["op"]}
    forward = steps.BATCH * 4 * 16 * 9
    # Of the weight alone: nobody asks for the gradient of the pictures.
    assert convolutions == {"aten::convolution": forward, "aten::convolution_backward": forward}


def test_its_time_on_a_board_is_extrapolated(learned):
    device = learned["environment"]["devices"]["rpi-4-4gb"]
    assert device["extrapolated"] or device["latency_ms"] is None
    assert not device["graded"]


def test_the_same_file_gets_the_same_numbers_whatever_the_seed(learned, box, tmp_path):
    hidden = steps.files(tmp_path)
    again = measure_run(
        model=steps.learner(tmp_path / "step.pt2"), name="step.pt2", spec=lab(), lab="Lab 8b", inputs=hidden.inputs,
        labels=hidden.labels, sandbox=box, seed=77, on_progress=lambda *told: None, profiles=load_profiles(), work=tmp_path,
    )  # fmt: skip
    assert again["metrics"]["accuracy"] == learned["metrics"]["accuracy"]
    assert again["quality"]["loss"] == pytest.approx(learned["quality"]["loss"], abs=1e-4)


def test_the_figures_say_what_was_learned_and_what_it_took(learned):
    given = Given(json.loads(json.dumps(learned)), lab(), load_profiles())
    curve, memory = figure_of(given, "accuracy"), figure_of(given, "step-memory")
    assert curve.finding.startswith(
        "After 40 steps 100.0\u202f% of 60 held-out inputs are right; before the first it was"
    )
    assert len(curve.rows) == 40 and [name for _, name in curve.keys]
    assert memory.finding.startswith("We count ") and "; PyTorch allocated " in memory.finding
    assert [row[1] for row in memory.rows] == ["counted", "measured", "counted"]


@pytest.mark.parametrize(
    ("rule", "trained"),
    [
        pytest.param("sgd", "last_layer", marks=pytest.mark.whole),
        ("adam", "full"),
        pytest.param("adam", "bias", marks=pytest.mark.whole),
    ],
)
def test_every_optimizer_and_way_of_the_script_makes_a_step_that_runs(measured, rule, trained):
    found = measured(lambda path: steps.learner(path, Rule(rule, rate=0.02), trained))
    assert found["quality"]["uses_labels"] and found["quality"]["changed_tensors"]
    assert trained == "bias" or found["metrics"]["accuracy_gain"] > 0.2


# -- those that do not learn ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("module", "said"),
    [
        (steps.IgnoresLabels, "The step ignores its labels"),
        (steps.ChangesNothing, "No step changes anything"),
        pytest.param(steps.Constant, "It gives every held-out input the same answer.", marks=pytest.mark.whole),
    ],
)
def test_a_step_that_does_not_learn_is_measured_and_told_why(measured, module, said):
    found = odd(measured, module)
    assert said in " ".join(findings(found["quality"]))
    assert found["metrics"]["accuracy_gain"] == 0 and float(found["earned"]) == 1


def test_a_training_that_diverges_is_measured_as_one_that_knows_nothing(measured):
    found = measured(lambda path: steps.learner(path, Rule("sgd", rate=1e18)))
    assert None in found["quality"]["loss"]
    assert "the training diverged" in " ".join(findings(found["quality"]))
    assert found["metrics"]["heldout_loss"] == pytest.approx(np.log(steps.CLASSES), rel=1e-4)


def test_one_that_shows_by_the_number_of_calls_what_it_knew_before_is_kept_back_for_the_staff(measured):
    found = odd(measured, steps.ByCount)
    assert found["metrics"]["accuracy_gain"] > 0.3, "it looks as if it learned"
    assert codes(found) == ["learns_without_labels"]
    assert "with labels that are wrong" in found["suspicions"][0]["title"]


@pytest.mark.parametrize(
    ("module", "outcome", "code"),
    [
        (steps.NeverWrites, "refused", "no_update"),
        (steps.OneOutput, "refused", "output_mismatch"),
        (steps.NotANumber, "refused", "non_finite_output"),
        (steps.Drawing, "refused", "random_model"),
    ],
)
def test_what_is_no_training_step_is_refused_before_it_costs_anything(measured, module, outcome, code):
    with pytest.raises(BenchError) as caught:
        odd(measured, module)
    assert (caught.value.outcome, caught.value.code) == (outcome, code)


def test_a_step_that_takes_too_long_is_stopped(measured):
    with pytest.raises(BenchError) as caught:
        odd(measured, steps.Slow, wall_s=8)
    assert caught.value.outcome == "timed_out"


def test_a_step_that_asks_for_too_much_memory_is_stopped(measured):
    with pytest.raises(BenchError) as caught:
        odd(measured, steps.Greedy, memory_bytes=600 * MIB)
    assert caught.value.outcome == "out_of_memory"


def test_an_ordinary_model_is_told_how_to_make_a_step(measured):
    import torch

    def ordinary(path):
        torch.export.save(torch.export.export(steps.net().eval(), (torch.zeros(1, *steps.SHAPE),)), str(path))
        return path

    with pytest.raises(BenchError) as caught:
        measured(ordinary)
    assert caught.value.code == "no_update" and "grading/labs/step_file.py" in caught.value.message


# -- the hidden set ---------------------------------------------------------------------------------------------------


def test_the_labels_of_the_held_out_part_go_into_no_file_that_enters(tmp_path):
    hidden = steps.files(tmp_path)
    parts = cut(hidden.inputs, hidden.labels, steps.TRAIN, tmp_path)
    inputs, labels = steps.data()
    assert np.array_equal(np.load(parts["train_labels"]), labels[: steps.TRAIN])
    assert np.array_equal(np.load(parts["held_labels"]), labels[steps.TRAIN :])
    assert np.array_equal(np.load(parts["held"]), inputs[steps.TRAIN :])
    with pytest.raises(BenchError) as caught:
        cut(hidden.inputs, hidden.labels, len(labels), tmp_path)
    assert caught.value.outcome == "infrastructure"


def test_a_set_that_leaves_nothing_to_hold_out_is_told_before_the_lab_is_published(tmp_path):
    hidden = steps.files(tmp_path)
    facts = hidden_facts(hidden.inputs, hidden.labels, "training_step")
    assert misfits(lab(), facts) == []
    assert misfits(lab(train=155), facts) == [
        "The hidden set holds 156 inputs, and 155 of them are to train with: too few are left to hold out."
    ]


def test_a_lab_of_steps_takes_them_in_no_other_format():
    from grading.spec import BenchSpec, SpecError

    with pytest.raises(SpecError, match="handed in as torch_export only; take onnx away"):
        BenchSpec.parse(raw("training_step", formats=["onnx", "torch_export"]))
    with pytest.raises(SpecError, match="Take `training` away"):
        BenchSpec.parse(raw("training_step", training={}))
    assert lab().formats == ("torch_export",)


def test_a_lab_of_steps_asks_for_no_family_of_them():
    item = {
        "slug": "lab-8b", "kind": "lab", "short": "Lab 8b", "title": "Steps", "due": "2027-11-19 23:59", "bench": raw("training_step"),
        "parts": [{"key": "family", "kind": "models", "title": "Variants", "min": 3, "max": 9}],
    }  # fmt: skip
    source, _ = numbered({"course": {"zone": "UTC"}, "assignments": [item]}, item, ("assignments", 0))
    found = [finding.sentence for finding in check(source) if finding.code == "bench_spec"]
    assert len(found) == 1 and "a training_step learns first. Take the part away" in found[0]
