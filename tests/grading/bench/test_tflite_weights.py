"""Which constants of a TFLite file are weights, and how often each counts."""

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema

from grading.bench.inspection import tflite_format
from grading.bench.report import report_of
from grading.demo.tflite_builder import Builder, Scale
from tests.grading.bench.tiny import CODE, KIND, NONE, OPTIONS, ones


def dense(builder, given, made, weights, *bias):
    """One fully connected layer; returns what it makes."""
    options = (OPTIONS.FullyConnectedOptions, schema.FullyConnectedOptionsT())
    builder.operator(CODE.FULLY_CONNECTED, [given, weights, *bias], made, options)
    return made


def built(tmp_path, build, shape=(1, 4), output=(1, 4)):
    """The report of what `build` adds to a builder between x and y."""
    builder = Builder()
    x, y = builder.activation("x", shape, KIND.FLOAT32), builder.activation("y", output, KIND.FLOAT32)
    build(builder, x, y)
    path = tmp_path / "model.tflite"
    builder.write(path, [x], [y])
    return report_of(tflite_format.read(path, []), size=path.stat().st_size, sha256="0" * 64)


def behind_a_layer(code, table, size=4):
    """x -> dense -> an operator with a table -> y."""

    def build(builder, x, y):
        h = builder.activation("h", (1, size), KIND.FLOAT32)
        dense(builder, x, h, builder.constant("w", ones(size, 4), KIND.FLOAT32))
        builder.operator(code, [h, builder.constant("t", table, KIND.FLOAT32)], y, NONE)

    return build


def test_a_bias_or_scale_behind_a_layer_counts(tmp_path):
    for code in (CODE.ADD, CODE.MUL, CODE.SUB, CODE.DIV):
        found = built(tmp_path, behind_a_layer(code, np.array([0, 1, 2, 3], np.float32)))
        assert (found.params, found.sparsity) == (20, 1 / 20)


def test_a_bias_of_one_element_counts_and_a_scale_does_not(tmp_path):
    assert built(tmp_path, behind_a_layer(CODE.ADD, ones(1), 1), output=(1, 1)).params == 5
    assert built(tmp_path, behind_a_layer(CODE.MUL, ones(1), 1), output=(1, 1)).params == 4


def test_a_table_that_meets_only_the_input_is_no_parameter(tmp_path):
    def build(builder, x, y):
        builder.operator(CODE.ADD, [x, builder.constant("t", ones(1, 4), KIND.FLOAT32)], y, NONE)

    assert built(tmp_path, build).params == 0


def test_a_mask_is_no_parameter(tmp_path):
    def build(builder, x, y):
        h = builder.activation("h", (2, 4), KIND.FLOAT32)
        dense(builder, x, h, builder.constant("w", ones(4, 4), KIND.FLOAT32))
        mask = builder.constant("m", np.array([[0, -9, 0, 0], [0, -9, -9, 0]], np.float32), KIND.FLOAT32)
        builder.operator(CODE.ADD, [h, mask], y, NONE)

    found = built(tmp_path, build, (2, 4), (2, 4))
    assert (found.params, found.sparsity) == (16, 0.0)


def test_a_quantised_mask_is_told_by_its_zero_point(tmp_path):
    def params(table):
        def build(builder, x, y):
            h = builder.activation("h", (2, 4), KIND.FLOAT32)
            dense(builder, x, h, builder.constant("w", ones(4, 4), KIND.FLOAT32))
            scale = Scale(np.array([0.5], np.float32), zero=3)
            builder.operator(CODE.ADD, [h, builder.constant("t", np.array(table, np.int8), KIND.INT8, scale)], y, NONE)

        return built(tmp_path, build, (2, 4), (2, 4)).params

    assert params([[3, -9, 3, 3], [3, -9, -9, 3]]) == 16
    assert params([[3, -9, 3, 3], [3, -9, -9, 0]]) == 24


def test_two_tensors_of_one_buffer_are_one_weight(tmp_path):
    def build(builder, x, y):
        h = builder.activation("h", (1, 4), KIND.FLOAT32)
        one, other = (builder.constant(name, ones(4, 4), KIND.FLOAT32) for name in "ab")
        builder.tensors[other].buffer = builder.tensors[one].buffer
        dense(builder, dense(builder, x, h, one), y, other)

    found = built(tmp_path, build)
    assert (found.params, found.macs) == (16, 32)
    assert [operator.params for operator in found.operators] == [16, 0]


