"""The key `training` of a spec, the metrics that speak of it, and points that may or may not follow."""

import pytest

from grading.bench.sandbox import detect
from grading.bench.training.on_device import training_json
from grading.bench.training.setting import Method, Setting
from grading.forms.editing.bench import BenchForm
from grading.measuring.measure_run import inspected
from grading.points.lines import points_for
from grading.points.modelled import Modelled
from grading.points.training import add_training
from grading.spec import METRICS, BenchSpec, SpecError
from grading.spec.criteria import METRIC_WORDS
from grading.spec.training import TRAINING_METRICS
from hardware.profiles import load_profiles
from tests.parts import ROOT
from tests.people import SPEC

ALL = load_profiles()
PEAK = {"key": "step", "title": "Memory of one step", "metric": "training_step_peak_bytes", "points": 2,
        "rule": {"kind": "steps", "steps": [[300_000, 1.0]]}}  # fmt: skip
TIME = {"key": "time", "title": "Time of one step", "metric": "training_step_latency_ms", "points": 1,
        "rule": {"kind": "ramp", "from": 100, "to": 1}}  # fmt: skip
LARGEST = {"key": "batch", "title": "Batch that fits", "metric": "training_largest_batch", "points": 1,
           "rule": {"kind": "at_least", "value": 8}}  # fmt: skip


def spec(training=None, devices=(), criteria=()):
    said = {"training": training} if training is not None else {}
    return BenchSpec.parse(SPEC | said | {"devices": list(devices), "criteria": [*SPEC["criteria"], *criteria]})


@pytest.fixture(scope="module")
def report():
    model = ROOT / "grading" / "demo" / "models" / "digits-wide.onnx"
    return inspected(model, spec(), detect("auto"), lambda phase, done, total: None)


def test_an_empty_key_asks_for_all_that_is_usual():
    assert spec({}).training == Setting(tuple(Method), "sgd", 8, 4)
    assert spec().training is None


def test_what_is_said_is_kept_and_in_its_order():
    found = spec({"methods": ["bias", "full"], "optimizer": "adam", "batch": 32, "rank": 2}).training
    assert found == Setting((Method.BIAS, Method.FULL), "adam", 32, 2)


@pytest.mark.parametrize(
    ("training", "said"),
    [
        ({"methods": ["distil"]}, "spec.training.methods: distil is not one of full,"),
        ({"methods": []}, "spec.training.methods: name one at least"),
        ({"methods": ["full", "full"]}, "each once"),
        ({"optimizer": "lion"}, "spec.training.optimizer: lion is not one of sgd, momentum, adam"),
        ({"batch": 0}, "spec.training.batch: give a whole number from 1 to 4096."),
        ({"batch": 2.5}, "spec.training.batch: give a whole number"),
        ({"batch": float("nan")}, "spec.training.batch: expected a number between -1e18 and 1e18."),
        ({"batch": "8"}, "spec.training.batch: expected a number"),
        ({"rank": 1000}, "spec.training.rank: give a whole number from 1 to 256."),
        ({"epochs": 3}, "spec.training: unknown key epochs."),
        ("full", "spec.training: expected a mapping, got str."),
        (None, None),
    ],
)
def test_what_cannot_be_trained_is_refused_with_its_place(training, said):
    if said is None:
        with pytest.raises(SpecError, match=r"spec\.training: expected a mapping, got NoneType"):
            BenchSpec.parse(SPEC | {"training": None})
        return
    with pytest.raises(SpecError) as caught:
        spec(training)
    assert said in str(caught.value)


def test_a_criterion_of_training_needs_the_key_and_one_of_a_board_a_device():
    with pytest.raises(SpecError, match=r"criteria\[3\]\.metric: training_step_peak_bytes is of an update step"):
        spec(criteria=[PEAK])
    with pytest.raises(SpecError, match=r"training_largest_batch is that of the lab's first device"):
        spec({}, criteria=[LARGEST])
    assert spec({}, criteria=[PEAK]).training == Setting()


def points(report, lab, profiles=ALL):
    found = Modelled()
    add_training(found, training_json(report, profiles, lab.training, timed=lab.devices), lab)
    metrics = {"accuracy": 0.9, "peak_activation_bytes": 9000} | found.metrics
    lines = points_for(lab, metrics, found.intervals, {}, found.left_open).lines
    return {line.key: line for line in lines}


def test_points_follow_from_what_is_counted(report):
    lab = spec({"batch": 8}, ["stm32f746"], [PEAK, LARGEST])
    found = points(report, lab)
    # 2 x 25 640 bytes of weights and gradients, and 8 times 29 184 of activations.
    assert (found["step"].earned, found["step"].basis, found["step"].left_open) == ("2.00", "counted", "")
    assert found["batch"].earned == "1.00"
    assert (
        points(
            report, spec({"batch": 8}, ["stm32f746"], [PEAK | {"rule": {"kind": "steps", "steps": [[284_751, 1.0]]}}])
        )["step"].earned
        == "0.00"
    )


def test_time_is_always_left_to_the_staff_and_says_that_nobody_measured_training(report):
    line = points(report, spec({}, ["rpi-4-4gb"], [TIME]))["time"]
    assert line.earned == "0.00"
    assert line.left_open.startswith("Extrapolated: No row of this calibration measured training")
    assert "ms" in line.value


def test_without_a_time_the_reason_stands_there(report):
    assert "was never calibrated at fp32" in points(report, spec({}, ["stm32f746"], [TIME]))["time"].left_open


def test_a_device_that_is_gone_leaves_only_its_own_metrics_open(report):
    lab = spec({}, ["rpi-4-4gb"], [PEAK, TIME, LARGEST])
    found = points(report, lab, {"phone": ALL["phone"]})
    assert not found["step"].left_open
    assert "rpi-4-4gb is no longer in this course" in found["time"].left_open
    assert "rpi-4-4gb is no longer in this course" in found["batch"].left_open


def test_a_method_without_something_to_train_leaves_all_open(report):
    found = Modelled()
    add_training(
        found, {"methods": [{"method": "bias", "title": "", "why": "No layer has a bias."}], "devices": {}}, spec({})
    )
    assert set(found.left_open.values()) == {"No layer has a bias."}
    assert found.left_open.keys() == TRAINING_METRICS.keys()
    add_training(untouched := Modelled(), None, spec())
    assert untouched == Modelled()


def test_every_metric_has_words_for_the_form():
    assert METRICS.keys() <= METRIC_WORDS.keys()


def said_by_form(held, changes=()):
    form = BenchForm(held, None)
    data = {f"bench-{name}": form.get_initial_for_field(field, name) for name, field in form.fields.items()}
    data = {key: value for key, value in data.items() if value not in (None, "")} | dict(changes)
    again = BenchForm(held, data)
    assert again.is_valid(), again.errors
    return again.spec(SPEC["criteria"])


@pytest.mark.parametrize("training", [{}, {"batch": 32}, {"methods": ["bias", "full"], "optimizer": "adam"}])
def test_the_form_keeps_the_key_as_it_was_written(training):
    assert said_by_form(SPEC | {"training": training})["training"] == training


def test_the_form_takes_the_key_away_and_writes_it():
    assert "training" not in said_by_form(SPEC)
    assert "training" not in said_by_form(SPEC | {"training": {}}, {"bench-training": []})
    ticked = {"bench-training": ["full", "imprint"], "bench-batch": "64"}
    assert said_by_form(SPEC, ticked)["training"] == {"methods": ["full", "imprint"], "batch": 64}
