"""The last look at a model: what it answers must be what it answered, and it must be as it was."""

import numpy as np
import pytest

from hardware.ondevice.prediction import predict
from hardware.ondevice.rehearsal import made_up, rehearse
from hardware.ondevice.session import ModelError, TensorSpec

DATA = np.random.default_rng(2).random((12, 4)).astype(np.float32)


class FakeSession:
    """Answers its input; `after` calls it does what the test says."""

    runtime, version, faults = "fake", "1", (RuntimeError,)
    inputs = outputs = (TensorSpec("x", (1, 4), "float32"),)

    def __init__(self, after, then):
        self.calls, self.after, self.then, self.changed = 0, after, then, False

    def run(self, arrays):
        self.calls += 1
        return [self.then(self, arrays[0]) if self.calls > self.after else arrays[0]]

    def has_changed(self):
        return self.changed


def fault(session):
    with pytest.raises(ModelError) as caught:
        predict(session, DATA, rehearse(session, DATA, 3), 3, lambda piece: None, lambda done, total: None)
    return caught.value.code, caught.value.outcome


def raising(session, array):
    raise RuntimeError(f"the pixels are {array}")


def changing(session, array):
    session.changed = True
    return array


REHEARSAL = 8  # four made-up inputs, twice


def test_an_answer_that_changes_after_all_inputs_were_seen_is_unstable():
    session = FakeSession(REHEARSAL + len(DATA), lambda _, array: array + 1)
    assert fault(session) == ("unstable_output", "misbehaved")


def test_an_answer_that_changes_between_rehearsal_and_hidden_inputs_is_unstable():
    assert fault(FakeSession(REHEARSAL, lambda _, array: array + 1)) == ("unstable_output", "misbehaved")


def test_what_a_model_keeps_must_not_change():
    assert fault(FakeSession(REHEARSAL, changing)) == ("stateful_model", "misbehaved")


def test_the_text_of_a_runtime_is_not_handed_on():
    session = FakeSession(REHEARSAL + 5, raising)
    with pytest.raises(ModelError) as caught:
        predict(session, DATA, rehearse(session, DATA, 3), 3, lambda piece: None, lambda done, total: None)
    assert "pixels" not in caught.value.message
    assert caught.value.outcome == "crashed"


def test_an_output_of_another_size_stops_the_run_at_once():
    session = FakeSession(REHEARSAL + 2, lambda _, array: np.repeat(array, 2, axis=1))
    assert fault(session) == ("output_mismatch", "misbehaved")
    assert session.calls == REHEARSAL + 3


def test_a_rehearsal_quotes_the_runtime_and_refuses():
    with pytest.raises(ModelError) as caught:
        rehearse(FakeSession(2, raising), DATA, 3)
    assert caught.value.outcome == "refused"
    assert "pixels" in caught.value.message


def test_made_up_inputs_have_the_range_of_the_data_and_are_not_among_it():
    found = made_up(DATA, 64, 1)
    assert found.shape == (64, 4)
    assert (found.min(), found.max()) == (DATA.min(), DATA.max())
    assert not any((row == other).all() for row in found for other in DATA)
