"""A graph worked out by hand, and a report that a hostile process may have written."""

import argparse
import copy
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grading.bench.bounds import MOST_OPERATORS, MOST_RANK
from grading.bench.errors import BenchError
from grading.bench.graph import Graph, OpClass, Operator, Tensor
from grading.bench.report import Report, report_of
from hardware.ondevice import harness

SHA = "0" * 64


def branching():
    """x(4) -> a(8) -> b(2) -> c = b + a (8): a lives until the addition, though b is made between."""
    tensors = [
        Tensor("x", (1, 4), "float32"),
        Tensor("w", (4, 8), "int8", constant=True, zeros=8),
        Tensor("bias", (8,), "int32", constant=True, zeros=0),
        Tensor("a", (1, 8), "float32"),
        Tensor("b", (1, 2), "float32"),
        Tensor("c", (1, 8), "float32"),
    ]
    operators = [
        Operator("first", "MatMul", OpClass.DENSE, ["x", "w", "bias"], ["a"], macs=32, weights=["w", "bias"]),
        Operator("second", "Slice", OpClass.RESHAPE, ["a"], ["b"]),
        Operator("third", "Add", OpClass.ELEMENTWISE, ["b", "a"], ["c"]),
    ]
    return Graph("onnx", {tensor.name: tensor for tensor in tensors}, operators, ["x"], ["c"])


def report(graph=None):
    return report_of(graph or branching(), size=100, sha256=SHA)


def test_live_bytes_follow_each_tensor_from_its_birth_to_its_last_use():
    assert branching().live_bytes() == [16 + 32, 32 + 8, 8 + 32 + 32]


def test_the_peak_is_where_most_is_alive():
    assert report().peak_activation_bytes == 72
    assert report().peak_operator == 2


def test_a_graph_input_that_is_read_late_lives_from_the_start():
    graph = branching()
    graph.operators[2].inputs.append("x")
    assert graph.live_bytes() == [48, 56, 88]


def test_an_output_lives_to_the_end_and_an_unread_tensor_only_where_it_is_made():
    graph = branching()
    graph.outputs = ["b", "c"]
    graph.operators[2].inputs = ["a"]
    assert graph.live_bytes() == [48, 40, 8 + 32 + 32]
    graph.outputs = ["c"]
    assert graph.live_bytes() == [48, 40, 32 + 32]


def test_four_bit_elements_are_packed_two_in_a_byte():
    assert Tensor("w", (3,), "int4").bytes == 2


def test_params_bits_and_sparsity_count_elements_of_weights_and_biases():
    found = report()
    assert (found.params, found.macs, found.weight_bytes) == (40, 32, 32 + 32)
    assert found.weight_bits == {"8": 0.8, "32": 0.2}
    assert found.sparsity == pytest.approx(8 / 40)


def test_a_weight_that_two_operators_share_counts_once_and_with_the_first():
    graph = branching()
    graph.operators.append(Operator("again", "MatMul", OpClass.DENSE, ["c", "w"], ["d"], macs=32, weights=["w"]))
    graph.tensors["d"] = Tensor("d", (1, 4), "float32")
    found = report(graph)
    assert found.params == 40
    assert [operator.params for operator in found.operators] == [40, 0, 0, 0]
    assert sum(operator.weight_bytes for operator in found.operators) == found.weight_bytes


def test_a_tensor_that_is_read_twice_by_one_operator_counts_once():
    graph = branching()
    graph.operators[2].inputs = ["a", "a"]
    assert report(graph).operators[2].input_bytes == 32


def test_a_model_without_weights_is_reported_without_shares():
    graph = branching()
    graph.operators[0].weights = []
    found = report(graph)
    assert (found.params, found.weight_bits, found.sparsity) == (0, {}, 0.0)


def test_json_there_and_back_is_the_same_report():
    found = report()
    assert Report.from_json(json.loads(json.dumps(found.to_json()))) == found


def test_long_names_are_cut_so_that_the_report_can_be_read_back():
    graph = branching()
    name = "x" * 5000
    graph.tensors[name] = Tensor(name, (1, 4), "float32")
    graph.inputs, graph.operators[0].inputs, graph.operators[0].name = [name], [name, "w"], name
    assert Report.from_json(report(graph).to_json()).inputs[0].name == "x" * 400


@pytest.mark.parametrize(
    ("shape", "code"),
    [
        ((1 << 41,), "too_large"),
        ((1 << 30, 1 << 30), "too_large"),
        ((1,) * 9, "too_many_dimensions"),
        ((1, -1), "damaged_model"),
        ((-2, -2), "damaged_model"),  # their product is positive
    ],
)
def test_a_tensor_of_an_impossible_size_is_refused(shape, code):
    graph = branching()
    graph.tensors["a"].shape = shape
    with pytest.raises(BenchError) as caught:
        report(graph)
    assert (caught.value.code, caught.value.outcome) == (code, "refused")


