"""What PyTorch's operators cost and what they store, against numbers worked out by hand; the models: torch_layers.py."""

import pytest

BOTH = pytest.mark.parametrize("way", ["traced", "exported"])

# model -> MACs, parameters.
PRODUCTS = {
    "mv": (3 * 6, 6),
    "dot": (6, 6),
    "outer": (6 * 5, 5),
    "addmv": (3 * 6, 3 + 6),
    "addr": (6 * 5, 6 * 5 + 5),
    "baddbmm": (2 * 3 * 6 * 5, 2 * 3 * 5 + 2 * 6 * 5),
    "addbmm": (2 * 3 * 6 * 5, 3 * 5 + 2 * 6 * 5),
    "inner": (2 * 3 * 6 * 5, 5 * 6),
    "tensordot": (2 * 3 * 6 * 5, 6 * 3 * 5),
    # x W for each of 5 features, then that by y; and a bias.
    "bilinear": (2 * 5 * 3 * 4 + 2 * 5 * 4, 5 * 3 * 4 + 5),
    # (2x3)(3x4)(4x5): from the left is the cheaper way.
    "multi_dot": (2 * 3 * 4 + 2 * 4 * 5, 3 * 4 + 4 * 5),
    "lstm cell": (2 * 16 * (3 + 4), 16 * (3 + 4 + 2)),
    "gru cell": (2 * 12 * (3 + 4), 12 * (3 + 4 + 2)),
    "rnn cell": (2 * 4 * (3 + 4), 4 * (3 + 4 + 2)),
    "einsum of dots": (2 * 3 * 6 * 5, 5 * 6),
    "einsum of three": (2 * 6 * 20 + 2 * 20 * 7, 6 * 20 + 20 * 7),
    # Rows of a table with a factor each: a product by another name.
    "weighted rows": (6 * 5, 6 * 5),
    # Queries, keys and values, 5 x 5 scores of 8 and their mean of 8, and the output.
    "attention": (5 * 8 * 24 + 2 * 5 * 5 * 8 + 5 * 8 * 8, 24 * 8 + 24 + 8 * 8 + 8),
    # The same, 8 to 12 to 8 in each place, and two normalisations.
    "encoder": (
        5 * 8 * 24 + 2 * 5 * 5 * 8 + 5 * 8 * 8 + 2 * 5 * 8 * 12,
        24 * 8 + 24 + 8 * 8 + 8 + 2 * 8 * 12 + 12 + 8 + 2 * 16,
    ),
}


def counts(answer):
    return answer["report"]["macs"], answer["report"]["params"]


def codes(answer):
    return [finding["code"] for finding in answer["report"]["findings"]]


@BOTH
@pytest.mark.parametrize("name", sorted(PRODUCTS))
def test_every_operator_that_multiplies_matrices_is_counted(answers, name, way):
    assert counts(answers[f"{name} {way}"]) == PRODUCTS[name]


@pytest.mark.parametrize("name", ["attention", "encoder"])
def test_a_transformer_that_was_traced_into_one_operator_has_the_peak_of_the_exported_one(answers, name):
    fused, plain = (answers[f"{name} {way}"]["report"]["peak_activation_bytes"] for way in ("traced", "exported"))
    assert fused == plain
    # The wide matrix of queries, keys and values lives three times while it is turned around: x, and 2 x 3 times that.
    assert fused >= 7 * 5 * 8 * 4 - 5 * 8 * 4


@BOTH
@pytest.mark.parametrize("name", ["weights in a solver", "a flat table in a solver", "a buffer in a solver"])
def test_weights_in_an_operator_of_unknown_cost_are_refused_and_never_free(answers, name, way):
    error = answers[f"{name} {way}"]["error"]
    assert (error["code"], error["outcome"]) == ("operator_not_counted", "refused")
    assert "aten::linalg_solve" in error["message"]


