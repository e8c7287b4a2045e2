"""Runtimes as data: every file is whole, and names operators that its format really has."""

import pytest

from grading.bench.inspection.onnx_operators import COUNTED as ONNX_OPERATORS
from grading.bench.inspection.tflite_operators import COUNTED as TFLITE_OPERATORS
from hardware.runtimes import ALL, RuntimeDataError, load_runtimes, read_runtime

SLUGS = {"tflite", "armnn", "ncnn", "tensorrt", "edgetpu", "tflm", "x-cube-ai", "tinyengine", "xnnpack"}
KNOWN = {"onnx": ONNX_OPERATORS | {ALL}, "tflite": TFLITE_OPERATORS | {ALL}}


def test_the_runtimes_of_the_contract_are_there():
    assert set(load_runtimes()) == SLUGS


@pytest.mark.parametrize("slug", sorted(SLUGS))
def test_every_operator_is_one_of_its_format(slug):
    runtime = load_runtimes()[slug]
    for tables in (runtime.operators, runtime.int8_operators):
        for name, operators in tables.items():
            assert not operators - KNOWN[name]
    for name, operators in runtime.int8_operators.items():
        assert operators <= runtime.operators[name]
    every = frozenset().union(*runtime.operators.values())
    assert {*runtime.most_elements, *runtime.no_activation} <= every


@pytest.mark.parametrize("slug", sorted(SLUGS))
def test_every_list_says_where_it_comes_from_and_how_much_was_checked(slug):
    assert len(load_runtimes()[slug].source) > 20
    assert load_runtimes()[slug].checked


GOOD = "name: X\nprecisions: [int8]\nsource: here\nchecked: read\noperators: {tflite: ADD MUL}\n"


def test_a_file_is_read(tmp_path):
    path = tmp_path / "x.yaml"
    path.write_text(GOOD)
    found = read_runtime(path)
    assert (found.slug, found.formats) == ("x", ("tflite",))
    assert found.knows("tflite", "ADD", int8=True)
    assert not found.knows("tflite", "DIV", int8=False)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[1, 2", "not YAML"),
        ("- a", "expected a mapping"),
        (GOOD + "speed: 3\n", "unknown key speed"),
        (GOOD.replace("source: here\n", ""), "missing key source"),
        (GOOD.replace("[int8]", "[int3]"), "precisions"),
        (GOOD.replace("{tflite: ADD MUL}", "[ADD]"), "operators"),
        (GOOD + "one_part: maybe\n", "one_part"),
        (GOOD + "most_elements: {ADD: 0}\n", "most_elements"),
        (GOOD + "types: int8\n", "types"),
    ],
)
def test_a_file_that_cannot_be_used_says_which_key(tmp_path, text, said):
    path = tmp_path / "x.yaml"
    path.write_text(text)
    with pytest.raises(RuntimeDataError, match=said):
        read_runtime(path)
