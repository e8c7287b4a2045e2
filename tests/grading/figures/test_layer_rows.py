"""The tables of layers and boards: names that stay apart, what an operator is, what is folded, and each reason once."""

import pytest

from grading.figures import Given, layers, memory
from grading.figures.board_rows import board_rows, flags, reasons, verdicts_of
from grading.figures.costs import Costs
from grading.figures.layer_rows import MOST_LAYERS, MOST_NAME, short_names, what_each_is
from grading.figures.layer_tree import tree_rows
from grading.spec import BenchSpec
from hardware.profiles import load_profiles
from tests.people import SPEC


def op(name, kind="Conv", **facts):
    plain = {
        "name": name, "op": kind, "op_class": "conv" if kind == "Conv" else "activation", "macs": 0, "params": 0, "weight_bytes": 0,
        "input_bytes": 2048, "output_bytes": 2048, "live_bytes": 100, "output_shape": [1, 8, 8, 8],
    }  # fmt: skip
    return plain | facts


def report(operators, **facts):
    operators = [one | {"index": n} for n, one in enumerate(operators)]
    peak = max(range(len(operators)), key=lambda n: operators[n]["live_bytes"])
    return {
        "format": "onnx", "inputs": [{"name": "x", "shape": [1, 3, 8, 8], "dtype": "float32"}], "operators": operators,
        "macs": sum(one["macs"] for one in operators), "params": sum(one["params"] for one in operators), "peak_operator": peak,
        "peak_activation_bytes": operators[peak]["live_bytes"],
    } | facts  # fmt: skip


def given(of):
    return Given({"report": of}, BenchSpec.parse(SPEC), {})


# -- names ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("operators", "names"),
    [
        ([op("/conv1/Conv"), op("/layer1/layer1.0/conv1/Conv")], ["conv1", "layer1.0/conv1"]),
        ([op("/layer1/relu/Relu", "Relu"), op("/layer2/relu/Relu", "Relu")], ["layer1/relu", "layer2/relu"]),
        (
            [op("/features/features.1/conv/conv.0/Conv"), op("/features/features.2/conv/conv.0/Conv")],
            ["features.1/…/conv.0", "features.2/…/conv.0"],
        ),
        ([op("/a/Conv"), op("/a/Relu", "Relu")], ["Conv", "Relu"]),
        ([op("same"), op("same")], ["same no. 1", "same no. 2"]),
        ([op(""), op("", "Relu")], ["Conv", "Relu"]),
        ([op("/"), op("dense")], ["Conv", "dense"]),
    ],
    ids=["nested", "one part more", "the middle is left out", "the operator's word", "equal", "without a name", "only a slash"],
)  # fmt: skip
def test_a_layer_is_called_by_the_last_parts_that_no_other_has(operators, names):
    assert short_names(report(operators)["operators"]) == names


def test_a_long_name_is_cut_at_its_front_and_stands_in_full_in_title_and_csv():
    name = "w" * 90 + "/end" * 2
    figure = layers(given(report([op(name, macs=5), op("b", macs=5)])))
    row = figure.shown["layers"][0]
    assert len(row["label"]) <= MOST_NAME
    assert (row["full_name"], figure.rows[0][1]) == (name, name)


# -- what an operator is ----------------------------------------------------------------------------------------------

FIRST = op("a", macs=27 * 512, input_bytes=768)
OTHER_SHAPE = op("b", "Add", op_class="elementwise", output_shape=[1, 32, 4, 4])


