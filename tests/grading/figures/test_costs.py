"""Cost by layer: on the lab's board as stored, on another computed anew; the tree of modules; older results."""

import pytest

from grading.bench.on_device import device_json
from grading.figures import layers
from grading.figures.base import Given
from grading.figures.costs import Costs
from grading.figures.layer_tree import Leaf, Module, module_names, path_of, tree_of, tree_rows
from grading.figures.layers import board_options
from hardware.profiles import load_profiles
from tests.grading.figures.results import BOARD, given_of, plain


def test_the_labs_board_has_the_costs_that_are_stored():
    given = given_of()
    stored = given.result["environment"]["devices"][BOARD]
    assert given.costs.operators == {index: ms for index, ms, _ in stored["operators"]}
    assert given.costs.start_ms + sum(given.costs.operators.values()) == pytest.approx(stored["latency_ms"])
    assert given.costs is given.lab_costs


def test_another_board_is_computed_from_the_stored_graph():
    given = given_of(board="jetson-nano-4gb")
    assert given.result["environment"]["devices"]["jetson-nano-4gb"]["operators"] == []
    fresh = device_json(given.report, load_profiles()["jetson-nano-4gb"])
    assert given.costs.latency_ms == fresh["latency_ms"]
    assert len(given.costs.operators) == len(given.report.operators)
    assert given.lab_costs.slug == BOARD  # what is graded stays that of the lab


def test_the_table_adds_up_to_the_latency():
    given = given_of(modules=True)
    figure = layers(given)
    assert sum(float(row[10]) for row in figure.rows) + given.costs.start_ms == pytest.approx(
        given.costs.latency_ms, rel=1e-4
    )
    assert sum(float(row[11]) for row in figure.rows) + given.costs.start_ms / given.costs.latency_ms == pytest.approx(
        1, abs=2e-3
    )
    tops = [row for row in figure.shown["layers"] if row["depth"] == 0]
    assert sum(row["share"] for row in tops) + figure.shown["start"]["share"] == pytest.approx(1)
    assert figure.marks[0] == ("modelled", "time: modelled")


def test_a_network_so_small_that_its_start_costs_most_says_so():
    given = given_of(name="toycar_autoencoder", quantised=False)
    assert "is the start and end of one run" in layers(given).finding


def test_a_board_without_a_model_says_why_and_shows_what_is_counted():
    given = given_of(board="laptop")
    figure = layers(given)
    assert "multiply-accumulates" in figure.finding
    assert figure.how.startswith("No time by layer: No measurement of laptop is known here")
    assert not figure.shown["is_timed"]
    assert all(row[10:] == ["", "", ""] for row in figure.rows)


def test_only_boards_with_a_modelled_latency_can_be_chosen_the_labs_first():
    options = board_options(given_of(board="rpi-zero-w"))
    assert options[0]["slug"] == BOARD
    assert "laptop" not in [one["slug"] for one in options]
    assert [one["slug"] for one in options if one["is_chosen"]] == ["rpi-zero-w"]


def test_the_board_that_is_shown_can_be_chosen_also_without_a_latency():
    options = board_options(given_of(board="laptop"))
    assert [one["slug"] for one in options if one["is_chosen"]] == ["laptop"]


# -- older results ----------------------------------------------------------------------------------------------------

NEW = (
    "input_elements",
    "output_elements",
    "sources",
    "kernel",
    "activation",
    "tosa",
    "output_dtype",
    "weight_bits",
    "pattern",
)


def older(given, *, boards):
    """As results of before the cost model are stored."""
    report = {
        key: value
        for key, value in given.result["report"].items()
        if key not in ("structured", "absent_weights", "absent_files")
    }
    report["operators"] = [{key: value for key, value in op.items() if key not in NEW} for op in report["operators"]]
    need = {"need_bytes": 100, "limit_bytes": 200}
    fits = (
        {BOARD: {"fits": True, "ram": need, "flash": need, "runtime": {"supported": True, "why": ""}, "reasons": []}}
        if boards
        else {}
    )
    environment = {"fits": fits} if boards else {}
    return Given(
        given.result | {"report": report, "environment": environment}, given.spec, given.profiles, board=given.board
    )


