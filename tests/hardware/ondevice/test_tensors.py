import numpy as np
import pytest

from hardware.ondevice import tensors
from hardware.ondevice.session import ModelError, TensorSpec

FLOAT = TensorSpec("x", (1, 3, 32, 32), "float32")
INT8 = TensorSpec("x", (1, 4), "int8", scale=0.5, zero_point=-10)


def test_a_wrong_shape_is_said_with_both_shapes():
    with pytest.raises(ModelError) as caught:
        tensors.check_input([FLOAT], (1, 28, 28))
    assert caught.value.code == "input_mismatch"
    assert caught.value.message == (
        "This model expects 1x3x32x32 float32. The lab gives 1x1x28x28 float32. Export it again with that shape."
    )


@pytest.mark.parametrize(
    "spec", [TensorSpec("x", (1, 4), "int64"), TensorSpec("x", (1, 4), "int8"), TensorSpec("x", (4,), "float32")]
)
def test_an_input_the_data_cannot_feed_is_refused(spec):
    with pytest.raises(ModelError) as caught:
        tensors.check_input([spec], (4,))
    assert caught.value.code == "input_mismatch"


def test_two_inputs_are_one_too_many():
    with pytest.raises(ModelError):
        tensors.check_input([INT8, INT8], (4,))


def test_quantising_rounds_and_clips():
    stored = tensors.to_model(np.array([[0, 0.26, -100, 100]], dtype=np.float32), INT8)
    assert stored.dtype == np.int8
    assert stored.tolist() == [[-10, -9, -128, 127]]


def test_dequantising_turns_it_back():
    assert tensors.to_real(np.array([[-10, -8]], dtype=np.int8), INT8).tolist() == [[0.0, 1.0]]


def test_random_inputs_follow_from_the_seed_and_fill_the_type():
    first, again = (tensors.random_inputs([FLOAT, INT8], 7) for _ in range(2))
    assert [array.dtype for array in first] == [np.float32, np.int8]
    assert all((a == b).all() for a, b in zip(first, again, strict=True))


def test_bfloat16_is_carried_as_float32():
    spec = TensorSpec("x", (1, 4), "bfloat16")
    assert tensors.check_input([spec], (4,)) is spec
    assert tensors.to_model(np.ones((1, 4)), spec).dtype == np.float32
    assert tensors.random_inputs([spec], 7)[0].dtype == np.float32


def test_a_type_that_nobody_knows_is_refused_and_not_our_fault():
    with pytest.raises(ModelError) as caught:
        tensors.random_inputs([TensorSpec("x", (1, 4), "posit8")], 7)
    assert (caught.value.code, caught.value.outcome) == ("type_not_supported", "refused")


def test_conversions_are_reported():
    codes = [finding["code"] for finding in tensors.conversions(INT8, INT8)]
    assert codes == ["input_quantised", "output_dequantised"]
    assert tensors.conversions(FLOAT, FLOAT) == []
