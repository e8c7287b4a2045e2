"""Changes of a report against the same change made to the network itself: every count of every operator has to agree."""

import pytest

from grading.bench import edits
from grading.bench.architectures.builder import Builder
from grading.bench.architectures.catalogue import ARCHITECTURES, build
from grading.bench.report import report_of


def network(*, stride=1, width=16, split=False, residual=False, flat=False, quantised=False, bias=True):
    """stem, the layer that changes, an activation of its own, a depthwise, a pointwise, the end."""
    b = Builder((1, 3, 32, 32), quantised)
    stem = b.conv(b.input, 8, 3, name="stem", bias=bias)
    if split:
        x = b.conv(b.depthwise(stem, 3, stride, name="a", bias=bias), width, name="b", bias=bias)
    else:
        x = b.conv(stem, width, 3, stride, name="changed", bias=bias)
    x = b.activation(x, "hard_swish")
    x = b.depthwise(x, 3, 2, name="deep", bias=bias)
    x = b.conv(x, 24, name="point", bias=bias)
    if residual:
        x = b.add(x, b.conv(stem, 24, 3, 2, name="other", bias=bias))
    x = b.flatten(x) if flat else b.global_pool(x)
    x = b.dense(x, 10, name="head")
    return report_of(b.graph(b.softmax(x)), size=100_000, sha256="0" * 64)


COUNTS = (
    "macs",
    "params",
    "weight_bytes",
    "input_bytes",
    "output_bytes",
    "live_bytes",
    "input_elements",
    "output_elements",
    "output_shape",
    "kernel",
)


def assert_same(edited, real):
    assert edited.knows_peak
    assert len(edited.report.operators) == len(real.operators)
    for ours, true in zip(edited.report.operators, real.operators, strict=True):
        for key in COUNTS:
            assert getattr(ours, key) == getattr(true, key), (true.name, key)
        assert ours.sources == true.sources
    for key in ("macs", "params", "weight_bytes", "peak_activation_bytes", "peak_operator"):
        assert getattr(edited.report, key) == getattr(real, key)


@pytest.mark.parametrize("quantised", [False, True])
@pytest.mark.parametrize("flat", [False, True])
def test_a_stride_counts_as_the_network_with_that_stride(flat, quantised):
    assert_same(
        edits.strided(network(flat=flat, quantised=quantised), 1), network(stride=2, flat=flat, quantised=quantised)
    )


@pytest.mark.parametrize("quantised", [False, True])
@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("flat", [False, True])
def test_half_the_outputs_count_as_the_narrower_network(flat, bias, quantised):
    facts = {"flat": flat, "bias": bias, "quantised": quantised}
    assert_same(edits.narrowed(network(**facts), 1), network(width=8, **facts))


@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize(("stride", "quantised"), [(1, False), (2, False), (2, True)])
def test_a_split_counts_as_the_two_layers(stride, quantised, bias):
    facts = {"stride": stride, "bias": bias, "quantised": quantised}
    assert_same(edits.split(network(**facts), 1), network(split=True, **facts))


def test_two_branches_that_would_no_longer_fit_each_other_are_not_guessed():
    report = network(residual=True)
    names = [op.name for op in report.operators]
    assert edits.strided(report, names.index("changed")) is None
    assert edits.narrowed(report, names.index("point")) is None
    assert edits.narrowed(report, names.index("changed")) is not None  # before the branches meet


def test_the_output_of_a_model_keeps_its_shape():
    report = network()
    assert edits.narrowed(report, [op.name for op in report.operators].index("head")) is None


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_the_memory_of_a_stored_report_is_counted_as_its_graph_was(name):
    report = report_of(build(name), size=1, sha256="0" * 64)
    assert edits.live_bytes(report, report.operators) == [op.live_bytes for op in report.operators]


@pytest.mark.parametrize("name", ["mobilenet_v2", "resnet8", "squeezenet", "yolov5n", "densenet"])
def test_no_change_costs_more_or_breaks_a_sum(name):
    report = report_of(build(name), size=10_000_000, sha256="0" * 64)
    found = 0
    for index in range(0, len(report.operators), 3):
        for edit in (edits.split, edits.strided, edits.narrowed):
            made = edit(report, index)
            if made is None:
                continue
            found += 1
            after = made.report
            assert 0 < after.macs < report.macs
            assert after.params <= report.params
            assert after.macs == sum(op.macs for op in after.operators)
            assert after.operators[-1].output_shape == report.operators[-1].output_shape
            assert all(
                min(op.macs, op.params, op.input_bytes, op.output_bytes, op.live_bytes) >= 0 for op in after.operators
            )
    assert found


def test_a_profile_that_cannot_be_counted_anew_is_said_to_be_unknown():
    report = network()
    first = report.operators[0]
    odd = (type(first)(**{**first.__dict__, "live_bytes": first.live_bytes + 4096}), *report.operators[1:])
    assert not edits.strided(type(report)(**{**report.__dict__, "operators": odd}), 1).knows_peak