@pytest.mark.parametrize("boards", [True, False])
@pytest.mark.parametrize("board", ["", "jetson-nano-4gb"])
def test_an_older_result_shows_its_counts(board, boards):
    old = older(given_of(board=board, modules=True), boards=boards)
    assert old.report is None
    assert old.costs.operators == {}
    figure = layers(old)
    assert "multiply-accumulates" in figure.finding
    assert len(figure.rows) == len(old.result["report"]["operators"])


# -- the tree ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("/layer1/layer1.0/conv1/Conv", ["layer1", "0", "conv1", "Conv"]),
        ("stem.conv1", ["stem", "conv1"]),
        ("model/conv2d/Relu;model/bn/FusedBatchNorm", ["model", "conv2d", "Relu"]),
        ("conv", ["conv"]),
        ("/", []),
    ],
)
def test_a_name_is_a_path(name, parts):
    assert path_of(name) == parts


def ops(*names):
    return [{"index": n, "name": name, "op": "Conv"} for n, name in enumerate(names)]


def shape(node):
    return (
        node.label or node.index if isinstance(node, Leaf) else (node.label, [shape(child) for child in node.children])
    )


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["/net/a/Conv", "/net/b/Conv"], ["1st", "2nd"]),
        (["/s/c1/Conv", "/s/c1/Relu", "/s/c2/Conv", "/h/Gemm"], [("s", [("c1", ["Conv", "Relu"]), "c2"]), "alone"]),
        (["/a/x/Conv", "/b/Conv", "/a/y/Conv"], [("a", ["x", "y"]), "alone"]),
        (["/a/b/c/d/e/f/Conv", "/a/b/c/d/e/g/Conv", "/z"], [("a/b/c/d", ["e/f/Conv", "e/g/Conv"]), "alone"]),
        (["conv", "relu"], ["1st", "2nd"]),
    ],
    ids=["the common part is left out", "a module of one operator is that operator", "not one after the other", "deep", "flat"],
)  # fmt: skip
def test_modules_follow_from_names(names, expected):
    found = [shape(child) for child in tree_of(ops(*names)).children]
    top = [one if isinstance(one, tuple) else "top" for one in found]
    assert top == [one if isinstance(one, tuple) else "top" for one in expected]


def test_every_operator_stands_once_in_the_tree_and_knows_its_module():
    given = given_of(modules=True)
    tree = tree_of(given.result["report"]["operators"])
    assert sorted(tree.operators()) == list(range(len(given.report.operators)))
    assert module_names(given.result["report"]["operators"])[:4] == ["block0", "block0", "block1", "block1"]
    assert all(isinstance(child, Module | Leaf) for child in tree.children)


def test_one_module_is_open_at_first_the_one_that_costs_most():
    rows = tree_rows(given_of(modules=True).result["report"], given_of(modules=True).costs)
    modules = [row for row in rows if row["is_module"]]
    assert [row["is_open"] for row in modules].count(True) == 1
    assert next(row for row in modules if row["is_open"])["share"] == max(row["share"] for row in modules)
    ids = {row["id"] for row in rows}
    assert len(ids) == len(rows)
    assert all(row["parent"] in ids for row in rows if row["parent"])


def test_a_fused_operator_costs_nothing_and_says_so():
    costs = Costs(latency_ms=3.0, operators={0: 3.0, 1: 0.0}, fused=frozenset({1}))
    report = {
        "format": "onnx", "inputs": [], "macs": 1, "peak_operator": 0, "peak_activation_bytes": 8,
        "operators": [
            {"index": n, "name": name, "op": name, "op_class": "activation", "macs": n, "params": 0, "live_bytes": 8, "output_shape": [1, 2],
             "input_bytes": 8, "output_bytes": 8}
            for n, name in enumerate(("a", "b"))
        ],
    }  # fmt: skip
    assert [(row["is_fused"], plain(row["percent"])) for row in tree_rows(report, costs)] == [
        (False, "100.0"),
        (True, "0.0"),
    ]
