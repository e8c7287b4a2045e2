"""What a model takes and answers, beside what the lab gives and asks: one refusal names all that differs, and only that."""

import pytest

from grading.bench.errors import BenchError
from grading.bench.report import Report, TensorSpec
from grading.measuring.measure_run import check_signature
from grading.spec import BenchSpec

SPEC = BenchSpec.parse(
    {
        "task": "classification",
        "input": {"shapes": {"NCHW": [1, 1, 8, 8], "NHWC": [1, 8, 8, 1]}},
        "classes": [str(digit) for digit in range(10)],
        "criteria": [{"key": "runs", "title": "It runs", "points": 1, "rule": {"kind": "pass"}}],
    }
)


def report(*inputs, outputs=((1, 10),), model_format="onnx"):
    return Report(
        format=model_format, bytes=1, sha256="0" * 64, params=1, macs=1, weight_bits={"32": 1.0}, sparsity=0.0,
        weight_bytes=4, peak_activation_bytes=4, peak_operator=0, operators=(),
        inputs=tuple(TensorSpec(f"x{place}", shape, dtype) for place, (shape, dtype) in enumerate(inputs)),
        outputs=tuple(TensorSpec(f"y{place}", shape, "float32") for place, shape in enumerate(outputs)),
    )  # fmt: skip


def refusal(given):
    with pytest.raises(BenchError) as caught:
        check_signature(given, SPEC, "Lab 3")
    return caught.value


def rows(error):
    return {row["label"]: (row["yours"], row["gives"], row["same"]) for row in error.details["compare"]}


def test_each_layout_and_quantized_input_of_tflite_fit():
    assert check_signature(report(((1, 1, 8, 8), "float32")), SPEC, "Lab 3") == "NCHW"
    assert check_signature(report(((1, 8, 8, 1), "int8"), model_format="tflite"), SPEC, "Lab 3") == "NHWC"


def test_where_only_the_shape_differs_no_type_is_named():
    error = refusal(report(((1, 3, 32, 32), "float32")))
    assert error.code == "input_mismatch"
    assert error.message == (
        "This model expects an input of 1×3×32×32. Lab 3 gives 1×1×8×8. Export it again with that input."
    )


def test_a_quantized_input_of_tflite_is_called_that_and_fits():
    error = refusal(report(((1, 32, 32, 3), "int8"), model_format="tflite"))
    assert rows(error)["Input type"] == ("int8, quantized from float32", "float32", True)
    assert rows(error)["Input shape"] == ("1×32×32×3", "1×8×8×1", False)
    assert "int8" not in error.message and "float32" not in error.message


def test_where_only_the_type_differs_no_shape_is_named():
    error = refusal(report(((1, 1, 8, 8), "int64")))
    assert error.message.startswith("This model expects its input in int64. Lab 3 gives float32.")
    assert rows(error)["Input type"] == ("int64", "float32", False)


def test_input_and_output_are_named_in_one_refusal():
    error = refusal(report(((1, 3, 32, 32), "int8"), outputs=((1, 12),)))
    assert error.code == "input_mismatch"
    assert error.message == (
        "This model expects an input of 1×3×32×32 int8. Lab 3 gives 1×1×8×8 float32. It answers 1×12. Lab 3 asks for "
        "one output of 10 scores, one for each class. Give its last layer 10 outputs, and export it with that input."
    )
    assert [same for _, _, same in rows(error).values()] == [False, False, False]


def test_an_output_alone_has_its_own_code():
    error = refusal(report(((1, 8, 8, 1), "float32"), outputs=((1, 12),)))
    assert error.code == "output_mismatch"
    assert error.message == (
        "This model answers 1×12. Lab 3 asks for one output of 10 scores, one for each class. Give its last layer 10 "
        "outputs, and export it again."
    )
    assert rows(error)["Input shape"] == ("1×8×8×1", "1×8×8×1", True)


def test_two_inputs_are_named_with_what_else_differs():
    error = refusal(report(((1, 4), "float32"), ((1, 4), "float32"), outputs=()))
    assert error.message.startswith("This model has 2 inputs; Lab 3 gives one, 1×1×8×8 float32. It answers nothing.")
    assert rows(error)["Inputs"] == ("2", "1", False)


@pytest.mark.parametrize(("model_format", "usual"), [("onnx", [1, 1, 8, 8]), ("tflite", [1, 8, 8, 1])])
def test_the_page_is_told_the_shapes_of_each_layout_and_the_format(model_format, usual):
    details = refusal(report(((1, 7), "float32"), model_format=model_format)).details
    assert details["shapes"] == {"NCHW": [1, 1, 8, 8], "NHWC": [1, 8, 8, 1]}
    assert (details["format"], details["shape"]) == (model_format, usual)