@pytest.mark.parametrize(
    ("operators", "words"),
    [
        ([FIRST], "conv 3×3, 3 to 8"),
        ([FIRST, op("b", op_class="depthwise", macs=9 * 512)], "depthwise 3×3, 8"),
        ([FIRST, op("b", macs=8 * 512)], "conv 1×1, 8 to 8"),
        ([FIRST, op("b", macs=7 * 8 * 512)], "conv, 8 to 8"),
        ([FIRST, OTHER_SHAPE, op("c", macs=32 * 16, output_shape=[1, 1, 4, 4])], "conv, to 1×1×4×4"),
        ([FIRST, op("b", "ConvTranspose", op_class="conv", macs=512)], "transposed conv, to 1×8×8×8"),
        ([FIRST, op("b", "Gemm", op_class="dense", macs=5120, output_shape=[1, 10])], "dense, 512 to 10"),
        ([FIRST, op("b", "MAX_POOL_2D", op_class="pool")], "max pool 2d, to 1×8×8×8"),
        ([FIRST, op("b", "aten::_convolution", macs=0)], "conv, to 1×8×8×8"),
        ([FIRST, op("b", "aten::relu")], "relu, to 1×8×8×8"),
    ],
    ids=["first", "depthwise", "pointwise", "unequal sides", "two answers", "transposed", "dense", "tflite word", "no macs", "torch word"],
)  # fmt: skip
def test_what_a_layer_is_follows_from_its_counts_or_is_its_own_word(operators, words):
    operators = [one | ({"op_class": "activation"} if one["op"] == "aten::relu" else {}) for one in operators]
    operators = [one | ({"op_class": "conv"} if one["op"] == "aten::_convolution" else {}) for one in operators]
    assert what_each_is(report(operators))[-1] == words


def test_channels_stand_last_in_tflite():
    first = op("a", macs=27 * 512, input_bytes=768, output_shape=[1, 8, 8, 8])
    of = report([first], format="tflite", inputs=[{"name": "x", "shape": [1, 8, 8, 3], "dtype": "float32"}])
    assert what_each_is(of) == ["conv 3×3, 3 to 8"]


# -- what is shown ----------------------------------------------------------------------------------------------------


def rows_of(of):
    return tree_rows(of, Costs())


def test_the_rows_are_those_with_most_macs_and_the_peak_and_the_rest_is_one_row():
    costly = [op(f"conv{n}", macs=1000 + n) for n in range(250)]
    free = [op(f"relu{n}", "Relu") for n in range(30)]
    rows = rows_of(report([*costly, *free, op("big", "Relu", live_bytes=900)]))
    assert len(rows) == MOST_LAYERS + 2
    assert (rows[-2]["label"], rows[-2]["is_peak"]) == ("big", True)
    assert (rows[-1]["label"], rows[-1]["is_rest"]) == ("240 more", True)
    assert {row["label"] for row in rows[:-2]} == {f"conv{n}" for n in range(210, 250)}
    assert sum(row["share"] for row in rows) == pytest.approx(1)


def test_a_single_operator_is_shown_rather_than_folded():
    costly = [op(f"conv{n}", macs=1000 + n, live_bytes=900) for n in range(MOST_LAYERS)]
    rows = rows_of(report([*costly, op("b", "Relu")]))
    assert [row["label"] for row in rows][-1] == "b"


def test_a_model_that_never_multiplies_says_so():
    of = report([op("a", "Relu"), op("b", "Relu", live_bytes=200)])
    assert layers(given(of)).finding == "No layer multiplies: the model has no multiply-accumulates."
    assert len(rows_of(of)) == 2


@pytest.mark.parametrize(
    ("macs", "finding"),
    [
        ([100] * 60, "The multiply-accumulates are spread evenly: no layer has more than 2 %."),
        ([700, 200, 100], "70 % of the multiply-accumulates are in conv0; with conv1 it is 90 %."),
    ],
)
def test_the_finding_of_the_layers(macs, finding):
    of = report([op(f"conv{n}", macs=one) for n, one in enumerate(macs)])
    assert layers(given(of)).finding.replace("\u202f", " ") == finding


@pytest.mark.parametrize(
    ("live", "finding"),
    [
        ([10, 4096, 2048], "The peak is 4.00 KiB, at conv1; everything after it needs 2.00 KiB or less."),
        ([10, 4096, 4096, 4096], "The peak is 4.00 KiB, from operator 2 to 4."),
        (
            [4096, 10, 4096, 20],
            "The peak is 4.00 KiB, reached by 2 operators from 1 to 3; everything after it needs 20 bytes or less.",
        ),
    ],
)
def test_the_finding_of_the_memory_names_all_that_reach_the_peak(live, finding):
    of = report([op(f"conv{n}", macs=1, live_bytes=one) for n, one in enumerate(live)])
    assert memory(given(of)).finding.replace("\u202f", " ") == finding