@pytest.mark.parametrize("end", ["x", "c"])
def test_an_input_or_output_of_size_zero_is_refused(end):
    graph = branching()
    graph.tensors[end].shape = (1, 0)
    with pytest.raises(BenchError) as caught:
        report(graph)
    assert (caught.value.code, caught.value.outcome) == ("zero_size", "refused")


def test_fewer_than_no_multiply_accumulates_are_refused():
    graph = branching()
    graph.operators[0].macs = -180
    with pytest.raises(BenchError) as caught:
        report(graph)
    assert (caught.value.code, caught.value.outcome) == ("damaged_model", "refused")


@pytest.mark.parametrize("name", ["a", "w"])
def test_a_type_of_unknown_width_is_refused_and_not_guessed(name):
    graph = branching()
    graph.tensors[name].dtype = "float3"
    with pytest.raises(BenchError) as caught:
        report(graph)
    assert (caught.value.code, caught.value.outcome) == ("unknown_type", "refused")


@pytest.mark.parametrize(("dtype", "stored"), [("float4", 2), ("float6", 3), ("float8", 4), ("int2", 1), ("uint4", 2)])
def test_narrow_types_are_as_wide_as_they_are(dtype, stored):
    assert Tensor("w", (4,), dtype).bytes == stored


def test_no_more_dimensions_are_taken_than_the_harness_takes():
    assert harness.shape("x".join(["1"] * MOST_RANK)) == (1,) * MOST_RANK
    with pytest.raises(argparse.ArgumentTypeError):
        harness.shape("x".join(["1"] * (MOST_RANK + 1)))


def test_a_batch_above_one_counts_whole_and_is_said():
    graph = branching()
    graph.tensors["x"].shape = (8, 4)
    assert [finding.code for finding in report(graph).findings] == ["batch_above_one"]
    assert "is 8" in report(graph).findings[0].sentence
    assert report().findings == ()


def test_the_first_size_of_a_second_input_is_no_batch():
    graph = branching()
    graph.tensors["matrix"] = Tensor("matrix", (8, 8), "float32")
    graph.inputs.append("matrix")
    assert report(graph).findings == ()


def test_more_operators_than_a_report_may_hold_are_refused():
    graph = branching()
    graph.operators = graph.operators[:1] * (MOST_OPERATORS + 1)
    with pytest.raises(BenchError, match="more than 20,000 operators"):
        report(graph)


FORGERIES = {
    "no document": lambda raw: [],
    "an unknown field": lambda raw: raw | {"extra": 1},
    "a missing field": lambda raw: {key: value for key, value in raw.items() if key != "macs"},
    "a negative number": lambda raw: raw | {"params": -1},
    "a boolean as a number": lambda raw: raw | {"params": True},
    "a fraction as a number": lambda raw: raw | {"macs": 1.5},
    "a number beyond all bounds": lambda raw: raw | {"macs": 1 << 62},
    "a text as a number": lambda raw: raw | {"bytes": "100"},
    "a share above one": lambda raw: raw | {"sparsity": 1.01},
    "a share that is no number": lambda raw: raw | {"sparsity": float("nan")},
    "bits that are no number": lambda raw: raw | {"weight_bits": {"eight": 1.0}},
    "too many bits": lambda raw: raw | {"weight_bits": {str(n): 0.0 for n in range(17)}},
    "a long text": lambda raw: raw | {"format": "x" * 401},
    "too many operators": lambda raw: raw | {"operators": raw["operators"] * 10_000},
    "operators out of order": lambda raw: raw | {"operators": raw["operators"][::-1]},
    "too many inputs": lambda raw: raw | {"inputs": raw["inputs"] * 101},
    "a peak that does not exist": lambda raw: raw | {"peak_operator": 3},
    "a peak of no operator": lambda raw: raw | {"operators": [], "peak_operator": 1},
    "an operator with a text for its macs": lambda raw: raw | {"operators": [raw["operators"][0] | {"macs": "1"}]},
    "an input of many dimensions": lambda raw: raw | {"inputs": [raw["inputs"][0] | {"shape": [1] * 17}]},
    "an input of no size": lambda raw: raw | {"inputs": [raw["inputs"][0] | {"shape": [1, 0]}]},
    "a finding that is a text": lambda raw: raw | {"findings": ["hello"]},
}


@pytest.mark.parametrize("forge", FORGERIES.values(), ids=FORGERIES.keys())
def test_a_forged_report_is_refused_as_misbehaviour(forge):
    raw = json.loads(json.dumps(report().to_json()))
    with pytest.raises(BenchError) as caught:
        Report.from_json(forge(copy.deepcopy(raw)))
    assert (caught.value.code, caught.value.outcome) == ("bad_report", "misbehaved")


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(sorted(report().to_json())), ANYTHING)
def test_no_value_in_any_field_makes_it_raise_anything_else(field, value):
    raw = json.loads(json.dumps(report().to_json())) | {field: value}
    try:
        read = Report.from_json(raw)
    except BenchError:
        return
    assert json.loads(json.dumps(read.to_json()))[field] == value