@BOTH
def test_an_operator_of_unknown_cost_without_weights_is_said(answers, way):
    answer = answers[f"spectrum {way}"]
    assert codes(answer) == ["operator_not_counted"]
    assert counts(answer) == (4 * 4, 4 * 4 + 4)


# Reason -> operators whose name sounds like a product, and which are not counted.
NOT_COUNTED = {
    "one number from each number": """
        aten::_foreach_lgamma aten::_foreach_lgamma_ aten::digamma aten::digamma_ aten::gamma aten::igamma
        aten::igamma_ aten::igammac aten::igammac_ aten::lgamma aten::lgamma_ aten::mvlgamma aten::mvlgamma_
        aten::polygamma aten::polygamma_ aten::_standard_gamma aten::_standard_gamma_grad""",
    "running extremes, windows, indices": """
        aten::_cummax_helper aten::_cummin_helper aten::cummax aten::cummin aten::hamming_window
        aten::_convert_indices_from_coo_to_csr aten::_convert_indices_from_csr_to_coo
        aten::_nested_get_jagged_dummy""",
    "interpolates a picture: elementwise by our definition": """
        aten::__upsample_bilinear aten::_upsample_bilinear2d_aa aten::upsample_bilinear2d aten::upsample_linear1d
        aten::upsample_trilinear3d""",
    "packs weights, unpacks them, or tells of them": """
        aten::_convert_weight_to_int4pack aten::_convert_weight_to_int4pack_for_cpu
        aten::mkldnn_reorder_conv2d_weight aten::mkldnn_reorder_conv3d_weight aten::_cslt_sparse_mm_search
        aten::_use_cudnn_rnn_flatten_weight aten::_cudnn_rnn_flatten_weight
        quantized::conv1d_prepack quantized::conv2d_prepack quantized::conv3d_prepack quantized::conv_prepack
        quantized::conv_transpose1d_prepack quantized::conv_transpose2d_prepack quantized::conv_transpose3d_prepack
        quantized::linear_prepack quantized::linear_prepack_fp16 quantized::linear_prepack_fp16_legacy
        quantized::linear_prepack_legacy
        quantized::conv1d_unpack quantized::conv2d_unpack quantized::conv2d_unpack_sizes quantized::conv3d_unpack
        quantized::conv_unpack quantized::conv_transpose1d_unpack quantized::conv_transpose2d_unpack
        quantized::conv_transpose3d_unpack
        quantized::conv2d_dilation quantized::conv2d_groups quantized::conv2d_output_padding
        quantized::conv2d_padding quantized::conv2d_stride quantized::conv2d_transpose
        quantized::conv3d_dilation quantized::conv3d_groups quantized::conv3d_output_padding
        quantized::conv3d_padding quantized::conv3d_stride quantized::conv3d_transpose
        quantized::conv_transpose2d_dilation quantized::conv_transpose2d_groups
        quantized::conv_transpose2d_output_padding quantized::conv_transpose2d_padding
        quantized::conv_transpose2d_stride quantized::conv_transpose2d_transpose
        quantized::conv_transpose3d_dilation quantized::conv_transpose3d_groups
        quantized::conv_transpose3d_output_padding quantized::conv_transpose3d_padding
        quantized::conv_transpose3d_stride quantized::conv_transpose3d_transpose""",
    "does not run on a processor, so no file gets that far; with weights it would be refused": """
        aten::_cslt_sparse_mm aten::_cudnn_attention_forward aten::_cudnn_rnn aten::_efficient_attention_forward
        aten::_flash_attention_forward aten::_flash_attention_forward_no_dropout_inplace aten::_lstm_mps
        aten::_mps_convolution aten::_mps_convolution_transpose aten::_thnn_fused_gru_cell
        aten::_thnn_fused_lstm_cell aten::_triton_multi_head_attention aten::_triton_scaled_dot_attention
        aten::cudnn_convolution aten::cudnn_convolution_add_relu aten::cudnn_convolution_relu
        aten::cudnn_convolution_transpose aten::miopen_convolution aten::miopen_convolution_add_relu
        aten::miopen_convolution_relu aten::miopen_convolution_transpose aten::miopen_depthwise_convolution
        aten::miopen_rnn""",
    "inner steps of others, refused where they are given weights": """
        aten::_compute_linear_combination aten::_foreach_mm aten::_sparse_mm_reduce_impl""",
}


