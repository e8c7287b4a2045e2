"""What comes out of the sandbox of a training step, in which order, and what of it is believed."""

import numpy as np
import pytest

from grading.bench import engine
from grading.bench.errors import BenchError
from grading.bench.sandbox import detect
from grading.bench.training_run import Given, facts_of, train
from hardware.ondevice.training import batches
from tests.grading.bench import training_steps as steps

FACTS = {
    "loss": [1.0, None], "shuffled_loss": [1.0, 2], "peak_bytes": 1, "state_bytes": 1, "kept_tensors": 2, "changed_tensors": 1,
    "uses_labels": True,
}  # fmt: skip


class Listening:
    """A sandbox that keeps the kinds of frames that came, and the files that went in."""

    def __init__(self, box):
        self.box, self.kinds, self.files = box, [], {}
        self.name, self.label = box.name, box.label

    def run(self, request, on_frame=None, on_tick=None):
        self.files = {name: path.read_bytes() for name, path in request.readonly_files.items()}
        result = self.box.run(request, on_frame, on_tick)
        self.kinds = [kind for kind, _ in result.frames]
        return result


@pytest.fixture(scope="module")
def heard(tmp_path_factory):
    """One training, all that entered, and all that was said: (trained, sandbox, held-out labels)."""
    folder, box = tmp_path_factory.mktemp("run"), Listening(detect("auto"))
    inputs, labels = steps.data()
    path = steps.learner(folder / "step.pt2")
    for name, array in (("x", inputs[: steps.TRAIN]), ("y", labels[: steps.TRAIN]), ("held", inputs[steps.TRAIN :])):
        np.save(folder / f"{name}.npy", array)
    report = engine.inspect(path, sandbox=box, learns=True)
    given = Given(folder / "x.npy", folder / "y.npy", folder / "held.npy", steps=25, scores=steps.CLASSES)
    return train(path, report, given, sandbox=box), box, labels[steps.TRAIN :]


def test_after_the_hidden_inputs_went_in_nothing_is_said_but_answers(heard):
    kinds = heard[1].kinds
    assert kinds.index("model") < kinds.index("training") < kinds.index("hidden")
    assert set(kinds[kinds.index("hidden") + 1 :]) == {"predictions", "done"}
    assert kinds.count("predictions") == 3


def test_no_label_of_a_held_out_input_enters(heard):
    _, box, labels = heard
    assert set(box.files) == {"model", "train.npy", "labels.npy", "inputs.npy"}
    assert not any(labels.tobytes() in content for content in box.files.values())


def test_each_step_is_timed_and_told_once(heard):
    trained = heard[0]
    assert (trained.host.runs + len(trained.host.first_ms), len(trained.facts["loss"])) == (25, 25)
    assert {state: len(rows) for state, rows in trained.answers.items()} == dict.fromkeys(
        ("before", "after", "shuffled"), steps.HELD
    )


@pytest.mark.parametrize(
    "change",
    [
        {"loss": [1.0]}, {"loss": ["much", 1.0]}, {"loss": None}, {"shuffled_loss": [1.0, True]}, {"peak_bytes": -1},
        {"peak_bytes": 1.5}, {"kept_tensors": True}, {"uses_labels": "yes"}, {"state_bytes": 1 << 60},
    ],
)  # fmt: skip
def test_what_is_said_of_a_training_and_has_another_form_is_forged(change):
    assert facts_of(FACTS | {"more": 1}, 2) == FACTS
    with pytest.raises(BenchError) as caught:
        facts_of(FACTS | change, 2)
    assert (caught.value.code, caught.value.outcome) == ("forged_result", "misbehaved")


def test_every_input_is_trained_with_before_one_comes_again():
    found = batches(10, 3, 7)
    assert [len(batch) for batch in found] == [3] * 7
    assert len({place for batch in found[:3] for place in batch}) == 9
    assert batches(10, 3, 7) == found != batches(11, 3, 7)
    with pytest.raises(ValueError, match="a batch of 3 cannot be taken from 2 inputs"):
        batches(2, 3, 1)
