"""What a lab of training steps says to a file with another signature."""

import pytest

from grading.bench.errors import BenchError
from grading.measuring.signature_step import check_step
from tests.grading.measuring.test_signature import report
from tests.grading.ml_tasks.specs import spec

X, Y = ((8, 1, 4, 4), "float32"), ((8,), "int64")


def step(*inputs, outputs=((), (8, 3))):
    return report(*(inputs or (X, Y)), outputs=outputs, model_format="torch_export")


def test_a_step_that_fits_is_taken_in_its_layout():
    assert check_step(step(), spec("training_step"), "Lab 8b") == "NCHW"
    assert check_step(step(outputs=((1,), (8, 3))), spec("training_step"), "Lab 8b") == "NCHW"


@pytest.mark.parametrize(
    ("found", "code", "said"),
    [
        (step(X), "input_mismatch", "Labels: yours is not there, Lab 8b has 8 int64."),
        (step(((4, 1, 4, 4), "float32"), ((4,), "int64")), "input_mismatch", "Batch: yours is 4×1×4×4 float32, Lab 8b has 8×1×4×4 float32."),
        (step(X, ((8,), "float32")), "input_mismatch", "Labels: yours is 8 float32"),
        (step(X, Y, X), "input_mismatch", "Labels"),
        (step(outputs=((8, 3),)), "output_mismatch", "Scores: yours is not there, Lab 8b has 8×3."),
        (step(outputs=((), (8, 4))), "output_mismatch", "Scores: yours is 8×4 float32, Lab 8b has 8×3."),
        (step(outputs=((8,), (8, 3))), "output_mismatch", "Loss: yours is 8 float32, Lab 8b has one number."),
    ],
)  # fmt: skip
def test_what_differs_is_named_beside_what_the_lab_has_and_how_to_export(found, code, said):
    with pytest.raises(BenchError) as caught:
        check_step(found, spec("training_step"), "Lab 8b")
    assert caught.value.code == code and said in caught.value.message
    assert "grading/labs/step_file.py" in caught.value.message
