"""PyTorch's two formats: followed operator by operator, whatever way a model was saved."""

import pytest

from tests.grading.bench import tiny


def numbers(report):
    return report["macs"], report["params"], report["peak_activation_bytes"]


@pytest.mark.parametrize("name", ["traced", "scripted", "frozen", "exported", "free"])
def test_the_tiny_network_is_counted_as_by_hand_however_it_was_saved(answers, name):
    report = answers[name]["report"]
    assert numbers(report) == (tiny.MACS, tiny.PARAMS, tiny.PEAK_BYTES)
    kinds = [operator["op_class"] for operator in report["operators"]]
    assert kinds == ["conv", "activation", "pool", "reshape", "dense"]


def test_a_free_size_is_one_or_that_of_the_lab(answers):
    assert answers["free"]["report"]["inputs"][0]["shape"] == [1, 1, 6, 6]
    assert answers["free"]["report"]["findings"][0]["code"] == "free_size"
    assert answers["free of two"]["report"]["macs"] == 2 * tiny.MACS


def test_sizes_that_an_exported_program_claims_are_not_believed(answers):
    assert numbers(answers["forged"]["report"]) == (tiny.MACS, tiny.PARAMS, tiny.PEAK_BYTES)


def test_a_pickle_among_the_sample_inputs_is_not_run_and_refused(answers, folder):
    assert answers["pickled"]["error"]["code"] == "code_in_pickle"
    assert not (folder / "marker").exists()


def test_branches_over_sizes_are_followed_and_the_assumed_input_is_said(answers):
    report = answers["normalised"]["report"]
    assert report["inputs"][0]["shape"] == [1, 3, 8, 8]
    assert [finding["code"] for finding in report["findings"]] == ["input_shape_assumed"]
    assert report["macs"] == 6 * 6 * 6 * 9
    assert report["params"] == (6 * 9 + 6) + 12  # running statistics are not trained
    assert report["operators"][0]["op_class"] == "depthwise"


def test_a_loop_of_known_length_is_counted_turn_by_turn(answers):
    report = answers["counted loop"]["report"]
    assert (report["macs"], report["params"]) == (3 * 16, 20)


def test_a_recurrent_layer_counts_each_step(answers):
    report = answers["sequence"]["report"]
    assert report["macs"] == 5 * (4 * 16 * 8 + 4 * 16 * 16) + 16 * 4
    assert report["params"] == 4 * 16 * (8 + 16 + 2) + 16 * 4 + 4


def test_packed_weights_of_a_quantised_module_count_with_their_bits(answers):
    report = answers["quantised"]["report"]
    assert (report["macs"], report["params"]) == (16 * 8 + 8 * 4, 16 * 8 + 8 + 8 * 4 + 4)
    assert report["weight_bits"] == {"8": 160 / 172, "32": 12 / 172}


def test_a_table_that_is_no_parameter_counts(answers):
    assert (answers["hidden"]["report"]["params"], answers["hidden"]["report"]["macs"]) == (24, 24)


@pytest.mark.parametrize("name", ["sliced traced", "sliced exported"])
def test_a_weight_that_is_a_slice_has_more_bytes_than_it_needs(answers, name):
    assert (answers[name]["report"]["params"], answers[name]["report"]["macs"]) == (16, 16)


def test_tied_weights_count_once(answers):
    assert (answers["tied"]["report"]["params"], answers["tied"]["report"]["macs"]) == (16, 32)


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("early exit", "control_flow"),
        ("until right", "control_flow"),
        ("stateful", "stateful_model"),
        ("reader", "custom_operator"),
        ("wrong shape", "input_mismatch"),
        ("two inputs", "input_mismatch"),
        ("cut", "damaged_model"),
        ("cut export", "bad_archive"),
    ],
)
def test_a_model_that_cannot_be_counted_is_refused(answers, name, code):
    error = answers[name]["error"]
    assert (error["code"], error["outcome"]) == (code, "refused")
    assert error["message"].endswith(".")
