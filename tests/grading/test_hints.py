"""What would help: from the graph, for the criteria that lost points."""

import pytest

from grading.hints import _share_after_split, hints


@pytest.mark.parametrize(
    ("kernel", "stride", "channels", "filters", "expected"),
    [(3, 1, 32, 64, 1 / 9 + 1 / 64), (5, 1, 16, 16, 1 / 25 + 1 / 16), (1, 1, 64, 64, 1.0)],
)
def test_what_a_split_of_a_convolution_would_leave(kernel, stride, channels, filters, expected):
    size = 14
    op = {
        "macs": size * size * kernel * kernel * channels * filters, "output_shape": [1, filters, size, size],
        "input_bytes": 4 * channels * (size * stride) ** 2, "output_bytes": 4 * filters * size * size,
    }  # fmt: skip
    assert _share_after_split(op, channels_last=False) == pytest.approx(expected)


def losing(document, *metrics):
    """The same result with a point lost on each of these metrics, more on the first."""
    lines = [
        {"metric": metric, "of": "9.00", "earned": f"{n}.00", "title": metric, "group": ""}
        for n, metric in enumerate(metrics)
    ]
    return document | {"points": lines}


def test_hints_follow_the_points_that_were_lost_the_largest_loss_first(document):
    found = hints(losing(document, "weight_bits_mean", "accuracy"))
    assert [hint["gain"] for hint in found] == ["up to +9.00", "up to +8.00"]
    assert found[0]["title"] == "Quantize the weights to int8."
    assert found[1]["title"].startswith("Tell ")
    assert hints(losing(document)) == []


def test_a_split_is_offered_only_where_it_would_be_felt(document):
    (hint,) = hints(losing(document, "macs"))  # its heaviest convolution is 1x1
    assert hint["title"] == "Make pointwise narrower."
