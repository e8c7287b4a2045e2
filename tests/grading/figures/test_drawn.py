"""The other figures of the result: what each finds, and that its drawing says the same."""

from dataclasses import replace

import plotly.graph_objects as go
import pytest

from grading.figures import FIGURES, UNDER, energy, latency, memory, roofline
from grading.figures.base import Attempt
from grading.figures.energy import USUAL_GRAMS, ways_of
from grading.figures.host import first_ten, spread
from grading.figures.placing import Spot, placed
from grading.figures.roofline import dots_of, roofs_of
from hardware.profiles import load_profiles
from tests.grading.figures.results import BOARD, given_of, plain
from tests.grading.figures.test_costs import older


def coloured(value):
    if isinstance(value, str):
        return "#123456" if value.startswith("--") else value
    if isinstance(value, list):
        return [coloured(item) for item in value]
    return {key: coloured(item) for key, item in value.items()} if isinstance(value, dict) else value


CASES = {
    "large": lambda: given_of("latency_ms", "peak_activation_bytes", modules=True),
    "other board": lambda: given_of(board="jetson-nano-4gb"),
    "microcontroller": lambda: given_of("latency_ms", devices=["stm32f746"], name="visual_wake_words", quantised=True),
    "no model": lambda: given_of(devices=["laptop"]),
    "transformer": lambda: given_of(name="vision_transformer", depth=2),
    "older": lambda: older(given_of(), boards=True),
    "oldest": lambda: older(given_of(), boards=False),
}  # fmt: skip


@pytest.mark.parametrize("slug", [*FIGURES, *UNDER])
@pytest.mark.parametrize("case", CASES)
def test_every_figure_of_every_result_is_drawn_and_has_its_rows(case, slug):
    figure = (FIGURES | UNDER)[slug](CASES[case]())
    assert figure.finding.endswith(".")
    if (case, slug) != ("oldest", "devices"):
        assert {len(row) for row in figure.rows} == {len(figure.columns)}
    if figure.plot is not None:
        go.Figure(**coloured(figure.plot))
        narrow = figure.plot["layout"].get("meta", {}).get("narrow")
        if narrow:
            go.Figure(layout=coloured(narrow))


# -- latency ----------------------------------------------------------------------------------------------------------


def test_the_latency_says_its_interval_its_points_and_how_far_the_line_is():
    given = given_of("latency_ms")
    figure = latency(given)
    assert plain(figure.finding) == "17.9 ms (17-19): no points, 12.9 ms above the line for all."
    assert "Both ends of the interval give the same points, so they are certain." in figure.how
    assert figure.marks == [("modelled", "modelled, graded")]
    assert [row[0] for row in figure.rows] == ["This attempt", "Host, p50", "Host, p90", "Host, p99"]


def test_a_threshold_inside_the_interval_is_named():
    figure = latency(given_of("latency_ms", steps={"latency_ms": [[18, 1.0], [40, 0.5]]}))
    assert plain(figure.finding) == "17.9 ms (17-19): all points."
    assert "The interval reaches over 18.0 ms; the estimate decides." in plain(figure.how)


def test_own_attempts_stand_below_and_one_far_away_does_not_stretch_the_axis():
    attempts = (
        Attempt(3, True, 17.9),
        Attempt(2, False, 15.0, (14.0, 16.0)),
        Attempt(1, False, 790.0, (600.0, 900.0)),
        Attempt(0, False, None),
    )
    figure = latency(given_of("latency_ms", attempts=attempts))
    assert [row[0] for row in figure.rows[:3]] == ["Attempt 3", "Attempt 2", "Attempt 1"]
    end = figure.plot["layout"]["xaxis"]["range"][1]
    assert end < 50
    assert [
        trace["marker"]["symbol"]
        for trace in figure.plot["data"]
        if trace.get("marker", {}).get("symbol") == "triangle-right"
    ]


def test_where_nothing_is_modelled_the_host_alone_is_told():
    figure = latency(given_of(devices=["laptop"]))
    assert (figure.plot, figure.basis) == (None, "shown")
    assert plain(figure.finding).startswith("No latency is modelled for the Laptop")


def test_a_lab_that_counts_frames_per_second_rests_on_the_latency_all_the_same():
    fast = latency(given_of("frames_per_second"))
    assert "Points rest on the frames per second that it allows, " in fast.how
    assert "No points of this lab rest on it." in latency(given_of()).how


def test_the_first_inferences_and_the_spread_are_told_in_words():
    given = given_of()
    assert (
        plain(first_ten(given).finding)
        == "It settles at 6.20 ms; the first inference, the warm-up, takes 3.4 times as long."
    )
    counted = replace(given, instructions=4_210_000_000.0)
    assert "4 210 000 000" in [plain(row["value"]) for row in spread(counted).aside]
    slow = replace(given, result=given.result | {"host": given.result["host"] | {"p99_ms": 62.0}})
    assert "One in a hundred takes 10 times as long as usual" in spread(slow).finding


# -- memory -----------------------------------------------------------------------------------------------------------


def texts(figure):
    return [plain(one["text"]) for one in figure.plot["layout"]["annotations"]]