def test_whatever_sounds_like_a_product_is_counted_or_excepted_for_a_reason(answers):
    excepted = {name for names in NOT_COUNTED.values() for name in names.split()}
    assert set(answers["not counted"]) == excepted


# model -> parameters, sparsity.
STORED = {
    "part of a table": (9 * 2, 0),
    "whole and part": (8 * 4, 0),
    "two tables joined": (8 * 2 + 8 * 3, 0),
    "a scaled table": (8 * 4, 1),
    "whole numbers": (8 * 4, 0),
    "mask": (8 * 4 + 4, 0),
    "zeros added": (8 * 4 + 4, 0),
    "zeros into a weight": (8 * 4, 0),
    "weights as buffers": (8 * 4 + 1, 0),
    "one table for two buffers": (8 * 8 + 8 * 8, 0),
    "normalised weights": (8 * 4 + 4 + 4, 0),
    "pruned": (8 * 4, 0),
    "one output": (8 + 1, 0),
}


@BOTH
@pytest.mark.parametrize("name", sorted(STORED))
def test_what_is_learned_counts_once_and_buffers_only_where_they_are_the_weights(answers, name, way):
    report = answers[f"{name} {way}"]["report"]
    assert (report["params"], report["sparsity"]) == STORED[name]


@BOTH
def test_weights_kept_as_whole_numbers_count_with_the_bits_they_are_stored_in(answers, way):
    assert answers[f"whole numbers {way}"]["report"]["weight_bits"] == {"8": 1}


def test_where_a_file_does_not_say_what_is_learned_every_table_counts(answers):
    assert counts(answers["constants"]) == (4 * 2, 4 * 2 + 2 + 2)


@BOTH
def test_dropout_in_use_is_no_operator(answers, way):
    """At the sum of two rows of 16, both and their sum are alive, as in ONNX, where it is left out: 3 x 64."""
    report = answers[f"dropout {way}"]["report"]
    assert report["peak_activation_bytes"] == 3 * 16 * 4
    assert [operator["op"].rpartition("::")[2] for operator in report["operators"]] == ["linear"] * 2 + [
        "add",
        "linear",
    ]


def test_sums_of_numbers_and_texts_are_no_operators(answers):
    operators = answers["adds"]["report"]["operators"]
    assert [operator["op"] for operator in operators] == ["aten::linear", "aten::mul"]


# model -> MACs, parameters, elements by bits.
QUANTISED = {
    "twice": (2 * 8 * 8, 8 * 8 + 8, {"8": 64, "32": 8}),
    "in 16 bits": (8 * 4, 8 * 4 + 4, {"16": 32, "32": 4}),
    "dynamic lstm": (5 * 16 * (3 + 4), 16 * (3 + 4 + 2), {"8": 112, "32": 32}),
    "dynamic cell": (2 * 16 * (3 + 4), 16 * (3 + 4 + 2), {"8": 112, "32": 32}),
    "transposed": (8 * 8 * 3 * 4 * 2 * 2, 3 * 4 * 2 * 2 + 4, {"8": 48, "32": 4}),
    "squares": (4 * 4 * 8, 0, {}),
}


@pytest.mark.parametrize("name", sorted(QUANTISED))
def test_quantised_layers_count_their_packed_weights_once_and_with_their_bits(answers, name):
    report = answers[f"quantised {name}"]["report"]
    macs, params, bits = QUANTISED[name]
    assert (report["macs"], report["params"]) == (macs, params)
    assert report["weight_bits"] == {key: count / params for key, count in bits.items()}