# -- boards -----------------------------------------------------------------------------------------------------------


def verdict(fits, why="", ram=(100, 200), flash=(10, 0), **more):
    return {
        "fits": fits, "why": why, "reasons": [],
        "ram_needed_bytes": ram[0], "ram_limit_bytes": ram[1], "flash_needed_bytes": flash[0], "flash_limit_bytes": flash[1],
    } | more  # fmt: skip


def older(fits, why=""):
    """As results of before the cost model hold it."""
    need = {"need_bytes": 100, "limit_bytes": 200}
    return {"fits": fits, "ram": need, "flash": need, "runtime": {"supported": not why, "why": why}, "reasons": []}


def test_an_older_result_is_read_as_one_of_today_and_a_renamed_device_keeps_its_row():
    found = verdicts_of({"fits": {"phone-mid": older(False, "No runtime."), "laptop": older(True)}})
    assert found == {
        "phone": verdict(False, "No runtime.", (100, 200), (100, 200)),
        "laptop": verdict(True, "", (100, 200), (100, 200)),
    }
    rows = board_rows(found, load_profiles(), ["phone-mid"])
    assert [(row["name"], row["is_lab"], row["latency"]) for row in rows] == [
        ("Smart phone, middle class", True, "–"), ("Laptop", False, "–"),
    ]  # fmt: skip


def test_a_modelled_row_says_setting_latency_interval_and_what_limits_it():
    told = {
        "runtime": "tflite@2.4.1", "precision": "int8", "threads": 4, "latency_ms": 41.2, "latency_interval_ms": [36.0, 47.0], "energy_mj": 316.0,
        "battery_hours": 6.667, "extrapolated": False, "graded": True, "flags": [],
    }  # fmt: skip
    few = told | {"graded": False}
    far = told | {
        "extrapolated": True,
        "graded": False,
        "flags": ["It has attention, which this calibration never met."],
    }
    found = {
        "rpi-4-2gb": verdict(True, **told),
        "rpi-4-4gb": verdict(True, **few),
        "mine": verdict(True, name="Our board", **far),
    }
    first, second, third = board_rows(found, load_profiles(), [])
    assert (first["setting"], first["latency"], first["interval"], first["energy"], first["hours"]) == (
        "TFLite 2.4.1 int8, 4 threads", "41.2", "(36.0-47.0)", "316", "6.67",
    )  # fmt: skip
    assert [row["basis"] for row in (first, second, third)] == [
        ("modelled", ""), ("modelled", "few rows, not graded"), ("extrapolated", ""),
    ]  # fmt: skip
    assert third["name"] == "Our board"  # a device of the course that is gone keeps the name that it had
    assert flags(found, load_profiles()) == [
        {"boards": "Our board", "why": "It has attention, which this calibration never met."}
    ]


def test_the_labs_board_stands_first_and_every_number_has_its_unit():
    profiles = load_profiles()
    fits = {"stm32f746": verdict(False, ram=(4096, 2048), flash=(100, 1 << 20)), "rpi-4-4gb": verdict(True)}
    rows = board_rows(fits, profiles, ["rpi-4-4gb"])
    assert [row["name"] for row in rows] == ["Raspberry Pi 4, 4 GB", "STM32F746 microcontroller"]
    assert (rows[0]["flash"], rows[1]["flash"].replace("\u202f", " ")) == ("", "1.00 MiB")
    assert rows[1]["badge"].word.replace("\u202f", " ") == "2.00 KiB of RAM over"


def test_a_reason_that_several_boards_share_is_said_once():
    profiles = load_profiles()
    slugs = ("coral-dev-1gb-tpu", "coral-dev-4gb-tpu")
    fits = {
        slug: verdict(False, f"No runtime of the {profiles[slug].name} loads ONNX: export TFLite.") for slug in slugs
    }
    assert reasons(fits | {"rpi-4-4gb": verdict(True)}, profiles) == [
        {
            "boards": "Coral Dev Board, 1 GB, Edge TPU; Coral Dev Board, 4 GB, Edge TPU",
            "why": "No runtime of this board loads ONNX: export TFLite.",
        }
    ]