def test_the_peak_is_labelled_with_what_makes_it_up_and_modules_stand_below():
    given = given_of("peak_activation_bytes", modules=True)
    found = texts(memory(given))
    assert "peak at block1/conv0: 882 KiB" in [text.replace("/CONV_2D", "") for text in found]
    assert "out 588 KiB + in 294 KiB" in found
    assert "the lab gives 1.00 MiB" in found
    assert {"block0", "block1"} <= set(found) or len(given.report.operators) > 28


def test_where_the_lab_sets_no_limit_the_boards_counts_with_the_runtime():
    given = given_of(devices=["stm32f746"], name="visual_wake_words", quantised=True)
    figure = memory(given)
    verdict = given.lab_costs.verdict
    assert figure.plot["data"][0]["y"][0] == pytest.approx(
        (verdict["ram_needed_bytes"] - given.report.peak_activation_bytes) / 1024
    )
    assert ("line-2", "weights and runtime") in figure.keys


# -- roofline ---------------------------------------------------------------------------------------------------------


def test_roofs_are_those_of_the_precision_and_the_threads():
    given = given_of()
    profile = load_profiles()[BOARD]
    roofs = roofs_of(profile, given.costs)
    assert roofs.gmacs == profile.peak_int8_gops / 2  # four threads, all cores
    one = replace(given.costs, verdict=given.costs.verdict | {"threads": 1})
    assert roofs_of(profile, one).gmacs == profile.peak_int8_gops / 2 / profile.cores
    assert roofs.at(roofs.ridge / 2) == pytest.approx(roofs.gmacs / 2)
    assert roofs.at(roofs.ridge * 9) == roofs.gmacs
    half = replace(given.costs, verdict=given.costs.verdict | {"precision": "fp16"})
    assert roofs_of(profile, half).gmacs == profile.peak_fp32_gflops / 2  # no half precision: it computes in fp32


def test_dots_are_macs_per_byte_and_macs_per_time():
    given = given_of()
    dots = dots_of(given.result["report"], given.costs)
    assert sum(dot.macs for dot in dots) == given.report.macs
    first, op = dots[0], given.report.operators[0]
    assert first.intensity == op.macs / (op.input_bytes + op.output_bytes + op.weight_bytes)
    assert first.gmacs == pytest.approx(op.macs / given.costs.operators[0] / 1e6)


def test_a_board_of_unknown_peak_gets_no_roof_and_says_so():
    given = given_of()
    bare = replace(
        given,
        profiles=dict(given.profiles) | {BOARD: replace(given.profiles[BOARD], peak_fp32_gflops=0, peak_int8_gops=0)},
    )
    figure = roofline(bare)
    assert "no peak of the Raspberry Pi 4, 4 GB is known, so no roof is drawn" in figure.finding
    assert all(row[-1] == "" for row in figure.rows)
    assert "reaches" in roofline(given).finding or "reach" in roofline(given).finding


def test_words_are_put_where_no_dot_is():
    spots = [Spot(100, 100, 10, "first"), Spot(100, 80, 10), Spot(100, 60, 10)]
    side = placed(spots, 300)[0]
    assert (side.xanchor, side.yanchor) == ("center", "bottom")
    assert placed([Spot(5, 50, 4, "a long name")], 300)[0].xanchor == "left"


# -- energy -----------------------------------------------------------------------------------------------------------


def test_a_charge_by_each_convention_with_its_arithmetic():
    given = given_of()
    figure = energy(given)
    rule = figure.shown["ways"][0]
    assert rule["is_rule"] and plain(rule["arithmetic"]) == "4 Ah / 600 mA"
    hours, many = rule["numbers"][1:3]
    assert hours == pytest.approx(4000 / 600)
    assert many == pytest.approx(hours * 3_600_000 / given.costs.latency_ms)
    load = next(way for way in ways_of(given.costs, {}, 4000) if way.key == "load")
    assert 4000 / load.current_ma == pytest.approx(20 / 6.4)
    assert plain(figure.finding).startswith("One 4 Ah charge: 6.67 h without a pause, 1 340 000 inferences.")


def test_one_inference_has_its_energy_its_idle_share_and_its_carbon():
    given = given_of()
    each = {row["label"]: row for row in energy(given).shown["each"]}
    joules = given.costs.verdict["energy_mj"] / 1000
    grams = joules / 3.6e6 * 1e6 * USUAL_GRAMS
    assert plain(each["CO2 of a million inferences"]["value"]) == f"{grams:.1f} g"
    assert "EIA" in each["CO2 of a million inferences"]["how"]
    own = {row["label"]: row for row in energy(replace(given, grams_per_kwh=50.0)).shown["each"]}
    assert plain(own["CO2 of a million inferences"]["value"]).startswith(f"{grams * 50 / USUAL_GRAMS:.2f}"[:4])
    assert "this course's grid" in own["CO2 of a million inferences"]["how"]


def test_a_board_without_a_figure_says_why():
    given = given_of(devices=["stm32f746"], name="visual_wake_words", quantised=True)
    figure = energy(given)
    assert figure.finding == "By the course's rule nothing can be said of the STM32F746 microcontroller."
    assert figure.how == "The course gives no nominal current for this board."