def test_a_weight_that_is_turned_when_the_model_runs_is_that_weight(tmp_path):
    def build(builder, x, y):
        stored = builder.constant("w", np.eye(4, dtype=np.float32), KIND.FLOAT32)
        order = builder.constant("order", np.array([1, 0], np.int32), KIND.INT32)
        turned = builder.activation("turned", (4, 4), KIND.FLOAT32)
        builder.operator(CODE.TRANSPOSE, [stored, order], turned, NONE)
        dense(builder, x, y, turned)

    found = built(tmp_path, build)
    assert (found.params, found.sparsity, [operator.op for operator in found.operators]) == (
        16,
        0.75,
        ["FULLY_CONNECTED"],
    )


def test_what_follows_from_a_size_is_no_operator(tmp_path):
    def build(builder, x, y):
        size, pair = (builder.activation(name, (2,), KIND.INT32) for name in ("size", "pair"))
        builder.operator(CODE.SHAPE, [x], size, NONE)
        builder.operator(CODE.ADD, [size, builder.constant("none", np.array([0, 0], np.int32), KIND.INT32)], pair, NONE)
        builder.operator(CODE.RESHAPE, [x, pair], y, NONE)

    found = built(tmp_path, build)
    assert ([operator.op for operator in found.operators], found.peak_activation_bytes) == (["RESHAPE"], 32)


def test_a_table_of_places_to_look_up_is_no_embedding(tmp_path):
    def build(table, kind):
        def add(builder, x, y):
            builder.tensors[x].type = KIND.INT32
            builder.operator(CODE.GATHER, [builder.constant("t", table, kind), x], y, NONE)

        return add

    assert built(tmp_path, build(np.arange(50, dtype=np.int32), KIND.INT32)).params == 0
    assert built(tmp_path, build(ones(50, 8), KIND.FLOAT32), output=(1, 4, 8)).params == 400


def lstm(weight_type):
    """Four gates of (3 units, 4 inputs), (3, 3) and 3 biases; two states of 3."""

    def build(builder, x, y):
        def matrix(columns):
            return builder.constant(
                "w", ones(3, columns, dtype=np.int8 if weight_type == KIND.INT8 else np.float32), weight_type
            )

        def bias():
            return builder.constant("b", ones(3, dtype=np.int32 if weight_type == KIND.INT8 else np.float32),
                                    KIND.INT32 if weight_type == KIND.INT8 else KIND.FLOAT32)  # fmt: skip

        inputs, recurrent = [matrix(4) for _ in range(4)], [matrix(3) for _ in range(4)]
        states = [builder.activation("s", (1, 3), KIND.FLOAT32) for _ in range(2)]
        for state in states:
            builder.tensors[state].isVariable = True
        given = [x, *inputs, *recurrent, -1, -1, -1, *(bias() for _ in range(4)), -1, -1, *states]
        builder.operator(CODE.UNIDIRECTIONAL_SEQUENCE_LSTM, given, y, NONE)

    return build


@pytest.mark.parametrize("kind", [KIND.FLOAT32, KIND.INT8])
def test_a_recurrent_layer_counts_its_matrices_at_every_step_and_its_states_as_memory(tmp_path, kind):
    found = built(tmp_path, lstm(kind), (1, 7, 4), (1, 7, 3))
    assert (found.macs, found.params) == (7 * 4 * 3 * (4 + 3), 4 * (12 + 9 + 3))
    assert found.peak_activation_bytes == 4 * (28 + 21 + 3 + 3)


def test_a_low_rank_filter_counts_for_every_input_of_a_batch(tmp_path):
    def build(builder, x, y):
        features, times = (builder.constant("w", ones(3, columns), KIND.FLOAT32) for columns in (4, 5))
        state = builder.activation("state", (2, 15), KIND.FLOAT32)
        builder.tensors[state].isVariable = True
        builder.operator(CODE.SVDF, [x, features, times, -1, state], y, NONE)

    assert built(tmp_path, build, (2, 4), (2, 3)).macs == 2 * (3 * 4 + 3 * 5)
