"""The key `pipeline` of a spec: what it takes, and what it says of what it does not."""

import pytest

from grading.spec import BenchSpec, SpecError
from tests.grading.pipelines.stages import COUNTED, THREE, TWO


def wrong(**changes):
    with pytest.raises(SpecError) as refused:
        BenchSpec.parse(TWO | changes)
    return " ".join(refused.value.sentences)


def test_a_stage_needs_a_key_alone():
    encode, classify = BenchSpec.parse(TWO).pipeline
    assert (encode.title, classify.title) == ("Encoder", "Classify")
    assert (classify.calls, classify.feeds) == (1, "previous")


def test_a_lab_without_the_key_takes_one_model_and_is_scored():
    spec = BenchSpec.parse({key: value for key, value in TWO.items() if key != "pipeline"})
    assert spec.pipeline == ()
    assert spec.is_scored


def test_a_stage_on_made_up_numbers_leaves_nothing_to_score():
    assert BenchSpec.parse(TWO).is_scored
    assert not BenchSpec.parse(THREE).is_scored


def test_accuracy_cannot_be_asked_where_a_stage_is_measured_on_its_own():
    with pytest.raises(SpecError) as refused:
        BenchSpec.parse(THREE | {"criteria": TWO["criteria"]})
    assert "criteria[1].metric: accuracy comes from answers, and the stage landmarks" in str(refused.value)


@pytest.mark.parametrize(
    ("stages", "says"),
    [
        ("encode", "expected a list of stages"),
        ([{"key": "encode"}], "2 to 8 stages, and this one has 1"),
        ([{"key": f"s{n}"} for n in range(9)], "2 to 8 stages, and this one has 9"),
        ([{"key": "encode"}, {"key": "encode"}], "two stages are called encode"),
        ([{"key": "../encode"}, {"key": "b"}], "spec.pipeline[0].key: '../encode'"),
        ([{"key": "Encode"}, {"key": "b"}], "small letters"),
        ([{"key": "a", "calls": 2}, {"key": "b"}], "the first stage is given the lab's inputs, once each"),
        ([{"key": "a", "feeds": "own"}, {"key": "b"}], "the first stage is given the lab's inputs"),
        ([{"key": "a"}, {"key": "b", "calls": 17}], "spec.pipeline[1].calls: give a whole number from 1 to 16"),
        ([{"key": "a"}, {"key": "b", "calls": 0}], "from 1 to 16"),
        ([{"key": "a"}, {"key": "b", "feeds": "both"}], "both is not one of previous, own"),
        ([{"key": "a"}, {"key": "b", "input": {"shapes": {"N": [1, 4]}}}], "Say `feeds: own`, or leave out input"),
        ([{"key": "a"}, {"key": "b", "feeds": "own", "input": {"shapes": {}}}], "at least one layout"),
        ([{"key": "a"}, {"key": "b", "file": "b.onnx"}], "unknown key file"),
        ([{"key": "a"}, {"key": "b", "title": " "}], "title of up to 60"),
        ([{"key": "a"}, 3], "expected a mapping, got int"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_with_its_place(stages, says):
    assert says in wrong(pipeline=stages)


def test_the_last_stage_of_a_scored_pipeline_runs_once():
    assert "the last stage answers for the whole pipeline" in wrong(pipeline=[{"key": "a"}, {"key": "b", "calls": 2}])


def test_a_pipeline_has_no_update_step():
    assert "spec.training: a pipeline has no update step" in wrong(training={})


def test_frames_per_second_are_those_of_the_first_device():
    assert "name it in `devices`" in wrong(devices=[], criteria=COUNTED)
