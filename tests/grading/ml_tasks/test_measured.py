"""Each task from a model's file to its metrics, its points and its figure, through the sandbox."""

import json
import re

import numpy as np
import plotly.graph_objects as go
import pytest

from grading.bench import canaries
from grading.bench.errors import BenchError
from grading.bench.sandbox import detect
from grading.figures import FIGURES, Given
from grading.hidden_sets.facts import hidden_facts
from grading.hidden_sets.fit import misfits
from grading.measuring.lab_inputs import normalise_inputs, normalised
from grading.measuring.scored import scored
from grading.ml_tasks.registry import TASKS
from grading.ml_tasks.scoring.base import Inputs, scorer_of
from grading.spec.inputs import Normalise
from tests.grading.ml_tasks import labs
from tests.grading.ml_tasks.labs import LABS
from tests.grading.ml_tasks.specs import criterion, spec


@pytest.fixture(scope="module")
def box():
    return detect("auto")


@pytest.fixture(scope="module", params=LABS)
def measured(request, tmp_path_factory, box):
    lab = LABS[request.param]()
    main = TASKS[lab.task].main
    rule = (
        criterion(main)
        if TASKS[lab.task].metric(main).more_is_better
        else criterion(main, "ramp", **{"from": 1.0, "to": 0.0})
    )
    return lab, lab.measure(tmp_path_factory.mktemp(request.param), box, rule)


def test_the_metrics_are_those_that_the_answers_have(measured):
    lab, found = measured
    for name, value in lab.expected.items():
        if value is not None:
            assert found["metrics"][name] == pytest.approx(value, abs=1e-4), name
    assert set(TASKS[lab.task].gives(lab.spec().options)) <= set(found["metrics"])


def test_the_detection_that_is_found_for_three_quarters(measured):
    lab, found = measured
    if lab.task == "detection":  # falsely found boxes score above the others: precision never reaches 1
        assert found["metrics"]["map_50"] == pytest.approx(0.5, abs=0.1) and found["metrics"]["map"] == pytest.approx(
            found["metrics"]["map_50"]
        )


def test_points_follow_with_the_interval_of_the_metric(measured):
    lab, found = measured
    main = TASKS[lab.task].main
    line = next(line for line in found["points"] if line["metric"] == main)
    assert line["basis"] == "measured" and line["of"] == "1.00" and float(line["earned"]) > 0
    low, high = found["quality"].get(f"{main}_interval") or (found["quality"]["low"], found["quality"]["high"])
    assert low <= found["metrics"][main] <= high


def test_an_honest_model_trips_nothing(measured):
    assert [row["code"] for row in measured[1]["suspicions"]] == []


def test_the_document_is_json_and_its_figure_is_one_that_plotly_takes(measured):
    lab, found = measured
    stored = json.loads(json.dumps(found, allow_nan=False))
    figure = FIGURES["accuracy"](Given(stored, lab.spec(), {}))
    go.Figure(json.loads(re.sub(r'"--[\w-]+"', '"#123456"', json.dumps(figure.plot))))
    assert figure.slug == "accuracy" and figure.basis == "measured" and figure.finding.endswith(".")
    assert figure.rows and all(len(row) == len(figure.columns) for row in figure.rows)
    assert stored["quality"]["task"] == lab.task


def test_the_same_model_gets_the_same_numbers_from_another_seed(tmp_path, box):
    lab = labs.sequence()
    first, again = (lab.measure(tmp_path, box, seed=seed) for seed in (3, 4))
    assert first["quality"] == again["quality"]


@pytest.mark.parametrize("name", LABS)
def test_answers_that_hold_only_for_the_very_inputs_are_told_in_every_task(name, tmp_path):
    """What a model that knows the inputs by heart answers to the changed copies: those of another input."""
    lab = LABS[name]()
    np.save(tmp_path / "inputs.npy", lab.inputs)
    np.save(tmp_path / "labels.npy", np.zeros(1) if lab.labels is None else lab.labels)
    given = canaries.mixed(tmp_path / "inputs.npy", 1, tmp_path / "mixed.npy")
    answers = np.load(given.path).reshape(-1, int(np.prod(lab.shape)))[:, : int(np.prod(lab.output))]
    parts = (lab.spec(), Inputs(given.path, given.count, given.places))
    labels = None if lab.labels is None else tmp_path / "labels.npy"
    _, honest = scored(*parts, answers, labels)
    by_heart = answers.copy()
    by_heart[given.count :] = -by_heart[given.count :] if lab.task != "detection" else 0
    _, caught = scored(*parts, by_heart, labels)
    assert honest.lost + honest.won <= 1
    assert caught.lost - caught.won >= 8
    assert caught.means == scorer_of(lab.task).right_means


# -- what the lab gives -----------------------------------------------------------------------------------------------


def byte_lab(**more):
    labels = np.arange(48) % 3
    pictures = np.random.default_rng(0).integers(0, 40, (48, 1, 3, 4)).astype(np.uint8)
    pictures.reshape(48, 12)[np.arange(48), labels] = 200
    given = {"shapes": {"NCHW": [1, 1, 3, 4]}, "dtype": "uint8"}
    return labs.Lab("classification", pictures, labels, (3,), {}, {"input": given | more})


