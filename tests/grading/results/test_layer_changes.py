"""Two attempts layer by layer: layers go together by their names, and the sum of the changes is the change of the sum."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from grading.layer_changes import MOST_ROWS, layer_changes, layer_table
from tests.grading.figures.test_layer_rows import op, report

UNHURRIED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
LAYERS = st.lists(
    st.tuples(st.sampled_from(["a", "b", "c", "d", ""]), st.integers(0, 1000), st.integers(1, 99)),
    min_size=1,
    max_size=12,
)


def net(*layers):
    return report([op(name, macs=macs, live_bytes=live, weight_bytes=4 * macs) for name, macs, live in layers])


def test_a_layer_that_became_dearer_one_that_is_new_and_one_that_is_gone():
    older, newer = (
        net(("conv", 100, 10), ("old", 50, 5), ("same", 7, 7)),
        net(("conv", 150, 10), ("new", 30, 5), ("same", 7, 7)),
    )
    table = layer_table(older, newer)
    rows = {row["name"]: (row["state"], row["cells"][0]["change"]) for row in table.rows}
    assert rows == {
        "conv": ("", "+50"),
        "new": ("only in the newer attempt", "+30"),
        "old": ("only in the older attempt", "−50"),
    }
    assert (table.same, table.more) == (1, 0)
    assert table.sentence.replace("\u202f", " ") == "3 of 4 layers differ: 0.0300 k MACs more; most of it in conv."


def test_two_of_one_name_go_together_in_their_order():
    changes = layer_changes(net(("x", 1, 1), ("x", 2, 1)), net(("x", 1, 1), ("x", 5, 1)))
    assert [one.change("macs") for one in changes] == [0, 3]


def test_nets_without_a_name_in_common_say_so():
    table = layer_table(net(("a", 1, 1)), net(("b", 1, 1)))
    assert table.sentence.startswith("No layer has the same name in both")


def test_equal_nets_have_no_rows():
    table = layer_table(net(("a", 1, 1), ("b", 2, 1)), net(("a", 1, 1), ("b", 2, 1)))
    assert (table.rows, table.sentence) == ([], "All 2 layers cost the same in both.")


def test_many_layers_are_cut_to_those_that_differ_most():
    many = [(f"l{n}", n, 1) for n in range(100)]
    table = layer_table(net(*many), net(*((name, 2 * macs, live) for name, macs, live in many)))
    assert len(table.rows) == MOST_ROWS
    assert table.more == 99 - MOST_ROWS
    assert {row["name"] for row in table.rows} == {f"l{n}" for n in range(60, 100)}


@pytest.mark.parametrize("old", [{}, {"operators": []}, {"operators": None}])
def test_a_report_of_before_has_no_layers_to_compare(old):
    assert layer_table(old, net(("a", 1, 1))) is None


@UNHURRIED
@given(LAYERS, LAYERS)
def test_the_changes_add_up(older, newer):
    one, other = net(*older), net(*newer)
    changes = layer_changes(one, other)
    assert sum(change.change("macs") for change in changes) == other["macs"] - one["macs"]
    assert sum(1 for change in changes if change.newer is not None) == len(newer)
    assert sum(1 for change in changes if change.older is not None) == len(older)
