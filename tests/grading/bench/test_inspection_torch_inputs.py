"""Inputs that a file does not state in full; the models: tests/grading/bench/torch_layers.py."""

import pytest

# model -> its inputs as they are found out, and its MACs on them.
GUESSED = {
    "half": ([([1, 8], "float16")], 8 * 4),
    "bfloat16": ([([1, 8], "bfloat16")], 8 * 4),
    "cast inside": ([([1, 8], "float32")], 8 * 4),
    "transposed first": ([([1, 6, 8, 8], "float32")], 6 * 8 * 8 * 2 * 2 * 2),
    "a table first": ([([1, 8], "float32")], 8 * 4),
    "normalised first": ([([1, 8], "float32")], 8 * 4),
    "tokens": ([([1, 16], "int64")], 16 * 8 * 2),
    "two": ([([1, 8], "float32"), ([1, 5], "float32")], 8 * 4 + 5 * 4),
    "no weights": ([([1, 1, 8, 8], "float32")], 0),
    "deep": ([([1, 8], "float32")], 500 * 8 * 8),
    "scripted": ([([1, 16], "float32")], 16 * 8),
}


@pytest.mark.parametrize("name", sorted(GUESSED))
def test_an_input_that_torchscript_does_not_store_is_found_and_said(answers, name):
    report = answers[f"guess {name}"]["report"]
    assert ([(tensor["shape"], tensor["dtype"]) for tensor in report["inputs"]], report["macs"]) == GUESSED[name]
    (finding,) = report["findings"]
    assert finding["code"] == "input_shape_assumed"
    assert "×".join(map(str, report["inputs"][0]["shape"])) in finding["sentence"]


def test_a_table_of_tokens_is_looked_up_with_whole_numbers_and_counts(answers):
    assert answers["guess tokens"]["report"]["params"] == 20 * 8 + 8 * 2 + 2


def test_where_nothing_fits_the_sentence_asks_for_shapes(answers):
    error = answers["guess nothing fits"]["error"]
    assert error["code"] == "unknown_input"
    assert "--input-shape" in error["message"]


@pytest.mark.parametrize(
    ("name", "shape"), [("least", [1, 3, 8]), ("least, given", [1, 3, 12]), ("automatic", [1, 3, 5])]
)
def test_a_free_size_is_the_lab_s_or_the_least_that_the_file_allows(answers, name, shape):
    report = answers[name]["report"]
    assert report["inputs"][0]["shape"] == shape
    assert report["macs"] == (shape[2] - 4) * 4 * 3 * 5
    assert "×".join(map(str, shape)) in report["findings"][0]["sentence"]


def test_a_size_that_does_not_run_is_said_in_the_words_of_the_operator(answers):
    error = answers["too short"]["error"]
    assert error["code"] == "input_mismatch"
    assert "Kernel size" in error["message"]
    assert "tlparse" not in error["message"]