def test_whole_numbers_reach_a_model_as_they_are_stored(tmp_path, box):
    found = byte_lab().measure(tmp_path, box, model=labs.of_bytes())
    assert found["metrics"]["accuracy"] == 1.0 and found["suspicions"] == []


def test_a_float_model_is_told_that_the_lab_gives_bytes(tmp_path, box):
    with pytest.raises(BenchError) as caught:
        byte_lab().measure(tmp_path, box)
    assert caught.value.message.startswith("This model expects its input in float32. Lab 1 gives uint8.")
    assert {row["label"]: row["gives"] for row in caught.value.details["compare"]}["Input type"] == "uint8"


def test_a_lab_that_normalises_gives_float32_to_a_float_model(tmp_path, box):
    lab = byte_lab(normalise={"divide_by": 255, "mean": 0.5, "std": [0.25]})
    assert lab.measure(tmp_path, box)["metrics"]["accuracy"] == 1.0
    with pytest.raises(BenchError) as caught:
        lab.measure(tmp_path, box, model=labs.of_bytes())
    assert "This model expects its input in uint8. Lab 1 gives float32." in caught.value.message


def test_each_channel_is_normalised_by_its_own_numbers_in_every_layout(tmp_path):
    rule = Normalise(2.0, (1.0, 2.0), (0.5, 4.0))
    data = np.arange(16, dtype=np.uint8).reshape(2, 2, 2, 2)
    wanted = (data / 2 - np.array([1, 2]).reshape(1, 2, 1, 1)) / np.array([0.5, 4]).reshape(1, 2, 1, 1)
    assert normalised(data, rule, "NCHW") == pytest.approx(wanted)
    assert normalised(data.transpose(0, 2, 3, 1), rule, "NHWC") == pytest.approx(wanted.transpose(0, 2, 3, 1))
    found = spec(
        "classification",
        input={
            "shapes": {"NCHW": [1, 2, 2, 2]},
            "dtype": "uint8",
            "normalise": {"divide_by": 2, "mean": [1, 2], "std": [0.5, 4]},
        },
    )
    np.save(tmp_path / "stored.npy", data)
    made = normalise_inputs(tmp_path / "stored.npy", found, "NCHW", tmp_path / "made.npy")
    assert np.load(made) == pytest.approx(wanted) and np.load(made).dtype == np.float32


def test_a_changed_copy_of_whole_numbers_is_of_whole_numbers_within_their_range():
    data = np.array([[0, *range(100, 256)]], np.uint8)
    changed = canaries.jittered(data, 1)
    apart = np.abs(changed.astype(int) - data)
    assert changed.dtype == np.uint8 and changed[0, 0] == 0
    assert np.count_nonzero(apart) > 0 and apart.max() <= 5  # 2 % of 255


def test_a_hidden_picture_in_the_file_is_found_as_it_is_stored_and_as_it_is_given(tmp_path):
    stored = np.random.default_rng(0).integers(0, 255, (20, 1, 8, 8)).astype(np.uint8)
    given = stored.astype(np.float32) / 255
    np.save(tmp_path / "stored.npy", stored)
    np.save(tmp_path / "given.npy", given)
    for form in (stored, given):
        (tmp_path / "model").write_bytes(b"head" + form.tobytes())
        held, looked_for = canaries.copied_of(
            [tmp_path / "stored.npy", tmp_path / "given.npy"], tmp_path / "model", 1, 20
        )
        assert held == looked_for > 0


# -- what the staff send ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", LABS)
def test_the_set_of_each_lab_fits_it_and_no_lab_of_another_task(name, tmp_path):
    lab = LABS[name]()
    np.save(tmp_path / "inputs.npy", lab.inputs)
    if lab.labels is not None:
        np.save(tmp_path / "labels.npy", lab.labels)
    facts = hidden_facts(tmp_path / "inputs.npy", tmp_path / "labels.npy" if lab.labels is not None else None, lab.task)
    assert misfits(lab.spec(), facts) == []
    assert TASKS[lab.task].labels_words(json.loads(json.dumps(facts)))
    others = [other() for other in LABS.values() if other().task != lab.task]
    assert all("the lab's task is" in misfits(other.spec(), facts)[0] for other in others)


def test_labels_that_are_not_those_of_the_lab_are_our_fault_and_not_the_models(tmp_path):
    np.save(tmp_path / "inputs.npy", np.zeros((4, 1, 4, 4), np.float32))
    np.save(tmp_path / "labels.npy", np.zeros((3,), np.int64))
    with pytest.raises(BenchError) as caught:
        scored(spec("classification"), Inputs(tmp_path / "inputs.npy", 4), np.zeros((4, 3)), tmp_path / "labels.npy")
    assert (caught.value.code, caught.value.outcome) == ("hidden_set_differs", "infrastructure")


def test_answers_that_no_sandbox_may_give_are_told_to_the_staff_beforehand():
    facts = {
        "task": "regression",
        "count": 4000,
        "shape": [1, 100, 100],
        "dtype": "float32",
        "low": 0,
        "high": 1,
        "targets": 0,
    }
    lab = spec("regression", target="input", targets=[], input={"shapes": {"NCHW": [1, 1, 100, 100]}})
    assert "come to 155 MiB" in misfits(lab, facts)[0]
